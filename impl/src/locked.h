// A queue with its lock held: repaired if the former owner died; released together with the wake-ups that the
// holder decided on, or, where the queue turned out to be damaged, as if nothing had been changed.
#pragma once

#include "namespace.h"
#include "queue.h"

namespace svmq {

class Locked {
 public:
  explicit Locked(Segment& segment, Side side = Side::receiving)
      : queue(&segment.shared(), static_cast<std::byte*>(segment.arena.address), segment.arena.size, side) {
    lock();
  }
  ~Locked() {
    if (held_) unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  void lock() {
    Head& head = queue.head();
    bool died = seam::acquire(head.lock) == seam::Acquired::owner_died;
    held_ = true;
    head.lock.change.set(head.lock.change.get() | 1);
    seam::order_stores();
    queue.space().begin();
    if (died && head.magic.get() == head_magic) queue.repair();
  }
  void unlock() {
    Head& head = queue.head();
    if (queue.damaged()) queue.space().undo();
    head.lock.change.publish(head.lock.change.get() + 1);
    wakeups.release(queue.space());
    held_ = false;
  }
  // Removed, or no queue any more because somebody has cut its file short.
  __attribute__((always_inline)) bool gone() const {
    return queue.head().state.removed.get() != 0 || queue.head().magic.get() != head_magic;
  }

  Queue queue;
  Wakeups wakeups;

 private:
  bool held_ = false;
};

// What the world may see of a queue.
struct Status {
  std::int32_t id;
  bool removed;
  Permission permission;
  std::uint64_t capacity, bytes, messages;
  std::int64_t sent_at, received_at, changed_at;
  std::int32_t sender, receiver;
};
// One consistent instant. Under the lock where we may take it; else without, and then a repair that is due
// shows.
Status status_of(Segment& segment);

// The memory of a removed queue, once nobody has anything to fetch from it. Every call that finds its queue
// removed asks.
void give_memory_back(Segment& segment);

}  // namespace svmq
