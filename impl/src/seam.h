// The one layer through which the library touches shared words, the scheduler, the clock and its own
// identity.
//
// Everything that can be observed by, or depends on, another process passes through here, so that a scheduler
// can be put underneath that drives the same code through every interleaving. Linux only.
//
// Death of a thread is noticed by the kernel, without pointers in shared memory that we follow: a lock being
// taken or held is the `list_op_pending` of the thread's robust list, the word of a waiter is an entry of
// that list. When the thread dies, at whatever instruction, the kernel sets `died` in each of the words that
// carry its id.
//
// Invariants:
//   1. While a thread waits for or holds a Lock, no signal handler of the program runs on it (SignalShield).
//   2. The word of a Lock or Waiting carries its owner's thread id, as seen by that owner, and the flags;
//   nothing else.
//   3. Stores of one thread become visible, and survive its death, in program order as far as `order` says
//   so.
#pragma once

#include <sched.h>
#if __GLIBC_PREREQ(2, 35)
#include <sys/rseq.h>
#endif

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include "signals.h"
#ifdef SVMQ_VERIFY
#include "verify/src/observed.h"
#endif

namespace svmq::seam {

// ---- shared words

#ifdef SVMQ_VERIFY  // impl/verify: the scheduler sees each access
using verify::Atomic;
#else
template <class T>
using Atomic = std::atomic<T>;
#endif

// A field in shared memory. Another process may change it at any time, so each look at it is one load.
template <class T>
class Cell {
 public:
  T get() const { return value_.load(std::memory_order_relaxed); }
  void set(T value) { value_.store(value, std::memory_order_relaxed); }
  T acquire() const { return value_.load(std::memory_order_acquire); }
  void publish(T value) { value_.store(value, std::memory_order_release); }
  T exchange(T value) { return value_.exchange(value, std::memory_order_seq_cst); }
  T fetch_or(T bits) { return value_.fetch_or(bits, std::memory_order_seq_cst); }
  bool replace(T expected, T value) {
    return value_.compare_exchange_strong(expected, value, std::memory_order_seq_cst);
  }

 private:
  Atomic<T> value_;
  static_assert(std::atomic<T>::is_always_lock_free);
};
using Word = Cell<std::uint32_t>;
static_assert(sizeof(Word) == 4 && sizeof(Cell<std::uint64_t>) == 8);

// Earlier stores before later ones, for the moment of death: that is a point between two instructions, so it
// is the compiler alone that must keep the order.
#ifdef SVMQ_VERIFY
using verify::order;
using verify::order_loads;
using verify::order_stores;
#else
inline void order() { std::atomic_signal_fence(std::memory_order_seq_cst); }
// The same for readers in other processes that do not take the lock: who sees a store behind it sees those
// before it, if the loads are in order, too.
inline void order_stores() { std::atomic_thread_fence(std::memory_order_release); }
inline void order_loads() { std::atomic_thread_fence(std::memory_order_acquire); }
#endif
// Of shared memory, word by word.
#ifdef SVMQ_VERIFY
using verify::copy;
#else
inline void copy(void* to, const void* from, std::size_t size) { __builtin_memcpy(to, from, size); }
#endif

inline constexpr std::uint32_t thread_bits = 0x3fffffff;  // FUTEX_TID_MASK
inline constexpr std::uint32_t died = 0x40000000;         // FUTEX_OWNER_DIED
inline constexpr std::uint32_t contended = 0x80000000;    // FUTEX_WAITERS

// ---- who and when

// The kernel's view of a thread's robust list (linux/futex.h has it only for C), and the C library's: each
// link has a pointer back right before it.
struct RobustLink {
  RobustLink* next;
};
struct RobustHead {
  RobustLink first;
  long offset;  // from a link to its word
  RobustLink* pending;
};

// What a thread knows of itself. Valid while `process` is what the page says that every fork clears.
struct Identity {
  std::int32_t process;
  std::uint32_t thread;
  RobustHead* robust;
  RobustLink* interrupted;  // of a mutex operation of the program that a signal handler of it interrupted
};
extern __thread Identity identity_of_thread;
extern std::atomic<std::int32_t>* process_page;
Identity& identify();
inline Identity& identity() {
  std::int32_t process = process_page->load(std::memory_order_relaxed);
  Identity& self = identity_of_thread;
  return process != 0 && self.process == process ? self : identify();
}
inline std::uint32_t thread_id() { return identity().thread; }
inline std::int32_t process_id() { return identity().process; }
// Identifies the pid namespace of this process; 0 where it cannot be told.
std::uint64_t process_space();
// False only if no process with that id exists in this pid namespace.
bool process_exists(std::int32_t process);
inline std::int64_t now() { return static_cast<std::int64_t>(time(nullptr)); }
// The one that this thread runs on.
inline std::uint32_t cpu() {
#if defined(SVMQ_VERIFY)
  return verify::cpu();
#elif defined(__x86_64__) && __GLIBC_PREREQ(2, 35)
  // Where the C library has registered restartable sequences the kernel keeps it in memory (struct rseq,
  // cpu_id).
  if (__builtin_expect(__rseq_size != 0, 1)) {
    auto* area = static_cast<const char*>(__builtin_thread_pointer()) + __rseq_offset;
    return *reinterpret_cast<const volatile std::uint32_t*>(area + 4);
  }
#endif
  return static_cast<std::uint32_t>(sched_getcpu());
}
void relax(std::uint32_t times = 1);  // between two looks at a word
std::uint64_t ticks();                // nanoseconds, for spinning
// Who spins looks at a word once before it does something else. A scheduler can delay that look as it likes
// and needs no more of them.
#ifdef SVMQ_VERIFY
inline constexpr bool looks_once = true;
#else
inline constexpr bool looks_once = false;
#endif
// What is remembered of a process must not outlive a fork, however it was made.
inline std::int32_t noted_process() { return process_page->load(std::memory_order_relaxed); }  // 0: none
inline bool process_is_noted() { return noted_process() != 0; }
void note_process();

// A system call without errno; -errno on failure.
long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0);

