#include "identifier.hpp"

namespace svmq::model {
namespace {

constexpr int minimum_cycle = 64;      // Linux ipc_min_cycle
constexpr int sequence_count = 65535;  // Linux ipcid_seq_max

std::vector<bool> used_indexes(const State& state, int space) {
  std::vector<bool> used(index_count, false);
  for (const Cow<Queue>& queue : state.queues)
    if (queue->space == space && !queue->removed && queue->id) used[static_cast<std::size_t>(*queue->id % index_count)] = true;
  return used;
}

std::optional<int> first_free(const std::vector<bool>& used, int from, int end) {
  for (int i = from; i < end; ++i)
    if (!used[static_cast<std::size_t>(i)]) return i;
  return std::nullopt;
}

// id.next.* — a wished identifier: its sequence, and the first free index from its own on. Linux ipc_idr_alloc.
std::optional<std::int32_t> wished(Namespace& space, const std::vector<bool>& used, Clauses& why) {
  const auto wish = static_cast<std::int32_t>(space.limits.msg_next_id);
  space.limits.msg_next_id = -1;  // id.next.reset
  why.insert(why.end(), {"id.next.wish", "id.next.reset", "id.next.cursor"});
  const std::optional<int> index = first_free(used, wish % index_count, index_count);
  if (!index) {
    why.push_back("id.next.full");
    return std::nullopt;
  }
  return (wish / index_count) * index_count + *index;
}

}  // namespace

int live_queues(const State& state, int space) {
  return static_cast<int>(std::ranges::count_if(state.queues, [&](const Cow<Queue>& q) { return q->space == space && !q->removed; }));
}

bool computable(const View& view) { return view.profile.identifiers == Identifiers::cyclic && view.space().fresh; }

QueueIndex queue_at(const State& state, int space, int index) {
  for (std::size_t q = 0; q < state.queues.size(); ++q) {
    const Queue& queue = *state.queues[q];
    if (queue.space == space && !queue.removed && queue.id && *queue.id % index_count == index) return static_cast<QueueIndex>(q);
  }
  return -1;
}

std::optional<int> highest_index(const State& state, int space) {
  std::optional<int> highest;
  for (const Cow<Queue>& queue : state.queues)
    if (queue->space == space && !queue->removed && queue->id) highest = std::max(highest.value_or(0), *queue->id % index_count);
  return highest;
}

// id.cyclic — the first free index after the last one, in a cycle of at least 64. id.seq — the sequence rises when it wraps.
// id.first: a fresh namespace begins with 0. Linux ipc_idr_alloc, idr_alloc_cyclic.
std::optional<std::int32_t> next_identifier(State& state, int space_index, Clauses& why) {
  Namespace& space = state.spaces[static_cast<std::size_t>(space_index)];
  const std::vector<bool> used = used_indexes(state, space_index);
  if (space.limits.msg_next_id >= 0) return wished(space, used, why);
  const int end = std::min(std::max(minimum_cycle, live_queues(state, space_index) * 3 / 2), index_count);
  std::optional<int> index = first_free(used, space.cursor, end);
  if (!index) index = first_free(used, 0, end);
  if (!index) return std::nullopt;
  if (*index <= space.last_index) {
    space.sequence = (space.sequence + 1) % sequence_count;
    why.push_back("id.seq");
  }
  if (space.last_index < 0) why.push_back("id.first");
  space.last_index = *index;
  space.cursor = *index + 1;
  why.insert(why.end(), {"id.cyclic", "id.form"});
  return space.sequence * index_count + *index;
}

}  // namespace svmq::model
