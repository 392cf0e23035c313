#include "svmq/explore/property.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace svmq::model::explore {

const Result* Transition::answer(ActorIndex index) const {
  const Actor& now = raw.state.actor(index);
  if (now.phase != Phase::returning) return nullptr;
  const Actor& was = before.state.actor(index);
  return was.phase == Phase::returning && was.result == now.result ? nullptr : now.result.get();
}

namespace {

Holds when(bool condition) { return condition ? Holds::yes : Holds::no; }

// Runs over the queues that were there before and are after; new ones are compared with nothing.
struct Change {
  const Queue& before;
  const Queue& after;
};

template <class F>
void each_changed_queue(const Transition& t, F function) {
  for (std::size_t q = 0; q < t.before.state.queues.size(); ++q) {
    const Queue& before = *t.before.state.queues[q];
    const Queue& after = *t.raw.state.queues[q];
    if (&before != &after) function(static_cast<QueueIndex>(q), Change{before, after});
  }
}

bool some_queue_changed(const Transition& t) {
  bool changed = t.before.state.queues.size() != t.raw.state.queues.size();
  each_changed_queue(t, [&](QueueIndex, const Change& c) { changed |= !(c.before == c.after); });
  return changed;
}

template <class F>
Holds all_changed(const Transition& t, F holds) {
  Holds result = Holds::vacuous;
  each_changed_queue(t, [&](QueueIndex q, const Change& c) {
    const Holds here = holds(q, c);
    if (here == Holds::no || result == Holds::vacuous) result = here;
  });
  return result;
}

std::uint64_t bytes(const std::vector<Message>& messages) {
  std::uint64_t sum = 0;
  for (const Message& m : messages) sum += m.text.size();
  return sum;
}

bool waits(const Actor& actor) { return actor.phase == Phase::sending || actor.phase == Phase::receiving; }

// What a selector accepts, as the standard's sentences say it; MSG_EXCEPT as the manual page has it.
bool qualifies(const ReceiveRequest& r, std::int64_t type) {
  if (r.type == 0) return true;
  if (r.type > 0) return (r.flags & MSG_EXCEPT_) != 0 ? type != r.type : type == r.type;
  return r.type == INT64_MIN || type <= -r.type;
}

// The message that this transition sent: its sender has been answered 0.
std::optional<Message> sent(const Transition& t) {
  const auto* send = t.call<SendRequest>();
  if (!send || t.label.kind != Label::step || !t.answer() || t.answer()->kind != Result::number)
    return std::nullopt;
  return Message{send->type, send->text};
}

QueueIndex queue_of_send(const Transition& t) {
  const Actor& was = t.before.state.actor(t.actor());
  if (was.waits_on >= 0) return was.waits_on;
  const auto* send = t.call<SendRequest>();
  return find_queue(t.before.state, was.space, send->id);
}

// MSG_COPY was asked for, and heeded.
bool copies(const Transition& t, const ReceiveRequest& r) {
  const auto of_copy = [](const Clause& c) { return std::string_view(c.id()).starts_with("msgrcv.copy."); };
  return (r.flags & MSG_COPY_) != 0 && std::ranges::any_of(t.clauses, of_copy);
}

// A receive that took a message off: it was given it, or lost it to a bad buffer.
bool took(const Transition& t, ActorIndex actor) {
  const Result* result = t.answer(actor);
  if (!result) return false;
  const Request& request = *t.raw.state.actor(actor).call;
  const auto* receive = std::get_if<ReceiveRequest>(&request);
  if (!receive || copies(t, *receive)) return false;
  return result->kind == Result::received ||
         (result->kind == Result::failure && result->error == Errno::efault);
}

// Is what was given the message, whole or cut as MSG_NOERROR asks?
bool is_delivery_of(const Transition& t, ActorIndex actor, const Message& message) {
  const Result& result = *t.answer(actor);
  if (result.kind == Result::failure) return true;  // msgrcv.E.EFAULT.lost
  const auto& receive = std::get<ReceiveRequest>(*t.raw.state.actor(actor).call);
  const std::uint64_t length = message.text.size();
  if (length > receive.size && (receive.flags & MSG_NOERROR_) == 0) return false;
  const std::uint64_t count = std::min(length, receive.size);
  return result.message.type == message.type &&
         result.message.text.view() == message.text.view().substr(0, count) &&
         result.value == static_cast<std::int64_t>(count);
}

// ---------------------------------------------------------------------------------------------------
// properties

Holds counters(const Transition& t) {
  Holds result = Holds::vacuous;
  for (std::size_t q = 0; q < t.raw.state.queues.size(); ++q) {
    const Queue& queue = *t.raw.state.queues[q];
    if (q < t.before.state.queues.size() && &queue == &*t.before.state.queues[q]) continue;
    if (queue.cbytes != bytes(queue.messages) || (queue.removed && !queue.messages.empty())) return Holds::no;
    result = Holds::yes;
  }
  return result;
}

// What was in the queue, and what was sent, is in the queue or with a receiver, in the same order; only a
// removal drops.
Holds conserved(const Transition& t) {
  const std::optional<Message> message = sent(t);
  const QueueIndex target = message ? queue_of_send(t) : -1;
  std::vector<ActorIndex> takers;
  for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a)
    if (took(t, static_cast<ActorIndex>(a))) takers.push_back(static_cast<ActorIndex>(a));
  if (takers.size() > 1) return Holds::no;  // no step delivers twice
  if (message && target < 0) return Holds::no;
  bool delivered = takers.empty(), placed = !message;
  // Handed over: it never was in the queue.
  if (message && !takers.empty() && takers[0] != t.actor()) {
    if (!is_delivery_of(t, takers[0], *message)) return Holds::no;
    delivered = placed = true;
  }
  bool same = true;
  each_changed_queue(t, [&](QueueIndex q, const Change& c) {
    if (c.after.removed && !c.before.removed && t.names("msgctl.rmid.effect")) return;
    std::vector<Message> expected = c.before.messages;
    if (!delivered) {
      for (auto m = expected.begin(); m != expected.end(); ++m) {
        std::vector<Message> without(expected.begin(), m);
        without.insert(without.end(), m + 1, expected.end());
        if (!is_delivery_of(t, takers[0], *m) || without != c.after.messages) continue;
        expected = std::move(without);
        delivered = true;
        break;
      }
    }
    if (!placed && q == target) {
      expected.push_back(*message);
      placed = true;
    }
    same &= expected == c.after.messages;
  });
  if (!same || !delivered || !placed) return Holds::no;
  return message || !takers.empty() ? Holds::yes : Holds::vacuous;
}

