// A queue with its lock held: repairs it if the former owner died, wakes on release whom the holder decided
// on.
#pragma once

#include "namespace.h"
#include "queue.h"

namespace svmq {

class Locked {
 public:
  explicit Locked(Segment& segment)
      : queue(&segment.shared(), static_cast<std::byte*>(segment.arena.address),
              static_cast<std::uint32_t>(segment.arena.size / unit_size)) {
    lock();
  }
  ~Locked() {
    if (held_) unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  void lock() {
    bool died = seam::acquire(queue.head().lock) == seam::Acquired::owner_died;
    held_ = true;
    queue.head().change.fetch_or(1, std::memory_order_acq_rel);
    if (died && !gone()) queue.repair(wakeups);
  }
  void unlock() {
    queue.head().change.fetch_add(1, std::memory_order_release);
    wakeups.deliver_and_release(queue.head().lock);
    held_ = false;
  }
  // Removed, or no queue any more because somebody has cut its file short.
  bool gone() const {
    const volatile Head& head = queue.head();
    return head.removed != 0 || head.magic != head_magic;
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

// The memory of a removed queue, once nobody has anything to fetch from it. Every call that finds its queue removed asks.
void give_memory_back(Segment& segment);

}  // namespace svmq
