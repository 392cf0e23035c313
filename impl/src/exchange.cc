// Sending and receiving.
//
// Clauses: msgsnd.*, msgrcv.*, wait.*. The order of the checks is the kernel's. The lock is held to link and
// unlink only: a message is written into the tile in the caller's hand before, and read from there after.
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "calls.h"
#include "guarded.h"
#include "locked.h"
#include "lookout.h"
#include "thread.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

namespace svmq::calls {
namespace {

struct Request {
  long type;
  std::size_t size;
  int flags;
};

// A seat for the length of a call.
class Seated {
 public:
  explicit Seated(std::int32_t id) : seat_(known_seat(id)) {
    if (seat_ == nullptr) seat_ = find_seat(id, error_);
  }
  explicit Seated(Seat& known) : seat_(&known) {}
  ~Seated() { leave(); }
  Seated(const Seated&) = delete;
  Seated& operator=(const Seated&) = delete;
  explicit operator bool() const { return seat_ != nullptr; }
  Seat& operator*() const { return *seat_; }
  int error() const { return error_; }
  void leave() {
    if (seat_ == nullptr) return;
    Segment& segment = *seat_->segment;
    if (segment.removed()) give_memory_back(segment);
    if (seat_->passing) {
      leave_seat(*seat_);
      free(seat_);
    }
    seat_ = nullptr;
  }

