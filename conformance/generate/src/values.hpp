// Values near the edges of what a scenario has done so far.
#pragma once

#include "src/draft.hpp"

namespace svmq::generate {

std::int64_t type_to_send(Draft& draft);
std::int64_t type_to_select(Draft& draft, std::optional<std::size_t> queue);

language::Text text_of(Draft& draft, std::uint64_t size);  // tells messages apart by their first byte
std::uint64_t size_to_send(Draft& draft);                  // small, sometimes at the limit
std::uint64_t size_near_room(Draft& draft, const Queue& queue);
std::uint64_t size_to_receive(Draft& draft, std::optional<std::size_t> queue, std::int64_t type,
                              language::Flags flags);

language::Flags flags_to_send(Draft& draft);
language::Flags flags_to_receive(Draft& draft);

language::Flags mode(Draft& draft);  // of a queue that is meant to be used
language::Flags mode_that_hinders(Draft& draft);
Key small_key(Draft& draft);

// The setting that changes nothing, as a start.
language::Setting setting_of(const Queue& queue);

language::Credentials some_user(Draft& draft);  // a user that is not root; as far as that is available

}  // namespace svmq::generate
