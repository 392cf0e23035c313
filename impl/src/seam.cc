#include "seam.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>

#include "signals.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace svmq::seam {
namespace {

static_assert(thread_bits == FUTEX_TID_MASK && died == FUTEX_OWNER_DIED && contended == FUTEX_WAITERS);

constexpr long usual_offset = -32;
__thread RobustHead own_list;
// A page that the kernel clears in every child, however it was forked.
std::atomic<std::int32_t> never_cached{0};
__attribute__((constructor)) void make_process_page() {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || madvise(memory, 4096, MADV_WIPEONFORK) != 0) return;
  process_page = static_cast<std::atomic<std::int32_t>*>(memory);
}

// For a thread without a list (made by a bare clone): one of its own.
RobustHead* robust_list_of_this_thread() {
  RobustHead* head = nullptr;
  std::size_t size = 0;
  long result =
      system_call(SYS_get_robust_list, 0, reinterpret_cast<long>(&head), reinterpret_cast<long>(&size));
  if (result == 0 && head != nullptr) return head;
  own_list = RobustHead{{nullptr}, usual_offset, nullptr};
  own_list.first.next = &own_list.first;
  system_call(SYS_set_robust_list, reinterpret_cast<long>(&own_list), sizeof own_list);
  return &own_list;
}

RobustLink* link_of(const Identity& self, Word& word) {
  return reinterpret_cast<RobustLink*>(reinterpret_cast<char*>(&word) - self.robust->offset);
}
RobustLink*& back_of(RobustLink* link) { return reinterpret_cast<RobustLink**>(link)[-1]; }

long futex(const Word& word, int operation, std::uint32_t value, const timespec* timeout,
           std::uint32_t bitset) {
  return system_call(SYS_futex, reinterpret_cast<long>(&word), operation, static_cast<long>(value),
                     reinterpret_cast<long>(timeout), 0, static_cast<long>(bitset));
}

// Sets `changed` and wakes one sleeper on `woken`, and some on `changed` if that was contended.
long futex_wake_and_set(const Word& woken, Word& changed, int operation, long some) {
  return system_call(SYS_futex, reinterpret_cast<long>(&woken), FUTEX_WAKE_OP, 1, some,
                     reinterpret_cast<long>(&changed), operation);
}

void wait_for_lock(Word& word, std::uint32_t seen) {
  // Short, because of two deaths at once: a thread woken here that dies before it could pass the lock's flag
  // on.
  const timespec timeout{0, 10'000'000};
  futex(word, FUTEX_WAIT, seen, &timeout, 0);
}

// Replaces the lock's word if nobody has owned it since `change` was so.
bool replace_word(Lock& lock, std::uint32_t expected, std::uint32_t value, std::uint32_t change) {
  auto both = [=](std::uint32_t word) { return std::bit_cast<std::uint64_t>(std::array{word, change}); };
#ifdef SVMQ_VERIFY
  return verify::replace(&lock.word, both(expected), both(value));
#else
  using Both = std::uint64_t __attribute__((may_alias));
  std::uint64_t seen = both(expected);
  return __atomic_compare_exchange_n(reinterpret_cast<Both*>(&lock.word), &seen, both(value), false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
#endif
}

// Nobody can own a settled lock before somebody has forgotten its change. That is done without owning it, so
// meanwhile others may have owned and settled it again, which leaves another change to be forgotten.
void forget_settled(Lock& lock, std::uint32_t seen) {
  std::uint32_t change = lock.change.acquire();
  std::uint64_t open = lock.open.acquire();
  if (lock.word.acquire() != seen) return;
  if ((open & 0xffff) != 0 && !lock.open.replace(open, open & ~std::uint64_t{0xffff})) return;
  replace_word(lock, seen, seen & contended, change);
}

}  // namespace

#if defined(SVMQ_VERIFY)
long system_call(long number, long a, long b, long c, long d, long e, long f) {
  return verify::system_call(number, a, b, c, d, e, f);
}
#elif defined(__x86_64__)
long system_call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#else
long system_call(long number, long a, long b, long c, long d, long e, long f) {
  int error = errno;
  long result = syscall(number, a, b, c, d, e, f);
  if (result == -1) result = -errno;
  errno = error;
  return result;
}
#endif

__thread Identity identity_of_thread;
std::atomic<std::int32_t>* process_page = &never_cached;

Identity& identify() {
  Identity& self = identity_of_thread;
  self.process = static_cast<std::int32_t>(system_call(SYS_getpid));
  self.thread = static_cast<std::uint32_t>(system_call(SYS_gettid));
  self.robust = robust_list_of_this_thread();
  return self;
}

void note_process() {
  process_page->store(static_cast<std::int32_t>(system_call(SYS_getpid)), std::memory_order_relaxed);
}

std::uint64_t process_space() {
  struct stat status;
  return stat("/proc/self/ns/pid", &status) == 0 ? static_cast<std::uint64_t>(status.st_ino) : 0;
}

bool process_exists(std::int32_t process) { return system_call(SYS_kill, process, 0) != -ESRCH; }

void relax(std::uint32_t times) {
#if defined(SVMQ_VERIFY)
  times = 1;
#endif
  for (; times != 0; --times) {
#if defined(SVMQ_VERIFY)
    verify::relax();
#elif defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }
}

std::uint64_t ticks() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(time.tv_nsec);
}

Uncancelled::Uncancelled() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
Uncancelled::~Uncancelled() { pthread_setcancelstate(before_, nullptr); }

