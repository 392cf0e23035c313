// msgsnd(): POSIX.1-2017 XSH msgsnd; Linux ipc/msg.c ksys_msgsnd, do_msgsnd.
#include "permission.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

// msgsnd.E.EFAULT.type — the type cannot be read. Linux ksys_msgsnd, before anything else; not in the standard.
Tri type_unreadable(const View&, const SendRequest& r) { return when(!r.memory.valid); }

// msgsnd.E.EINVAL.size — longer than the system's limit, or above what a length can be. POSIX [EINVAL]; Linux do_msgsnd.
Tri too_long(const View& v, const SendRequest& r) { return when(r.size > static_cast<std::uint64_t>(v.space().limits.msgmax)); }

// id.negative — a negative identifier. POSIX [EINVAL]; Linux do_msgsnd.
Tri negative(const View&, const SendRequest& r) { return when(r.id < 0); }

// msgsnd.E.EINVAL.mtype — a type below 1. POSIX [EINVAL]; Linux do_msgsnd.
Tri bad_type(const View&, const SendRequest& r) { return when(r.type < 1); }

// msgsnd.E.EFAULT.text — the text cannot be read. Linux load_msg, before the queue is looked up.
// msgsnd.E.EFAULT.none — a message without text has none to read.
Tri text_unreadable(const View&, const SendRequest& r) { return when(r.memory.text < r.size); }

// msgsnd.E.EINVAL.id — no such queue. POSIX [EINVAL]; Linux msq_obtain_object_check.
Tri unknown(const View& v, const SendRequest& r) { return when(v.queue_of(r.id) < 0); }

// msgsnd.E.EIDRM.race — removed between its look-up and its lock. POSIX [EIDRM]; Linux do_msgsnd.
Tri just_removed(const View& v, const SendRequest& r) {
  return v.queue_of(r.id) >= 0 || r.id < 0 ? Tri::no : v.self().found >= 0 || v.profile.stale_identifier == StaleIdentifier::einval_or_eidrm ? Tri::maybe : Tri::no;
}

// msgsnd.E.EACCES — no permission to write. POSIX [EACCES]; Linux do_msgsnd. perm.write.for
Tri forbidden(const View& v, const SendRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  if (q < 0) return Tri::no;
  return denied(grants(v, v.state.queue(q), Access::write));
}

constexpr Check<SendRequest> checks[] = {
    {"msgsnd.E.EFAULT.type", Errno::efault, type_unreadable},
    {"msgsnd.E.EINVAL.size", Errno::einval, too_long},
    {"id.negative", Errno::einval, negative},
    {"msgsnd.E.EINVAL.mtype", Errno::einval, bad_type},
    {"msgsnd.E.EFAULT.text", Errno::efault, text_unreadable},
    {"msgsnd.E.EIDRM.race", Errno::eidrm, just_removed},
    {"msgsnd.E.EINVAL.id", Errno::einval, unknown},
    {"msgsnd.E.EACCES", Errno::eacces, forbidden},
};

// msgsnd.ok.* — the message is sent; msgsnd.ret
Outcome sent(const View& view, const SendRequest& request, QueueIndex queue) {
  State next = view.state;
  Clauses why = why_granted(view, view.state.queue(queue), Access::write);
  for (const Clause& clause : why_room(view.state.queue(queue), request.size)) why.push_back(clause);
  if (request.flags & ~IPC_NOWAIT_) why.push_back("gen.flags.ignored");
  if (request.size == 0 && request.memory.text == 0) why.push_back("msgsnd.E.EFAULT.none");
  if (request.type == INT64_MAX) why.push_back("msgsnd.type.max");
  if (process_id(next, view.actor) != thread_id(next, view.actor)) why.push_back("msgsnd.lspid.proc");
  if (std::ranges::any_of(view.state.queue(queue).senders, [&](ActorIndex a) { return a != view.actor && view.state.actor(a).phase == Phase::sending; }))
    why.push_back("msgsnd.nofair.barge");
  leave_lists(next, view.actor);
  deliver(view.profile, next, view.actor, queue, {request.type, request.text}, why);
  why.push_back("msgsnd.ret");
  why.push_back("msgsnd.len.exact");
  return answered(std::move(next), view.actor, Result::of(0), std::move(why));
}

// msgsnd.block — no room: wait. POSIX msgsnd(); Linux ss_add. msgsnd.snapshot: with the message as it is now.
Outcome waits(const View& view, QueueIndex queue) {
  State next = view.state;
  leave_lists(next, view.actor);
  sleep_sending(next, view.actor, queue);
  return {std::move(next), {"msgsnd.block", "msgsnd.snapshot"}};
}

// Admitted to the queue: is there room?
void place(const View& view, const SendRequest& request, QueueIndex index, Outcomes& outcomes) {
  const Queue& queue = view.state.queue(index);
  const Tri room = has_room(view.profile, queue, request.size);
  if (room != Tri::no) outcomes.push_back(sent(view, request, index));
  if (room == Tri::yes) return;
  if ((request.flags & IPC_NOWAIT_) == 0) {
    outcomes.push_back(waits(view, index));
    return;
  }
  // msgsnd.E.EAGAIN — no room and IPC_NOWAIT. POSIX [EAGAIN]; Linux do_msgsnd.
  Clauses why = why_room(queue, request.size);
  why.insert(why.begin(), "msgsnd.E.EAGAIN");
  for (const Clause& clause : why_granted(view, queue, Access::write)) why.push_back(clause);
  if (!queue.receivers.empty()) why.push_back("msgsnd.handoff.room");
  why.push_back("msgsnd.fail.stamp");
  outcomes.push_back(failed(view, Errno::eagain, std::move(why)));
}

// wait.snd.retry — a woken sender starts over with the permission test (perm.recheck). Linux do_msgsnd.
Outcomes again(const View& view, const SendRequest& request) {
  Outcomes outcomes;
  const QueueIndex index = view.self().waits_on;
  const Tri granted = grants(view, view.state.queue(index), Access::write);
  if (granted != Tri::yes) {
    State next = view.state;
    leave_lists(next, view.actor);
    outcomes.push_back(answered(std::move(next), view.actor, Result::fail(Errno::eacces), {"perm.recheck", "wait.set.snd", "msgsnd.E.EACCES"}));
    if (granted == Tri::no && view.profile.set_wakes == SetWakes::wakes_and_retests) return outcomes;
  }
  place(view, request, index, outcomes);
  for (Outcome& outcome : outcomes) outcome.clauses.push_back("wait.snd.retry");
  return outcomes;
}

}  // namespace

Outcomes step(const View& view, const SendRequest& request) {
  if (view.self().phase == Phase::sending) return again(view, request);
  Outcomes outcomes;
  if (view.profile.bad_pointers == BadPointers::undefined && (!request.memory.valid || request.memory.text < request.size)) {
    outcomes.push_back(undefined(view, {"msgsnd.E.EFAULT.text"}));
    return outcomes;
  }
  if (may_succeed<SendRequest>(view, request, checks, outcomes)) place(view, request, view.queue_of(request.id), outcomes);
  return outcomes;
}

}  // namespace svmq::model
