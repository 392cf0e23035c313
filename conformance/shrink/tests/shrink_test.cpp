// The shrinker on predicates that need no target. Each test is headed by the bug that turns it red.
#include "svmq/shrink/shrink.hpp"

#include <gtest/gtest.h>

#include "svmq/generate/generate.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::shrink {
namespace {

using namespace language;

template <class Part>
std::size_t count(const Scenario& scenario, const std::function<bool(const Part&)>& matches) {
  std::size_t found = 0;
  const auto look = [&](const Step& step) {
    const auto* part = std::get_if<Part>(&step.action);
    if (part != nullptr && matches(*part)) ++found;
  };
  for (const Item& item : scenario.items) {
    if (const auto* step = std::get_if<Step>(&item))
      look(*step);
    else
      for (const Step& inner : std::get<Concurrent>(item).steps) look(inner);
  }
  return found;
}

bool sends_and_selects(const Scenario& scenario) {
  return count<Msgsnd>(scenario, [](const Msgsnd& s) { return s.size >= 3 && s.id.variable != ""; }) > 0 &&
         count<Msgrcv>(scenario, [](const Msgrcv& r) { return r.type < 0 && r.id.variable != ""; }) > 0;
}

const Stop never = [] { return false; };

// Red if something needless stays, if what is needed goes, or if a candidate is no scenario.
TEST(Shrink, LeavesOnlyWhatIsNeeded) {
  std::size_t shrunk = 0;
  for (std::uint64_t index = 0; index < 400; ++index) {
    const Scenario scenario = generate::generate(3, index);
    if (!sends_and_selects(scenario)) continue;
    const auto fails = [](const Scenario& candidate) {
      const auto parsed = parse_scenarios(print(candidate), "candidate");
      EXPECT_TRUE(std::holds_alternative<std::vector<Scenario>>(parsed)) << print(candidate);
      return sends_and_selects(candidate);
    };
    const Shrunk result = shrink(scenario, fails, never);
    ++shrunk;
    EXPECT_TRUE(result.minimal);
    EXPECT_TRUE(sends_and_selects(result.scenario));
    EXPECT_EQ(count_steps(result.scenario), 3u) << print(result.scenario);  // msgget, msgsnd, msgrcv
    EXPECT_EQ(result.scenario.actors.size(), 1u) << print(result.scenario);
    EXPECT_EQ(count<Msgsnd>(result.scenario, [](const Msgsnd& s) { return s.size == 3 && s.flags == 0; }), 1u)
        << print(result.scenario);
    EXPECT_EQ(count<Msgrcv>(result.scenario,
                            [](const Msgrcv& r) { return r.type == -1 && r.size == 0 && r.flags == 0; }),
              1u)
        << print(result.scenario);
  }
  EXPECT_GT(shrunk, 40u);
}

// Red if a scenario that fails only as it is comes back changed.
TEST(Shrink, KeepsWhatCannotBeSmaller) {
  const Scenario scenario = generate::generate(3, 1);
  Scenario bare = scenario;
  bare.title.clear();
  const Shrunk result = shrink(
      scenario, [](const Scenario&) { return false; }, never);
  EXPECT_EQ(print(result.scenario), print(bare));
  EXPECT_GT(result.tried, 10u);
}

// Red if it goes on when time is up, or then says that it was done.
TEST(Shrink, StopsWhenTold) {
  std::size_t tried = 0;
  const Shrunk result = shrink(
      generate::generate(3, 1), [&](const Scenario&) { return ++tried > 0; }, [&] { return tried >= 2; });
  EXPECT_EQ(tried, 2u);
  EXPECT_FALSE(result.minimal);
}

}  // namespace
}  // namespace svmq::shrink
