// What must hold of an execution.
#pragma once

#include <string>

#include "svmq/language/history.hpp"

namespace svmq::verify {

// What the model (linux-6.18 with the waived variations) does not allow; empty: all is allowed.
std::string judge_history(const language::History& history);

// What does not fit in a queue's files, at rest; empty: all of it is accounted for.
std::string audit_memory(void* head, void* arena);

}  // namespace svmq::verify
