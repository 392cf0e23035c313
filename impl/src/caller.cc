#include "caller.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

namespace svmq {
namespace {

bool capable(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
}

bool in_first_user_namespace() {
  constexpr ino_t first = 0xEFFFFFFD;  // PROC_USER_INIT_INO, fixed by the kernel
  struct stat status;
  return stat("/proc/self/ns/user", &status) == 0 && status.st_ino == first;
}

// One of the ranges of a user namespace's map has the id. Where there are no user namespaces, all exist.
bool mapped(const char* map, std::uint32_t id) {
  FILE* file = fopen(map, "re");
  if (file == nullptr) return true;
  bool found = false;
  unsigned long long first, outside, count;
  while (!found && fscanf(file, "%llu %llu %llu", &first, &outside, &count) == 3) found = id >= first && id - first < count;
  fclose(file);
  return found;
}

unsigned triad(std::uint32_t mode, int shift) { return mode >> shift & 7; }

}  // namespace

bool ids_exist(std::uint32_t uid, std::uint32_t gid) {
  constexpr std::uint32_t never = 0xffffffff;
  return uid != never && gid != never && mapped("/proc/self/uid_map", uid) && mapped("/proc/self/gid_map", gid);
}

Caller::Caller() : uid_(geteuid()), gid_(getegid()) {}

bool Caller::in_group(std::uint32_t group) const {
  if (static_cast<std::uint32_t>(setfsgid(static_cast<gid_t>(-1))) == group) return true;
  gid_t few[64];
  int count = getgroups(64, few);
  gid_t* groups = few;
  if (count < 0) {
    count = getgroups(0, nullptr);
    groups =
        static_cast<gid_t*>(std::malloc(sizeof(gid_t) * static_cast<std::size_t>(count > 0 ? count : 1)));
    if (groups == nullptr) return false;
    count = getgroups(count, groups);
  }
  bool found = false;
  for (int i = 0; i < count && !found; ++i) found = groups[i] == group;
  if (groups != few) std::free(groups);
  return found;
}

bool Caller::granted(const Permission& queue, unsigned wanted) const {
  unsigned allowed;
  if (uid_ == queue.uid || uid_ == queue.cuid) {
    allowed = triad(queue.mode, 6);
  } else if (in_group(queue.gid) || in_group(queue.cgid)) {
    allowed = triad(queue.mode, 3);
  } else {
    allowed = triad(queue.mode, 0);
  }
  return (wanted & ~allowed) == 0 || capable(CAP_IPC_OWNER);
}

bool Caller::controls(const Permission& queue) const {
  return uid_ == queue.uid || uid_ == queue.cuid || capable(CAP_SYS_ADMIN);
}

bool Caller::may_exceed_msgmnb() const { return capable(CAP_SYS_RESOURCE) && in_first_user_namespace(); }

bool Caller::may_wish_identifiers() const {
  return capable(CAP_CHECKPOINT_RESTORE) || capable(CAP_SYS_ADMIN);
}

}  // namespace svmq
