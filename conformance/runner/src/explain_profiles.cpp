#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

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

bool is_about(std::size_t clause, const model::VariationPoint& point) {
  return std::ranges::any_of(model::clause_conditions, [&](const model::ClauseCondition& condition) {
    return condition.clause == clause && condition.where.substr(0, condition.where.find('=')) == point.name;
  });
}

// The clauses that these points decide about together, with their levels: `msgrcv.lrpid.thread (deviation)`.
std::string clauses_about(const Points& points, const Catalogue& catalogue) {
  std::vector<std::string> words;
  for (std::size_t clause = 0; clause < model::clause_count; ++clause) {
    if (!std::ranges::all_of(points, [&](const auto* point) { return is_about(clause, *point); })) continue;
    const std::string id(model::clause_ids[clause]);
    words.push_back(fmt::format("{} ({})", id, catalogue.at(id).level));
  }
  return words.empty() ? "no clause" : fmt::format("{}", fmt::join(words, ", "));
}

std::string names(const Points& points) {
  std::vector<std::string_view> words;
  for (const auto* point : points) words.push_back(point->name);
  return fmt::format("{}", fmt::join(words, " + "));
}

void print_heading(const Points& points, const model::Profile& a, const model::Profile& b,
                   const Catalogue& catalogue) {
  std::vector<std::string> of_a, of_b;
  for (const auto* point : points) {
    of_a.push_back(value_name(*point, a));
    of_b.push_back(value_name(*point, b));
  }
  say(fmt::format("{}: {} is {}, {} is {}\n    about: {}\n", names(points), a.name, fmt::join(of_a, " + "),
                  b.name, fmt::join(of_b, " + "), clauses_about(points, catalogue)));
}

void print_witness(const Witness& witness) {
  print_block(witness.scenario, "    ");
  say(fmt::format("    {} allows the last step to end so:\n      {}\n", witness.allows, witness.seen));
  say(fmt::format("    {} allows:\n", witness.refuses));
  for (const std::string& allowed : witness.allowed) say(fmt::format("      {}\n", allowed));
  if (witness.also_otherwise)
    say(fmt::format(
        "    {} with it alone would end so too; but {} would also without it: other points do the same\n",
        witness.refuses, witness.allows));
  if (!witness.departed.empty())
    say(fmt::format("    they have differed before, in the answer to {}\n",
                    fmt::join(witness.departed, " and ")));
}

// What was searched, and what was not.
void print_bounds(const Departures& found, std::size_t scopes, const SearchBudget& budget) {
  say(fmt::format("searched: {} scopes, up to {} calls one after another, no races", scopes, budget.depth));
  say(found.cut.empty() ? "; all of it\n"
                        : fmt::format("; all of it but in {}, where it ended at {} states\n",
                                      fmt::join(found.cut, " "), budget.states));
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
           "history in which that happened is told apart by svmq judge";
  return "";
}

// Scenarios of the corpus with a race, about a clause that the point decides about.
std::vector<std::string> races_about(const model::VariationPoint& point) {
  std::vector<std::string> races;
  for (const Task& task : read_scenarios({locations().corpus})) {
    const auto races_here = [](const language::Item& item) {
      return std::holds_alternative<language::Concurrent>(item);
    };
    const auto about = [&](const std::string& id) {
      const auto clause = std::ranges::find(model::clause_ids, id) - std::begin(model::clause_ids);
      return is_about(static_cast<std::size_t>(clause), point);
    };
    if (std::ranges::any_of(task.scenario.items, races_here) &&
        std::ranges::any_of(task.scenario.clauses, about))
      races.push_back(fmt::format("{} ({})", task.scenario.name, task.source));
  }
  return races;
}

void print_untold(const model::VariationPoint& point, const SearchBudget& budget) {
  say(fmt::format("    no scenario of up to {} calls from the scopes tells them apart", budget.depth));
  say(why_untold(point).empty() ? "\n" : fmt::format(": {}\n", why_untold(point)));
  if (const auto races = races_about(point); !races.empty())
    say(fmt::format("    a race that can end in such a history: {}\n", fmt::join(races, ", ")));
}

