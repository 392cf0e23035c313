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
constexpr int races = 24;  // a scenario of the corpus may be about one outcome of several

// The corpus, each scenario several times, and so many random ones.
std::vector<language::Scenario> scenarios(int times, std::uint64_t random) {
  std::vector<language::Scenario> all;
  const std::vector<language::Scenario> written = corpus();
  for (int i = 0; i < times; ++i) all.insert(all.end(), written.begin(), written.end());
  for (std::uint64_t index = 0; index < random; ++index) all.push_back(generate::generate(seed, index));
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

// Turns red for a rule that does not record its clause, and for a scenario of the corpus that does not reach
// it any more.
TEST(Coverage, EveryClauseThatCanBeObservedIs) {
  const toml::table catalogue = toml::parse_file(SVMQ_SOURCE_DIR "/model/clauses.toml");
  const std::vector<language::Scenario> all = scenarios(races, 2000);
  for (const char* name : {"linux-6.18", "posix"}) {
    const model::Profile& profile = *model::find_profile(name);
    std::set<std::string> seen;
    std::uint64_t choices = seed;
    for (const language::Scenario& scenario : all) {
      const Judgement judgement = judge(execute(scenario, profile, ++choices), profile);
      ASSERT_EQ(judgement.verdict, Verdict::conform)
          << name << ' ' << scenario.name << ' ' << judgement.reason;
      seen.insert(judgement.clauses.begin(), judgement.clauses.end());
    }
    for (const auto& [id, node] : *catalogue["clause"].as_table()) {
      const toml::table& clause = *node.as_table();
      if (clause.contains("unobservable") || !holds(profile, clause)) continue;
      EXPECT_TRUE(seen.contains(std::string(id.str()))) << id.str() << " is never exercised in " << name;
    }
  }
}

// Turns red if what a profile does as an implementation is not what it allows as a judge; whatever it
// chooses.
TEST(Coverage, EveryProfileExplainsItself) {
  const std::vector<language::Scenario> all = scenarios(1, 400);
  for (const std::string_view name : model::profile_names()) {
    const model::Profile& profile = *model::find_profile(name);
    std::uint64_t choices = seed;
    for (const language::Scenario& scenario : all) {
      const language::History history = execute(scenario, profile, ++choices);
      const Judgement judgement = judge(history, profile);
      ASSERT_TRUE(judgement.verdict == Verdict::conform) << name << '\n'
                                                         << judgement.reason << language::print(history);
    }
  }
}

}  // namespace
}  // namespace svmq::judge
