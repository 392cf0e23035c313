// msgrcv(): POSIX.1-2017 XSH msgrcv; Linux ipc/msg.c ksys_msgrcv, do_msgrcv.
#include "permission.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

constexpr std::uint64_t type_word = 8;  // bytes of a long in front of the text

bool copies(const View& v, const ReceiveRequest& r) { return v.profile.linux_extensions && (r.flags & MSG_COPY_); }

// id.negative — POSIX [EINVAL]; Linux do_msgrcv.
Tri negative(const View&, const ReceiveRequest& r) { return when(r.id < 0); }

// msgrcv.E.EINVAL.size — a size with the sign bit set. Linux do_msgrcv; above SSIZE_MAX implementation-defined.
Tri size_negative(const View& v, const ReceiveRequest& r) {
  return r.size <= INT64_MAX ? Tri::no : v.profile.error_order == ErrorOrder::fixed ? Tri::yes : Tri::maybe;
}

// msgrcv.copy.need — MSG_COPY asks for IPC_NOWAIT and not for MSG_EXCEPT. Linux do_msgrcv.
Tri copy_flags(const View& v, const ReceiveRequest& r) {
  return when(copies(v, r) && ((r.flags & MSG_EXCEPT_) != 0 || (r.flags & IPC_NOWAIT_) == 0));
}

// msgrcv.copy.reads — the buffer of a MSG_COPY is read first. Linux prepare_copy, load_msg.
Tri copy_unreadable(const View& v, const ReceiveRequest& r) {
  const std::uint64_t reads = std::min(r.size, static_cast<std::uint64_t>(v.space().limits.msgmax));
  const std::uint64_t readable = !r.memory.valid ? 0 : r.memory.text > UINT64_MAX - type_word ? UINT64_MAX : r.memory.text + type_word;
  return when(copies(v, r) && readable < reads);
}

// msgrcv.E.EINVAL.id — no such queue. POSIX [EINVAL]; Linux msq_obtain_object_check.
Tri unknown(const View& v, const ReceiveRequest& r) { return when(v.queue_of(r.id) < 0); }

// The queue was removed between its look-up and its lock. POSIX [EIDRM]; Linux do_msgrcv.
Tri just_removed(const View& v, const ReceiveRequest& r) {
  return v.queue_of(r.id) >= 0 || r.id < 0 ? Tri::no : v.self().found >= 0 || v.profile.stale_identifier == StaleIdentifier::einval_or_eidrm ? Tri::maybe : Tri::no;
}

// msgrcv.E.EACCES — no permission to read. POSIX [EACCES]; Linux do_msgrcv. perm.read.for
Tri forbidden(const View& v, const ReceiveRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  if (q < 0) return Tri::no;
  return denied(grants(v, v.state.queue(q), Access::read));
}

constexpr Check<ReceiveRequest> checks[] = {
    {"id.negative", Errno::einval, negative},
    {"msgrcv.E.EINVAL.size", Errno::einval, size_negative},
    {"msgrcv.copy.need", Errno::einval, copy_flags},
    {"msgrcv.copy.reads", Errno::efault, copy_unreadable},
    {"msgsnd.E.EIDRM.race", Errno::eidrm, just_removed},
    {"msgrcv.E.EINVAL.id", Errno::einval, unknown},
    {"msgrcv.E.EACCES", Errno::eacces, forbidden},
};

// msgrcv.copy.* — a copy is returned, nothing changes. Linux copy_msg.
Outcome copied(const View& view, const ReceiveRequest& request, const Message& message, Clauses why) {
  const std::uint64_t scratch = std::min(request.size, static_cast<std::uint64_t>(view.space().limits.msgmax));
  if (message.text.size() > scratch) {
    why.push_back(message.text.size() > request.size ? "msgrcv.copy.notrunc" : "msgrcv.copy.EINVAL.max");
    return failed(view, Errno::einval, std::move(why));
  }
  Result result = received(request, message, why);
  if (result.kind == Result::failure) why = {"msgrcv.copy.fault"};
  why.push_back("msgrcv.copy.nostate");
  why.push_back("msgrcv.copy.perm");
  return answered(view.state, view.actor, std::move(result), std::move(why));
}

