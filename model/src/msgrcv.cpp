// msgrcv(): POSIX.1-2017 XSH msgrcv; Linux ipc/msg.c ksys_msgrcv, do_msgrcv.
#include "identifier.hpp"
#include "permission.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

constexpr std::uint64_t type_word = 8;  // bytes of a long in front of the text

// msgrcv.order.ptr: the buffer is looked at last; here: first, where a profile has that. Linux do_msgrcv.
Tri header_fault(const View& v, const ReceiveRequest& r) {
  return when((!r.memory.valid || !r.memory.writable) &&
              v.ask(v.profile.receive_pointer) == ReceivePointer::fault_first);
}

// A negative identifier: id.negative.
Tri negative(const View& v, const ReceiveRequest& r) { return when(r.id < 0 && v.queue_of(r.id) < 0); }

// msgrcv.E.EINVAL.size: a size with the sign bit set. Linux do_msgrcv; above SSIZE_MAX
// implementation-defined.
Tri too_large(const View& v, const ReceiveRequest& r) {
  const HugeReceive huge = v.profile.huge_receive;
  if (huge == HugeReceive::above_msgmax && r.size > static_cast<std::uint64_t>(v.space().limits.msgmax))
    return Tri::yes;
  if (r.size <= INT64_MAX || huge == HugeReceive::accepted) return Tri::no;
  return huge == HugeReceive::either ? Tri::maybe : Tri::yes;
}

// msgrcv.copy.need: MSG_COPY asks for IPC_NOWAIT and not for MSG_EXCEPT. Linux do_msgrcv.
Tri copy_flags(const View& v, const ReceiveRequest& r) {
  return when(copies(v, r) && ((r.flags & MSG_EXCEPT_) != 0 || (r.flags & IPC_NOWAIT_) == 0));
}

// msgrcv.copy.reads: the buffer of a MSG_COPY is read first. Linux prepare_copy, load_msg.
Tri copy_unreadable(const View& v, const ReceiveRequest& r) {
  if (v.profile.copy != Copy::copies) return Tri::no;
  const std::uint64_t reads = std::min(r.size, static_cast<std::uint64_t>(v.space().limits.msgmax));
  const std::uint64_t readable = !r.memory.valid                          ? 0
                                 : r.memory.text > UINT64_MAX - type_word ? UINT64_MAX
                                                                          : r.memory.text + type_word;
  return when(copies(v, r) && readable < reads);
}

// msgrcv.E.EINVAL.id: no such queue. POSIX [EINVAL]; Linux msq_obtain_object_check.
Tri unknown(const View& v, const ReceiveRequest& r) { return when(v.queue_of(r.id) < 0); }

// msgrcv.E.EIDRM.race: removed between its look-up and its lock. POSIX [EIDRM]; Linux do_msgrcv.
Tri removed(const View& v, const ReceiveRequest& r) { return is_removed(v, r.id); }

// msgrcv.E.EACCES: no permission to read. POSIX [EACCES]; Linux do_msgrcv.
Tri forbidden(const View& v, const ReceiveRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  return q < 0 ? Tri::no : denied(grants(v, v.state.queue(q), Access::read));
}

constexpr Check<ReceiveRequest> checks[] = {
    {"msgrcv.order.ptr", Errno::efault, header_fault},     {"id.negative", Errno::einval, negative},
    {"msgrcv.E.EINVAL.size", Errno::einval, too_large},    {"msgrcv.copy.need", Errno::einval, copy_flags},
    {"msgrcv.copy.reads", Errno::efault, copy_unreadable}, {"msgrcv.E.EIDRM.race", Errno::eidrm, removed},
    {"msgrcv.E.EINVAL.id", Errno::einval, unknown},        {"msgrcv.E.EACCES", Errno::eacces, forbidden},
};

Outcome gives_up(const View& view, const ReceiveRequest& request, Errno error, Clauses why) {
  State next = view.state;
  leave_lists(next, view.actor);
  return answered(std::move(next), view.actor, receive_failure(view.profile, request, error), std::move(why));
}

