// The exported functions: results in the C library's manner, cancellation points.
#include <errno.h>
#include <pthread.h>

#include "calls.h"
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
ssize_t svmq_table(char* text, size_t size) { return answer(calls::table(text, size)); }
