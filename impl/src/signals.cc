#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "guarded.h"
#include "interpose.h"
#include "seam.h"

namespace svmq::signals {
namespace {

constexpr int count = 65;

// What this thread has held off. Room for more than one: another signal may arrive before the first one's
// `arrive` has had them all blocked.
struct HeldOff {
  siginfo_t signals[8];
};
struct ThreadState {
  HeldOff* signals;
  sigset_t before;              // the mask to go back to
  std::uint64_t masked_before;  // the same, where signals are blocked instead
};
__thread ThreadState kept;

// The handler that the program has asked for. Written with signals blocked, read by handlers: `version` is
// odd meanwhile.
struct Wish {
  std::atomic<unsigned> version{0};
  struct sigaction action;
};
Wish wishes[count];
pthread_mutex_t wishes_lock = PTHREAD_MUTEX_INITIALIZER;
std::atomic<bool> faults_watched{false};

struct sigaction wish_of(int number) {
  Wish& wish = wishes[number];
  for (;;) {
    unsigned before = wish.version.load(std::memory_order_acquire);
    struct sigaction copy = wish.action;
    std::atomic_thread_fence(std::memory_order_acquire);
    if ((before & 1) == 0 && wish.version.load(std::memory_order_relaxed) == before) return copy;
  }
}

void set_wish(int number, const struct sigaction& action) {
  Wish& wish = wishes[number];
  wish.version.fetch_add(1);
  wish.action = action;
  wish.version.fetch_add(1);
}

bool is_handler(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

bool is_fault(int number) { return number == SIGSEGV || number == SIGBUS; }

using Sigaction = int (*)(int, const struct sigaction*, struct sigaction*);
Sigaction real_sigaction() {
  static Sigaction found = interpose::plain_function<Sigaction>("sigaction");
  return found;
}

sigset_t common(const sigset_t& one, const sigset_t& other) {
  sigset_t both;
  sigandset(&both, &one, &other);
  return both;
}

// Blocked on return from the handler, all of them, and sent again when the thread lets go.
void hold_off(const siginfo_t* info, ucontext_t* context) {
  if (kept.signals == nullptr) {
    void* memory = mmap(nullptr, sizeof(HeldOff), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    kept.signals = static_cast<HeldOff*>(memory);
  }
  bool first = hold_of_thread.held_off == 0;
  if (hold_of_thread.held_off < 8) kept.signals->signals[hold_of_thread.held_off++] = *info;
  // Of several that come on top of each other the mask to go back to is the one that was there before all:
  // each of the others' has more signals in it.
  kept.before = first ? context->uc_sigmask : common(kept.before, context->uc_sigmask);
  // Nor a fault's own, where one is being handled.
  for (int number : {SIGSEGV, SIGBUS})
    if (!hold_of_thread.faults_blocked) sigdelset(&kept.before, number);
  sigfillset(&context->uc_sigmask);
  for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
    sigdelset(&context->uc_sigmask, number);
}

void end_sleep() {
  Sleep* sleep = sleep_of_thread;
  if (sleep == nullptr) return;
  sleep_of_thread = nullptr;  // the handler may leave by longjmp
  sleep->ended = true;
  sleep->keep_awake(*sleep);
}

void run(const struct sigaction& action, int number, siginfo_t* info, void* context) {
  end_sleep();
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(number, info, context);
  } else {
    action.sa_handler(number);
  }
}

void arrive(int number, siginfo_t* info, void* context) {
  bool fault =
      info->si_code > 0 && (number == SIGFPE || number == SIGILL || number == SIGTRAP || number == SIGSYS);
  if (hold_of_thread.depth > 0 && !fault) return hold_off(info, static_cast<ucontext_t*>(context));
  struct sigaction wish = wish_of(number);
  if ((wish.sa_flags & SA_RESETHAND) != 0) {
    struct sigaction none = {};
    none.sa_handler = SIG_DFL;
    action(number, &none, nullptr);
  }
  if (is_handler(wish)) run(wish, number, info, context);
}

void on_fault(int number, siginfo_t* info, void* context) {
  int error = errno;
  if (info->si_code > 0 && guarded::handle(number, info, context)) {
    errno = error;
    return;
  }
  if (hold_of_thread.depth > 0 && info->si_code <= 0)
    return hold_off(info, static_cast<ucontext_t*>(context));
  struct sigaction wish = wish_of(number);
  if (!is_handler(wish)) {
    if (info->si_code <= 0 && wish.sa_handler == SIG_IGN) return;
    // The fault happens again on return, without us; a signal that was sent is sent again.
    struct sigaction plain = {};
    plain.sa_handler = SIG_DFL;
    real_sigaction()(number, &plain, nullptr);
    if (info->si_code <= 0) raise(number);
    return;
  }
  if ((wish.sa_flags & SA_RESETHAND) != 0) {
    struct sigaction none = {};
    none.sa_handler = SIG_DFL;
    set_wish(number, none);
  }
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &wish.sa_mask, &before);
  run(wish, number, info, context);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 &&
         (action.sa_sigaction == arrive || action.sa_sigaction == on_fault);
}

// All signals of the thread but those that faults make.
class AllBlocked {
 public:
  AllBlocked() {
    sigset_t all;
    sigfillset(&all);
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) sigdelset(&all, number);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
    pthread_mutex_lock(&wishes_lock);
  }
  ~AllBlocked() {
    pthread_mutex_unlock(&wishes_lock);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  AllBlocked(const AllBlocked&) = delete;
  AllBlocked& operator=(const AllBlocked&) = delete;

 private:
  sigset_t before_;
};

// What the kernel is told where the program wants `wanted`.
struct sigaction stand_in(int number, const struct sigaction& wanted) {
  struct sigaction told = wanted;
  bool watched = is_fault(number) && faults_watched.load();
  if (!watched && !is_handler(wanted)) return told;
  told.sa_flags = (wanted.sa_flags & ~SA_RESETHAND) | SA_SIGINFO;
  told.sa_sigaction = arrive;
  sigdelset(&told.sa_mask, SIGSEGV);
  sigdelset(&told.sa_mask, SIGBUS);
  if (watched) {
    told.sa_sigaction = on_fault;
    told.sa_flags |= SA_ONSTACK;
    sigemptyset(&told.sa_mask);
  }
  return told;
}

__attribute__((noinline)) void unblock() {
  hold_of_thread.blocked = false;
  seam::system_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&kept.masked_before), 0,
                    sizeof kept.masked_before);
}

