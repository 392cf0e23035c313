#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "catalogue.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "explain.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "scopes.hpp"
#include "svmq/explore/compare.hpp"
#include "svmq/scope/show.hpp"

namespace svmq::runner {
namespace {

namespace explore = model::explore;

// What the profile's value of a point is known from, where the model tells.
template <class Point>
std::string evidence(const Point& point, const model::Profile& profile) {
  if constexpr (requires { point.evidence(profile); })
    return std::string(point.evidence(profile));
  else
    return {};
}

std::string value_name(const model::VariationPoint& point, const model::Profile& profile) {
  return std::string(point.values[point.value(profile)]);
}

void print_block(const std::string& text, const char* indent) {
  std::size_t from = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos;
       from = end + 1, end = text.find('\n', from))
    say(indent + text.substr(from, end + 1 - from));
}

model::ActorIndex last_actor(const explore::Scope& scope, const explore::Difference& difference) {
  return scope.calls[static_cast<std::size_t>(difference.calls.back())].actor;
}

// A difference as people read it. Made while its scope is alive.
struct Witness {
  std::size_t steps = 0;
  std::string scenario, seen;
  std::set<std::string> allowed;
  std::set<std::string> clauses;
};

Witness witness(const explore::Scope& scope, const explore::Difference& difference, const std::string& name,
                const std::string& title) {
  Witness w;
  w.steps = scope.before.size() + difference.calls.size();
  w.scenario = explore::calls_text(scope, difference.calls, name, title);
  w.seen = scope::show(scope, difference.seen, last_actor(scope, difference));
  for (const explore::Ending& ending : difference.allowed)
    w.allowed.insert(scope::show(scope, ending, last_actor(scope, difference)));
  for (const model::Clause& clause : difference.seen.clauses) w.clauses.insert(clause.id());
  for (const explore::Reply& reply : difference.seen.replies)
    for (const model::Clause& clause : reply.why) w.clauses.insert(clause.id());
  return w;
}

explore::CompareSettings compare_settings(const SearchBudget& budget) {
  explore::CompareSettings settings;
  settings.depth = budget.depth;
  settings.most_pairs = budget.states;
  settings.stop = [] { return interrupt::requested(); };
  return settings;
}

struct Side {
  const model::Profile* profile;
  std::string name;
};

// A shortest scenario after which the one allows what the other does not; one with fewer steps than `best`
// has.
void search(const explore::Scope& scope, const Side& one, const Side& other, const SearchBudget& budget,
            const std::string& name, std::optional<Witness>& best, bool& one_allows) {
  SearchBudget less = budget;
  if (best) {
    if (best->steps <= scope.before.size() + 1) return;
    less.depth = std::min(budget.depth, best->steps - scope.before.size() - 1);
  }
  const explore::Stage a(scope, *one.profile), b(scope, *other.profile);
  (void)explore::compare(a, b, compare_settings(less), [&](const explore::Difference& difference) {
    best = witness(scope, difference, name, fmt::format("{} allows what {} does not", one.name, other.name));
    one_allows = true;
    return false;
  });
}

// To which clauses a departure is owed: to those of this answer that are known to deviate, else to the last
// such of the steps before, else to the first of this answer.
std::set<std::string> blamed(const Witness& w, const explore::Difference& difference,
                             const std::map<std::string, ClauseEntry>& catalogue) {
  const auto deviates = [&](const std::string& clause) {
    const auto entry = catalogue.find(clause);
    return entry != catalogue.end() && entry->second.level == "deviation";
  };
  std::set<std::string> clauses;
  for (const std::string& clause : w.clauses)
    if (deviates(clause)) clauses.insert(clause);
  if (!clauses.empty()) return clauses;
  for (const model::Clause& clause : difference.before)
    if (deviates(clause.id())) clauses = {clause.id()};
  if (clauses.empty())
    clauses.insert(difference.seen.clauses.empty() ? "no clause" : (*difference.seen.clauses.begin()).id());
  return clauses;
}

std::size_t column(const std::vector<std::string>& words) {
  std::size_t width = 0;
  for (const std::string& word : words) width = std::max(width, word.size());
  return width;
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
    const std::string known_from = evidence(point, profile);
    std::vector<std::string> others;
    for (const std::string_view value : point.values)
      if (value != values[i]) others.emplace_back(value);
    say(fmt::format("  {:<{}}  {:<{}}  {}\n", names[i], column(names), values[i], column(values),
                    known_from.empty() ? fmt::format("(else: {})", fmt::join(others, ", ")) : known_from));
  }
  return conform;
}

