// A scenario while it is being written, with the rough idea of what it has done so far.
//
// The verbs below (create, send, …) write one step each and keep the idea up to date; moves choose among
// them. Inside a concurrent block they write into the block.
#pragma once

#include <optional>
#include <string>

#include "src/random.hpp"
#include "src/world.hpp"
#include "svmq/generate/generate.hpp"

namespace svmq::generate {

// A queue as a step names it, and which one that is, if it is one.
struct Target {
  language::IdExpr id;
  std::optional<std::size_t> queue;
};

// A key: a number, or a variable that ftok has set.
struct Key {
  std::string variable;
  std::int32_t value = 0;
};

class Draft {
 public:
  Draft(std::uint64_t seed, std::uint64_t index, const Options& wanted);

  Random random;
  const Options& options;
  World world;
  std::vector<Key> keys;  // from ftok

  bool available(const char* need) const { return options.available.count(need) > 0; }

  // ------------------------------------------------------------------------------------------------------
  // actors
  void add_process(const language::Credentials& credentials);
  void add_thread();                    // of the first process
  Person* someone();                    // an idle one, null if there is none
  Person* owner_of(std::size_t queue);  // an idle one that may set and remove it
  Person* permitted(std::size_t queue, language::Flags triad);
  Person* sleeper();  // one that is asleep in a call
  // Whether this actor may go to sleep: then another one must still be there to go on.
  bool may_sleep() const { return world.idle() > 1; }

  // -----------------------------------------------------------------------------------------------------
  // targets
  std::optional<std::size_t> living_queue();
  Target target(std::size_t queue);  // by a variable that names it
  Target any_target();               // mostly a living queue; else a stale identifier or no identifier at all
  bool inside_block() const { return block_ != nullptr; }

  // -------------------------------------------------------------------------------------------------------
  // verbs
  void create(Person& person, const Key& key, language::Flags flags);
  void send(Person& person, const Target& target, const language::MessageArgument& message,
            std::uint64_t size, language::Flags flags);
  void receive(Person& person, const Target& target, const language::BufferArgument& buffer,
               std::uint64_t size, std::int64_t type, language::Flags flags);
  void control(Person& person, const Target& target, int command, const language::BufferArgument& buffer);
  void set(Person& person, const Target& target, const language::SettingArgument& setting);
  void become(Person& person, const language::Credentials& credentials);
  void kill(Person& person, language::Signal signal);
  void handler(Person& person, language::Signal signal, language::Disposition how);
  void mask(Person& person, language::Signal signal, bool block);
  void set_limit(language::Limit limit, std::int64_t value);
  void end(Person& person, std::optional<int> status);  // unset: by SIGKILL
  void unshare(Person& person);
  void ftok(Person& person, const std::string& path, int id);  // its value is one of the keys from then on
  void step(const Person* person, language::Action action, std::string variable = {});

  void begin_block();
  void end_block();

  std::size_t steps() const { return steps_; }
  std::string next_text_letter();  // so that messages can be told apart
  language::Scenario finish() { return std::move(scenario_); }

 private:
  std::string new_variable();

  language::Scenario scenario_;
  language::Concurrent* block_ = nullptr;
  std::size_t steps_ = 0, variables_ = 0, texts_ = 0;
};

}  // namespace svmq::generate
