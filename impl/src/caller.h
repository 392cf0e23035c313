// Who calls, and the permission rules.
//
// Clauses: perm.class.*, perm.group.set, perm.override.rw, perm.owner, msgget.E.EACCES.
//
// The rules need the caller's credentials of now, which are four system calls: more than all the rest of a
// call. They are therefore remembered by each thread, and forgotten when anything that can change them is
// called: interpose.cc stands in front of the C library's functions for that, and counts. What it cannot see
// is never remembered:
//   - while such a function runs in any thread, and where the loader has not put the library in front of the
//   C library;
//   - while an id is the overflow id: a user namespace whose map is still to be written changes ids from
//   outside.
// What remains is a program that changes credentials by a system call instruction of its own, past the C
// library: it sets SVMQ_CREDENTIALS=ask in its environment and pays for the system calls.
#pragma once

#include <atomic>
#include <cstdint>

namespace svmq {

struct Permission {
  std::uint32_t uid, gid, cuid, cgid, mode;
  std::int32_t key;
};

// Do these ids exist in the caller's user namespace? Never: -1.
bool ids_exist(std::uint32_t uid, std::uint32_t gid);

// Exists while something that can change credentials is under way.
class CredentialsChange {
 public:
  explicit CredentialsChange(bool real = true) : real_(real) {
    if (real_) begin();
  }
  ~CredentialsChange() {
    if (real_) end();
  }
  CredentialsChange(const CredentialsChange&) = delete;
  CredentialsChange& operator=(const CredentialsChange&) = delete;
  static bool by_system_call(long number);
  // Counts the changes; 0 while one is under way.
  static std::uint64_t count() {
    std::uint64_t present = changes.load(std::memory_order_acquire);
    return under_way.load(std::memory_order_acquire) == 0 ? present : 0;
  }

 private:
  static std::atomic<std::uint64_t> changes;
  static std::atomic<std::int32_t> under_way;
  static void begin();
  static void end();
  bool real_;
};

// Credentials of the calling thread, as they were when `changes` was that.
struct Credentials {
  std::uint64_t changes = 0;  // 0: none remembered
  std::uint32_t uid = 0, gid = 0, fsgid = 0;
  std::uint64_t capabilities = 0;
  std::uint32_t group_count = 0;
  std::uint32_t groups[32] = {};
  bool more_groups = false;  // than fit here: ask the system
};

class Caller {
 public:
  Caller();
  std::uint32_t uid() const { return who_->uid; }
  std::uint32_t gid() const { return who_->gid; }

  // The count for which this holds; 0: for this moment only.
  std::uint64_t holds_for() const { return who_->changes; }

  // All of `wanted` (rwx bits, 0 to 7) in the caller's class, or CAP_IPC_OWNER.
  bool granted(const Permission& queue, unsigned wanted) const;
  // May set and remove: owner, creator, or CAP_SYS_ADMIN.
  bool controls(const Permission& queue) const;
  bool may_exceed_msgmnb() const;  // CAP_SYS_RESOURCE in the first user namespace
  bool may_wish_identifiers() const;

 private:
  bool in_group(std::uint32_t group) const;
  bool capable(unsigned capability) const { return (who_->capabilities >> capability & 1) != 0; }
  const Credentials* who_;
};

}  // namespace svmq
