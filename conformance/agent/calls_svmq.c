/* The calls of libsvmq, whose namespaces are directories. */
#include <svmq/svmq.h>

#include "calls.h"

static int calls_limit_get(int limit, long* value) { return svmq_limit_get(limit_names[limit], value); }
static int calls_limit_set(int limit, long value) { return svmq_limit_set(limit_names[limit], value); }

/* libsvmq's waiters sleep in a futex call whose bit set says that they stand on a queue. After a stop such a
 * call (it has a time-out) goes on under the number of restart_syscall, its arguments still in the registers.
 */
static bool calls_waits(long number, const unsigned long long arguments[6]) {
#if defined(AGENT_LINUX) && defined(SYS_futex)
  return (number == SYS_futex || number == SYS_restart_syscall) && (uint32_t)arguments[5] == 0x53564d51u;
#else
  (void)number, (void)arguments;
  return false;
#endif
}

void calls_name(void) {}

bool calls_choose_raw(void) { return false; }

struct calls calls = {
    "libsvmq-",           svmq_msgget,           svmq_msgsnd, svmq_msgrcv, svmq_msgctl,
    calls_limit_get,      calls_limit_set,       svmq_table,  true,        svmq_namespace_enter,
    svmq_namespace_enter, svmq_namespace_remove, calls_waits, false};
