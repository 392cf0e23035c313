#include "machine.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "mix.h"

namespace svmq::verify {
namespace {

Machine* the_machine = nullptr;

void* reserve(std::size_t size) {
  void* found =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) throw std::runtime_error("not enough addresses for the simulated memory");
  return found;
}

}  // namespace

extern "C" Hooks* svmq_verify_hooks() { return the_machine; }

Machine::Machine()
    : memory_(static_cast<std::byte*>(reserve(memory_size))),
      shadow_(static_cast<std::uint32_t*>(reserve(memory_size))),
      written_pages_(memory_size / page_size / 64),
      weak_memory_(memory_size / 4) {
  the_machine = this;
}

int Machine::add_process(const std::string& library, std::uint32_t uid, std::uint32_t gid, bool may_die) {
  if (count_ == most_processes) throw std::runtime_error("too many processes in a world");
  int number = count_++;
  become(number);
  Process& made = at(number);
  made.uid = uid;
  made.gid = gid;
  made.may_die = may_die;
  hold(nullptr);
  Fiber fiber;
  void* stack = mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) throw std::runtime_error("no memory for a stack");
  fiber.stack = static_cast<std::byte*>(stack);
  fiber.size = stack_size;
  fibers_.push_back(fiber);
  kept_.push_back(std::make_unique<Kept>());
  copies_.push_back(std::make_unique<Copy>(*kept_.back()));
  copies_.back()->load(library, *kept_.back());
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
  accesses_end_ = accesses + most_accesses;
  next_choice_ = chooser == nullptr ? 0 : accesses + chooser->next_choice;
  everywhere_ = chooser != nullptr && chooser->everywhere;
  current_ = -1;
  int error = errno;
  Options options;
  for (int i = 0; i < count_; ++i) {
    if (enabled(i)) options.add(static_cast<Option>(i));
  }
  if (options.count == 0) return true;
  Option first = options.all[0];
  if (chooser_ != nullptr && options.count > 1) first = ask(options);
  if (first == cut) return false;
  become(first);
  self().moved = true;
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
  become(process);
  self().moved = true;
  errno = self().error;
  svmq_verify_switch(&from.stack, self().stack);
}

// What the chosen option says; the running process stays where it is until it is its turn again.
void Machine::take(Option option) {
  if (option == cut) {
    stopped_ = true;
    back_to_main();
    return;
  }
  int process = option & process_bits;
  if ((option & death) != 0) kill(process);
  go_to(process);
  deliver_signals();
}

void Machine::add_others(Options& options) const {
  for (int i = 0; i < count_; ++i)
    if (i != current_ && enabled(i)) options.add(static_cast<Option>(i));
  for (int i = 0; i < count_; ++i)
    if (i != current_ && at(i).run == Run::sleeping && may_die(i))
      options.add(static_cast<Option>(death | i));
}

Option Machine::ask(const Options& options) {
  Option chosen = chooser_->choose(*this, options);
  next_choice_ = accesses_at_start_ + chooser_->next_choice;
  return chosen;
}

// The running process may go on, others may come first, it may die.
void Machine::decide(bool switching) {
  if (chooser_ == nullptr) return;
  Process& mine = self();
  if (known()) {
    mine.changed = false;
    return;
  }
  Options options;
  options.add(static_cast<Option>(current_));
  if (switching && left_.preemptions > 0) add_others(options);
  options.deaths_alone = options.count == 1;
  bool mortal = mine.run == Run::ready && may_die(current_) && (mine.changed || everywhere_);
  if (mortal) options.add(static_cast<Option>(death | current_));
  mine.changed = false;
  if (options.count == 1) return;
  options.passes = true;
  Option chosen = ask(options);
  if (chosen == current_) return;
  if ((chosen & process_bits) != current_) --left_.preemptions;
  take(chosen);
}

// The running process cannot go on.
void Machine::give_way() {
  ++accesses;
  bool moves = false;
  for (int i = 0; i < count_; ++i) moves = moves || enabled(i);
  if (!moves) {
    for (int i = 0; i < count_ && !moves; ++i) {
      if (at(i).run != Run::sleeping || !at(i).timed) continue;
      if (state_.deaths < 2) fail("sleeps for a lock, and nobody wakes it");
      wake_up(i, -ETIMEDOUT);
      moves = true;
    }
  }
  if (!moves) return back_to_main();
  Options options;
  if (enabled(current_)) options.add(static_cast<Option>(current_));
  add_others(options);
  Option chosen = options.all[0];
  if (chooser_ != nullptr && options.count > 1) chosen = ask(options);
  take(chosen);
}

