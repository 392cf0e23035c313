#include "scopes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "catalogue.hpp"
#include "console.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "svmq/explore/rules.hpp"
#include "svmq/scope/scope.hpp"

namespace svmq::runner {

std::vector<model::explore::Scope> read_scopes(const std::vector<std::string>& files) {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths(files.begin(), files.end());
  if (files.empty()) {
    for (const auto& entry : fs::directory_iterator(locations().scopes))
      if (entry.path().extension() == ".toml") paths.push_back(entry.path());
    std::ranges::sort(paths);
  }
  std::vector<model::explore::Scope> scopes;
  for (const fs::path& path : paths) {
    try {
      scopes.push_back(scope::read(read_file(path), path.string()));
    } catch (const scope::Malformed& error) {
      throw UsageError(error.what());
    }
  }
  return scopes;
}

const model::Profile& profile_named(const std::string& name) {
  const model::Profile* profile = model::find_profile(name);
  if (profile == nullptr)
    throw UsageError(
        fmt::format("there is no profile {}; there are: {}", name, fmt::join(model::profile_names(), " ")));
  return *profile;
}

void print_unused(const model::Profile& profile, const std::set<std::string>& used, const std::string& by) {
  const std::map<std::string, ClauseEntry> catalogue = read_catalogue(locations().catalogue);
  std::size_t given = 0;
  std::vector<std::string> unused;
  for (const model::explore::Rule& rule : model::explore::rules()) {
    if (!rule.given) continue;
    ++given;
    const std::string id(rule.clause);
    if (used.contains(id)) continue;
    const auto entry = catalogue.find(id);
    const std::string why = entry == catalogue.end() ? "" : entry->second.unobservable;
    unused.push_back(fmt::format("    {:<28} {}\n", id, why.empty() ? "" : "unobservable: " + why));
  }
  say(fmt::format("{}: {} of the model's {} clauses were used {}{}\n", profile.name, given - unused.size(),
                  given, by, unused.empty() ? "" : "; never used:"));
  for (const std::string& line : unused) say(line);
}

}  // namespace svmq::runner
