// msgsnd(): POSIX.1-2017 XSH msgsnd; Linux ipc/msg.c ksys_msgsnd, do_msgsnd. Its errors: msgsnd_order.cpp.
#include "identifier.hpp"
#include "msgsnd_order.hpp"
#include "permission.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

// Who else waits for room as a message goes in.
Clauses why_before_others(const View& view, const SendRequest& request, const Queue& queue) {
  Clauses why;
  const auto size_of = [&](ActorIndex a) { return std::get<SendRequest>(*view.state.actor(a).call).size; };
  const auto place = [&](ActorIndex a) { return std::ranges::find(queue.senders, a); };
  for (const ActorIndex a : queue.senders) {
    if (a == view.actor || view.state.actor(a).phase != Phase::sending) continue;
    // msgsnd.nofair.barge: room is not kept for those who wait. Linux do_msgsnd.
    // wait.snd.starve: so that one may wait without bound. Linux do_msgsnd.
    why.add({"msgsnd.nofair.barge", "wait.snd.starve"});
    if (view.self().phase != Phase::sending) continue;
    // wait.snd.nofifo: which of those who wait gets the room is open. Linux ss_wakeup.
    why.add("wait.snd.nofifo");
    // wait.snd.skip: a small message goes in before a large one that waited longer. Linux ss_wakeup.
    if (place(a) < place(view.actor) && size_of(a) > request.size) why.add("wait.snd.skip");
  }
  return why;
}

Clauses why_sent(const View& view, const SendRequest& request, const Queue& queue) {
  Clauses why = why_granted(view, queue, Access::write);
  why.add(why_room(queue, request.size));
  // msgsnd.ret: 0. POSIX msgsnd(); Linux do_msgsnd.
  // msgsnd.len.exact: msgsz bytes of text, no more and no less. POSIX msgsnd(); Linux load_msg.
  why.add({"msgsnd.ret", "msgsnd.len.exact"});
  if (request.flags & ~IPC_NOWAIT_) why.add("gen.flags.ignored");
  if (request.size == 0 && request.memory.text == 0) why.add("msgsnd.E.EFAULT.none");
  // msgsnd.type.max: any positive type, up to the largest. POSIX msgsnd(); Linux do_msgsnd.
  if (request.type == INT64_MAX) why.add("msgsnd.type.max");
  if (process_id(view.state, view.actor) != thread_id(view.state, view.actor))
    why.add("msgsnd.lspid.proc");
  why.add(why_before_others(view, request, queue));
  return why;
}

// The message is sent: `deliver`.
Outcome sent(const View& view, const SendRequest& request, QueueIndex queue) {
  State next = view.state;
  Clauses why = why_sent(view, request, view.state.queue(queue));
  leave_lists(next, view.actor);
  deliver(view, next, queue, {request.type, request.text}, why);
  return answered(std::move(next), view.actor, Result::of(0), std::move(why));
}

// msgsnd.block: no room: wait. POSIX msgsnd(); Linux ss_add.
// msgsnd.snapshot: with the message as it is now: the request keeps it. Linux load_msg.
Outcome waits(const View& view, QueueIndex queue) {
  State next = view.state;
  leave_lists(next, view.actor);
  sleep_sending(view.profile, next, view.actor, queue);
  return {std::move(next), {"msgsnd.block", "msgsnd.snapshot"}};
}

Outcome gives_up(const View& view, Errno error, const Clauses& why) {
  State next = view.state;
  leave_lists(next, view.actor);
  return answered(std::move(next), view.actor, Result::fail(error), why);
}

// What a failure shows besides its own clause.
Clauses also(const View& view, const SendRequest& request, Errno error) {
  Clauses why{"msgsnd.fail.stamp"};
  const QueueIndex index = view.queue_of(request.id);
  // msgsnd.E.EFAULT.noeffect: nothing of the message is queued. Linux load_msg, before the queue.
  if (error == Errno::efault) why.add("msgsnd.E.EFAULT.noeffect");
  if (error == Errno::einval && index < 0) why.add(why_unknown(view, request.id));
  if (error == Errno::einval && request.size > static_cast<std::uint64_t>(view.space().limits.msgmax))
    why.add("lim.msgmax");
  if (error == Errno::eacces && index >= 0) why.add(why_class(view, view.state.queue(index)));
  if (error == Errno::eacces && index >= 0) why.add("perm.write.for");
  return why;
}

