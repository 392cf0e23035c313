// The corpus is in order: every file is one readable scenario with its own name, and scenarios, clause
// catalogue and the table of tutorial statements agree with each other. What the scenarios show is for the
// judge to say.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq {
namespace {

namespace fs = std::filesystem;
using language::Scenario;

const fs::path corpus = fs::path(SVMQ_SOURCE_DIR) / "conformance" / "corpus";
const fs::path catalogue = fs::path(SVMQ_SOURCE_DIR) / "model" / "clauses.toml";
const std::set<std::string> folders = {"general", "identifiers", "permissions", "msgget", "msgsnd",
                                       "msgrcv",  "waiting",     "msgctl",      "ftok",   "table"};

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<fs::path> files() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(corpus))
    if (entry.path().extension() == ".scenario") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

// The scenarios of the corpus by file; a file that cannot be read is a failure of the test that asks.
std::map<fs::path, Scenario> scenarios() {
  std::map<fs::path, Scenario> result;
  for (const fs::path& file : files()) {
    const auto parsed = language::parse_scenarios(contents(file), fs::relative(file, corpus).string());
    if (const auto* error = std::get_if<language::ParseError>(&parsed)) {
      ADD_FAILURE() << error->message();
      continue;
    }
    const auto& list = std::get<std::vector<Scenario>>(parsed);
    EXPECT_EQ(list.size(), 1u) << file;
    if (!list.empty()) result.emplace(file, list.front());
  }
  return result;
}

struct Clause {
  bool observed = false, unobservable = false;
};

std::map<std::string, Clause> clauses() {
  const toml::table document = toml::parse_file(catalogue.string());
  std::map<std::string, Clause> result;
  for (const auto& [id, value] : *document["clause"].as_table()) {
    const toml::table& entry = *value.as_table();
    result[std::string(id.str())] = {entry.contains("observed"), entry.contains("unobservable")};
  }
  return result;
}

// The rows of SEEDS.md: number and the names in its last column, empty for a reason in parentheses.
std::map<int, std::set<std::string>> seed_table() {
  std::map<int, std::set<std::string>> rows;
  std::istringstream in(contents(corpus / "SEEDS.md"));
  for (std::string line; std::getline(in, line);) {
    int number = 0;
    if (std::sscanf(line.c_str(), "| %d |", &number) != 1) continue;
    const std::string last = line.substr(line.rfind('|', line.size() - 2) + 1);
    EXPECT_FALSE(rows.contains(number)) << line;
    auto& names = rows[number];
    const bool reason = last.find('(') != std::string::npos;
    for (std::size_t begin = 0; (begin = last.find('`', begin)) != std::string::npos;) {
      const std::size_t end = last.find('`', begin + 1);
      names.insert(last.substr(begin + 1, end - begin - 1));
      begin = end + 1;
    }
    EXPECT_NE(reason, !names.empty()) << line;
  }
  return rows;
}

TEST(Corpus, StandsInTheKnownFolders) {
  const auto found = files();
  EXPECT_GE(found.size(), 110u);
  for (const fs::path& file : found) {
    const fs::path relative = fs::relative(file, corpus);
    EXPECT_EQ(std::distance(relative.begin(), relative.end()), 2) << relative;
    EXPECT_TRUE(folders.contains(relative.parent_path().string())) << relative;
  }
}

TEST(Corpus, EveryFileIsOneScenarioOfItsName) {
  std::set<std::string> names;
  for (const auto& [file, scenario] : scenarios()) {
    EXPECT_EQ(scenario.name, file.stem().string());
    EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name << " stands in two folders";
    EXPECT_FALSE(scenario.title.empty()) << file;
    EXPECT_FALSE(scenario.items.empty()) << file;
    EXPECT_FALSE(scenario.clauses.empty()) << file;
  }
}

TEST(Corpus, ScenariosSurvivePrinting) {
  for (const auto& [file, scenario] : scenarios()) {
    const auto again = language::parse_scenarios(language::print(scenario), file.string());
    ASSERT_TRUE(std::holds_alternative<std::vector<Scenario>>(again)) << file;
    EXPECT_EQ(std::get<std::vector<Scenario>>(again), std::vector<Scenario>{scenario}) << file;
  }
}

// Only a handful of scenarios may wait for the clock.
TEST(Corpus, RarelyWaitsForTheClock) {
  int ticks = 0;
  for (const auto& [file, scenario] : scenarios())
    for (const auto& item : scenario.items)
      if (const auto* step = std::get_if<language::Step>(&item))
        ticks += std::holds_alternative<language::Tick>(step->action);
  EXPECT_LE(ticks, 4);
}

TEST(Catalogue, EveryClauseIsCompleteAndKnown) {
  const std::set<std::string> calls = {"general", "permission", "msgget", "msgsnd", "msgrcv",
                                       "wait",    "msgctl",     "ftok",   "table",  "compat"};
  const std::set<std::string> levels = {"required", "latitude", "silent", "extension", "deviation"};
  const toml::table document = toml::parse_file(catalogue.string());
  const toml::table& all = *document["clause"].as_table();
  EXPECT_GE(all.size(), 232u);
  for (const auto& [id, value] : all) {
    const toml::table& entry = *value.as_table();
    EXPECT_TRUE(calls.contains(entry["call"].value_or(std::string()))) << id.str();
    EXPECT_TRUE(levels.contains(entry["level"].value_or(std::string()))) << id.str();
    EXPECT_FALSE(entry["statement"].value_or(std::string()).empty()) << id.str();
    EXPECT_TRUE(entry["sources"].is_array() && !entry["sources"].as_array()->empty()) << id.str();
    EXPECT_NE(entry.contains("observed"), entry.contains("unobservable")) << id.str();
    EXPECT_TRUE(entry["level"].value_or(std::string()) != "deviation" || entry.contains("note")) << id.str();
  }
}

TEST(Catalogue, EveryObservableClauseHasAScenario) {
  const auto known = clauses();
  std::set<std::string> used;
  for (const auto& [file, scenario] : scenarios())
    for (const std::string& id : scenario.clauses) {
      EXPECT_TRUE(known.contains(id)) << file << ": no clause " << id;
      used.insert(id);
    }
  for (const auto& [id, clause] : known)
    EXPECT_EQ(used.contains(id), clause.observed)
        << id << (clause.observed ? ": no scenario" : ": is unobservable");
}

TEST(Seeds, TableAndScenariosAgree) {
  const auto table = seed_table();
  ASSERT_FALSE(table.empty());
  EXPECT_EQ(table.begin()->first, 1);
  EXPECT_EQ(table.rbegin()->first, static_cast<int>(table.size()));
  std::map<int, std::set<std::string>> used;
  for (const auto& [file, scenario] : scenarios())
    for (const std::string& seed : scenario.seeds) {
      const int number = std::atoi(seed.c_str());
      EXPECT_TRUE(table.contains(number)) << file << ": no statement " << seed;
      used[number].insert(scenario.name);
    }
  for (const auto& [number, names] : table) EXPECT_EQ(names, used[number]) << "statement " << number;
}

}  // namespace
}  // namespace svmq