// The message that is taken is the one that the standard's sentence names.
Holds selection(const Transition& t) {
  const auto* receive = t.call<ReceiveRequest>();
  if (!receive || t.label.kind != Label::step || !took(t, t.actor())) return Holds::vacuous;
  return all_changed(t, [&](QueueIndex, const Change& c) {
    if (c.before.messages.size() != c.after.messages.size() + 1) return Holds::vacuous;
    std::size_t taken = 0;
    while (taken < c.after.messages.size() && c.before.messages[taken] == c.after.messages[taken]) ++taken;
    // Equal messages in a row: the oldest of them is as good as any.
    while (taken > 0 && c.before.messages[taken - 1] == c.before.messages[taken]) --taken;
    const std::int64_t type = c.before.messages[taken].type;
    if (!qualifies(*receive, type)) return Holds::no;
    for (std::size_t i = 0; i < c.before.messages.size(); ++i) {
      const std::int64_t other = c.before.messages[i].type;
      if (!qualifies(*receive, other)) continue;
      if (receive->type < 0 ? other < type || (other == type && i < taken) : i < taken) return Holds::no;
    }
    return Holds::yes;
  });
}

Holds fifo_per_type(const Transition& t) {
  return all_changed(t, [&](QueueIndex, const Change& c) {
    if (c.after.removed) return Holds::vacuous;
    // Of each type, what is left is what was there without a prefix, and one more at most.
    for (const Message& any : c.before.messages) {
      std::vector<const Message*> was, is;
      for (const Message& m : c.before.messages)
        if (m.type == any.type) was.push_back(&m);
      for (const Message& m : c.after.messages)
        if (m.type == any.type) is.push_back(&m);
      const std::size_t gone =
          c.after.messages.size() < c.before.messages.size() && is.size() < was.size() ? 1 : 0;
      for (std::size_t i = gone; i < was.size(); ++i)
        if (i - gone >= is.size() || !(*was[i] == *is[i - gone])) return Holds::no;
    }
    return Holds::yes;
  });
}

