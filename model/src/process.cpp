// What processes do besides queues: credentials, handlers, masks, namespaces, the keys of another facility.
#include "rule.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

Outcomes done(const View& view, State next, Clauses why) {
  return {answered(std::move(next), view.actor, Result::of(0), std::move(why))};
}

std::size_t index_of(Signal signal) { return static_cast<std::size_t>(signal); }

}  // namespace

// The caller's credentials are those of the moment of each call (section "permissions").
Outcomes step(const View& view, const BecomeRequest& request) {
  State next = view.state;
  next.processes[static_cast<std::size_t>(view.self().process)].credentials =
      Cow<Credentials>(request.credentials);
  return done(view, std::move(next), {});
}

Outcomes step(const View& view, const HandlerRequest& request) {
  State next = view.state;
  next.processes[static_cast<std::size_t>(view.self().process)].dispositions[index_of(request.signal)] =
      request.how;
  return done(view, std::move(next), {});
}

Outcomes step(const View& view, const MaskRequest& request) {
  State next = view.state;
  Actor& self = next.actor(view.actor);
  const auto bit = static_cast<std::uint16_t>(1u << index_of(request.signal));
  if (request.block) {
    self.mask = static_cast<std::uint16_t>(self.mask | bit);
    return done(view, std::move(next), {});
  }
  self.mask = static_cast<std::uint16_t>(self.mask & ~bit);
  if (self.held & bit) {
    self.held = static_cast<std::uint16_t>(self.held & ~bit);
    signal(view.profile, next, view.actor, request.signal);
    next.actor(view.actor).interrupted = false;  // it arrives between calls
  }
  return done(view, std::move(next), {});
}

// The end of a process changes no queue (`die`). It never returns.
Outcomes step(const View&, const ExitRequest&) { return {}; }

// A new image keeps the queues; handlers are gone, other threads as well. POSIX exec.
Outcomes step(const View& view, const ExecRequest&) {
  State next = view.state;
  for (Disposition& how : next.processes[static_cast<std::size_t>(view.self().process)].dispositions)
    if (how != Disposition::ignore) how = Disposition::default_;
  for (std::size_t a = 0; a < next.actors.size(); ++a) {
    if (static_cast<ActorIndex>(a) == view.actor || next.actors[a].process != view.self().process) continue;
    leave_lists(next, static_cast<ActorIndex>(a));
    finish(next, static_cast<ActorIndex>(a));
    next.actors[a].alive = false;
  }
  return done(view, std::move(next), {"gen.persist"});
}

// gen.ns.isolation: a new namespace is empty, and knows nothing of others. Linux create_ipc_ns.
static Outcome enter_new_space(const View& view, bool whole_process) {
  State next = view.state;
  next.spaces.emplace_back();
  next.spaces.back().limits = initial_limits(view.profile);
  const auto space = static_cast<int>(next.spaces.size() - 1);
  for (std::size_t a = 0; a < next.actors.size(); ++a) {
    Actor& actor = next.actors[a];
    if (actor.process != view.self().process) continue;
    if (static_cast<ActorIndex>(a) == view.actor || whole_process) actor.space = space;
    // wait.ns: who waits goes on waiting where it called. Linux do_msgsnd, do_msgrcv.
    if (actor.waits_on >= 0 && holds(view.profile, "wait.ns")) actor.why.add("wait.ns");
  }
  return answered(std::move(next), view.actor, Result::of(0), {"gen.ns.isolation", "gen.ns.defaults"});
}

Outcomes step(const View& view, const UnshareRequest&) {
  if (view.profile.isolation != Isolation::ipc_namespace) return {unspecified(view, {"gen.ns.isolation"})};
  Outcomes outcomes;
  if (view.profile.namespace_scope != NamespaceScope::process)
    outcomes.push_back(enter_new_space(view, false));
  if (view.profile.namespace_scope != NamespaceScope::thread) outcomes.push_back(enter_new_space(view, true));
  return outcomes;
}

// gen.kill: a signal arrives at some moment between the call of kill() and its return. POSIX kill() [ESRCH]:
// nobody is left to take it. Until a process that ends is gone altogether it may be found or not.
Outcomes step(const View& view, const KillRequest& request) {
  const Actor& target = view.state.actor(request.target);
  if (!target.alive) return {failed(view, Errno::esrch, {"gen.kill"})};
  const bool exits = target.call && std::holds_alternative<ExitRequest>(*target.call);
  State next = view.state;
  signal(view.profile, next, request.target, request.signal);
  Outcomes outcomes = done(view, std::move(next), {"gen.kill"});
  if (exits || view.state.process_of(request.target).dying)
    outcomes.push_back(failed(view, Errno::esrch, {"gen.kill"}));
  return outcomes;
}

Outcomes step(const View& view, const TickRequest&) { return done(view, view.state, {}); }

// gen.keyspaces: shared memory segments have keys of their own: one key may name a queue and a segment.
// POSIX XSH 2.7.1. Their identifiers, sizes and permissions are not this model's subject.
Outcomes step(const View& view, const SegmentRequest& request) {
  const auto has_key = [&](const Segment& s) { return s.space == view.self().space && s.key == request.key; };
  const bool exists = request.key != 0 && std::ranges::any_of(view.state.segments, has_key);
  if (exists && (request.flags & IPC_CREAT_) && (request.flags & IPC_EXCL_))
    return {failed(view, Errno::eexist, {})};
  if (!exists && request.key != 0 && !(request.flags & IPC_CREAT_)) return {failed(view, Errno::enoent, {})};
  State next = view.state;
  if (!exists) next.segments.push_back({view.self().space, request.key, request.flags & 0777});
  const auto shares_key = [&](const Cow<Queue>& q) {
    return q->space == view.self().space && !q->removed && q->key == request.key;
  };
  const bool shared = request.key != 0 && std::ranges::any_of(view.state.queues, shares_key);
  return {answered(std::move(next), view.actor, Result::anything(),
                   shared ? Clauses{"gen.keyspaces"} : Clauses{})};
}

}  // namespace svmq::model
