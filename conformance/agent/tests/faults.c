/* A broken implementation, to be preloaded: sending type 666 crashes, sending type 667 never returns and
 * never sleeps; sending type 668 works, but the process is killed while it prepares its next step. What else is
 * sent goes to the kernel's queues. */
#define _GNU_SOURCE 1
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static __thread int faults_looks_left = -1; /* at the clock, until it is killed; -1: it is not */

/* An agent looks at the clock when a call has returned, and then at last before it makes the next one. */
int clock_gettime(clockid_t clock, struct timespec* now) {
  if (faults_looks_left >= 0 && faults_looks_left-- == 0) kill(getpid(), SIGKILL);
  return (int)syscall(SYS_clock_gettime, clock, now);
}

static int faults_send(int id, const void* message, size_t size, int flags) {
  long type;
  memcpy(&type, message, sizeof type);
  if (type == 666) __builtin_trap();
  if (type == 668) faults_looks_left = 1;
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
