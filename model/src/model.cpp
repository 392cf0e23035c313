// The labels of the transition system, and how a call goes on by itself.
#include "svmq/model/model.hpp"

#include "permission.hpp"
#include "rule.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

std::optional<std::int64_t> id_of(const Request& request) {
  return std::visit(
      [](const auto& r) -> std::optional<std::int64_t> {
        if constexpr (requires { r.id; } && !std::is_same_v<std::decay_t<decltype(r)>, FtokRequest>)
          return r.id;
        else
          return std::nullopt;
      },
      request);
}

// A stop takes the call off the waiting list.
bool stop_leaves_list(const Profile& profile) {
  return profile.stop == Stop::restarts_call || profile.stop == Stop::interrupts;
}

bool can_stop(const Profile& profile, const Process& process) {
  return process.running == Running::stopping && stop_leaves_list(profile);
}

bool keeps_place(const Profile& profile) { return profile.stop == Stop::either || profile.stop == Stop::any; }
bool may_interrupt(const Profile& profile) {
  return profile.stop == Stop::interrupts || profile.stop == Stop::any;
}

// wait.sig.handler: a caught signal ends the wait with EINTR, whatever SA_RESTART says; msgrcv and msgsnd
// alike. POSIX [EINTR]; Linux do_msgsnd, do_msgrcv (ERESTARTNOHAND). Where the profile says so, SA_RESTART
// begins the call anew.
void interrupt(const View& view, Outcomes& outcomes) {
  State next = view.state;
  leave_lists(next, view.actor);
  const bool restartable = view.self().restartable;
  Clauses why{"wait.sig.handler"};
  if (view.self().woken && view.self().phase == Phase::sending) why.add("wait.snd.signal.first");
  // wait.rcv.signal.keep: and a receiver that fails so has taken nothing. POSIX [EINTR]; Linux do_msgrcv.
  if (view.self().phase == Phase::receiving) why.add("wait.rcv.signal.keep");
  if (!restartable || view.profile.sa_restart != Restart::restarts)
    outcomes.push_back(answered(next, view.actor, Result::fail(Errno::eintr), std::move(why)));
  if (!restartable || view.profile.sa_restart == Restart::interrupts) return;
  Actor& self = next.actor(view.actor);
  self.phase = Phase::entered;
  self.woken = self.interrupted = self.restartable = false;
  outcomes.push_back({std::move(next), {"wait.sig.handler"}});
}

// wait.sig.stop.absent: a stopped process waits no more; its call will begin anew. Linux ERESTARTNOHAND.
Outcome stop_waiting(const View& view) {
  State next = view.state;
  leave_lists(next, view.actor);
  Actor& self = next.actor(view.actor);
  self.phase = Phase::entered;
  self.woken = false;
  self.restarting = true;
  return {std::move(next), {"wait.sig.stop", "wait.sig.stop.absent"}};
}

// wait.kill: a waiter that is about to die waits no more from some moment on; until then it may still be
// handed a message. Linux pipelined_send, do_exit.
Outcome die_waiting(const View& view) {
  State next = view.state;
  leave_lists(next, view.actor);
  Actor& self = next.actor(view.actor);
  self.phase = Phase::entered;
  self.woken = false;
  self.restarting = true;  // it never acts again
  return {std::move(next), {"wait.kill"}};
}

// What a call that has begun anew after a stop does, it owes to that.
void credit_restart(const View& view, Outcome& outcome) {
  const Actor& after = outcome.next.actor(view.actor);
  Clauses because{"wait.sig.stop", "wait.sig.stop.absent"};
  // wait.sig.stop.place: it waits behind those who came meanwhile. Linux ss_add, do_msgrcv.
  if (after.phase != Phase::returning) because.add("wait.sig.stop.place");
  // wait.sig.stop.rmid: its queue may be gone by now: EINVAL. Linux msq_obtain_object_check.
  else if (after.result->error == Errno::einval)
    because.add("wait.sig.stop.rmid");
  // wait.sig.stop.reread: what it sends is what the memory holds now. Linux ksys_msgsnd.
  if (std::holds_alternative<SendRequest>(*view.self().call)) because.add("wait.sig.stop.reread");
  note(outcome, view.actor, because);
}

