#include "explore.hpp"

#include <algorithm>
#include <unordered_map>

#include "svmq/judge/cast.hpp"

namespace svmq::judge {
namespace {

// Two ways to one state: both explain it.
void add_reasons(model::State& state, const model::State& other) {
  for (std::size_t a = 0; a < state.actors.size(); ++a) state.actors[a].why.add(other.actors[a].why);
}

// Where a state with this hash stands in a vector.
class Seen {
 public:
  bool add(std::vector<model::State>& states, const model::State& state) {
    const std::uint64_t hash = state.hash();
    const auto [first, last] = places_.equal_range(hash);
    for (auto place = first; place != last; ++place) {
      if (!(states[place->second] == state)) continue;
      add_reasons(states[place->second], state);
      return false;
    }
    places_.emplace(hash, states.size());
    return true;
  }

 private:
  std::unordered_multimap<std::uint64_t, std::size_t> places_;
};

}  // namespace

bool may_die(const model::State& state, model::ActorIndex actor, const language::Death& death) {
  const model::Process& process = state.process_of(actor);
  if (!process.alive) return false;
  if (!death.signal.empty()) return process.dying && signal_name(*process.dying) == death.signal;
  return std::ranges::any_of(state.actors, [&](const model::Actor& a) {
    const auto* exit = a.call ? std::get_if<model::ExitRequest>(a.call.get()) : nullptr;
    return a.process == state.actor(actor).process && exit && (exit->status & 0xff) == death.status;
  });
}

bool States::close(const std::function<bool(const model::State&)>& last) {
  Seen seen;
  std::vector<model::State> found;
  const auto add = [&](model::State state) {
    if (!seen.add(found, state)) return;
    ++visited_;
    found.push_back(std::move(state));
  };
  for (model::State& state : all) add(std::move(state));
  for (std::size_t i = 0; i < found.size() && !exhausted(); ++i) {
    if (found[i].undefined || (last && last(found[i]))) continue;
    for (std::size_t actor = 0; actor < found[i].actors.size(); ++actor)
      for (model::Outcome& outcome : model::steps(*profile_, found[i], static_cast<model::ActorIndex>(actor)))
        add(std::move(outcome.next));
  }
  all = std::move(found);
  return !exhausted();
}

void States::merge() {
  if (all.size() < 2) return;
  Seen seen;
  std::vector<model::State> kept;
  for (model::State& state : all)
    if (seen.add(kept, state)) kept.push_back(std::move(state));
  all = std::move(kept);
}

}  // namespace svmq::judge
