#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace svmq::verify {
namespace {

Machine* the_machine = nullptr;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}
// Of a word at its place; zero for zero, so that untouched memory counts nothing.
std::uint64_t hash_of(std::uint64_t place, std::uint32_t value) {
  if (value == 0) return 0;
  std::uint64_t hash = (place * 0xd6e8feb86659fd93u ^ value) * 0x9e3779b97f4a7c15u;
  return (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
}

// A word's entry in the shadow.
constexpr std::uint32_t used_by(int process) { return 1u << process; }
constexpr std::uint32_t written_by(int process) { return 1u << (8 + process); }
constexpr int lock_shift = 16;
constexpr std::uint32_t no_lock = 255, is_contended = 1u << 24, is_learned = 1u << 25;

constexpr int directory = 99, first_file = 100;

}  // namespace

extern "C" Hooks* svmq_verify_hooks() { return the_machine; }

Machine::Machine() {
  the_machine = this;
  auto reserve = [](std::size_t size) {
    void* found =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) throw std::runtime_error("not enough addresses for the simulated memory");
    return found;
  };
  memory_ = static_cast<std::byte*>(reserve(memory_size));
  shadow_ = static_cast<std::uint32_t*>(reserve(memory_size));
  written_pages_.resize(memory_size / 4096);
}

int Machine::add_process(const std::string& library, std::uint32_t uid, std::uint32_t gid, bool may_die) {
  if (count_ == most_processes) throw std::runtime_error("too many processes in a world");
  int number = current_ = count_++;
  Process& made = at(number);
  made.uid = uid;
  made.gid = gid;
  made.may_die = may_die;
  Fiber fiber;
  void* stack = mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) throw std::runtime_error("no memory for a stack");
  fiber.stack = static_cast<std::byte*>(stack);
  fiber.size = stack_size;
  fibers_.push_back(fiber);
  copies_.push_back(std::make_unique<Copy>(kept_));
  copies_.back()->load(library, kept_);
  return number;
}

// ---- running

void Machine::begin(int process) {
  fibers_[static_cast<std::size_t>(process)].prepare(enter, this);
  at(process).stack = fibers_[static_cast<std::size_t>(process)].at;
  at(process).run = Run::ready;
}

void Machine::enter(void* machine) {
  auto& all = *static_cast<Machine*>(machine);
  all.deliver_signals();
  all.body(all.current_);
  all.self().run = Run::done;
  all.give_way();
}

bool Machine::run(Chooser* chooser, Budget budget) {
  chooser_ = chooser;
  left_ = budget;
  stopped_ = false;
  failure.clear();
  accesses_at_start_ = accesses;
  current_ = -1;
  int error = errno;
  Options options;
  for (int i = 0; i < count_; ++i) {
    if (enabled(i)) options.add(static_cast<Option>(i));
  }
  if (options.count == 0) return true;
  Option first = options.all[0];
  if (chooser_ != nullptr && options.count > 1) first = chooser_->choose(*this, options);
  if (first == cut) return false;
  current_ = first;
  errno = self().error;
  svmq_verify_switch(&main_stack_, self().stack);
  errno = error;
  return !stopped_;
}

void Machine::back_to_main() {
  void* nowhere;
  svmq_verify_switch(current_ < 0 ? &nowhere : &self().stack, main_stack_);
}

void Machine::fail(std::string why) {
  if (failure.empty()) failure = std::move(why);
  stopped_ = true;
  back_to_main();
}

void Machine::go_to(int process) {
  if (process == current_) return;
  Process& from = self();
  from.error = errno;
  current_ = process;
  errno = self().error;
  svmq_verify_switch(&from.stack, self().stack);
}

void Machine::take(Option option) {
  if (option == cut) {
    stopped_ = true;
    back_to_main();
  } else if ((option & death) != 0) {
    die();
  } else {
    go_to(option);
    deliver_signals();
  }
}

