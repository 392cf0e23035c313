#include "scenario_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>
#include <variant>

#include "locations.hpp"
#include "sha256.hpp"
#include "shell.hpp"
#include "svmq/generate/generate.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"
#include "svmq/shrink/one_line.hpp"

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".scenario") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) throw UsageError(fmt::format("{}: no *.scenario file in this folder", folder.string()));
  return files;
}

void read_file_scenarios(const fs::path& file, std::vector<Task>& tasks,
                         std::map<std::string, std::string>& seen) {
  auto parsed = language::parse_scenarios(read_file(file), file.string());
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
  for (language::Scenario& scenario : std::get<std::vector<language::Scenario>>(parsed)) {
    const auto [other, is_new] = seen.emplace(scenario.name, file.string());
    if (!is_new)
      throw UsageError(
          fmt::format("{}: scenario {} is also in {}", file.string(), scenario.name, other->second));
    Task task = task_of_scenario(std::move(scenario));
    task.source = shown(file);
    task.reproduce = fmt::format("{} --only {}", shell_word(nearest(file)), task.scenario.name);
    tasks.push_back(std::move(task));
  }
}

// Neighbouring indexes give unlike values (the finalizer of splitmix64).
std::uint64_t mixed(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t x = seed + index * 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find(separator, begin)) != std::string::npos; begin = end + 1) {
    words.push_back(text.substr(begin, end - begin));
  }
  words.push_back(text.substr(begin));
  return words;
}

bool read_number(const std::string& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

constexpr std::string_view without_prefix = "without=", scenario_prefix = ":scenario ";

}  // namespace

Task given_task(const std::string& text, const std::string& source) {
  auto parsed = language::parse_scenarios(text, source);
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
  auto& scenarios = std::get<std::vector<language::Scenario>>(parsed);
  if (scenarios.size() != 1)
    throw UsageError(fmt::format("{}: expected one scenario, found {}", source, scenarios.size()));
  Task task = task_of_scenario(std::move(scenarios.front()));
  task.source = source;
  return task;
}

std::optional<Corpus> whole_corpus(const std::vector<Task>& tasks) {
  std::error_code ignored;
  if (tasks.empty() || !fs::is_directory(locations().corpus, ignored)) return std::nullopt;
  std::map<std::string, const std::string*> texts;
  for (const Task& task : tasks) texts[task.scenario.name] = &task.text;
  Corpus corpus;
  Sha256 sum;
  for (const Task& task : read_scenarios({locations().corpus})) {
    const auto found = texts.find(task.scenario.name);
    if (found == texts.end() || *found->second != task.text) return std::nullopt;
    ++corpus.scenarios;
    sum.add(task.text);
  }
  corpus.sha256 = std::move(sum).hex();
  return corpus;
}

std::string read_file(const fs::path& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) throw UsageError(fmt::format("{}: is a folder", file.string()));
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw UsageError(
        fmt::format("{}: cannot be read: {}", file.string(), std::generic_category().message(errno)));
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<Task> read_scenarios(const std::vector<fs::path>& paths) {
  std::vector<Task> tasks;
  std::map<std::string, std::string> seen;
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      read_file_scenarios(path, tasks, seen);
      continue;
    }
    for (const fs::path& file : files_below(path)) read_file_scenarios(file, tasks, seen);
  }
  if (!paths.empty() && tasks.empty())
    throw UsageError(fmt::format("no scenario in {}", paths.front().string()));
  return tasks;
}

Task task_of_scenario(language::Scenario scenario) {
  Task task;
  task.text = print(scenario);
  task.needs = needs(scenario);
  task.scenario = std::move(scenario);
  return task;
}

const std::set<std::string>& all_needs() {
  static const std::set<std::string> needs = generate::Options().available;
  return needs;
}

Task random_task(const RandomId& id) {
  generate::Options options;
  options.available = all_needs();
  for (const std::string& need : id.without) options.available.erase(need);
  options.races = id.races;
  Task task = task_of_scenario(generate::generate(id.seed, id.index, options));
  task.source = "random";
  task.made = true;
  task.choices = mixed(id.seed, id.index);
  task.id = id;
  return task;
}

std::string print(const Reproduction& reproduction) {
  std::string text = fmt::format("{}:{}:{}", fmt::join(reproduction.targets, ","), reproduction.id.seed,
                                 reproduction.id.index);
  if (reproduction.id.races) text += ":races";
  if (!reproduction.id.without.empty()) {
    text += fmt::format(":{}{}", without_prefix, fmt::join(reproduction.id.without, ","));
  }
  return text;
}

// Read from the end, for the name of a target may hold colons itself.
Reproduction parse_reproduction(const std::string& text) {
  const UsageError wrong(
      fmt::format("{}: expected TARGET[,TARGET…]:SEED:INDEX[:races][:without=NEED[,NEED…]] or "
                  "TARGET[,TARGET…]:scenario …",
                  text));
  Reproduction result;
  if (const std::size_t colon = text.find(scenario_prefix); colon != std::string::npos) {
    result.given =
        given_task(shrink::several_lines(std::string_view(text).substr(colon + 1)), "reproduce string");
    result.given->reproduce = "--reproduce " + shell_word(text);
    result.targets = split(text.substr(0, colon), ',');
    return result;
  }
  std::vector<std::string> parts = split(text, ':');
  if (parts.back().starts_with(without_prefix)) {
    for (std::string& need : split(parts.back().substr(without_prefix.size()), ',')) {
      if (!all_needs().contains(need)) throw wrong;
      result.id.without.insert(std::move(need));
    }
    parts.pop_back();
  }
  if (parts.back() == "races") {
    result.id.races = true;
    parts.pop_back();
  }
  if (parts.size() < 3 || !read_number(parts.back(), result.id.index)) throw wrong;
  parts.pop_back();
  if (!read_number(parts.back(), result.id.seed)) throw wrong;
  parts.pop_back();
  result.targets = split(fmt::format("{}", fmt::join(parts, ":")), ',');
  for (const std::string& name : result.targets) {
    if (name.empty()) throw wrong;
  }
  return result;
}

}  // namespace svmq::runner
