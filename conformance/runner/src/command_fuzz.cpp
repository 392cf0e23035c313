// svmq fuzz: random scenarios only, and a line for each one that fails.
#include <memory>

#include "commands.hpp"
#include "settings.hpp"

namespace svmq::runner {
namespace {

constexpr std::uint64_t usual_number = 1000;

struct FuzzOptions : Settings {
  std::optional<std::uint64_t> scenarios;
  bool concurrent = false;
};

int fuzz(const FuzzOptions& options) {
  remove_earlier(options);
  Plan plan;
  plan.targets = chosen_targets(options.targets, options.profile);
  const bool unlimited = options.seconds && !options.scenarios;
  plan.random =
      random_plan(options, plan.targets,
                  unlimited ? std::nullopt : std::optional(options.scenarios.value_or(usual_number)));
  plan.random->races = options.concurrent;
  return carry_out(std::move(plan), options, command_line(), true);
}

constexpr const char* fuzz_explanation = R"(
The same seed and the same targets give the same scenarios. Each failing scenario is named with the command that
conducts it again. Exit status as of `svmq run`.

Examples:
  svmq fuzz --target impl --seconds 60
  svmq fuzz --target impl --concurrent --seconds 300
  svmq fuzz --target impl --target linux --scenarios 5000 --seed 1)";

}  // namespace

void add_fuzz(CLI::App& app, int& status) {
  const auto options = std::make_shared<FuzzOptions>();
  CLI::App* command = app.add_subcommand("fuzz", "Conducts random scenarios and names each one that fails");
  command
      ->add_option("--scenarios", options->scenarios, "Conduct N scenarios (1000 unless --seconds is given)")
      ->type_name("N")
      ->check(whole_number)
      ->take_last();
  command->add_flag("--concurrent", options->concurrent,
                    "Only races: a short beginning, then all processes run at the same time");
  options->declare(*command);
  command->footer(fuzz_explanation);
  command->callback([options, &status] { status = fuzz(*options); });
}

}  // namespace svmq::runner