using Owed = std::pair<const Points, Witness>;  // a witness, and to which points it is owed

// The better of what a allows and b does not, and of what b allows and a does not.
const Owed* better(const Owed* one, const Owed* other) {
  const auto cost = [](const Owed& owed) {
    return std::tuple(owed.first.size(), owed.second.also_otherwise, owed.second.departed.size(),
                      owed.second.steps);
  };
  if (one == nullptr || other == nullptr) return one == nullptr ? other : one;
  return cost(*other) < cost(*one) ? other : one;
}

}  // namespace

int explain_difference(const model::Profile& a, const model::Profile& b, const SearchBudget& budget) {
  const Catalogue catalogue = read_catalogue(locations().catalogue);
  const auto scopes = read_scopes({});
  Departures there = departures(scopes, a, b, budget, true), back = departures(scopes, b, a, budget, true);
  std::size_t shown = 0, alone = 0;
  const Points points = differing(a, b);
  for (const model::VariationPoint* point : points) {
    const Owed* owed = better(there.best(*point), back.best(*point));
    std::optional<ByItself> itself;
    if (owed == nullptr || owed->first.size() > 1 || owed->second.also_otherwise)
      itself = by_itself(scopes, *point, a, b, budget);
    if (itself) {
      follow(*itself, a, b, there);
      follow(*itself, b, a, back);
      owed = better(there.best(*point), back.best(*point));
    }
    if (interrupt::requested()) return interrupt::exit_status();
    print_heading({point}, a, b, catalogue);
    if (owed == nullptr && !itself) {
      print_untold(*point, budget);
      continue;
    }
    ++(owed != nullptr ? shown : alone);
    if (owed != nullptr && owed->first.size() > 1) say(fmt::format("    owed to {}\n", names(owed->first)));
    print_witness(owed != nullptr ? owed->second : itself->witness);
    if (owed == nullptr) say(fmt::format("    {}\n", why_not_the_two(*itself, a, b)));
  }
  say(fmt::format(
      "{} and {} differ in {} variation points; by {} of them a scenario above tells the two apart, by {} a "
      "profile from itself with that point changed\n",
      a.name, b.name, points.size(), shown, alone));
  Departures both = there;
  for (const std::string& scope : back.cut)
    if (std::ranges::find(both.cut, scope) == both.cut.end()) both.cut.push_back(scope);
  print_bounds(both, scopes.size(), budget);
  return conform;
}

int explain_envelope(const std::vector<std::string>& names_of_profiles, const SearchBudget& budget) {
  const Catalogue catalogue = read_catalogue(locations().catalogue);
  const auto scopes = read_scopes({});
  const model::Profile& envelope = profile_named("posix");
  std::map<Points, std::vector<std::string>> left_by;
  for (const std::string& name : names_of_profiles) {
    const model::Profile& profile = profile_named(name);
    const Departures found = departures(scopes, profile, envelope, budget, false);
    if (interrupt::requested()) return interrupt::exit_status();
    say(fmt::format(
        "{}: {} answers looked for in the envelope; it differs from posix in {} points, and leaves the "
        "envelope in {} ways\n",
        profile.name, found.endings, differing(profile, envelope).size(), found.witnesses.size()));
    print_bounds(found, scopes.size(), budget);
    for (const auto& [points, witness] : found.witnesses) {
      left_by[points].push_back(name);
      print_heading(points, profile, envelope, catalogue);
      print_witness(witness);
    }
  }
  say("\nby which points, about which clauses, who leaves posix:\n");
  for (const auto& [points, who] : left_by)
    say(fmt::format("  {}\n      {}\n      {}\n", names(points), fmt::join(who, " "),
                    clauses_about(points, catalogue)));
  return conform;
}

}  // namespace svmq::runner