// The running process may go on, others may come first, it may die.
void Machine::decide(bool switching) {
  if (chooser_ == nullptr) return;
  Process& mine = self();
  Options options;
  options.add(static_cast<Option>(current_));
  if (switching && left_.preemptions > 0) {
    for (int i = 0; i < count_; ++i) {
      if (i != current_ && enabled(i)) options.add(static_cast<Option>(i));
    }
  }
  bool mortal =
      mine.may_die && mine.run == Run::ready && left_.deaths > 0 && (mine.changed || chooser_->everywhere);
  if (mortal) options.add(static_cast<Option>(death | current_));
  mine.changed = false;
  if (options.count == 1) return;
  Option chosen = chooser_->choose(*this, options);
  if (chosen < death && chosen != current_) --left_.preemptions;
  if (chosen != current_) take(chosen);
}

void Machine::give_way() {
  ++accesses;
  Options options;
  for (int i = 0; i < count_; ++i) {
    if (enabled(i)) options.add(static_cast<Option>(i));
  }
  if (options.count == 0) {
    for (int i = 0; i < count_; ++i) {
      if (at(i).run != Run::sleeping || !at(i).timed) continue;
      if (state_.deaths < 2) fail("sleeps for a lock, and nobody wakes it");
      wake_up(i, -ETIMEDOUT);
      options.add(static_cast<Option>(i));
      break;
    }
  }
  if (options.count == 0) return back_to_main();
  Option chosen = options.all[0];
  if (chooser_ != nullptr && options.count > 1) chosen = chooser_->choose(*this, options);
  take(chosen);
}

void Machine::before(const void* address, std::size_t size, bool write) {
  if (++accesses - accesses_at_start_ > most_accesses) fail("goes on for ever");
  if (chooser_ != nullptr) {
    if (contended(address, size, write) || chooser_->everywhere) {
      decide(true);
    } else if (write && self().changed) {
      decide(false);
    }
  }
  begin_call();
}

void Machine::before_system_call() {
  if (++accesses - accesses_at_start_ > most_accesses) fail("goes on for ever");
  decide(true);
  self().changed = true;
  self().seen = mix(self().seen, 3);
  begin_call();
}

void Machine::order() {
  ++accesses;
  if (self().changed || (chooser_ != nullptr && chooser_->everywhere)) decide(false);
  self().changed = true;
}

// The others first: nothing is new before they have done something.
void Machine::relax() {
  ++accesses;
  if (chooser_ == nullptr) return;
  Options options;
  for (int i = 0; i < count_; ++i) {
    if (i != current_ && enabled(i)) options.add(static_cast<Option>(i));
  }
  if (options.count == 0) return;
  take(options.count == 1 ? options.all[0] : chooser_->choose(*this, options));
}

void Machine::call_ends() {
  begin_call();
  publish_clock();
}

// ---- memory

// Is the word used by several processes, written by some, without a lock that all of them hold?
bool Machine::contended(const void* address, std::size_t size, bool write) {
  const Process& mine = self();
  auto place = static_cast<std::size_t>(static_cast<const std::byte*>(address) - memory_);
  std::uint32_t lock = no_lock;
  if (mine.holds != nullptr) {
    auto held = static_cast<std::size_t>(static_cast<const std::byte*>(mine.holds) - memory_);
    lock = static_cast<std::uint32_t>(held / 4096 % 254 + 1);
  }
  bool found = false;
  for (std::size_t word = place / 4; word <= (place + size - 1) / 4; ++word) {
    std::uint32_t& seen = shadow_[word];
    if ((seen & is_contended) != 0) {
      found = true;
      continue;
    }
    std::uint32_t now = seen | used_by(current_) | (write ? written_by(current_) : 0);
    std::uint32_t before_lock = seen >> lock_shift & 255;
    if (before_lock == 0) before_lock = lock;
    if (before_lock != lock) before_lock = no_lock;
    now = (now & ~(255u << lock_shift)) | before_lock << lock_shift;
    if (now == seen) continue;
    bool several = (now & 255 & ((now & 255) - 1)) != 0, some_write = (now & 0xff00) != 0;
    if (several && some_write && before_lock == no_lock) {
      // Not before the next pass: what is a choice does not change within one.
      if ((now & is_learned) == 0) learned_.push_back(word);
      now |= is_learned;
    }
    seen = now;
  }
  return found;
}

