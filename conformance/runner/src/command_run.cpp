// svmq run: scenarios of files and random ones, on every target, judged and compared.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "commands.hpp"
#include "console.hpp"
#include "locations.hpp"
#include "settings.hpp"

namespace svmq::runner {
namespace {

struct RunOptions : Settings {
  std::vector<std::string> files, only;
  std::optional<std::uint64_t> random;
  std::string reproduce;
};

void keep_only(const std::vector<std::string>& names, std::vector<Task>& tasks) {
  if (names.empty()) return;
  for (const std::string& name : names) {
    const bool there =
        std::any_of(tasks.begin(), tasks.end(), [&](const Task& task) { return task.scenario.name == name; });
    if (!there) throw UsageError(fmt::format("there is no scenario {} in these files", name));
  }
  std::erase_if(tasks, [&](const Task& task) {
    return std::find(names.begin(), names.end(), task.scenario.name) == names.end();
  });
}

int reproduce(RunOptions options) {
  const Reproduction reproduction = parse_reproduction(options.reproduce);
  if (options.targets.empty()) options.targets = reproduction.targets;
  Plan plan;
  plan.targets = chosen_targets(options.targets, options.profile);
  if (reproduction.given) {
    plan.files = {*reproduction.given};
  } else {
    options.seed = reproduction.id.seed;
    plan.random = RandomPlan{reproduction.id.seed, reproduction.id.index,    reproduction.id.races, 1,
                             std::nullopt,         {reproduction.id.without}};
  }
  options.shrink = 0;
  say(reproduction.task().text + "\n");
  return carry_out(std::move(plan), options, command_line(), true);
}

int run(const RunOptions& options) {
  remove_earlier(options);
  if (!options.reproduce.empty()) return reproduce(options);
  Plan plan;
  const bool random = options.random || options.seconds;
  if (!options.shard.empty() && !random)
    throw UsageError(
        "--shard takes a part of the random scenarios, and there are none: give --random N or --seconds S");
  std::vector<std::filesystem::path> files(options.files.begin(), options.files.end());
  if (files.empty() && !random) files.push_back(locations().corpus);
  plan.files = read_scenarios(files);
  keep_only(options.only, plan.files);
  plan.targets = chosen_targets(options.targets, options.profile);
  if (random) plan.random = random_plan(options, plan.targets, options.random);
  return carry_out(std::move(plan), options, command_line(), false);
}

constexpr const char* run_explanation = R"(
Every scenario is conducted on every target, each history is judged by the model, and the targets are compared with
each other. Without FILE and without --random or --seconds the scenarios that come with svmq are taken.

A finding shows the step that deviates, what was observed, what was allowed, by which clauses, and the command that
conducts the scenario again. Findings that look alike are shown once and counted.

Exit status: 0 conform; 1 nonconform; 2 wrong usage, or something is missing; 3 undecided: nothing was executed
on a target, or a scenario was not run or its verdict is unknown; 128+N interrupted by signal N.

Examples:
  svmq run                                        what comes with svmq, on the targets that are there
  svmq run mine.scenario --target impl --target linux
  svmq run --random 1000 --seed 7 --report out/   random scenarios; then read out/index.html
  svmq run --reproduce impl,linux:7:421           scenario 421 of seed 7 again)";

}  // namespace

void add_run(CLI::App& app, int& status) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Conducts scenarios on targets and judges what happened");
  command->add_option("FILE", options->files, "Scenario files, and folders of them; - is standard input");
  command->add_option("--only", options->only, "Of the files, only the scenario of this name (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--random", options->random, "Conduct N random scenarios as well")
      ->type_name("N")
      ->check(whole_number)
      ->take_last();
  command
      ->add_option("--reproduce", options->reproduce, "Conduct the one random scenario that a finding names")
      ->type_name("STRING")
      ->take_last();
  options->declare(*command);
  command->footer(run_explanation);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace svmq::runner
