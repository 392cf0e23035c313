// Which namespaces there are, and which one is ours.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "default_directory.h"
#include "guarded.h"
#include "namespace.h"
#include "signals.h"

namespace svmq::calls {
namespace {

svmq_ipc fate_of(const default_directory::IpcNamespace& ipc) {
  switch (default_directory::find(ipc)) {
    case default_directory::Found::yes: return SVMQ_IPC_PRESENT;
    case default_directory::Found::no:
      return default_directory::sees_all() ? SVMQ_IPC_GONE : SVMQ_IPC_UNKNOWN;
    case default_directory::Found::cannot_tell: break;
  }
  return ipc.inode == default_directory::current().inode ? SVMQ_IPC_PRESENT : SVMQ_IPC_UNKNOWN;
}

}  // namespace

long path(char* text, std::size_t size) {
  signals::watch_faults();
  Visit home;
  if (!home) return -errno;
  std::size_t length = strlen(home->path()), fits = length < size ? length : size - 1;
  bool written =
      size == 0 || (guarded::write(text, home->path(), fits) && guarded::write(text + fits, "", 1));
  return written ? static_cast<long>(length) : -EFAULT;
}

long each(int (*visit)(const char*, svmq_ipc, void*), void* context) {
  char root[PATH_MAX], directory[PATH_MAX];
  if (!default_directory::root(root, sizeof root)) return -ENAMETOOLONG;
  DIR* entries = opendir(root);
  if (entries == nullptr) return -errno;
  int result = 0;
  while (const dirent* entry = result <= 0 ? readdir(entries) : nullptr) {
    default_directory::IpcNamespace ipc;
    if (!default_directory::parse(entry->d_name, ipc)) continue;
    int length = snprintf(directory, sizeof directory, "%s/%s", root, entry->d_name);
    if (static_cast<std::size_t>(length) < sizeof directory) result = visit(directory, fate_of(ipc), context);
  }
  closedir(entries);
  return result > 0 ? result : 0;
}

}  // namespace svmq::calls
