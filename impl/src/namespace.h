// The namespace a process is in, and the queues of it that the process has mapped.
//
// Process-wide, thread-safe, usable in children after fork. A mapping stays as long as a call uses it
// (Attached) and is kept for later calls until the queue is removed.
#pragma once

#include <limits.h>

#include "files.h"
#include "layout.h"
#include "registry.h"

namespace svmq {

struct Segment {
  files::Mapping head, arena;  // arena empty where the caller's user may not open it
  std::int32_t id;
  std::uint64_t generation;
  int uses;

  Head& shared() const { return *static_cast<Head*>(head.address); }
  bool usable() const { return head.writable && arena.address != nullptr; }
  bool removed() const;
};

class Namespace {
 public:
  // The one that this process uses; nullptr with errno ENOSYS or ENOMEM.
  static Namespace* current();
  static int enter(const char* path);   // 0 or an errno
  static int remove(const char* path);  // 0 or -errno

  Registry& registry() const { return *static_cast<Registry*>(registry_.address); }
  std::uint32_t owner() const { return owner_; }
  const char* path() const { return path_; }

  // Makes the queue's files and publishes it. The registry's lock is held.
  int create(std::int32_t key, unsigned mode, std::uint32_t uid, std::uint32_t gid);  // id or -errno
  void protect(std::int32_t id, std::uint64_t generation, const Permission& permission);
  // Takes a removed queue out of the registry and deletes its files.
  void forget(std::int32_t id, std::uint64_t generation);

  // -errno by way of `error`: EINVAL (no such queue), ENOMEM.
  Segment* attach(std::int32_t id, int& error);
  Segment* attach_index(std::uint32_t index, int& error);
  void detach(Segment* segment);

 private:
  int open(const char* path, bool by_default);
  files::Descriptor directory() const;
  Segment* map(std::int32_t id, std::uint64_t generation, int& error);
  void drop(Segment* segment);

  char path_[PATH_MAX];
  bool by_default_;
  std::uint32_t owner_;
  std::uint64_t device_, inode_;
  Namespace* older_;  // one that this process was in before
  files::Mapping registry_;
  Segment* segments_[index_count];
};

// A segment in use by a call.
class Attached {
 public:
  Attached(Namespace& home, std::int32_t id) : home_(home), segment_(home.attach(id, error_)) {}
  Attached(Namespace& home, std::uint32_t index) : home_(home), segment_(home.attach_index(index, error_)) {}
  ~Attached() {
    if (segment_ != nullptr) home_.detach(segment_);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  explicit operator bool() const { return segment_ != nullptr; }
  Segment& segment() const { return *segment_; }
  int error() const { return error_; }

 private:
  Namespace& home_;
  int error_ = 0;
  Segment* segment_;
};

}  // namespace svmq
