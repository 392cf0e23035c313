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
    found_.endings += explore::compare(a, b, settings_, [&](const explore::Difference& difference) {
                        note(difference);
                        return true;
                      }).endings;
  }

 private:
  void note(const explore::Difference& difference) {
    const std::size_t steps = scope_.before.size() + difference.calls.size();
    Witness w = witness(scope_, difference, "departs", one_, other_);
    // The same answer to the same call, refused for the same others: once is enough.
    if (!seen_.insert({difference.calls.back(), w.seen, w.allowed}).second || !could_help(steps)) return;
    const Points reasons =
        minimal(differing_, [&](const Points& points) { return departs(points, difference.calls); });
    const auto [place, fresh] = found_.witnesses.emplace(reasons, w);
    if (!fresh && w.steps < place->second.steps) place->second = std::move(w);
  }

  bool could_help(std::size_t steps) const {
    return std::ranges::any_of(differing_, [&](const model::VariationPoint* point) {
      const auto* known = found_.best(*point);
      return known == nullptr || known->first.size() > 1 || known->second.steps > steps;
    });
  }

  // Would `other` do the same, had it these points of `one`?
  bool departs(const Points& points, const std::vector<int>& calls) const {
    const model::Profile hybrid = with(other_, points, one_);
    explore::CompareSettings alone = settings_;
    alone.only = calls;
    return explore::differs(explore::Stage(scope_, hybrid), explore::Stage(scope_, other_), alone);
  }

  const explore::Scope& scope_;
  const model::Profile &one_, &other_;
  const explore::CompareSettings settings_;
  const Points differing_;
  Departures& found_;
  std::set<std::tuple<int, std::string, std::set<std::string>>> seen_;
};

// A scenario with fewer steps than `best` has after which the one allows what the other does not.
void search(const explore::Scope& scope, const model::Profile& one, const model::Profile& other,
            const SearchBudget& budget, const std::string& name, std::optional<Witness>& best) {
  SearchBudget less = budget;
  if (best) {
    if (best->steps <= scope.before.size() + 1) return;
    less.depth = std::min(budget.depth, best->steps - scope.before.size() - 1);
  }
  const explore::Stage a(scope, one), b(scope, other);
  (void)explore::compare(a, b, compare_settings(less, explore::Open::differs),
                         [&](const explore::Difference& difference) {
                           best = witness(scope, difference, name, one, other);
                           return false;
                         });
}

}  // namespace

const std::pair<const Points, Witness>* Departures::best(const model::VariationPoint& point) const {
  const std::pair<const Points, Witness>* best = nullptr;
  const auto cost = [](const auto& of) { return std::pair(of.first.size(), of.second.steps); };
  for (const auto& known : witnesses)
    if (std::ranges::find(known.first, &point) != known.first.end() && (!best || cost(known) < cost(*best)))
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
                      const model::Profile& other, const SearchBudget& budget, explore::Open identifiers) {
  Departures found;
  for (const explore::Scope& scope : scopes) {
    Departing(scope, one, other, compare_settings(budget, explore::Open::differs), found).run();
    // Behind an identifier that only the one leaves open: as if it were the other's.
    if (identifiers == explore::Open::settled)
      Departing(scope, one, other, compare_settings(budget, identifiers), found).run();
    if (interrupt::requested()) break;
  }
  drop_what_fewer_say(found.witnesses);
  return found;
}

std::vector<Witness> by_itself(const std::vector<explore::Scope>& scopes, const model::VariationPoint& point,
                               const model::Profile& a, const model::Profile& b, const SearchBudget& budget) {
  for (const auto& [base, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    model::Profile changed = with(*base, {&point}, *other);
    const std::string name = fmt::format("{} with {}={}", base->name, point.name, value_name(point, *other));
    changed.name = name;
    std::optional<Witness> best;
    for (const explore::Scope& scope : scopes) {
      search(scope, *base, changed, budget, "by-itself", best);
      search(scope, changed, *base, budget, "by-itself", best);
      if (interrupt::requested()) return {};
    }
    if (best) return {*best};
  }
  return {};
}

}  // namespace svmq::runner
