#include "svmq/judge/execute.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "svmq/judge/answer.hpp"
#include "svmq/judge/cast.hpp"
#include "svmq/language/print.hpp"

namespace svmq::judge {
namespace {

using language::History;
using language::Step;
using model::ActorIndex;
using model::Phase;

constexpr std::int64_t first_second = 1'000'000'000;

// splitmix64: the same choices on every machine.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t bound) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::size_t>((z ^ (z >> 31)) % bound);
  }

 private:
  std::uint64_t state_;
};

language::Credentials agent_credentials() {
  return {.uid = 0, .gid = 0, .groups = std::vector<std::uint32_t>{}, .caps = language::all_capabilities, .ruid = 0, .fsgid = 0};
}

// The actors with the credentials that a privileged agent would give them.
std::vector<language::Actor> equipped(std::vector<language::Actor> actors) {
  for (language::Actor& actor : actors) {
    if (!actor.process.empty()) continue;
    language::Credentials& c = actor.credentials;
    if (!c.caps) c.caps = c.uid.value_or(0) == 0 ? language::all_capabilities : language::Capabilities{0};
    if (!c.uid) c.uid = 0;
    if (!c.gid) c.gid = 0;
    if (!c.groups) c.groups.emplace();
    if (!c.ruid) c.ruid = c.uid;
    if (!c.fsgid) c.fsgid = c.gid;
  }
  return actors;
}

class Conductor {
 public:
  Conductor(const language::Scenario& scenario, const model::Profile& profile, std::uint64_t seed)
      : scenario_(scenario), profile_(profile), choices_(seed), cast_(agent_credentials(), equipped(scenario.actors), state_) {
    history_.name = scenario.name;
    history_.agent = "1 model-" + std::string(profile.name) + " blocking=model";
    history_.fresh = true;
    history_.conductor = agent_credentials();
    history_.actors = equipped(scenario.actors);
    state_.spaces.emplace_back();
    state_.spaces.back().limits = model::initial_limits(profile);
    const model::Limits& limits = state_.spaces.front().limits;
    history_.limits = {{"msgmax", limits.msgmax}, {"msgmnb", limits.msgmnb}, {"msgmni", limits.msgmni}};
    tick(first_second);
  }

  History run() {
    for (const language::Item& item : scenario_.items) {
      if (const auto* step = std::get_if<Step>(&item)) conduct({*step});
      else conduct(std::get<language::Concurrent>(item).steps);
    }
    return std::move(history_);
  }

 private:
  // Something that can happen next.
  struct Move {
    enum Kind { start, advance, give_back, end } kind;
    ActorIndex actor;
  };

  // The steps, each actor's own in their order, until nothing moves any more.
  void conduct(const std::vector<Step>& steps) {
    std::map<ActorIndex, std::deque<Step>> lanes;
    for (const Step& step : steps) {
      const ActorIndex actor = cast_.index(step.actor);
      if (available(actor)) lanes[actor].push_back(step);
      else emit(language::Skipped{step});
    }
    for (std::vector<Move> moves = possible(lanes); !moves.empty(); moves = possible(lanes)) {
      const Move move = moves[choices_.below(moves.size())];
      switch (move.kind) {
        case Move::start: start(lanes[move.actor]); break;
        case Move::advance: advance(move.actor); break;
        case Move::give_back: give_back(move.actor); break;
        case Move::end: end(move.actor); break;
      }
    }
    for (const auto& [actor, rest] : lanes)
      for (const Step& step : rest) emit(language::Skipped{step});
    model::settle(state_);
    observe();
  }

  bool available(ActorIndex actor) const {
    const model::Process& process = state_.process_of(actor);
    return state_.actor(actor).alive && process.running == model::Running::yes && !process.dying && state_.actor(actor).phase == Phase::idle;
  }

