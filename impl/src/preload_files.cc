// The drop-in library's files: /proc/sysvipc/msg and the limits msg* of /proc/sys/kernel.
//
// Whoever opens one gets a file in memory with its text. What a program writes to a limit takes effect when
// it comes by `write` or `writev`, at once and with the kernel's errors; what the C library's streams write
// by themselves, when the stream is flushed or closed. A limit's descriptor is known by its file's name, so
// that it may be duplicated or inherited, also by another program.
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"
#include "guarded.h"
#include "preload.h"
#include "signals.h"

// Declared by the C library for fortified programs only, and without their names elsewhere.
extern "C" {
int __open_2(const char*, int);
int __open64_2(const char*, int);
int __openat_2(int, const char*, int);
int __openat64_2(int, const char*, int);
}

namespace {

using namespace svmq;
using namespace svmq::preload;

constexpr char limits_directory[] = "/proc/sys/kernel/";
constexpr const char* limit_names[] = {"msgmax", "msgmnb", "msgmni", "msg_next_id", "auto_msgmni"};
constexpr char memory_prefix[] = "svmq-limit-";  // of the names of files that are limits
constexpr int not_ours = -2;

// Has this program a limit's file open for writing? It may have inherited one as its output. Until then
// nothing that it writes is looked at.
std::atomic<bool> watching{false};

// ------------------------------------------------------------------------------------------ the text of a
// limit

// What the kernel takes for a number: white space, a sign, digits as in C, and the end or white space again.
bool parse_limit(const char* text, long& value) {
  while (isspace(static_cast<unsigned char>(*text))) ++text;
  if (!isdigit(static_cast<unsigned char>(text[*text == '-' ? 1 : 0]))) return false;
  char* end = nullptr;
  errno = 0;
  value = strtol(text, &end, 0);
  return errno == 0 && (*end == 0 || isspace(static_cast<unsigned char>(*end)));
}

// 0 or -errno.
long set_limit(const char* name, const char* text) {
  if (text[strspn(text, " \t\n")] == 0) return *text == 0 ? 0 : -EINVAL;
  long value = 0;
  if (!parse_limit(text, value)) return -EINVAL;
  if (!arrive()) return -ENOSYS;
  long result = calls::limit_set(name, value);
  return result == -EACCES ? -EPERM : result;
}

bool may_set(const char* name) { return calls::limit_set(name, -1) != -EACCES; }

// -1 where there is none.
int limit_text(const char* name, char* text, std::size_t size) {
  long value = 0;
  long result = calls::limit_get(name, &value);
  return result < 0 ? static_cast<int>(answer(result)) : snprintf(text, size, "%ld\n", value);
}

// ------------------------------------------------------------------------------------------- files in memory

int in_memory(const char* name, const char* text, std::size_t length, int flags) {
  int file = memfd_create(name, (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);
  if (file < 0) return -1;
  if (NEXT(write)(file, text, length) == static_cast<ssize_t>(length) && lseek(file, 0, SEEK_SET) == 0)
    return file;
  close(file);
  return -1;
}

int open_table(int flags) {
  long length = calls::table(nullptr, 0);
  if (length < 0) return static_cast<int>(answer(length));
  std::size_t size = static_cast<std::size_t>(length) + 65536;  // some queues may come in between
  auto* text = static_cast<char*>(malloc(size));
  if (text == nullptr) return -1;
  length = calls::table(text, size);
  if (length >= static_cast<long>(size)) length = static_cast<long>(size) - 1;
  int file = length < 0 ? static_cast<int>(answer(length))
                        : in_memory("svmq-table", text, static_cast<std::size_t>(length), flags);
  free(text);
  return file;
}

int open_limit(const char* name, int flags) {
  bool reads = (flags & O_ACCMODE) != O_WRONLY, writes = (flags & O_ACCMODE) != O_RDONLY;
  if (writes && !may_set(name)) return static_cast<int>(answer(-EACCES));
  char text[32], memory_name[40];
  int length = limit_text(name, text, sizeof text);
  if (length < 0) return -1;
  if (writes) watching = true;
  snprintf(memory_name, sizeof memory_name, "%s%s", memory_prefix, name);
  return in_memory(memory_name, text, reads ? static_cast<std::size_t>(length) : 0, flags);
}

// The limit whose file this is; nullptr: none.
const char* limit_of(int file) {
  constexpr char start[] = "/memfd:";
  char link[40], target[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return nullptr;
  target[length] = 0;
  if (strncmp(target, start, sizeof start - 1) != 0) return nullptr;
  const char* name = target + sizeof start - 1;
  if (strncmp(name, memory_prefix, sizeof memory_prefix - 1) != 0) return nullptr;
  name += sizeof memory_prefix - 1;
  for (const char* limit : limit_names) {
    std::size_t limit_length = strlen(limit);
    if (strncmp(name, limit, limit_length) == 0 && (name[limit_length] == 0 || name[limit_length] == ' '))
      return limit;
  }
  return nullptr;
}

__attribute__((constructor)) void look_at_inherited() {
  int error = errno;
  watching = limit_of(STDOUT_FILENO) != nullptr || limit_of(STDERR_FILENO) != nullptr;
  errno = error;
}

// A write to a limit's descriptor. As in the kernel only one at the file's start counts.
ssize_t write_limit(const char* name, int file, const void* data, std::size_t size) {
  off_t offset = lseek(file, 0, SEEK_CUR);
  if (offset == 0) {
    char text[64] = {};
    std::size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    signals::watch_faults();
    if (!guarded::read(text, data, length)) return answer(-EFAULT);
    if (strlen(text) < length) return answer(-EINVAL);
    if (long result = set_limit(name, text); result < 0) return answer(result);
  }
  lseek(file, static_cast<off_t>(size), SEEK_CUR);
  return static_cast<ssize_t>(size);
}

// Something that passed by `write` may have come into a limit's file. 0, or -1 with errno.
int settle(int file) {
  const char* name = watching.load(std::memory_order_relaxed) ? limit_of(file) : nullptr;
  if (name == nullptr) return 0;
  char text[64] = {}, present[32];
  int length = limit_text(name, present, sizeof present);
  if (length < 0 || pread(file, text, sizeof text - 1, 0) <= 0 || strcmp(text, present) == 0) return 0;
  ftruncate(file, 0);
  return static_cast<int>(answer(set_limit(name, text)));
}

// -------------------------------------------------------------------------------------------------- by path

// The path as it is below the root directory, where its last part may be a name of ours.
bool complete(int directory, const char* path, char* whole, std::size_t size) {
  char link[40], base[PATH_MAX];
  snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", directory);
  ssize_t length = readlink(link, base, sizeof base - 1);
  if (length <= 0) return false;
  base[length] = 0;
  int whole_length = snprintf(whole, size, "%s/%s", base, path);
  return whole_length > 0 && static_cast<std::size_t>(whole_length) < size;
}

// Can the page of that address be read? The system call reads eight bytes there and then refuses the rest.
// Programs that use no queues keep their signal handlers, so nothing is guarded here.
bool readable(const char* address) {
  auto at = reinterpret_cast<std::uintptr_t>(address) & ~std::uintptr_t{7};
  return NEXT(syscall)(SYS_rt_sigprocmask, ~0L, at, 0L, 8L) == 0 || errno != EFAULT;
}

// The first bytes of a path, which may be bad, or end where memory ends.
void copy_start(char* to, const char* path, std::size_t size) {
  constexpr std::uintptr_t page = 4096;
  for (std::size_t i = 0; i < size; ++i) {
    bool new_page = i == 0 || reinterpret_cast<std::uintptr_t>(path + i) % page == 0;
    if (new_page && !readable(path + i)) return;
    if ((to[i] = path[i]) == 0) return;
  }
}

bool could_be_ours(const char* path) {
  const char* last = strrchr(path, '/');
  last = last == nullptr ? path : last + 1;
  return strncmp(last, "msg", 3) == 0 || strcmp(last, "auto_msgmni") == 0;
}

// A descriptor in place of the file of that path; -1 with errno; not_ours.
int serve(int directory, const char* path, int flags) {
  char start[64] = {}, whole[64];
  int error = errno;
  copy_start(start, path, sizeof start - 1);
  errno = error;
  path = start;
  if (!could_be_ours(path) || (flags & (O_DIRECTORY | O_PATH)) != 0) return not_ours;
  if (*path != '/') {
    bool completed = complete(directory, path, whole, sizeof whole);
    errno = error;
    if (!completed) return not_ours;
    path = whole;
  }
  bool table = strcmp(path, "/proc/sysvipc/msg") == 0;
  const char* limit = nullptr;
  if (strncmp(path, limits_directory, sizeof limits_directory - 1) == 0) {
    for (const char* name : limit_names) {
      if (strcmp(path + sizeof limits_directory - 1, name) == 0) limit = name;
    }
  }
  if (!table && limit == nullptr) return not_ours;
  if (table && (flags & O_ACCMODE) != O_RDONLY) return not_ours;  // the kernel's refusal will do
  if (!arrive()) return static_cast<int>(answer(-ENOSYS));
  if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return static_cast<int>(answer(-EEXIST));
  return table ? open_table(flags) : open_limit(limit, flags);
}

int flags_of(const char* mode) {
  int flags = *mode == 'r' ? O_RDONLY : O_WRONLY | O_CREAT;
  for (; *mode != 0 && *mode != ','; ++mode) {
    if (*mode == '+') flags = (flags & ~O_ACCMODE) | O_RDWR;
    if (*mode == 'e') flags |= O_CLOEXEC;
    if (*mode == 'x') flags |= O_EXCL;
  }
  return flags;
}

mode_t mode_of(int flags, va_list arguments) {
  bool given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return given ? va_arg(arguments, mode_t) : 0;
}

// A stream in place of the file of that path, or what `otherwise` opens.
template <class Otherwise>
FILE* stream(const char* path, const char* mode, const Otherwise& otherwise) {
  int served = serve(AT_FDCWD, path, flags_of(mode));
  if (served == not_ours) return otherwise();
  return served >= 0 ? fdopen(served, mode) : nullptr;
}

// The file's other name gives an open stream the file of that path; readable too, for settle.
template <class Otherwise>
FILE* stream_again(const char* path, const char* mode, FILE* file, const Otherwise& otherwise) {
  int served = path == nullptr ? not_ours : serve(AT_FDCWD, path, flags_of(mode));
  if (served == not_ours) return otherwise(path, mode);
  if (served < 0) {
    int error = errno;
    fclose(file);
    errno = error;
    return nullptr;
  }
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", served);
  FILE* reopened = otherwise(link, (flags_of(mode) & O_ACCMODE) == O_RDONLY ? mode : "r+");
  int error = errno;
  close(served);
  errno = error;
  return reopened;
}

}  // namespace

#define SERVE(directory, path, flags) \
  if (int served = serve(directory, path, flags); served != not_ours) return served

#define TAKE_MODE(flags)              \
  va_list list;                       \
  va_start(list, flags);              \
  mode_t mode = mode_of(flags, list); \
  va_end(list)

INTERPOSED int open(const char* path, int flags, ...) {
  TAKE_MODE(flags);
  SERVE(AT_FDCWD, path, flags);
  return NEXT(open)(path, flags, mode);
}

INTERPOSED int open64(const char* path, int flags, ...) {
  TAKE_MODE(flags);
  SERVE(AT_FDCWD, path, flags);
  return NEXT(open64)(path, flags, mode);
}

INTERPOSED int openat(int directory, const char* path, int flags, ...) {
  TAKE_MODE(flags);
  SERVE(directory, path, flags);
  return NEXT(openat)(directory, path, flags, mode);
}

INTERPOSED int openat64(int directory, const char* path, int flags, ...) {
  TAKE_MODE(flags);
  SERVE(directory, path, flags);
  return NEXT(openat64)(directory, path, flags, mode);
}

INTERPOSED int __open_2(const char* path, int flags) {
  SERVE(AT_FDCWD, path, flags);
  return NEXT(__open_2)(path, flags);
}

INTERPOSED int __open64_2(const char* path, int flags) {
  SERVE(AT_FDCWD, path, flags);
  return NEXT(__open64_2)(path, flags);
}

INTERPOSED int __openat_2(int directory, const char* path, int flags) {
  SERVE(directory, path, flags);
  return NEXT(__openat_2)(directory, path, flags);
}

INTERPOSED int __openat64_2(int directory, const char* path, int flags) {
  SERVE(directory, path, flags);
  return NEXT(__openat64_2)(directory, path, flags);
}

INTERPOSED int creat(const char* path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
INTERPOSED int creat64(const char* path, mode_t mode) {
  return open64(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

INTERPOSED FILE* fopen(const char* path, const char* mode) {
  return stream(path, mode, [&] { return NEXT(fopen)(path, mode); });
}

INTERPOSED FILE* fopen64(const char* path, const char* mode) {
  return stream(path, mode, [&] { return NEXT(fopen64)(path, mode); });
}

INTERPOSED FILE* freopen(const char* path, const char* mode, FILE* file) {
  return stream_again(path, mode, file,
                      [&](const char* name, const char* as) { return NEXT(freopen)(name, as, file); });
}

INTERPOSED FILE* freopen64(const char* path, const char* mode, FILE* file) {
  return stream_again(path, mode, file,
                      [&](const char* name, const char* as) { return NEXT(freopen64)(name, as, file); });
}

INTERPOSED ssize_t write(int file, const void* data, size_t size) {
  if (watching.load(std::memory_order_relaxed)) {
    if (const char* name = limit_of(file)) return write_limit(name, file, data, size);
  }
  return NEXT(write)(file, data, size);
}

INTERPOSED ssize_t writev(int file, const iovec* pieces, int count) {
  if (watching.load(std::memory_order_relaxed) && count > 0) {
    // Each piece is a write of its own to these files, and all behind the first are ignored.
    if (const char* name = limit_of(file))
      return write_limit(name, file, pieces[0].iov_base, pieces[0].iov_len);
  }
  return NEXT(writev)(file, pieces, count);
}

INTERPOSED int fflush(FILE* file) {
  int result = NEXT(fflush)(file);
  if (result != 0 || file == nullptr || settle(fileno(file)) == 0) return result;
  file->_flags |= _IO_ERR_SEEN;  // some programs, as bash, only ask ferror
  return EOF;
}

INTERPOSED int fclose(FILE* file) {
  bool refused = watching.load(std::memory_order_relaxed) && fflush(file) != 0;
  int error = errno;
  int result = NEXT(fclose)(file);
  if (refused) errno = error;
  return refused ? EOF : result;
}
