// The catalogue, the profiles and what is really exercised belong together.
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>
#include <string>

#include "scenarios.hpp"
#include "svmq/generate/generate.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/language/print.hpp"

namespace svmq::judge {
namespace {

constexpr std::uint64_t seed = 1;
constexpr int most_rounds = 100;  // of the corpus: some clauses are about one outcome of a race

std::vector<language::Scenario> random_scenarios(std::uint64_t count) {
  std::vector<language::Scenario> all;
  for (std::uint64_t index = 0; index < count; ++index) all.push_back(generate::generate(seed, index));
  return all;
}

// "POINT=VALUE|VALUE": is that what the profile has?
bool holds(const model::Profile& profile, const std::string& condition) {
  const std::size_t equals = condition.find('=');
  for (const model::VariationPoint& point : model::variation_points())
    if (point.name == condition.substr(0, equals)) {
      const std::string values = "|" + condition.substr(equals + 1) + "|";
      return values.find("|" + std::string(point.values[point.value(profile)]) + "|") != std::string::npos;
    }
  ADD_FAILURE() << condition;
  return false;
}

bool holds(const model::Profile& profile, const toml::table& clause) {
  const toml::array* where = clause["where"].as_array();
  return !where || std::all_of(where->begin(), where->end(), [&](const toml::node& condition) {
    return holds(profile, condition.value_or(std::string()));
  });
}

// The clauses that can be observed in the profile.
std::set<std::string> observable(const model::Profile& profile) {
  const toml::table catalogue = toml::parse_file(SVMQ_SOURCE_DIR "/model/clauses.toml");
  std::set<std::string> ids;
  for (const auto& [id, clause] : *catalogue["clause"].as_table())
    if (!clause.as_table()->contains("unobservable") && holds(profile, *clause.as_table()))
      ids.emplace(id.str());
  return ids;
}

// Conducts each scenario on the profile, which must explain what it did; returns the clauses exercised.
std::set<std::string> exercised(const std::vector<language::Scenario>& scenarios,
                                const model::Profile& profile, std::uint64_t choices) {
  std::set<std::string> seen;
  for (const language::Scenario& scenario : scenarios) {
    const language::History history = execute(scenario, profile, ++choices);
    const Judgement judgement = judge(history, profile);
    EXPECT_EQ(judgement.verdict, Verdict::conform) << profile.name << '\n'
                                                   << judgement.reason << language::print(history);
    seen.insert(judgement.clauses.begin(), judgement.clauses.end());
  }
  return seen;
}

// Turns red for a rule that does not record its clause, and for a scenario of the corpus that does not reach
// it.
TEST(Coverage, EveryClauseThatCanBeObservedIs) {
  for (const char* name : {"linux-6.18", "posix"}) {
    const model::Profile& profile = *model::find_profile(name);
    std::set<std::string> missing = observable(profile);
    EXPECT_GT(missing.size(), 100u);
    for (const std::string& id : exercised(random_scenarios(2000), profile, seed)) missing.erase(id);
    for (int round = 1; round <= most_rounds && !missing.empty(); ++round)
      for (const std::string& id :
           exercised(corpus(), profile, seed + static_cast<std::uint64_t>(round) * 1000))
        missing.erase(id);
    for (const std::string& id : missing) ADD_FAILURE() << id << " is never exercised in " << name;
  }
}

// Turns red if what a profile does as an implementation is not what it allows as a judge; whatever it
// chooses.
TEST(Coverage, EveryProfileExplainsItself) {
  for (const std::string_view name : model::profile_names()) {
    exercised(corpus(), *model::find_profile(name), seed);
    exercised(random_scenarios(400), *model::find_profile(name), seed);
  }
}

}  // namespace
}  // namespace svmq::judge
