#include "world.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "svmq/language/parse.hpp"

namespace svmq::verify {
namespace {

void apply(World& world, const std::string& setting, const std::string& place) {
  auto equals = setting.find('=');
  std::string name = setting.substr(0, equals),
              value = equals == std::string::npos ? "" : setting.substr(equals + 1);
  if (name == "preemptions")
    world.bounds.preemptions = std::stoi(value);
  else if (name == "deaths")
    world.bounds.deaths = std::stoi(value);
  else if (name == "mortal")
    world.mortal = value;
  else if (name == "quick")
    world.quick = true;
  else if (name == "spins")
    world.spins = true;
  else if (name == "weak")
    world.weak = true;
  else
    throw std::runtime_error(
        place + ": '# verify:' knows preemptions=N deaths=N mortal=ACTORS quick spins weak, not \"" + name +
        "\"");
}

std::vector<World> load_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto parsed = language::parse_scenarios(text, path.filename().string());
  if (auto* error = std::get_if<language::ParseError>(&parsed)) throw std::runtime_error(error->message());
  std::vector<World> worlds;
  for (auto& scenario : std::get<std::vector<language::Scenario>>(parsed))
    worlds.push_back({std::move(scenario), {}, {}, false, false, false, {}});
  // The settings stand inside their scenario, which the language's parser takes for comments.
  std::istringstream lines(text);
  std::string line;
  std::size_t at = 0;
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
  }
  for (const World& world : worlds) {
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
