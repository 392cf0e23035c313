// How identifiers and indexes are chosen: id.* of the catalogue.
#pragma once

#include <optional>

#include "rule.hpp"

namespace svmq::model {

inline constexpr int index_bits = 15;  // identifier = sequence * 32768 + index (id.form)
inline constexpr int index_count = 1 << index_bits;

int live_queues(const State& state, int space);  // in the namespace
bool computable(const View& view);               // identifiers can be predicted here
QueueIndex queue_at(const State& state, int space, int index);
std::optional<int> highest_index(const State& state, int space);  // in use; empty: none

// A new queue: without an identifier (`error`), with this one, or with one that is open until somebody sees
// it.
struct NewIdentifier {
  std::optional<std::int32_t> id;
  Errno error = Errno::none;
};
// Changes the namespace.
NewIdentifier next_identifier(const View& view, State& state, int space, Clauses& why);

// What msgsnd and msgrcv may say of an identifier that denotes no queue: EIDRM. The queue was removed while
// the call was on its way to it; or the profile allows it, or demands it if the index has a new queue.
Tri is_removed(const View& view, std::int64_t id);

// The clauses by which an identifier that denotes no queue is refused.
Clauses why_unknown(const View& view, std::int64_t id);

// It denotes no queue, its index has another one, and the profile has EIDRM for that.
bool was_reused(const View& view, std::int64_t id);

}  // namespace svmq::model
