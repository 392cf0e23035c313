// The machine on which the simulated processes run: shared memory, files, futexes, robust lists, signals, and
// a scheduler that asks `Chooser` whenever something can go on in more than one way.
//
// A choice is offered before each access to a word that several processes use without a common lock (these
// words are found out while exploring, see `learned`), before each system call that others can notice, and,
// for death alone, between any two stores. Everything else commutes.
#pragma once

#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "copy.h"
#include "fiber.h"
#include "hooks.h"
#include "mix.h"
#include "weak.h"

namespace svmq::verify {

// What can happen next: a process's number, which goes on; with `death`, it is killed.
using Option = std::uint8_t;
constexpr Option process_bits = 0x0f;
constexpr Option death = 0x40;
constexpr Option older = 0x80;  // | n: a load returns the value before the n latest ones
constexpr Option cut = 0xff;    // nothing: this execution is not to be continued
constexpr int most_older = 26;  // a letter each
struct Options {
  std::array<Option, 1 + most_older> all;  // five processes go on, five die; or a load's values
  int count = 0;
  bool deaths_alone = false;  // whether to go on or to kill somebody who does nothing now
  bool passes = false;        // the first one changes nothing: as if nothing had been asked
  bool full() const { return count == static_cast<int>(all.size()); }
  void add(Option option) { all[static_cast<std::size_t>(count++)] = option; }
};

class Machine;
class Chooser {
 public:
  virtual Option choose(Machine& machine, const Options& options) = 0;
  bool everywhere = false;        // asked at each step, whether it matters or not
  std::uint32_t next_choice = 0;  // there is none before this step, as an earlier execution has shown

 protected:
  ~Chooser() = default;
};

// One access, for the table of an execution.
struct Access {
  int process;
  std::string what;
};

enum class Run : std::uint8_t { absent, ready, sleeping, leaving, done };

struct Budget {
  int preemptions = 0, deaths = 0;
};

class Machine final : public Hooks {
 public:
  using Body = std::function<void(int process)>;  // what a process does, in its own fiber

  Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  int add_process(const std::string& library, std::uint32_t uid, std::uint32_t gid, bool may_die);

  // ---- running

  // Lets the processes with something to do go on until nothing moves. `choose` is nullptr where nothing is
  // explored: the first process that can goes on. False: the chooser has cut it short, or it failed.
  void begin(int process);  // its body, from the start
  bool run(Chooser* chooser, Budget budget);
  void remember();  // the present state is where executions begin
  void put_back();

  // ---- what others ask

  Body body;                       // run by each process
  std::function<void(int)> began;  // before the first access of a call
  std::function<void(int, bool gone)> died;
  std::function<std::uint64_t()> history;  // hash of what has been observed
  bool spins = false;                      // the processes run on cpus of their own
  bool weak = false;  // loads may return older values, as far as the declared orders allow it
  bool tracing = false;
  std::vector<Access> trace;
  std::string failure;
  std::uint64_t accesses = 0;

  std::uint64_t key() const {  // of the whole state; equal states go on alike
    return mix(end_key(), static_cast<std::uint64_t>(left_.deaths));
  }
  std::uint64_t end_key() const;  // without what may still be done to it
  std::uint64_t mark() const;     // of enough of it to notice that an execution does not repeat
  // More words turned out to be used without a common lock: what was explored is not all. From now on they
  // are choices.
  bool learn();
  int current() const { return current_; }
  bool runs(int process) const { return at(process).run == Run::ready; }
  bool sleeps(int process) const { return at(process).run == Run::sleeping; }
  bool alive(int process) const { return at(process).alive; }
  Budget left() const { return left_; }
  std::uint32_t step() const {
    return static_cast<std::uint32_t>(accesses - accesses_at_start_);
  }  // of this execution
  int count() const { return count_; }
  int deaths() const { return state_.deaths; }
  std::int64_t clock() const { return state_.clock; }
  Copy& copy_of(int process) { return *copies_[static_cast<std::size_t>(process)]; }
  static std::int32_t pid_of(int process) { return 1001 + process; }
  void call_begins() { self().fresh = true; }
  void call_ends();                           // and with it a second
  bool send_signal(int process, int number);  // false: nobody is there
  struct Queue {
    std::int32_t id;
    void *head, *arena;  // nullptr: there is no such file
  };
  std::vector<Queue> queues() const;               // by the files that there are
  std::vector<std::string> linked() const;         // the names of all files
  void* memory_of(const std::string& name) const;  // of that file; nullptr: there is none
  std::string name_of(const void* address) const;

