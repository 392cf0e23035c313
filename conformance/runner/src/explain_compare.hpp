// What tells two profiles apart, searched: for each variation point, by a shortest scenario.
#pragma once

#include <map>
#include <optional>
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
  std::vector<std::string> departed;  // the calls before the last in which they differ already
  bool also_otherwise = false;        // who allows it would also do so without the points it is owed to
  std::string allows, refuses;        // the profiles, by name
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
  std::uint64_t endings = 0;     // of the one looked for in the other
  std::vector<std::string> cut;  // the scopes of which the budget of states has left something out

  // Of those to which the point has a part in, the one with the fewest points; of these one that has no other
  // cause too, then with the fewest calls in which they differ before, then steps. nullptr: none.
  const std::pair<const Points, Witness>* best(const model::VariationPoint& point) const;
};

// Where `one` allows what `other` does not; beyond: also behind other such answers.
Departures departures(const std::vector<model::explore::Scope>& scopes, const model::Profile& one,
                      const model::Profile& other, const SearchBudget& budget, bool beyond);

// For a point that none is owed to alone: a scenario that tells a profile from itself with that one point
// changed.
struct ByItself {
  Witness witness;
  const model::explore::Scope* scope;
  std::vector<int> calls;
};
std::optional<ByItself> by_itself(const std::vector<model::explore::Scope>& scopes,
                                  const model::VariationPoint& point, const model::Profile& a,
                                  const model::Profile& b, const SearchBudget& budget);

// Adds what these calls alone show where `one` allows what `other` does not.
void follow(const ByItself& lead, const model::Profile& one, const model::Profile& other, Departures& found);

// What becomes of its calls under the two themselves.
std::string why_not_the_two(const ByItself& lead, const model::Profile& a, const model::Profile& b);

}  // namespace svmq::runner
