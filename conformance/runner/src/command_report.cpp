// svmq report: html, markdown and junit from a results file, by the Python package of reports/.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <system_error>

#include "child.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "locations.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;

struct ReportOptions {
  std::string results, folder;
};

constexpr const char* report_explanation = R"(
Needs Python with a few packages; where no interpreter has them, their names are printed. SVMQ_PYTHON names an interpreter to
use. Exit status: 0, or 2 when the reports could not be made. The verdict is in the reports.

Example:
  svmq run --json results.json; svmq report results.json --output out/)";

}  // namespace

int make_report(const std::string& results, const std::string& folder) {
  const Program program{{(locations().reports / "svmq-report").string(), results, "--output", folder}, {}};
  try {
    const Finished finished = run_to_end(program, 300s);
    say(finished.output);
    if (finished.death.empty()) return conform;
    warn(fmt::format("no reports were made: {}", finished.errors.empty() ? finished.death : finished.errors));
  } catch (const std::system_error& error) {
    warn(fmt::format("no reports were made: {}", error.what()));
  }
  return usage;
}

void add_report(CLI::App& app, int& status) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "Makes html, markdown and junit reports from results");
  command->add_option("RESULTS", options->results, "What `svmq run --json` wrote")->required();
  command->add_option("--output", options->folder, "Folder to write to")->type_name("DIR")->required();
  command->footer(report_explanation);
  command->callback([options, &status] { status = make_report(options->results, options->folder); });
}

}  // namespace svmq::runner