// Longer than the scratch copy: with MSG_NOERROR that is no excuse.
// msgrcv.copy.notrunc: a copy is never cut to the buffer: EINVAL. Linux copy_msg.
// msgrcv.copy.EINVAL.max: nor is one made of a message above msgmax. Linux prepare_copy, copy_msg.
Clause why_no_copy(const ReceiveRequest& request, const Message& message) {
  return message.text.size() > request.size ? Clause("msgrcv.copy.notrunc")
                                            : Clause("msgrcv.copy.EINVAL.max");
}

Outcome copied(const View& view, const ReceiveRequest& request, const Message& message, Clauses why) {
  ReceiveRequest whole = request;
  if (view.profile.copy == Copy::any_length) whole.size = std::max(whole.size, message.text.size());
  const std::uint64_t scratch = std::min(whole.size, static_cast<std::uint64_t>(view.space().limits.msgmax));
  // msgrcv.copy.nostate: a copy is returned, and nothing changes. Linux copy_msg.
  // msgrcv.copy.perm: to whom may read. Linux do_msgrcv.
  why.add({"msgrcv.copy.nostate", "msgrcv.copy.perm"});
  if (view.profile.copy == Copy::copies && message.text.size() > scratch) {
    why.add(why_no_copy(request, message));
    return gives_up(view, request, Errno::einval, std::move(why));
  }
  Clauses because;
  Result result = received(whole, message, because);
  // msgrcv.copy.fault: the buffer cannot take it: EFAULT, and the message stays. Linux do_msg_fill.
  if (result.kind == Result::failure)
    why.add("msgrcv.copy.fault");
  else
    why.add(because);
  return answered(view.state, view.actor, std::move(result), std::move(why));
}

bool delivers(const View& view, const ReceiveRequest& request, const Message& message) {
  return takes(request.memory, std::min(request.size, message.text.size())) ||
         view.ask(view.profile.faulting_receive) == FaultingReceive::lost;
}

Clauses why_taken(const View& view, const ReceiveRequest& request, const Queue& queue,
                  const Message& message) {
  Clauses why{"msgrcv.ok.state"};
  // msgrcv.ok.wake: senders that now fit try again. Linux do_msgrcv, ss_wakeup.
  if (!queue.senders.empty()) why.add({"msgrcv.ok.wake", "wait.snd.scan"});
  if (std::ranges::any_of(queue.senders, [&](ActorIndex a) { return view.state.actor(a).interrupted; }))
    why.add("wait.snd.signal.first");
  // msgrcv.lowlimit: what was sent before msgmax fell is received. Linux do_msgrcv.
  if (message.text.size() > static_cast<std::uint64_t>(view.space().limits.msgmax))
    why.add("msgrcv.lowlimit");
  if (request.size > INT64_MAX) why.add("msgrcv.E.EINVAL.size");
  return why;
}

// msgrcv.ok.state: the message leaves the queue, and who took it when is recorded. POSIX msgrcv(); Linux
// do_msgrcv.
Outcome taken(const View& view, const ReceiveRequest& request, QueueIndex index, int position, Clauses why) {
  State next = view.state;
  leave_lists(next, view.actor);
  Queue& queue = next.change(index);
  const Message message = queue.messages[static_cast<std::size_t>(position)];
  why.add(why_taken(view, request, view.state.queue(index), message));
  Result result = received(request, message, why);
  queue.messages.erase(queue.messages.begin() + position);
  const std::uint64_t delivered = std::min<std::uint64_t>(request.size, message.text.size());
  queue.cbytes -= view.profile.truncated_bytes == TruncatedBytes::whole ? message.text.size() : delivered;
  queue.rtime = now(next, view.actor);
  if (view.profile.receiver_pid != ReceiverPid::zero) queue.lrpid = process_id(next, view.actor);
  wake_senders(view, next, index);
  return answered(std::move(next), view.actor, std::move(result), std::move(why));
}

