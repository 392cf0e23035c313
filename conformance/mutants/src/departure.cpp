#include "svmq/mutants/departure.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "effects.hpp"
#include "fields.hpp"
#include "sights.hpp"

namespace svmq::mutants {
namespace {

using model::ActorIndex;
using model::Outcomes;
using model::State;

constexpr std::array<std::string_view, std::variant_size_v<model::Request>> calls = {
    "msgget", "msgsnd",  "msgrcv", "msgctl", "msgctl", "ftok",    "shmget", "table", "setlimit",
    "become", "handler", "mask",   "exit",   "exec",   "unshare", "kill",   "tick",  "file"};
constexpr std::string_view death = "death";

model::Clause clause_named(const std::string& id) {
  for (std::size_t i = 0; i < model::clause_count; ++i)
    if (model::clause_ids[i] == id) return model::Clause::at(i);
  throw std::invalid_argument("\"" + id + "\" is no clause of the catalogue");
}

model::Profile with_point(const model::Profile& profile, const std::string& point) {
  if (point.empty()) return profile;
  const std::optional<model::Profile> varied = model::varied(profile, point);
  if (!varied) throw std::invalid_argument("\"" + point + "\" is no variation POINT=VALUE of the model");
  return *varied;
}

}  // namespace

struct Implementation::Parts {
  model::Profile profile;
  std::optional<model::Clause> clause;
  std::string call;  // empty: any
  std::unique_ptr<Sight> sight;
  Effect effect;
  mutable bool departed = false;

  // The clause has had a say in this step, or in what it has somebody else return.
  bool credited(const State& before, const model::Outcome& outcome) const {
    if (!clause || outcome.clauses.has(*clause)) return true;
    for (std::size_t i = 0; i < outcome.next.actors.size(); ++i) {
      const model::Actor& actor = outcome.next.actors[i];
      if (actor.phase == model::Phase::returning && before.actors[i].phase != actor.phase &&
          actor.why.has(*clause))
        return true;
    }
    return false;
  }
  bool concerns(const model::Actor& actor) const {
    return actor.call && (call.empty() || calls[actor.call->index()] == call);
  }
};

Implementation::Implementation(const model::Profile& profile, const Departure& departure)
    : parts_(
          std::make_unique<Parts>(Parts{with_point(profile, departure.point), {}, departure.call, {}, {}})) {
  if (departure.point.empty() && departure.sees.empty() && departure.then.empty())
    throw std::invalid_argument("it departs in nothing: give point, sees or then");
  if (!departure.call.empty() && departure.call != death &&
      std::ranges::find(calls, departure.call) == calls.end())
    refuse("call", departure.call, {calls.begin(), calls.end()});
  if (departure.call == death && departure.then != "remove")
    throw std::invalid_argument("\"" + departure.then + "\": at a death there is only \"remove\"");
  if (!departure.clause.empty()) parts_->clause = clause_named(departure.clause);
  if (!departure.sees.empty()) parts_->sight = sight(departure.sees);
  if (!departure.then.empty()) parts_->effect = effect(departure.then);
}

Implementation::~Implementation() = default;
const model::Profile& Implementation::profile() const { return parts_->profile; }
bool Implementation::departed() const { return parts_->departed; }

Outcomes Implementation::steps(const model::Profile& profile, const State& state, ActorIndex actor) const {
  const Parts& parts = *parts_;
  if (!parts.concerns(state.actor(actor))) return model::steps(profile, state, actor);
  State seen = state;
  if (parts.sight) parts.sight->distort(seen, actor);
  Outcomes outcomes = model::steps(profile, seen, actor);
  for (model::Outcome& outcome : outcomes) {
    if (parts.sight) parts.sight->restore(state, seen, actor, outcome.next);
    if (!parts.credited(state, outcome)) continue;
    if (parts.effect) parts.effect(state, actor, outcome);
    parts.departed = true;
  }
  return outcomes;
}

void Implementation::die(State& state, int process) const {
  model::die(state, process);
  if (parts_->call != death) return;
  for (std::size_t i = 0; i < state.queues.size(); ++i) {
    model::Queue& queue = state.change(static_cast<model::QueueIndex>(i));
    if (queue.receivers.empty() && queue.senders.empty()) queue.removed = true;
  }
  parts_->departed = true;
}

}  // namespace svmq::mutants
