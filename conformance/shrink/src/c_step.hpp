// One step of a scenario as a C function body.
#pragma once

#include <map>
#include <set>
#include <string>

#include "svmq/language/scenario.hpp"

namespace svmq::shrink {

struct StepContext {
  const std::map<std::string, int>& variables;  // by name: index
  const std::map<std::string, int>& actors;
  const std::set<std::string>& fields;  // of records, that are to be shown
  bool shows_touched = false;
};

// Statements that make the call and append its result to `at`. Throws NotInC.
std::string c_step(const language::Step& step, const StepContext& context);

// Statements by which a process takes on these credentials.
std::string c_credentials(const language::Credentials& credentials);

}  // namespace svmq::shrink
