// The one layer through which the library touches shared words, the scheduler, the clock and its own
// identity.
//
// Everything that can be observed by, or depends on, another process passes through here, so that a test can
// put a scheduler of its own underneath. Linux only.
//
// Death of a thread is noticed by the kernel itself, without pointers in shared memory that we follow: a lock
// being taken or held is the `list_op_pending` of the thread's robust list, a waiting word is an entry of
// that list. When the thread dies, at whatever instruction, the kernel sets `died` in each of the words that
// carry its id.
//
// Invariants:
//   1. While a thread waits for or holds a Lock its signals are shielded, so no handler can meet the lock
//   held.
//   2. A word carries its owner's thread id, as seen by that owner, and the two flag bits; nothing else.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace svmq::seam {

using Word = std::atomic<std::uint32_t>;
static_assert(sizeof(Word) == 4 && Word::is_always_lock_free);

inline constexpr std::uint32_t thread_bits = 0x3fffffff;  // FUTEX_TID_MASK
inline constexpr std::uint32_t died = 0x40000000;         // FUTEX_OWNER_DIED
inline constexpr std::uint32_t contended = 0x80000000;    // FUTEX_WAITERS

// The bitset (last futex argument) of a wait for the queue. Observers may rely on it: a thread inside such a
// call is queued as a waiter; waits for locks never use it.
inline constexpr std::uint32_t queue_wait_bitset = 0x53564d51;

std::uint32_t thread_id();
std::int32_t process_id();
std::int64_t now();

// Makes all earlier stores come before all later ones, for other processes and for the moment of death.
inline void order() { std::atomic_thread_fence(std::memory_order_seq_cst); }

// Blocks all signals of the thread but the synchronous ones, and its cancellation, for as long as it lives.
class SignalShield {
 public:
  SignalShield();
  ~SignalShield() { drop(); }
  SignalShield(const SignalShield&) = delete;
  SignalShield& operator=(const SignalShield&) = delete;
  void raise();
  void drop();

 private:
  std::uint64_t before_ = 0;
  int cancellable_ = 0;
  bool raised_ = false;
};

// A robust lock in shared memory. `acquire` reports whether the former owner died inside, in which case the
// caller holds the lock and repairs what it protects. Needs a SignalShield.
enum class Acquired { clean, owner_died };
Acquired acquire(Word& lock);
void release(Word& lock);

// A thread's place in a queue of waiters, at least 64 bytes into a record of 128: the word and, at the
// distance that the C library's robust list has chosen, the entry's link. The owner arms it before others can
// see it.
class WaitingWord {
 public:
  using Place = std::uintptr_t;  // in the thread's robust list; kept in private memory
  Place arm();                   // by the waiter: the word carries its id; its death will be seen
  void disarm(Place place);      // by the waiter, before the record is freed; the word is not touched
  // Sleeps until woken, EINTR (a handler ran) or an unimportant reason (0). Shield dropped while it sleeps.
  int sleep(SignalShield& shield);

  // By the waker, under the queue's lock: takes the waiter for itself; false if it has died.
  bool claim();
  void wake();
  // Releases the lock and wakes, in one system call: a waker killed between the two would leave the waiter
  // asleep.
  void wake_and_release(Word& lock);
  bool dead() const { return (word_.load(std::memory_order_acquire) & died) != 0; }
  bool claimed() const { return (word_.load(std::memory_order_acquire) & contended) != 0; }

 private:
  alignas(8) std::uint64_t before_[4];
  Word word_;
  std::uint32_t between_;
  std::uint64_t after_[6];
};
static_assert(sizeof(WaitingWord) == 88);

// Room in the file system for these bytes of a shared mapping, now rather than by SIGBUS later. False if
// there is none.
bool reserve_memory(void* address, std::size_t size);

}  // namespace svmq::seam
