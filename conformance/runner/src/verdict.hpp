// From a conducted scenario to a judged run: the judge, and what waivers make of its verdict.
#pragma once

#include "conductor.hpp"
#include "results.hpp"

namespace svmq::runner {

// Judges by the target's profile. A nonconforming run all of whose deviations are waived counts as waived,
// but not on a target that must never leave profile posix where it does leave it. Pure and thread-safe; may
// take a while.
Run judged(const Target& target, const Conducted& conducted, const std::vector<Waiver>& waivers,
           const judge::Budget& budget = {});

// The run of a scenario that was not even tried, because the target lacks something.
Run unsupported(const Target& target, const std::string& reason);

}  // namespace svmq::runner
