// One explanation of a history, if there is any: the quick half of the judge.
//
// Depth first. A call acts when its return comes, and others act before it only where that would not do. What
// a call will return is known from its beginning, so that a way in which it would return something else is
// left at once.
#pragma once

#include <cstdint>

#include "svmq/judge/judge.hpp"

namespace svmq::judge {

struct Witness {
  enum Outcome {
    found,      // the history conforms
    none,       // no order of its calls explains it
    exhausted,  // the budget ran out
    unfit       // it ends early, or makes no sense: the other half has words for that
  } outcome = unfit;
  std::set<std::string> clauses;
  std::size_t steps = 0;
  std::uint64_t states = 0;
  std::size_t furthest = 0;  // the last event that any way has come to
};

Witness find_witness(const language::History& history, const model::Profile& profile, std::uint64_t budget);

}  // namespace svmq::judge