// Who sleeps could not proceed: no message for a receiver, no room for a sender. That a receiver waits for
// what a sender without room could give it is no exception to either (msgsnd.handoff.room).
Holds sleepers_cannot_proceed(const Transition& t) {
  const State& state = t.after.state;
  Holds result = Holds::vacuous;
  for (std::size_t a = 0; a < state.actors.size(); ++a) {
    const auto index = static_cast<ActorIndex>(a);
    const Actor& actor = state.actors[a];
    if (!waits(actor) || !asleep(t.profile(), state, index)) continue;
    const Queue& queue = state.queue(actor.waits_on);
    if (actor.phase == Phase::receiving) {
      const auto& receive = std::get<ReceiveRequest>(*actor.call);
      if (std::ranges::any_of(queue.messages, [&](const Message& m) { return qualifies(receive, m.type); }))
        return Holds::no;
    } else if (t.profile().room == Room::bytes_and_count) {
      const std::uint64_t size = std::get<SendRequest>(*actor.call).size;
      if (queue.cbytes + size <= queue.qbytes && queue.messages.size() + 1 <= queue.qbytes) return Holds::no;
    }
    result = Holds::yes;
  }
  return result;
}

// Room is asked for before a message is queued.
Holds room_respected(const Transition& t) {
  const std::optional<Message> message = sent(t);
  if (!message || t.profile().room != Room::bytes_and_count) return Holds::vacuous;
  return all_changed(t, [&](QueueIndex, const Change& c) {
    return when(c.before.cbytes + message->text.size() <= c.before.qbytes &&
                c.before.messages.size() + 1 <= c.before.qbytes);
  });
}

Holds nobody_waits_on_a_removed_queue(const Transition& t) {
  Holds result = Holds::vacuous;
  for (std::size_t q = 0; q < t.raw.state.queues.size(); ++q) {
    if (!t.raw.state.queues[q]->removed ||
        (q < t.before.state.queues.size() && t.before.state.queues[q]->removed))
      continue;
    for (const Actor& actor : t.raw.state.actors)
      if (actor.waits_on == static_cast<QueueIndex>(q)) return Holds::no;
    const Queue& was = *t.before.state.queues[q];
    for (const auto* list : {&was.receivers, &was.senders})
      for (const ActorIndex actor : *list) {
        const Result* answer = t.answer(actor);
        const bool released =
            answer ? answer->error == Errno::eidrm : t.before.state.process_of(actor).running != Running::yes;
        if (!released) return Holds::no;
      }
    result = Holds::yes;
  }
  return result;
}

// Each waiter stands on exactly one list, once, and nobody else does.
Holds lists_agree(const Transition& t) {
  const State& state = t.raw.state;
  std::size_t listed = 0, waiting = 0;
  for (const auto& queue : state.queues) {
    listed += queue->receivers.size() + queue->senders.size();
    for (const ActorIndex a : queue->receivers)
      if (state.actor(a).phase != Phase::receiving || &state.queue(state.actor(a).waits_on) != &*queue)
        return Holds::no;
    for (const ActorIndex a : queue->senders)
      if (state.actor(a).phase != Phase::sending || &state.queue(state.actor(a).waits_on) != &*queue)
        return Holds::no;
  }
  for (const Actor& actor : state.actors) waiting += actor.alive && waits(actor);
  if (listed != waiting) return Holds::no;
  return listed == 0 ? Holds::vacuous : Holds::yes;
}