 private:
  int error_ = 0;
  Seat* seat_;
};

std::byte* tile_at(const Seat& seat, Index index) {
  return static_cast<std::byte*>(seat.segment->arena.address) + std::size_t{index} * unit_size;
}

Member& member_of(const Seat& seat) {
  auto* members =
      reinterpret_cast<Member*>(static_cast<std::byte*>(seat.segment->arena.address) + members_offset);
  return members[seat.member];
}

// Notes what has come into the member's hand. False where that is not inside the mapping.
__attribute__((always_inline)) inline bool note_hand(Seat& seat, Index index) {
  seat.hand = none;
  std::size_t units = seat.segment->arena.size / unit_size;
  if (index < first_tile || index >= units) return false;
  std::uint32_t length = reinterpret_cast<Message*>(tile_at(seat, index))->tile.units.get();
  if (length == 0 || length > units - index) return false;
  seat.hand = index;
  seat.hand_units = length;
  return true;
}

// ---- waiting

enum class End { done, again, too_big, removed, interrupted };

// One blocking call in its wait: all that must be undone if the thread is cancelled in it.
struct Wait {
  Seated& seated;
  Seat& seat;
  Locked& locked;
  seam::SignalShield& shield;
  Waits waits;
  seam::Waiting::Place place;
};

// Is the wait over? The queue is locked.
bool over(Wait& wait, End& end) {
  Member& mine = member_of(wait.seat);
  Outcome outcome = mine.outcome.get();
  // What was decided before the removal of the queue still holds: a message handed over is the receiver's.
  if (outcome != Outcome::pending) {
    end = outcome == Outcome::done ? End::done : outcome == Outcome::too_big ? End::too_big : End::again;
  } else if (wait.locked.gone()) {
    end = End::removed;
  } else if (wait.waits == Waits::to_receive &&
             mine.setting.get() != wait.locked.queue.head().state.settings.get()) {
    end = End::again;
    wait.locked.queue.stop_waiting(wait.seat.member);
  } else {
    return false;
  }
  return true;
}

void end_wait(Wait& wait) {
  member_of(wait.seat).waiting.disarm(wait.place);
  wait.seat.waits = false;
}

// With the lock held. It has left the line for good before its death goes unseen: else that would be undone,
// and a message handed to one who is no more.
void leave_line(Wait& wait) {
  if (!wait.locked.queue.damaged()) wait.locked.queue.space().commit();
  end_wait(wait);
}

// The thread is cancelled in its sleep: as if interrupted, and nobody comes back to clean up.
void cancelled(void* argument) {
  auto& wait = *static_cast<Wait*>(argument);
  wait.shield.raise();
  wait.locked.lock();
  End end;
  if (!over(wait, end)) wait.locked.queue.stop_waiting(wait.seat.member);
  if (!wait.locked.gone()) wait.locked.queue.put_down(wait.seat.member);
  wait.seat.hand = none;
  member_of(wait.seat).reads.set(0);
  leave_line(wait);
  wait.locked.unlock();
  wait.seated.leave();
  wait.shield.drop();
}

int sleep(Wait& wait) {
  int why;
  pthread_cleanup_push(cancelled, &wait);
  why = member_of(wait.seat).waiting.sleep(wait.shield);
  pthread_cleanup_pop(0);
  return why;
}

// Leaves the lock, sleeps in line, and comes back with the lock.
End await(Seated& seated, Seat& seat, Locked& locked, seam::SignalShield& shield, Waits waits) {
  Member& mine = member_of(seat);
  Wait wait{seated, seat, locked, shield, waits, 0};
  wait.place = mine.waiting.arm();
  locked.queue.wait(seat.member, waits);
  seat.waits = true;
  seat.frame = __builtin_frame_address(0);
  seat.place = wait.place;
  End end = End::removed;
  locked.unlock();
  for (;;) {
    int why = sleep(wait);
    locked.lock();
    bool ended = over(wait, end);
    if (why == EINTR && (!ended || end == End::again)) {
      if (!ended) locked.queue.stop_waiting(seat.member);
      end = End::interrupted;
    }
    if (ended || end == End::interrupted) break;
    mine.waiting.unclaim();
    locked.unlock();
  }
  leave_line(wait);
  return end;
}

void seen_here(Cell<std::uint32_t>& where) {
  std::uint32_t here = seam::cpu() + 1;
  if (where.get() != here) where.set(here);
}

void note_call(const Seat& seat, bool sent) { last_call = {&seat, sent}; }

// Asks for the caller's credentials, and remembers the answer.
__attribute__((noinline)) bool find_out(Seat& seat, const State& state, unsigned wanted, bool known) {
  Caller caller;
  if (!caller.granted(state.permission.get(), wanted)) return false;
  if (!known) seat.granted = 0;
  seat.granted = static_cast<std::uint8_t>(seat.granted | wanted);
  seat.granted_count = caller.holds_for();
  seat.granted_settings = state.settings.get();
  return true;
}

// Has the caller that permission? The queue is locked.
__attribute__((always_inline)) inline bool granted(Seat& seat, const State& state, unsigned wanted) {
  std::uint64_t count = CredentialsChange::count();
  std::uint32_t settings = state.settings.get();
  bool known = count != 0 && seat.granted_count == count && seat.granted_settings == settings;
  if (known && (seat.granted & wanted) != 0) return true;
  return find_out(seat, state, wanted, known);
}

// ---- sending

// The send fails; but first of all if the message cannot be read.
long refuse(std::size_t size, const char* from, long failure) {
  long type = 0;
  if (!guarded::read(&type, from, sizeof type)) return -EFAULT;
  if (type < 1) return -EINVAL;
  return guarded::readable(from + sizeof type, size) ? failure : -EFAULT;
}

// A tile for a message of that size in the caller's hand: the one that is there, if it is not much too long.
long provide(Seat& seat, std::size_t size) {
  std::uint32_t units = units_for(text_offset + size);
  if (seat.hand != none && seat.hand_units >= units && seat.hand_units <= units + units / 4) return 0;
  Locked locked(*seat.segment, Side::sending);
  if (locked.gone()) return -EIDRM;
  locked.queue.tidy();
  bool provided = locked.queue.provide(seat.member, size);
  if (locked.queue.damaged()) return -EIDRM;
  if (!provided) {
    locked.queue.space().undo();
    return -ENOMEM;
  }
  return note_hand(seat, member_of(seat).hand.get()) ? 0 : -EIDRM;
}

// The message has been sent; a sender that goes on sending takes the next tile at the same time.
long sent(Seat& seat, Locked& locked, std::size_t size) {
  seat.hand = none;
  note_call(seat, true);
  if (seat.sent_last && locked.queue.provide(seat.member, size)) {
    note_hand(seat, member_of(seat).hand.get());
  }
  seat.sent_last = true;
  return 0;
}

// Type and text from the program into the tile in hand. 0 or -errno.
long fill(Seat& seat, std::size_t size, const char* from) {
  std::byte* tile = tile_at(seat, seat.hand);
  auto& message = *reinterpret_cast<Message*>(tile);
  message.size.set(static_cast<std::uint32_t>(size));
  std::size_t missing = guarded::unread(tile + type_offset, from, sizeof(long) + size);
  if (missing > size) return -EFAULT;
  if (message.type.get() < 1) return -EINVAL;
  return missing == 0 ? 0 : -EFAULT;
}

long send_to(Seated& seated, Seat& seat, const Request& request, const char* from,
             seam::SignalShield& shield) {
  long failure = provide(seat, request.size);
  if (failure == 0) failure = fill(seat, request.size, from);
  if (failure == -ENOMEM || failure == -EIDRM) return refuse(request.size, from, failure);
  if (failure != 0) return failure;
  Lookout lookout(seat, Waits::to_send, request.size);
  Locked locked(*seat.segment, Side::sending);
  Queue& queue = locked.queue;
  for (;;) {
    if (locked.gone()) return -EIDRM;
    if (!granted(seat, queue.head().state, 2)) return -EACCES;
    if (queue.room_for(request.size)) {
      if (queue.send(seat.member, seam::now(), locked.wakeups)) {
        seen_here(queue.head().sender_cpu);
        return sent(seat, locked, request.size);
      }
      if (queue.damaged()) return -EIDRM;
      queue.space().undo();
      return -ENOMEM;
    }
    if ((request.flags & IPC_NOWAIT) != 0) return -EAGAIN;
    seen_here(queue.head().sender_cpu);
    if (lookout.look(locked)) continue;
    member_of(seat).size.set(static_cast<std::uint32_t>(request.size));
    switch (await(seated, seat, locked, shield, Waits::to_send)) {
      case End::done:
        seat.hand = none;
        note_call(seat, true);
        return 0;
      case End::interrupted: return -EINTR;
      case End::removed: return -EIDRM;
      default: break;
    }
  }
}

// ---- receiving

// Brings what is in the caller's hand to the program.
long deliver(Seat& seat, const Request& request, char* to) {
  std::byte* tile = tile_at(seat, seat.hand);
  std::size_t length = reinterpret_cast<Message*>(tile)->size.get();
  long result = -EIDRM;
  if (text_offset + length <= std::size_t{seat.hand_units} * unit_size) {
    if (length > request.size) length = request.size;
    bool written = guarded::write(to, tile + type_offset, sizeof(long) + length);
    result = written ? static_cast<long>(length) : -EFAULT;
  }
  member_of(seat).reads.publish(0);
  constexpr std::uint32_t most_kept = 256;
  if (seat.hand_units > most_kept) {
    Locked locked(*seat.segment);
    if (!locked.gone()) locked.queue.put_down(seat.member);
    seat.hand = none;
  }
  return result;
}

// MSG_COPY: the message stays, so it is copied under the lock, to private memory.
long copy_from(Queue& queue, const Request& request, std::size_t scratch, long& type, char* text) {
  Index index = queue.at_place(request.type);
  if (index == none) return queue.damaged() ? -EIDRM : -ENOMSG;
  Message* shown = queue.message(index);
  if (shown == nullptr) return -EIDRM;
  std::size_t length = shown->size.get(), units = shown->tile.units.get();
  if (length > request.size && (request.flags & MSG_NOERROR) == 0) return -E2BIG;
  if (length > scratch) return -EINVAL;
  if (text_offset + length > units * unit_size || units > queue.space().units() - index) return -EIDRM;
  type = shown->type.get();
  guarded::read(text, queue.space().at(index) + text_offset, length);
  return static_cast<long>(length);
}

long receive_from(Seated& seated, Seat& seat, const Request& request, char* to, seam::SignalShield& shield) {
  bool any_length = (request.flags & MSG_NOERROR) != 0;
  Wanted wanted = Wanted::of(request.type, request.flags);
  {
    Lookout lookout(seat, Waits::to_receive);
    Locked locked(*seat.segment);
    Queue& queue = locked.queue;
    queue.tidy();
    for (;;) {
      if (locked.gone()) return -EIDRM;
      if (!granted(seat, queue.head().state, 4)) return -EACCES;
      Index index = queue.find(wanted);
      if (queue.damaged()) return -EIDRM;
      seen_here(queue.head().receiver_cpu);
      if (index != none) {
        Message* found = queue.message(index);
        if (found == nullptr) return -EIDRM;
        if (found->size.get() > request.size && !any_length) return -E2BIG;
        queue.receive(index, seat.member, locked.wakeups);
        if (queue.damaged() || !note_hand(seat, index)) return -EIDRM;
        break;
      }
      if ((request.flags & IPC_NOWAIT) != 0) return -ENOMSG;
      if (lookout.look(locked)) continue;
      Member& mine = member_of(seat);
      bool endless = any_length || request.size > INT_MAX;
      mine.select.set(wanted.select);
      mine.type.set(wanted.type);
      mine.size.set(endless ? INT_MAX : static_cast<std::uint32_t>(request.size));
      End end = await(seated, seat, locked, shield, Waits::to_receive);
      if (end == End::done) {
        if (!note_hand(seat, mine.hand.get())) return -EIDRM;
        break;
      }
      if (end == End::interrupted) return -EINTR;
      if (end == End::too_big) return -E2BIG;
      if (end == End::removed) return -EIDRM;
    }
  }
  seat.sent_last = false;
  note_call(seat, false);
  return deliver(seat, request, to);
}

long copy(int id, char* to, const Request& request) {
  if ((request.flags & MSG_EXCEPT) != 0 || (request.flags & IPC_NOWAIT) == 0) return -EINVAL;
  Visit home;
  if (!home) return -errno;
  auto msgmax = static_cast<std::size_t>(home->registry().limits.msgmax.get());
  std::size_t scratch = request.size < msgmax ? request.size : msgmax;
  auto* text = static_cast<char*>(malloc(scratch + 1));
  if (text == nullptr) return -ENOMEM;
  long type = 0, length = -EFAULT;
  if (guarded::read(text, to, scratch)) {
    Seated seated(id);
    if (!seated) {
      length = -seated.error();
    } else {
      Caller caller;
      Locked locked(*(*seated).segment);
      length = locked.gone() ? -EIDRM
               : !caller.granted(locked.queue.head().state.permission.get(), 4)
                   ? -EACCES
                   : copy_from(locked.queue, request, scratch, type, text);
    }
  }
  bool written = length < 0 || (guarded::write(to, &type, sizeof type) &&
                                guarded::write(to + sizeof type, text, static_cast<std::size_t>(length)));
  free(text);
  return written ? length : -EFAULT;
}

}  // namespace

long send(int id, const void* message, std::size_t size, int flags) {
  seam::SignalShield shield;
  auto* from = static_cast<const char*>(message);
  Seat* seat = known_seat(id);
  int error = 0;
  if (seat == nullptr) {
    Visit home;  // and with it the handler for faults is in place
    if (!home) return -errno;
    long type = 0;
    if (!guarded::read(&type, from, sizeof type)) return -EFAULT;
    if (size > static_cast<std::size_t>(home->registry().limits.msgmax.get()) || id < 0 || type < 1)
      return -EINVAL;
    seat = find_seat(id, error);
    if (seat == nullptr) return refuse(size, from, -error);
  } else if (size > static_cast<std::size_t>(seat->segment->home->registry().limits.msgmax.get())) {
    long type = 0;
    return guarded::read(&type, from, sizeof type) ? -EINVAL : -EFAULT;
  }
  Seated seated(*seat);
  return send_to(seated, *seat, {0, size, flags}, from, shield);
}

long receive(int id, void* message, std::size_t size, long type, int flags) {
  seam::SignalShield shield;
  if (id < 0 || static_cast<ssize_t>(size) < 0) return -EINVAL;
  Request request{type, size, flags};
  if ((flags & MSG_COPY) != 0) return copy(id, static_cast<char*>(message), request);
  Seated seated(id);
  if (!seated) return -seated.error();
  return receive_from(seated, *seated, request, static_cast<char*>(message), shield);
}

}  // namespace svmq::calls