bool Machine::learn() {
  bool some = !learned_.empty();
  for (std::size_t word : learned_) shadow_[word] |= is_contended;
  learned_.clear();
  return some;
}

void Machine::write_word(std::uint32_t* address, std::uint32_t value) {
  std::uint32_t former = *address;
  if (former == value) return;
  auto place = static_cast<std::uint64_t>(reinterpret_cast<std::byte*>(address) - memory_);
  state_.memory_hash ^= hash_of(place, former) ^ hash_of(place, value);
  undo_.push_back({address, former});
  written_pages_[place / 4096] = true;
  *address = value;
}

void Machine::write(void* address, unsigned size, std::uint64_t value, Order order) {
  auto* words = static_cast<std::uint32_t*>(address);
  for (unsigned i = 0; i < size / 4; ++i) {
    std::uint32_t former = words[i];
    write_word(words + i, static_cast<std::uint32_t>(value >> 32 * i));
    if (weak && chooser_ != nullptr) note_write(words + i, former, order);
  }
  self().changed = true;
}

std::uint64_t Machine::load(const void* at, unsigned size, Order order) {
  before(at, size, false);
  std::uint64_t value =
      size == 8 ? *static_cast<const std::uint64_t*>(at) : *static_cast<const std::uint32_t*>(at);
  if (weak && chooser_ != nullptr && size == 4)
    value = read_word(static_cast<const std::uint32_t*>(at), order, false);
  self().seen = mix(self().seen, value);
  if (tracing) note("reads", at, value);
  return value;
}

void Machine::store(void* at, unsigned size, std::uint64_t value, Order order) {
  before(at, size, true);
  write(at, size, value, order);
  if (size == 4) note_lock(at, static_cast<std::uint32_t>(value));
  self().seen = mix(self().seen, 1);
  if (tracing) note("writes", at, value);
}

std::uint64_t Machine::change(void* at, unsigned size, Change how, std::uint64_t value,
                              std::uint64_t expected, Order order) {
  before(at, size, true);
  if (weak && chooser_ != nullptr && size == 4) read_word(static_cast<const std::uint32_t*>(at), order, true);
  std::uint64_t former =
      size == 8 ? *static_cast<const std::uint64_t*>(at) : *static_cast<const std::uint32_t*>(at);
  self().seen = mix(self().seen, former);
  if (how == Change::bit_or) value |= former;
  bool changes = how != Change::compare || former == expected;
  if (changes) {
    write(at, size, value, order);
    if (size == 4) note_lock(at, static_cast<std::uint32_t>(value));
  }
  if (tracing) note(changes ? "changes" : "fails to change", at, changes ? value : former);
  return former;
}

void Machine::copy(void* to, const void* from, std::size_t size) {
  bool from_shared = is_shared(from), to_shared = is_shared(to);
  if (from_shared) before(from, size, false);
  if (tracing && from_shared) note("reads", from, size);
  if (!to_shared) {
    memcpy(to, from, size);
    for (std::size_t done = 0; weak && chooser_ != nullptr && from_shared && done < size; done += 4) {
      std::uint32_t word =
          read_word(reinterpret_cast<const std::uint32_t*>(static_cast<const std::byte*>(from) + done),
                    Order::relaxed, false);
      memcpy(static_cast<std::byte*>(to) + done, &word, std::min<std::size_t>(4, size - done));
    }
    if (from_shared) {
      const auto* bytes = static_cast<const unsigned char*>(from);
      std::uint64_t hash = size;
      for (std::size_t i = 0; i < size; ++i) hash = mix(hash, bytes[i]);
      self().seen = mix(self().seen, hash);
    }
    return;
  }
  if (tracing) note("writes", to, size);
  auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  // In pieces as of a register, within words that are there already.
  for (std::size_t done = 0; done < size;) {
    if (done % 8 == 0) before(target + done, std::min<std::size_t>(8, size - done), true);
    std::uint32_t word;
    std::size_t here = std::min<std::size_t>(4, size - done);
    memcpy(&word, target + done, sizeof word);
    memcpy(&word, source + done, here);
    auto* at_word = reinterpret_cast<std::uint32_t*>(target + done);
    std::uint32_t former = *at_word;
    write_word(at_word, word);
    if (weak && chooser_ != nullptr) note_write(at_word, former, Order::relaxed);
    self().changed = true;
    done += here;
  }
  self().seen = mix(self().seen, 2);
}

