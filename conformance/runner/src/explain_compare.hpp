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
  std::string allows, refuses;    // the profiles, by name
  std::vector<std::string> with;  // the other points without which it would not tell them apart
};
using Points = std::vector<const model::VariationPoint*>;
using Witnesses = std::map<const model::VariationPoint*, Witness>;

// The points in which they differ, in the order of the record.
Points differing(const model::Profile& a, const model::Profile& b);
std::string value_name(const model::VariationPoint& point, const model::Profile& profile);

struct Departures {
  Witnesses witnesses;
  std::uint64_t endings = 0;  // of the one looked for in the other
};

// Where `one` allows what `other` does not: for each point to which some such scenario is owed, a shortest
// one. Owed: with nothing of `one` but this point, and those that the witness names, `other` would allow it.
Departures departures(const std::vector<model::explore::Scope>& scopes, const model::Profile& one,
                      const model::Profile& other, const SearchBudget& budget,
                      model::explore::Open identifiers);

// … for a point that none is owed to: a scenario that tells a profile from itself with that one point
// changed. Empty: there is none.
std::vector<Witness> by_itself(const std::vector<model::explore::Scope>& scopes,
                               const model::VariationPoint& point, const model::Profile& a,
                               const model::Profile& b, const SearchBudget& budget);

}  // namespace svmq::runner
