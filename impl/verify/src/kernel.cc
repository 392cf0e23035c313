// What the kernel does: futexes, robust lists, signals, death.
#include <errno.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "machine.h"

namespace svmq::verify {
namespace {

// The condition of FUTEX_WAKE_OP, on what was there before.
bool compares(std::uint32_t encoded, std::int32_t former) {
  auto operand = static_cast<std::int32_t>(encoded << 20) >> 20;
  switch (encoded >> 24 & 15) {
    case FUTEX_OP_CMP_EQ: return former == operand;
    case FUTEX_OP_CMP_NE: return former != operand;
    case FUTEX_OP_CMP_LT: return former < operand;
    case FUTEX_OP_CMP_LE: return former <= operand;
    case FUTEX_OP_CMP_GT: return former > operand;
    case FUTEX_OP_CMP_GE: return former >= operand;
    default: return false;  // refused by `futex`
  }
}

}  // namespace

long Machine::system_call(long number, const long* a) {
  switch (number) {
    case SYS_getpid:
    case SYS_gettid: return pid_of(current_);
    case SYS_geteuid: return self().uid;
    case SYS_getegid:
    case SYS_setfsgid: return self().gid;
    case SYS_capget: {
      std::uint32_t all = self().uid == 0 ? 0xffffffff : 0;
      const std::uint32_t sets[6] = {all, all, 0, all, all, 0};
      memcpy(reinterpret_cast<void*>(a[1]), sets, sizeof sets);
      return 0;
    }
    case SYS_get_robust_list: {
      std::byte* head = self().robust;
      memcpy(reinterpret_cast<void*>(a[1]), &head, sizeof head);
      return 0;
    }
    case SYS_set_robust_list: self().robust = reinterpret_cast<std::byte*>(a[0]); return 0;
    case SYS_kill: {
      before_system_call();
      int process = static_cast<int>(a[0]) - pid_of(0);
      bool found = process >= 0 && process < count_ && at(process).alive;
      if (weak && !found) weak_memory_.be_told(current_, WeakMemory::by_kernel);
      if (tracing)
        note(found ? "finds the process" : "does not find the process", nullptr,
             static_cast<std::uint64_t>(process));
      return answered(found ? 0 : -ESRCH);
    }
    case SYS_madvise: {
      if (a[2] != MADV_REMOVE) return 0;
      before_system_call();
      if (tracing) note("gives back the memory at", reinterpret_cast<void*>(a[0]), 0);
      clear(reinterpret_cast<void*>(a[0]), static_cast<std::size_t>(a[1]));
      return 0;
    }
    case SYS_rt_tgsigqueueinfo: self().pending |= 1u << a[2]; return 0;
    case SYS_rt_sigprocmask: {
      std::uint64_t mask;
      memcpy(&mask, reinterpret_cast<void*>(a[1]), sizeof mask);
      self().mask = static_cast<std::uint32_t>(mask << 1);
      deliver_signals();
      return 0;
    }
    case SYS_futex: return futex(a);
    default: fail("system call " + std::to_string(number) + " is not simulated"); return -ENOSYS;
  }
}

long Machine::futex(const long* a) {
  auto* word = reinterpret_cast<std::uint32_t*>(a[0]);
  auto operation = static_cast<int>(a[1]) & ~FUTEX_CLOCK_REALTIME;
  before_system_call();
  switch (operation) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: {
      note_kernels_use(word, false);
      load_latest(word, Order::both);
      if (*word != static_cast<std::uint32_t>(a[2])) {
        if (tracing) note("does not sleep on", word, *word);
        return answered(-EAGAIN);
      }
      if (tracing) note("sleeps on", word, *word);
      auto* timeout = reinterpret_cast<const timespec*>(a[3]);
      std::uint32_t set = operation == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : static_cast<std::uint32_t>(a[5]);
      return sleep(word, set, timeout != nullptr && timeout->tv_sec < 60);
    }
    case FUTEX_WAKE: {
      if (tracing) note("wakes", word, 0);
      int woken = wake(word, static_cast<int>(a[2]), FUTEX_BITSET_MATCH_ANY);
      return answered(woken);
    }
    case FUTEX_WAKE_OP: {
      auto* changed = reinterpret_cast<std::uint32_t*>(a[4]);
      auto encoded = static_cast<std::uint32_t>(a[5]);
      if (encoded >> 28 != (FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT) || (encoded >> 24 & 15) > FUTEX_OP_CMP_GE)
        fail(fmt::format("FUTEX_WAKE_OP {:#x} is not simulated", encoded));
      note_kernels_use(changed, true);
      std::uint32_t former = *changed, value = 1u << (encoded >> 12 & 31);
      load_latest(changed, Order::both);
      write(changed, 4, value, Order::both, true);
      note_lock(changed, value);
      if (tracing) note("sets, and wakes", changed, value);
      int woken = wake(word, static_cast<int>(a[2]), FUTEX_BITSET_MATCH_ANY);
      if (compares(encoded, static_cast<std::int32_t>(former)))
        woken += wake(changed, static_cast<int>(a[3]), FUTEX_BITSET_MATCH_ANY);
      return answered(woken);
    }
    default: fail(fmt::format("futex operation {} is not simulated", operation)); return -ENOSYS;
  }
}