// gen.atomic: another call is under way, and one of the two comes first. Linux ipc_lock_object.
bool overlaps(const View& view) {
  for (std::size_t a = 0; a < view.state.actors.size(); ++a) {
    const Phase phase = view.state.actors[a].phase;
    if (static_cast<ActorIndex>(a) != view.actor && (phase == Phase::entered || phase == Phase::returning))
      return true;
  }
  return false;
}

void act(const View& view, Outcomes& outcomes) {
  Outcomes more = std::visit([&](const auto& request) { return step(view, request); }, *view.self().call);
  const bool atomic = overlaps(view);
  for (Outcome& outcome : more) {
    if (view.self().restarted) credit_restart(view, outcome);
    if (atomic) note(outcome, view.actor, {"gen.atomic"});
  }
  if (outcomes.empty())
    outcomes = std::move(more);
  else
    std::ranges::move(more, std::back_inserter(outcomes));
}

// wait.sig.avail: a signal that comes before the call acts may have been handled before it began. Linux
// do_msgsnd, do_msgrcv.
Outcome handled_before(const View& view) {
  State next = view.state;
  Actor& self = next.actor(view.actor);
  self.interrupted = self.restartable = false;
  self.why.add("wait.sig.avail");
  return {std::move(next), {"wait.sig.avail"}};
}

// A sleeping sender looks by itself, and goes on. BSD kern_msgsnd sleeps for a second at most.
Outcome polled(const View& view) {
  State next = view.state;
  next.actor(view.actor).woken = true;
  return {std::move(next), {"wait.set.snd"}};
}

// Stopped and continued: EINTR, where that is no call to begin anew.
Outcome stopped_for_good(const View& view) {
  State next = view.state;
  leave_lists(next, view.actor);
  return answered(std::move(next), view.actor, Result::fail(Errno::eintr), {"wait.sig.stop"});
}

// It was waiting when it was stopped and its queue removed, and a handler is to run: the one error or the
// other.
Outcome interrupted_while_stopped(const View& view) {
  return failed(view, Errno::eintr, {"wait.sig.stop.handler", "wait.sig.handler"});
}

Outcomes steps_of_waiter(const View& view) {
  Outcomes outcomes;
  if (polls_successfully(view)) outcomes.push_back(polled(view));
  if (view.self().restarted && may_interrupt(view.profile)) outcomes.push_back(stopped_for_good(view));
  if (can_stop(view.profile, view.state.process_of(view.actor))) outcomes.push_back(stop_waiting(view));
  if (view.state.process_of(view.actor).dying) outcomes.push_back(die_waiting(view));
  if (view.self().interrupted) interrupt(view, outcomes);
  // wait.snd.signal.first: once awake, a signal comes before room. Linux do_msgsnd.
  if (view.self().woken && (!view.self().interrupted || view.profile.signal_or_room == SignalOrRoom::either))
    act(view, outcomes);
  return outcomes;
}

// Where a stopped process may keep its place, others may complete its wait for it.
Outcomes served_while_stopped(const View& view) {
  Outcomes outcomes;
  const bool waits = view.self().phase == Phase::sending || view.self().phase == Phase::receiving;
  if (waits && view.self().woken && keeps_place(view.profile)) act(view, outcomes);
  return outcomes;
}

}  // namespace

bool Actor::operator==(const Actor& o) const {
  const auto same_result = [&] { return result == o.result || (result && o.result && *result == *o.result); };
  return process == o.process && alive == o.alive && phase == o.phase && woken == o.woken &&
         interrupted == o.interrupted && restartable == o.restartable && restarting == o.restarting &&
         restarted == o.restarted && mask == o.mask && held == o.held && space == o.space &&
         waits_on == o.waits_on && found == o.found && since == o.since && call == o.call && same_result();
}

ActorIndex main_thread(const State& state, ActorIndex actor) {
  const int process = state.actor(actor).process;
  for (std::size_t a = 0; a < state.actors.size(); ++a)
    if (state.actors[a].process == process) return static_cast<ActorIndex>(a);
  return actor;
}

void begin(const Profile& profile, State& state, ActorIndex actor, std::shared_ptr<const Request> request) {
  Actor& self = state.actor(actor);
  const std::optional<std::int64_t> id = id_of(*request);
  self.phase = Phase::entered;
  self.since = state.clock;
  self.call = std::move(request);
  self.found = id ? denoted(profile, state, self.space, *id) : -1;
  self.why = {};
}

