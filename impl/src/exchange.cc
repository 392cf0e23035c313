// Sending and receiving.
//
// Clauses: msgsnd.*, msgrcv.*, wait.*. The order of the checks is the kernel's.
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"
#include "calls.h"
#include "guarded.h"
#include "locked.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

namespace svmq::calls {
namespace {

constexpr std::size_t small = 8192;

// Text on its way between the program and the queue: on the stack, or from the heap where it is long.
class Text {
 public:
  Text() = default;
  ~Text() { free(heap_); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  bool hold(std::size_t size) {
    if (size <= small) return true;
    free(heap_);
    heap_ = static_cast<char*>(malloc(size));
    return heap_ != nullptr;
  }
  char* bytes() { return heap_ != nullptr ? heap_ : stack_; }

 private:
  char* heap_ = nullptr;
  char stack_[small];
};

// One blocking call in its wait: all that must be undone if the thread is cancelled in it.
struct Wait {
  Namespace& home;
  Segment& segment;
  Locked& locked;
  seam::SignalShield& shield;
  Text& text;
  std::uint32_t waiter = none;
  std::uint32_t message = none;  // a sender's
  seam::WaitingWord::Place place = 0;
};

enum class Woken { by_outcome, by_signal, by_removal };
struct End {
  Woken woken;
  Outcome outcome;
  std::uint32_t message;  // handed over
};

// Takes the waiter out again, if its wait is over or `give_up`. The queue is locked.
bool finish(Wait& wait, bool give_up, End& end) {
  Queue& queue = wait.locked.queue;
  // What was decided before the removal of the queue still holds: a message handed over is the receiver's.
  Waiter* mine = queue.waiter(wait.waiter);
  bool decided = mine != nullptr && mine->word.claimed() &&
                 (mine->outcome == Outcome::done || mine->outcome == Outcome::too_big);
  bool removed = wait.locked.gone() || (mine != nullptr && mine->word.claimed() && mine->outcome == Outcome::removed);
  if (mine == nullptr || (removed && !decided)) {
    end = {Woken::by_removal, Outcome::removed, none};
  } else if (mine->word.claimed()) {
    end = {Woken::by_outcome, mine->outcome, mine->message};
    queue.leave(wait.waiter);
  } else if (give_up) {
    end = {Woken::by_signal, Outcome::pending, none};
    queue.leave(wait.waiter);
  } else {
    return false;
  }
  auto* record = reinterpret_cast<Waiter*>(static_cast<std::byte*>(wait.segment.arena.address) +
                                           std::size_t{wait.waiter} * unit_size);
  record->word.disarm(wait.place);
  return true;
}

// The thread is cancelled in its sleep: as if interrupted, and nobody comes back to clean up.
void cancelled(void* argument) {
  auto& wait = *static_cast<Wait*>(argument);
  wait.shield.raise();
  wait.locked.lock();
  End end;
  finish(wait, true, end);
  if (end.woken == Woken::by_outcome && end.message != none) wait.locked.queue.discard(end.message);
  if (end.woken != Woken::by_removal && wait.message != none && end.outcome != Outcome::done) {
    wait.locked.queue.discard(wait.message);
  }
  wait.locked.unlock();
  wait.home.detach(&wait.segment);
  wait.text.~Text();
  wait.shield.drop();
}

// Unlocks, sleeps, locks again, until the wait is over.
End sleep(Wait& wait) {
  auto& word = reinterpret_cast<Waiter*>(static_cast<std::byte*>(wait.segment.arena.address) +
                                         std::size_t{wait.waiter} * unit_size)
                   ->word;
  End end;
  for (bool over = false; !over;) {
    wait.locked.unlock();
    int why;
    pthread_cleanup_push(cancelled, &wait);
    why = word.sleep(wait.shield);
    pthread_cleanup_pop(0);
    wait.locked.lock();
    over = finish(wait, why == EINTR, end);
  }
  return end;
}

struct Request {
  long type;
  std::size_t size;
  int flags;
};

long send_to(Namespace& home, Segment& segment, const Request& request, Text& text,
             seam::SignalShield& shield) {
  if (!segment.usable()) return -EACCES;
  Caller caller;
  std::uint32_t stored = none;
  Locked locked(segment);
  Queue& queue = locked.queue;
  if (locked.gone()) return -EIDRM;
  for (;;) {
    long failure = 0;
    bool room = queue.room_for(request.size);
    if (!caller.granted(queue.head().permission, 2)) {
      failure = -EACCES;
    } else if (!room && (request.flags & IPC_NOWAIT) != 0) {
      failure = -EAGAIN;
    } else if (stored == none) {
      stored = queue.store(request.type, text.bytes(), request.size);
      if (stored == none) failure = queue.damaged() ? -EIDRM : -ENOMEM;
    }
    if (failure == 0 && room) {
      queue.send(stored, seam::process_id(), none, locked.wakeups);
      return queue.damaged() ? -EIDRM : 0;
    }
    Wait wait{home, segment, locked, shield, text, none, stored, 0};
    if (failure == 0) {
      wait.waiter = queue.wait_to_send(stored, wait.place);
      if (wait.waiter == none) failure = queue.damaged() ? -EIDRM : -ENOMEM;
    }
    if (failure != 0) {
      if (stored != none) queue.discard(stored);
      return failure;
    }
    End end = sleep(wait);
    if (end.woken == Woken::by_removal) return -EIDRM;
    if (end.woken == Woken::by_signal) {
      queue.discard(stored);
      return -EINTR;
    }
    if (end.outcome == Outcome::done) return 0;
  }
}

// Takes the text of a message that is the caller's own out of the arena.
long take(Queue& queue, std::uint32_t index, Kind kind, std::size_t size, long& type, Text& text) {
  Message* taken = queue.message(index, kind);
  if (taken == nullptr) return -EIDRM;
  std::size_t length = taken->size < size ? taken->size : size;
  type = taken->type;
  bool held = text.hold(length);
  if (held) queue.load(index, text.bytes(), length);
  queue.discard(index);
  if (!held) return -ENOMEM;
  return queue.damaged() ? -EIDRM : static_cast<long>(length);
}

long copy_from(Queue& queue, const Request& request, std::size_t scratch, long& type, Text& text) {
  std::uint32_t index = queue.at_place(request.type);
  if (index == none) return queue.damaged() ? -EIDRM : -ENOMSG;
  Message* shown = queue.message(index, Kind::queued);
  if (shown == nullptr) return -EIDRM;
  std::size_t length = shown->size;
  if (length > request.size && (request.flags & MSG_NOERROR) == 0) return -E2BIG;
  if (length > scratch) return -EINVAL;
  type = shown->type;
  if (!text.hold(length)) return -ENOMEM;
  queue.load(index, text.bytes(), length);
  return queue.damaged() ? -EIDRM : static_cast<long>(length);
}

long receive_from(Namespace& home, Segment& segment, const Request& request, std::size_t scratch, long& type,
                  Text& text, seam::SignalShield& shield) {
  if (!segment.usable()) return -EACCES;
  Caller caller;
  bool any_length = (request.flags & MSG_NOERROR) != 0;
  Wanted wanted = Wanted::of(request.type, request.flags);
  Locked locked(segment);
  Queue& queue = locked.queue;
  if (locked.gone()) return -EIDRM;
  for (;;) {
    if (!caller.granted(queue.head().permission, 4)) return -EACCES;
    if ((request.flags & MSG_COPY) != 0) return copy_from(queue, request, scratch, type, text);
    std::uint32_t index = queue.find(wanted);
    if (queue.damaged()) return -EIDRM;
    if (index != none) {
      Message* found = queue.message(index, Kind::queued);
      if (found == nullptr) return -EIDRM;
      if (found->size > request.size && !any_length) return -E2BIG;
      if (!text.hold(found->size < request.size ? found->size : request.size)) return -ENOMEM;
      queue.receive(index, seam::process_id(), locked.wakeups);
      return take(queue, index, Kind::held, request.size, type, text);
    }
    if ((request.flags & IPC_NOWAIT) != 0) return -ENOMSG;
    Wait wait{home, segment, locked, shield, text, none, none, 0};
    std::uint32_t limit =
        any_length || request.size > INT_MAX ? INT_MAX : static_cast<std::uint32_t>(request.size);
    wait.waiter = queue.wait_to_receive(wanted, limit, wait.place);
    if (wait.waiter == none) return queue.damaged() ? -EIDRM : -ENOMEM;
    End end = sleep(wait);
    if (end.woken == Woken::by_removal) return -EIDRM;
    if (end.woken == Woken::by_signal) return -EINTR;
    if (end.outcome == Outcome::too_big) return -E2BIG;
    if (end.outcome == Outcome::done) return take(queue, end.message, Kind::handed, request.size, type, text);
  }
}

}  // namespace

long send(int id, const void* message, std::size_t size, int flags) {
  guarded::install();
  seam::SignalShield shield;
  Request request{0, size, flags};
  if (!guarded::read(&request.type, message, sizeof request.type)) return -EFAULT;
  Namespace* home = Namespace::current();
  if (home == nullptr) return -errno;
  if (static_cast<ssize_t>(size) < 0 ||
      size > static_cast<std::size_t>(home->registry().limits.msgmax.load())) {
    return -EINVAL;
  }
  if (id < 0 || request.type < 1) return -EINVAL;
  Text text;
  if (!text.hold(size)) return -ENOMEM;
  if (!guarded::read(text.bytes(), static_cast<const char*>(message) + sizeof request.type, size))
    return -EFAULT;
  Attached attached(*home, std::int32_t{id});
  if (!attached) return -attached.error();
  long result = send_to(*home, attached.segment(), request, text, shield);
  give_memory_back(attached.segment());
  return result;
}

long receive(int id, void* message, std::size_t size, long type, int flags) {
  guarded::install();
  seam::SignalShield shield;
  if (id < 0 || static_cast<ssize_t>(size) < 0) return -EINVAL;
  Namespace* home = Namespace::current();
  if (home == nullptr) return -errno;
  Text text;
  std::size_t scratch = 0;
  if ((flags & MSG_COPY) != 0) {
    if ((flags & MSG_EXCEPT) != 0 || (flags & IPC_NOWAIT) == 0) return -EINVAL;
    auto msgmax = static_cast<std::size_t>(home->registry().limits.msgmax.load());
    scratch = size < msgmax ? size : msgmax;
    if (!text.hold(scratch)) return -ENOMEM;
    if (!guarded::read(text.bytes(), message, scratch)) return -EFAULT;
  }
  long length, message_type = 0;
  {
    Attached attached(*home, std::int32_t{id});
    if (!attached) return -attached.error();
    length =
        receive_from(*home, attached.segment(), {type, size, flags}, scratch, message_type, text, shield);
    give_memory_back(attached.segment());
  }
  if (length < 0) return length;
  if (!guarded::write(message, &message_type, sizeof message_type) ||
      !guarded::write(static_cast<char*>(message) + sizeof message_type, text.bytes(),
                      static_cast<std::size_t>(length))) {
    return -EFAULT;
  }
  return length;
}

}  // namespace svmq::calls
