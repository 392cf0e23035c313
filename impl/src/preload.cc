// The drop-in library: the C library's names, answered by libsvmq.
//
// Also: `syscall` with the numbers of the four calls, the table and the limits under /proc by open and fopen,
// and unshare and setns, after which the process is in the namespace of its new IPC namespace.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <initializer_list>

#include "caller.h"
#include "calls.h"
#include "guarded.h"
#include "signals.h"

#define INTERPOSED extern "C" __attribute__((visibility("default")))

namespace {

using namespace svmq;

long answer(long result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// A file in memory with the text of the table or of a limit.
int in_memory(const char* text, std::size_t length) {
  int file = memfd_create("svmq", MFD_CLOEXEC);
  if (file < 0) return -1;
  if (write(file, text, length) != static_cast<ssize_t>(length) || lseek(file, 0, SEEK_SET) != 0) {
    close(file);
    return -1;
  }
  return file;
}

int open_table() {
  long length = calls::table(nullptr, 0);
  if (length < 0) return static_cast<int>(answer(length));
  std::size_t size = static_cast<std::size_t>(length) + 65536;  // some queues may come in between
  auto* text = static_cast<char*>(malloc(size));
  if (text == nullptr) return -1;
  length = calls::table(text, size);
  int file = length < 0
                 ? static_cast<int>(answer(length))
                 : in_memory(text, static_cast<std::size_t>(length) < size ? static_cast<std::size_t>(length)
                                                                           : size - 1);
  free(text);
  return file;
}

int open_limit(const char* name) {
  long value = 0;
  long result = calls::limit_get(name, &value);
  if (result < 0) return static_cast<int>(answer(result));
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", value);
  return in_memory(text, static_cast<std::size_t>(length));
}

// A descriptor in place of the file of that path; -2 where it is none of ours. Only reading is served.
int serve(const char* path, int flags) {
  constexpr char limits[] = "/proc/sys/kernel/";
  if ((flags & O_ACCMODE) != O_RDONLY) return -2;
  char start[40] = {};
  signals::watch_faults();
  guarded::read(start, path, sizeof start - 1);  // the path may be bad, or end where memory ends
  path = start;
  if (strcmp(path, "/proc/sysvipc/msg") == 0) return open_table();
  if (strncmp(path, limits, sizeof limits - 1) != 0) return -2;
  const char* name = path + sizeof limits - 1;
  for (const char* limit : {"msgmax", "msgmnb", "msgmni", "msg_next_id", "auto_msgmni"}) {
    if (strcmp(name, limit) == 0) return open_limit(limit);
  }
  return -2;
}

mode_t mode_of(int flags, va_list arguments) {
  bool given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return given ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

INTERPOSED int msgget(key_t key, int flags) { return static_cast<int>(answer(calls::get(key, flags))); }

INTERPOSED int msgsnd(int id, const void* message, size_t size, int flags) {
  pthread_testcancel();
  return static_cast<int>(answer(calls::send(id, message, size, flags)));
}

INTERPOSED ssize_t msgrcv(int id, void* message, size_t size, long type, int flags) {
  pthread_testcancel();
  return answer(calls::receive(id, message, size, type, flags));
}

INTERPOSED int msgctl(int id, int command, struct msqid_ds* buffer) {
  return static_cast<int>(answer(calls::control(id, command, buffer)));
}

INTERPOSED long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  static auto plain_syscall = next<long (*)(long, ...)>("syscall");
  switch (number) {
    case SYS_msgget: return answer(calls::get(static_cast<key_t>(a), static_cast<int>(b)));
    case SYS_msgsnd:
      return answer(calls::send(static_cast<int>(a), reinterpret_cast<const void*>(b), static_cast<size_t>(c),
                                static_cast<int>(d)));
    case SYS_msgrcv:
      return answer(calls::receive(static_cast<int>(a), reinterpret_cast<void*>(b), static_cast<size_t>(c), d,
                                   static_cast<int>(e)));
    case SYS_msgctl:
      return answer(calls::control(static_cast<int>(a), static_cast<int>(b), reinterpret_cast<void*>(c)));
    default: {
      CredentialsChange change(CredentialsChange::by_system_call(number));
      return plain_syscall(number, a, b, c, d, e, f);
    }
  }
}

INTERPOSED int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  int served = serve(path, flags);
  if (served != -2) return served;
  static auto plain_open = next<int (*)(const char*, int, ...)>("open");
  return plain_open(path, flags, mode);
}

INTERPOSED int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  return open(path, flags | O_LARGEFILE, mode);
}

INTERPOSED int openat(int directory, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  int served = serve(path, flags);
  if (served != -2) return served;
  static auto plain_openat = next<int (*)(int, const char*, int, ...)>("openat");
  return plain_openat(directory, path, flags, mode);
}

INTERPOSED int openat64(int directory, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  return openat(directory, path, flags | O_LARGEFILE, mode);
}

INTERPOSED FILE* fopen(const char* path, const char* mode) {
  int served = mode[0] == 'r' && strchr(mode, '+') == nullptr ? serve(path, O_RDONLY) : -2;
  if (served == -1) return nullptr;
  if (served >= 0) return fdopen(served, mode);
  static auto plain_fopen = next<FILE* (*)(const char*, const char*)>("fopen");
  return plain_fopen(path, mode);
}

INTERPOSED FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }

// The namespace follows the IPC namespace, but not where one was chosen by name.
namespace {
void follow() {
  const char* chosen = secure_getenv("SVMQ_DIR");
  if (chosen == nullptr || chosen[0] == 0) calls::enter(nullptr);
}
}  // namespace

INTERPOSED int unshare(int flags) noexcept {
  static auto plain_unshare = next<int (*)(int)>("unshare");
  int result;
  {
    CredentialsChange change;
    result = plain_unshare(flags);
  }
  if (result == 0 && (flags & CLONE_NEWIPC) != 0) follow();
  return result;
}

INTERPOSED int setns(int file, int kind) noexcept {
  static auto plain_setns = next<int (*)(int, int)>("setns");
  int result;
  {
    CredentialsChange change;
    result = plain_setns(file, kind);
  }
  if (result == 0 && (kind == 0 || (kind & CLONE_NEWIPC) != 0)) follow();
  return result;
}
