#include "wait.hpp"

namespace svmq::model {
namespace {

constexpr std::uint64_t one_page = 4096;

void erase(std::vector<ActorIndex>& list, ActorIndex actor) { std::erase(list, actor); }

const ReceiveRequest& receive_of(const State& state, ActorIndex actor) {
  return std::get<ReceiveRequest>(*state.actor(actor).call);
}
const SendRequest& send_of(const State& state, ActorIndex actor) {
  return std::get<SendRequest>(*state.actor(actor).call);
}

// msgrcv.lrpid.thread: lrpid of who was handed a message: of the thread that waited. Linux pipelined_send.
Pid receiver_pid(const Profile& profile, const State& state, ActorIndex actor) {
  switch (profile.receiver_pid) {
    case ReceiverPid::thread_on_hand_off: return thread_id(state, actor);
    case ReceiverPid::process: return process_id(state, actor);
    case ReceiverPid::zero: break;
  }
  return {};
}

// wait.rcv.toosmall: a waiting receiver that matches but has too small a buffer fails with E2BIG at once.
// Linux pipelined_send; a choice the standard leaves.
void refuse(const View& view, State& state, ActorIndex receiver, Clauses& why) {
  why.add("wait.rcv.toosmall");
  answer(state, receiver, receive_failure(view.profile, receive_of(state, receiver), Errno::e2big),
         {"wait.rcv.toosmall"});
}

Clauses why_handed_over(const View& view, const State& state, ActorIndex receiver, QueueIndex index) {
  Clauses why{"msgsnd.ok.handoff", "wait.rcv.order", "wait.rcv.types", "wait.rcv.one", "wait.rcv.stamp"};
  if (thread_id(state, receiver) != process_id(state, receiver)) why.add("msgrcv.lrpid.thread");
  // perm.handoff: permission was tested when it began to wait. Linux pipelined_send.
  if (state.actor(receiver).woken) why.add("perm.handoff");
  // wait.rcv.signal.lose: handed its message before it noticed a signal, it returns the message. Linux
  // do_msgrcv.
  if (state.actor(receiver).interrupted) why.add("wait.rcv.signal.lose");
  // wait.rcv.vs.old: what is queued would not have done for it, or it would not wait. POSIX msgrcv().
  if (!view.state.queue(index).messages.empty()) why.add("wait.rcv.vs.old");
  // wait.rcv.noerror: with MSG_NOERROR a waiter takes any length, cut to its size. POSIX msgrcv(); Linux
  // pipelined_send.
  if (receive_of(state, receiver).flags & MSG_NOERROR_) why.add("wait.rcv.noerror");
  return why;
}

// msgsnd.ok.handoff: the receiver has the message, which never was in the queue. Linux pipelined_send.
// wait.rcv.stamp: the receiver's marks are set in the same step as the sender's. Linux pipelined_send.
void hand_over(const View& view, State& state, QueueIndex index, ActorIndex receiver, const Message& message,
               Clauses& why) {
  Queue& queue = state.change(index);
  queue.rtime = now(state, view.actor);
  queue.lrpid = receiver_pid(view.profile, state, receiver);
  Clauses because = why_handed_over(view, state, receiver, index);
  why.add(because);
  const ReceiveRequest& request = receive_of(state, receiver);
  Result result = received(request, message, because);
  // msgrcv.E.EFAULT.handoff: unless its buffer cannot take it; the sender has succeeded. Linux do_msgrcv.
  if (result.kind == Result::failure) because.add("msgrcv.E.EFAULT.handoff");
  answer(state, receiver, std::move(result), because);
}

// wait.rcv.order: the oldest waiting receiver whose selector accepts the message. Linux pipelined_send.
// wait.rcv.one: and no other. POSIX msgrcv(); Linux pipelined_send.
bool hand_off(const View& view, State& state, QueueIndex index, const Message& message, Clauses& why) {
  const std::vector<ActorIndex> waiting = state.queue(index).receivers;
  for (const ActorIndex actor : waiting) {
    if (!accepts(view, receive_of(state, actor), message.type)) continue;
    erase(state.change(index).receivers, actor);
    if (!too_small(view, receive_of(state, actor), message)) {
      hand_over(view, state, index, actor, message, why);
      return true;
    }
    refuse(view, state, actor, why);
  }
  return false;
}

}  // namespace

void deliver(const View& view, State& state, QueueIndex index, Message message, Clauses& why) {
  {
    Queue& queue = state.change(index);
    // msgsnd.lspid.proc: the process, whichever of its threads. POSIX msgsnd(); Linux do_msgsnd.
    queue.lspid = process_id(state, view.actor);
    // msgsnd.ok.stamp: who sent last, and when. POSIX msgsnd(); Linux do_msgsnd.
    queue.stime = now(state, view.actor);
  }
  why.add("msgsnd.ok.stamp");
  const bool receivers_wait = !state.queue(index).receivers.empty();
  if (view.profile.delivery == Delivery::hand_off && receivers_wait &&
      hand_off(view, state, index, message, why))
    return;
  // wait.rcv.toosmall.keep: what all of them were too small for is queued. POSIX msgsnd(); Linux do_msgsnd.
  if (why.has("wait.rcv.toosmall")) why.add("wait.rcv.toosmall.keep");
  // msgsnd.ok.enqueue: no waiting receiver takes it: at the tail. POSIX msgsnd(); Linux do_msgsnd.
  why.add("msgsnd.ok.enqueue");
  const std::int64_t type = message.type;
  Queue& queue = state.change(index);
  queue.cbytes += message.text.size();
  queue.messages.push_back(std::move(message));
  if (view.profile.delivery == Delivery::wake_all) {
    wake_receivers(state, index);
    if (view.profile.sender_wake == SenderWake::all)
      wake_senders(view, state, index);  // they sleep on the same channel
  }
  if (view.profile.delivery == Delivery::wake_one) wake_one_receiver(view, state, index, type);
}

bool takes(const Memory& memory, std::uint64_t count) {
  return memory.valid && memory.writable && memory.text >= count;
}

Result receive_failure(const Profile& profile, const ReceiveRequest& request, Errno error) {
  Result result = Result::fail(error);
  result.may_touch = profile.failed_receive == FailedReceive::type_overwritten && request.memory.valid &&
                     request.memory.writable;
  return result;
}

namespace {

// msgrcv.E.EFAULT.lost: the message is gone although the buffer cannot take it. Linux do_msgrcv, after the
// dequeue.
Result lost(const ReceiveRequest& request, Clauses& why) {
  why.add("msgrcv.E.EFAULT.lost");
  Result result = Result::fail(Errno::efault);
  // msgrcv.E.EFAULT.partial: its type, and what fits of its text, may have been stored. Linux do_msg_fill.
  result.may_touch = request.memory.valid && request.memory.writable;
  if (result.may_touch) why.add("msgrcv.E.EFAULT.partial");
  return result;
}

Clauses why_received(const ReceiveRequest& request, const Message& message, std::uint64_t count) {
  // msgrcv.ret: the number of bytes of text. POSIX msgrcv(); Linux do_msgrcv.
  // msgrcv.mtype: with the message's own type before them. POSIX msgrcv(); Linux do_msg_fill.
  Clauses why{"msgrcv.ret", "msgrcv.mtype"};
  // msgrcv.trunc: with MSG_NOERROR it is cut to msgsz, the rest is lost. POSIX msgrcv(); Linux do_msg_fill.
  // msgrcv.trunc.zero: to nothing, if msgsz is 0. POSIX msgrcv(); Linux do_msg_fill.
  if (count < message.text.size()) why.add(count == 0 ? Clause("msgrcv.trunc.zero") : Clause("msgrcv.trunc"));
  // msgrcv.empty: a message without text: 0. POSIX msgrcv(); Linux do_msgrcv.
  else if (count == 0)
    why.add("msgrcv.empty");
  // msgrcv.size.fit: one that fits, whole. POSIX msgrcv(); Linux do_msgrcv.
  else
    why.add("msgrcv.size.fit");
  // msgrcv.long: however many pages it fills. POSIX msgrcv(); Linux store_msg.
  if (count > one_page) why.add("msgrcv.long");
  // msgrcv.tail: the buffer behind it stays as it was. Linux store_msg.
  if (request.size > count) why.add("msgrcv.tail");
  return why;
}

}  // namespace

Result received(const ReceiveRequest& request, const Message& message, Clauses& why) {
  const std::uint64_t count = std::min(request.size, message.text.size());
  if (!takes(request.memory, count)) return lost(request, why);
  Result result = Result::of(static_cast<std::int64_t>(count));
  result.kind = Result::received;
  result.message = {message.type, message.text.first(count)};
  why.add(why_received(request, message, count));
  return result;
}

void sleep_sending(const Profile& profile, State& state, ActorIndex actor, QueueIndex index) {
  Queue& queue = state.change(index);
  queue.senders.push_back(actor);
  if (profile.queue_lock == QueueLock::first_sleeper && queue.lock < 0) queue.lock = actor;
  Actor& self = state.actor(actor);
  self.phase = Phase::sending;
  self.woken = false;
  self.waits_on = index;
}

void sleep_receiving(State& state, ActorIndex actor, QueueIndex queue) {
  state.change(queue).receivers.push_back(actor);
  Actor& self = state.actor(actor);
  self.phase = Phase::receiving;
  self.woken = false;
  self.waits_on = queue;
}

void leave_lists(State& state, ActorIndex actor) {
  const QueueIndex index = state.actor(actor).waits_on;
  if (index < 0) return;
  Queue& queue = state.change(index);
  erase(queue.senders, actor);
  erase(queue.receivers, actor);
  if (queue.lock == actor) queue.lock = -1;
  state.actor(actor).waits_on = -1;
}

// perm.recheck: permission is tested afresh after the sleep. Linux do_msgsnd, do_msgrcv. The standard is
// silent.
Tri tested_again(const View& view, Tri granted) {
  if (view.profile.recheck == Recheck::never) return Tri::yes;
  return granted == Tri::no && view.profile.recheck == Recheck::may ? Tri::maybe : granted;
}

// wait.snd.scan: every waiting sender whose own message fits now tries again. Linux ss_wakeup.
void wake_senders(const View& view, State& state, QueueIndex index) {
  const Queue& queue = state.queue(index);
  for (const ActorIndex actor : queue.senders)
    if (view.profile.sender_wake == SenderWake::all ||
        has_room(view, queue, actor, send_of(state, actor).size) != Tri::no)
      state.actor(actor).woken = true;
}

void wake_receivers(State& state, QueueIndex index) {
  for (const ActorIndex actor : state.queue(index).receivers) state.actor(actor).woken = true;
}

void wake_one_receiver(const View& view, State& state, QueueIndex index, std::int64_t type) {
  std::vector<ActorIndex> candidates;
  for (const ActorIndex actor : state.queue(index).receivers)
    if (!state.actor(actor).woken && accepts(view, receive_of(state, actor), type))
      candidates.push_back(actor);
  if (!candidates.empty()) state.actor(candidates[view.pick(2, candidates.size())]).woken = true;
}

// wait.rmid: all that wait for the queue fail with EIDRM. POSIX [EIDRM]; Linux freeque, expunge_all,
// ss_wakeup.
void release_all(const View& view, State& state, QueueIndex index) {
  std::vector<ActorIndex> waiting = state.queue(index).receivers;
  waiting.insert(waiting.end(), state.queue(index).senders.begin(), state.queue(index).senders.end());
  const bool may_stay = view.profile.stop == Stop::either || view.profile.stop == Stop::any;
  for (const ActorIndex actor : waiting) {
    leave_lists(state, actor);
    if (may_stay && state.process_of(actor).running != Running::yes) {
      state.actor(actor).phase = Phase::entered;  // as it was waiting, or as it begins anew
      state.actor(actor).restarted = true;
      state.actor(actor).found = index;
      continue;
    }
    const bool einval =
        view.profile.removed_sleeper == RemovedSleeper::eidrm_or_einval && view.pick(16 + actor, 2) == 1;
    answer(state, actor, Result::fail(einval ? Errno::einval : Errno::eidrm), {"wait.rmid"});
  }
}

}  // namespace svmq::model
