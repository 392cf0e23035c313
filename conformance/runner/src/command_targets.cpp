// svmq targets: what can be tested here.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "scenario_source.hpp"
#include "target.hpp"
#include "target_file.hpp"

namespace svmq::runner {
namespace {

// " (without sys_resource)" for "yes: without sys_resource".
std::string note(const std::string& answer) {
  const std::size_t colon = answer.find(": ");
  return colon == std::string::npos ? "" : fmt::format(" ({})", answer.substr(colon + 2));
}

void show(const Target& target) {
  say(fmt::format("{}: {}; judged by {}\n", target.name, target.summary, target.profile->name));
  if (!target.missing.empty()) {
    say(fmt::format("  not here  {}\n", target.missing));
    return;
  }
  if (!target.refuses.empty()) {
    say(fmt::format("  refuses   {}\n", target.refuses));
    return;
  }
  if (target.is_model()) {
    say("  can       everything\n");
    return;
  }
  std::string can, lacks;
  for (const std::string& need : all_needs()) {
    const std::string lacking = target.lacks({need});
    if (lacking.empty())
      can += " " + need + note(target.capabilities.at(need));
    else
      lacks += fmt::format("  lacks     {}\n", lacking);
  }
  say(fmt::format("  can      {}\n{}", can, lacks));
}

struct TargetsOptions {
  std::vector<std::string> names;
  std::string new_name;
};

bool of_file(const std::string& name) { return std::filesystem::exists(target_folder() / (name + ".toml")); }

// Those of files may take long to start: they are asked when they are named.
void show_unasked(const std::string& name) {
  try {
    const Target target = find_target(name);
    say(fmt::format("{}: {}; judged by {}\n  ask with  svmq targets {}\n", name, target.summary,
                    target.profile->name, name));
  } catch (const UsageError& error) {
    warn(error.what());
  }
}

int targets(const TargetsOptions& options) {
  if (!options.new_name.empty()) {
    say(target_template(options.new_name));
    return conform;
  }
  bool missing = false;
  for (const std::string& name : options.names.empty() ? target_names() : options.names) {
    if (options.names.empty() && of_file(name)) {
      show_unasked(name);
      continue;
    }
    Target target = find_target(name);
    probe(target);
    show(target);
    missing = missing || (!options.names.empty() && !target.missing.empty());
  }
  return missing ? usage : conform;
}

constexpr const char* targets_explanation = R"(
What a target lacks depends on who you are: as root more can be tested. A scenario that needs what a target lacks is reported
as unsupported there. The words are explained in conformance/LANGUAGE.md, "Needs".

Besides the targets listed there are exec:COMMAND, any command for the shell that speaks conformance/PROTOCOL.md, and
FILE.toml, a file that describes one. conformance/GUIDE.md tells how to bring your own implementation.

Examples:
  svmq targets                            what there is
  svmq targets qemu-aarch64               what that one can do
  svmq targets --new board > board.toml   a file to begin with
  svmq run --target board.toml)";

}  // namespace

void add_targets(CLI::App& app, int& status) {
  const auto options = std::make_shared<TargetsOptions>();
  CLI::App* command = app.add_subcommand("targets", "Lists the targets and what each can do here");
  command->add_option("TARGET", options->names, "Only these, of files too");
  command->add_option("--new", options->new_name, "Print a file that describes a new target, to be filled in")
      ->type_name("NAME")
      ->take_last();
  command->footer(targets_explanation);
  command->callback([options, &status] { status = targets(*options); });
}

}  // namespace svmq::runner