namespace {

Outcomes steps_of(const View& view) {
  const Actor& self = view.self();
  if (view.state.process_of(view.actor).running == Running::stopped) return served_while_stopped(view);
  if (self.phase == Phase::sending || self.phase == Phase::receiving) return steps_of_waiter(view);
  if (self.restarting) return {};  // until it is continued
  Outcomes outcomes;
  if (self.restarted && may_interrupt(view.profile)) outcomes.push_back(stopped_for_good(view));
  if (self.restarted && view.profile.stop == Stop::interrupts) return outcomes;
  if (self.restarted && self.interrupted && keeps_place(view.profile))
    outcomes.push_back(interrupted_while_stopped(view));
  if (self.interrupted && !self.woken) outcomes.push_back(handled_before(view));
  act(view, outcomes);
  return outcomes;
}

}  // namespace

namespace {

void name_what_holds(const Profile& profile, const State& before, ActorIndex actor, Outcome& outcome) {
  keep_those_that_hold(profile, outcome.clauses);
  for (std::size_t a = 0; a < before.actors.size(); ++a) {
    Actor& answered = outcome.next.actors[a];
    const bool now = static_cast<ActorIndex>(a) == actor || before.actors[a].phase != Phase::returning;
    if (now && answered.phase == Phase::returning) keep_those_that_hold(profile, answered.why);
  }
}

}  // namespace

Outcomes steps(const Profile& profile, const State& state, ActorIndex actor) {
  const Actor& self = state.actor(actor);
  if (!self.alive || self.phase == Phase::idle || self.phase == Phase::returning) return {};
  Choices choices;
  const View view{profile, state, actor, choices};
  Outcomes outcomes = steps_of(view);
  while (choices.next()) std::ranges::move(steps_of(view), std::back_inserter(outcomes));
  for (Outcome& outcome : outcomes) name_what_holds(profile, state, actor, outcome);
  return outcomes;
}

void finish(State& state, ActorIndex actor) {
  Actor& self = state.actor(actor);
  self.phase = Phase::idle;
  self.call.reset();
  self.result.reset();
  self.why = {};
  self.since = 0;
  self.interrupted = self.restartable = self.restarted = false;
}

namespace {

void stop(Process& process) {
  if (process.running == Running::yes) process.running = Running::stopping;
}

// wait.sig.stop: continued, the call begins anew. POSIX XSH 2.4; Linux ERESTARTNOHAND.
void resume(const Profile& profile, State& state, int process) {
  const bool was_stopped = state.processes[static_cast<std::size_t>(process)].running != Running::yes;
  state.processes[static_cast<std::size_t>(process)].running = Running::yes;
  for (std::size_t a = 0; a < state.actors.size(); ++a) {
    Actor& self = state.actors[a];
    if (self.process != process) continue;
    const bool waits = self.phase == Phase::sending || self.phase == Phase::receiving;
    if (waits && was_stopped && holds(profile, "wait.sig.stop")) self.why.add("wait.sig.stop");
    if (waits && was_stopped && self.interrupted) self.why.add("wait.sig.stop.handler");
    if (waits && was_stopped && profile.stop == Stop::any) self.restarted = true;
    if (!self.restarting || state.processes[static_cast<std::size_t>(process)].dying) continue;
    // wait.sig.stop.handler: or fails, if a handler is to run. POSIX [EINTR]; Linux ERESTARTNOHAND.
    if (self.interrupted) {
      answer(state, static_cast<ActorIndex>(a), Result::fail(Errno::eintr),
             {"wait.sig.stop.handler", "wait.sig.handler"});
      keep_those_that_hold(profile, self.why);
      continue;
    }
    self.restarting = false;
    self.restarted = true;
    const std::optional<std::int64_t> id = id_of(*self.call);
    self.found = id ? denoted(profile, state, self.space, *id) : -1;
  }
}

// As everywhere that these names are known, of those that end a process.
int number(Signal signal) {
  switch (signal) {
    case Signal::hup: return 1;
    case Signal::usr1: return 10;
    case Signal::usr2: return 12;
    case Signal::alrm: return 14;
    default: return 15;
  }
}

bool ends_by_default(Signal signal) {
  return signal != Signal::chld && signal != Signal::winch && signal != Signal::cont;
}

// Kills, stops and continuations happen to the process, whatever it has arranged. Whether it is one of them.
bool happens_to_process(const Profile& profile, State& state, ActorIndex actor, Signal signal) {
  const int index = state.actor(actor).process;
  Process& process = state.processes[static_cast<std::size_t>(index)];
  switch (signal) {
    case Signal::kill: process.dying = signal; return true;
    case Signal::stop: stop(process); return true;
    case Signal::cont: resume(profile, state, index); return true;
    default: return false;
  }
}

// The first signal that ends it kills at once; of those that come to a stopped process, the one with the
// lowest number does. POSIX XSH 2.4.1; Linux next_signal.
void sentence(Process& process, Signal signal) {
  const bool earlier = process.running != Running::yes && process.dying && *process.dying != Signal::kill &&
                       number(signal) < number(*process.dying);
  if (!process.dying || earlier) process.dying = signal;
}

// Its handler is to run.
void catch_signal(Actor& self, bool restart) {
  if (self.phase == Phase::returning && self.why.has("msgsnd.ok.handoff"))
    self.why.add("wait.rcv.signal.lose");
  if (self.phase == Phase::idle || self.phase == Phase::returning) return;
  self.interrupted = true;
  self.restartable = restart;
}

}  // namespace

