#include "explain_compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "interrupt.hpp"
#include "svmq/scope/show.hpp"

namespace svmq::runner {
namespace {

namespace explore = model::explore;

Witness witness(const explore::Scope& scope, const explore::Difference& difference, const std::string& name,
                const model::Profile& one, const model::Profile& other) {
  const model::ActorIndex last = scope.calls[static_cast<std::size_t>(difference.calls.back())].actor;
  Witness w;
  w.steps = scope.before.size() + difference.calls.size();
  w.allows = one.name;
  w.refuses = other.name;
  w.scenario = explore::calls_text(scope, difference.calls, name,
                                   w.allows + " allows what " + w.refuses + " does not");
  w.seen = scope::show(scope, difference.seen, last);
  for (const explore::Ending& ending : difference.allowed) w.allowed.insert(scope::show(scope, ending, last));
  for (const int call : difference.departed)
    w.departed.push_back(scope.calls[static_cast<std::size_t>(call)].text);
  return w;
}

model::Profile with(const model::Profile& profile, const Points& points, const model::Profile& from) {
  model::Profile changed = profile;
  for (const model::VariationPoint* point : points) point->set(changed, point->value(from));
  return changed;
}

// Fewer points, as long as `enough` holds of those that are left: none of them can be spared.
template <class Enough>
Points minimal(Points points, Enough enough) {
  for (std::size_t chunk = std::max<std::size_t>(points.size() / 2, 1);; chunk /= 2) {
    for (std::size_t at = 0; at < points.size();) {
      Points fewer(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(at));
      fewer.insert(fewer.end(),
                   points.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, points.size())),
                   points.end());
      if (!fewer.empty() && enough(fewer))
        points = std::move(fewer);
      else
        at += chunk;
    }
    if (chunk == 1) return points;
  }
}

// Few points, no other cause, few differences before the one that is shown, few steps.
auto cost(const Points& points, const Witness& w) {
  return std::tuple(points.size(), w.also_otherwise, w.departed.size(), w.steps);
}

// These calls alone, whatever differs before the last.
explore::CompareSettings only(const std::vector<int>& calls) {
  explore::CompareSettings settings;
  settings.only = calls;
  settings.beyond = true;
  return settings;
}

// One search of one scope.
class Departing {
 public:
  Departing(const explore::Scope& scope, const model::Profile& one, const model::Profile& other,
            const explore::CompareSettings& settings, Departures& found)
      : scope_(scope),
        one_(one),
        other_(other),
        settings_(settings),
        differing_(differing(one, other)),
        found_(found) {}

  void run() {
    const explore::Stage a(scope_, one_), b(scope_, other_);
    const explore::Comparison done =
        explore::compare(a, b, settings_, [&](const explore::Difference& difference) {
          note(difference);
          return true;
        });
    found_.endings += done.endings;
    if (!done.complete && std::ranges::find(found_.cut, scope_.name) == found_.cut.end())
      found_.cut.push_back(scope_.name);
  }

 private:
  void note(const explore::Difference& difference) {
    Witness w = witness(scope_, difference, "departs", one_, other_);
    // The same answer to the same call, refused for the same others: once is enough.
    if (!seen_.insert({difference.calls.back(), w.departed, w.seen, w.allowed}).second) return;
    const Points alone = could_have(w);
    if (alone.empty()) return;
    const auto explain = [&](const Points& points) {
      return ends_so(with(other_, points, one_), difference, w.seen);
    };
    bool explained = false;
    for (const model::VariationPoint* point : alone)
      if (explain({point})) {
        // It suffices, and is not needed: whose doing it is, what else suffices says.
        const Points rest = without(point);
        keep(!settings_.beyond && explain(rest) ? minimal(rest, explain) : Points{point}, w, difference);
        explained = true;
      }
    if (!explained && explain(differing_)) keep(minimal(differing_, explain), w, difference);
  }

  void keep(const Points& points, Witness w, const explore::Difference& difference) {
    w.also_otherwise = ends_so(with(one_, points, other_), difference, w.seen);
    const auto [place, fresh] = found_.witnesses.emplace(points, w);
    if (!fresh && cost(points, w) < cost(points, place->second)) place->second = w;
  }

  Points without(const model::VariationPoint* point) const {
    Points rest = differing_;
    std::erase(rest, point);
    return rest;
  }

  // The points for which this would be the best witness, were it owed to them alone.
  Points could_have(const Witness& w) const {
    Points points;
    for (const model::VariationPoint* point : differing_) {
      const auto* known = found_.best(*point);
      if (known == nullptr || cost({point}, w) < cost(known->first, known->second)) points.push_back(point);
    }
    return points;
  }

  // Does this profile end the last call as `one` does?
  bool ends_so(const model::Profile& hybrid, const explore::Difference& difference,
               const std::string& seen) const {
    explore::CompareSettings alone = only(difference.calls);
    alone.identifiers = settings_.identifiers;
    const model::ActorIndex last = scope_.calls[static_cast<std::size_t>(difference.calls.back())].actor;
    bool allows = true;
    (void)explore::compare(explore::Stage(scope_, one_), explore::Stage(scope_, hybrid), alone,
                           [&](const explore::Difference& d) {
                             const bool at_last = d.calls.size() == difference.calls.size();
                             if (at_last ? scope::show(scope_, d.seen, last) == seen : d.ends) allows = false;
                             return allows;
                           });
    return allows;
  }

