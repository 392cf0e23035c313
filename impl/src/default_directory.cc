#include "default_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"

namespace svmq::default_directory {
namespace {

constexpr unsigned long get_identifier = _IOR(0xb7, 13, std::uint64_t);  // NS_GET_ID of linux/nsfs.h
constexpr ino_t first_user_namespace = 0xeffffffd;                       // PROC_USER_INIT_INO

bool fits(int length, std::size_t size) { return length > 0 && static_cast<std::size_t>(length) < size; }

}  // namespace

IpcNamespace current() {
  files::Descriptor file(open("/proc/thread-self/ns/ipc", O_RDONLY | O_CLOEXEC));
  struct stat status;
  IpcNamespace ipc = {};
  if (!file || fstat(file.get(), &status) != 0) return ipc;
  ipc.inode = status.st_ino;
  if (ioctl(file.get(), get_identifier, &ipc.identifier) != 0) ipc.identifier = 0;
  return ipc;
}

bool root(char* path, std::size_t size) {
  const char* chosen = secure_getenv("SVMQ_ROOT");
  return fits(snprintf(path, size, "%s", chosen != nullptr && chosen[0] != 0 ? chosen : "/dev/shm"), size);
}

bool path_of(const IpcNamespace& ipc, char* path, std::size_t size) {
  if (!root(path, size)) return false;
  std::size_t length = strlen(path);
  char* name = path + length;
  auto inode = static_cast<unsigned long>(ipc.inode);
  if (ipc.identifier == 0) return fits(snprintf(name, size - length, "/svmq-%lu", inode), size - length);
  auto identifier = static_cast<unsigned long>(ipc.identifier);
  return fits(snprintf(name, size - length, "/svmq-%lu-%lu", inode, identifier), size - length);
}

bool make(const IpcNamespace& ipc) {
  char path[PATH_MAX];
  files::DirectoryStatus status;
  return path_of(ipc, path, sizeof path) &&
         static_cast<bool>(files::open_directory(path, true, true, status));
}

bool parse(const char* name, IpcNamespace& ipc) {
  unsigned long inode = 0, identifier = 0;
  char again[64];
  if (sscanf(name, "svmq-%lu-%lu", &inode, &identifier) == 2) {
    snprintf(again, sizeof again, "svmq-%lu-%lu", inode, identifier);
  } else {
    identifier = 0;
    snprintf(again, sizeof again, "svmq-%lu", inode);
  }
  ipc = {inode, identifier};
  return inode != 0 && strcmp(name, again) == 0;
}

Found find(const IpcNamespace& ipc) {
  if (ipc.identifier == 0) return Found::cannot_tell;
  struct {  // struct file_handle with struct nsfs_file_handle of linux/nsfs.h
    std::uint32_t bytes = 16;
    std::int32_t kind = 0xf1;  // FILEID_NSFS
    std::uint64_t identifier;
    std::uint32_t type = CLONE_NEWIPC, inode;
  } handle;
  handle.identifier = ipc.identifier;
  handle.inode = static_cast<std::uint32_t>(ipc.inode);
  constexpr int nsfs_root = -10003;  // FD_NSFS_ROOT of linux/fcntl.h
  files::Descriptor opened(
      static_cast<int>(syscall(SYS_open_by_handle_at, nsfs_root, &handle, O_RDONLY | O_CLOEXEC)));
  if (opened || errno == EPERM) return Found::yes;
  return errno == ESTALE ? Found::no : Found::cannot_tell;
}

bool sees_all() {
  struct stat status;
  if (stat("/proc/self/ns/user", &status) != 0 || status.st_ino != first_user_namespace) return false;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  return syscall(SYS_capget, &header, sets) == 0 && (sets[0].effective & 1u << CAP_SYS_ADMIN) != 0;
}

}  // namespace svmq::default_directory