  std::vector<Move> possible(const std::map<ActorIndex, std::deque<Step>>& lanes) const {
    std::vector<Move> moves;
    for (std::size_t i = 0; i < cast_.count(); ++i) {
      const auto actor = static_cast<ActorIndex>(i);
      const model::Actor& self = state_.actor(actor);
      const model::Process& process = state_.process_of(actor);
      if (!self.alive) continue;
      const auto lane = lanes.find(actor);
      if (lane != lanes.end() && !lane->second.empty() && available(actor)) moves.push_back({Move::start, actor});
      if (self.phase == Phase::returning && process.running != model::Running::stopped) moves.push_back({Move::give_back, actor});
      if (!model::steps(profile_, state_, actor).empty()) moves.push_back({Move::advance, actor});
      if (dies(actor)) moves.push_back({Move::end, actor});
    }
    return moves;
  }

  bool dies(ActorIndex actor) const {
    const model::Process& process = state_.process_of(actor);
    if (exit_of(actor)) return true;
    return process.dying && (*process.dying == model::Signal::kill || process.running == model::Running::yes);
  }

  std::optional<int> exit_of(ActorIndex actor) const {
    const model::Actor& self = state_.actor(actor);
    const auto* exit = self.call && self.phase == Phase::entered ? std::get_if<model::ExitRequest>(self.call.get()) : nullptr;
    return exit ? std::optional(exit->status) : std::nullopt;
  }

  void start(std::deque<Step>& lane) {
    const Step step = lane.front();
    lane.pop_front();
    const ActorIndex actor = cast_.index(step.actor);
    calls_[actor] = step;
    emit(language::Call{step});
    if (std::holds_alternative<language::Tick>(step.action)) tick(state_.clock + 1);
    model::begin(profile_, state_, actor, std::make_shared<const model::Request>(cast_.request(step, state_)));
  }

  void advance(ActorIndex actor) {
    model::Outcomes outcomes = model::steps(profile_, state_, actor);
    state_ = std::move(outcomes[choices_.below(outcomes.size())].next);
  }

  // The call returns; next to its beginning the two become one line.
  void give_back(ActorIndex actor) {
    const Step step = calls_[actor];
    const std::shared_ptr<const model::Result> allowed = state_.actor(actor).result;
    const language::Result result = show(cast_, state_, *allowed);
    model::finish(state_, actor);
    if (!step.variable.empty()) cast_.set(step.variable, result.error.empty() ? result.value : -1);
    const auto* call = history_.events.empty() ? nullptr : std::get_if<language::Call>(&history_.events.back().what);
    if (call && call->step == step && call->step.actor == step.actor) history_.events.back().what = language::Complete{step, result};
    else emit(language::Return{step.actor, language::call_name(step.action), result});
  }

  void end(ActorIndex actor) {
    const int process = state_.actor(actor).process;
    const std::optional<int> status = exit_of(actor);
    const auto main = std::ranges::find(state_.actors, process, &model::Actor::process);
    const std::string& name = cast_.name(static_cast<ActorIndex>(main - state_.actors.begin()));
    if (status) emit(language::Death{name, "", *status & 0xff});
    else emit(language::Death{name, signal_name(*state_.process_of(actor).dying), 0});
    model::die(state_, process);
  }

  void observe() {
    language::Blocked blocked;
    bool unfinished = false;
    for (std::size_t i = 0; i < cast_.count(); ++i) {
      const auto actor = static_cast<ActorIndex>(i);
      unfinished |= state_.actor(actor).alive && state_.actor(actor).phase != Phase::idle;
      if (model::asleep(profile_, state_, actor)) blocked.actors.push_back(cast_.name(actor));
    }
    if (unfinished) emit(std::move(blocked));
  }

  void tick(std::int64_t second) {
    state_.clock = second;
    emit(language::Clock{second});
  }

  template <class E>
  void emit(E event) {
    history_.events.push_back({std::move(event), {}});
  }

  const language::Scenario& scenario_;
  const model::Profile& profile_;
  Choices choices_;
  model::State state_;
  Cast cast_;
  std::map<ActorIndex, Step> calls_;
  History history_;
};

}  // namespace

History execute(const language::Scenario& scenario, const model::Profile& profile, std::uint64_t seed) {
  return Conductor(scenario, profile, seed).run();
}

}  // namespace svmq::judge
