// Which clauses a run has exercised, of those that it could have.
#pragma once

#include <string>

#include "results.hpp"

namespace svmq::runner {

// For people, a line: how many of the clauses that the target's profile has and that calls can show were
// exercised on it, and the names of the others.
std::string coverage_line(const TargetResult& result);

}  // namespace svmq::runner
