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
  if ((number == SYS_futex || number == SYS_restart_syscall) && (uint32_t)arguments[5] == 0x53564d51u)
    return true;
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

struct calls calls = {"",
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
                      calls_waits,
                      true};

/* -------------------------------------------------------------------------------------- the system calls */

#if defined(AGENT_LINUX)

/* Old numbers of msgctl want to be told that the structures are the present ones; where there was but one
 * call for all of System V, that too. */
enum {
  RAW_IPC_64 = 0x100,
  RAW_IPC_SEND = 11,
  RAW_IPC_RECEIVE = 12 | 1 << 16,
  RAW_IPC_GET = 13,
  RAW_IPC_CONTROL = 14
};
#if defined(__arm__) || defined(__alpha__) || defined(__xtensa__) || \
    (defined(__mips__) && _MIPS_SIM != _ABIO32)
enum { RAW_CONTROL_VERSION = RAW_IPC_64 };
#else
enum { RAW_CONTROL_VERSION = 0 };
#endif

#if defined(SYS_ipc)
#define RAW_FALLBACK(result, ...) \
  if ((result) == -1 && errno == ENOSYS) (result) = syscall(SYS_ipc, __VA_ARGS__)
#else
#define RAW_FALLBACK(result, ...) ((void)0)
#endif
#if !defined(SYS_msgget)
static long raw_none(void) {
  errno = ENOSYS;
  return -1;
}
#endif

static int raw_msgget(key_t key, int flags) {
#if defined(SYS_msgget)
  long result = syscall(SYS_msgget, (long)key, (long)flags);
#else
  long result = raw_none();
#endif
  RAW_FALLBACK(result, (long)RAW_IPC_GET, (long)key, (long)flags, 0L, 0L);
  return (int)result;
}

static int raw_msgsnd(int id, const void* message, size_t size, int flags) {
#if defined(SYS_msgsnd)
  long result = syscall(SYS_msgsnd, (long)id, message, size, (long)flags);
#else
  long result = raw_none();
#endif
  RAW_FALLBACK(result, (long)RAW_IPC_SEND, (long)id, size, (long)flags, message, 0L);
  return (int)result;
}

static ssize_t raw_msgrcv(int id, void* message, size_t size, long type, int flags) {
#if defined(SYS_msgrcv)
  long result = syscall(SYS_msgrcv, (long)id, message, size, type, (long)flags);
#else
  long result = raw_none();
#endif
  RAW_FALLBACK(result, (long)RAW_IPC_RECEIVE, (long)id, size, (long)flags, message, type);
  return (ssize_t)result;
}

static int raw_msgctl(int id, int command, struct msqid_ds* buffer) {
#if defined(SYS_msgctl)
  long result = syscall(SYS_msgctl, (long)id, (long)(command | RAW_CONTROL_VERSION), buffer);
#else
  long result = raw_none();
#endif
  RAW_FALLBACK(result, (long)RAW_IPC_CONTROL, (long)id, (long)(command | RAW_IPC_64), 0L, buffer, 0L);
  return (int)result;
}

/* Only what is loaded tells: preloaded or not, this is one program. */
void calls_name(void) {
  char line[512];
  FILE* maps = fopen("/proc/self/maps", "r");
  while (maps && fgets(line, sizeof line, maps))
    if (strstr(line, "/libsvmq-preload.so")) calls.prefix = "preload-";
  if (maps) fclose(maps);
}

bool calls_choose_raw(void) {
  calls.prefix = "raw-";
  calls.msgget = raw_msgget;
  calls.msgsnd = raw_msgsnd;
  calls.msgrcv = raw_msgrcv;
  calls.msgctl = raw_msgctl;
  return true;
}

#else

void calls_name(void) {}

bool calls_choose_raw(void) { return false; }

#endif
