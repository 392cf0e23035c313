// Reads what stands behind "= " in a history.
#pragma once

#include <cstdint>

#include "src/cursor.hpp"
#include "src/scope.hpp"
#include "svmq/language/history.hpp"

namespace svmq::language {

// The result of that call. Received bytes are expanded, and taken from `room`, so that no text can fill the
// memory.
Result read_result(Cursor& at, const Scope& scope, const Action& call, std::uint64_t& room);

}  // namespace svmq::language
