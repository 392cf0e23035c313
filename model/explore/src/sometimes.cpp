#include <algorithm>

#include "property_parts.hpp"

namespace svmq::model::explore {
namespace {

bool answered(const Transition& t, ActorIndex actor, Errno error) {
  const Result* answer = t.answer(actor);
  return answer && answer->kind == Result::failure && answer->error == error;
}

// Somebody other than the one who steps is answered so.
template <class F>
bool another(const Transition& t, F is) {
  if (t.label.kind != Label::step) return false;
  for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a) {
    const auto actor = static_cast<ActorIndex>(a);
    if (actor != t.actor() && t.answer(actor) && is(actor)) return true;
  }
  return false;
}

Phase phase_before(const Transition& t) { return t.before.state.actor(t.actor()).phase; }
Phase phase_after(const Transition& t) { return t.raw.state.actor(t.actor()).phase; }
bool steps(const Transition& t) { return t.label.kind == Label::step; }

bool sender_waits(const Transition& t) {
  return steps(t) && phase_before(t) == Phase::entered && phase_after(t) == Phase::sending;
}
bool receiver_waits(const Transition& t) {
  return steps(t) && phase_before(t) == Phase::entered && phase_after(t) == Phase::receiving;
}

bool sender_released(const Transition& t) {
  return steps(t) && phase_before(t) == Phase::sending && t.answer() && t.answer()->kind == Result::number;
}

bool sender_woken_in_vain(const Transition& t) {
  return steps(t) && phase_before(t) == Phase::sending && t.before.state.actor(t.actor()).woken &&
         phase_after(t) == Phase::sending;
}

bool handed_over(const Transition& t) {
  return t.call<SendRequest>() &&
         another(t, [&](ActorIndex a) { return t.answer(a)->kind == Result::received; });
}

bool too_small_passed(const Transition& t) {
  return handed_over(t) && another(t, [&](ActorIndex a) { return answered(t, a, Errno::e2big); });
}

bool too_small_and_queued(const Transition& t) {
  return !handed_over(t) && t.call<SendRequest>() && t.names("msgsnd.ok.enqueue") &&
         another(t, [&](ActorIndex a) { return answered(t, a, Errno::e2big); });
}

bool removal_releases_two(const Transition& t) {
  return steps(t) &&
         std::ranges::count_if(t.raw.state.actors, [&](const Actor& a) {
           return answered(t, static_cast<ActorIndex>(&a - t.raw.state.actors.data()), Errno::eidrm);
         }) >= 2;
}

bool removed_while_calling(const Transition& t) {
  return steps(t) && phase_before(t) == Phase::entered && answered(t, t.actor(), Errno::eidrm);
}

bool interrupted_waiter(const Transition& t) {
  return steps(t) && phase_before(t) != Phase::entered && answered(t, t.actor(), Errno::eintr);
}

bool signal_before_room(const Transition& t) {
  return interrupted_waiter(t) && t.before.state.actor(t.actor()).woken;
}

// A receiver is handed its message although a signal for it has come.
bool message_before_signal(const Transition& t) {
  return t.call<SendRequest>() && another(t, [&](ActorIndex a) {
           return t.answer(a)->kind == Result::received && t.before.state.actor(a).interrupted;
         });
}

// Stopped and continued, a receiver stands behind one who came later.
bool place_lost(const Transition& t) {
  if (!steps(t) || phase_after(t) != Phase::receiving || !t.before.state.actor(t.actor()).restarted)
    return false;
  return t.raw.state.queue(t.raw.state.actor(t.actor()).waits_on).receivers.size() > 1;
}

bool gone_while_stopped(const Transition& t) {
  return steps(t) && t.before.state.actor(t.actor()).restarted && answered(t, t.actor(), Errno::einval);
}

bool killed_while_waiting(const Transition& t) {
  if (t.label.kind != Label::die) return false;
  const Actor& was = t.before.state.actor(t.actor());
  return was.phase == Phase::sending || was.phase == Phase::receiving;
}

bool lost_to_a_bad_buffer(const Transition& t) {
  return steps(t) && answered(t, t.actor(), Errno::efault) && !t.takers().empty();
}
std::uint64_t bytes_of(const Queue& queue) {
  std::uint64_t sum = 0;
  for (const Message& message : queue.messages) sum += message.text.size();
  return sum;
}

// More bytes are gone from the queue than its receiver has got.
bool truncated(const Transition& t) {
  if (!steps(t) || !t.call<ReceiveRequest>() || !t.answer() || t.answer()->kind != Result::received)
    return false;
  return std::ranges::any_of(t.changed(), [&](QueueIndex q) {
    return bytes_of(t.was(q)) > bytes_of(t.is(q)) + static_cast<std::uint64_t>(t.answer()->value);
  });
}
bool too_long_stays(const Transition& t) {
  return steps(t) && phase_before(t) == Phase::entered && t.call<ReceiveRequest>() &&
         answered(t, t.actor(), Errno::e2big);
}

// A receiver waits, and so does a sender whose message it would take.
bool both_wait(const Transition& t) {
  return std::ranges::any_of(t.raw.state.queues, [&](const auto& q) {
    const auto sleeps = [&](ActorIndex a) { return asleep(t.profile(), t.raw.state, a); };
    return std::ranges::any_of(q->receivers, [&](ActorIndex r) {
      const auto& receive = std::get<ReceiveRequest>(*t.raw.state.actor(r).call);
      return sleeps(r) && std::ranges::any_of(q->senders, [&](ActorIndex s) {
               const std::int64_t type = std::get<SendRequest>(*t.raw.state.actor(s).call).type;
               return sleeps(s) && (receive.type == 0 || receive.type == type);
             });
    });
  });
}

bool overtaken(const Transition& t) { return steps(t) && t.names("msgsnd.nofair.barge"); }

bool permission_withdrawn(const Transition& t) { return steps(t) && t.names("perm.recheck"); }

bool overfull(const Transition& t) {
  return steps(t) && t.names("msgctl.set.fields") &&
         std::ranges::any_of(t.raw.state.queues, [](const auto& q) { return q->cbytes > q->qbytes; });
}

bool key_reused(const Transition& t) {
  if (t.raw.state.queues.size() <= t.before.state.queues.size()) return false;
  const Queue& fresh = *t.raw.state.queues.back();
  return fresh.key != 0 && std::ranges::any_of(t.before.state.queues, [&](const auto& q) {
           return q->removed && q->key == fresh.key;
         });
}

// The identifier that the actor names was that of a queue that is gone.
bool stale_identifier(const Transition& t) {
  if (!steps(t) || phase_before(t) != Phase::entered || !answered(t, t.actor(), Errno::einval)) return false;
  const auto* send = t.call<SendRequest>();
  const auto* receive = t.call<ReceiveRequest>();
  if (!send && !receive) return false;
  const std::int64_t id = send ? send->id : receive->id;
  return std::ranges::any_of(t.before.state.queues, [&](const auto& q) { return q->removed && q->id == id; });
}

bool no_more_queues(const Transition& t) { return steps(t) && answered(t, t.actor(), Errno::enospc); }
bool raise_refused(const Transition& t) {
  return steps(t) && t.call<SetRequest>() && answered(t, t.actor(), Errno::eperm);
}
bool refused(const Transition& t) { return steps(t) && answered(t, t.actor(), Errno::eacces); }
bool several_ways(const Transition& t) { return steps(t) && t.label.which > 0; }

// The continuation comes from the conductor.
bool interrupted_restart(const Transition& t) {
  if (t.label.kind != Label::begin) return false;
  for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a)
    if (answered(t, static_cast<ActorIndex>(a), Errno::eintr)) return true;
  return false;
}

