#include "stage.hpp"

#include <algorithm>

#include "svmq/judge/answer.hpp"
#include "svmq/language/print.hpp"

namespace svmq::judge {
namespace {

using language::Step;
using model::ActorIndex;
using model::Phase;

constexpr std::int64_t first_second = 1'000'000'000;

language::Credentials agent_credentials() {
  return {.uid = 0,
          .gid = 0,
          .groups = std::vector<std::uint32_t>{},
          .caps = language::all_capabilities,
          .ruid = 0,
          .fsgid = 0};
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

}  // namespace

Stage::Stage(const language::Scenario& scenario, const model::Profile& profile, const Behaviour& behaviour)
    : scenario_(&scenario),
      profile_(&profile),
      behaviour_(&behaviour),
      cast_(agent_credentials(), equipped(scenario.actors), state_) {
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

std::vector<Stage::Move> Stage::moves() {
  for (;;) {
    if (busy_) {
      std::vector<Move> all = possible();
      if (!all.empty()) return all;
      finish_item();
    }
    if (!next_item()) return {};
  }
}

void Stage::take(const Move& move) {
  switch (move.kind) {
    case Move::start: start(move.actor); break;
    case Move::advance:
      state_ = std::move(behaviour_->steps(*profile_, state_, move.actor)[move.outcome].next);
      break;
    case Move::give_back: give_back(move.actor); break;
    case Move::end: end(move.actor); break;
  }
}

bool Stage::next_item() {
  if (item_ == scenario_->items.size()) return false;
  const language::Item& item = scenario_->items[item_++];
  if (const auto* step = std::get_if<Step>(&item))
    begin({*step});
  else
    begin(std::get<language::Concurrent>(item).steps);
  busy_ = true;
  return true;
}

void Stage::begin(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    const ActorIndex actor = cast_.index(step.actor);
    if (available(actor))
      lanes_[actor].push_back(step);
    else
      emit(language::Skipped{step});
  }
}

// Nothing moves any more.
void Stage::finish_item() {
  for (const auto& [actor, rest] : lanes_)
    for (const Step& step : rest) emit(language::Skipped{step});
  lanes_.clear();
  model::settle(state_);
  observe();
  busy_ = false;
}

bool Stage::available(ActorIndex actor) const {
  const model::Process& process = state_.process_of(actor);
  return state_.actor(actor).alive && process.running == model::Running::yes && !process.dying &&
         state_.actor(actor).phase == Phase::idle;
}

std::vector<Stage::Move> Stage::possible() const {
  std::vector<Move> moves;
  for (std::size_t i = 0; i < cast_.count(); ++i) {
    const auto actor = static_cast<ActorIndex>(i);
    const model::Actor& self = state_.actor(actor);
    if (!self.alive) continue;
    const auto lane = lanes_.find(actor);
    if (lane != lanes_.end() && !lane->second.empty() && available(actor))
      moves.push_back({Move::start, actor});
    if (self.phase == Phase::returning && state_.process_of(actor).running != model::Running::stopped)
      moves.push_back({Move::give_back, actor});
    const std::size_t outcomes = behaviour_->steps(*profile_, state_, actor).size();
    for (std::size_t outcome = 0; outcome < outcomes; ++outcome)
      moves.push_back({Move::advance, actor, outcome});
    if (dies(actor)) moves.push_back({Move::end, actor});
  }
  return moves;
}

bool Stage::dies(ActorIndex actor) const {
  const model::Process& process = state_.process_of(actor);
  if (exit_of(actor)) return true;
  return process.dying && (*process.dying == model::Signal::kill || process.running == model::Running::yes);
}

std::optional<int> Stage::exit_of(ActorIndex actor) const {
  const model::Actor& self = state_.actor(actor);
  const auto* exit =
      self.call && self.phase == Phase::entered ? std::get_if<model::ExitRequest>(self.call.get()) : nullptr;
  return exit ? std::optional(exit->status) : std::nullopt;
}

void Stage::start(ActorIndex actor) {
  std::deque<Step>& lane = lanes_[actor];
  const Step step = std::move(lane.front());
  lane.pop_front();
  calls_[actor] = step;
  emit(language::Call{step});
  if (std::holds_alternative<language::Tick>(step.action)) tick(state_.clock + 1);
  model::begin(*profile_, state_, actor, std::make_shared<const model::Request>(cast_.request(step, state_)));
}

// The call returns; next to its beginning the two become one line.
void Stage::give_back(ActorIndex actor) {
  const Step step = calls_[actor];
  const std::shared_ptr<const model::Result> allowed = state_.actor(actor).result;
  const language::Result result = show(cast_, state_, *allowed);
  model::finish(state_, actor);
  if (!step.variable.empty()) cast_.set(step.variable, result.error.empty() ? result.value : -1);
  const auto* call =
      history_.events.empty() ? nullptr : std::get_if<language::Call>(&history_.events.back().what);
  if (call && call->step == step && call->step.actor == step.actor)
    history_.events.back().what = language::Complete{step, result};
  else
    emit(language::Return{step.actor, language::call_name(step.action), result});
}

void Stage::end(ActorIndex actor) {
  const int process = state_.actor(actor).process;
  const std::optional<int> status = exit_of(actor);
  const auto main = std::ranges::find(state_.actors, process, &model::Actor::process);
  const std::string& name = cast_.name(static_cast<ActorIndex>(main - state_.actors.begin()));
  if (status)
    emit(language::Death{name, "", *status & 0xff});
  else
    emit(language::Death{name, signal_name(*state_.process_of(actor).dying), 0});
  behaviour_->die(state_, process);
}

void Stage::observe() {
  language::Blocked blocked;
  bool unfinished = false;
  for (std::size_t i = 0; i < cast_.count(); ++i) {
    const auto actor = static_cast<ActorIndex>(i);
    unfinished |= state_.actor(actor).alive && state_.actor(actor).phase != Phase::idle;
    if (model::asleep(*profile_, state_, actor)) blocked.actors.push_back(cast_.name(actor));
  }
  if (unfinished) emit(std::move(blocked));
}

void Stage::tick(std::int64_t second) {
  state_.clock = second;
  emit(language::Clock{second});
}

}  // namespace svmq::judge
