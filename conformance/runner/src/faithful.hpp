// Whether a history is one of the scenario that was asked for, and whether what it leaves out is excused. A
// target that leaves steps out would else pass with them.
#pragma once

#include <string>
#include <variant>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"
#include "target.hpp"

namespace svmq::runner {

// The history of this scenario in a text, in which each actor did, or was said to skip, its steps in their
// order; one that ended early, and says so, may lack the rest. Else what the text is, as "what is no history:
// …" or "a history that leaves out A: msgrcv(…)".
std::variant<language::History, std::string> read_history(const std::string& text,
                                                          const language::Scenario& scenario);

// What is wrong with a history that ends as unsupported: it may lack only what the scenario needs and the
// target does not simply have. "" where nothing is, and where it does not end so.
std::string false_excuse(const language::History& history, const language::Scenario& scenario,
                         const Target& target);

}  // namespace svmq::runner
