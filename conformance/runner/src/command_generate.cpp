// svmq generate: prints random scenarios.
#include <fmt/format.h>

#include <memory>
#include <random>

#include "commands.hpp"
#include "console.hpp"
#include "interrupt.hpp"
#include "scenario_source.hpp"
#include "settings.hpp"

namespace svmq::runner {
namespace {

struct GenerateOptions {
  std::optional<std::uint64_t> seed;
  std::uint64_t first = 0, scenarios = 1;
  std::vector<std::string> without;
};

int generate(const GenerateOptions& options) {
  RandomId id;
  id.seed = options.seed ? *options.seed : std::random_device()();
  for (const std::string& need : options.without) {
    if (!all_needs().contains(need)) throw UsageError(fmt::format("there is no need {}", need));
    id.without.insert(need);
  }
  say(fmt::format("# seed {}\n", id.seed));
  for (std::uint64_t i = 0; i < options.scenarios && !interrupt::requested(); ++i) {
    id.index = options.first + i;
    say(random_task(id).text + "\n");
  }
  return interrupt::requested() ? interrupt::exit_status() : conform;
}

constexpr const char* generate_explanation = R"(
Example:
  svmq generate --seed 7 --scenarios 100 > some.scenario)";

}  // namespace

void add_generate(CLI::App& app, int& status) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "Prints random scenarios");
  command->add_option("--seed", options->seed, "The same seed gives the same scenarios")
      ->type_name("N")
      ->check(whole_number)
      ->take_last();
  command->add_option("--first", options->first, "Index of the first one")
      ->type_name("N")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
  command->add_option("--scenarios", options->scenarios, "How many")
      ->type_name("N")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
  command->add_option("--without", options->without, "None that needs this (repeatable), as caps or limits")
      ->type_name("NEED")
      ->allow_extra_args(false);
  command->footer(generate_explanation);
  command->callback([options, &status] { status = generate(*options); });
}

}  // namespace svmq::runner
