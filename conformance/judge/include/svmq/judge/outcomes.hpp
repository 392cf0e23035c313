// Everything that can come of a small scenario: every interleaving and every choice, one after the other.
//
// Brute force, for scenarios of a few calls: what the judge decides cleverly is here just tried out, so that
// the two can be compared. Pure and thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"
#include "svmq/model/profile.hpp"

namespace svmq::judge {

// What became of each step, in the order of the scenario: its result, or "asleep" (still, in the end),
// "skipped", "id" (a queue's identifier, whatever it is), "killed by signal N", "exited with N".
using Outcome = std::vector<std::variant<language::Result, std::string>>;

// Nothing: there are more than `most`, or it would take too long to find out.
std::optional<std::vector<Outcome>> outcomes(const language::Scenario& scenario,
                                             const model::Profile& profile, std::size_t most);

// Calls `visit` once with every history that the model can produce, until it returns false.
void histories(const language::Scenario& scenario, const model::Profile& profile,
               const std::function<bool(const language::History&)>& visit);

// Can the model produce this history of the scenario? Searches with backtracking; nothing if that takes more
// than `most` steps.
std::optional<bool> producible(const language::Scenario& scenario, const model::Profile& profile,
                               const language::History& history, std::size_t most);

}  // namespace svmq::judge
