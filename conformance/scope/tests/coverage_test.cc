// Bug: a rule of the model that nothing ever exercises, so that nobody would notice if it were wrong. Corpus
// and exploration together must use every rule in every profile in which it holds, and none in another;
// unused.toml beside this file names the exceptions, and none that is not one.
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "svmq/explore/conduct.hpp"
#include "svmq/explore/explorer.hpp"
#include "svmq/explore/rules.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/scope/scope.hpp"

namespace svmq::scope {
namespace {

namespace explore = model::explore;
namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<fs::path> files(const fs::path& folder, const char* extension) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == extension) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

const fs::path conformance = fs::path(SVMQ_SOURCE_DIR) / "conformance";

// Of every outcome that the model allows, up to a bound of worlds.
void walk(const language::Scenario& scenario, const model::Profile& profile, std::set<std::string>& used) {
  const explore::Scope scope = bind(scenario);
  const explore::Stage stage(scope, profile);
  const explore::Canon canon(scope, profile, false);
  std::vector<explore::World> worlds{stage.origin()};
  int next = 0;
  for (const language::Item& item : scenario.items) {
    std::vector<int> calls;
    const std::size_t count =
        std::holds_alternative<language::Step>(item) ? 1 : std::get<language::Concurrent>(item).steps.size();
    for (std::size_t i = 0; i < count; ++i) calls.push_back(next++);
    std::vector<explore::World> after;
    std::set<explore::Fingerprint> known;
    for (const explore::World& world : worlds)
      for (explore::Ending& ending : explore::conduct(stage, world, calls)) {
        for (const model::Clause& clause : ending.clauses) used.insert(clause.id());
        for (const explore::Reply& reply : ending.replies)
          for (const model::Clause& clause : reply.why) used.insert(clause.id());
        if (after.size() < 12 && known.insert(canon(ending.world)).second)
          after.push_back(std::move(ending.world));
      }
    worlds = std::move(after);
  }
}

// The clauses that exploring names. What must hold in the profile holds, and is tried.
std::set<std::string> used_by_exploring(const model::Profile& profile) {
  std::set<std::string> used;
  std::map<std::string_view, std::uint64_t> tried;
  for (const fs::path& file : files(conformance / "scopes", ".toml")) {
    const explore::Scope scope = read(text_of(file), file.string());
    const explore::Stage stage(scope, profile);
    explore::Settings settings;
    settings.depth = scope.depth;
    settings.most_states = 6'000;
    const explore::Exploration found = explore::explore(stage, settings);
    for (const auto& [clause, count] : found.clauses) used.emplace(clause);
    for (const explore::Tally& tally : found.properties) tried[tally.name] += tally.checked;
    for (const explore::Violation& violation : found.violations) {
      const auto property =
          std::ranges::find(explore::properties(), violation.property, &explore::Property::name);
      EXPECT_FALSE(property->applies(profile))
          << profile.name << ' ' << scope.name << ": " << property->sentence;
    }
  }
  for (const explore::Property& property : explore::properties())
    EXPECT_TRUE(!property.applies(profile) || tried[property.name] > 0)
        << profile.name << ' ' << property.name << " is never tried";
  return used;
}

std::set<std::string> used_by_corpus(const model::Profile& profile) {
  std::set<std::string> used;
  for (const fs::path& file : files(conformance / "corpus", ".scenario")) {
    const auto parsed = language::parse_scenarios(text_of(file), file.string());
    for (const language::Scenario& scenario : std::get<std::vector<language::Scenario>>(parsed)) {
      const bool long_block = std::ranges::any_of(scenario.items, [](const language::Item& item) {
        const auto* block = std::get_if<language::Concurrent>(&item);
        return block && block->steps.size() > 6;
      });
      if (!long_block) walk(scenario, profile, used);
    }
  }
  return used;
}

std::set<std::string> used_under(const model::Profile& profile) {
  std::set<std::string> used = used_by_exploring(profile);
  used.merge(used_by_corpus(profile));
  return used;
}

// "POINT=VALUE|VALUE": is that what the profile has?
bool has(const model::Profile& profile, const std::string& condition) {
  const std::size_t equals = condition.find('=');
  const auto point =
      std::ranges::find(model::variation_points(), condition.substr(0, equals), &model::VariationPoint::name);
  if (point == model::variation_points().end()) throw std::invalid_argument(condition);
  const std::string values = "|" + condition.substr(equals + 1) + "|";
  return values.find("|" + std::string(point->values[point->value(profile)]) + "|") != std::string::npos;
}

// What need not be used under the profile.
std::set<std::string> excepted(const model::Profile& profile) {
  const toml::table document = toml::parse(text_of(conformance / "scope" / "tests" / "unused.toml"));
  std::set<std::string> clauses;
  for (const toml::node& entry : *document["unused"].as_array()) {
    const toml::table& exception = *entry.as_table();
    EXPECT_NE(exception["why"].value_or(std::string()), "");
    const toml::array& where = *exception["where"].as_array();
    if (!std::ranges::all_of(where,
                             [&](const toml::node& c) { return has(profile, c.value_or(std::string())); }))
      continue;
    for (const toml::node& clause : *exception["clauses"].as_array())
      clauses.insert(clause.value_or(std::string()));
  }
  return clauses;
}

class EveryRule : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryRule, IsUsedWhereItHoldsAndNowhereElse) {
  const model::Profile& profile = *model::find_profile(GetParam());
  const std::set<std::string> exceptions = excepted(profile), used = used_under(profile);
  EXPECT_GT(used.size(), 100u);
  for (const explore::Rule& rule : explore::rules()) {
    const std::string id(rule.clause);
    const auto number = std::ranges::find(model::clause_ids, id) - std::begin(model::clause_ids);
    const bool holds = model::holds(profile, model::Clause::at(static_cast<std::size_t>(number)));
    const bool exception = exceptions.contains(id);
    EXPECT_TRUE(!rule.given || !holds || used.contains(id) || exception)
        << id << " (" << rule.file << ":" << rule.line << ") is never used under " << profile.name;
    EXPECT_TRUE(holds || !used.contains(id))
        << id << " does not hold under " << profile.name << ", and is named";
    EXPECT_FALSE(exception && used.contains(id))
        << id << " is used under " << profile.name << ": take it out of unused.toml";
    EXPECT_TRUE(!exception || (rule.given && holds))
        << id << " is no rule of " << profile.name << ": take it out of unused.toml";
  }
}

INSTANTIATE_TEST_SUITE_P(Profile, EveryRule, testing::ValuesIn(model::profile_names()),
                         [](const auto& tested) {
                           std::string name(tested.param);
                           std::ranges::replace_if(
                               name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); },
                               '_');
                           return name;
                         });

}  // namespace
}  // namespace svmq::scope
