// Two models in lock-step: is everything that one allows allowed by the other?
//
// One world of the one against the set of all worlds in which the other can be, given what has been seen; one
// call at a time, to its end. Breadth first, so that the first difference found is by a shortest sequence of
// calls.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "svmq/explore/conduct.hpp"

namespace svmq::model::explore {

// After these calls, the last one may end so in the one model and in no such way in the other.
struct Difference {
  std::vector<int> calls;
  Ending seen;                  // in the one
  std::vector<Ending> allowed;  // every ending in the other
  Clauses before;               // that the one used for the calls before the last
  std::vector<int> departed;    // of the calls before the last, those in whose answers they differed already
  bool ends = true;             // nothing behind it is visited
};

struct CompareSettings {
  std::size_t depth = 3;               // most calls
  std::uint64_t most_pairs = 200'000;  // of a world and a set of worlds
  Open identifiers = Open::differs;    // an identifier that only the one leaves open
  bool beyond = false;                 // what lies behind a difference is visited too
  std::vector<int> only;               // not empty: these calls in this order, and no others
  std::function<bool()> stop;          // true ends it
};

struct Comparison {
  std::uint64_t pairs = 0, endings = 0;  // pairs visited; endings of the one looked for in the other
  bool complete = false;                 // nothing but the depth has cut it
};

// `found` is told of each difference, and answers whether to go on. What lies behind a difference is not
// visited; or, beyond it, as if the two answers were the same: an identifier is then what each calls its own,
// and the other is in any world in which the same processes were answered, and the same sleep.
Comparison compare(const Stage& one, const Stage& other, const CompareSettings& settings,
                   const std::function<bool(const Difference&)>& found);

// The calls one after the other, as a scenario.
std::string calls_text(const Scope& scope, const std::vector<int>& calls, const std::string& name,
                       const std::string& title);

}  // namespace svmq::model::explore
