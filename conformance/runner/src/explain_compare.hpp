// What tells two profiles apart, searched: for each variation point, by a shortest scenario.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "explain.hpp"
#include "svmq/explore/compare.hpp"

namespace svmq::runner {

// A scenario at whose end one profile allows what another does not.
struct Witness {
  std::size_t steps = 0;
  std::string scenario, seen;
  std::set<std::string> allowed;
  std::string allows, refuses;  // the profiles, by name
};
using Points = std::vector<const model::VariationPoint*>;

// The points in which they differ, in the order of the record.
Points differing(const model::Profile& a, const model::Profile& b);
std::string value_name(const model::VariationPoint& point, const model::Profile& profile);

// Of a search within the budget, which an interrupt ends.
model::explore::CompareSettings compare_settings(const SearchBudget& budget,
                                                 model::explore::Open identifiers);

// By the points to which it is owed, a shortest scenario. Owed: with these points, and nothing else, of the
// one profile the other would allow it, and with fewer of them it would not.
struct Departures {
  std::map<Points, Witness> witnesses;
  std::uint64_t endings = 0;  // of the one looked for in the other

  // Of those to which the point has a part in, the one with the fewest points, then steps. nullptr: none.
  const std::pair<const Points, Witness>* best(const model::VariationPoint& point) const;
};

// Where `one` allows what `other` does not.
Departures departures(const std::vector<model::explore::Scope>& scopes, const model::Profile& one,
                      const model::Profile& other, const SearchBudget& budget,
                      model::explore::Open identifiers);

// … for a point that none is owed to: a scenario that tells a profile from itself with that one point
// changed. Empty: there is none.
std::vector<Witness> by_itself(const std::vector<model::explore::Scope>& scopes,
                               const model::VariationPoint& point, const model::Profile& a,
                               const model::Profile& b, const SearchBudget& budget);

}  // namespace svmq::runner
