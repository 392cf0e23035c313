#include "queue.h"

#include <climits>
#include <cstring>

namespace svmq {
namespace {

std::uint32_t units_for(std::size_t bytes) {
  return static_cast<std::uint32_t>((bytes + unit_size - 1) / unit_size);
}

constexpr std::uint32_t reserve_step = 256;  // units whose memory is asked for at once: 16 KiB

}  // namespace

Wanted Wanted::of(long type, int flags) {
  constexpr int msg_except = 020000;
  if (type == 0) return {Select::any, 0};
  if (type < 0) return {Select::up_to, type == LONG_MIN ? LONG_MAX : -type};
  if ((flags & msg_except) != 0) return {Select::different, type};
  return {Select::equal, type};
}

bool Wanted::accepts(std::int64_t message_type) const {
  switch (select) {
    case Select::any: return true;
    case Select::equal: return message_type == type;
    case Select::different: return message_type != type;
    case Select::up_to: return message_type <= type;
  }
  return false;
}

void Wakeups::add(seam::WaitingWord& word) {
  if (count_ == most) words_[--count_]->wake();
  words_[count_++] = &word;
}

void Wakeups::deliver_and_release(seam::Word& lock) {
  if (count_ == 0) return seam::release(lock);
  for (int i = 0; i < count_ - 1; ++i) words_[i]->wake();
  words_[count_ - 1]->wake_and_release(lock);
  count_ = 0;
}

void Queue::initialize(Head& head, std::size_t arena_size) {
  head.magic = head_magic;
  head.version = layout_version;
  head.arena_size = arena_size;
  head.queue = head.receivers = head.senders = head.claimed = {none, none};
  head.free_extents = none;
}

bool Queue::room_for(std::size_t size) const {
  return head_->bytes + size <= head_->capacity && head_->messages + 1 <= head_->capacity;
}

// ---- storage

Extent* Queue::extent(std::uint32_t index) {
  if (index < units_) {
    auto* found = reinterpret_cast<Extent*>(arena_ + std::size_t{index} * unit_size);
    std::uint32_t units = found->units;
    if (units != 0 && units <= units_ - index) return found;
  }
  damaged_ = true;
  return nullptr;
}

Message* Queue::message(std::uint32_t index, Kind kind) {
  Extent* found = extent(index);
  if (found == nullptr) return nullptr;
  if (found->kind == kind) return reinterpret_cast<Message*>(found);
  damaged_ = true;
  return nullptr;
}

Waiter* Queue::waiter(std::uint32_t index) {
  Extent* found = extent(index);
  if (found == nullptr) return nullptr;
  if (found->kind == Kind::waiter && found->units >= waiter_units) return reinterpret_cast<Waiter*>(found);
  damaged_ = true;
  return nullptr;
}

// A new tile at the end of the used part, with memory behind it.
std::uint32_t Queue::bump(std::uint32_t wanted_units) {
  std::uint32_t index = head_->fresh;
  if (index > units_ || wanted_units > units_ - index) return none;
  std::uint32_t end = index + wanted_units;
  std::uint32_t reserved = head_->reserved;
  if (end > reserved) {
    if (reserved > units_) return none;
    std::uint32_t more = end - reserved + reserve_step;
    if (more > units_ - reserved) more = units_ - reserved;
    if (!seam::reserve_memory(arena_ + std::size_t{reserved} * unit_size / 4096 * 4096,
                              (std::size_t{more} * unit_size + 4095) / 4096 * 4096)) {
      return none;
    }
    head_->reserved = reserved + more;
  }
  auto* made = reinterpret_cast<Extent*>(arena_ + std::size_t{index} * unit_size);
  *made = {Kind::free, wanted_units, none, 0};
  seam::order();
  head_->fresh = end;
  return index;
}

// An extent off the free list or a new one; shorter than wanted only where no whole one is left.
std::uint32_t Queue::take_extent(std::uint32_t wanted_units) {
  constexpr int probes = 32;
  std::uint32_t* link = &head_->free_extents;
  for (int i = 0; i < probes && *link != none; ++i) {
    std::uint32_t index = *link;
    Extent* found = extent(index);
    if (found == nullptr || found->kind != Kind::free) {
      damaged_ = true;
      return none;
    }
    if (found->units >= wanted_units) {
      if (found->units > wanted_units) {
        std::uint32_t rest = index + wanted_units;
        auto* tail = reinterpret_cast<Extent*>(arena_ + std::size_t{rest} * unit_size);
        *tail = {Kind::free, found->units - wanted_units, found->next, 0};
        seam::order();
        found->units = wanted_units;
        *link = rest;
      } else {
        *link = found->next;
      }
      ++head_->live;
      return index;
    }
    link = &found->next;
  }
  std::uint32_t index = bump(wanted_units);
  if (index == none && head_->free_extents != none) {
    index = head_->free_extents;
    Extent* piece = extent(index);
    if (piece == nullptr) return none;
    head_->free_extents = piece->next;
  }
  if (index != none) ++head_->live;
  return index;
}

void Queue::release_extent(std::uint32_t index) {
  Extent* freed = extent(index);
  if (freed == nullptr) return;
  freed->kind = Kind::free;
  freed->next = head_->free_extents;
  head_->free_extents = index;
  if (--head_->live == 0) {  // all is free: begin again with one piece
    head_->free_extents = none;
    seam::order();
    head_->fresh = 0;
  }
}

std::uint32_t Queue::store(std::int64_t type, const void* text, std::size_t size) {
  auto* source = static_cast<const std::byte*>(text);
  std::uint32_t first = none, last = none;
  std::size_t left = size;
  do {
    std::size_t header = first == none ? sizeof(Message) : sizeof(Extent);
    std::uint32_t index = take_extent(units_for(header + left));
    Extent* made = index == none ? nullptr : extent(index);
    if (made == nullptr) {
      if (first != none) discard(first);
      return none;
    }
    std::size_t here = std::size_t{made->units} * unit_size - header;
    if (here > left) here = left;
    made->next = none;
    if (first == none) {
      auto* head = reinterpret_cast<Message*>(made);
      head->type = type;
      head->size = static_cast<std::uint32_t>(size);
      head->receiver = head->next = head->previous = none;
      head->position = 0;
      first = index;
    } else {
      extent(last)->next = index;
    }
    std::memcpy(reinterpret_cast<std::byte*>(made) + header, source, here);
    seam::order();
    made->kind = first == index ? Kind::held : Kind::part;
    last = index;
    source += here;
    left -= here;
  } while (left != 0);
  return first;
}

void Queue::load(std::uint32_t message, void* text, std::size_t size) {
  auto* target = static_cast<std::byte*>(text);
  std::size_t header = sizeof(Message);
  std::uint32_t index = message;
  while (size != 0) {
    Extent* piece = extent(index);
    if (piece == nullptr || (header == sizeof(Extent) && piece->kind != Kind::part)) {
      damaged_ = true;
      return;
    }
    std::size_t here = std::size_t{piece->units} * unit_size - header;
    if (here > size) here = size;
    std::memcpy(target, reinterpret_cast<std::byte*>(piece) + header, here);
    target += here;
    size -= here;
    header = sizeof(Extent);
    index = piece->next;
  }
}

void Queue::discard(std::uint32_t message) {
  std::uint32_t index = message;
  for (std::uint32_t steps = 0; index != none && steps <= units_; ++steps) {
    Extent* piece = extent(index);
    if (piece == nullptr || piece->kind == Kind::free || piece->kind == Kind::waiter) return;
    std::uint32_t next = piece->next;
    release_extent(index);
    index = next;
  }
}

// ---- lists

template <>
Message* Queue::node<Message>(std::uint32_t index) {
  return message(index, Kind::queued);
}

template <>
Waiter* Queue::node<Waiter>(std::uint32_t index) {
  return waiter(index);
}

template <class Node>
void Queue::append(List& list, std::uint32_t index) {
  Node* added = node<Node>(index);
  if (added == nullptr) return;
  added->next = none;
  added->previous = list.last;
  if (list.last == none) {
    list.first = index;
  } else if (Node* before = node<Node>(list.last)) {
    before->next = index;
  }
  list.last = index;
}

template <class Node>
void Queue::unlink(List& list, std::uint32_t index) {
  Node* gone = node<Node>(index);
  if (gone == nullptr) return;
  std::uint32_t next = gone->next, previous = gone->previous;
  if (previous == none) {
    list.first = next;
  } else if (Node* before = node<Node>(previous)) {
    before->next = next;
  }
  if (next == none) {
    list.last = previous;
  } else if (Node* after = node<Node>(next)) {
    after->previous = previous;
  }
}

template void Queue::append<Message>(List&, std::uint32_t);
template void Queue::append<Waiter>(List&, std::uint32_t);

std::uint32_t Queue::find(const Wanted& wanted) {
  std::uint32_t best = none;
  std::int64_t best_type = 0;
  std::uint32_t index = head_->queue.first;
  for (std::uint32_t steps = 0; index != none; ++steps) {
    Message* candidate = node<Message>(index);
    if (candidate == nullptr || steps > units_) {
      damaged_ = true;
      return none;
    }
    std::int64_t type = candidate->type;
    if (wanted.accepts(type)) {
      if (wanted.select != Select::up_to || type == 1) return index;
      if (best == none || type < best_type) {
        best = index;
        best_type = type;
      }
    }
    index = candidate->next;
  }
  return best;
}

std::uint32_t Queue::at_place(std::int64_t place) {
  std::uint32_t index = head_->queue.first;
  for (std::uint32_t steps = 0; index != none; ++steps) {
    if (steps > units_) break;
    if (steps == place) return index;
    Message* passed = node<Message>(index);
    if (passed == nullptr) return none;
    index = passed->next;
  }
  return none;
}

// ---- waiting

std::uint32_t Queue::add_waiter(bool sender, seam::WaitingWord::Place& place) {
  bury_dead(head_->claimed);
  bury_dead(head_->senders);
  bury_dead(head_->receivers);
  std::uint32_t index = take_extent(waiter_units);
  Extent* made = index == none ? nullptr : extent(index);
  if (made == nullptr) return none;
  if (made->units < waiter_units) {
    release_extent(index);
    return none;
  }
  auto* added = reinterpret_cast<Waiter*>(made);
  added->position = ++head_->position;
  added->process = seam::process_id();
  added->thread = static_cast<std::int32_t>(seam::thread_id());
  added->message = none;
  added->limit = 0;
  added->outcome = Outcome::pending;
  added->sender = sender;
  added->ask_again = 0;
  added->next = added->previous = none;
  place = added->word.arm();
  return index;
}

std::uint32_t Queue::wait_to_send(std::uint32_t message, seam::WaitingWord::Place& place) {
  std::uint32_t index = add_waiter(true, place);
  if (index == none) return none;
  auto* added = reinterpret_cast<Waiter*>(extent(index));
  added->message = message;
  seam::order();
  added->extent.kind = Kind::waiter;
  append<Waiter>(head_->senders, index);
  return index;
}

std::uint32_t Queue::wait_to_receive(const Wanted& wanted, std::uint32_t limit,
                                     seam::WaitingWord::Place& place) {
  std::uint32_t index = add_waiter(false, place);
  if (index == none) return none;
  auto* added = reinterpret_cast<Waiter*>(extent(index));
  added->select = wanted.select;
  added->type = wanted.type;
  added->limit = limit;
  seam::order();
  added->extent.kind = Kind::waiter;
  append<Waiter>(head_->receivers, index);
  return index;
}

List& Queue::list_of(const Waiter& waiter) {
  if (waiter.word.claimed()) return head_->claimed;
  return waiter.sender != 0 ? head_->senders : head_->receivers;
}

void Queue::leave(std::uint32_t index) {
  Waiter* mine = waiter(index);
  if (mine == nullptr) return;
  unlink<Waiter>(list_of(*mine), index);
  release_extent(index);
}

bool Queue::claim(std::uint32_t index, Waiter& waiter) {
  List& list = list_of(waiter);
  if (!waiter.word.claim()) {
    bury(index, waiter);
    return false;
  }
  unlink<Waiter>(list, index);
  append<Waiter>(head_->claimed, index);
  return true;
}

void Queue::end_wait(std::uint32_t index, Waiter& waiter, Outcome outcome, Wakeups& wakeups) {
  if (!claim(index, waiter)) return;
  waiter.outcome = outcome;
  wakeups.add(waiter.word);
}

void Queue::end_all(List& list, Outcome outcome, Wakeups& wakeups) {
  for (std::uint32_t steps = 0; list.first != none && steps <= units_; ++steps) {
    std::uint32_t index = list.first;
    Waiter* first = waiter(index);
    if (first == nullptr) return;
    end_wait(index, *first, outcome, wakeups);
  }
}

// A waiter that died: nobody else frees its record and its message.
void Queue::bury(std::uint32_t index, Waiter& waiter) {
  unlink<Waiter>(list_of(waiter), index);
  std::uint32_t message = waiter.message;
  release_extent(index);
  if (message == none) return;
  Extent* owned = extent(message);
  if (owned != nullptr && (owned->kind == Kind::held || owned->kind == Kind::handed)) discard(message);
}

void Queue::bury_dead(List& list) {
  std::uint32_t index = list.first;
  for (std::uint32_t steps = 0; index != none && steps <= units_; ++steps) {
    Waiter* seen = waiter(index);
    if (seen == nullptr) return;
    std::uint32_t next = seen->next;
    if (seen->word.dead()) bury(index, *seen);
    index = next;
  }
}

// ---- steps

// Oldest matching receiver first; those with too small a buffer are told so on the way (wait.rcv.order,
// .toosmall).
bool Queue::hand_over(std::uint32_t index, Wakeups& wakeups) {
  Message* handed = message(index, Kind::held);
  if (handed == nullptr) return true;
  std::uint32_t at = head_->receivers.first;
  for (std::uint32_t steps = 0; at != none && steps <= units_; ++steps) {
    Waiter* candidate = waiter(at);
    if (candidate == nullptr) return false;
    std::uint32_t next = candidate->next;
    if (Wanted{candidate->select, candidate->type}.accepts(handed->type)) {
      if (candidate->limit < handed->size) {
        end_wait(at, *candidate, Outcome::too_big, wakeups);
      } else if (claim(at, *candidate)) {
        handed->receiver = at;
        seam::order();
        handed->extent.kind = Kind::handed;  // the commit
        seam::order();
        candidate->message = index;
        candidate->outcome = Outcome::done;
        head_->received_at = head_->intent.time;
        head_->receiver = candidate->process;  // as the standard says; Linux has the thread's id (waivers.toml)
        wakeups.add(candidate->word);
        return true;
      }
    }
    at = next;
  }
  return false;
}

void Queue::send(std::uint32_t index, std::int32_t process, std::uint32_t sender, Wakeups& wakeups) {
  Message* sent = message(index, Kind::held);
  if (sent == nullptr) return;
  Intent& intent = head_->intent;
  intent.message = index;
  intent.sender = sender;
  intent.process = process;
  intent.time = seam::now();
  seam::order();
  intent.step = Step::send;
  seam::order();
  if (!hand_over(index, wakeups)) {
    sent->position = ++head_->position;
    seam::order();
    sent->extent.kind = Kind::queued;  // the commit
    seam::order();
    append<Message>(head_->queue, index);
    head_->bytes += sent->size;
    head_->messages += 1;
  }
  head_->sent_at = intent.time;
  head_->sender = process;
  if (sender != none) {
    if (Waiter* served = waiter(sender)) {
      served->message = none;
      served->outcome = Outcome::done;
    }
  }
  seam::order();
  intent.step = Step::nothing;
}

void Queue::receive(std::uint32_t index, std::int32_t process, Wakeups& wakeups) {
  Message* taken = message(index, Kind::queued);
  if (taken == nullptr) return;
  Intent& intent = head_->intent;
  intent.message = index;
  intent.process = process;
  intent.time = seam::now();
  seam::order();
  intent.step = Step::receive;
  seam::order();
  unlink<Message>(head_->queue, index);
  taken->extent.kind = Kind::held;  // the commit
  seam::order();
  head_->bytes -= taken->size;
  head_->messages -= 1;
  head_->received_at = intent.time;
  head_->receiver = process;
  seam::order();
  intent.step = Step::nothing;
  serve_senders(wakeups);
}

// Completes the calls of waiting senders whose message fits, oldest first, on their behalf: a sender that
// dies after it was chosen then wastes no room. One whose permission may have changed is told to look for
// itself instead, and the room it would take is not counted, so that its death is no loss to others either.
void Queue::serve_senders(Wakeups& wakeups) {
  std::uint32_t at = head_->senders.first;
  for (std::uint32_t steps = 0; at != none && steps <= units_; ++steps) {
    Waiter* candidate = waiter(at);
    if (candidate == nullptr) return;
    std::uint32_t next = candidate->next;
    Message* waiting = message(candidate->message, Kind::held);
    if (waiting == nullptr) return;
    if (room_for(waiting->size)) {
      if (candidate->ask_again != 0) {
        end_wait(at, *candidate, Outcome::again, wakeups);
      } else if (claim(at, *candidate)) {
        send(candidate->message, candidate->process, at, wakeups);
        wakeups.add(candidate->word);
      }
    }
    at = next;
  }
}

void Queue::set(const Permission& permission, std::uint64_t capacity, Wakeups& wakeups) {
  Intent& intent = head_->intent;
  intent.permission = permission;
  intent.capacity = capacity;
  intent.time = seam::now();
  seam::order();
  intent.step = Step::set;
  seam::order();
  head_->permission = permission;
  head_->capacity = capacity;
  head_->changed_at = intent.time;
  end_all(head_->receivers, Outcome::again, wakeups);
  std::uint32_t at = head_->senders.first;
  for (std::uint32_t steps = 0; at != none && steps <= units_; ++steps) {
    Waiter* sender = waiter(at);
    if (sender == nullptr) break;
    sender->ask_again = 1;
    at = sender->next;
  }
  serve_senders(wakeups);
  seam::order();
  intent.step = Step::nothing;
}

void Queue::remove(Wakeups& wakeups) {
  head_->removed = 1;
  seam::order();
  end_all(head_->receivers, Outcome::removed, wakeups);
  end_all(head_->senders, Outcome::removed, wakeups);
}

bool Queue::owes() {
  std::uint32_t at = head_->claimed.first;
  for (std::uint32_t steps = 0; at != none && steps <= units_; ++steps) {
    Waiter* claimed = waiter(at);
    if (claimed == nullptr) return false;
    bool decided = claimed->outcome == Outcome::done || claimed->outcome == Outcome::too_big;
    if (decided && !claimed->word.dead()) return true;
    at = claimed->next;
  }
  return false;
}

}  // namespace svmq
