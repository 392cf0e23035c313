// Waiting, hand-off and waking: section "waiting" of the catalogue.
#pragma once

#include "rule.hpp"

namespace svmq::model {

// Is there room for a message of this size? maybe: the profile leaves it open.
Tri has_room(const Profile& profile, const Queue& queue, std::uint64_t size);
Clauses why_room(const Queue& queue, std::uint64_t size);

// The message arrives at the queue, which has room: it is handed over or queued.
void deliver(const Profile& profile, State& state, ActorIndex sender, QueueIndex queue, Message message, Clauses& why);

// What a receive that gets this message returns; the message is gone whatever that is.
Result received(const ReceiveRequest& request, const Message& message, Clauses& why);

// The first message that the request selects, as an index into queue.messages, or -1. (msgrcv_select.cpp)
int select(const View& view, const Queue& queue, const ReceiveRequest& request, Clauses& why);
// Would the request's selector accept a message of this type?
bool accepts(const ReceiveRequest& request, std::int64_t type);

// The actor falls asleep on the queue.
void sleep_sending(State& state, ActorIndex actor, QueueIndex queue);
void sleep_receiving(State& state, ActorIndex actor, QueueIndex queue);
// The actor stands on the queue's lists no more.
void leave_lists(State& state, ActorIndex actor);

// wait.snd.scan: after room has appeared, every waiting sender whose own message would fit tries again.
void wake_senders(const Profile& profile, State& state, QueueIndex queue);
// wait.set.recv: every waiting receiver tries again.
void wake_receivers(State& state, QueueIndex queue);
// wait.rmid: the queue is gone; all that wait for it fail.
void release_all(const Profile& profile, State& state, QueueIndex queue);

}  // namespace svmq::model