void Machine::clear(void* begin, std::size_t size) {
  auto* first = static_cast<std::byte*>(begin);
  for (std::size_t page = 0; page < size; page += 4096) {
    auto place = static_cast<std::size_t>(first + page - memory_);
    if (!written_pages_[place / 4096]) continue;
    auto* words = reinterpret_cast<std::uint32_t*>(first + page);
    for (std::size_t i = 0; i < 1024; ++i) {
      if (words[i] == 0) continue;
      if (chooser_ != nullptr) contended(words + i, 4, true);
      write_word(words + i, 0);
    }
  }
}

// ---- weak memory

void Machine::note_write(std::uint32_t* address, std::uint32_t before, Order order) {
  Writes& writes = writes_[address];
  if (writes.all.empty()) writes.all.push_back({before, -1, 0, false, {}});
  auto me = static_cast<std::size_t>(current_);
  Clock& known = clocks_[me];
  Write made{*address, current_, ++known[me], order == Order::release || order == Order::both, known};
  writes_hash_ ^= hash_of(reinterpret_cast<std::uintptr_t>(address) + writes.all.size(),
                          made.value * 8 + static_cast<std::uint32_t>(me) + 1);
  writes.seen[me] = static_cast<std::uint32_t>(writes.all.size());
  writes.all.push_back(made);
}

std::uint32_t Machine::read_word(const std::uint32_t* address, Order order, bool latest) {
  auto found = writes_.find(address);
  if (found == writes_.end()) return *address;
  auto& [all, seen] = found->second;
  auto me = static_cast<std::size_t>(current_);
  auto known = [&](const Write& write) {
    return write.process < 0 || clocks_[me][static_cast<std::size_t>(write.process)] >= write.time;
  };
  std::size_t oldest = all.size() - 1, at = oldest;
  while (oldest > seen[me] && !known(all[oldest])) --oldest;
  if (!latest && oldest < at) {
    Options options;
    options.add(static_cast<Option>(current_));
    for (std::size_t back = 1; back <= at - oldest; ++back) options.add(static_cast<Option>(older | back));
    Option chosen = chooser_->choose(*this, options);
    if (chosen == cut) take(chosen);
    if ((chosen & older) != 0) at -= chosen & 0x3f;
    if (tracing && at + 1 != all.size()) note("sees an older value of", address, all[at].value);
  }
  seen[me] = static_cast<std::uint32_t>(at);
  self().seen = mix(self().seen, at);
  if (all[at].releases && (order == Order::acquire || order == Order::both)) acquire(all[at].known);
  return all[at].value;
}

void Machine::acquire(const Clock& known) {
  Clock& mine = clocks_[static_cast<std::size_t>(current_)];
  for (std::size_t i = 0; i < mine.size(); ++i) mine[i] = std::max(mine[i], known[i]);
}

void Machine::publish_clock() {
  for (std::size_t i = 0; i < returned_.size(); ++i)
    returned_[i] = std::max(returned_[i], clocks_[static_cast<std::size_t>(current_)][i]);
}

// Stronger than C++ has it: as if all fences were one lock's.
void Machine::fence() {
  if (!weak) return;
  acquire(returned_);
  publish_clock();
}