// Time stamps and process ids of a queue move only where a clause says so.
Holds marks_have_a_cause(const Transition& t) {
  return all_changed(t, [&](QueueIndex, const Change& c) {
    const bool send = sent(t).has_value();
    bool receive = false;
    for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a)
      receive |= took(t, static_cast<ActorIndex>(a));
    const bool set = t.names("msgctl.set.ctime");
    if ((!(c.before.stime == c.after.stime) || !(c.before.lspid == c.after.lspid)) && !send) return Holds::no;
    if ((!(c.before.rtime == c.after.rtime) || !(c.before.lrpid == c.after.lrpid)) && !receive)
      return Holds::no;
    if (!(c.before.ctime == c.after.ctime) && !set) return Holds::no;
    const Stamp now{t.before.state.actor(t.actor()).since, t.before.state.clock};
    if (send && (!(c.after.stime == now) ||
                 t.raw.state.actor(c.after.lspid.actor).process != t.raw.state.actor(t.actor()).process))
      return Holds::no;
    if (receive && !(c.after.rtime == now)) return Holds::no;
    return Holds::yes;
  });
}

// Owner, group, mode and byte limit move only with IPC_SET; key, creator never.
Holds identity_is_kept(const Transition& t) {
  return all_changed(t, [&](QueueIndex, const Change& c) {
    const bool set = t.names("msgctl.set.fields");
    if (c.before.key != c.after.key || c.before.cuid != c.after.cuid || c.before.cgid != c.after.cgid ||
        c.before.space != c.after.space)
      return Holds::no;
    const bool same = c.before.uid == c.after.uid && c.before.gid == c.after.gid &&
                      c.before.mode == c.after.mode && c.before.qbytes == c.after.qbytes;
    if (!same && !set) return Holds::no;
    if (c.before.removed && !c.after.removed) return Holds::no;
    return when(!c.after.removed || c.before.removed || t.names("msgctl.rmid.effect"));
  });
}

// A call that fails leaves the queues as they were, but for a message that a bad buffer lost and for the
// lists of waiters.
Holds failure_changes_nothing(const Transition& t) {
  if (t.label.kind != Label::step || !t.answer() || t.answer()->kind != Result::failure)
    return Holds::vacuous;
  if (t.names("msgrcv.E.EFAULT.lost") || t.names("id.next.full")) return Holds::vacuous;
  if (t.before.state.queues.size() != t.raw.state.queues.size()) return Holds::no;
  bool same = true;
  each_changed_queue(t, [&](QueueIndex, const Change& c) {
    Queue before = c.before, after = c.after;
    before.receivers.clear(), before.senders.clear(), after.receivers.clear(), after.senders.clear();
    same &= before == after;
  });
  return when(same);
}

// Reading (IPC_STAT, the information commands, MSG_COPY, the table) changes no queue.
Holds reading_changes_nothing(const Transition& t) {
  if (t.label.kind != Label::step) return Holds::vacuous;
  const auto* control = t.call<ControlRequest>();
  const auto* receive = t.call<ReceiveRequest>();
  const bool reads = (control && control->command != IPC_RMID_) || (receive && copies(t, *receive)) ||
                     t.call<TableRequest>();
  if (!reads || !t.answer()) return Holds::vacuous;
  return when(!some_queue_changed(t));
}

Holds names_are_unique(const Transition& t) {
  const State& state = t.after.state;
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
  if (t.label.kind != Label::begin || t.after.state.undefined) return Holds::vacuous;
  const Actor& actor = t.after.state.actor(t.actor());
  if (actor.phase != Phase::entered || std::holds_alternative<ExitRequest>(*actor.call))
    return Holds::vacuous;
  return when(!steps(t.profile(), t.after.state, t.actor()).empty());
}

