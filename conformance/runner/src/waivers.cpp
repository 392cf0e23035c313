#include "waivers.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <variant>

#include "scenario_source.hpp"
#include "toml_file.hpp"

namespace svmq::runner {
namespace {

constexpr std::string_view unknown_key =
    "{}: waiver {}: there is no key {}; there are: id clause scenario target reason "
    "owner expires notice";

std::string date_of(const toml::node& node) {
  const toml::date* date = node.is_date() ? &node.as_date()->get() : nullptr;
  return date != nullptr ? fmt::format("{:04}-{:02}-{:02}", date->year, date->month, date->day) : "";
}

Waiver read_waiver(const toml::table& table, std::size_t number, const std::string& file) {
  Waiver waiver;
  waiver.id = table["id"].value_or(fmt::format("waiver-{}", number));
  const std::pair<std::string_view, std::string*> texts[] = {
      {"id", &waiver.id},         {"clause", &waiver.clause}, {"scenario", &waiver.scenario},
      {"target", &waiver.target}, {"reason", &waiver.reason}, {"owner", &waiver.owner},
      {"notice", &waiver.notice}};
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
  if (waiver.clause.empty() && waiver.scenario.empty()) {
    throw UsageError(fmt::format("{}: waiver {}: names neither a clause nor a scenario", file, waiver.id));
  }
  if (waiver.reason.empty()) throw UsageError(fmt::format("{}: waiver {}: gives no reason", file, waiver.id));
  return waiver;
}

// A crash or a call that hangs.
bool beyond_excuse(const language::History& history, const judge::Deviation& deviation) {
  if (deviation.event >= history.events.size()) return true;
  const auto& what = history.events[deviation.event].what;
  return std::holds_alternative<language::Death>(what) || std::holds_alternative<language::Hung>(what);
}

bool covers(const Waiver& waiver, const std::string& target, const std::string& scenario,
            const judge::Deviation& deviation) {
  if (waiver.expired || (!waiver.target.empty() && waiver.target != target)) return false;
  if (!waiver.scenario.empty() && waiver.scenario != scenario) return false;
  return waiver.clause.empty() || std::find(deviation.clauses.begin(), deviation.clauses.end(),
                                            waiver.clause) != deviation.clauses.end();
}

}  // namespace

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr))); }

std::vector<Waiver> read_waivers(const std::filesystem::path& path, const std::string& today) {
  const std::string file = path.string();
  const toml::table document = read_toml(path);
  for (const auto& [key, value] : document) {
    if (key.str() != "waiver" || !value.is_array())
      throw UsageError(fmt::format("{}: expected [[waiver]] tables only, found {}", file, key.str()));
  }
  std::vector<Waiver> waivers;
  const toml::array* tables = document["waiver"].as_array();
  if (tables == nullptr) return waivers;
  std::set<std::string> ids;
  for (const toml::node& node : *tables) {
    if (!node.is_table()) throw UsageError(fmt::format("{}: expected [[waiver]] tables only", file));
    Waiver waiver = read_waiver(*node.as_table(), waivers.size() + 1, file);
    waiver.expired = !waiver.expires.empty() && waiver.expires < today;  // ISO dates compare as text
    if (!ids.insert(waiver.id).second)
      throw UsageError(fmt::format("{}: the waiver id {} is there twice", file, waiver.id));
    waivers.push_back(std::move(waiver));
  }
  return waivers;
}

std::optional<std::vector<const Waiver*>> covering(const std::vector<Waiver>& waivers,
                                                   const std::string& target,
                                                   const language::History& history,
                                                   const std::vector<judge::Deviation>& deviations) {
  std::vector<const Waiver*> used;
  for (const judge::Deviation& deviation : deviations) {
    if (beyond_excuse(history, deviation)) return std::nullopt;
    const auto waiver = std::find_if(waivers.begin(), waivers.end(), [&](const Waiver& candidate) {
      return covers(candidate, target, history.name, deviation);
    });
    if (waiver == waivers.end()) return std::nullopt;
    if (std::find(used.begin(), used.end(), &*waiver) == used.end()) used.push_back(&*waiver);
  }
  return used;
}

}  // namespace svmq::runner