  const explore::Scope& scope_;
  const model::Profile &one_, &other_;
  const explore::CompareSettings settings_;
  const Points differing_;
  Departures& found_;
  std::set<std::tuple<int, std::vector<std::string>, std::string, std::set<std::string>>> seen_;
};

// A scenario with fewer steps than `best` has after which the one allows what the other does not.
void search(const explore::Scope& scope, const model::Profile& one, const model::Profile& other,
            const SearchBudget& budget, const std::string& name, std::optional<ByItself>& best) {
  SearchBudget less = budget;
  if (best) {
    if (best->witness.steps <= scope.before.size() + 1) return;
    less.depth = std::min(budget.depth, best->witness.steps - scope.before.size() - 1);
  }
  const explore::Stage a(scope, one), b(scope, other);
  (void)explore::compare(a, b, compare_settings(less, explore::Open::differs),
                         [&](const explore::Difference& difference) {
                           best = {witness(scope, difference, name, one, other), &scope, difference.calls};
                           return false;
                         });
}

}  // namespace

const std::pair<const Points, Witness>* Departures::best(const model::VariationPoint& point) const {
  const std::pair<const Points, Witness>* best = nullptr;
  for (const auto& known : witnesses)
    if (std::ranges::find(known.first, &point) != known.first.end() &&
        (!best || cost(known.first, known.second) < cost(best->first, best->second)))
      best = &known;
  return best;
}

explore::CompareSettings compare_settings(const SearchBudget& budget, explore::Open identifiers) {
  explore::CompareSettings settings;
  settings.depth = budget.depth;
  settings.most_pairs = budget.states;
  settings.identifiers = identifiers;
  settings.stop = [] { return interrupt::requested(); };
  return settings;
}

Points differing(const model::Profile& a, const model::Profile& b) {
  Points points;
  for (const model::VariationPoint& point : model::variation_points())
    if (point.value(a) != point.value(b)) points.push_back(&point);
  return points;
}

std::string value_name(const model::VariationPoint& point, const model::Profile& profile) {
  return std::string(point.values[point.value(profile)]);
}

namespace {

// Several points together say nothing new if each has a part in fewer.
void drop_what_fewer_say(std::map<Points, Witness>& witnesses) {
  const auto has_a_part_in_fewer = [&](const model::VariationPoint* point, std::size_t than) {
    return std::ranges::any_of(witnesses, [&](const auto& other) {
      return other.first.size() < than && std::ranges::find(other.first, point) != other.first.end();
    });
  };
  std::vector<Points> idle;
  for (const auto& [points, witness] : witnesses)
    if (std::ranges::all_of(points,
                            [&](const auto* point) { return has_a_part_in_fewer(point, points.size()); }))
      idle.push_back(points);
  for (const Points& points : idle) witnesses.erase(points);
}

}  // namespace

Departures departures(const std::vector<explore::Scope>& scopes, const model::Profile& one,
                      const model::Profile& other, const SearchBudget& budget, bool beyond) {
  Departures found;
  explore::CompareSettings settings = compare_settings(budget, explore::Open::differs);
  for (const explore::Scope& scope : scopes) {
    Departing(scope, one, other, settings, found).run();
    if (beyond) {
      // An identifier that only the one leaves open: as if it were the other's.
      explore::CompareSettings further = compare_settings(budget, explore::Open::settled);
      further.beyond = true;
      Departing(scope, one, other, further, found).run();
    }
    if (interrupt::requested()) break;
  }
  drop_what_fewer_say(found.witnesses);
  return found;
}

std::optional<ByItself> by_itself(const std::vector<explore::Scope>& scopes,
                                  const model::VariationPoint& point, const model::Profile& a,
                                  const model::Profile& b, const SearchBudget& budget) {
  for (const auto& [base, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    model::Profile changed = with(*base, {&point}, *other);
    const std::string name = fmt::format("{} with {}={}", base->name, point.name, value_name(point, *other));
    changed.name = name;
    std::optional<ByItself> best;
    for (const explore::Scope& scope : scopes) {
      search(scope, *base, changed, budget, "by-itself", best);
      search(scope, changed, *base, budget, "by-itself", best);
      if (interrupt::requested()) return {};
    }
    if (best) return best;
  }
  return {};
}

void follow(const ByItself& lead, const model::Profile& one, const model::Profile& other, Departures& found) {
  Departing(*lead.scope, one, other, only(lead.calls), found).run();
}

std::string why_not_the_two(const ByItself& lead, const model::Profile& a, const model::Profile& b) {
  std::set<std::string> before;
  bool differ_at_last = false;
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
    (void)explore::compare(
        explore::Stage(*lead.scope, *one), explore::Stage(*lead.scope, *other), only(lead.calls),
        [&](const explore::Difference& d) {
          if (d.calls.size() == lead.calls.size())
            differ_at_last = true;
          else
            before.insert(lead.scope->calls[static_cast<std::size_t>(d.calls.back())].text);
          return true;
        });
  const std::string after =
      before.empty() ? ""
                     : fmt::format(", once they have answered differently to {}", fmt::join(before, " and "));
  return fmt::format("{} and {} themselves {}{}", a.name, b.name,
                     differ_at_last ? "differ at the last step by other points" : "end the last step alike",
                     after);
}

}  // namespace svmq::runner
