// The drop-in library: the C library's names for the four calls, answered by libsvmq, also through `syscall`;
// and what takes a process to another IPC namespace, after which it has that one's queues. preload_files.cc
// has the files under /proc.
#include "preload.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "calls.h"
#include "default_directory.h"

using namespace svmq;
using namespace svmq::preload;

namespace {

// The IPC namespaces that this process has made and left. What is in one goes with it in the kernel; here its
// directory is removed when the process makes the next one, if nobody is in it any more.
constexpr int most_left = 64;
default_directory::IpcNamespace left[most_left];
int left_count = 0;

// Where the process has come to, and its first call there will enter.
default_directory::IpcNamespace destination;
std::atomic<bool> coming{false};
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  // for all of these; held over fork

__attribute__((constructor)) void hold_over_fork() {
  pthread_atfork([] { pthread_mutex_lock(&lock); }, [] { pthread_mutex_unlock(&lock); },
                 [] { pthread_mutex_unlock(&lock); });
}

bool chosen_by_name() {
  const char* chosen = secure_getenv("SVMQ_DIR");
  return chosen != nullptr && chosen[0] != 0;
}

void remove_those_gone() {
  int kept = 0;
  for (int i = 0; i < left_count; ++i) {
    if (default_directory::find(left[i]) != default_directory::Found::no) {
      left[kept++] = left[i];
      continue;
    }
    char path[PATH_MAX];
    if (default_directory::path_of(left[i], path, sizeof path)) calls::remove_namespace(path);
  }
  left_count = kept;
}

// The namespace follows the IPC namespace, but not where one was chosen by name. Its directory is made at
// once, so that it belongs to the user who has made the IPC namespace, whatever users its processes become.
void follow(bool made) {
  if (chosen_by_name()) return;
  int error = errno;
  pthread_mutex_lock(&lock);
  destination = default_directory::current();
  default_directory::make(destination);
  coming = true;
  if (made) {
    remove_those_gone();
    if (left_count < most_left) left[left_count++] = destination;
  }
  pthread_mutex_unlock(&lock);
  errno = error;
}

struct Start {
  int (*function)(void*);
  void* argument;
};

int follow_and_start(void* given) {
  Start start = *static_cast<Start*>(given);
  follow(true);
  return start.function(start.argument);
}

}  // namespace

bool svmq::preload::arrive() {
  if (!coming.load(std::memory_order_relaxed)) return true;
  pthread_mutex_lock(&lock);
  char path[PATH_MAX];
  if (coming) {
    bool arrived = default_directory::make(destination) &&
                   default_directory::path_of(destination, path, sizeof path) && calls::enter(path) == 0;
    coming = !arrived;
  }
  bool arrived = !coming;
  pthread_mutex_unlock(&lock);
  return arrived;
}

namespace {

// The calls proper, in the kernel's manner.
long get(key_t key, int flags) { return arrive() ? calls::get(key, flags) : -ENOSYS; }
long send(int id, const void* message, size_t size, int flags) {
  return arrive() ? calls::send(id, message, size, flags) : -ENOSYS;
}
long receive(int id, void* message, size_t size, long type, int flags) {
  return arrive() ? calls::receive(id, message, size, type, flags) : -ENOSYS;
}
long control(int id, int command, void* buffer) {
  return arrive() ? calls::control(id, command, buffer) : -ENOSYS;
}

}  // namespace

INTERPOSED int msgget(key_t key, int flags) { return static_cast<int>(answer(get(key, flags))); }

INTERPOSED int msgsnd(int id, const void* message, size_t size, int flags) {
  pthread_testcancel();
  return static_cast<int>(answer(send(id, message, size, flags)));
}

INTERPOSED ssize_t msgrcv(int id, void* message, size_t size, long type, int flags) {
  pthread_testcancel();
  return answer(receive(id, message, size, type, flags));
}

INTERPOSED int msgctl(int id, int command, struct msqid_ds* buffer) {
  return static_cast<int>(answer(control(id, command, buffer)));
}

INTERPOSED int unshare(int flags) noexcept {
  int result;
  {
    CredentialsChange change;
    result = NEXT(unshare)(flags);
  }
  if (result == 0 && (flags & CLONE_NEWIPC) != 0) follow(true);
  return result;
}

INTERPOSED int setns(int file, int kind) noexcept {
  int result;
  {
    CredentialsChange change;
    result = NEXT(setns)(file, kind);
  }
  if (result == 0 && (kind == 0 || (kind & CLONE_NEWIPC) != 0)) follow(false);
  return result;
}

// A child in memory of its own can follow; one that shares its parent's would take the parent with it.
INTERPOSED int clone(int (*function)(void*), void* stack, int flags, void* argument, ...) noexcept {
  va_list list;
  va_start(list, argument);
  void* parent_id = va_arg(list, void*);
  void* storage = va_arg(list, void*);
  void* child_id = va_arg(list, void*);
  va_end(list);
  Start start = {function, argument};
  if ((flags & CLONE_NEWIPC) != 0 && (flags & CLONE_VM) == 0 && function != nullptr) {
    function = follow_and_start;
    argument = &start;
  }
  return NEXT(clone)(function, stack, flags, argument, parent_id, storage, child_id);
}

// Reads six arguments, however many there are, as the C library does.
INTERPOSED __attribute__((no_sanitize("address"))) long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  switch (number) {
    case SYS_msgget: return answer(get(static_cast<key_t>(a), static_cast<int>(b)));
    case SYS_msgsnd:
      return answer(send(static_cast<int>(a), reinterpret_cast<const void*>(b), static_cast<size_t>(c),
                         static_cast<int>(d)));
    case SYS_msgrcv:
      return answer(receive(static_cast<int>(a), reinterpret_cast<void*>(b), static_cast<size_t>(c), d,
                            static_cast<int>(e)));
    case SYS_msgctl:
      return answer(control(static_cast<int>(a), static_cast<int>(b), reinterpret_cast<void*>(c)));
    case SYS_unshare: return unshare(static_cast<int>(a));
    case SYS_setns: return setns(static_cast<int>(a), static_cast<int>(b));
    default: {
      CredentialsChange change(CredentialsChange::by_system_call(number));
      return NEXT(syscall)(number, a, b, c, d, e, f);
    }
  }
}
