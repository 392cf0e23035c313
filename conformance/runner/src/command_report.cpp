// svmq report, gate and verify: what the Python package of reports/ makes of a results file. It explains
// itself.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "child.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "locations.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;

std::string package() { return (locations().reports / "svmq-report").string(); }

// Where the package finds the judge.
std::string own_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

// Becomes the package's command; its standard streams, signals and exit status are the user's.
int become(const std::string& command, const std::vector<std::string>& words) {
  const std::string program = package();
  std::vector<std::string> arguments{program, command};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& word : arguments) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  setenv("SVMQ", own_program().c_str(), 1);
  execv(program.c_str(), pointers.data());
  warn(fmt::format("{}: {}", program, std::strerror(errno)));
  return usage;
}

void add_command(CLI::App& app, int& status, const std::string& name, const std::string& what) {
  CLI::App* command = app.add_subcommand(name, what);
  command->set_help_flag();  // --help too is the package's
  command->prefix_command();
  command->callback([command, name, &status] { status = become(name, command->remaining()); });
}

}  // namespace

int make_report(const std::string& results, const std::string& folder) {
  const Program program{{package(), "report", results, "--output", folder}, {{"SVMQ", own_program()}}};
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
  add_command(app, status, "report",
              "Makes reports from results; compares and merges results; packs a bundle");
  add_command(app, status, "gate", "Says whether results may pass: one line and an exit status");
  add_command(app, status, "verify", "Judges everything in a bundle anew and confirms or refutes it");
}

}  // namespace svmq::runner
