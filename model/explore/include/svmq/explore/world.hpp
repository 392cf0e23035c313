// The transition system that is explored: the model's, with the variables of a scenario and a choice of
// calls.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "svmq/explore/scope.hpp"

namespace svmq::model::explore {

struct World {
  State state;
  Cow<Values> values;
  std::array<std::int16_t, most_actors>
      calls{};  // index of each actor's unfinished call; only while it is in one
};

// One transition. Its meaning depends on the world that it leaves.
struct Label {
  enum Kind : std::uint8_t {
    begin,   // the actor begins call `which`; a call of the conductor also ends
    step,    // the actor's call goes on, in the way `which` of those that the model allows
    finish,  // the actor's call returns although a stop signal is on its way
    die,     // the actor's process ends
    settle   // nothing moves: stop signals have arrived
  } kind = begin;
  std::uint8_t actor = 0;
  std::int16_t which = 0;
  bool operator==(const Label&) const = default;
};

// A scope under a profile. Not thread-safe: requests are made once and kept.
class Stage {
 public:
  Stage(const Scope& scope, const Profile& profile);

  const Scope& scope() const { return *scope_; }
  const Profile& profile() const { return *profile_; }
  const Clauses& clauses() const { return clauses_; }  // that hold in the profile

  // The world before any step, and the first one of the exploration: with the steps `before` it conducted,
  // one after the other.
  World origin() const;
  const World& first() const { return first_; }

  // Every transition from here. `raw` is the world as the model left it, before calls that have acted return.
  using Sink = std::function<void(Label, const Clauses&, World&& raw)>;
  void successors(const World& world, const Sink& sink) const;

  // Those by internal steps, deaths and stops that arrive: without anybody beginning anything.
  void internal(const World& world, const Sink& sink) const;

  // The actor begins this call, and whatever the conductor's calls do at once.
  void begin(const World& world, int call, const Sink& sink) const;
  bool may_begin(const World& world, ActorIndex actor) const;
  bool may_mention(const World& world, int call) const;  // every variable that the call uses has been set

  // Nothing moves, and nothing is about to.
  bool rests(const World& world) const;

  // Everybody who has been answered, and runs, returns. `returned` hears of each, before its answer is
  // forgotten.
  using Returned = std::function<void(const World&, ActorIndex)>;
  void return_all(World& world, const Returned& returned = {}) const;

  // The one world to which the label leads.
  World follow(const World& world, Label label) const;

  std::shared_ptr<const Request> request(const World& world, int call) const;

 private:
  void finish(World& world, ActorIndex actor) const;

  World settled(World world) const;

  const Scope* scope_;
  const Profile* profile_;
  Clauses clauses_;
  World first_;
  std::vector<std::vector<int>> calls_of_;  // by actor
  mutable std::vector<std::vector<std::pair<Values, std::shared_ptr<const Request>>>> requests_;
};

}  // namespace svmq::model::explore
