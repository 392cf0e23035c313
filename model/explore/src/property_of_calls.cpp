// What calls do to a queue's marks and names, and what they may not do.
#include <algorithm>
#include <optional>

#include "property_parts.hpp"

namespace svmq::model::explore {
namespace {

bool some_queue_changed(const Transition& t) {
  return t.before.state.queues.size() != t.raw.state.queues.size() ||
         std::ranges::any_of(t.changed(), [&](QueueIndex q) { return !(t.was(q) == t.is(q)); });
}

// The process of an actor is known by its first thread.
Pid process_of(const State& state, ActorIndex actor) {
  const auto first = std::ranges::find(state.actors, state.actor(actor).process, &Actor::process);
  return {Pid::process, static_cast<ActorIndex>(first - state.actors.begin())};
}

// What lrpid becomes when this actor gets a message, by its own step or from the hands of a sender.
Pid receiver_of(const Transition& t, ActorIndex actor) {
  const Pid process = process_of(t.raw.state, actor);
  if (t.profile().receiver_pid == ReceiverPid::zero) return {};
  // Where the first thread is gone, another began a new image and has its id.
  const bool as_thread = actor != t.actor() && t.before.state.actor(process.actor).alive &&
                         actor != process.actor &&
                         t.profile().receiver_pid == ReceiverPid::thread_on_hand_off;
  return as_thread ? Pid{Pid::thread, actor} : process;
}

Stamp now(const Transition& t) { return {t.before.state.actor(t.actor()).since, t.before.state.clock}; }

bool sets(const Transition& t) {
  return t.label.kind == Label::step && t.call<SetRequest>() && t.answer() &&
         t.answer()->kind == Result::number;
}

// ---------------------------------------------------------------------------------------------- properties

// Time stamps and process ids move only with a send, a receive or IPC_SET, and to what these make of them.
Holds marks_have_a_cause(const Transition& t) {
  const ActorIndex taker = t.takers().empty() ? -1 : t.takers()[0];
  for (const QueueIndex q : t.changed()) {
    const Queue &was = t.was(q), &is = t.is(q);
    const bool sent = t.sent() && t.sent_to() == q;
    if (!(is.stime == (sent ? now(t) : was.stime))) return Holds::no;
    if (!(is.lspid == (sent ? process_of(t.raw.state, t.actor()) : was.lspid))) return Holds::no;
    if (!(is.rtime == (taker >= 0 ? now(t) : was.rtime))) return Holds::no;
    if (!(is.lrpid == (taker >= 0 ? receiver_of(t, taker) : was.lrpid))) return Holds::no;
    if (!(is.ctime == was.ctime) && !sets(t)) return Holds::no;
  }
  return t.sent() || taker >= 0 ? Holds::yes : Holds::vacuous;
}

// Owner, group, mode and byte limit move only with IPC_SET; key, creator never.
Holds identity_is_kept(const Transition& t) {
  return all_changed(t, [&](const Queue& was, const Queue& is) {
    if (was.key != is.key || was.cuid != is.cuid || was.cgid != is.cgid || was.space != is.space)
      return Holds::no;
    const bool same =
        was.uid == is.uid && was.gid == is.gid && was.mode == is.mode && was.qbytes == is.qbytes;
    if (!same && !sets(t)) return Holds::no;
    if (was.removed && !is.removed) return Holds::no;
    return when(!is.removed || was.removed || t.names("msgctl.rmid.effect"));
  });
}

// The limit that was asked for, as a profile cuts it; empty: the profile leaves that open.
std::optional<std::uint64_t> limit_asked_for(const Transition& t, std::uint64_t asked) {
  const Profile& profile = t.profile();
  if (profile.qbytes_width == QbytesWidth::int_)
    asked = static_cast<std::uint64_t>(static_cast<std::int32_t>(static_cast<std::uint32_t>(asked)));
  else if (profile.qbytes_width == QbytesWidth::any && asked > INT32_MAX)
    return std::nullopt;
  const auto msgmnb = static_cast<std::uint64_t>(t.before.state.space_of(t.actor()).limits.msgmnb);
  return profile.qbytes_ceiling == QbytesCeiling::msgmnb ? std::min(asked, msgmnb) : asked;
}

// IPC_SET that succeeds takes over owner, group, nine bits and the limit, sets the time, and nothing else.
Holds set_takes_over(const Transition& t) {
  if (!sets(t) || t.changed().empty()) return Holds::vacuous;
  const auto& set = *t.call<SetRequest>();
  const std::optional<std::uint64_t> limit = limit_asked_for(t, set.qbytes);
  return all_changed(t, [&](const Queue& was, const Queue& is) {
    Queue expected = was;
    expected.uid = set.uid;
    expected.gid = set.gid;
    expected.mode = set.mode & 0777;
    expected.qbytes = limit.value_or(is.qbytes);
    expected.ctime = now(t);
    return when(expected == is);
  });
}

// A call that fails leaves the queues as they were, but for a message that a bad buffer lost and for the
// lists of waiters.
Holds failure_changes_nothing(const Transition& t) {
  if (t.label.kind != Label::step || !t.answer() || t.answer()->kind != Result::failure)
    return Holds::vacuous;
  if (!t.takers().empty()) return Holds::vacuous;
  if (t.before.state.queues.size() != t.raw.state.queues.size()) return Holds::no;
  return when(std::ranges::all_of(t.changed(), [&](QueueIndex q) {
    Queue was = t.was(q), is = t.is(q);
    for (Queue* queue : {&was, &is}) queue->receivers.clear(), queue->senders.clear(), queue->lock = -1;
    return was == is;
  }));
}

// Reading (IPC_STAT, the information commands, MSG_COPY, the table) changes no queue.
Holds reading_changes_nothing(const Transition& t) {
  if (t.label.kind != Label::step) return Holds::vacuous;
  const auto* control = t.call<ControlRequest>();
  const auto* receive = t.call<ReceiveRequest>();
  const bool reads = (control && control->command != IPC_RMID_) ||
                     (receive && copies(t.profile(), *receive)) || t.call<TableRequest>();
  if (!reads || !t.answer()) return Holds::vacuous;
  return when(!some_queue_changed(t));
}

Holds names_are_unique(const Transition& t) {
  const State& state = t.raw.state;
  if (state.queues.size() < 2 || state.queues.size() == t.before.state.queues.size()) return Holds::vacuous;
  for (std::size_t a = 0; a < state.queues.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      const Queue &p = *state.queues[a], &q = *state.queues[b];
      if (p.removed || q.removed || p.space != q.space) continue;
      if ((p.id && p.id == q.id) || (p.key != 0 && p.key == q.key)) return Holds::no;
    }
  return Holds::yes;
}

Holds queue_count_is_bounded(const Transition& t) {
  if (t.raw.state.queues.size() == t.before.state.queues.size()) return Holds::vacuous;
  const auto living =
      std::ranges::count_if(t.raw.state.queues, [](const auto& q) { return !q->removed && q->space == 0; });
  return when(living <= t.raw.state.spaces[0].limits.msgmni);
}

// A call that has begun, of a process that runs, can go on: the model knows an answer to everything.
Holds calls_go_on(const Transition& t) {
  if (t.label.kind != Label::begin || t.raw.state.undefined) return Holds::vacuous;
  const Actor& actor = t.raw.state.actor(t.actor());
  if (actor.phase != Phase::entered || std::holds_alternative<ExitRequest>(*actor.call))
    return Holds::vacuous;
  return when(!steps(t.profile(), t.raw.state, t.actor()).empty());
}

// Access that the permission bits refuse, and no privilege grants, is not had. Checked by the class of the
// caller alone.
Holds permission_is_needed(const Transition& t) {
  if (t.label.kind != Label::step || !t.answer() || t.answer()->kind == Result::failure ||
      t.answer()->kind == Result::any)
    return Holds::vacuous;
  const auto* send = t.call<SendRequest>();
  const auto* receive = t.call<ReceiveRequest>();
  if (!send && !receive) return Holds::vacuous;
  const Actor& was = t.before.state.actor(t.actor());
  const QueueIndex q =
      was.waits_on >= 0 ? was.waits_on : find_queue(t.before.state, was.space, send ? send->id : receive->id);
  if (q < 0) return Holds::no;
  const Queue& queue = t.before.state.queue(q);
  const Credentials& who = t.before.state.credentials_of(t.actor());
  const bool waited = was.phase != Phase::entered;  // perm.recheck, which the posix profile leaves open
  if (who.ipc_owner || (waited && t.profile().set_wakes != SetWakes::wakes_and_retests))
    return Holds::vacuous;
  const auto has = [&](std::uint32_t shift) { return ((queue.mode >> shift) & (send ? 2u : 4u)) != 0; };
  if (who.uid == queue.uid || who.uid == queue.cuid) return when(has(6));
  const auto group = [&](std::uint32_t g) { return g == queue.gid || g == queue.cgid; };
  const bool effective = group(who.gid),
             any = effective || group(who.fsgid) || std::ranges::any_of(who.groups, group);
  return when((effective && has(3)) || (any && !effective && (has(3) || has(0))) || (!any && has(0)) ||
              (effective && !group(who.fsgid) && has(0)));
}

// Every answer of the four calls says by which clauses it is allowed, and each of them holds in the profile.
Holds answers_name_clauses_that_hold(const Transition& t) {
  const auto hold = [&](const Clauses& clauses) { return (clauses & t.stage.clauses()) == clauses; };
  if (!hold(t.clauses)) return Holds::no;
  for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a)
    if (t.answer(static_cast<ActorIndex>(a)) && !hold(t.raw.state.actors[a].why)) return Holds::no;
  if (t.label.kind != Label::step || !t.answer()) return Holds::vacuous;
  const bool of_queues = t.call<SendRequest>() || t.call<ReceiveRequest>() || t.call<ControlRequest>() ||
                         t.call<SetRequest>() || t.call<GetRequest>();
  return of_queues ? when(!t.clauses.empty()) : Holds::vacuous;
}

bool loses_to_bad_buffers(const Profile& profile) {
  return profile.truncated_bytes == TruncatedBytes::whole && profile.copy != Copy::any_length;
}
bool knows_groups(const Profile& profile) {
  const bool groups =
      profile.group_set == GroupSet::fs_and_supplementary || profile.group_set == GroupSet::either;
  return groups && profile.privileges != Privileges::superuser &&
         (profile.give_away == GiveAway::complete || profile.give_away == GiveAway::by_creator);
}
bool takes_over_limits(const Profile& profile) { return profile.qbytes_zero != QbytesZero::ignored; }

constexpr Property table[] = {
    {"marks",
     "time stamps and process ids move only with a send, a receive or IPC_SET, to those of who did it",
     marks_have_a_cause, loses_to_bad_buffers},
    {"identity",
     "owner, mode and byte limit move only with IPC_SET; key and creator never; removal is for ever",
     identity_is_kept, always},
    {"set", "IPC_SET takes over owner, group, nine mode bits and the limit, sets the time, and nothing else",
     set_takes_over, takes_over_limits},
    {"failure", "a failing call changes no queue, but for the message that a bad buffer loses",
     failure_changes_nothing, always},
    {"reading", "IPC_STAT, MSG_COPY and the information commands change no queue", reading_changes_nothing,
     always},
    {"names", "no two living queues share an identifier or a key", names_are_unique, always},
    {"count", "there are never more queues than msgmni", queue_count_is_bounded, always},
    {"progress", "every call that begins can go on", calls_go_on, always},
    {"permission", "nobody sends or receives whom the mode refuses and no privilege helps",
     permission_is_needed, knows_groups},
    {"clauses", "every answer names the clauses that allow it, and each of them holds in the profile",
     answers_name_clauses_that_hold, always},
};

}  // namespace

std::span<const Property> properties_of_calls() { return table; }

}  // namespace svmq::model::explore
