#include "seam.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace svmq::seam {
namespace {

static_assert(thread_bits == FUTEX_TID_MASK && died == FUTEX_OWNER_DIED && contended == FUTEX_WAITERS);

// The kernel's view of a thread's robust list (linux/futex.h has it only for C).
struct RobustLink {
  RobustLink* next;
};
struct RobustHead {
  RobustLink first;
  long offset;  // from a link to its word
  RobustLink* pending;
};

struct Identity {
  std::int32_t process = 0;
  std::uint32_t thread = 0;
  RobustHead* robust = nullptr;
  RobustLink* interrupted =
      nullptr;  // of a mutex operation of the program that a signal handler of it interrupted
};

// A page that the kernel clears in every child, however it was forked, so that cached ids cannot outlive a
// fork.
std::atomic<std::int32_t>* process_page() {
  static std::atomic<std::int32_t>* page = [] {
    void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static std::atomic<std::int32_t> never_cached{0};
    if (memory == MAP_FAILED || madvise(memory, 4096, MADV_WIPEONFORK) != 0) return &never_cached;
    return static_cast<std::atomic<std::int32_t>*>(memory);
  }();
  return page;
}

// For a thread without a list (made by a bare clone): one of its own.
RobustHead* robust_list_of_this_thread() {
  static thread_local RobustHead own;
  RobustHead* head = nullptr;
  std::size_t size = 0;
  if (syscall(SYS_get_robust_list, 0, &head, &size) == 0 && head != nullptr) return head;
  own = RobustHead{{nullptr}, -32, nullptr};
  own.first.next = &own.first;
  syscall(SYS_set_robust_list, &own, sizeof own);
  return &own;
}

Identity& identity() {
  static thread_local Identity self;
  std::int32_t process = process_page()->load(std::memory_order_relaxed);
  if (process != 0 && self.process == process) return self;
  self.process = static_cast<std::int32_t>(syscall(SYS_getpid));
  self.thread = static_cast<std::uint32_t>(syscall(SYS_gettid));
  self.robust = robust_list_of_this_thread();
  process_page()->store(self.process, std::memory_order_relaxed);
  return self;
}

RobustLink* link_of(Word& word) {
  return reinterpret_cast<RobustLink*>(reinterpret_cast<char*>(&word) - identity().robust->offset);
}

void compiler_order() { std::atomic_signal_fence(std::memory_order_seq_cst); }

long futex(Word& word, int operation, std::uint32_t value, const timespec* timeout, std::uint32_t bitset) {
  return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, timeout, nullptr,
                 bitset);
}

void wait_for_lock(Word& lock, std::uint32_t seen) {
  // Short, because a holder that dies between its release and its wake-up leaves the wake-up to us.
  const timespec timeout{0, 10'000'000};
  futex(lock, FUTEX_WAIT, seen, &timeout, 0);
}

bool try_acquire(Word& lock, std::uint32_t seen, std::uint32_t mine) {
  return lock.compare_exchange_strong(seen, mine, std::memory_order_acq_rel, std::memory_order_relaxed);
}

}  // namespace

std::uint32_t thread_id() { return identity().thread; }
std::int32_t process_id() { return identity().process; }
std::int64_t now() { return static_cast<std::int64_t>(time(nullptr)); }

SignalShield::SignalShield() { raise(); }

void SignalShield::raise() {
  if (raised_) return;
  std::uint64_t shielded = ~std::uint64_t{0};
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
    shielded &= ~(std::uint64_t{1} << (signal - 1));
  }
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &shielded, &before_, sizeof shielded);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable_);
  raised_ = true;
}

void SignalShield::drop() {
  if (!raised_) return;
  raised_ = false;
  pthread_setcancelstate(cancellable_, nullptr);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_);
}