// As the kernel would see it: the lock that is pending and has this thread's id is its own.
void Machine::note_lock(const void* word, std::uint32_t value) {
  Process& mine = self();
  if (mine.robust == nullptr) return;
  long offset;
  std::byte* pending;
  memcpy(&offset, mine.robust + 8, sizeof offset);
  memcpy(&pending, mine.robust + 16, sizeof pending);
  bool is_mine = (value & FUTEX_TID_MASK) == static_cast<std::uint32_t>(pid_of(current_));
  if (is_mine && pending != nullptr && pending + offset == word) {
    mine.holds = word;
  } else if (mine.holds == word) {
    mine.holds = nullptr;
  }
}

std::uint64_t Machine::mark() const {
  std::uint64_t hash = mix(state_.memory_hash, step());
  return current_ < 0 ? hash : mix(hash, at(current_).seen);
}

std::uint64_t Machine::key() const {
  std::uint64_t hash = mix(state_.memory_hash, static_cast<std::uint64_t>(current_ + 1));
  for (int i = 0; i < count_; ++i) {
    const Process& one = at(i);
    hash = mix(hash, static_cast<std::uint64_t>(one.run) | (one.alive ? 8 : 0) | (one.fresh ? 16 : 0) |
                         (one.changed ? 32 : 0) | std::uint64_t{one.pending} << 8);
    if (one.run == Run::done) continue;
    hash = mix(hash, one.seen);
    hash = mix(hash, one.mask | reinterpret_cast<std::uintptr_t>(one.sleeps_on) << 20);
  }
  for (int i = 0; i < state_.sleeper_count; ++i)
    hash = mix(hash, static_cast<std::uint64_t>(state_.sleepers[static_cast<std::size_t>(i)]));
  for (int i = 0; i < state_.file_count; ++i)
    hash = mix(hash, state_.files[static_cast<std::size_t>(i)].linked ? 3 : 5);
  hash = mix(hash, state_.randoms);
  if (weak) {
    hash = mix(hash, writes_hash_);
    for (int i = 0; i < count_; ++i)
      for (std::uint32_t writes : clocks_[static_cast<std::size_t>(i)]) hash = mix(hash, writes);
    for (std::uint32_t writes : returned_) hash = mix(hash, writes);
  }
  hash = mix(hash, history());
  return mix(hash, static_cast<std::uint64_t>(left_.deaths));
}

// ---- where executions begin

void Machine::remember() {
  undo_.clear();
  first_stacks_.clear();
  first_links_.clear();
  for (int i = 0; i < count_; ++i) {
    const Process& one = at(i);
    if (one.robust != nullptr) {
      // The links of an armed waiter are in shared memory, but its own.
      std::byte* link;
      memcpy(&link, one.robust, sizeof link);
      if (link != one.robust && link != nullptr) {
        for (long word : {-1, 0}) {
          auto* at_word = reinterpret_cast<std::uintptr_t*>(link) + word;
          first_links_.push_back({at_word, *at_word});
        }
      }
    }
    if (one.run != Run::sleeping && one.run != Run::ready) continue;
    auto* from = static_cast<std::byte*>(one.stack);
    const std::byte* top = fibers_[static_cast<std::size_t>(i)].top();
    first_stacks_.push_back({i, std::vector<std::byte>(static_cast<const std::byte*>(from), top)});
  }
  first_state_ = state_;
  kept_.remember();
}

void Machine::put_back() {
  for (std::size_t i = undo_.size(); i-- > 0;) *undo_[i].at = undo_[i].before;
  undo_.clear();
  state_ = first_state_;
  for (const Word& word : first_links_) *word.at = word.value;
  for (const StackCopy& stack : first_stacks_)
    memcpy(at(stack.process).stack, stack.bytes.data(), stack.bytes.size());
  kept_.put_back();
  if (weak) {
    writes_.clear();
    clocks_ = {};
    returned_ = {};
    writes_hash_ = 0;
  }
}