long Machine::sleep(const void* word, std::uint32_t set, bool timed) {
  Process& mine = self();
  mine.sleeps_on = word;
  mine.sleep_set = set;
  mine.timed = timed;
  mine.run = Run::sleeping;
  state_.sleepers[static_cast<std::size_t>(state_.sleeper_count++)] = static_cast<std::int8_t>(current_);
  give_way();
  if (tracing) note(mine.woken_with == 0 ? "wakes up" : "is interrupted", word, 0);
  return answered(mine.woken_with);
}

void Machine::stop_sleeping(int process) {
  at(process).sleeps_on = nullptr;
  auto* begin = state_.sleepers.begin();
  auto* end = std::remove(begin, begin + state_.sleeper_count, static_cast<std::int8_t>(process));
  state_.sleeper_count = static_cast<int>(end - begin);
}

void Machine::wake_up(int process, long result) {
  stop_sleeping(process);
  Process& woken = at(process);
  if (woken.run == Run::leaving) return;  // it has been killed, so nothing comes of it
  woken.run = Run::ready;
  woken.woken_with = result;
}

int Machine::wake(const void* word, int most, std::uint32_t set) {
  offer_deaths_of_sleepers(word);
  int woken = 0;
  for (int i = 0; i < state_.sleeper_count && woken < most;) {
    int process = state_.sleepers[static_cast<std::size_t>(i)];
    if (at(process).sleeps_on == word && (at(process).sleep_set & set) != 0) {
      wake_up(process, 0);
      ++woken;
    } else {
      ++i;
    }
  }
  return woken;
}

// One that is killed, but has not run since, swallows a wake-up.
void Machine::offer_deaths_of_sleepers(const void* word) {
  if (chooser_ == nullptr || known()) return;
  Options options;
  options.deaths_alone = options.passes = true;
  options.add(static_cast<Option>(current_));
  for (int i = 0; i < count_; ++i)
    if (at(i).run == Run::sleeping && at(i).sleeps_on == word && may_die(i))
      options.add(static_cast<Option>(death | i));
  if (options.count == 1) return;
  Option chosen = ask(options);
  if (chosen == cut)
    take(chosen);
  else if (chosen != current_)
    kill(chosen & process_bits);
}

bool Machine::send_signal(int process, int number) {
  before_system_call();
  Process& target = at(process);
  answered(target.alive ? 1 : 0);
  if (!target.alive) return false;
  if (target.run == Run::done || target.run == Run::absent || target.run == Run::leaving) return true;
  target.pending |= 1u << number;
  if (target.run == Run::sleeping && (target.mask & 1u << number) == 0) wake_up(process, -EINTR);
  return true;
}