void signal(const Profile& profile, State& state, ActorIndex actor, Signal signal) {
  Actor& self = state.actor(actor);
  Process& process = state.processes[static_cast<std::size_t>(self.process)];
  if (!process.alive || !self.alive || happens_to_process(profile, state, actor, signal)) return;
  const auto bit = static_cast<std::uint16_t>(1u << static_cast<unsigned>(signal));
  const Disposition how = process.dispositions[static_cast<std::size_t>(signal)];
  const bool ignored =
      how == Disposition::ignore || (how == Disposition::default_ && !ends_by_default(signal));
  // wait.sig.none: without a handler to run it disturbs no call. POSIX XSH 2.4; Linux signal_pending.
  if (ignored || self.mask & bit) {
    if (!ignored) self.held = static_cast<std::uint16_t>(self.held | bit);
    if (self.phase != Phase::idle) self.why.add("wait.sig.none");
    return;
  }
  if (how == Disposition::default_)
    sentence(process, signal);
  else
    catch_signal(self, how == Disposition::restart);
}

// gen.persist: with a process its waits go, and nothing else does. POSIX XSH 2.7.1; Linux exit_mm.
void die(State& state, int process) {
  state.processes[static_cast<std::size_t>(process)].alive = false;
  state.processes[static_cast<std::size_t>(process)].dying.reset();
  for (std::size_t a = 0; a < state.actors.size(); ++a) {
    if (state.actors[a].process != process) continue;
    leave_lists(state, static_cast<ActorIndex>(a));
    finish(state, static_cast<ActorIndex>(a));
    state.actors[a].alive = false;
    state.actors[a].woken = state.actors[a].restarting = false;
  }
}

bool asleep(const Profile& profile, const State& state, ActorIndex actor) {
  const Actor& self = state.actor(actor);
  const Process& process = state.process_of(actor);
  return self.alive && (self.phase == Phase::sending || self.phase == Phase::receiving) &&
         process.running == Running::yes && !process.dying && !self.woken && !self.interrupted &&
         !can_stop(profile, process);
}

bool quiet(const Profile& profile, const State& state) {
  for (std::size_t a = 0; a < state.actors.size(); ++a) {
    const Actor& self = state.actors[a];
    const Process& process = state.processes[static_cast<std::size_t>(self.process)];
    if (!self.alive || self.phase == Phase::idle) continue;
    if (process.dying == Signal::kill) return false;
    if (process.running == Running::stopped) continue;
    // The stop has arrived: before the call acted, or before it could return what had been decided.
    const bool held = self.phase == Phase::entered || self.phase == Phase::returning;
    if (process.running == Running::stopping && (held || keeps_place(profile))) continue;
    if (!asleep(profile, state, static_cast<ActorIndex>(a))) return false;
  }
  return true;
}

void settle(State& state) {
  for (Process& process : state.processes)
    if (process.running == Running::stopping) process.running = Running::stopped;
}

}  // namespace svmq::model
