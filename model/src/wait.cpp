#include "wait.hpp"

namespace svmq::model {
namespace {

void erase(std::vector<ActorIndex>& list, ActorIndex actor) { std::erase(list, actor); }

const ReceiveRequest& receive_of(const State& state, ActorIndex actor) { return std::get<ReceiveRequest>(*state.actor(actor).call); }
const SendRequest& send_of(const State& state, ActorIndex actor) { return std::get<SendRequest>(*state.actor(actor).call); }

// wait.rcv.toosmall — a waiting receiver that matches but has too small a buffer fails with E2BIG at once.
// Linux pipelined_send; a choice the standard leaves.
bool too_small(const ReceiveRequest& request, const Message& message) {
  return request.size < message.text.size() && (request.flags & MSG_NOERROR_) == 0;
}

// wait.rcv.order, wait.rcv.one, wait.rcv.types — the oldest waiting receiver whose selector accepts the message gets it.
// wait.rcv.stamp — the receiver's marks are set in the same step; msgrcv.lrpid.thread — as the thread that waited.
// Linux pipelined_send.
bool hand_off(const Profile& profile, State& state, ActorIndex sender, QueueIndex index, const Message& message, Clauses& why) {
  const std::vector<ActorIndex> waiting = state.queue(index).receivers;
  for (const ActorIndex actor : waiting) {
    const ReceiveRequest& request = receive_of(state, actor);
    if (!accepts(request, message.type)) continue;
    erase(state.change(index).receivers, actor);
    if (too_small(request, message)) {
      why.push_back("wait.rcv.toosmall");
      answer(state, actor, Result::fail(Errno::e2big), {"wait.rcv.toosmall"});
      continue;
    }
    Queue& queue = state.change(index);
    queue.rtime = now(state, sender);
    queue.lrpid = profile.receiver_pid == ReceiverPid::thread_on_hand_off ? thread_id(state, actor) : process_id(state, actor);
    Clauses because{"msgsnd.ok.handoff", "wait.rcv.order", "wait.rcv.types", "wait.rcv.one", "wait.rcv.stamp"};
    if (thread_id(state, actor) != process_id(state, actor)) because.push_back("msgrcv.lrpid.thread");
    if (state.actor(actor).woken) because.push_back("perm.handoff");
    why.insert(why.end(), because.begin(), because.end());
    Result result = received(request, message, because);
    if (result.kind == Result::failure) because.push_back("msgrcv.E.EFAULT.handoff");
    if (request.flags & MSG_NOERROR_) because.push_back("wait.rcv.noerror");
    answer(state, actor, std::move(result), std::move(because));
    return true;
  }
  return false;
}

}  // namespace

// msgsnd.room — bytes and number of messages are both bounded by msg_qbytes. Linux msg_fits_inqueue.
// The standard names "bytes equal to msg_qbytes" and a system-wide number of messages: where that literal reading and
// Linux's differ, either is allowed.
Tri has_room(const Profile& profile, const Queue& queue, std::uint64_t size) {
  const bool bytes = size <= queue.qbytes && queue.cbytes <= queue.qbytes - size;
  const bool count = queue.messages.size() + 1 <= queue.qbytes;
  if (profile.room == Room::bytes_and_count) return when(bytes && count);
  if (bytes && count && queue.cbytes < queue.qbytes) return Tri::yes;
  if (queue.cbytes >= queue.qbytes && !(bytes && count)) return Tri::no;
  return Tri::maybe;
}

Clauses why_room(const Queue& queue, std::uint64_t size) {
  Clauses why{"msgsnd.room"};
  if (queue.messages.size() + 1 > queue.qbytes && queue.qbytes > 0) why.push_back("msgsnd.room.count");
  if (queue.qbytes == 0) why.push_back("msgsnd.room.zero");
  if (size == 0 && queue.cbytes >= queue.qbytes && queue.qbytes > 0) why.push_back("msgsnd.room.empty");
  if (size > queue.qbytes) why.push_back("msgsnd.room.oversize");
  if (queue.cbytes > queue.qbytes) why.push_back("msgsnd.room.overfull");
  return why;
}

void deliver(const Profile& profile, State& state, ActorIndex sender, QueueIndex index, Message message, Clauses& why) {
  {
    Queue& queue = state.change(index);
    queue.lspid = process_id(state, sender);  // msgsnd.lspid.proc
    queue.stime = now(state, sender);
  }
  why.push_back("msgsnd.ok.stamp");
  if (profile.delivery == Delivery::hand_off && hand_off(profile, state, sender, index, message, why)) return;
  if (std::ranges::find(why, std::string_view("wait.rcv.toosmall"), &Clause::id) != why.end()) why.push_back("wait.rcv.toosmall.keep");
  why.push_back("msgsnd.ok.enqueue");
  Queue& queue = state.change(index);
  queue.cbytes += message.text.size();
  queue.messages.push_back(std::move(message));
  if (profile.delivery == Delivery::wake_all) wake_receivers(state, index);
}

Result received(const ReceiveRequest& request, const Message& message, Clauses& why) {
  const std::uint64_t count = std::min(request.size, message.text.size());
  // msgrcv.E.EFAULT.lost — the message is gone although the buffer cannot take it. Linux do_msgrcv, after the dequeue.
  if (!request.memory.valid || !request.memory.writable || request.memory.text < count) {
    why.push_back("msgrcv.E.EFAULT.lost");
    Result result = Result::fail(Errno::efault);
    result.may_touch = request.memory.valid && request.memory.writable;
    if (result.may_touch) why.push_back("msgrcv.E.EFAULT.partial");
    return result;
  }
  Result result = Result::of(static_cast<std::int64_t>(count));
  result.kind = Result::received;
  result.message = {message.type, message.text.first(count)};
  why.push_back("msgrcv.ret");
  why.push_back("msgrcv.mtype");
  if (count < message.text.size()) why.push_back(count == 0 ? "msgrcv.trunc.zero" : "msgrcv.trunc");
  else if (count == 0) why.push_back("msgrcv.empty");
  else why.push_back("msgrcv.size.fit");
  if (request.size > count) why.push_back("msgrcv.tail");
  return result;
}

void sleep_sending(State& state, ActorIndex actor, QueueIndex queue) {
  state.change(queue).senders.push_back(actor);
  Actor& self = state.actor(actor);
  self.phase = Phase::sending;
  self.woken = false;
  self.waits_on = queue;
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
  state.actor(actor).waits_on = -1;
}

void wake_senders(const Profile& profile, State& state, QueueIndex index) {
  for (const ActorIndex actor : state.queue(index).senders)
    if (has_room(profile, state.queue(index), send_of(state, actor).size) != Tri::no) state.actor(actor).woken = true;
}

void wake_receivers(State& state, QueueIndex index) {
  for (const ActorIndex actor : state.queue(index).receivers) state.actor(actor).woken = true;
}

void release_all(const Profile& profile, State& state, QueueIndex index) {
  std::vector<ActorIndex> waiting = state.queue(index).receivers;
  waiting.insert(waiting.end(), state.queue(index).senders.begin(), state.queue(index).senders.end());
  for (const ActorIndex actor : waiting) {
    leave_lists(state, actor);
    if (profile.stop == Stop::either && state.process_of(actor).running != Running::yes) {
      state.actor(actor).phase = Phase::entered;  // wait.sig.stop.rmid: as it was waiting, or as it begins anew
      state.actor(actor).found = index;
      continue;
    }
    answer(state, actor, Result::fail(Errno::eidrm), {"wait.rmid"});
  }
}

}  // namespace svmq::model