// On the stack of the process, as the kernel does before it goes on.
void Machine::deliver_signals() {
  Process& mine = self();
  while (std::uint32_t ready = mine.pending & ~mine.mask) {
    int number = std::countr_zero(ready);
    mine.pending &= ~(1u << number);
    auto* handler = mine.handlers[static_cast<std::size_t>(number)];
    if (handler == nullptr) continue;
    siginfo_t info = {};
    info.si_signo = number;
    ucontext_t context = {};
    std::uint64_t mask = mine.mask >> 1;
    memcpy(&context.uc_sigmask, &mask, sizeof mask);
    mine.seen = mix(mine.seen, 0x51);
    mine.mask |= 1u << number;
    if (tracing) note("takes a signal", nullptr, static_cast<std::uint64_t>(number));
    handler(number, &info, &context);
    memcpy(&mask, &context.uc_sigmask, sizeof mask);
    mine.mask = static_cast<std::uint32_t>(mask << 1);
  }
}

int Machine::set_handler(int number, const struct sigaction* wanted, struct sigaction* former) {
  if (former != nullptr) *former = {};
  if (wanted == nullptr || number >= 32) return 0;
  bool handles = (wanted->sa_flags & SA_SIGINFO) != 0;
  self().handlers[static_cast<std::size_t>(number)] = handles ? wanted->sa_sigaction : nullptr;
  return 0;
}

void Machine::note_thread_end(void (*end)(void*), void* argument) {
  self().thread_end = end;
  self().thread_end_argument = argument;
}

// By SIGKILL. A sleeper stays one until it runs: a wake-up may be spent on it.
void Machine::kill(int process) {
  --left_.deaths;
  ++state_.deaths;
  if (tracing) note_of(process, "is killed", nullptr, 0);
  Process& victim = at(process);
  victim.fresh = false;
  victim.moved = true;
  died(process, false);
  victim.run = Run::leaving;
  victim.pending = 0;
  victim.seen = 0;
  Fiber& fiber = fibers_[static_cast<std::size_t>(process)];
  fiber.prepare(leave, this);
  victim.stack = fiber.at;
  if (process != current_) return;
  // Not on the stack that is being left.
  void* nowhere;
  svmq_verify_switch(&nowhere, victim.stack);
}

void Machine::leave(void* machine) {
  auto& all = *static_cast<Machine*>(machine);
  all.stop_sleeping(all.current_);
  all.mark_robust_list();
  all.before_system_call();
  if (all.weak) {
    all.weak_memory_.tell(all.current_, WeakMemory::by_kernel);
    all.weak_memory_.tell(all.current_, WeakMemory::by_return);  // whoever has waited for it knows
  }
  all.self().alive = false;
  all.died(all.current_, true);
  all.self().run = Run::done;
  all.give_way();
}

// exit_robust_list of the kernel.
void Machine::mark_robust_list() {
  std::byte* head = self().robust;
  if (head == nullptr) return;
  long offset;
  std::byte *entry, *pending;
  memcpy(&entry, head, sizeof entry);
  memcpy(&offset, head + 8, sizeof offset);
  memcpy(&pending, head + 16, sizeof pending);
  for (int steps = 0; entry != head && entry != nullptr && steps < 2048; ++steps) {
    std::byte* next;
    memcpy(&next, entry, sizeof next);
    if (entry != pending) mark_dead(entry + offset, false);
    entry = next;
  }
  if (pending != nullptr) mark_dead(pending + offset, true);
}

void Machine::mark_dead(std::byte* word, bool pending) {
  before_system_call();
  auto* at_word = reinterpret_cast<std::uint32_t*>(word);
  note_kernels_use(word, true);
  std::uint32_t value = *at_word, owner = value & FUTEX_TID_MASK;
  if (pending && owner == 0) {
    wake(word, 1, FUTEX_BITSET_MATCH_ANY);
    return;
  }
  if (owner != static_cast<std::uint32_t>(pid_of(current_))) return;
  load_latest(at_word, Order::both);
  write(at_word, 4, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, Order::both, true);
  if (self().holds == word) hold(nullptr);
  if (tracing) note("is marked dead at", word, *at_word);
  if ((value & FUTEX_WAITERS) != 0) wake(word, 1, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace svmq::verify
