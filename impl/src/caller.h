// Who calls: the credentials that decide, read from the system at each call, and the permission rules.
//
// Clauses: perm.class.*, perm.group.set, perm.override.rw, perm.owner, msgget.E.EACCES.
#pragma once

#include <cstdint>

namespace svmq {

struct Permission {
  std::uint32_t uid, gid, cuid, cgid, mode;
  std::int32_t key;
};

// Do these ids exist in the caller's user namespace? Never: -1.
bool ids_exist(std::uint32_t uid, std::uint32_t gid);

class Caller {
 public:
  Caller();
  std::uint32_t uid() const { return uid_; }
  std::uint32_t gid() const { return gid_; }

  // All of `wanted` (rwx bits, 0 to 7) in the caller's class, or CAP_IPC_OWNER.
  bool granted(const Permission& queue, unsigned wanted) const;
  // May set and remove: owner, creator, or CAP_SYS_ADMIN.
  bool controls(const Permission& queue) const;
  bool may_exceed_msgmnb() const;  // CAP_SYS_RESOURCE in the first user namespace
  bool may_wish_identifiers() const;

 private:
  bool in_group(std::uint32_t group) const;
  std::uint32_t uid_, gid_;
};

}  // namespace svmq
