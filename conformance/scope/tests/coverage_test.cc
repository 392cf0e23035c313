// Bug: a rule of the model that nothing ever exercises, so that nobody would notice if it were wrong. Corpus
// and exploration together must use every rule in every profile that has it; unused.toml beside this file
// names the exceptions, and none that is not one.
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

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

std::set<std::string> used_under(const model::Profile& profile) {
  std::set<std::string> used;
  for (const fs::path& file : files(conformance / "scopes", ".toml")) {
    const explore::Scope scope = read(text_of(file), file.string());
    const explore::Stage stage(scope, profile);
    explore::Settings settings;
    settings.check = false;
    settings.depth = scope.depth;
    settings.most_states = 20'000;
    for (const auto& [clause, count] : explore::explore(stage, settings).clauses) used.emplace(clause);
  }
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

class EveryRule : public testing::TestWithParam<const char*> {};

TEST_P(EveryRule, IsUsed) {
  const toml::table exceptions = toml::parse(text_of(conformance / "scope" / "tests" / "unused.toml"));
  const toml::table* excepted = exceptions[GetParam()].as_table();
  ASSERT_NE(excepted, nullptr);
  const std::set<std::string> used = used_under(*model::find_profile(GetParam()));
  EXPECT_GT(used.size(), 100u);
  for (const explore::Rule& rule : explore::rules()) {
    const std::string id(rule.clause);
    const bool exception = excepted->contains(id);
    EXPECT_TRUE(!rule.given || used.contains(id) || exception)
        << id << " (" << rule.file << ":" << rule.line << ") is never used under " << GetParam();
    EXPECT_FALSE(exception && used.contains(id))
        << id << " is used under " << GetParam() << ": take it out of unused.toml";
    EXPECT_TRUE(!exception || rule.given) << id << " is no rule of the model";
  }
}

INSTANTIATE_TEST_SUITE_P(Profile, EveryRule, testing::Values("linux-6.18", "posix"), [](const auto& tested) {
  std::string name = tested.param;
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace svmq::scope
