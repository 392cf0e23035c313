// svmq targets: what can be tested here.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "scenario_source.hpp"
#include "target.hpp"

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

int targets() {
  for (const std::string& name : target_names()) {
    Target target = find_target(name);
    probe(target);
    show(target);
  }
  return conform;
}

constexpr const char* targets_explanation = R"(
What a target lacks depends on who you are: as root more can be tested. A scenario that needs what a target lacks is reported
as unsupported there. The words are explained in conformance/LANGUAGE.md, "Needs".)";

}  // namespace

void add_targets(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("targets", "Lists the targets and what each can do here");
  command->footer(targets_explanation);
  command->callback([&status] { status = targets(); });
}

}  // namespace svmq::runner
