#include "svmq/explore/world.hpp"

#include <algorithm>
#include <iterator>

namespace svmq::model::explore {
namespace {

std::uint8_t byte(std::size_t actor) { return static_cast<std::uint8_t>(actor); }

bool exits(const Actor& actor) {
  return actor.phase == Phase::entered && actor.call && std::holds_alternative<ExitRequest>(*actor.call);
}

bool may_die(const State& state, ActorIndex actor) {
  const Process& process = state.process_of(actor);
  if (!process.alive) return false;
  if (exits(state.actor(actor)) && process.running == Running::yes) return true;
  return process.dying && (*process.dying == Signal::kill || process.running == Running::yes);
}

// A process dies once, by the first of its threads.
bool speaks_for_process(const State& state, ActorIndex actor) {
  for (ActorIndex a = 0; a < actor; ++a)
    if (state.actor(a).alive && state.actor(a).process == state.actor(actor).process) return false;
  return true;
}

Clauses why_dead(const State& state, int process) {
  const auto waits = [&](const Actor& a) { return a.process == process && a.waits_on >= 0; };
  return std::ranges::any_of(state.actors, waits) ? Clauses{"wait.kill", "gen.persist"}
                                                  : Clauses{"gen.persist"};
}

// Calls that have begun and not acted yet.
int under_way(const State& state) {
  return static_cast<int>(std::ranges::count_if(
      state.actors, [](const Actor& a) { return a.alive && a.phase == Phase::entered && !a.restarting; }));
}

// An identifier that the model leaves open: the smallest that no queue has, and no variable remembers.
std::int32_t new_identifier(const World& world) {
  const auto taken = [&](std::int32_t id) {
    return std::ranges::any_of(world.state.queues, [&](const auto& q) { return q->id == id; }) ||
           std::ranges::find(*world.values, id) != world.values->end();
  };
  std::int32_t id = 0;
  while (taken(id)) ++id;
  return id;
}

void remember_file(World& world, const std::string& path) {
  const auto named = world.state.files->names.find(path);
  if (named == world.state.files->names.end()) return;
  const auto index = static_cast<std::size_t>(named->second.inode);
  Inode& inode = world.state.files.write().inodes[index];
  inode.device = 1;
  inode.number = 1 + index;
}

}  // namespace

Stage::Stage(const Scope& scope, const Profile& profile)
    : scope_(&scope), profile_(&profile), requests_(scope.calls.size()) {
  for (std::size_t c = 0; c < clause_count; ++c)
    if (holds(profile, Clause::at(c))) clauses_.add(Clause::at(c));
  calls_of_.resize(scope.origin.actors.size());
  for (std::size_t c = 0; c < scope.calls.size(); ++c)
    if (!scope.calls[c].once)
      calls_of_[static_cast<std::size_t>(scope.calls[c].actor)].push_back(static_cast<int>(c));
  first_ = origin();
  for (const int call : scope.before) {
    std::optional<World> next;
    begin(first_, call, [&](Label, const Clauses&, World&& raw) { next = std::move(raw); });
    first_ = settled(std::move(*next));
  }
}

World Stage::origin() const {
  return {scope_->origin, Cow<Values>(Values(scope_->variables.size(), not_set)), {}};
}

// Moves on by itself until it rests, each time in the first way that there is.
World Stage::settled(World world) const {
  for (bool moved = true; moved;) {
    moved = false;
    return_all(world);
    std::optional<World> next;
    internal(world, [&](Label, const Clauses&, World&& raw) {
      if (!next) next = std::move(raw);
    });
    if (next) {
      world = std::move(*next);
      moved = true;
    }
  }
  return world;
}

std::shared_ptr<const Request> Stage::request(const World& world, int index) const {
  const Call& call = scope_->calls[static_cast<std::size_t>(index)];
  const Values& values = *world.values;
  const auto make = [&] {
    Values seen = values;
    std::ranges::replace(seen, not_set, -1);
    return std::make_shared<const Request>(call.make(seen, world.state));
  };
  if (!call.fixed) return make();
  const auto value = [&](int variable) { return values[static_cast<std::size_t>(variable)]; };
  auto& known = requests_[static_cast<std::size_t>(index)];
  for (const auto& [used, request] : known)
    if (std::ranges::equal(used, call.uses, {}, {}, value)) return request;
  Values used;
  std::ranges::transform(call.uses, std::back_inserter(used), value);
  return known.emplace_back(std::move(used), make()).second;
}

void Stage::finish(World& world, ActorIndex actor) const {
  const std::shared_ptr<const Result> result = world.state.actor(actor).result;
  const Call& call = scope_->calls[static_cast<std::size_t>(world.calls[static_cast<std::size_t>(actor)])];
  std::int64_t value = result->value;
  if (result->kind == Result::identifier) {
    if (!world.state.queue(result->queue).id) world.state.change(result->queue).id = new_identifier(world);
    value = *world.state.queue(result->queue).id;
  }
  if (result->kind == Result::file) remember_file(world, result->path);
  if (call.sets >= 0) world.values.write()[static_cast<std::size_t>(call.sets)] = value;
  model::finish(world.state, actor);
}

void Stage::return_all(World& world, const Returned& returned) const {
  for (std::size_t a = 0; a < world.state.actors.size(); ++a) {
    const auto actor = static_cast<ActorIndex>(a);
    if (world.state.actors[a].phase != Phase::returning ||
        world.state.process_of(actor).running != Running::yes)
      continue;
    if (returned) returned(world, actor);
    finish(world, actor);
  }
}

bool Stage::rests(const World& world) const {
  for (const Process& process : world.state.processes)
    if (process.alive && (process.dying || process.running == Running::stopping)) return false;
  return quiet(*profile_, world.state);
}

bool Stage::may_begin(const World& world, ActorIndex actor) const {
  const Actor& self = world.state.actor(actor);
  const Process& process = world.state.process_of(actor);
  return self.alive && self.phase == Phase::idle && process.running == Running::yes && !process.dying;
}

bool Stage::may_mention(const World& world, int call) const {
  return std::ranges::none_of(scope_->calls[static_cast<std::size_t>(call)].uses, [&](int variable) {
    return (*world.values)[static_cast<std::size_t>(variable)] == not_set;
  });
}

void Stage::begin(const World& world, int index, const Sink& sink) const {
  const Call& call = scope_->calls[static_cast<std::size_t>(index)];
  const Label label{Label::begin, byte(static_cast<std::size_t>(call.actor)),
                    static_cast<std::int16_t>(index)};
  World next = world;
  std::shared_ptr<const Request> request = this->request(world, index);
  if (std::holds_alternative<TickRequest>(*request)) ++next.state.clock;
  model::begin(*profile_, next.state, call.actor, std::move(request));
  next.calls[static_cast<std::size_t>(call.actor)] = static_cast<std::int16_t>(index);
  const bool conductor = static_cast<std::size_t>(call.actor) + 1 == next.state.actors.size();
  if (!conductor) return sink(label, {}, std::move(next));
  // What the conductor does takes effect in one step and returns: a call of its own kind.
  for (Outcome& outcome : steps(*profile_, next.state, call.actor))
    sink(label, outcome.clauses, World{std::move(outcome.next), next.values, next.calls});
}

void Stage::internal(const World& world, const Sink& sink) const {
  const State& state = world.state;
  for (std::size_t a = 0; a < state.actors.size(); ++a) {
    const auto actor = static_cast<ActorIndex>(a);
    const Actor& self = state.actors[a];
    if (!self.alive) continue;
    if (self.phase != Phase::idle) {
      Outcomes outcomes = steps(*profile_, state, actor);
      for (std::size_t i = 0; i < outcomes.size(); ++i)
        sink({Label::step, byte(a), static_cast<std::int16_t>(i)}, outcomes[i].clauses,
             World{std::move(outcomes[i].next), world.values, world.calls});
      if (self.phase == Phase::returning && state.process_of(actor).running == Running::stopping) {
        World next = world;
        finish(next, actor);
        sink({Label::finish, byte(a), 0}, {}, std::move(next));
      }
    }
    if (may_die(state, actor) && (exits(self) || speaks_for_process(state, actor))) {
      World next = world;
      die(next.state, self.process);
      sink({Label::die, byte(a), 0}, why_dead(state, self.process), std::move(next));
    }
  }
  const auto stopping = [](const Process& p) { return p.alive && p.running == Running::stopping; };
  if (std::ranges::any_of(state.processes, stopping) && quiet(*profile_, state)) {
    World next = world;
    settle(next.state);
    sink({Label::settle, 0, 0}, {}, std::move(next));
  }
}

void Stage::successors(const World& world, const Sink& sink) const {
  if (world.state.undefined) return;
  internal(world, sink);
  if (scope_->overlap <= 1 ? !rests(world) : under_way(world.state) >= scope_->overlap) return;
  for (std::size_t a = 0; a < calls_of_.size(); ++a) {
    if (!may_begin(world, static_cast<ActorIndex>(a))) continue;
    for (const int call : calls_of_[a])
      if (may_mention(world, call)) begin(world, call, sink);
  }
}

World Stage::follow(const World& world, Label label) const {
  std::optional<World> found;
  successors(world, [&](Label taken, const Clauses&, World&& raw) {
    if (taken == label && !found) found = std::move(raw);
  });
  return_all(*found);
  return std::move(*found);
}

}  // namespace svmq::model::explore
