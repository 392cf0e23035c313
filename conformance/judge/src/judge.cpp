#include "svmq/judge/judge.hpp"

#include <algorithm>
#include <map>

#include "svmq/judge/answer.hpp"
#include "svmq/judge/cast.hpp"
#include "explore.hpp"
#include "opening.hpp"
#include "svmq/language/print.hpp"
#include "witness.hpp"

namespace svmq::judge {
namespace {

using language::History;
using model::ActorIndex;
using model::Phase;
using model::State;

constexpr std::size_t most_deviations = 16;  // one root cause has many consequences; the first say enough

// One history on its way through the model.
class Session {
 public:
  Session(const History& history, const model::Profile& profile, const Budget& budget)
      : history_(history), profile_(profile), opening_(history, profile), states_(profile, budget.states), cast_(opening_.cast) {
    states_.all.push_back(opening_.state);
  }

  Judgement run() {
    result_.verdict = Verdict::conform;
    for (at_ = 0; at_ < history_.events.size(); ++at_) {
      if (!std::visit([this](const auto& event) { return on(event); }, history_.events[at_].what)) break;
      if (states_.exhausted()) {
        result_.verdict = Verdict::unknown;
        result_.reason = "more than the budget of model states";
        break;
      }
      if (result_.deviations.size() >= most_deviations) break;
    }
    if (at_ == history_.events.size()) nobody_may_be_left();
    // However judging ended: what has been seen to deviate has deviated.
    if (!result_.deviations.empty()) result_.verdict = Verdict::nonconform;
    if (result_.verdict == Verdict::conform && result_.steps == 0) {
      result_.verdict = Verdict::not_run;
      result_.reason = "nothing was executed";
    }
    result_.states = states_.visited();
    return std::move(result_);
  }

 private:
  // ------------------------------------------------------------------------------------------------- events
  // Each returns whether judging goes on.

  bool on(const language::Clock& clock) {
    for (State& state : states_.all) state.clock = std::max(state.clock, clock.seconds);
    return true;
  }

  bool on(const language::Call& call) {
    const ActorIndex actor = cast_.index(call.step.actor);
    if (actor < 0) return refuse("a call of \"" + call.step.actor + "\", who is no actor of the history");
    if (pending_.contains(call.step.actor)) return refuse("a call of \"" + call.step.actor + "\", who is still in another");
    if (std::ranges::none_of(states_.all, [&](const State& s) { return s.undefined || s.actor(actor).alive; }))
      return refuse("a call of \"" + call.step.actor + "\", who is dead");
    ++result_.steps;
    // What happened before a signal is told from what happened after it.
    if (std::holds_alternative<language::Kill>(call.step.action) && !states_.close()) return true;
    pending_[call.step.actor] = call.step;
    asleep_.clear();  // behind a step it is said anew
    std::shared_ptr<const model::Request> request;
    for (State& state : states_.all) {
      if (state.undefined) continue;
      if (!request) request = std::make_shared<const model::Request>(cast_.request(call.step, state));
      model::begin(profile_, state, actor, request);
    }
    return true;
  }

  bool on(const language::Complete& complete) { return on(language::Call{complete.step}) && on(returned(complete)); }

  bool on(const language::Return& returned) {
    const ActorIndex actor = cast_.index(returned.actor);
    const auto step = pending_.find(returned.actor);
    if (actor < 0 || step == pending_.end()) return refuse("a return of \"" + returned.actor + "\", who is in no call");
    const std::string variable = step->second.variable;
    if (!states_.close([&](const State& state) { return state.actor(actor).phase == Phase::returning; })) return true;
    const std::vector<State> before = states_.all;
    accept(actor, returned.result);
    if (states_.all.empty()) deviate(actor, before, returned.result);
    if (!variable.empty()) cast_.set(variable, returned.result.error.empty() ? returned.result.value : -1);
    pending_.erase(returned.actor);
    asleep_.erase(returned.actor);
    states_.merge();
    return true;
  }