__attribute__((noinline)) void send_again() {
  long process = seam::system_call(SYS_getpid), thread = seam::system_call(SYS_gettid);
  HeldOff* signals = kept.signals;
  int kept_count = hold_of_thread.held_off;
  kept.signals = nullptr;
  hold_of_thread.held_off = 0;
  for (int i = 0; i < kept_count; ++i) {
    siginfo_t info = signals->signals[i];
    seam::system_call(SYS_rt_tgsigqueueinfo, process, thread, info.si_signo, reinterpret_cast<long>(&info));
  }
  munmap(signals, sizeof *signals);
  sigset_t before = kept.before;
  seam::system_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&before), 0, 8);
}

}  // namespace

__thread Hold hold_of_thread;
__thread Sleep* sleep_of_thread;
bool blocks_always = true;  // until interpose.cc has found out

void block() {
  std::uint64_t all = ~std::uint64_t{0};
  for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
    all &= ~(std::uint64_t{1} << (number - 1));
  seam::system_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&all),
                    reinterpret_cast<long>(&kept.masked_before), sizeof all);
  // One that came since the hold began has had them blocked already.
  if (hold_of_thread.held_off != 0) memcpy(&kept.masked_before, &kept.before, sizeof kept.masked_before);
  hold_of_thread.blocked = true;
}

bool release_held() {
  bool some = hold_of_thread.held_off != 0;
  if (some) send_again();
  if (hold_of_thread.blocked) unblock();
  return some;
}

void note_mask() {
  sigset_t present;
  if (hold_of_thread.blocked || mask(SIG_SETMASK, nullptr, &present) != 0 || !hold_of_thread.faults_blocked)
    return;
  if (hold_of_thread.depth > 0) block();
}

int mask(int how, const sigset_t* wanted, sigset_t* former) {
  static auto real = interpose::plain_function<int (*)(int, const sigset_t*, sigset_t*)>("pthread_sigmask");
  int error = real(how, wanted, former);
  sigset_t present;
  if (error == 0 && real(SIG_SETMASK, nullptr, &present) == 0) {
    hold_of_thread.faults_blocked = sigismember(&present, SIGSEGV) == 1 || sigismember(&present, SIGBUS) == 1;
  }
  return error;
}

int action(int number, const struct sigaction* wanted, struct sigaction* former) {
  if (number < 1 || number >= count) return real_sigaction()(number, wanted, former);
  AllBlocked blocked;
  struct sigaction present;
  if (wanted == nullptr) {
    if (real_sigaction()(number, nullptr, &present) != 0) return -1;
  } else {
    struct sigaction told = stand_in(number, *wanted);
    struct sigaction asked = *wanted;
    struct sigaction wish = wish_of(number);
    // Before the kernel knows it, so that nothing arrives for the wish of before.
    if (is_ours(told)) set_wish(number, asked);
    if (real_sigaction()(number, &told, &present) != 0) {
      set_wish(number, wish);
      return -1;
    }
    if (former != nullptr) *former = is_ours(present) ? wish : present;
    return 0;
  }
  if (former != nullptr) *former = is_ours(present) ? wish_of(number) : present;
  return 0;
}

void watch_faults() {
  for (int number : {SIGSEGV, SIGBUS}) {
    struct sigaction present;
    if (real_sigaction()(number, nullptr, &present) != 0) continue;
    if ((present.sa_flags & SA_SIGINFO) != 0 && present.sa_sigaction == on_fault) continue;
    AllBlocked blocked;
    struct sigaction wanted = is_ours(present) ? wish_of(number) : present;
    faults_watched.store(true);
    set_wish(number, wanted);
    struct sigaction told = stand_in(number, wanted);
    real_sigaction()(number, &told, nullptr);
  }
}

}  // namespace svmq::signals
