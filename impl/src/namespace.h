// The namespace a process is in, and the queues of it that the process has mapped.
//
// Process-wide, thread-safe, usable in children after fork. A mapping stays while it is pinned, by a seat
// (thread.h) or by a call (Attached), and is kept for later calls until the queue is removed. A namespace
// that the process has left is unmapped when nothing of it is pinned.
#pragma once

#include <limits.h>

#include <atomic>

#include "files.h"
#include "layout.h"
#include "registry.h"
#include "thread.h"

namespace svmq {

class Namespace;

struct Segment {
  files::Mapping head, arena;  // arena empty where the caller's user may not open it
  std::int32_t id;
  std::uint64_t generation;
  Namespace* home;
  std::atomic<int> pins;
  Segment* next;  // of all that are mapped

  Head& shared() const { return *static_cast<Head*>(head.address); }
  bool usable() const { return head.writable && arena.address != nullptr; }
  bool removed() const { return shared().state.removed.get() != 0 || shared().magic.get() != head_magic; }
};

class Namespace {
 public:
  static bool is_present(const Namespace* one) {
    return present.load(std::memory_order_relaxed) == one && one->registry().removed.get() == 0;
  }
  static int enter(const char* path);   // 0 or an errno
  static int remove(const char* path);  // 0 or -errno
  static void begin_process();          // the first call in it, or the first after a fork

  Registry& registry() const { return *static_cast<Registry*>(registry_.address); }
  std::uint32_t owner() const { return owner_; }
  const char* path() const { return path_; }

  // Makes the queue's files and publishes it. The registry's lock is held.
  int create(std::int32_t key, unsigned mode, std::uint32_t uid, std::uint32_t gid);     // id or -errno
  int protect(std::int32_t id, std::uint64_t generation, const Permission& permission);  // 0 or an errno
  // Takes a removed queue out of the registry and deletes its files.
  void forget(std::int32_t id, std::uint64_t generation);
  void clear_away();  // what the registry's last owner left by dying; its lock is held

  // Pinned. -errno by way of `error`: EINVAL (no such queue), ENOMEM.
  Segment* attach(std::int32_t id, int& error);
  Segment* attach_index(std::uint32_t index, int& error);

 private:
  friend class Visit;
  static std::atomic<Namespace*> present;
  static Namespace* visit();  // the one that this process uses; nullptr with errno ENOSYS or ENOMEM

  int open(const char* path, bool by_default);
  files::Descriptor directory() const;
  Segment* map(std::int32_t id, std::uint64_t generation, int& error);
  void unmap(Segment* segment);
  void unmap_unpinned(bool all);  // else only those that cannot be found any more
  bool pinned() const;
  void close();

  char path_[PATH_MAX];
  bool by_default_;
  std::uint32_t owner_;
  std::uint64_t device_, inode_;
  Namespace* older_;  // one that this process was in before
  std::atomic<int> visitors_;
  files::Mapping registry_;  // empty: closed, free for use
  Segment** segments_;       // by index
  std::size_t mapped_count_, tidy_at_;
  Segment* mapped_;  // all, also those that are no longer found, but pinned
};

// The namespace of the process, kept from being closed for as long as a call needs it.
class Visit {
 public:
  Visit() : home_(Namespace::visit()) {}
  ~Visit() {
    if (home_ != nullptr) home_->visitors_.fetch_sub(1);
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  explicit operator bool() const { return home_ != nullptr; }
  Namespace* operator->() const { return home_; }
  Namespace& operator*() const { return *home_; }

 private:
  Namespace* home_;
};

// A segment in use by a call.
class Attached {
 public:
  Attached(Namespace& home, std::int32_t id) : segment_(home.attach(id, error_)) {}
  Attached(Namespace& home, std::uint32_t index) : segment_(home.attach_index(index, error_)) {}
  ~Attached() {
    if (segment_ != nullptr) segment_->pins.fetch_sub(1);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  explicit operator bool() const { return segment_ != nullptr; }
  Segment& segment() const { return *segment_; }
  int error() const { return error_; }

 private:
  int error_ = 0;
  Segment* segment_;
};

// The seat at that queue that the thread has already; else nullptr.
__attribute__((always_inline)) inline Seat* known_seat(std::int32_t id) {
  Seat& seat = this_thread().seats[static_cast<std::uint32_t>(id) % Thread::most_seats];
  const Segment* segment = seat.segment;
  bool good = segment != nullptr && segment->id == id && !seat.waits &&
              Namespace::is_present(segment->home) && !segment->removed();
  return good ? &seat : nullptr;
}

class RegistryLock {
 public:
  explicit RegistryLock(Namespace& home) : registry_(home.registry()) {
    if (seam::acquire(registry_.lock) == seam::Acquired::owner_died) home.clear_away();
  }
  ~RegistryLock() { seam::release(registry_.lock); }
  RegistryLock(const RegistryLock&) = delete;
  RegistryLock& operator=(const RegistryLock&) = delete;

 private:
  Registry& registry_;
};

}  // namespace svmq
