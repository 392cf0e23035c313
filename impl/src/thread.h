// What the library remembers for each thread, in private memory: its credentials, and a seat at each queue
// that it has used lately: the mapping, its member there, and what it knows to be in that member's hand.
//
// A seat pins the mapping, so a call that finds its queue at its seat needs nothing else of the process.
// Seats are lost in a fork (the members are the parent's), and left at the end of the thread.
#pragma once

#include "caller.h"
#include "layout.h"

namespace svmq {

struct Segment;
class Namespace;

struct Seat {
  Segment* segment;  // nullptr: empty
  Index member;
  Index hand;  // none, or a tile of `hand_units`
  std::uint32_t hand_units;
  bool waits;            // a call sleeps here; a signal handler's call needs another seat
  bool sent_last;        // the last call here has sent
  bool passing;          // left at the end of the call
  std::uint8_t granted;  // permissions found, under these credentials and settings of the queue
  std::uint32_t granted_settings;
  std::uint64_t granted_count;
  const void* frame;  // of the call that sleeps, and what it needs to wake up
  seam::Waiting::Place place;
  std::uint8_t missed;   // looked out in vain, one time after the other
  std::uint8_t blindly;  // waits since it last looked out
};

struct Thread {
  static constexpr std::uint32_t most_seats = 8192;
  std::int32_t process;
  std::uint64_t space;  // its pid namespace
  Credentials credentials;
  std::uint32_t seats_end;  // no seat at or beyond it has been taken
  Seat seats[most_seats];
};

// The thread's last call that sent or received.
struct LastCall {
  const Seat* seat;
  bool sent;
};
extern __thread LastCall last_call __attribute__((tls_model("initial-exec")));

extern __thread Thread* present_thread __attribute__((tls_model("initial-exec")));
Thread& make_thread();  // also after a fork
__attribute__((always_inline)) inline Thread& this_thread() {
  Thread* present = present_thread;
  if (present != nullptr && present->process != 0 && present->process == seam::noted_process())
    return *present;
  return make_thread();
}

// The calling thread's seat at the queue; nullptr and an errno: EINVAL (no such queue), EACCES (not even its
// files may be opened), ENOMEM.
Seat* find_seat(std::int32_t id, int& error);
void leave_seat(Seat& seat);
void leave_removed_queues();  // by this thread
void leave_other_namespaces(Namespace* present);

}  // namespace svmq