// Keeps the program's signal handlers away from the thread for as long as it lives (signals.h).
class SignalShield {
 public:
  SignalShield() { raise(); }
  ~SignalShield() { drop(); }
  SignalShield(const SignalShield&) = delete;
  SignalShield& operator=(const SignalShield&) = delete;
  void raise() {
    if (raised_) return;
    raised_ = true;
    signals::hold();
  }
  // True if handlers that had been kept away ran now.
  bool drop() {
    if (!raised_) return false;
    raised_ = false;
    return signals::let_go();
  }

 private:
  bool raised_ = false;
};

// Keeps cancellation away where files are opened: that would be a cancellation point.
class Uncancelled {
 public:
  Uncancelled();
  ~Uncancelled();
  Uncancelled(const Uncancelled&) = delete;
  Uncancelled& operator=(const Uncancelled&) = delete;

 private:
  int before_;
};

// ---- the lock

// A robust lock in shared memory, and how much of a change its owner has begun. `open` says in its low 16
// bits which entries of the owner's journal count; the rest is a serial number, so that no value comes again.
//
// States of the word: 0 free; an owner; `died` (free, and the change that is open must be undone); `settled`
// (free, and the change that is open has happened: whoever comes next forgets it before anything else).
struct Lock {
  Word word;
  Cell<std::uint32_t> change;  // for readers who cannot lock: odd while the owner may be writing
  Cell<std::uint64_t> open;
};
static_assert(offsetof(Lock, change) == 4 && alignof(Lock) == 8);  // seam.cc replaces both at once
inline constexpr std::uint32_t settled = 0x20000000;               // no thread has such an id

inline bool held(const Lock& lock) { return (lock.word.acquire() & thread_bits & ~settled) != 0; }

enum class Acquired { clean, owner_died };
// Needs a SignalShield. After `owner_died` the caller holds the lock and repairs what it protects.
Acquired acquire_contended(Lock& lock, std::uint32_t mine);
void release_contended(Lock& lock);

__attribute__((always_inline)) inline Acquired acquire(Lock& lock) {
  Identity& self = identity();
  self.interrupted = self.robust->pending;
  self.robust->pending =
      reinterpret_cast<RobustLink*>(reinterpret_cast<char*>(&lock.word) - self.robust->offset);
  order();
  return lock.word.replace(0, self.thread) ? Acquired::clean : acquire_contended(lock, self.thread);
}
__attribute__((always_inline)) inline void release(Lock& lock) {
  const Identity& self = identity_of_thread;
  order();
  if (!lock.word.replace(self.thread, 0)) release_contended(lock);
  order();
  self.robust->pending = self.interrupted;
}

// ---- waiting

// The bitset (last futex argument) of a wait for the queue. Observers may rely on it: a thread inside such a
// call is queued as a waiter; waits for locks never use it.
inline constexpr std::uint32_t queue_wait_bitset = 0x53564d51;

// A thread's place in a queue of waiters: its word and, at the distance that the C library's robust list has
// chosen, the entry's links. The owner arms it before others can see it.
class Waiting {
 public:
  using Place = std::uintptr_t;  // in the thread's robust list; kept in private memory
  Place arm();                   // by the waiter: from now on its death will be seen
  void disarm(Place place);      // by the waiter, when nobody can choose it any more

  // Sleeps until woken, EINTR (a handler ran) or an unimportant reason (0). Shield dropped while it sleeps.
  int sleep(SignalShield& shield);
  void unclaim();  // by the waiter, under the lock: it was woken for nothing

  // By the waker, under the queue's lock.
  bool dead() const { return (word_.acquire() & died) != 0; }
  void claim() { word_.fetch_or(contended); }  // it does not fall asleep any more
  void wake();
  // Commits what is open, releases the lock and wakes, in one system call: a waker killed in between would
  // leave the waiter asleep, or woken for a change that is then undone.
  void wake_and_release(Lock& lock);

 private:
  void take_off_list(Place place);
  Word word_;
  std::uint32_t unused_;
  std::uint64_t between_[2];
  std::uint64_t before_link_, link_;
};
static_assert(sizeof(Waiting) == 40);

// Room in the file system for these bytes of a shared mapping, now rather than by SIGBUS later. False if
// there is none.
bool reserve_memory(void* address, std::size_t size);
// Gives the memory of whole pages back; they read as zeros.
void return_memory(void* address, std::size_t size);

}  // namespace svmq::seam
