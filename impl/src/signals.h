// The program's signal handlers, kept away from where a lock is held.
//
// A system call is not interrupted in its middle; a handler of the program could interrupt ours while it
// holds a lock, call it again, or leave it by longjmp. Blocking all signals would cost two system calls a
// call. So the library stands in front of sigaction and its relatives (interpose.cc): the kernel runs
// `arrive`, which runs the program's handler at once, or, on a thread that holds them off, blocks all signals
// and has the same signal sent again when it lets go. Handlers that a program installs by a bare system call
// are not seen.
//
// The same for faults: SIGSEGV and SIGBUS go to guarded.h first, whoever has installed a handler and when.
//
// Where the loader has not put the library in front of the C library (dlopen), signals are blocked after all.
#pragma once

#include <atomic>
#include <csignal>

namespace svmq::signals {

struct Hold {
  int depth;
  int held_off;         // signals
  bool faults_blocked;  // by the program
  bool blocked;         // all, by us
};
extern __thread Hold hold_of_thread;
extern bool blocks_always;
void block();
bool release_held();

__attribute__((always_inline)) inline void hold() {  // nests
  Hold& self = hold_of_thread;
  if (self.depth++ == 0 && (blocks_always || self.faults_blocked)) block();
  std::atomic_signal_fence(std::memory_order_seq_cst);
}
__attribute__((always_inline)) inline bool let_go() {  // handlers that were held off run here: true
  Hold& self = hold_of_thread;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return --self.depth == 0 && (self.held_off != 0 || self.blocked) && release_held();
}

// A sleep in which handlers of the program may run. The first one ends it, also where it runs just before the
// thread falls asleep or as it is woken, of which the system call tells nothing.
struct Sleep {
  void (*keep_awake)(Sleep&);  // the thread does not fall asleep any more
  bool ended;
};
extern __thread Sleep* sleep_of_thread;

// What sigaction does. `at` wanted == nullptr only asks.
int action(int number, const struct sigaction* wanted, struct sigaction* former);

// What sigprocmask does, 0 or an errno. While a thread has SIGSEGV or SIGBUS blocked, which makes faults
// deadly, the library blocks signals by system calls and unblocks these.
int mask(int how, const sigset_t* wanted, sigset_t* former);
void note_mask();  // of a thread that is new here

// From now on faults go through guarded.h.
void watch_faults();

}  // namespace svmq::signals