// msgrcv.block: nothing qualifies: wait. POSIX msgrcv(); Linux do_msgrcv.
Outcome waits(const View& view, QueueIndex index) {
  State next = view.state;
  leave_lists(next, view.actor);
  sleep_receiving(next, view.actor, index);
  return {std::move(next), {"msgrcv.block"}};
}

// msgrcv.E.E2BIG: longer than the buffer, without MSG_NOERROR: it stays. POSIX [E2BIG]; Linux do_msgrcv.
// msgrcv.copy.E2BIG: a copy of it likewise. Linux do_msgrcv.
// msgrcv.E2BIG.nosearch: and no other is looked for. POSIX msgrcv(); Linux do_msgrcv.
// msgrcv.fail.buffer: a receive that fails leaves the buffer as it was. Linux do_msgrcv.
Outcome refused(const View& view, const ReceiveRequest& request, QueueIndex index, const Message& message,
                Clauses why) {
  why.add(copies(view, request) ? Clause("msgrcv.copy.E2BIG") : Clause("msgrcv.E.E2BIG"));
  why.add("msgrcv.fail.buffer");
  if (view.state.queue(index).messages.size() > 1) why.add("msgrcv.E2BIG.nosearch");
  if (!request.memory.valid) why.add("msgrcv.order.ptr");
  Outcome outcome = gives_up(view, request, Errno::e2big, std::move(why));
  // The one receiver that was woken for the message passes its wake-up on.
  if (view.profile.delivery == Delivery::wake_one && view.self().woken)
    wake_one_receiver(view, outcome.next, index, message.type);
  return outcome;
}

// msgrcv.E.ENOMSG: nothing qualifies and IPC_NOWAIT. POSIX [ENOMSG]; Linux do_msgrcv.
// msgrcv.copy.none: nothing is at that position. Linux do_msgrcv.
Outcome nothing(const View& view, const ReceiveRequest& request, Clauses why) {
  why.add(copies(view, request) ? Clause("msgrcv.copy.none") : Clause("msgrcv.E.ENOMSG"));
  why.add("msgrcv.fail.buffer");
  if (!request.memory.valid) why.add("msgrcv.order.ptr");
  return gives_up(view, request, Errno::enomsg, std::move(why));
}

// Admitted to the queue: is there a message?
void take(const View& view, const ReceiveRequest& request, QueueIndex index, Outcomes& outcomes) {
  const Queue& queue = view.state.queue(index);
  Clauses why;
  const int position = select(view, queue, request, why);
  why.add(why_granted(view, queue, Access::read));
  // msgrcv.flags.ignored: other bits mean nothing. Linux do_msgrcv.
  if (request.flags & ~(IPC_NOWAIT_ | MSG_NOERROR_ | MSG_EXCEPT_ | MSG_COPY_))
    why.add({"msgrcv.flags.ignored", "gen.flags.ignored"});
  if (position < 0) {
    const bool sleeps = !copies(view, request) && !(request.flags & IPC_NOWAIT_);
    outcomes.push_back(sleeps ? waits(view, index) : nothing(view, request, std::move(why)));
    return;
  }
  const Message& message = queue.messages[static_cast<std::size_t>(position)];
  if (copies(view, request) ? view.profile.copy == Copy::copies && request.size < message.text.size() &&
                                  !(request.flags & MSG_NOERROR_)
                            : too_small(view, request, message))
    outcomes.push_back(refused(view, request, index, message, std::move(why)));
  else if (copies(view, request))
    outcomes.push_back(copied(view, request, message, std::move(why)));
  else if (delivers(view, request, message))
    outcomes.push_back(taken(view, request, index, position, std::move(why)));
  else
    outcomes.push_back(gives_up(view, request, Errno::efault, {"msgrcv.E.EFAULT.lost"}));
}

// What it shows that a receiver was asleep before.
Clauses why_awake(const View& view, const ReceiveRequest& request, const Result* result) {
  Clauses why{"wait.set.recv"};
  if (!result) return why;
  if (result->error == Errno::e2big) why.add({"wait.rcv.toosmall", "wait.rcv.toosmall.keep"});
  if (result->kind != Result::received) return why;
  why.add({"wait.rcv.types", "wait.rcv.one"});
  if (request.flags & MSG_NOERROR_) why.add("wait.rcv.noerror");
  if (view.self().interrupted) why.add("wait.rcv.signal.lose");
  return why;
}