// A lock is held for less than the way of its memory between two processors takes. So the looks become rare
// soon: meanwhile its owner gets several calls done with all memory at hand. Longer than all looks together
// holds it only who has been interrupted.
Acquired acquire_contended(Lock& lock, std::uint32_t mine) {
  constexpr std::uint32_t longest_gap = 64;
  constexpr int most_looks = looks_once ? 1 : 16;
  std::uint32_t sleeper = 0, gap = 16;
  for (int looks = 0;;) {
    std::uint32_t seen = lock.word.acquire();
    if ((seen & ~contended) == settled) {
      forget_settled(lock, seen);
      continue;
    }
    if ((seen & thread_bits) == 0) {
      if (!lock.word.replace(seen, mine | (seen & contended) | sleeper)) continue;
      return (seen & died) != 0 ? Acquired::owner_died : Acquired::clean;
    }
    if (++looks <= most_looks) {
      relax(gap);
      if (gap < longest_gap) gap *= 2;
      continue;
    }
    if ((seen & contended) == 0 && !lock.word.replace(seen, seen | contended)) continue;
    wait_for_lock(lock.word, seen | contended);
    sleeper = contended;
  }
}

// The contended bit stays while somebody may sleep, so that whoever gets the lock first still wakes them.
void release_contended(Lock& lock) {
  constexpr int set_contended = FUTEX_OP(FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 31, FUTEX_OP_CMP_EQ, 0);
  if (futex_wake_and_set(lock.word, lock.word, set_contended, 1) == 0) lock.word.replace(contended, 0);
}

Waiting::Place Waiting::arm() {
  const Identity& self = identity();
  word_.set(self.thread);
  if (self.robust->offset != usual_offset) return 0;  // another C library: a death in the wait goes unseen
  RobustHead* head = self.robust;
  RobustLink* link = link_of(self, word_);
  RobustLink* next = head->first.next;
  link->next = next;
  back_of(link) = &head->first;
  order();
  head->first.next = link;
  auto* neighbour =
      reinterpret_cast<RobustLink*>(reinterpret_cast<std::uintptr_t>(next) & ~std::uintptr_t{1});
  if (neighbour != &head->first && neighbour != nullptr) back_of(neighbour) = link;
  order();
  return reinterpret_cast<Place>(next);
}

void Waiting::disarm(Place place) {
  signals::sleep_of_thread = nullptr;  // of a thread that was cancelled
  if (place != 0) take_off_list(place);
  word_.set(0);
}

void Waiting::take_off_list(Place place) {
  const Identity& self = identity();
  RobustHead* head = self.robust;
  RobustLink* link = link_of(self, word_);
  auto* next = reinterpret_cast<RobustLink*>(place);
  // Ours is the first unless a signal handler of the program took a robust mutex and kept it. The links
  // before ours are that program's own; the kernel bounds the walk likewise.
  RobustLink* at = &head->first;
  for (int steps = 0; steps < 2048 && at->next != &head->first && at->next != nullptr; ++steps) {
    if (at->next == link) {
      at->next = next;
      auto* neighbour = reinterpret_cast<RobustLink*>(place & ~std::uintptr_t{1});
      if (neighbour != &head->first && neighbour != nullptr) back_of(neighbour) = at;
      break;
    }
    at = reinterpret_cast<RobustLink*>(reinterpret_cast<std::uintptr_t>(at->next) & ~std::uintptr_t{1});
  }
  order();
}

int Waiting::sleep(SignalShield& shield) {
  std::uint32_t waiting = identity().thread;
  // A time-out, although a far one: without it the kernel would restart the wait under SA_RESTART.
  const timespec far{std::int64_t{1} << 40, 0};
  struct SleepOnWord : signals::Sleep {
    Word& word;
  } mine{{[](signals::Sleep& sleep) { static_cast<SleepOnWord&>(sleep).word.fetch_or(contended); }, false},
         word_};
  int kind;
  signals::sleep_of_thread = &mine;
  if (shield.drop()) {  // since the call began: it is interrupted like one that sleeps already
    signals::sleep_of_thread = nullptr;
    shield.raise();
    return EINTR;
  }
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &kind);
  long result = futex(word_, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, waiting, &far, queue_wait_bitset);
  pthread_setcanceltype(kind, nullptr);
  shield.raise();
  signals::sleep_of_thread = nullptr;
  return result == -EINTR || mine.ended ? EINTR : 0;
}

void Waiting::unclaim() {
  std::uint32_t mine = identity().thread;
  word_.replace(mine | contended, mine);
}

void Waiting::wake() { futex(word_, FUTEX_WAKE, 1, nullptr, 0); }

void Waiting::wake_and_release(Lock& lock) {
  constexpr int settle = FUTEX_OP(FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 29, FUTEX_OP_CMP_LT, 0);
  static_assert(settled == 1u << 29);
  const Identity& self = identity();
  order();
  // One sleeper more than needed: if the one that is woken dies, the kernel takes the settled lock for an
  // owned one and wakes nobody in its place.
  if (futex_wake_and_set(word_, lock.word, settle, 2) < 0) {  // a file cut short, or a very old kernel
    lock.word.set(settled);
    wake();
  }
  order();
  self.robust->pending = self.interrupted;
}

bool reserve_memory(void* address, std::size_t size) {
  long result =
      system_call(SYS_madvise, reinterpret_cast<long>(address), static_cast<long>(size), MADV_POPULATE_WRITE);
  return result == 0 || (result != -EFAULT && result != -ENOMEM && result != -EHWPOISON);
}

void return_memory(void* address, std::size_t size) {
  system_call(SYS_madvise, reinterpret_cast<long>(address), static_cast<long>(size), MADV_REMOVE);
}

}  // namespace svmq::seam
