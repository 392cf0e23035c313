// Whether a history is one of the scenario that was asked for. A target that leaves steps out would else pass
// with them.
#pragma once

#include <string>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::runner {

// What is wrong, as "leaves out A: msgrcv(…)"; empty: each actor did, or was said to skip, its steps in their
// order. A history that ended early, and says so, may lack the rest.
std::string unfaithful(const language::Scenario& scenario, const language::History& history);

}  // namespace svmq::runner
