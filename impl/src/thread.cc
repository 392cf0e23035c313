#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "locked.h"
#include "signals.h"

namespace svmq {

__thread Thread* present_thread __attribute__((tls_model("initial-exec"))) = nullptr;

__thread LastCall last_call __attribute__((tls_model("initial-exec"))) = {};

namespace {

pthread_key_t at_exit;
Thread no_memory;  // where there is none for a thread of its own: nothing is remembered then

void end_thread(void* memory) {
  auto* ending = static_cast<Thread*>(memory);
  if (ending->process == seam::process_id()) {
    seam::SignalShield shield;
    for (std::uint32_t i = 0; i < ending->seats_end; ++i) {
      if (ending->seats[i].segment != nullptr) leave_seat(ending->seats[i]);
    }
  }
  if (present_thread == ending) present_thread = nullptr;
  munmap(ending, sizeof(Thread));
}

__attribute__((constructor)) void make_key() { pthread_key_create(&at_exit, end_thread); }

}  // namespace

Thread& make_thread() {
  if (!seam::process_is_noted()) Namespace::begin_process();
  Thread* made = present_thread;
  if (made == nullptr) {
    void* memory = mmap(nullptr, sizeof(Thread), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      no_memory.credentials = {};
      return no_memory;
    }
    made = static_cast<Thread*>(memory);
    present_thread = made;
    pthread_setspecific(at_exit, made);
    signals::note_mask();
  }
  if (made->process != seam::process_id()) {
    made->process = seam::process_id();
    made->space = seam::process_space();
    made->credentials = {};
    for (std::uint32_t i = 0; i < made->seats_end; ++i) made->seats[i] = {};
    made->seats_end = 0;
  }
  return *made;
}

void leave_seat(Seat& seat) {
  Segment* segment = seat.segment;
  {
    Locked locked(*segment);
    if (locked.gone()) {
      if (Member* mine = locked.queue.space().member(seat.member)) mine->used.set(0);
    } else {
      locked.queue.leave(seat.member);
    }
  }
  seat = {};
  segment->pins.fetch_sub(1);
}

namespace {

template <class Condition>
void leave_seats(const Condition& condition) {
  Thread& thread = this_thread();
  for (std::uint32_t i = 0; i < thread.seats_end; ++i) {
    Seat& seat = thread.seats[i];
    if (seat.segment != nullptr && !seat.waits && condition(*seat.segment)) leave_seat(seat);
  }
}

}  // namespace

void leave_removed_queues() {
  leave_seats([](const Segment& segment) { return segment.removed(); });
}

void leave_other_namespaces(Namespace* present) {
  leave_seats([=](const Segment& segment) { return segment.home != present; });
}

namespace {

// The seat is taken for good only when nothing can fail any more.
bool sit_down(Seat& seat, Segment* segment, int& error) {
  Index member;
  {
    Locked locked(*segment);
    error = EINVAL;
    if (locked.gone()) return false;
    member = locked.queue.join();
    error = locked.queue.damaged() ? EINVAL : ENOMEM;
    if (member == none || locked.queue.damaged()) return false;
  }
  seat = {};
  seat.segment = segment;
  seat.member = member;
  return true;
}

// Has a signal handler left the call that sleeps here by longjmp? Then its frame is gone: the stack is higher
// now. On another stack that cannot be told.
bool abandoned(const Seat& seat) {
  stack_t alternate;
  bool elsewhere = sigaltstack(nullptr, &alternate) != 0 || (alternate.ss_flags & SS_ONSTACK) != 0;
  return !elsewhere && __builtin_frame_address(0) > seat.frame;
}

// As if the signal had ended the wait.
void clear_abandoned(Seat& seat) {
  Locked locked(*seat.segment);
  Member* mine = locked.queue.space().member(seat.member);
  if (mine == nullptr) return;
  if (!locked.gone()) {
    locked.queue.stop_waiting(seat.member);
    locked.queue.put_down(seat.member);
  }
  seat.hand = none;
  mine->reads.set(0);
  if (!locked.queue.damaged()) locked.queue.space().commit();  // before its death goes unseen
  mine->waiting.disarm(seat.place);
  seat.waits = false;
}

__attribute__((noinline)) Seat* take_seat(std::int32_t id, int& error) {
  Thread& thread = this_thread();
  Visit home;
  if (!home) {
    error = errno;
    return nullptr;
  }
  Segment* segment = home->attach(id, error);
  if (segment == nullptr) return nullptr;
  if (!segment->usable()) {
    segment->pins.fetch_sub(1);
    error = EACCES;
    return nullptr;
  }
  Seat* seat = &thread.seats[static_cast<std::uint32_t>(id) % Thread::most_seats];
  if (seat->waits && abandoned(*seat)) clear_abandoned(*seat);
  if (seat->waits || &thread == &no_memory) {
    seat = static_cast<Seat*>(calloc(1, sizeof(Seat)));
    error = ENOMEM;
    bool seated = seat != nullptr && sit_down(*seat, segment, error);
    if (seated) {
      seat->passing = true;
      return seat;
    }
    free(seat);
  } else {
    if (seat->segment != nullptr) leave_seat(*seat);
    if (sit_down(*seat, segment, error)) {
      auto end = static_cast<std::uint32_t>(seat - thread.seats) + 1;
      if (end > thread.seats_end) thread.seats_end = end;
      return seat;
    }
  }
  segment->pins.fetch_sub(1);
  return nullptr;
}

}  // namespace

Seat* find_seat(std::int32_t id, int& error) {
  if (Seat* known = known_seat(id)) return known;
  return take_seat(id, error);
}

}  // namespace svmq