// Between leaving the list and looking it holds no lock: who sends or removes then finds
// nobody waiting. Linux do_msgrcv.
Outcome leaves_the_list(const View& view) {
  State next = view.state;
  const QueueIndex index = view.self().waits_on;
  leave_lists(next, view.actor);
  Actor& self = next.actor(view.actor);
  self.phase = Phase::entered;  // and woken: not a call that begins
  self.found = index;
  return {std::move(next), {"wait.set.recv"}};
}

bool looks_unlocked(const Profile& profile) {
  const bool wakes =
      profile.set_wakes == SetWakes::wakes_and_retests || profile.set_wakes == SetWakes::may_retest;
  return wakes && profile.recheck != Recheck::never;
}

// wait.set.recv: a woken receiver tests its permission again and looks again, behind all who wait. Linux
// do_msgrcv.
Outcomes again(const View& view, const ReceiveRequest& request) {
  Outcomes outcomes;
  const QueueIndex index = view.self().waits_on;
  const Tri granted = tested_again(view, grants(view, view.state.queue(index), Access::read));
  if (granted != Tri::yes)
    outcomes.push_back(
        gives_up(view, request, Errno::eacces, {"perm.recheck", "wait.set.recv", "msgrcv.E.EACCES"}));
  if (granted != Tri::no) take(view, request, index, outcomes);
  for (Outcome& outcome : outcomes) {
    const Actor& self = outcome.next.actor(view.actor);
    credit(outcome, view.actor,
           why_awake(view, request, self.phase == Phase::returning ? self.result.get() : nullptr));
  }
  if (looks_unlocked(view.profile)) outcomes.push_back(leaves_the_list(view));
  return outcomes;
}

// What a failure shows besides its own clause.
Clauses also(const View& view, const ReceiveRequest& request, Errno error) {
  const QueueIndex index = view.queue_of(request.id);
  Clauses why;
  if (error != Errno::efault) why.add("msgrcv.fail.buffer");
  if (error == Errno::einval && index < 0) why.add(why_unknown(view, request.id));
  if (error != Errno::eacces || index < 0) return why;
  why.add("perm.read.for");
  why.add(why_class(view, view.state.queue(index)));
  if (copies(view, request)) why.add("msgrcv.copy.perm");
  return why;
}

// The profile leaves open what becomes of such a call.
bool leaves_the_profile(const View& view, const ReceiveRequest& request) {
  if (view.profile.except == Except::undefined && request.flags & MSG_EXCEPT_) return true;
  if (view.profile.copy == Copy::undefined && request.flags & MSG_COPY_) return true;
  return view.profile.bad_pointers == BadPointers::undefined && !takes(request.memory, request.size);
}

}  // namespace

Outcomes step(const View& view, const ReceiveRequest& request) {
  if (view.self().phase == Phase::receiving) return again(view, request);
  Outcomes outcomes;
  if (leaves_the_profile(view, request)) {
    const bool pointer =
        view.profile.bad_pointers == BadPointers::undefined && !takes(request.memory, request.size);
    outcomes.push_back(
        undefined(view, {pointer ? Clause("msgrcv.order.ptr") : Clause("msgrcv.select.except")}));
    return outcomes;
  }
  const bool success = may_succeed<ReceiveRequest>(view, request, checks, outcomes);
  for (Outcome& outcome : outcomes) {
    Result result = *outcome.next.actor(view.actor).result;
    credit(outcome, view.actor, also(view, request, result.error));
    result.may_touch = receive_failure(view.profile, request, result.error).may_touch;
    outcome.next.actor(view.actor).result = std::make_shared<const Result>(std::move(result));
  }
  if (success) take(view, request, view.queue_of(request.id), outcomes);
  return outcomes;
}

}  // namespace svmq::model