// msgrcv.ok.state — the message leaves the queue; msgrcv.ok.wake — senders that now fit try again.
Outcome taken(const View& view, const ReceiveRequest& request, QueueIndex index, int position, Clauses why) {
  State next = view.state;
  leave_lists(next, view.actor);
  Queue& queue = next.change(index);
  const Message message = queue.messages[static_cast<std::size_t>(position)];
  queue.messages.erase(queue.messages.begin() + position);
  queue.cbytes -= message.text.size();
  queue.rtime = now(next, view.actor);
  queue.lrpid = process_id(next, view.actor);
  why.push_back("msgrcv.ok.state");
  if (!queue.senders.empty()) {
    why.push_back("msgrcv.ok.wake");
    why.push_back("wait.snd.scan");
  }
  if (message.text.size() > static_cast<std::uint64_t>(view.space().limits.msgmax)) why.push_back("msgrcv.lowlimit");
  wake_senders(view.profile, next, index);
  Result result = received(request, message, why);
  return answered(std::move(next), view.actor, std::move(result), std::move(why));
}

// msgrcv.block — nothing qualifies: wait. POSIX msgrcv(); Linux do_msgrcv.
Outcome waits(const View& view, QueueIndex index) {
  State next = view.state;
  leave_lists(next, view.actor);
  sleep_receiving(next, view.actor, index);
  return {std::move(next), {"msgrcv.block"}};
}

// Admitted to the queue: is there a message?
void take(const View& view, const ReceiveRequest& request, QueueIndex index, Outcomes& outcomes) {
  const Queue& queue = view.state.queue(index);
  Clauses why;
  const int position = select(view, queue, request, why);
  for (const Clause& clause : why_granted(view, queue, Access::read)) why.push_back(clause);
  if (position >= 0) {
    const Message& message = queue.messages[static_cast<std::size_t>(position)];
    // msgrcv.E.E2BIG — longer than the buffer, without MSG_NOERROR: it stays. POSIX [E2BIG]; Linux do_msgrcv.
    // msgrcv.E2BIG.nosearch — and no other is looked for.
    if (request.size < message.text.size() && (request.flags & MSG_NOERROR_) == 0) {
      why.insert(why.begin(), copies(view, request) ? "msgrcv.copy.E2BIG" : "msgrcv.E.E2BIG");
      if (queue.messages.size() > 1) why.push_back("msgrcv.E2BIG.nosearch");
      State next = view.state;
      leave_lists(next, view.actor);
      outcomes.push_back(answered(std::move(next), view.actor, Result::fail(Errno::e2big), std::move(why)));
      return;
    }
    outcomes.push_back(copies(view, request) ? copied(view, request, message, std::move(why))
                                             : taken(view, request, index, position, std::move(why)));
    return;
  }
  // msgrcv.E.ENOMSG — nothing qualifies and IPC_NOWAIT. POSIX [ENOMSG]; Linux do_msgrcv. msgrcv.order.ptr
  if (copies(view, request) || (request.flags & IPC_NOWAIT_)) {
    why.insert(why.begin(), copies(view, request) ? "msgrcv.copy.none" : "msgrcv.E.ENOMSG");
    if (!request.memory.valid) why.push_back("msgrcv.order.ptr");
    outcomes.push_back(failed(view, Errno::enomsg, std::move(why)));
    return;
  }
  outcomes.push_back(waits(view, index));
}

// wait.set.recv — a woken receiver tests its permission again and looks again, behind all who wait. Linux do_msgrcv.
Outcomes again(const View& view, const ReceiveRequest& request) {
  Outcomes outcomes;
  const QueueIndex index = view.self().waits_on;
  const Tri granted = grants(view, view.state.queue(index), Access::read);
  if (granted != Tri::yes) {
    State next = view.state;
    leave_lists(next, view.actor);
    outcomes.push_back(answered(std::move(next), view.actor, Result::fail(Errno::eacces), {"perm.recheck", "wait.set.recv", "msgrcv.E.EACCES"}));
    if (granted == Tri::no && view.profile.set_wakes == SetWakes::wakes_and_retests) return outcomes;
  }
  take(view, request, index, outcomes);
  for (Outcome& outcome : outcomes) outcome.clauses.push_back("wait.set.recv");
  return outcomes;
}

}  // namespace

Outcomes step(const View& view, const ReceiveRequest& request) {
  if (view.self().phase == Phase::receiving) return again(view, request);
  Outcomes outcomes;
  const bool extension = !view.profile.linux_extensions && (request.flags & (MSG_EXCEPT_ | MSG_COPY_));
  const bool pointer = view.profile.bad_pointers == BadPointers::undefined &&
                       (!request.memory.valid || !request.memory.writable || request.memory.text < request.size);
  if (extension || pointer) {
    outcomes.push_back(undefined(view, {extension ? "msgrcv.select.except" : "msgrcv.order.ptr"}));
    return outcomes;
  }
  if (may_succeed<ReceiveRequest>(view, request, checks, outcomes)) take(view, request, view.queue_of(request.id), outcomes);
  return outcomes;
}

}  // namespace svmq::model
