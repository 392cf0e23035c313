// Worlds and answers as people read them, in the words of the scenario language.
#pragma once

#include <string>
#include <vector>

#include "svmq/explore/conduct.hpp"

namespace svmq::scope {

// One answer: `3 {2, "two"}`, `-1 EAGAIN`; what the model leaves open in words.
std::string show(const model::explore::Scope& scope, const model::explore::Ending& ending,
                 const model::explore::Reply& reply);

// An ending in one line: every answer, and who sleeps. The answers of `actor` stand first and without its
// name.
std::string show(const model::explore::Scope& scope, const model::explore::Ending& ending,
                 model::ActorIndex actor);

// Queues with their messages and waiters, variables, and processes that are not as at the beginning; a line
// each.
std::vector<std::string> show(const model::explore::Scope& scope, const model::explore::World& world);

}  // namespace svmq::scope
