/* A broken implementation, to be preloaded: sending type 666 crashes, sending type 667 never returns and
 * never sleeps. What else is sent goes to the kernel's queues. */
#define _GNU_SOURCE 1
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int faults_send(int id, const void* message, size_t size, int flags) {
  long type;
  memcpy(&type, message, sizeof type);
  if (type == 666) __builtin_trap();
  volatile int spin = type == 667;
  while (spin) {
  }
  return (int)syscall(SYS_msgsnd, id, message, size, flags);
}

int msgsnd(int id, const void* message, size_t size, int flags);
int msgsnd(int id, const void* message, size_t size, int flags) {
  return faults_send(id, message, size, flags);
}
int svmq_msgsnd(int id, const void* message, size_t size, int flags);
int svmq_msgsnd(int id, const void* message, size_t size, int flags) {
  return faults_send(id, message, size, flags);
}
