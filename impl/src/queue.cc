#include "queue.h"

#include <climits>

#include "thread.h"

namespace svmq {

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

// ---- whom to wake

void Wakeups::add(Member& member) {
  member.waiting.claim();
  if (sleeper_ != nullptr) sleeper_->wake();
  sleeper_ = &member.waiting;
}

void Wakeups::commit(Space& space) {
  if (sleeper_ != nullptr) sleeper_->wake();
  sleeper_ = nullptr;
  space.commit();
}

void Wakeups::release(Space& space) {
  if (sleeper_ != nullptr) {
    sleeper_->wake_and_release(space.head.lock);
  } else {
    space.commit();
    seam::release(space.head.lock);
  }
  sleeper_ = nullptr;
}

bool Queue::room_for(std::size_t size) const {
  const State& seen = head().state;
  return seen.bytes.get() + size <= seen.capacity.get() && seen.messages.get() + 1 <= seen.capacity.get();
}

// ---- members

bool Queue::is_dead(const Member& member) {
  if (member.waiting.dead()) return true;
  std::uint64_t here = this_thread().space;
  // Process ids of other namespaces say nothing here; members of a living process that have died go with it.
  return here != 0 && member.space.get() == here && !seam::process_exists(member.process.get());
}

// A member that died: nobody else frees its place and what is in its hand.
void Queue::bury(Index index, Member& member) {
  if (member.waits.get() != Waits::not_at_all) stop_waiting(index);
  put_down(index);
  space_.set(member.used, 0);
}

Index Queue::join() {
  constexpr std::uint32_t looks = 8;
  Control& control = space_.control;
  std::uint32_t count = control.members.get();
  if (count >= most_members) count = most_members - 1;
  Index chosen = none;
  std::uint32_t at = control.next_checked.get();
  for (std::uint32_t i = 0; i < looks && i < count; ++i) {
    at = at >= count ? 1 : at + 1;
    Member& seen = *space_.member_at(at);
    if (seen.used.get() != 0 && is_dead(seen)) {
      bury(at, seen);
      space_.commit();  // its record is written over without a journal
    }
    if (seen.used.get() == 0) {
      chosen = at;
      break;
    }
  }
  space_.set(control.next_checked, at);
  if (chosen == none) {
    if (count + 1 >= most_members) return none;
    chosen = count + 1;
    std::byte* record = reinterpret_cast<std::byte*>(space_.member_at(chosen));
    if (!seam::reserve_memory(record - reinterpret_cast<std::uintptr_t>(record) % page_size, page_size))
      return none;
    space_.set(control.members, chosen);
  }
  Member& made = *space_.member_at(chosen);
  made.process.set(seam::process_id());
  made.space.set(this_thread().space);
  made.hand.set(none);
  made.reads.set(0);
  made.waits.set(Waits::not_at_all);
  made.waiting.disarm(0);
  space_.set(made.used, 1);
  return chosen;
}

void Queue::leave(Index index) {
  Member* mine = space_.member(index);
  if (mine != nullptr) bury(index, *mine);
}

void Queue::put_down(Index index) {
  Member* mine = space_.member(index);
  if (mine == nullptr) return;
  Index hand = mine->hand.get();
  if (hand == none) return;
  if (space_.message(hand) == nullptr) return;
  tiles_.give_back(hand);
  space_.set(mine->hand, none);
}

bool Queue::provide(Index index, std::size_t size) {
  Member* mine = space_.member(index);
  if (mine == nullptr) return false;
  put_down(index);
  Index made = tiles_.take(units_for(text_offset + size), Kind::message);
  if (made == none || damaged()) return false;
  space_.set(mine->hand, made);
  return true;
}

// ---- messages

bool Queue::link(Index index) {
  Message* added = space_.message(index);
  if (added == nullptr) return false;
  Index group = types_.obtain(added->type.get());
  Type* type = group == none ? nullptr : space_.type(group);
  if (type == nullptr) return false;
  State& all = space_.state();
  Index last = all.queue.last.get();
  added->tile.next.set(none);
  added->tile.previous.set(last);
  added->group.set(group);
  added->younger.set(none);
  added->next_run.set(none);
  added->previous_run.set(none);
  bool goes_on = false;
  if (last == none) {
    all.queue.first.set(index);
  } else {
    Message* before = space_.message(last);
    if (before == nullptr) return false;
    space_.set(before->tile.next, index);
    goes_on = before->type.get() == added->type.get();
  }
  if (!goes_on) link_run(index, *added);
  all.queue.last.set(index);
  if (type->first.get() == none) {
    space_.set(type->first, index);
  } else {
    Message* older = space_.message(type->last.get());
    if (older == nullptr) return false;
    space_.set(older->younger, index);
  }
  space_.set(type->last, index);
  all.bytes.set(all.bytes.get() + added->size.get());
  all.messages.set(all.messages.get() + 1);
  return !damaged();
}

// A run begins, at the end of the queue. The message is still in a member's hand.
void Queue::link_run(Index index, Message& first) {
  bool only = head().state.queue.last.get() == none;
  Index last = only ? none : space_.control.last_run.get();
  Message* before = only ? nullptr : space_.message(last);
  if (before != nullptr) {
    first.previous_run.set(last);
    space_.set(before->next_run, index);
  }
  space_.set(space_.control.last_run, index);
}

// The message leaves the queue, between these two.
void Queue::unlink_run(Message& gone, Message* before, Message* behind) {
  std::int64_t type = gone.type.get();
  if (before != nullptr ? before->type.get() == type : behind == nullptr)
    return;  // not the first of its run, or the only message
  Index previous = gone.previous_run.get(), next = gone.next_run.get();
  Index first = none;  // of what is left of the run
  if (behind != nullptr && behind->type.get() == type) {
    first = gone.tile.next.get();
    if (previous != none) space_.set(behind->previous_run, previous);
    if (next != none) space_.set(behind->next_run, next);
  } else if (before != nullptr && behind != nullptr && before->type.get() == behind->type.get()) {
    space_.set(behind->previous_run, none);  // the two runs beside it become one
    next = behind->next_run.get();
    space_.set(behind->next_run, none);
  }
  Message* previous_run = previous == none ? nullptr : space_.message(previous);
  Message* next_run = next == none ? nullptr : space_.message(next);
  if (previous_run != nullptr) space_.set(previous_run->next_run, first != none ? first : next);
  if (next_run != nullptr) {
    space_.set(next_run->previous_run, first != none ? first : previous);
  } else {
    space_.set(space_.control.last_run, first != none ? first : previous);
  }
}

// The oldest of its type, as every one is that is ever received.
void Queue::unlink(Index index, Message& gone) {
  State& all = space_.state();
  Index before_index = gone.tile.previous.get(), behind_index = gone.tile.next.get();
  Message* before = before_index == none ? nullptr : space_.message(before_index);
  Message* behind = behind_index == none ? nullptr : space_.message(behind_index);
  unlink_run(gone, before, behind);
  if (before != nullptr) {
    space_.set(before->tile.next, behind_index);
  } else {
    all.queue.first.set(behind_index);
  }
  if (behind != nullptr) {
    space_.expect(behind->tile.next.get());
    space_.set(behind->tile.previous, before_index);
  } else {
    all.queue.last.set(before_index);
  }

  Type* group = space_.type(gone.group.get());
  if (group == nullptr || group->first.get() != index) return space_.damage();
  space_.set(group->first, gone.younger.get());
  all.bytes.set(all.bytes.get() - gone.size.get());
  all.messages.set(all.messages.get() - 1);
}

Index Queue::find(const Wanted& wanted) {
  Index first = head().state.queue.first.get();
  if (first == none) return none;
  switch (wanted.select) {
    case Select::any: return first;
    case Select::equal: {
      Index group = types_.find(wanted.type);
      Type* type = group == none ? nullptr : space_.type(group);
      return type == nullptr ? none : type->first.get();
    }
    case Select::different: {
      Message* oldest = space_.message(first);
      if (oldest == nullptr) return none;
      if (oldest->type.get() != wanted.type) return first;
      return oldest->next_run.get();
    }
    case Select::up_to: {
      Index group = types_.lowest();
      Type* type = group == none ? nullptr : space_.type(group);
      return type == nullptr || type->value.get() > wanted.type ? none : type->first.get();
    }
  }
  return none;
}

Index Queue::at_place(std::int64_t place) {
  Index index = head().state.queue.first.get();
  for (std::uint64_t steps = 0; index != none && steps <= space_.units(); ++steps) {
    if (static_cast<std::int64_t>(steps) == place) return index;
    Message* passed = space_.message(index);
    if (passed == nullptr) return none;
    index = passed->tile.next.get();
  }
  return none;
}

// ---- the lines of those that wait

void Queue::append(List& list, Index index) {
  Member* added = space_.member(index);
  if (added == nullptr) return;
  Index last = list.last.get();
  space_.set(added->next, none);
  space_.set(added->previous, last);
  if (last == none) {
    list.first.set(index);
  } else if (Member* before = space_.member(last)) {
    space_.set(before->next, index);
  }
  list.last.set(index);
}

void Queue::take_out(List& list, Index index) {
  Member* gone = space_.member(index);
  if (gone == nullptr) return;
  Index next = gone->next.get(), previous = gone->previous.get();
  if (previous == none) {
    list.first.set(next);
  } else if (Member* before = space_.member(previous)) {
    space_.set(before->next, next);
  }
  if (next == none) {
    list.last.set(previous);
  } else if (Member* behind = space_.member(next)) {
    space_.set(behind->previous, previous);
  }
}

void Queue::wait(Index index, Waits waits) {
  Member* mine = space_.member(index);
  if (mine == nullptr) return;
  mine->setting.set(head().state.settings.get());
  mine->outcome.set(Outcome::pending);
  space_.set(mine->waits, waits);
  append(list_of(waits), index);
}

void Queue::stop_waiting(Index index) {
  Member* mine = space_.member(index);
  if (mine == nullptr || mine->waits.get() == Waits::not_at_all) return;
  take_out(list_of(mine->waits.get()), index);
  space_.set(mine->waits, Waits::not_at_all);
}

void Queue::end_wait(Index index, Member& member, Outcome outcome, Wakeups& wakeups) {
  stop_waiting(index);
  space_.set(member.outcome, outcome);
  wakeups.add(member);
}

void Queue::wake_all(const List& list, Wakeups& wakeups) {
  Index index = list.first.get();
  for (std::uint32_t steps = 0; index != none && steps < most_members; ++steps) {
    Member* member = space_.member(index);
    if (member == nullptr) return;
    index = member->next.get();
    wakeups.add(*member);
  }
}

// ---- steps

// Oldest matching receiver first; those with too small a buffer are told so on the way (wait.rcv.order,
// .toosmall).
bool Queue::hand_over(Index index, std::int32_t process, std::int64_t time, Wakeups& wakeups) {
  Message* handed = space_.message(index);
  if (handed == nullptr) return false;
  std::int64_t type = handed->type.get();
  Index at = head().state.receivers.first.get();
  for (std::uint32_t steps = 0; at != none && steps < most_members; ++steps) {
    Member* candidate = space_.member(at);
    if (candidate == nullptr) return false;
    Index next = candidate->next.get();
    // Who has not yet looked at changed settings is not in line.
    bool in_line = candidate->setting.get() == head().state.settings.get();
    if (in_line && Wanted{candidate->select.get(), candidate->type.get()}.accepts(type)) {
      if (candidate->waiting.dead()) {
        bury(at, *candidate);
      } else if (candidate->size.get() < handed->size.get()) {
        end_wait(at, *candidate, Outcome::too_big, wakeups);
        if (space_.nearly_full()) wakeups.commit(space_);
      } else {
        put_down(at);
        space_.set(candidate->hand, index);
        candidate->reads.set(1);
        space_.state().received_at.set(time);
        space_.state().receiver.set(
            candidate->process.get());  // as the standard says; Linux has the thread's id
        space_.state().sent_at.set(time);
        space_.state().sender.set(process);
        end_wait(at, *candidate, Outcome::done, wakeups);
        return true;
      }
    }
    at = next;
  }
  return false;
}

bool Queue::send(Index member, std::int64_t time, Wakeups& wakeups) {
  Member* sender = space_.member(member);
  if (sender == nullptr) return false;
  Index index = sender->hand.get();
  std::int32_t process = sender->process.get();
  if (head().state.receivers.first.get() != none && hand_over(index, process, time, wakeups)) {
    space_.set(sender->hand, none);
    return true;
  }
  if (damaged() || !link(index)) return false;
  space_.set(sender->hand, none);
  space_.state().sent_at.set(time);
  space_.state().sender.set(process);
  return true;
}

void Queue::receive(Index index, Index member, Wakeups& wakeups) {
  Message* taken = space_.message(index);
  Member* receiver = space_.member(member);
  if (taken == nullptr || receiver == nullptr) return;
  put_down(member);
  unlink(index, *taken);
  space_.set(receiver->hand, index);
  receiver->reads.set(1);
  std::int64_t time = seam::now();
  space_.state().received_at.set(time);
  space_.state().receiver.set(receiver->process.get());
  if (head().state.senders.first.get() != none && !damaged()) serve_senders(time, wakeups);
}

// Completes the calls of waiting senders whose message fits, oldest first, on their behalf: a sender that
// dies after it was chosen then wastes no room. One whose permission may have changed is told to look for
// itself instead, and the room it would take is not counted, so that its death is no loss to others either.
void Queue::serve_senders(std::int64_t time, Wakeups& wakeups) {
  Index at = head().state.senders.first.get();
  for (std::uint32_t steps = 0; at != none && steps < most_members; ++steps) {
    Member* candidate = space_.member(at);
    if (candidate == nullptr || head().state.messages.get() >= head().state.capacity.get() ||
        space_.nearly_full())
      return;
    Index next = candidate->next.get();
    if (room_for(candidate->size.get())) {
      if (candidate->waiting.dead()) {
        bury(at, *candidate);
      } else if (candidate->setting.get() != head().state.settings.get()) {
        end_wait(at, *candidate, Outcome::again, wakeups);
      } else {
        if (!send(at, time, wakeups)) return;
        end_wait(at, *candidate, Outcome::done, wakeups);
      }
    }
    at = next;
  }
}

void Queue::set(const Permission& permission, std::uint64_t capacity, Wakeups& wakeups) {
  State& all = space_.state();
  all.permission.uid.set(permission.uid);
  all.permission.gid.set(permission.gid);
  all.permission.mode.set(permission.mode);
  all.capacity.set(capacity);
  std::int64_t time = seam::now();
  all.changed_at.set(time);
  all.settings.set(all.settings.get() + 1);
  wake_all(all.receivers, wakeups);
  serve_senders(time, wakeups);
}

void Queue::remove(Wakeups& wakeups) {
  State& all = space_.state();
  all.removed.set(1);
  wake_all(all.receivers, wakeups);
  wake_all(all.senders, wakeups);
}

bool Queue::owes() {
  std::uint32_t count = space_.control.members.get();
  for (Index index = 1; index <= count && index < most_members; ++index) {
    Member& seen = *space_.member_at(index);
    if (seen.used.get() != 0 && seen.reads.get() != 0 && !is_dead(seen)) return true;
  }
  return false;
}

void Queue::repair() {
  space_.undo();
  if (space_.control.sweeping.get() != 0) tiles_.sweep();
}

void Queue::tidy() {
  if (tiles_.worth_sweeping()) tiles_.sweep();
}

}  // namespace svmq
