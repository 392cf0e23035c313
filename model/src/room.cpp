// msgsnd.room.*: is there room for a message?
#include "wait.hpp"

namespace svmq::model {
namespace {

constexpr std::uint64_t pool_headers = 40, pool_segments = 2048,
                        segment_bytes = 8;  // sysv_msg.c MSGTQL, MSGSEG, MSGSSZ

bool bytes_fit(const View& view, const Queue& queue, std::uint64_t size) {
  if (queue.cbytes > queue.qbytes && view.ask(view.profile.overfull) == Overfull::wraps_round) return true;
  return size <= queue.qbytes && queue.cbytes <= queue.qbytes - size;
}

std::uint64_t segments(std::uint64_t size) { return size / segment_bytes + (size % segment_bytes != 0); }

// Headers and segments that all queues share.
bool pool_has_room(const State& state, std::uint64_t size) {
  std::uint64_t headers = 1, used = segments(size);
  for (const Cow<Queue>& queue : state.queues) {
    headers += queue->messages.size();
    for (const Message& message : queue->messages) used += segments(message.text.size());
  }
  return headers <= pool_headers && used <= pool_segments;
}

// Between Linux's conditions and the standard's words, "bytes equal to msg_qbytes" and a system-wide number
// of messages.
Tri between_readings(const Queue& queue, bool bytes, bool count) {
  if (bytes && count && queue.cbytes < queue.qbytes) return Tri::yes;
  if (queue.cbytes >= queue.qbytes && !(bytes && count)) return Tri::no;
  return Tri::maybe;
}

}  // namespace

// msgsnd.room: bytes and number of messages are both bounded by msg_qbytes. Linux msg_fits_inqueue.
Tri has_room(const View& view, const Queue& queue, ActorIndex sender, std::uint64_t size) {
  if (queue.lock >= 0 && queue.lock != sender) return Tri::no;
  const bool bytes = bytes_fit(view, queue, size);
  const bool count = queue.messages.size() + 1 <= queue.qbytes;
  switch (view.profile.room) {
    case Room::bytes_and_count: return when(bytes && count);
    case Room::envelope: return between_readings(queue, bytes, count);
    case Room::bytes_and_pool: return when(bytes && pool_has_room(view.state, size));
    // No pool is known to be smaller than the oldest one's.
    case Room::bytes_and_unknown_count:
      return !bytes ? Tri::no : pool_has_room(view.state, size) ? Tri::yes : Tri::maybe;
  }
  return Tri::no;
}

Clauses why_room(const Queue& queue, std::uint64_t size) {
  Clauses why{"msgsnd.room"};
  // msgsnd.room.count: msg_qbytes bounds the number of messages too. Linux msg_fits_inqueue.
  if (queue.messages.size() + 1 > queue.qbytes && queue.qbytes > 0) why.add("msgsnd.room.count");
  // msgsnd.room.zero: a limit of 0 admits nothing, be it empty. Linux msg_fits_inqueue.
  if (queue.qbytes == 0) why.add("msgsnd.room.zero");
  // msgsnd.room.empty: an empty message fits where no byte is left. Linux msg_fits_inqueue.
  if (size == 0 && queue.cbytes >= queue.qbytes && queue.qbytes > 0) why.add("msgsnd.room.empty");
  // msgsnd.room.oversize: longer than the queue's limit: no error, but no room either. Linux
  // msg_fits_inqueue.
  if (size > queue.qbytes) why.add("msgsnd.room.oversize");
  // msgsnd.room.overfull: nor is there any while more is queued than may be. Linux msg_fits_inqueue.
  if (queue.cbytes > queue.qbytes) why.add("msgsnd.room.overfull");
  return why;
}

bool outgrown(const View& view, QueueIndex queue, const SendRequest& request) {
  return request.size > view.state.queue(queue).qbytes &&
         view.ask(view.profile.shrunk_limit) == ShrunkLimit::fails;
}

bool polls_successfully(const View& view) {
  const Actor& self = view.self();
  if (view.profile.set_wakes != SetWakes::senders_poll || self.phase != Phase::sending || self.woken)
    return false;
  const auto& request = std::get<SendRequest>(*self.call);
  const Queue& queue = view.state.queue(self.waits_on);
  return outgrown(view, self.waits_on, request) || has_room(view, queue, view.actor, request.size) != Tri::no;
}

}  // namespace svmq::model
