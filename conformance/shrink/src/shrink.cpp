#include "svmq/shrink/shrink.hpp"

#include <array>
#include <utility>
#include <variant>

#include "candidates.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::shrink {
namespace {

using language::Scenario;

// A candidate may use a variable that nobody sets any more, or have a block too many; the language knows.
bool valid(const Scenario& scenario) {
  const auto parsed = language::parse_scenarios(language::print(scenario), "candidate");
  const auto* scenarios = std::get_if<std::vector<Scenario>>(&parsed);
  return scenarios != nullptr && scenarios->size() == 1;
}

using Phase = bool (*)(const Scenario&, const Offer&);
constexpr std::array<Phase, 6> phases{fewer_actors,        fewer_steps,       less_concurrency,
                                      simpler_credentials, simpler_arguments, smaller_sizes};

}  // namespace

std::size_t count_steps(const Scenario& scenario) {
  std::size_t steps = 0;
  for (const language::Item& item : scenario.items) {
    const auto* block = std::get_if<language::Concurrent>(&item);
    steps += block != nullptr ? block->steps.size() : 1;
  }
  return steps;
}

Shrunk shrink(const Scenario& scenario, const Fails& fails, const Stop& stop) {
  Shrunk result{scenario, 0, false};
  result.scenario.title.clear();
  result.scenario.clauses.clear();
  result.scenario.seeds.clear();
  const Offer offer = [&](Scenario candidate) {
    if (stop() || !valid(candidate)) return false;
    ++result.tried;
    if (!fails(candidate)) return false;
    result.scenario = std::move(candidate);
    return true;
  };
  // A phase is done when it can take nothing more away; a later one may have made room for an earlier one.
  for (bool smaller = true; smaller && !stop();) {
    smaller = false;
    for (const Phase phase : phases) {
      for (;;) {
        const Scenario present = result.scenario;
        if (stop() || !phase(present, offer)) break;
        smaller = true;
      }
    }
  }
  result.minimal = !stop();
  return result;
}

}  // namespace svmq::shrink