Acquired acquire(Word& lock) {
  Identity& self = identity();
  self.interrupted = self.robust->pending;
  self.robust->pending = link_of(lock);
  compiler_order();
  std::uint32_t sleeper = 0;
  for (int spins = 0;; ++spins) {
    std::uint32_t seen = lock.load(std::memory_order_relaxed);
    if ((seen & thread_bits) == 0) {
      if (!try_acquire(lock, seen, self.thread | (seen & contended) | sleeper)) continue;
      return (seen & died) != 0 ? Acquired::owner_died : Acquired::clean;
    }
    if (spins < 100) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
      continue;
    }
    if ((seen & contended) == 0 && !try_acquire(lock, seen, seen | contended)) continue;
    wait_for_lock(lock, seen | contended);
    sleeper = contended;
  }
}

void release(Word& lock) {
  const Identity& self = identity();
  // The contended bit stays while somebody may sleep, so that whoever gets the lock first still wakes them.
  std::uint32_t seen = self.thread;
  if (!lock.compare_exchange_strong(seen, 0, std::memory_order_release, std::memory_order_relaxed)) {
    lock.store(contended, std::memory_order_release);
    if (futex(lock, FUTEX_WAKE, 1, nullptr, 0) == 0) {
      seen = contended;
      lock.compare_exchange_strong(seen, 0, std::memory_order_relaxed, std::memory_order_relaxed);
    }
  }
  compiler_order();
  self.robust->pending = self.interrupted;
}

WaitingWord::Place WaitingWord::arm() {
  const Identity& self = identity();
  word_.store(self.thread, std::memory_order_relaxed);
  RobustLink* link = link_of(word_);
  if (reinterpret_cast<char*>(link) < reinterpret_cast<char*>(this) + 8 ||
      reinterpret_cast<char*>(link + 1) > reinterpret_cast<char*>(this + 1)) {
    return 0;  // a C library with another layout: a death in the wait goes unseen
  }
  RobustLink* next = self.robust->first.next;
  link->next = next;
  compiler_order();
  self.robust->first.next = link;
  compiler_order();
  return reinterpret_cast<Place>(next);
}

void WaitingWord::disarm(Place place) {
  if (place == 0) return;
  RobustHead* head = identity().robust;
  RobustLink* link = link_of(word_);
  // Ours is the first unless a signal handler of the program took a robust mutex and kept it. The links
  // before ours are that program's own; the kernel bounds the walk likewise.
  RobustLink* at = &head->first;
  for (int steps = 0; steps < 2048 && at->next != &head->first && at->next != nullptr; ++steps) {
    if (at->next == link) {
      at->next = reinterpret_cast<RobustLink*>(place);
      break;
    }
    at = at->next;
  }
  compiler_order();
}

int WaitingWord::sleep(SignalShield& shield) {
  std::uint32_t waiting = identity().thread;
  // A time-out, although a far one: without it the kernel would restart the wait under SA_RESTART.
  const timespec far{std::int64_t{1} << 40, 0};
  int kind;
  shield.drop();
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &kind);
  long result = futex(word_, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, waiting, &far, queue_wait_bitset);
  int error = result == -1 ? errno : 0;
  pthread_setcanceltype(kind, nullptr);
  shield.raise();
  return error == EINTR ? EINTR : 0;
}

bool WaitingWord::claim() {
  std::uint32_t seen = word_.load(std::memory_order_acquire);
  return (seen & (died | contended)) == 0 &&
         word_.compare_exchange_strong(seen, seen | contended, std::memory_order_acq_rel);
}

void WaitingWord::wake_and_release(Word& lock) {
  // lock := 0, wake one on word_, and one on lock if it was negative, that is, contended.
  constexpr int operation = FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_LT, 0);
  order();
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word_), FUTEX_WAKE_OP, 1, 1,
          reinterpret_cast<std::uint32_t*>(&lock), operation);
  compiler_order();
  identity().robust->pending = identity().interrupted;
}

void WaitingWord::wake() { futex(word_, FUTEX_WAKE, 1, nullptr, 0); }

bool reserve_memory(void* address, std::size_t size) {
  return madvise(address, size, MADV_POPULATE_WRITE) == 0 ||
         (errno != EFAULT && errno != ENOMEM && errno != EHWPOISON);
}

}  // namespace svmq::seam
