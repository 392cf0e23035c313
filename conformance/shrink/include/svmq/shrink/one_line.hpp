// A scenario as one line that survives a shell between single quotes: what a reproduce string holds of a
// shrunk one.
#pragma once

#include <string>
#include <string_view>

#include "svmq/language/scenario.hpp"

namespace svmq::shrink {

// "scenario x; process A; A: q = msgget(IPC_PRIVATE, 0600); end". Without title, clauses and seeds; no ' in
// it.
std::string one_line(const language::Scenario& scenario);

// The text that parse_scenarios() reads.
std::string several_lines(std::string_view line);

}  // namespace svmq::shrink
