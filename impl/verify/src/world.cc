#include "world.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>

#include "svmq/language/parse.hpp"

namespace svmq::verify {
namespace {

int number(const std::string& text, const std::string& place) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > 9)
    throw std::runtime_error(place + ": \"" + text + "\" is no number from 0 to 9");
  return value;
}

void apply(World& world, const std::string& setting, const std::string& place) {
  auto equals = setting.find('=');
  std::string name = setting.substr(0, equals),
              value = equals == std::string::npos ? "" : setting.substr(equals + 1);
  if (name == "preemptions")
    world.bounds.preemptions = number(value, place);
  else if (name == "deaths")
    world.bounds.deaths = number(value, place);
  else if (name == "quick")
    world.quick = true;
  else if (name == "spins")
    world.spins = true;
  else if (name == "weak")
    world.weak = true;
  else
    throw std::runtime_error(place + ": '# verify:' knows preemptions=N deaths=N quick spins weak, not \"" +
                             name + "\"");
}

std::vector<World> load_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto parsed = language::parse_scenarios(text, path.filename().string());
  if (auto* error = std::get_if<language::ParseError>(&parsed)) throw std::runtime_error(error->message());
  std::vector<World> worlds;
  for (auto& scenario : std::get<std::vector<language::Scenario>>(parsed))
    worlds.emplace_back().scenario = std::move(scenario);
  // The settings stand inside their scenario, which the language's parser takes for comments.
  std::istringstream lines(text);
  std::string line;
  std::size_t at = 0;
  std::set<std::size_t> bounded;
  bool inside = false;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.rfind("scenario ", 0) == 0) inside = true;
    if (line == "end" && inside) inside = false, ++at;
    constexpr std::string_view mark = "# verify:";
    if (line.rfind(mark, 0) != 0) continue;
    std::string place = path.filename().string() + ":" + std::to_string(number);
    if (!inside) throw std::runtime_error(place + ": '# verify:' belongs inside a scenario");
    std::istringstream words(line.substr(mark.size()));
    for (std::string word; words >> word;) apply(worlds[at], word, place);
    bounded.insert(at);
  }
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    const World& world = worlds[i];
    if (!bounded.contains(i))
      throw std::runtime_error(
          path.string() + ": " + world.scenario.name +
          ": a world needs a line with its bounds, as '# verify: preemptions=2 deaths=1'");
    auto blocks =
        std::ranges::count_if(world.scenario.items, [](const auto& item) { return item.index() == 1; });
    if (blocks != 1)
      throw std::runtime_error(path.string() + ": " + world.scenario.name +
                               ": a world has one concurrent block");
  }
  return worlds;
}

}  // namespace

std::vector<World> load_worlds(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return load_file(path);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".world") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<World> all;
  for (const auto& file : files) std::ranges::move(load_file(file), std::back_inserter(all));
  return all;
}

}  // namespace svmq::verify
