#include "identifier.hpp"

namespace svmq::model {
namespace {

constexpr int minimum_cycle = 64;      // Linux ipc_min_cycle
constexpr int sequence_count = 65535;  // Linux ipcid_seq_max
constexpr int slot_shift =
    16;  // where a slot has a sequence number of its own: identifier = sequence * 65536 + index

bool lives_in(const Queue& queue, int space) { return queue.space == space && !queue.removed; }

// Where the identifier's queue stands in the system's table.
int index_of(const Profile& profile, std::int64_t id) {
  const bool short_index =
      profile.identifiers == Identifiers::cyclic || profile.identifiers == Identifiers::lowest_index;
  return static_cast<int>(id & (short_index ? index_count - 1 : (1 << slot_shift) - 1));
}

std::vector<bool> used_indexes(const Profile& profile, const State& state, int space) {
  std::vector<bool> used(1 << slot_shift, false);
  for (const Cow<Queue>& queue : state.queues)
    if (lives_in(*queue, space) && queue->id)
      used[static_cast<std::size_t>(index_of(profile, *queue->id))] = true;
  return used;
}

std::optional<int> first_free(const std::vector<bool>& used, int from, int end) {
  for (int i = from; i < end; ++i)
    if (!used[static_cast<std::size_t>(i)]) return i;
  return std::nullopt;
}

// The index part of the identifier belongs to another queue now.
bool has_other_queue(const View& view, std::int64_t id) {
  if (id < 0 || view.queue_of(id) >= 0) return false;
  return std::ranges::any_of(view.state.queues, [&](const Cow<Queue>& q) {
    return lives_in(*q, view.self().space) && q->id &&
           index_of(view.profile, *q->id) == index_of(view.profile, id);
  });
}

// id.next.wish: a wished identifier: its sequence, and the first free index from its own on. Linux
// ipc_idr_alloc.
NewIdentifier wished(const View& view, Namespace& space, const std::vector<bool>& used, Clauses& why) {
  const auto wish = static_cast<std::int32_t>(space.limits.msg_next_id);
  // id.next.reset: whoever creates next uses the wish up, whether it comes true or not. Linux ipc_idr_alloc.
  space.limits.msg_next_id = -1;
  // id.next.cursor: the cycle goes on as if nothing had been wished. Linux ipc_idr_alloc.
  why.add({"id.next.wish", "id.next.reset", "id.next.cursor"});
  const std::optional<int> index = first_free(used, wish % index_count, index_count);
  if (index) return {(wish / index_count) * index_count + *index};
  // id.next.full: no free index from the wished one on: ENOSPC. Linux ipc_idr_alloc.
  why.add("id.next.full");
  if (view.profile.next_bound == NextBound::open && view.pick(1, 2) == 1)
    return {};  // some index beyond the range
  return {std::nullopt, Errno::enospc};
}

// id.cyclic: the first free index after the last one, in a cycle of at least 64. Linux idr_alloc_cyclic.
NewIdentifier cyclic(const State& state, int space_index, Namespace& space, const std::vector<bool>& used,
                     Clauses& why) {
  const int end = std::min(std::max(minimum_cycle, live_queues(state, space_index) * 3 / 2), index_count);
  std::optional<int> index = first_free(used, space.cursor, end);
  if (!index) index = first_free(used, 0, end);
  if (!index) return {std::nullopt, Errno::enospc};
  // id.seq: the sequence rises when the index does not. Linux ipc_idr_alloc.
  if (*index <= space.last_index) {
    space.sequence = (space.sequence + 1) % sequence_count;
    why.add("id.seq");
  }
  // id.first: a fresh namespace begins with 0. Linux ipc_init_ids.
  if (space.last_index < 0) why.add("id.first");
  space.last_index = *index;
  space.cursor = *index + 1;
  // id.form: sequence * 32768 + index. Linux ipc_idr_alloc.
  why.add({"id.cyclic", "id.form"});
  return {space.sequence * index_count + *index};
}

// The lowest free index, and a sequence number that every creation raises. Linux before 5.1, ipc_addid.
NewIdentifier lowest_index(Namespace& space, const std::vector<bool>& used, Clauses& why) {
  const std::optional<int> index = first_free(used, 0, index_count);
  if (!index) return {std::nullopt, Errno::enospc};
  if (space.last_index < 0) why.add("id.first");
  space.last_index = *index;
  const int sequence = space.sequence;
  space.sequence = (space.sequence + 1) % (sequence_count + 1);
  why.add("id.form");
  return {sequence * index_count + *index};
}

// The lowest free slot, whose own sequence number is raised first. With 16 bits identifiers become negative.
// BSD sys_msgget.
NewIdentifier slot_sequence(Namespace& space, const std::vector<bool>& used, int bits) {
  const std::optional<int> slot = first_free(used, 0, 1 << slot_shift);
  if (!slot) return {std::nullopt, Errno::enospc};
  const auto at = static_cast<std::size_t>(*slot);
  if (space.slot_sequences.size() <= at) space.slot_sequences.resize(at + 1);
  int& sequence = space.slot_sequences[at];
  sequence = (sequence + 1) & ((1 << bits) - 1);
  return {static_cast<std::int32_t>(static_cast<std::uint32_t>(sequence) << slot_shift |
                                    static_cast<std::uint32_t>(*slot))};
}

}  // namespace

int live_queues(const State& state, int space) {
  return static_cast<int>(
      std::ranges::count_if(state.queues, [&](const Cow<Queue>& q) { return lives_in(*q, space); }));
}

bool computable(const View& view) {
  return view.profile.identifiers != Identifiers::any && view.space().fresh;
}

QueueIndex queue_at(const State& state, int space, int index) {
  for (std::size_t q = 0; q < state.queues.size(); ++q) {
    const Queue& queue = *state.queues[q];
    if (lives_in(queue, space) && queue.id && *queue.id % index_count == index)
      return static_cast<QueueIndex>(q);
  }
  return -1;
}

std::optional<int> highest_index(const State& state, int space) {
  std::optional<int> highest;
  for (const Cow<Queue>& queue : state.queues)
    if (lives_in(*queue, space) && queue->id)
      highest = std::max(highest.value_or(0), *queue->id % index_count);
  return highest;
}

// An identifier denotes the one living queue that has it.
QueueIndex find_queue(const State& state, int space, std::int64_t id) {
  for (std::size_t q = 0; q < state.queues.size(); ++q) {
    const Queue& queue = *state.queues[q];
    if (lives_in(queue, space) && queue.id && *queue.id == id) return static_cast<QueueIndex>(q);
  }
  return -1;
}

// … or, where the sequence number is not compared, the one at its index.
QueueIndex denoted(const Profile& profile, const State& state, int space, std::int64_t id) {
  const QueueIndex exact = find_queue(state, space, id);
  if (exact >= 0 || id < 0 || profile.stale_identifier != StaleIdentifier::reaches_new_queue) return exact;
  for (std::size_t q = 0; q < state.queues.size(); ++q) {
    const Queue& queue = *state.queues[q];
    if (lives_in(queue, space) && queue.id && index_of(profile, *queue.id) == index_of(profile, id))
      return static_cast<QueueIndex>(q);
  }
  return -1;
}

bool was_reused(const View& view, std::int64_t id) {
  return view.profile.stale_identifier == StaleIdentifier::eidrm_if_reused && has_other_queue(view, id);
}

// POSIX [EIDRM]; Linux do_msgsnd, do_msgrcv; before 4.2 also ipc_lock_check.
Tri is_removed(const View& view, std::int64_t id) {
  if (id < 0 || view.queue_of(id) >= 0) return Tri::no;
  if (was_reused(view, id) || view.self().woken) return Tri::yes;  // woken: it was waiting
  return view.self().found >= 0 || view.profile.stale_identifier == StaleIdentifier::einval_or_eidrm
             ? Tri::maybe
             : Tri::no;
}

Clauses why_unknown(const View& view, std::int64_t id) {
  if (id < 0) return {"id.negative"};
  const auto had = [&](const Cow<Queue>& q) { return q->removed && q->id == id; };
  if (std::ranges::none_of(view.state.queues,
                           [&](const Cow<Queue>& q) { return had(q) && q->space == view.self().space; }))
    return std::ranges::any_of(view.state.queues, [&](const Cow<Queue>& q) { return q->id == id; })
               ? Clauses{"gen.ns.isolation"}
               : Clauses{};
  // id.stale.free: a removed queue's identifier denotes nothing. POSIX [EINVAL]; Linux ipc_checkid.
  // id.stale.reused: nor does it denote the queue that has its index now. Linux ipc_checkid.
  return {has_other_queue(view, id) ? Clause("id.stale.reused") : Clause("id.stale.free")};
}

NewIdentifier next_identifier(const View& view, State& state, int space_index, Clauses& why) {
  Namespace& space = state.spaces[static_cast<std::size_t>(space_index)];
  if (!computable(view)) {
    space.limits.msg_next_id = -1;  // id.next.reset
    return {};
  }
  const std::vector<bool> used = used_indexes(view.profile, state, space_index);
  if (space.limits.msg_next_id >= 0) return wished(view, space, used, why);
  switch (view.profile.identifiers) {
    case Identifiers::cyclic: return cyclic(state, space_index, space, used, why);
    case Identifiers::lowest_index: return lowest_index(space, used, why);
    case Identifiers::slot_sequence_15: return slot_sequence(space, used, 15);
    case Identifiers::slot_sequence_16: return slot_sequence(space, used, 16);
    case Identifiers::counter: return {++space.cursor};
    case Identifiers::any: break;
  }
  return {};
}

}  // namespace svmq::model
