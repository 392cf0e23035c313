// Whatever the options, a generated scenario is one of the language, within its bounds, and needs what is
// available.
#include <gtest/gtest.h>

#include <algorithm>

#include "svmq/generate/generate.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::generate {
namespace {

using namespace language;

int steps_of(const Scenario& scenario) {
  int steps = 0;
  for (const Item& item : scenario.items) {
    auto block = std::get_if<Concurrent>(&item);
    steps += block ? static_cast<int>(block->steps.size()) : 1;
  }
  return steps;
}

void expect_valid(std::uint64_t seed, std::uint64_t index, const Options& options) {
  Scenario scenario = generate(seed, index, options);
  std::string text = print(scenario);
  auto parsed = parse_scenarios(text, "generated");
  if (auto error = std::get_if<ParseError>(&parsed)) FAIL() << error->message() << "\n" << text;
  ASSERT_EQ(std::get<std::vector<Scenario>>(parsed).at(0), scenario) << text;
  ASSERT_LE(steps_of(scenario), std::max(options.steps, 8)) << text;
  ASSERT_GE(steps_of(scenario), 2) << text;
  auto processes = std::count_if(scenario.actors.begin(), scenario.actors.end(),
                                 [](const Actor& actor) { return actor.process.empty(); });
  ASSERT_LE(processes, options.processes) << text;
  for (const std::string& need : needs(scenario))
    ASSERT_TRUE(options.available.count(need)) << need << "\n" << text;
}

TEST(Validity, WithTheUsualOptions) {
  for (std::uint64_t index = 0; index < 5000; ++index) ASSERT_NO_FATAL_FAILURE(expect_valid(11, index, {}));
}

TEST(Validity, WhateverIsAvailable) {
  const std::set<std::string> all = Options{}.available;
  for (const std::string& only : all) {
    Options one, without;
    one.available = {only};
    without.available.erase(only);
    for (std::uint64_t index = 0; index < 200; ++index) {
      ASSERT_NO_FATAL_FAILURE(expect_valid(12, index, one));
      ASSERT_NO_FATAL_FAILURE(expect_valid(13, index, without));
    }
  }
  Options nothing;
  nothing.available.clear();
  for (std::uint64_t index = 0; index < 1000; ++index)
    ASSERT_NO_FATAL_FAILURE(expect_valid(14, index, nothing));
}

TEST(Validity, SmallAndLarge) {
  Options small, large;
  small.processes = 1;
  small.steps = 8;
  large.processes = 26;
  large.steps = 200;
  large.concurrent_percent = 100;
  for (std::uint64_t index = 0; index < 300; ++index) {
    ASSERT_NO_FATAL_FAILURE(expect_valid(15, index, small));
    ASSERT_NO_FATAL_FAILURE(expect_valid(16, index, large));
  }
}

// Red if races are no scenarios, or if nothing in them runs at the same time.
TEST(Validity, Races) {
  Options options;
  options.races = true;
  int large = 0;
  for (std::uint64_t index = 0; index < 1000; ++index) {
    const Scenario scenario = generate(19, index, options);
    const std::string text = print(scenario);
    const auto parsed = parse_scenarios(text, "generated");
    if (const auto* error = std::get_if<ParseError>(&parsed)) FAIL() << error->message() << "\n" << text;
    int blocks = 0;
    for (const Item& item : scenario.items) {
      const auto* block = std::get_if<Concurrent>(&item);
      if (block == nullptr) continue;
      ++blocks;
      std::set<std::string> actors;
      for (const Step& step : block->steps) actors.insert(step.actor);
      EXPECT_GE(actors.size(), 1u) << text;
      large += block->steps.size() > 20 ? 1 : 0;
    }
    EXPECT_EQ(blocks, 1) << text;
  }
  EXPECT_GT(large, 100);
}

TEST(Validity, WeightsChooseTheTheme) {
  Options options;
  options.concurrent_percent = 0;
  for (const std::string& theme : themes()) options.weights[theme] = theme == "limits" ? 1 : 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    ASSERT_NO_FATAL_FAILURE(expect_valid(17, index, options));
    for (const std::string& need : needs(generate(17, index, options)))
      ASSERT_NE(need, "next_id");  // only lifecycle's
  }
}

TEST(Validity, BlocksAreAsRareAsAskedForAndSmall) {
  int blocks = 0;
  for (std::uint64_t index = 0; index < 2000; ++index) {
    for (const Item& item : generate(18, index).items) {
      auto block = std::get_if<Concurrent>(&item);
      if (!block) continue;
      ++blocks;
      EXPECT_LE(block->steps.size(), 7u);
    }
  }
  EXPECT_GT(blocks, 100);
  EXPECT_LE(blocks, 400);
}

}  // namespace
}  // namespace svmq::generate