  bool on(const language::Blocked& blocked) {
    if (!states_.close()) return true;
    asleep_ = {blocked.actors.begin(), blocked.actors.end()};
    std::vector<State> quiet;
    for (const State& state : states_.all)
      if (state.undefined || (model::quiet(profile_, state) && sleepers(state) == sorted(blocked.actors))) quiet.push_back(state);
    if (quiet.empty()) {
      deviate_asleep(blocked.actors);
    } else {
      states_.all = std::move(quiet);
      for (const std::string& name : blocked.actors)
        result_.clauses.insert(states_.all.front().actor(cast_.index(name)).phase == Phase::sending ? "msgsnd.block" : "msgrcv.block");
    }
    for (State& state : states_.all) model::settle(state);
    states_.merge();
    return true;
  }

  bool on(const language::Death& death) {
    const ActorIndex actor = cast_.index(death.actor);
    if (actor < 0) return refuse("the death of \"" + death.actor + "\", who is no actor of the history");
    if (!states_.close()) return true;
    std::vector<State> after;
    for (const State& state : states_.all)
      if (state.undefined || may_die(state, actor, death)) after.push_back(state);
    if (after.empty()) deviate_death(actor, death);
    else states_.all = std::move(after);
    const int process = states_.all.front().actor(actor).process;
    for (State& state : states_.all) model::die(state, process);
    for (std::size_t a = 0; a < cast_.count(); ++a)
      if (states_.all.front().actor(static_cast<ActorIndex>(a)).process == process) pending_.erase(cast_.name(static_cast<ActorIndex>(a)));
    result_.clauses.insert({"wait.kill", "gen.persist"});
    states_.merge();
    return true;
  }

  // Only who is asleep in a call, stopped or dead skips a step.
  bool on(const language::Skipped& skipped) {
    const ActorIndex actor = cast_.index(skipped.step.actor);
    if (actor < 0) return refuse("a step of \"" + skipped.step.actor + "\", who is no actor of the history");
    const auto cannot = [&](const State& state) {
      const model::Process& process = state.process_of(actor);
      return state.undefined || !process.alive || !state.actor(actor).alive || process.running != model::Running::yes;
    };
    if (pending_.contains(skipped.step.actor) || std::ranges::any_of(states_.all, cannot)) return true;
    return refuse("a step of \"" + skipped.step.actor + "\" is skipped, who could have begun it");
  }

  bool on(const language::Hung& hung) {
    if (!states_.close()) return true;
    Deviation deviation = begin_deviation(hung.actor, "hung: neither returned nor asleep within the time limit");
    add_allowed(deviation, cast_.index(hung.actor), states_.all);
    report(std::move(deviation));
    return false;
  }

  bool on(const language::Unsupported& unsupported) {
    result_.verdict = Verdict::unsupported;
    result_.reason = unsupported.need + ": " + unsupported.text;
    return false;
  }

  bool on(const language::Failed& failed) {
    result_.verdict = Verdict::not_run;
    result_.reason = failed.text;
    return false;
  }

  // -------------------------------------------------------------------------------------------------- parts

  // A history ends when nothing moves any more: whoever is still in a call sleeps, as was said last, is stopped, or was ended in
  // it when another thread of its process began a new image.
  void nobody_may_be_left() {
    for (const auto& [name, step] : pending_) {
      const ActorIndex actor = cast_.index(name);
      const auto held = [&](const State& state) {
        return state.undefined || state.process_of(actor).running != model::Running::yes || !state.actor(actor).alive;
      };
      if (asleep_.contains(name) || std::ranges::any_of(states_.all, held)) continue;
      refuse("it ends while \"" + name + "\" is in a call, and not said to be asleep");
      return;
    }
  }

  static language::Return returned(const language::Complete& complete) {
    return {complete.step.actor, language::call_name(complete.step.action), complete.result};
  }

