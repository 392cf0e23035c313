/* What the agent takes from the system it runs on, and the feature tests that decide it.
 *
 * The baseline is C99 with POSIX.1-2008 and its XSI option (System V queues are XSI anyway). Everything
 * beyond stands behind one of the AGENT_ macros below; a system without any of them still conducts scenarios,
 * with the coarser ways that README.md ("Porting") lists. Every source file includes this one first. */
#ifndef SVMQ_AGENT_SYSTEM_H
#define SVMQ_AGENT_SYSTEM_H

#if defined(__linux__)
#define _GNU_SOURCE 1
#define AGENT_LINUX 1
#elif defined(__APPLE__)
#define _DARWIN_C_SOURCE 1
#elif defined(__sun)
#define __EXTENSIONS__ 1
#define _XOPEN_SOURCE 700
#elif defined(__CYGWIN__)
#define _GNU_SOURCE 1
#elif !defined(__FreeBSD__) && !defined(__NetBSD__) && !defined(__OpenBSD__) && !defined(__DragonFly__)
#define _XOPEN_SOURCE 700
#define AGENT_STRICT_POSIX 1
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#if !defined(AGENT_STRICT_POSIX)
#include <grp.h>
#define AGENT_SETGROUPS 1 /* setgroups() */
#endif

#if defined(AGENT_LINUX)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#if defined(MAP_ANONYMOUS)
#define AGENT_MAP_ANONYMOUS MAP_ANONYMOUS
#elif defined(MAP_ANON)
#define AGENT_MAP_ANONYMOUS MAP_ANON
#endif /* else /dev/zero is mapped */

/* The type of a message as the calls have it. In the x32 ABI it has the 64 bits of the kernel's long. */
#if defined(__x86_64__) && defined(__ILP32__)
typedef long long message_type;
#define MESSAGE_TYPE_MAX LLONG_MAX
#else
typedef long message_type;
#define MESSAGE_TYPE_MAX LONG_MAX
#endif

/* Orders the accesses to the shared mapping of conductor and workers. Each waits for the other in a system
 * call, which orders them on all systems known; the fence makes it certain where the compiler offers one. */
#if defined(__GNUC__)
#define agent_fence() __sync_synchronize()
#else
#define agent_fence() ((void)0)
#endif

#endif
