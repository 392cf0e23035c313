#include "waivers.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <variant>

#include "catalogue.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "toml_file.hpp"

namespace svmq::runner {
namespace {

constexpr std::string_view unknown_key =
    "{}: waiver {}: there is no key {}; there are: id clause scenario target reason "
    "owner expires notice variation reference";

std::string date_of(const toml::node& node) {
  const toml::date* date = node.is_date() ? &node.as_date()->get() : nullptr;
  return date != nullptr ? fmt::format("{:04}-{:02}-{:02}", date->year, date->month, date->day) : "";
}

// "stop=restarts-call|either …"
std::string all_variations() {
  std::string all;
  for (const model::VariationPoint& point : model::variation_points())
    all += fmt::format("{}{}={}", all.empty() ? "" : " ", point.name, fmt::join(point.values, "|"));
  return all;
}

using Catalogue = std::map<std::string, ClauseEntry>;

// "; there is ID…": those that have the longest beginning in common with this one.
std::string meant(const std::string& id, const Catalogue& catalogue) {
  for (std::size_t length = id.size(); length > 0; --length) {
    std::vector<std::string> alike;
    for (auto it = catalogue.lower_bound(id.substr(0, length));
         it != catalogue.end() && it->first.starts_with(id.substr(0, length)); ++it)
      alike.push_back(it->first);
    if (alike.size() > 5) alike.resize(5);
    if (!alike.empty()) return fmt::format("; there is {}", fmt::join(alike, " "));
  }
  return "";
}

Waiver read_waiver(const toml::table& table, std::size_t number, const std::string& file,
                   const Catalogue& catalogue) {
  Waiver waiver;
  waiver.id = table["id"].value_or(fmt::format("waiver-{}", number));
  const std::pair<std::string_view, std::string*> texts[] = {
      {"id", &waiver.id},         {"clause", &waiver.clause},       {"scenario", &waiver.scenario},
      {"target", &waiver.target}, {"reason", &waiver.reason},       {"owner", &waiver.owner},
      {"notice", &waiver.notice}, {"variation", &waiver.variation}, {"reference", &waiver.reference}};
  for (const auto& [key, value] : table) {
    if (key.str() == "expires") {
      waiver.expires = date_of(value);
      if (waiver.expires.empty())
        throw UsageError(
            fmt::format("{}: waiver {}: expires must be a date, as 2027-01-31", file, waiver.id));
      continue;
    }
    const auto known = std::find_if(std::begin(texts), std::end(texts),
                                    [&](const auto& text) { return text.first == key.str(); });
    if (known == std::end(texts))
      throw UsageError(fmt::format(fmt::runtime(unknown_key), file, waiver.id, key.str()));
    if (!value.is_string())
      throw UsageError(fmt::format("{}: waiver {}: {} must be a string", file, waiver.id, key.str()));
    *known->second = value.as_string()->get();
  }
  if (waiver.clause.empty() && waiver.scenario.empty() && waiver.variation.empty()) {
    throw UsageError(
        fmt::format("{}: waiver {}: names neither a clause nor a scenario nor a variation", file, waiver.id));
  }
  if (!waiver.clause.empty() && !catalogue.contains(waiver.clause))
    throw UsageError(fmt::format("{}: waiver {}: there is no clause {} in the catalogue{}", file, waiver.id,
                                 waiver.clause, meant(waiver.clause, catalogue)));
  if (!waiver.variation.empty() && !model::varied(*model::find_profile("linux-6.18"), waiver.variation))
    throw UsageError(fmt::format("{}: waiver {}: {} is no variation of the model; there are: {}", file,
                                 waiver.id, waiver.variation, all_variations()));
  if (waiver.reason.empty()) throw UsageError(fmt::format("{}: waiver {}: gives no reason", file, waiver.id));
  return waiver;
}

// A crash or a call that hangs.
bool beyond_excuse(const language::History& history, const judge::Deviation& deviation) {
  if (deviation.event >= history.events.size()) return true;
  const auto& what = history.events[deviation.event].what;
  return std::holds_alternative<language::Death>(what) || std::holds_alternative<language::Hung>(what);
}

// Somebody sleeps who never may: a lost wake-up.
bool sleeps_wrongly(const language::History& history, const judge::Deviation& deviation) {
  return std::holds_alternative<language::Blocked>(history.events[deviation.event].what) &&
         std::ranges::find(deviation.allowed, "asleep", &judge::Allowed::result) == deviation.allowed.end();
}

bool applies(const Waiver& waiver, const std::string& target, const std::string& scenario) {
  if (waiver.expired || (!waiver.target.empty() && waiver.target != target)) return false;
  return waiver.scenario.empty() || waiver.scenario == scenario;
}

bool covers(const Waiver& waiver, const judge::Deviation& deviation) {
  return waiver.clause.empty() || std::find(deviation.clauses.begin(), deviation.clauses.end(),
                                            waiver.clause) != deviation.clauses.end();
}

// Each deviation by the first waiver that covers it.
std::optional<std::vector<const Waiver*>> covering_clauses(const std::vector<const Waiver*>& waivers,
                                                           const language::History& history,
                                                           const std::vector<judge::Deviation>& deviations) {
  std::vector<const Waiver*> used;
  for (const judge::Deviation& deviation : deviations) {
    if (beyond_excuse(history, deviation) || sleeps_wrongly(history, deviation)) return std::nullopt;
    const auto waiver =
        std::ranges::find_if(waivers, [&](const Waiver* candidate) { return covers(*candidate, deviation); });
    if (waiver == waivers.end()) return std::nullopt;
    if (std::ranges::find(used, *waiver) == used.end()) used.push_back(*waiver);
  }
  return used;
}

// What deviates still when the profile is varied as these waivers say; nullopt: undecided. A history may end
// early, as unsupported: then it is about what happened until then.
std::optional<std::vector<judge::Deviation>> left_over(model::Profile profile,
                                                       const std::vector<const Waiver*>& variations,
                                                       const language::History& history) {
  for (const Waiver* waiver : variations) profile = *model::varied(profile, waiver->variation);
  judge::Judgement judgement = judge::judge(history, profile);
  using judge::Verdict;
  if (judgement.verdict != Verdict::conform && judgement.verdict != Verdict::nonconform &&
      judgement.verdict != Verdict::unsupported)
    return std::nullopt;
  return std::move(judgement.deviations);
}

}  // namespace

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

std::vector<Waiver> read_waivers(const toml::array* tables, const std::string& file,
                                 const std::string& today) {
  std::vector<Waiver> waivers;
  if (tables == nullptr) return waivers;
  const Catalogue catalogue = read_catalogue(locations().catalogue);
  std::set<std::string> ids;
  for (const toml::node& node : *tables) {
    if (!node.is_table()) throw UsageError(fmt::format("{}: expected a table for each deviation", file));
    Waiver waiver = read_waiver(*node.as_table(), waivers.size() + 1, file, catalogue);
    waiver.expired = !waiver.expires.empty() && waiver.expires < today;  // ISO dates compare as text
    if (!ids.insert(waiver.id).second)
      throw UsageError(fmt::format("{}: the waiver id {} is there twice", file, waiver.id));
    waivers.push_back(std::move(waiver));
  }
  return waivers;
}

std::vector<Waiver> read_waivers(const std::filesystem::path& path, const std::string& today) {
  const std::string file = path.string();
  const toml::table document = read_toml(path);
  for (const auto& [key, value] : document) {
    if (key.str() != "waiver" || !value.is_array())
      throw UsageError(fmt::format("{}: expected [[waiver]] tables only, found {}", file, key.str()));
  }
  return read_waivers(document["waiver"].as_array(), file, today);
}

std::optional<std::vector<const Waiver*>> covering(const std::vector<Waiver>& waivers,
                                                   const std::string& target, const model::Profile& profile,
                                                   const language::History& history,
                                                   const std::vector<judge::Deviation>& deviations) {
  if (std::ranges::any_of(deviations, [&](const auto& d) { return beyond_excuse(history, d); }))
    return std::nullopt;
  std::vector<const Waiver*> variations, clauses;
  for (const Waiver& waiver : waivers)
    if (applies(waiver, target, history.name))
      (waiver.variation.empty() ? clauses : variations).push_back(&waiver);

  if (auto used = covering_clauses(clauses, history, deviations)) return used;
  auto rest = left_over(profile, variations, history);
  auto used = rest ? covering_clauses(clauses, history, *rest) : std::nullopt;
  if (!used) return std::nullopt;
  // Only the variations without which it would not be covered.
  for (std::size_t i = 0; i < variations.size();) {
    std::vector<const Waiver*> fewer = variations;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    rest = left_over(profile, fewer, history);
    if (rest && covering_clauses(clauses, history, *rest))
      variations = std::move(fewer);
    else
      ++i;
  }
  used->insert(used->end(), variations.begin(), variations.end());
  return used;
}

}  // namespace svmq::runner
