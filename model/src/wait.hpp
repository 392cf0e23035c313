// Waiting, hand-off and waking: section "waiting" of the catalogue.
#pragma once

#include "rule.hpp"

namespace svmq::model {

// Is there room for a message of this size, for this sender? maybe: the profile leaves it open. (room.cpp)
Tri has_room(const View& view, const Queue& queue, ActorIndex sender, std::uint64_t size);
Clauses why_room(const Queue& queue, std::uint64_t size);
// The message of a sender that was asleep has become longer than the queue's limit, which ends its wait.
// (room.cpp)
bool outgrown(const View& view, QueueIndex queue, const SendRequest& request);

// The message of the view's actor arrives at the queue, which has room: it is handed over or queued.
void deliver(const View& view, State& state, QueueIndex queue, Message message, Clauses& why);

// Can the buffer take these bytes of text?
bool takes(const Memory& memory, std::uint64_t count);
// What a receive that gets this message returns, unless its buffer cannot take it.
Result received(const ReceiveRequest& request, const Message& message, Clauses& why);
// A receive that fails. It may have written to its buffer.
Result receive_failure(const Profile& profile, const ReceiveRequest& request, Errno error);

// The first message that the request selects, as an index into queue.messages, or -1. (msgrcv_select.cpp)
int select(const View& view, const Queue& queue, const ReceiveRequest& request, Clauses& why);
// Would the request's selector accept a message of this type?
bool accepts(const View& view, const ReceiveRequest& request, std::int64_t type);
// The request is for a copy: MSG_COPY.
bool copies(const View& view, const ReceiveRequest& request);
// Too small for it, on pain of E2BIG.
bool too_small(const View& view, const ReceiveRequest& request, const Message& message);

// The actor falls asleep on the queue.
void sleep_sending(const Profile& profile, State& state, ActorIndex actor, QueueIndex queue);
void sleep_receiving(State& state, ActorIndex actor, QueueIndex queue);
// The actor stands on the queue's lists no more.
void leave_lists(State& state, ActorIndex actor);

// What counts of a permission test after the sleep. perm.recheck
Tri tested_again(const View& view, Tri granted);

// After room has appeared, every waiting sender whose own message would fit tries again. wait.snd.scan
void wake_senders(const View& view, State& state, QueueIndex queue);
// Every waiting receiver tries again. wait.set.recv
void wake_receivers(State& state, QueueIndex queue);
// One of the waiting receivers that would accept a message of this type tries again.
void wake_one_receiver(const View& view, State& state, QueueIndex queue, std::int64_t type);
// The queue is gone; all that wait for it fail. wait.rmid
void release_all(const View& view, State& state, QueueIndex queue);

// A sleeping sender that looks by itself from time to time would now go on.
bool polls_successfully(const View& view);

}  // namespace svmq::model
