// The exported functions: results in the C library's manner, cancellation points.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <unistd.h>

#include "caller.h"
#include "calls.h"
#include "interpose.h"
#include "svmq/svmq.h"

namespace {

long answer(long result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

}  // namespace

using namespace svmq;

int svmq_msgget(key_t key, int flags) { return static_cast<int>(answer(calls::get(key, flags))); }

int svmq_msgsnd(int id, const void* message, size_t size, int flags) {
  pthread_testcancel();
  return static_cast<int>(answer(calls::send(id, message, size, flags)));
}

ssize_t svmq_msgrcv(int id, void* message, size_t size, long type, int flags) {
  pthread_testcancel();
  return answer(calls::receive(id, message, size, type, flags));
}

int svmq_msgctl(int id, int command, struct msqid_ds* buffer) {
  return static_cast<int>(answer(calls::control(id, command, buffer)));
}

int svmq_namespace_enter(const char* directory) { return static_cast<int>(answer(calls::enter(directory))); }
int svmq_namespace_remove(const char* directory) {
  return static_cast<int>(answer(calls::remove_namespace(directory)));
}
ssize_t svmq_namespace_path(char* path, size_t size) { return answer(calls::path(path, size)); }
int svmq_namespace_each(int (*visit)(const char*, svmq_ipc, void*), void* context) {
  return static_cast<int>(answer(calls::each(visit, context)));
}
int svmq_limit_get(const char* name, long* value) {
  return static_cast<int>(answer(calls::limit_get(name, value)));
}
int svmq_limit_set(const char* name, long value) {
  return static_cast<int>(answer(calls::limit_set(name, value)));
}

// The library stands in front of these because they can change credentials (caller.h, interpose.cc).
#define INTERPOSED extern "C" __attribute__((visibility("default")))

// Reads six arguments, however many there are, as the C library does.
INTERPOSED __attribute__((no_sanitize("address"))) long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  CredentialsChange change(CredentialsChange::by_system_call(number));
  static auto plain = interpose::plain_function<long (*)(long, ...)>("syscall");
  return plain(number, a, b, c, d, e, f);
}

INTERPOSED int unshare(int flags) noexcept {
  CredentialsChange change;
  static auto plain = interpose::plain_function<int (*)(int)>("unshare");
  return plain(flags);
}

INTERPOSED int setns(int file, int kind) noexcept {
  CredentialsChange change;
  static auto plain = interpose::plain_function<int (*)(int, int)>("setns");
  return plain(file, kind);
}

ssize_t svmq_table(char* text, size_t size) { return answer(calls::table(text, size)); }
