#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "catalogue.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "explain.hpp"
#include "explain_compare.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "scopes.hpp"

namespace svmq::runner {
namespace {

using Catalogue = std::map<std::string, ClauseEntry>;

void print_block(const std::string& text, const char* indent) {
  std::size_t from = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos;
       from = end + 1, end = text.find('\n', from))
    say(indent + text.substr(from, end + 1 - from));
}

std::size_t column(const std::vector<std::string>& words) {
  std::size_t width = 0;
  for (const std::string& word : words) width = std::max(width, word.size());
  return width;
}

// The clauses that a point decides about, with their levels: `msgrcv.lrpid.thread (deviation)`.
std::string clauses_about(const model::VariationPoint& point, const Catalogue& catalogue) {
  std::vector<std::string> words;
  for (const model::ClauseCondition& condition : model::clause_conditions) {
    if (condition.where.substr(0, condition.where.find('=')) != point.name) continue;
    const std::string id(model::clause_ids[condition.clause]);
    words.push_back(fmt::format("{} ({})", id, catalogue.at(id).level));
  }
  return words.empty() ? "no clause" : fmt::format("{}", fmt::join(words, ", "));
}

void print_heading(const model::VariationPoint& point, const model::Profile& a, const model::Profile& b,
                   const Catalogue& catalogue) {
  say(fmt::format("{}: {} is {}, {} is {}\n    about: {}\n", point.name, a.name, value_name(point, a), b.name,
                  value_name(point, b), clauses_about(point, catalogue)));
}

void print_witness(const Witness& witness) {
  print_block(witness.scenario, "    ");
  if (!witness.with.empty()) say(fmt::format("    together with: {}\n", fmt::join(witness.with, ", ")));
  say(fmt::format("    {} allows the last step to end so:\n      {}\n", witness.allows, witness.seen));
  say(fmt::format("    {} allows:\n", witness.refuses));
  for (const std::string& allowed : witness.allowed) say(fmt::format("      {}\n", allowed));
}

}  // namespace

int explain_profile(const model::Profile& profile) {
  say(fmt::format("{}: {}\n", profile.name, profile.summary));
  std::vector<std::string> names, values;
  for (const model::VariationPoint& point : model::variation_points()) {
    names.emplace_back(point.name);
    values.push_back(value_name(point, profile));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const model::VariationPoint& point = model::variation_points()[i];
    const std::string known_from = std::string(point.evidence(profile));
    std::vector<std::string> others;
    for (const std::string_view value : point.values)
      if (value != values[i]) others.emplace_back(value);
    say(fmt::format("  {:<{}}  {:<{}}  {}\n", names[i], column(names), values[i], column(values),
                    known_from.empty() ? fmt::format("(else: {})", fmt::join(others, ", ")) : known_from));
  }
  return conform;
}

namespace {

// Points of which no scenario can show anything, and why.
std::string_view why_untold(const model::VariationPoint& point) {
  if (point.name == "signal-or-room")
    return "a scenario cannot have a signal come before there is room, and a sender run only after both; a "
           "history in which "
           "that happened is told apart by svmq judge";
  return "";
}

struct Told {
  Departures there, back;  // what a allows and b does not; what b allows and a does not
  const Witness* of(const model::VariationPoint& point) const {
    const auto one = there.witnesses.find(&point), other = back.witnesses.find(&point);
    if (one == there.witnesses.end()) return other == back.witnesses.end() ? nullptr : &other->second;
    if (other == back.witnesses.end()) return &one->second;
    const auto cost = [](const Witness& w) { return std::pair(w.with.size(), w.steps); };
    return cost(other->second) < cost(one->second) ? &other->second : &one->second;
  }
};

}  // namespace

int explain_difference(const model::Profile& a, const model::Profile& b, const SearchBudget& budget) {
  const Catalogue catalogue = read_catalogue(locations().catalogue);
  const auto scopes = read_scopes({});
  const Told told{departures(scopes, a, b, budget, model::explore::Open::settled),
                  departures(scopes, b, a, budget, model::explore::Open::settled)};
  std::size_t shown = 0, alone = 0;
  const Points points = differing(a, b);
  for (const model::VariationPoint* point : points) {
    const Witness* witness = told.of(*point);
    std::vector<Witness> itself;
    if (!witness) itself = by_itself(scopes, *point, a, b, budget);
    if (interrupt::requested()) return interrupt::exit_status();
    print_heading(*point, a, b, catalogue);
    if (!witness && itself.empty()) {
      say(fmt::format("    no scenario of up to {} calls from the scopes tells them apart", budget.depth));
      say(why_untold(*point).empty() ? "\n" : fmt::format(": {}\n", why_untold(*point)));
      continue;
    }
    ++(witness ? shown : alone);
    print_witness(witness ? *witness : itself.front());
  }
  say(fmt::format(
      "{} and {} differ in {} variation points; by {} of them a scenario above tells the two apart, by {} a "
      "profile from itself with that point changed\n",
      a.name, b.name, points.size(), shown, alone));
  return conform;
}

int explain_envelope(const std::vector<std::string>& names, const SearchBudget& budget) {
  const Catalogue catalogue = read_catalogue(locations().catalogue);
  const auto scopes = read_scopes({});
  const model::Profile& envelope = profile_named("posix");
  std::map<const model::VariationPoint*, std::vector<std::string>> left_by;
  for (const std::string& name : names) {
    const model::Profile& profile = profile_named(name);
    const Departures found = departures(scopes, profile, envelope, budget, model::explore::Open::differs);
    if (interrupt::requested()) return interrupt::exit_status();
    const Points points = differing(profile, envelope);
    say(
        fmt::format("{}: {} answers looked for in the envelope; of {} points in which it differs from posix "
                    "it leaves the "
                    "envelope by {}\n",
                    profile.name, found.endings, points.size(), found.witnesses.size()));
    for (const model::VariationPoint* point : points) {
      const auto witness = found.witnesses.find(point);
      if (witness == found.witnesses.end()) continue;
      left_by[point].push_back(name);
      print_heading(*point, profile, envelope, catalogue);
      print_witness(witness->second);
    }
  }
  say("\nby which point, about which clauses, who leaves posix:\n");
  for (const model::VariationPoint& point : model::variation_points())
    if (const auto who = left_by.find(&point); who != left_by.end())
      say(fmt::format("  {:<18}  {}\n  {:<18}  {}\n", point.name, fmt::join(who->second, " "), "",
                      clauses_about(point, catalogue)));
  return conform;
}

}  // namespace svmq::runner
