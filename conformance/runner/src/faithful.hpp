// Whether a history is one of the scenario that was asked for. A target that leaves steps out would else pass
// with them.
#pragma once

#include <string>
#include <variant>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::runner {

// The history of this scenario in a text, in which each actor did, or was said to skip, its steps in their
// order; one that ended early, and says so, may lack the rest. Else what the text is, as "what is no history:
// …" or "a history that leaves out A: msgrcv(…)".
std::variant<language::History, std::string> read_history(const std::string& text,
                                                          const language::Scenario& scenario);

}  // namespace svmq::runner