  static std::vector<std::string> sorted(std::vector<std::string> names) {
    std::ranges::sort(names);
    return names;
  }

  std::vector<std::string> sleepers(const State& state) const {
    std::vector<std::string> names;
    for (std::size_t a = 0; a < cast_.count(); ++a)
      if (model::asleep(profile_, state, static_cast<ActorIndex>(a))) names.push_back(cast_.name(static_cast<ActorIndex>(a)));
    return sorted(std::move(names));
  }

  // Keeps the states in which the actor returns this.
  void accept(ActorIndex actor, const language::Result& seen) {
    std::vector<State> after;
    for (State& state : states_.all) {
      if (state.undefined) {
        after.push_back(std::move(state));
        continue;
      }
      const model::Actor& self = state.actor(actor);
      if (self.phase != Phase::returning) continue;
      const std::shared_ptr<const model::Result> allowed = self.result;
      if (!agrees(cast_, state, *allowed, seen)) continue;
      for (const model::Clause& clause : state.actor(actor).why) result_.clauses.insert(clause.id());
      model::finish(state, actor);
      after.push_back(std::move(state));
    }
    states_.all = std::move(after);
  }

  // --------------------------------------------------------------------------------------------- deviations

  bool refuse(std::string reason) {
    result_.verdict = Verdict::not_run;
    result_.reason = "the history makes no sense: " + std::move(reason);
    return false;
  }

  Deviation begin_deviation(const std::string& actor, std::string observed) const {
    Deviation deviation;
    deviation.event = at_;
    const auto step = pending_.find(actor);
    deviation.step = step == pending_.end() ? actor : language::print(step->second);
    deviation.observed = std::move(observed);
    return deviation;
  }

  // Everything that the actor might have returned, and sleep if it might have slept.
  void add_allowed(Deviation& deviation, ActorIndex actor, std::vector<State> states) const {
    const auto add = [&](std::string result, const model::Clauses& why) {
      Allowed allowed{std::move(result), {}};
      for (const model::Clause& clause : why) {
        if (std::ranges::find(allowed.clauses, clause.id()) == allowed.clauses.end()) allowed.clauses.emplace_back(clause.id());
        if (std::ranges::find(deviation.clauses, clause.id()) == deviation.clauses.end()) deviation.clauses.emplace_back(clause.id());
      }
      if (std::ranges::find(deviation.allowed, allowed.result, &Allowed::result) == deviation.allowed.end())
        deviation.allowed.push_back(std::move(allowed));
    };
    for (State& state : states) {
      if (actor < 0 || state.undefined) continue;
      const model::Actor self = state.actor(actor);
      if (self.phase == Phase::returning) add(language::print(show(cast_, state, *self.result)), self.why);
      else if (model::asleep(profile_, state, actor)) {
        model::Clauses why = self.why;
        why.add(self.phase == Phase::sending ? model::Clause("msgsnd.block") : model::Clause("msgrcv.block"));
        add("asleep", why);
      }
    }
  }

  void report(Deviation deviation) {
    for (const std::string& clause : deviation.clauses) result_.clauses.insert(clause);
    result_.deviations.push_back(std::move(deviation));
    result_.verdict = Verdict::conform;  // run() settles it
  }

  // The actor returned what no state allows. Goes on as if it had been told so: with the effects of any allowed outcome.
  void deviate(ActorIndex actor, const std::vector<State>& before, const language::Result& seen) {
    Deviation deviation = begin_deviation(cast_.name(actor), language::print(seen));
    add_allowed(deviation, actor, before);
    report(std::move(deviation));
    const bool any_returns = std::ranges::any_of(before, [&](const State& s) { return s.actor(actor).phase == Phase::returning; });
    for (State state : before) {
      const model::Actor self = state.actor(actor);
      if (any_returns && self.phase != Phase::returning) continue;
      if (self.phase == Phase::returning && self.result->kind == model::Result::identifier && seen.error.empty())
        state.change(self.result->queue).id = static_cast<std::int32_t>(seen.value);
      abandon(state, actor);
      states_.all.push_back(std::move(state));
    }
  }