  // ---- Hooks
  std::uint64_t load(const void* at, unsigned size, Order order) override;
  void store(void* at, unsigned size, std::uint64_t value, Order order) override;
  std::uint64_t change(void* at, unsigned size, Change how, std::uint64_t value, std::uint64_t expected,
                       Order order) override;
  void copy(void* to, const void* from, std::size_t size) override;
  void order() override;
  void fence(Order order) override;
  void relax() override;
  std::uint64_t ticks() override { return self().ticks += 30'000; }
  std::uint32_t cpu() override { return spins ? static_cast<std::uint32_t>(current_) : 0; }
  std::int64_t time() override;
  std::uint64_t random() override { return 0x1000 + ++state_.randoms; }
  long system_call(long number, const long* arguments) override;
  int open(const char* path, int flags) override;
  int close(int) override { return 0; }
  int status(int file, struct stat* out) override;
  int resize(int file, off_t size) override;
  int unlink(const char* path) override;
  int link(const char* from, const char* to) override;
  void* map(int file, std::size_t size) override;
  void* allocate(std::size_t size, std::size_t alignment) override;
  int set_handler(int number, const struct sigaction* wanted, struct sigaction* former) override;
  void note_thread_end(void (*end)(void*), void* argument) override;

 private:
  struct Process {
    Run run = Run::absent;
    bool alive = true, may_die = false;
    bool fresh = false;      // in a call that has not touched anything yet
    bool changed = false;    // something, since death was last offered
    bool moved = false;      // in this execution: its private memory may have changed
    std::uint64_t seen = 0;  // hash of all that it has read: its private state follows from that
    std::uint64_t ticks = 0;
    std::int64_t clock = 0;  // that it knows
    std::byte* robust = nullptr;
    const void* holds = nullptr;  // the word of a lock
    std::uint32_t use = 0;        // what an access of it means for a word (memory.cc)
    const void* sleeps_on = nullptr;
    std::uint32_t sleep_set = 0;
    bool timed = false;
    long woken_with = 0;
    std::uint32_t pending = 0, mask = 0;  // signals
    std::array<void (*)(int, siginfo_t*, void*), 32> handlers{};
    std::uint32_t uid = 0, gid = 0;
    void (*thread_end)(void*) = nullptr;
    void* thread_end_argument = nullptr;
    void* stack = nullptr;  // pointer, while it does not run
    int error = 0;          // errno
  };
  struct File {
    char name[40];
    std::byte* memory;
    std::size_t size;
    bool linked;
    std::uint32_t uid;
  };
  struct State {
    std::array<Process, most_processes> processes;
    std::array<File, 16> files;
    int file_count = 0;
    std::size_t memory_used = 0;
    std::uint64_t memory_hash = 0, randoms = 0;
    std::int64_t clock = 1'000'000;                    // seconds; moves when a call returns
    std::array<std::int8_t, most_processes> sleepers;  // in the order in which they fell asleep
    int sleeper_count = 0, deaths = 0;
  };
  struct Undo {
    std::uint32_t* at;
    std::uint32_t before;
  };
  struct StackCopy {
    int process;
    std::vector<std::byte> bytes;
  };
  struct Word {
    std::uintptr_t* at;
    std::uintptr_t value;
  };

  Process& self() { return *self_; }
  void become(int process) {
    current_ = process;
    self_ = &at(process);
  }
  Process& at(int process) { return state_.processes[static_cast<std::size_t>(process)]; }
  const Process& at(int process) const { return state_.processes[static_cast<std::size_t>(process)]; }
  bool enabled(int process) const { return at(process).run == Run::ready || at(process).run == Run::leaving; }

  bool may_die(int process) const { return left_.deaths > 0 && at(process).may_die; }

  // memory
  std::size_t place_of(const void* address) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(address) - memory_);
  }
  bool is_shared(const void* address) const {
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(memory_) <
           memory_size;
  }
  bool contended(const void* address, std::size_t size, bool write);
  bool known_as_contended(const void* address, std::size_t size) const;
  void note_use(std::size_t word, std::uint32_t use);
  void note_kernels_use(const void* address, bool write);
  void note_lock(const void* word, std::uint32_t value);
  void hold(const void* lock);
  void write_word(std::uint32_t* address, std::uint32_t value);
  void write(void* address, unsigned size, std::uint64_t value, Order order, bool modifies);
  std::uint64_t load_weakly(const void* address, unsigned size, Order order, bool latest);
  void load_latest(const void* word, Order order) {
    if (weak && chooser_ != nullptr) load_weakly(word, 4, order, true);
  }
  void copy_in(std::byte* to, const std::byte* from, std::size_t size);
  void copy_out(std::byte* to, const std::byte* from, std::size_t size);
  void clear(void* begin, std::size_t size);

