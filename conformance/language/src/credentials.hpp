// Credentials as they stand behind process, and in become.
#pragma once

#include "src/cursor.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::language {

inline constexpr std::size_t most_groups = 32;

// Those that are named here, in their order; none is possible.
Credentials read_credentials(Cursor& at);

}  // namespace svmq::language