  // The actor is in no call any more, whatever the model thought of it.
  static void abandon(State& state, ActorIndex actor) {
    for (auto& queue : state.queues) {
      std::erase(queue.write().receivers, actor);
      std::erase(queue.write().senders, actor);
    }
    state.actor(actor).waits_on = -1;
    state.actor(actor).woken = state.actor(actor).restarting = false;
    model::finish(state, actor);
  }

  // Somebody sleeps who should not, or the other way round. Goes on with every state.
  void deviate_asleep(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const ActorIndex actor = cast_.index(name);
      // Others may have been told to return: that is theirs to answer for.
      const auto may_sleep = [&](State s) {
        for (std::size_t a = 0; a < s.actors.size(); ++a)
          if (s.actors[a].phase == Phase::returning) model::finish(s, static_cast<ActorIndex>(a));
        return model::quiet(profile_, s) && model::asleep(profile_, s, actor);
      };
      if (std::ranges::any_of(states_.all, may_sleep)) continue;
      Deviation deviation = begin_deviation(name, "asleep");
      add_allowed(deviation, actor, states_.all);
      report(std::move(deviation));
      return;
    }
    for (const auto& [name, step] : pending_) {
      if (std::ranges::find(names, name) != names.end()) continue;
      Deviation deviation = begin_deviation(name, "neither returned nor asleep");
      add_allowed(deviation, cast_.index(name), states_.all);
      report(std::move(deviation));
      return;
    }
    report(begin_deviation(names.empty() ? "" : names.front(), "asleep together with others that cannot all be asleep"));
  }

  void deviate_death(ActorIndex actor, const language::Death& death) {
    Deviation deviation = begin_deviation(cast_.name(actor), death.signal.empty() ? "exited with " + std::to_string(death.status)
                                                                                  : "killed by " + death.signal);
    add_allowed(deviation, actor, states_.all);
    report(std::move(deviation));
  }

  const History& history_;
  const model::Profile& profile_;
  const Opening opening_;
  States states_;
  Cast cast_;
  std::map<std::string, language::Step> pending_;  // the unfinished call of each actor
  std::set<std::string> asleep_;                    // as was said last
  std::size_t at_ = 0;
  Judgement result_;
};

}  // namespace

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::conform: return "conform";
    case Verdict::nonconform: return "nonconform";
    case Verdict::unknown: return "unknown";
    case Verdict::unsupported: return "unsupported";
    case Verdict::not_run: return "not-run";
  }
  return "not-run";
}

// Nothing explains it, but what would have been allowed takes too long to tell.
static void unexplained(Judgement& judgement, const History& history, const Witness& witness) {
  judgement.verdict = Verdict::nonconform;
  judgement.reason = "no order of its calls explains the history; what would have been allowed takes too long to tell";
  Deviation deviation;
  deviation.event = witness.furthest;
  deviation.step = language::print(history.events[witness.furthest]);
  deviation.observed = "what no order of the calls explains";
  judgement.deviations = {std::move(deviation)};
}

Judgement judge(const History& history, const model::Profile& profile, const Budget& budget) {
  const Witness witness = find_witness(history, profile, budget.states);
  Judgement judgement;
  if (witness.outcome == Witness::found && witness.steps > 0) {
    judgement.verdict = Verdict::conform;
    judgement.clauses = witness.clauses;
    judgement.steps = witness.steps;
  } else {
    judgement = Session(history, profile, budget).run();
    if (judgement.verdict == Verdict::unknown && witness.outcome == Witness::none) unexplained(judgement, history, witness);
  }
  judgement.states += witness.states;
  return judgement;
}

}  // namespace svmq::judge
