// How identifiers and indexes are chosen: id.* of the catalogue.
#pragma once

#include <optional>

#include "rule.hpp"

namespace svmq::model {

inline constexpr int index_bits = 15;                     // id.form: identifier = sequence * 32768 + index
inline constexpr int index_count = 1 << index_bits;

int live_queues(const State& state, int space);           // in the namespace
bool computable(const View& view);                        // identifiers can be predicted here
QueueIndex queue_at(const State& state, int space, int index);
std::optional<int> highest_index(const State& state, int space);  // in use; empty: none

// The identifier of a new queue, or empty where no index is free. Changes the namespace.
std::optional<std::int32_t> next_identifier(State& state, int space, Clauses& why);

}  // namespace svmq::model
