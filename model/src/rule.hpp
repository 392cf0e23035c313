// What rules are made of.
//
// A rule is a small function headed by its clause id. An error is a Check: its clause, its errno, and the
// guard under which it applies. A call's checks stand in one table, in the order in which Linux makes them; a
// profile with a fixed order takes the first that applies, one without any of those that apply.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "svmq/model/model.hpp"

namespace svmq::model {

// What a profile leaves open within one step. A rule is written as if all were settled: it asks. `steps` runs
// it once for each combination of answers. The same question has the same answer within one run.
class Choices {
 public:
  std::size_t pick(std::uintptr_t question, std::size_t count) {
    for (const Made& made : made_)
      if (made.question == question) return made.chosen;
    made_.push_back({question, 0, count});
    return 0;
  }
  bool next() {
    while (!made_.empty() && ++made_.back().chosen == made_.back().count) made_.pop_back();
    return !made_.empty();
  }

 private:
  struct Made {
    std::uintptr_t question;
    std::size_t chosen, count;
  };
  std::vector<Made> made_;
};

// What a rule may look at.
struct View {
  const Profile& profile;
  const State& state;
  ActorIndex actor;
  Choices& choices;

  // The value of a variation point; where it is `any`, one of the others.
  template <class Value>
  Value ask(const Cell<Value>& point) const {
    if (point.value != Value::any) [[likely]]
      return point.value;
    return static_cast<Value>(
        choices.pick(reinterpret_cast<std::uintptr_t>(&point), static_cast<std::size_t>(Value::any)));
  }
  // One of so many, for a question that is no variation point.
  std::size_t pick(int question, std::size_t count) const {
    return choices.pick(static_cast<std::uintptr_t>(question), count);
  }

  const Actor& self() const { return state.actor(actor); }
  const Credentials& credentials() const { return state.credentials_of(actor); }
  const Namespace& space() const { return state.space_of(actor); }
  QueueIndex queue_of(std::int64_t id) const;  // asked again and again: the answer is kept

  mutable std::int64_t asked = 0;
  mutable std::optional<QueueIndex> denoted_by_asked = std::nullopt;
};

// The queue that an identifier denotes. (identifier.cpp)
QueueIndex denoted(const Profile& profile, const State& state, int space, std::int64_t id);
inline QueueIndex View::queue_of(std::int64_t id) const {
  if (!denoted_by_asked || asked != id) denoted_by_asked = denoted(profile, state, self().space, asked = id);
  return *denoted_by_asked;
}

template <class R>
struct Check {
  Clause clause;
  Errno error;
  Tri (*applies)(const View&, const R&);
};

// Drops the clauses that do not hold in the profile. (clause.cpp)
void keep_those_that_hold(const Profile& profile, Clauses& clauses);

// The actor's call has acted: this is what it will return.
inline void answer(State& state, ActorIndex actor, Result result, const Clauses& why) {
  Actor& self = state.actor(actor);
  self.phase = Phase::returning;
  self.woken = self.interrupted = self.restartable = self.restarting = false;
  self.waits_on = self.found = -1;
  self.result = std::make_shared<const Result>(std::move(result));
  self.why.add(why);
}

inline Outcome answered(State state, ActorIndex actor, Result result, const Clauses& why) {
  answer(state, actor, std::move(result), why);
  return {std::move(state), why};
}

inline Outcome failed(const View& view, Errno error, const Clauses& why) {
  return answered(view.state, view.actor, Result::fail(error), why);
}

// The call leaves what the profile defines; whatever follows is allowed.
inline Outcome undefined(const View& view, const Clauses& why) {
  State next = view.state;
  next.undefined = true;
  return answered(std::move(next), view.actor, Result::anything(), why);
}

// The outcome shows these clauses as well, whether it returns or waits.
inline void note(Outcome& outcome, ActorIndex actor, const Clauses& clauses) {
  outcome.clauses.add(clauses);
  outcome.next.actor(actor).why.add(clauses);
}

// … if it returns.
inline void credit(Outcome& outcome, ActorIndex actor, const Clauses& clauses) {
  outcome.clauses.add(clauses);
  Actor& self = outcome.next.actor(actor);
  if (self.phase == Phase::returning) self.why.add(clauses);
}

// The profile says nothing of what the call answers, only that it changes nothing.
inline Outcome unspecified(const View& view, const Clauses& why) {
  return answered(view.state, view.actor, Result::anything(), why);
}

// Adds every failure that the checks allow; returns whether the call may also succeed.
template <class R>
bool may_succeed(const View& view, const R& request, std::span<const Check<R>> checks, Outcomes& outcomes) {
  bool success = true;
  for (const Check<R>& check : checks) {
    const Tri applies = check.applies(view, request);
    if (applies == Tri::no) continue;
    outcomes.push_back(failed(view, check.error, {check.clause}));
    if (applies == Tri::maybe) continue;
    success = false;
    if (view.profile.error_order == ErrorOrder::fixed) break;
  }
  return success;
}

// Time stamps and process ids as a call of this actor leaves them.
inline Stamp now(const State& state, ActorIndex actor) { return {state.actor(actor).since, state.clock}; }
ActorIndex main_thread(const State& state, ActorIndex actor);
inline Pid process_id(const State& state, ActorIndex actor) {
  return {Pid::process, main_thread(state, actor)};
}
// A thread that began a new image has taken the place of the first one, and its id. Linux de_thread.
inline Pid thread_id(const State& state, ActorIndex actor) {
  const ActorIndex main = main_thread(state, actor);
  return main == actor || !state.actor(main).alive ? Pid{Pid::process, main} : Pid{Pid::thread, actor};
}

// The calls. Each yields every way in which the actor's request may go on.
Outcomes step(const View& view, const GetRequest& request);
Outcomes step(const View& view, const SendRequest& request);
Outcomes step(const View& view, const ReceiveRequest& request);
Outcomes step(const View& view, const ControlRequest& request);
Outcomes step(const View& view, const SetRequest& request);
Outcomes step(const View& view, const FtokRequest& request);
Outcomes step(const View& view, const SegmentRequest& request);
Outcomes step(const View& view, const TableRequest& request);
Outcomes step(const View& view, const LimitRequest& request);
Outcomes step(const View& view, const BecomeRequest& request);
Outcomes step(const View& view, const HandlerRequest& request);
Outcomes step(const View& view, const MaskRequest& request);
Outcomes step(const View& view, const ExitRequest& request);
Outcomes step(const View& view, const ExecRequest& request);
Outcomes step(const View& view, const UnshareRequest& request);
Outcomes step(const View& view, const KillRequest& request);
Outcomes step(const View& view, const TickRequest& request);
Outcomes step(const View& view, const FileRequest& request);

}  // namespace svmq::model
