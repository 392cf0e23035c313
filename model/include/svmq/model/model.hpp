// System V message queues as a labelled transition system.
//
// Labels that somebody sees: begin (a process calls), the end of a call (its phase is `returning`), signal,
// die, tick. Between them the system moves by itself: `steps` yields every way in which one actor's call may
// go on, each with the clauses that allow it. A call that must wait is two steps: it falls asleep, and some
// other actor's step makes it go on. Nothing here is ordered but by a clause.
#pragma once

#include <vector>

#include "svmq/model/profile.hpp"
#include "svmq/model/state.hpp"

namespace svmq::model {

// One way in which a step may go.
struct Outcome {
  State next;
  Clauses clauses;
};
using Outcomes = std::vector<Outcome>;

// The limits of a new namespace.
Limits initial_limits(const Profile& profile);

// The actor, which is idle, begins a call.
void begin(const Profile& profile, State& state, ActorIndex actor, std::shared_ptr<const Request> request);

// Every outcome of the actor's next internal step; none if it has none to take.
Outcomes steps(const Profile& profile, const State& state, ActorIndex actor);

// The actor, whose phase is `returning`, has returned.
void finish(State& state, ActorIndex actor);

// A signal is sent to the actor.
void signal(const Profile& profile, State& state, ActorIndex actor, Signal signal);

// The process of this index ends, with all its actors.
void die(State& state, int process);

// Nothing moves at this moment: no actor has a step to take, nobody is about to return or to die.
// Settles what only time had to settle (a stop signal has arrived).
bool quiet(const Profile& profile, const State& state);
void settle(State& state);

// The actor sleeps: it is in a call and has no step to take.
bool asleep(const Profile& profile, const State& state, ActorIndex actor);

// The queue of this id in that namespace, or -1.
QueueIndex find_queue(const State& state, int space, std::int64_t id);

}  // namespace svmq::model