namespace {

// What a point does, by example.
struct Told {
  Witness witness;
  std::string allows, refuses;  // the profile that allows how it ends, and the one that does not
};

void print_difference(const Told& told) {
  print_block(told.witness.scenario, "    ");
  say(fmt::format("    {} allows the last step to end so:\n      {}\n", told.allows, told.witness.seen));
  say(fmt::format("    {} allows:\n", told.refuses));
  for (const std::string& allowed : told.witness.allowed) say(fmt::format("      {}\n", allowed));
}

// A shortest scenario that tells a profile from itself with the point as `other` has it.
std::optional<Told> tell(const std::vector<explore::Scope>& scopes, const model::VariationPoint& point,
                         const model::Profile& profile, const model::Profile& other,
                         const SearchBudget& budget) {
  model::Profile changed = profile;
  point.set(changed, point.value(other));
  const Side one{&profile, std::string(profile.name)};
  const Side two{&changed, fmt::format("{} with {}={}", profile.name, point.name, value_name(point, other))};
  std::optional<Witness> best;
  bool one_allows = false;
  for (const explore::Scope& scope : scopes) {
    bool found = false;
    search(scope, one, two, budget, fmt::format("tells-{}", point.name), best, found);
    if (found) one_allows = true;
    found = false;
    search(scope, two, one, budget, fmt::format("tells-{}", point.name), best, found);
    if (found) one_allows = false;
    if (interrupt::requested()) return std::nullopt;
  }
  if (!best) return std::nullopt;
  return Told{std::move(*best), one_allows ? one.name : two.name, one_allows ? two.name : one.name};
}

}  // namespace

// A point may matter in the one profile only: where what else the other has leaves nothing of it to be seen.
int explain_difference(const model::Profile& a, const model::Profile& b, const SearchBudget& budget) {
  const std::vector<explore::Scope> scopes = read_scopes({});
  std::size_t differing = 0, shown = 0;
  for (const model::VariationPoint& point : model::variation_points()) {
    if (point.value(a) == point.value(b)) continue;
    ++differing;
    std::optional<Told> told = tell(scopes, point, a, b, budget);
    if (!told) told = tell(scopes, point, b, a, budget);
    if (interrupt::requested()) return interrupt::exit_status();
    say(fmt::format("{}: {} is {}, {} is {}\n", point.name, a.name, value_name(point, a), b.name,
                    value_name(point, b)));
    if (!told) {
      say(fmt::format("    no scenario of up to {} calls from the scopes tells them apart\n", budget.depth));
      continue;
    }
    ++shown;
    print_difference(*told);
  }
  say(fmt::format("{} and {} differ in {} variation points; {} of them are told apart by a scenario above\n",
                  a.name, b.name, differing, shown));
  return conform;
}

int explain_envelope(const std::vector<std::string>& names, const SearchBudget& budget) {
  const std::map<std::string, ClauseEntry> catalogue = read_catalogue(locations().catalogue);
  const std::vector<explore::Scope> scopes = read_scopes({});
  const model::Profile& envelope = profile_named("posix");
  for (const std::string& name : names) {
    const model::Profile& profile = profile_named(name);
    std::map<std::string, Witness> departures;  // by the clauses that the departing answer owes itself to
    std::uint64_t endings = 0;
    for (const explore::Scope& scope : scopes) {
      const explore::Stage one(scope, profile), other(scope, envelope);
      const explore::Comparison compared =
          explore::compare(one, other, compare_settings(budget), [&](const explore::Difference& difference) {
            Witness w =
                witness(scope, difference, "departs", fmt::format("{} leaves the envelope", profile.name));
            for (const std::string& clause : blamed(w, difference, catalogue)) {
              const auto [place, fresh] = departures.emplace(clause, w);
              if (!fresh && w.steps < place->second.steps) place->second = w;
            }
            return true;
          });
      endings += compared.endings;
      if (interrupt::requested()) return interrupt::exit_status();
    }
    say(fmt::format("{}: {} answers looked for in the envelope; it is left by {} {}{}\n", profile.name,
                    endings, departures.size(), departures.size() == 1 ? "clause" : "clauses",
                    departures.empty() ? "" : ":"));
    for (const auto& [clause, w] : departures) {
      const auto entry = catalogue.find(clause);
      say(fmt::format("  {}  ({})\n", clause, entry == catalogue.end() ? "no clause" : entry->second.level));
      print_block(w.scenario, "    ");
      say(fmt::format("    {} allows:\n      {}\n    posix allows:\n", profile.name, w.seen));
      for (const std::string& allowed : w.allowed) say(fmt::format("      {}\n", allowed));
    }
  }
  return conform;
}

}  // namespace svmq::runner
