// Small worlds from text: what `svmq exhaust` visits (conformance/scopes/README.md), and what `svmq explain`
// walks through.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "svmq/explore/scope.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::scope {

// Each step of the scenario as a call to be made once, in their order.
model::explore::Scope bind(const language::Scenario& scenario);

// A scope file: TOML whose calls are lines of the scenario language. Throws Malformed; `file` only names it
// there.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
model::explore::Scope read(std::string_view text, const std::string& file);

}  // namespace svmq::scope