  // scheduling
  void before(const void* address, std::size_t size, bool write);
  void offer(const void* address, std::size_t size, bool write);
  void before_system_call();
  void begin_file_call(bool changes);
  // Its place in the program is part of a process's state, also where it learns nothing.
  void pass(std::uint64_t what) { self().seen = mix(self().seen, what); }
  long answered(long result);  // by a system call: from now on the process knows
  Option ask(const Options& options);
  bool known() const { return accesses < next_choice_; }  // the way to the next choice
  void decide(bool switching);
  void give_way();
  void add_others(Options& options) const;
  void take(Option option);
  void go_to(int process);
  void back_to_main();
  void begin_call();
  static void enter(void* machine);
  static void leave(void* machine);
  void fail(std::string why);

  // kernel
  long futex(const long* arguments);
  int wake(const void* word, int most, std::uint32_t set);
  void wake_up(int process, long result);
  void stop_sleeping(int process);
  void offer_deaths_of_sleepers(const void* word);
  long sleep(const void* word, std::uint32_t set, bool timed);
  void kill(int process);
  void mark_robust_list();
  void mark_dead(std::byte* word, bool pending);
  void deliver_signals();
  void note(const char* what, const void* address, std::uint64_t value) {
    note_of(current_, what, address, value);
  }
  void note_of(int process, const char* what, const void* address, std::uint64_t value);

  static constexpr std::uint32_t thread_bits = 0x3fffffff;  // FUTEX_TID_MASK
  static constexpr std::size_t page_size = 4096;
  static constexpr std::size_t memory_size = std::size_t{1} << 30;
  static constexpr std::size_t stack_size = 256 << 10;
  static constexpr std::uint64_t most_accesses = 200'000;  // of one execution

  std::byte* memory_;
  std::uint32_t* shadow_;  // who uses each word, and how
  std::vector<std::size_t> learned_;
  std::vector<const void*> locks_;
  std::vector<std::uint64_t> written_pages_;  // a bit each
  std::vector<std::byte> copied_;
  std::vector<Undo> undo_;
  WeakMemory weak_memory_;
  std::vector<std::unique_ptr<Copy>> copies_;
  std::vector<Fiber> fibers_;
  std::vector<std::unique_ptr<Kept>> kept_;  // of each process
  State state_, first_state_;
  std::vector<StackCopy> first_stacks_;
  std::vector<Word> first_links_;
  int count_ = 0, current_ = 0;
  Process* self_ = nullptr;  // the current one
  int loading_ = -1;
  void* main_stack_ = nullptr;
  Chooser* chooser_ = nullptr;
  Budget left_;
  bool stopped_ = false, everywhere_ = false;
  std::uint64_t accesses_at_start_ = 0, accesses_end_ = 0, next_choice_ = 0;
};

}  // namespace svmq::verify