Holds the_dead_leave_no_trace(const Transition& t) {
  if (t.label.kind != Label::die) return Holds::vacuous;
  if (some_queue_changed(t)) {
    bool same = true;
    each_changed_queue(t, [&](QueueIndex, const Change& c) {
      Queue before = c.before, after = c.after;
      before.receivers.clear(), before.senders.clear(), after.receivers.clear(), after.senders.clear();
      same &= before == after;
    });
    if (!same) return Holds::no;
  }
  for (const auto& queue : t.raw.state.queues)
    for (const auto* list : {&queue->receivers, &queue->senders})
      for (const ActorIndex a : *list)
        if (!t.raw.state.actor(a).alive) return Holds::no;
  return Holds::yes;
}

// A stopped process takes nothing, where a stop takes it off the list.
Holds the_stopped_take_nothing(const Transition& t) {
  if (t.profile().stop != Stop::restarts_call) return Holds::vacuous;
  Holds result = Holds::vacuous;
  for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a) {
    const auto index = static_cast<ActorIndex>(a);
    if (t.before.state.process_of(index).running != Running::stopped ||
        t.raw.state.process_of(index).running != Running::stopped)
      continue;
    if (took(t, index) || (t.answer(index) && t.label.kind == Label::step)) return Holds::no;
    result = Holds::yes;
  }
  return result;
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

// Every answer of the four calls says by which clauses it is allowed.
Holds answers_name_a_clause(const Transition& t) {
  if (t.label.kind != Label::step || !t.answer()) return Holds::vacuous;
  if (!t.call<SendRequest>() && !t.call<ReceiveRequest>() && !t.call<ControlRequest>() &&
      !t.call<SetRequest>() && !t.call<GetRequest>())
    return Holds::vacuous;
  return when(!t.clauses.empty());
}

constexpr Property all_properties[] = {
    {"counters", "the number of bytes is that of the queue's messages; a removed queue is empty", counters},
    {"conservation",
     "no message is lost, duplicated or altered but by truncation, a lost EFAULT or a removal", conserved},
    {"selection", "a receive takes the message that the standard's sentence names", selection},
    {"fifo", "of each type, the oldest leaves first and the newest stands last", fifo_per_type},
    {"sleep", "nobody sleeps who could proceed", sleepers_cannot_proceed},
    {"room", "what is sent had room", room_respected},
    {"release", "a removal releases everybody who waits", nobody_waits_on_a_removed_queue},
    {"lists", "each waiter stands on one list, once, and nobody else does", lists_agree},
    {"marks",
     "time stamps and process ids move only with a send, a receive or IPC_SET, to those of the caller",
     marks_have_a_cause},
    {"identity",
     "owner, mode and byte limit move only with IPC_SET; key and creator never; removal is for ever",
     identity_is_kept},
    {"failure", "a failing call changes no queue, but for the message that a bad buffer loses",
     failure_changes_nothing},
    {"reading", "IPC_STAT, MSG_COPY and the information commands change no queue", reading_changes_nothing},
    {"names", "no two living queues share an identifier or a key", names_are_unique},
    {"count", "there are never more queues than msgmni", queue_count_is_bounded},
    {"progress", "every call that begins can go on", calls_go_on},
    {"death", "a process that dies changes no queue and waits no more", the_dead_leave_no_trace},
    {"stopped", "a stopped process takes nothing", the_stopped_take_nothing},
    {"permission", "nobody sends or receives whom the mode refuses and no privilege helps",
     permission_is_needed},
    {"clauses", "every answer names the clauses that allow it", answers_name_a_clause},
};

}  // namespace

std::span<const Property> properties() { return all_properties; }

}  // namespace svmq::model::explore