// There is room. What is looked at only now?
void admit(const View& view, const SendRequest& request, QueueIndex index, Outcomes& outcomes) {
  Outcomes failures;
  if (may_succeed<SendRequest>(view, request, send_checks(view).after_room, failures)) {
    outcomes.push_back(sent(view, request, index));
    return;
  }
  for (const Outcome& failure : failures) {
    const Errno error = failure.next.actor(view.actor).result->error;
    Clauses why = failure.clauses;
    why.add(also(view, request, error));
    outcomes.push_back(gives_up(view, error, why));
  }
}

// msgsnd.E.EAGAIN: no room and IPC_NOWAIT. POSIX [EAGAIN]; Linux do_msgsnd.
Outcome no_room(const View& view, const SendRequest& request, const Queue& queue) {
  // msgsnd.fail.stamp: no failure of a send changes the queue. POSIX msgsnd(); Linux do_msgsnd.
  Clauses why{"msgsnd.E.EAGAIN", "msgsnd.fail.stamp"};
  why.add(why_room(queue, request.size));
  why.add(why_granted(view, queue, Access::write));
  // msgsnd.handoff.room: room is asked for even if somebody waits for the message. Linux do_msgsnd.
  if (!queue.receivers.empty()) why.add("msgsnd.handoff.room");
  return failed(view, Errno::eagain, std::move(why));
}

// Admitted to the queue: is there room?
void place(const View& view, const SendRequest& request, QueueIndex index, Outcomes& outcomes) {
  const Queue& queue = view.state.queue(index);
  const Tri room = has_room(view, queue, view.actor, request.size);
  if (room != Tri::no) admit(view, request, index, outcomes);
  if (room == Tri::yes) return;
  if (request.flags & IPC_NOWAIT_)
    outcomes.push_back(no_room(view, request, queue));
  else
    outcomes.push_back(waits(view, index));
}

// wait.snd.retry: a woken sender starts over with the permission test. Linux do_msgsnd.
Outcomes again(const View& view, const SendRequest& request) {
  Outcomes outcomes;
  const QueueIndex index = view.self().waits_on;
  const Tri granted = tested_again(view, grants(view, view.state.queue(index), Access::write));
  if (granted != Tri::yes)
    outcomes.push_back(gives_up(view, Errno::eacces, {"perm.recheck", "wait.set.snd", "msgsnd.E.EACCES"}));
  if (granted == Tri::no) return outcomes;
  if (outgrown(view, index, request))
    outcomes.push_back(gives_up(view, Errno::einval, {"msgsnd.E.EINVAL.size", "wait.snd.retry"}));
  else
    place(view, request, index, outcomes);
  for (Outcome& outcome : outcomes) credit(outcome, view.actor, {"wait.snd.retry"});
  return outcomes;
}

// The profile leaves open what becomes of such a call.
bool leaves_the_profile(const View& view, const SendRequest& request) {
  const bool unreadable = !request.memory.valid || request.memory.text < request.size;
  if (view.profile.bad_pointers == BadPointers::undefined && unreadable) return true;
  if (view.profile.huge_send == HugeSend::undefined && request.size > INT32_MAX) return true;
  // Nobody looks whether the text can be read: it is read.
  return view.profile.send_order == SendOrder::header_then_message && request.memory.valid && unreadable;
}

}  // namespace

Outcomes step(const View& view, const SendRequest& request) {
  if (view.self().phase == Phase::sending) return again(view, request);
  Outcomes outcomes;
  if (leaves_the_profile(view, request)) {
    outcomes.push_back(undefined(view, {"msgsnd.E.EFAULT.text"}));
    return outcomes;
  }
  const bool success = may_succeed<SendRequest>(view, request, send_checks(view).before_room, outcomes);
  for (Outcome& outcome : outcomes)
    credit(outcome, view.actor, also(view, request, outcome.next.actor(view.actor).result->error));
  const QueueIndex index = view.queue_of(request.id);
  if (success) place(view, request, index, outcomes);
  // Where errors have no order, a full queue is one of them.
  const bool full =
      index >= 0 && has_room(view, view.state.queue(index), view.actor, request.size) != Tri::yes;
  if (!success && full && request.flags & IPC_NOWAIT_ && view.profile.error_order == ErrorOrder::any)
    outcomes.push_back(no_room(view, request, view.state.queue(index)));
  return outcomes;
}

}  // namespace svmq::model