// ---- kernel

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
      self().seen = mix(self().seen, found ? 1 : 0);
      if (tracing)
        note(found ? "finds the process" : "does not find the process", nullptr,
             static_cast<std::uint64_t>(process));
      return found ? 0 : -ESRCH;
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
      if (chooser_ != nullptr) contended(word, 4, false);
      if (*word != static_cast<std::uint32_t>(a[2])) {
        self().seen = mix(self().seen, *word);
        if (tracing) note("does not sleep on", word, *word);
        return -EAGAIN;
      }
      if (tracing) note("sleeps on", word, *word);
      auto* timeout = reinterpret_cast<const timespec*>(a[3]);
      std::uint32_t set = operation == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : static_cast<std::uint32_t>(a[5]);
      return sleep(word, set, timeout != nullptr && timeout->tv_sec < 60);
    }
    case FUTEX_WAKE: {
      if (tracing) note("wakes", word, 0);
      int woken = wake(word, static_cast<int>(a[2]), FUTEX_BITSET_MATCH_ANY);
      self().seen = mix(self().seen, static_cast<std::uint64_t>(woken));
      return woken;
    }
    case FUTEX_WAKE_OP: {
      auto* changed = reinterpret_cast<std::uint32_t*>(a[4]);
      auto encoded = static_cast<std::uint32_t>(a[5]);
      if (encoded >> 28 != (FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT)) fail("a futex operation is not simulated");
      if (chooser_ != nullptr) contended(changed, 4, true);
      std::uint32_t former = *changed, value = 1u << (encoded >> 12 & 31);
      if (weak && chooser_ != nullptr) read_word(changed, Order::both, true);
      write(changed, 4, value, Order::both);
      note_lock(changed, value);
      if (tracing) note("sets, and wakes", changed, value);
      int woken = wake(word, static_cast<int>(a[2]), FUTEX_BITSET_MATCH_ANY);
      auto comparison = encoded >> 24 & 15;
      auto operand = static_cast<std::int32_t>(encoded << 20) >> 20;
      auto before_value = static_cast<std::int32_t>(former);
      bool too = comparison == FUTEX_OP_CMP_EQ ? before_value == operand : before_value < operand;
      if (too) woken += wake(changed, static_cast<int>(a[3]), FUTEX_BITSET_MATCH_ANY);
      self().seen = mix(self().seen, static_cast<std::uint64_t>(woken));
      return woken;
    }
    default: fail("a futex operation is not simulated"); return -ENOSYS;
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
  mine.seen = mix(mine.seen, static_cast<std::uint64_t>(mine.woken_with));
  if (tracing) note(mine.woken_with == 0 ? "wakes up" : "is interrupted", word, 0);
  return mine.woken_with;
}

void Machine::wake_up(int process, long result) {
  Process& woken = at(process);
  woken.run = Run::ready;
  woken.sleeps_on = nullptr;
  woken.woken_with = result;
  auto* begin = state_.sleepers.begin();
  auto* end = std::remove(begin, begin + state_.sleeper_count, static_cast<std::int8_t>(process));
  state_.sleeper_count = static_cast<int>(end - begin);
}