void Machine::before_system_call() {
  if (++accesses >= accesses_end_) fail("goes on for ever");
  decide(true);
  self().changed = true;
  pass(3);
  if (self().fresh) begin_call();
}

long Machine::answered(long result) {
  self().seen = mix(self().seen, static_cast<std::uint64_t>(result) ^ 0x5ca11);
  return result;
}

void Machine::begin_call() {
  self().fresh = false;
  self().clock = state_.clock;
  if (weak)
    weak_memory_.be_told(current_,
                         WeakMemory::by_return);  // the programs may have told each other by other means
  began(current_);
}

void Machine::call_ends() {
  if (self().fresh) begin_call();
  if (weak) weak_memory_.tell(current_, WeakMemory::by_return);
  ++state_.clock;
}

// Others move the clock, so what it shows is a choice like a word of theirs. Who sees that it has moved sees
// what those have stored whose return moved it: a second is longer than any store takes.
std::int64_t Machine::time() {
  if (++accesses >= accesses_end_) fail("goes on for ever");
  decide(true);
  if (self().fresh) begin_call();
  if (weak && state_.clock != self().clock) weak_memory_.be_told(current_, WeakMemory::by_return);
  self().clock = state_.clock;
  self().seen = mix(self().seen, static_cast<std::uint64_t>(state_.clock));
  if (tracing) note("reads the clock", nullptr, static_cast<std::uint64_t>(state_.clock));
  return state_.clock;
}

void Machine::order() {
  ++accesses;
  if (self().changed || everywhere_) decide(false);
  self().changed = true;
}

void Machine::fence(Order order) {
  ++accesses;
  if (weak && chooser_ != nullptr) weak_memory_.fence(current_, order);
}

// The others first: nothing is new before they have done something.
void Machine::relax() {
  ++accesses;
  pass(4);
  if (chooser_ == nullptr) return;
  Options options;
  bool alone = true;
  for (int i = 0; i < count_; ++i) alone = alone && (i == current_ || !enabled(i));
  if (alone) options.add(static_cast<Option>(current_));
  add_others(options);
  take(options.count == 1 ? options.all[0] : ask(options));
}

// ---- states

std::uint64_t Machine::mark() const {
  return mix(state_.memory_hash ^ (current_ < 0 ? 0 : at(current_).seen), step());
}

std::uint64_t Machine::end_key() const {
  std::uint64_t hash = mix(state_.memory_hash, static_cast<std::uint64_t>(current_ + 1));
  for (int i = 0; i < count_; ++i) {
    const Process& one = at(i);
    hash = mix(hash, static_cast<std::uint64_t>(one.run) | (one.alive ? 8 : 0) | (one.fresh ? 16 : 0) |
                         (one.changed ? 32 : 0) | std::uint64_t{one.pending} << 8);
    if (one.run == Run::done) continue;
    hash = mix(hash, one.seen);
    if (one.run == Run::ready) hash = mix(hash, static_cast<std::uint64_t>(one.woken_with));
    hash = mix(hash, one.mask | reinterpret_cast<std::uintptr_t>(one.sleeps_on) << 20);
  }
  for (int i = 0; i < state_.sleeper_count; ++i)
    hash = mix(hash, static_cast<std::uint64_t>(state_.sleepers[static_cast<std::size_t>(i)]));
  for (int i = 0; i < state_.file_count; ++i)
    hash = mix(hash, state_.files[static_cast<std::size_t>(i)].linked ? 3 : 5);
  hash = mix(hash, state_.randoms);
  if (weak) hash = mix(hash, weak_memory_.hash());
  return mix(hash, history());
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
  for (Process& one : state_.processes) one.moved = false;
  first_state_ = state_;
  for (auto& kept : kept_) kept->remember();
}

void Machine::put_back() {
  for (std::size_t i = undo_.size(); i-- > 0;) *undo_[i].at = undo_[i].before;
  undo_.clear();
  std::array<bool, most_processes> moved{};
  for (int i = 0; i < count_; ++i) moved[static_cast<std::size_t>(i)] = at(i).moved;
  state_ = first_state_;
  for (const Word& word : first_links_) *word.at = word.value;
  for (const StackCopy& stack : first_stacks_)
    if (moved[static_cast<std::size_t>(stack.process)])
      memcpy(at(stack.process).stack, stack.bytes.data(), stack.bytes.size());
  for (std::size_t i = 0; i < kept_.size(); ++i)
    if (moved[i]) kept_[i]->put_back();
  if (weak) weak_memory_.forget();
}

}  // namespace svmq::verify
