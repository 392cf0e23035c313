// Reads one step: ACTOR: VAR = CALL(ARGS).
#pragma once

#include <string_view>

#include "src/cursor.hpp"
#include "src/scope.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::language {

// A step with the actor that stands before it, if one does; what it sets is set in the scope.
Step read_step(Cursor& at, Scope& scope);

// The same behind "ACTOR:" or, with an empty actor, where there is none.
Step read_step_of(Cursor& at, Scope& scope, std::string actor, Place place);

// ACTOR ':' of a declared one; empty, and the cursor where it was, if the line does not begin so.
std::string read_actor_prefix(Cursor& at, Scope& scope);

}  // namespace svmq::language
