/* The calls of the C library; limits, table and namespaces as Linux has them. */
#include "calls.h"

#if defined(AGENT_LINUX)

static const char* calls_limit_path(int limit, char* path, size_t size) {
  snprintf(path, size, "/proc/sys/kernel/%s", limit_names[limit]);
  return path;
}

static int calls_limit_get(int limit, long* value) {
  char path[64], text[32];
  int file = open(calls_limit_path(limit, path, sizeof path), O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t length = read(file, text, sizeof text - 1);
  int error = errno;
  close(file);
  errno = error;
  if (length < 0) return -1;
  text[length] = '\0';
  *value = strtol(text, NULL, 10);
  return 0;
}

static int calls_limit_set(int limit, long value) {
  char path[64], text[32];
  int file = open(calls_limit_path(limit, path, sizeof path), O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  int length = snprintf(text, sizeof text, "%ld\n", value);
  ssize_t written = write(file, text, (size_t)length);
  int error = errno;
  close(file);
  errno = error;
  return written == length ? 0 : -1;
}

static ssize_t calls_table(char* text, size_t size) {
  int file = open("/proc/sysvipc/msg", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  size_t used = 0;
  ssize_t length;
  char rest[4096];
  do {
    bool fits = used < size;
    length = read(file, fits ? text + used : rest, fits ? size - used : sizeof rest);
    if (length > 0) used += (size_t)length;
  } while (length > 0);
  int error = errno;
  close(file);
  errno = error;
  return length < 0 ? -1 : (ssize_t)used;
}

static int calls_namespace_new(const char* directory) {
  (void)directory;
  return unshare(CLONE_NEWIPC);
}

static bool calls_waits(long number, const unsigned long long arguments[6]) {
  (void)arguments;
#if defined(SYS_futex)
  /* Preloaded, libsvmq answers the calls; its waiters sleep as calls_svmq.c explains. */
  if ((number == SYS_futex || number == SYS_restart_syscall) && (uint32_t)arguments[5] == 0x53564d51u) return true;
#endif
#if defined(SYS_msgsnd)
  if (number == SYS_msgsnd || number == SYS_msgrcv) return true;
#endif
#if defined(SYS_ipc)
  if (number == SYS_ipc && (arguments[0] & 0xffff) >= 11 && (arguments[0] & 0xffff) <= 12) return true;
#endif
  return false;
}

#else

static int calls_limit_get(int limit, long* value) {
  (void)limit, (void)value;
  errno = ENOSYS;
  return -1;
}

static int calls_limit_set(int limit, long value) {
  (void)limit, (void)value;
  errno = ENOSYS;
  return -1;
}

static ssize_t calls_table(char* text, size_t size) {
  (void)text, (void)size;
  errno = ENOSYS;
  return -1;
}

static int calls_namespace_new(const char* directory) {
  (void)directory;
  errno = ENOSYS;
  return -1;
}

static bool calls_waits(long number, const unsigned long long arguments[6]) {
  (void)number, (void)arguments;
  return false;
}

#endif

static int calls_namespace_nothing(const char* directory) {
  (void)directory;
  return 0;
}

/* The libraries declare some of these with other qualifiers; the table wants one type everywhere. */
#if defined(__SANITIZE_ADDRESS__) && defined(SYS_msgsnd)
/* The sanitizer's wrappers look at the whole message themselves, and scenarios send from memory that is not
 * there. */
static int calls_msgsnd(int id, const void* message, size_t size, int flags) {
  return (int)syscall(SYS_msgsnd, id, message, size, flags);
}
static ssize_t calls_msgrcv(int id, void* message, size_t size, long type, int flags) {
  return (ssize_t)syscall(SYS_msgrcv, id, message, size, type, flags);
}
#else
static int calls_msgsnd(int id, const void* message, size_t size, int flags) {
  return msgsnd(id, message, size, flags);
}
static ssize_t calls_msgrcv(int id, void* message, size_t size, long type, int flags) {
  return msgrcv(id, message, size, type, flags);
}
#endif

const struct calls calls = {"",
                            msgget,
                            calls_msgsnd,
                            calls_msgrcv,
                            msgctl,
                            calls_limit_get,
                            calls_limit_set,
                            calls_table,
                            false,
                            calls_namespace_new,
                            calls_namespace_nothing,
                            calls_namespace_nothing,
                            calls_waits};