int Machine::wake(const void* word, int most, std::uint32_t set) {
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

bool Machine::send_signal(int process, int number) {
  before_system_call();
  Process& target = at(process);
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

void Machine::die() {
  --left_.deaths;
  ++state_.deaths;
  if (tracing) note("is killed", nullptr, 0);
  Process& mine = self();
  mine.fresh = false;
  died(current_, false);
  mine.run = Run::leaving;
  mine.pending = 0;
  mine.seen = 0;
  Fiber& fiber = fibers_[static_cast<std::size_t>(current_)];
  fiber.prepare(leave, this);
  mine.stack = fiber.at;
  // Not on the stack that is being left.
  void* nowhere;
  svmq_verify_switch(&nowhere, mine.stack);
}

void Machine::leave(void* machine) {
  auto& all = *static_cast<Machine*>(machine);
  all.mark_robust_list();
  all.before_system_call();
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
  if (chooser_ != nullptr) contended(word, 4, true);
  std::uint32_t value = *at_word, owner = value & FUTEX_TID_MASK;
  if (pending && owner == 0) {
    wake(word, 1, FUTEX_BITSET_MATCH_ANY);
    return;
  }
  if (owner != static_cast<std::uint32_t>(pid_of(current_))) return;
  if (weak && chooser_ != nullptr) read_word(at_word, Order::both, true);
  write(at_word, 4, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, Order::both);
  if (self().holds == word) self().holds = nullptr;
  if (tracing) note("is marked dead at", word, *at_word);
  if ((value & FUTEX_WAITERS) != 0) wake(word, 1, FUTEX_BITSET_MATCH_ANY);
}

// ---- files

void* Machine::allocate(std::size_t size, std::size_t alignment) {
  return copies_[static_cast<std::size_t>(current_)]->allocate(size, alignment);
}

int Machine::open(const char* path, int flags) {
  if (path[0] == '/') return directory;
  before_system_call();
  for (int i = 0; i < state_.file_count; ++i) {
    File& file = state_.files[static_cast<std::size_t>(i)];
    if (!file.linked || strcmp(file.name, path) != 0) continue;
    self().seen = mix(self().seen, static_cast<std::uint64_t>(i));
    return (flags & O_EXCL) != 0 ? -EEXIST : first_file + i;
  }
  if ((flags & O_CREAT) == 0) {
    self().seen = mix(self().seen, 99);
    return -ENOENT;
  }
  if (state_.file_count == static_cast<int>(state_.files.size())) fail("too many files in a world");
  File& made = state_.files[static_cast<std::size_t>(state_.file_count)];
  made = {{}, nullptr, 0, true, self().uid};
  strncpy(made.name, path, sizeof made.name - 1);
  if (tracing) note("makes a file", nullptr, static_cast<std::uint64_t>(state_.file_count));
  return first_file + state_.file_count++;
}

int Machine::resize(int file, off_t size) {
  File& made = state_.files[static_cast<std::size_t>(file - first_file)];
  if (state_.memory_used + static_cast<std::size_t>(size) > memory_size) return -ENOSPC;
  made.memory = memory_ + state_.memory_used;
  made.size = static_cast<std::size_t>(size);
  state_.memory_used += (made.size + 4095) / 4096 * 4096;
  return 0;
}

int Machine::status(int file, struct stat* out) {
  *out = {};
  out->st_mode = S_IFDIR | 01777;
  if (file == directory) return 0;
  const File& found = state_.files[static_cast<std::size_t>(file - first_file)];
  out->st_mode = S_IFREG | 0600;
  out->st_size = static_cast<off_t>(found.size);
  out->st_uid = found.uid;
  return 0;
}

int Machine::unlink(const char* path) {
  before_system_call();
  for (int i = 0; i < state_.file_count; ++i) {
    File& file = state_.files[static_cast<std::size_t>(i)];
    if (!file.linked || strcmp(file.name, path) != 0) continue;
    file.linked = false;
    if (tracing) note("deletes a file", nullptr, static_cast<std::uint64_t>(i));
    return 0;
  }
  return -ENOENT;
}

int Machine::link(const char* from, const char* to) {
  before_system_call();
  File* source = nullptr;
  for (int i = 0; i < state_.file_count; ++i) {
    File& file = state_.files[static_cast<std::size_t>(i)];
    if (file.linked && strcmp(file.name, to) == 0) return -EEXIST;
    if (file.linked && strcmp(file.name, from) == 0) source = &file;
  }
  if (source == nullptr) return -ENOENT;
  File made = *source;
  strncpy(made.name, to, sizeof made.name - 1);
  if (state_.file_count == static_cast<int>(state_.files.size())) fail("too many files in a world");
  state_.files[static_cast<std::size_t>(state_.file_count++)] = made;
  return 0;
}

void* Machine::map(int file, std::size_t size) {
  if (file < 0) return allocate(size, 4096);
  return state_.files[static_cast<std::size_t>(file - first_file)].memory;
}

void* Machine::file(const std::string& suffix, int nth) const {
  for (int i = 0; i < state_.file_count; ++i) {
    const File& found = state_.files[static_cast<std::size_t>(i)];
    std::string name = found.name;
    if (found.linked && name.ends_with(suffix) && nth-- == 0) return found.memory;
  }
  return nullptr;
}

}  // namespace svmq::verify
