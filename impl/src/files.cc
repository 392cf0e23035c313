#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <utility>

#include "guarded.h"
#include "seam.h"

namespace svmq::files {
namespace {

constexpr int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// The extended attribute of a POSIX access control list (linux/posix_acl_xattr.h).
struct AclEntry {
  std::uint16_t tag, permission;
  std::uint32_t id;
};
constexpr std::uint16_t user_obj = 1, user = 2, group_obj = 4, group = 8, mask = 16, other = 32;
constexpr const char* acl_name = "system.posix_acl_access";

// What a class of the queue's users needs of a file: both kinds of access need both, since both write the
// counters.
std::uint16_t access_of(std::uint32_t mode, int shift, std::uint16_t without) {
  return (mode >> shift & 6) != 0 ? 6 : without;
}

// Collects the entries of a list in the order that the system wants: by kind, then by id, each id once.
struct Acl {
  std::uint32_t version = 2;  // of the attribute's layout
  AclEntry entries[8] = {};
  std::size_t count = 0;  // behind what is written

  void add(std::uint16_t tag, std::uint16_t permission, std::uint32_t id = 0xffffffff) {
    entries[count++] = {tag, permission, id};
  }
  void add_pair(std::uint16_t tag, std::uint16_t permission, std::uint32_t first, std::uint32_t second,
                std::uint32_t files) {
    if (first > second) std::swap(first, second);
    if (first != files) add(tag, permission, first);
    if (second != files && second != first) add(tag, permission, second);
  }
  std::size_t size() const { return offsetof(Acl, entries) + count * sizeof(AclEntry); }
};

// The owner and the group of a file are those that its creator had for files; the queue's may be others: it
// was given away, or the creator's filesystem group was not the effective one. Then a list says who else may
// open it.
int protect_file(int directory, const char* name, const Permission& queue, std::uint16_t without) {
  Descriptor file(openat(directory, name, O_RDONLY | flags));
  struct stat seen;
  if (!file || fstat(file.get(), &seen) != 0) return errno;
  std::uint16_t for_group = access_of(queue.mode, 3, without);
  std::uint16_t for_others = access_of(queue.mode, 0, without);
  bool owners = queue.uid == seen.st_uid && queue.cuid == seen.st_uid;
  bool groups = queue.gid == seen.st_gid && queue.cgid == seen.st_gid;
  if (owners && groups) {
    fremovexattr(file.get(), acl_name);
    return fchmod(file.get(), static_cast<mode_t>(0600 | for_group << 3 | for_others)) == 0 ? 0 : errno;
  }
  bool group_of_queue = seen.st_gid == queue.gid || seen.st_gid == queue.cgid;
  Acl acl;
  acl.add(user_obj, 6);
  acl.add_pair(user, 6, queue.uid, queue.cuid, seen.st_uid);
  acl.add(group_obj, group_of_queue ? for_group : for_others);
  acl.add_pair(group, for_group, queue.gid, queue.cgid, seen.st_gid);
  acl.add(mask, 6);
  acl.add(other, for_others);
  if (fsetxattr(file.get(), acl_name, &acl, acl.size(), 0) == 0) return 0;
  if (errno != EOPNOTSUPP) return errno;
  // Without lists: who else should have access cannot be told from others. Keep strangers out.
  auto mode = static_cast<mode_t>(0600 | (group_of_queue ? for_group : 0) << 3 | for_others);
  return fchmod(file.get(), mode) == 0 ? 0 : errno;
}

Mapping map(int file, std::size_t size, std::size_t least, bool writable, std::uint32_t owner) {
  int protection = PROT_READ | (writable ? PROT_WRITE : 0);
  for (;; size /= 16) {
    void* address = mmap(nullptr, size, protection, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (address != MAP_FAILED) {
      madvise(address, size, MADV_DONTDUMP);
      guarded::watch(address, size);
      return {address, size, writable, owner};
    }
    if (size / 16 < least) return {};
  }
}

// A file longer than the process may make would end it with SIGXFSZ.
std::size_t permitted(std::size_t size) {
  rlimit limit;
  bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size;
  return limited ? limit.rlim_cur / 4096 * 4096 : size;
}

// It appears with its mode: made under another name, then renamed; not if there is one by then. errno on
// failure.
void make_directory(const char* path) {
  char fresh[PATH_MAX];
  auto length = static_cast<int>(strlen(path));
  while (length > 1 && path[length - 1] == '/') --length;
  int written = snprintf(fresh, sizeof fresh, "%.*s.new-%016llx", length, path,
                         static_cast<unsigned long long>(random()));
  if (written >= static_cast<int>(sizeof fresh) || mkdir(fresh, 0700) != 0) return;
  Descriptor made(::open(fresh, directory_flags));
  bool ready = made && fchmod(made.get(), 01777) == 0 &&
               seam::system_call(SYS_renameat2, AT_FDCWD, reinterpret_cast<long>(fresh), AT_FDCWD,
                                 reinterpret_cast<long>(path), RENAME_NOREPLACE) == 0;
  if (!ready) rmdir(fresh);
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) close(value_);
}

Descriptor open_directory(const char* path, bool create, bool own_or_roots, DirectoryStatus& status) {
  int opened = ::open(path, directory_flags);
  if (opened < 0 && errno == ENOENT && create) {
    make_directory(path);
    opened = ::open(path, directory_flags);
  }
  Descriptor directory(opened);
  if (!directory) return directory;
  struct stat seen;
  if (fstat(directory.get(), &seen) != 0) return Descriptor();
  bool others_write = (seen.st_mode & 0022) != 0;
  bool sticky = (seen.st_mode & 01000) != 0;
  bool trusted = !own_or_roots || seen.st_uid == 0 || seen.st_uid == geteuid();
  if ((others_write && !sticky) || !trusted) {
    errno = ENOSYS;
    return Descriptor();
  }
  status = {seen.st_dev, seen.st_ino, seen.st_uid};
  return directory;
}

Name head_name(std::int32_t id, std::uint64_t generation) {
  Name name;
  snprintf(name.text, sizeof name.text, "%08x-%016llx.head", static_cast<unsigned>(id),
           static_cast<unsigned long long>(generation));
  return name;
}

Name arena_name(std::int32_t id, std::uint64_t generation) {
  Name name;
  snprintf(name.text, sizeof name.text, "%08x-%016llx.arena", static_cast<unsigned>(id),
           static_cast<unsigned long long>(generation));
  return name;
}

Mapping create(int directory, const char* name, std::size_t size, std::size_t backed) {
  size = permitted(size);
  Descriptor file(openat(directory, name, O_RDWR | O_CREAT | O_EXCL | flags, 0600));
  if (!file) return {};
  struct stat seen;
  if (ftruncate(file.get(), static_cast<off_t>(size)) == 0 && fstat(file.get(), &seen) == 0) {
    Mapping made = map(file.get(), size, 4096, true, seen.st_uid);
    if (made.address != nullptr) {
      if (backed == 0 || seam::reserve_memory(made.address, backed)) return made;
      unmap(made);
      errno = ENOMEM;
    }
  }
  int error = errno;
  unlinkat(directory, name, 0);
  errno = error;
  return {};
}

Mapping open(int directory, const char* name, std::size_t least, bool read_only_too) {
  bool writable = true;
  int opened = openat(directory, name, O_RDWR | flags);
  if (opened < 0 && errno == EACCES && read_only_too) {
    writable = false;
    opened = openat(directory, name, O_RDONLY | flags);
  }
  Descriptor file(opened);
  if (!file) return {};
  struct stat seen;
  if (fstat(file.get(), &seen) != 0) return {};
  if (!S_ISREG(seen.st_mode) || seen.st_size < 0 || static_cast<std::size_t>(seen.st_size) < least) {
    errno = EINVAL;
    return {};
  }
  return map(file.get(), static_cast<std::size_t>(seen.st_size), least, writable, seen.st_uid);
}

void unmap(Mapping& mapping) {
  if (mapping.address == nullptr) return;
  guarded::unwatch(mapping.address);
  munmap(mapping.address, mapping.size);
  mapping = {};
}

int protect(int directory, std::int32_t id, std::uint64_t generation, const Permission& permission) {
  int error = protect_file(directory, arena_name(id, generation).text, permission, 0);
  if (error == 0) error = protect_file(directory, head_name(id, generation).text, permission, 4);
  return error;
}

int remove_directory(const char* path) {
  DirectoryStatus status;
  Descriptor opened = open_directory(path, false, false, status);
  if (!opened) return errno;
  DIR* entries = fdopendir(dup(opened.get()));
  if (entries == nullptr) return errno;
  int error = 0;
  while (const dirent* entry = readdir(entries)) {
    const char* name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
    if (unlinkat(opened.get(), name, 0) != 0 && errno != ENOENT) error = errno;
  }
  closedir(entries);
  if (error == 0 && rmdir(path) != 0) error = errno;
  return error;
}

std::uint64_t random() {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value) {
    value = static_cast<std::uint64_t>(seam::now()) << 32 ^ seam::thread_id() << 8 ^
            static_cast<std::uint64_t>(getpid());
  }
  return value;
}

}  // namespace svmq::files