bool no_lock(const Profile& p) { return p.queue_lock == QueueLock::none; }
bool hands_over(const Profile& p) { return p.delivery == Delivery::hand_off; }
bool knows_e2big(const Profile& p) { return p.too_long == TooLong::e2big; }
bool refuses_too_small(const Profile& p) { return hands_over(p) && knows_e2big(p); }
bool begins_anew(const Profile& p) { return p.stop == Stop::restarts_call; }
bool bounds_raises(const Profile& p) { return p.qbytes != QbytesRule::unchecked; }
bool loses_messages(const Profile& p) {
  return p.bad_pointers == BadPointers::fault && p.faulting_receive != FaultingReceive::kept;
}
bool tests_again(const Profile& p) {
  const bool wakes = p.set_wakes == SetWakes::wakes_and_retests || p.set_wakes == SetWakes::may_retest;
  return wakes && p.recheck != Recheck::never;
}

constexpr Sometimes all[] = {
    {"sender-waits", "a sender finds no room and waits", sender_waits, always},
    {"sender-released", "a waiting sender gets room and sends", sender_released, always},
    {"sender-woken-in-vain", "a waiting sender is woken, finds the room taken, and waits on",
     sender_woken_in_vain, always},
    {"sender-overtaken", "a sender sends while an earlier one waits for room", overtaken, no_lock},
    {"receiver-waits", "a receiver finds nothing and waits", receiver_waits, always},
    {"hand-off", "a message goes straight to a waiting receiver", handed_over, hands_over},
    {"hand-off-past-too-small",
     "a message passes a waiting receiver whose buffer is too small, and reaches the next", too_small_passed,
     refuses_too_small},
    {"too-small-and-queued", "a waiting receiver's buffer is too small, and the message is queued",
     too_small_and_queued, refuses_too_small},
    {"both-wait", "a receiver waits beside a sender who has no room for what it wants", both_wait, always},
    {"removal-releases-two", "a removal releases two who wait", removal_releases_two, always},
    {"removed-while-calling", "a queue goes between the look-up of a call and its act", removed_while_calling,
     always},
    {"interrupted", "a caught signal ends a wait with EINTR", interrupted_waiter, always},
    {"signal-before-room", "a woken sender fails with EINTR because a signal came too", signal_before_room,
     always},
    {"message-before-signal", "a receiver is handed its message although a signal has come",
     message_before_signal, hands_over},
    {"place-lost", "a stopped and continued receiver stands behind one who came later", place_lost,
     begins_anew},
    {"gone-while-stopped", "a stopped and continued call finds its queue gone: EINVAL", gone_while_stopped,
     begins_anew},
    {"signal-while-stopped", "a continued call fails with EINTR for a signal that came while it was stopped",
     interrupted_restart, begins_anew},
    {"killed-while-waiting", "a waiter is killed", killed_while_waiting, always},
    {"lost-to-a-bad-buffer", "a message is lost to a bad buffer", lost_to_a_bad_buffer, loses_messages},
    {"truncated", "a message is cut to the buffer", truncated, always},
    {"too-long-stays", "a message too long for the buffer stays: E2BIG", too_long_stays, knows_e2big},
    {"permission-withdrawn", "IPC_SET takes a waiter's permission, and it fails", permission_withdrawn,
     tests_again},
    {"overfull", "IPC_SET puts the byte limit below what is queued", overfull, always},
    {"key-reused", "a key names a new queue after the removal of the old one", key_reused, always},
    {"stale-identifier", "a call uses the identifier of a removed queue", stale_identifier, always},
    {"no-more-queues", "msgget fails for the number of queues", no_more_queues, always},
    {"raise-refused", "a queue's limit is not raised for lack of privilege", raise_refused, bounds_raises},
    {"refused", "a call is refused for lack of permission", refused, always},
    {"several-ways", "the model leaves a choice", several_ways, always},
};

}  // namespace

std::span<const Sometimes> sometimes() { return all; }

}  // namespace svmq::model::explore
