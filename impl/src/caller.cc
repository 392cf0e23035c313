#include "caller.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "interpose.h"
#include "seam.h"
#include "thread.h"

#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

namespace svmq {
namespace {

bool ask_always() {
  static bool wished = [] {
    const char* value = getenv("SVMQ_CREDENTIALS");
    return value != nullptr && strcmp(value, "ask") == 0;
  }();
  return wished || !interpose::effective;
}

std::uint64_t capabilities_of_this_thread() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (seam::system_call(SYS_capget, reinterpret_cast<long>(&header), reinterpret_cast<long>(data)) != 0)
    return 0;
  return std::uint64_t{data[1].effective} << 32 | data[0].effective;
}

void ask(Credentials& out) {
  out.uid = static_cast<std::uint32_t>(geteuid());
  out.gid = static_cast<std::uint32_t>(getegid());
  out.fsgid = static_cast<std::uint32_t>(seam::system_call(SYS_setfsgid, -1));
  out.capabilities = capabilities_of_this_thread();
  gid_t groups[32];
  int count = getgroups(32, groups);
  out.more_groups = count < 0;
  out.group_count = count < 0 ? 0 : static_cast<std::uint32_t>(count);
  for (std::uint32_t i = 0; i < out.group_count; ++i) out.groups[i] = groups[i];
}

bool may_change_from_outside(const Credentials& who) {
  constexpr std::uint32_t overflow = 65534;
  bool found = who.uid == overflow || who.gid == overflow || who.fsgid == overflow;
  for (std::uint32_t i = 0; i < who.group_count; ++i) found = found || who.groups[i] == overflow;
  return found;
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
  while (!found && fscanf(file, "%llu %llu %llu", &first, &outside, &count) == 3) {
    found = id >= first && id - first < count;
  }
  fclose(file);
  return found;
}

bool among_all_groups(std::uint32_t group) {
  int count = getgroups(0, nullptr);
  auto* groups = static_cast<gid_t*>(malloc(sizeof(gid_t) * static_cast<std::size_t>(count > 0 ? count : 1)));
  if (groups == nullptr) return false;
  count = getgroups(count, groups);
  bool found = false;
  for (int i = 0; i < count && !found; ++i) found = groups[i] == group;
  free(groups);
  return found;
}

unsigned triad(std::uint32_t mode, int shift) { return mode >> shift & 7; }

}  // namespace

bool ids_exist(std::uint32_t uid, std::uint32_t gid) {
  constexpr std::uint32_t never = 0xffffffff;
  return uid != never && gid != never && mapped("/proc/self/uid_map", uid) &&
         mapped("/proc/self/gid_map", gid);
}

std::atomic<std::uint64_t> CredentialsChange::changes{1};
std::atomic<std::int32_t> CredentialsChange::under_way{0};

void CredentialsChange::begin() { under_way.fetch_add(1); }

void CredentialsChange::end() {
  changes.fetch_add(1);
  under_way.fetch_sub(1);
}

bool CredentialsChange::by_system_call(long number) {
  switch (number) {
    case SYS_setuid:
    case SYS_setgid:
    case SYS_setreuid:
    case SYS_setregid:
    case SYS_setresuid:
    case SYS_setresgid:
    case SYS_setfsuid:
    case SYS_setfsgid:
    case SYS_setgroups:
    case SYS_capset:
    case SYS_unshare:
    case SYS_setns: return true;
    default: return false;
  }
}

Caller::Caller() {
  Credentials& remembered = this_thread().credentials;
  who_ = &remembered;
  std::uint64_t present = CredentialsChange::count();
  if (present != 0 && remembered.changes == present) return;
  ask(remembered);
  remembered.changes = ask_always() || may_change_from_outside(remembered) ? 0 : present;
}

bool Caller::in_group(std::uint32_t group) const {
  if (who_->fsgid == group) return true;
  for (std::uint32_t i = 0; i < who_->group_count; ++i) {
    if (who_->groups[i] == group) return true;
  }
  return who_->more_groups && among_all_groups(group);
}

bool Caller::granted(const Permission& queue, unsigned wanted) const {
  unsigned allowed;
  if (uid() == queue.uid || uid() == queue.cuid) {
    allowed = triad(queue.mode, 6);
  } else if (in_group(queue.gid) || in_group(queue.cgid)) {
    allowed = triad(queue.mode, 3);
  } else {
    allowed = triad(queue.mode, 0);
  }
  return (wanted & ~allowed) == 0 || capable(CAP_IPC_OWNER);
}

bool Caller::controls(const Permission& queue) const {
  return uid() == queue.uid || uid() == queue.cuid || capable(CAP_SYS_ADMIN);
}

bool Caller::may_exceed_msgmnb() const { return capable(CAP_SYS_RESOURCE) && in_first_user_namespace(); }

bool Caller::may_wish_identifiers() const {
  return capable(CAP_CHECKPOINT_RESTORE) || capable(CAP_SYS_ADMIN);
}

}  // namespace svmq
