/* The calls under test, and what else depends on who implements them: the one place where the two programs
 * differ (calls_system.c: the C library and the kernel's own files; calls_svmq.c: libsvmq).
 *
 * All return -1 with errno on failure, like the calls themselves. */
#ifndef SVMQ_AGENT_CALLS_H
#define SVMQ_AGENT_CALLS_H

#include "names.h"

struct calls {
  const char* prefix; /* stands before the system's name in a history */
  int (*msgget)(key_t key, int flags);
  int (*msgsnd)(int id, const void* message, size_t size, int flags);
  ssize_t (*msgrcv)(int id, void* message, size_t size, long type, int flags);
  int (*msgctl)(int id, int command, struct msqid_ds* buffer);

  int (*limit_get)(int limit, long* value);
  int (*limit_set)(int limit, long value);
  ssize_t (*table)(char* text, size_t size); /* the text of /proc/sysvipc/msg; returns its whole length */

  /* Namespaces of queues. Where they live in directories, `directory` is the new one's name. */
  bool needs_directory;
  int (*namespace_new)(const char* directory);  /* the calling process enters a new, empty one */
  int (*namespace_join)(const char* directory); /* a new image of a process enters again the one it was in */
  int (*namespace_remove)(const char* directory);

  /* Whether a thread that sleeps in this system call waits on a queue. */
  bool (*waits)(long number, const unsigned long long arguments[6]);
  bool waits_in_call; /* a waiting thread sleeps in the very call, under one number: it may be learnt by
                         trying */
};

extern struct calls calls;

/* Says in `prefix` where it is not the system that answers: libsvmq, preloaded. */
void calls_name(void);

/* From now on the system calls themselves, not the C library's functions; false where there are none. */
bool calls_choose_raw(void);

#endif
