/* A system that does not keep its word: preloaded into an agent, it stands between that and the C library.
 *
 * BEND_LIE="CALL ERRNO ERRNO N"   of the calls that fail with the first errno every Nth says the second
 * BEND_SEND="lose N|twice N"      every Nth message sent is lost, or sent twice, and the sender told that all is well
 * BEND_WAKE="never N|again N|late MS"
 *                                 every Nth call that has slept never returns; or receives once more; or each returns late
 * BEND_LATE=MS                    every third call returns late
 * BEND_RANDOM=none                there are no random numbers
 * BEND_FUTEX=deaf                 FUTEX_WAKE wakes nobody
 *
 * Counts are of the process. A wrong value ends the program: a fault that does nothing would pass for one that was
 * not found. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum call { CALL_MSGGET, CALL_MSGSND, CALL_MSGRCV, CALL_MSGCTL };
static const char* const call_names[] = {"msgget", "msgsnd", "msgrcv", "msgctl"};

static struct {
  int lie, lie_call, lie_from, lie_to, lie_every;
  int lose_every, twice_every;
  int never_every, again_every, late_wake, late;
  int no_random;
} bent;

static atomic_uint lies, sends, sleeps, calls;

static const struct { const char* name; int number; } errnos[] = {
    {"EINVAL", EINVAL}, {"EAGAIN", EAGAIN}, {"ENOMSG", ENOMSG}, {"EIDRM", EIDRM}, {"EACCES", EACCES},
    {"EPERM", EPERM},   {"E2BIG", E2BIG},   {"EINTR", EINTR},   {"ENOENT", ENOENT}, {"EEXIST", EEXIST}};

static void bad(const char* variable) {
  fprintf(stderr, "bend: %s=%s means nothing\n", variable, getenv(variable));
  _exit(127);
}

static int errno_named(const char* name, const char* variable) {
  for (size_t i = 0; i < sizeof errnos / sizeof *errnos; ++i)
    if (strcmp(errnos[i].name, name) == 0) return errnos[i].number;
  bad(variable);
  return 0;
}

static void read_lie(const char* text) {
  char call[8], from[8], to[8];
  if (sscanf(text, "%7s %7s %7s %d", call, from, to, &bent.lie_every) != 4 || bent.lie_every < 1) bad("BEND_LIE");
  bent.lie_call = -1;
  for (int i = 0; i < 4; ++i)
    if (strcmp(call_names[i], call) == 0) bent.lie_call = i;
  if (bent.lie_call < 0) bad("BEND_LIE");
  bent.lie_from = errno_named(from, "BEND_LIE");
  bent.lie_to = errno_named(to, "BEND_LIE");
  bent.lie = 1;
}

static int number_behind(const char* text, const char* word, int* number) {
  size_t length = strlen(word);
  return strncmp(text, word, length) == 0 && sscanf(text + length, " %d", number) == 1 && *number > 0;
}

/* FUTEX_WAKE and its kin do nothing and say that nobody was woken. */
static void deafen(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_WAKE, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_WAKE_OP, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("bend: seccomp");
    _exit(127);
  }
}

__attribute__((constructor)) static void read_variables(void) {
  const char* text;
  if ((text = getenv("BEND_LIE"))) read_lie(text);
  if ((text = getenv("BEND_SEND")) && !number_behind(text, "lose", &bent.lose_every) &&
      !number_behind(text, "twice", &bent.twice_every))
    bad("BEND_SEND");
  if ((text = getenv("BEND_WAKE")) && !number_behind(text, "never", &bent.never_every) &&
      !number_behind(text, "again", &bent.again_every) && !number_behind(text, "late", &bent.late_wake))
    bad("BEND_WAKE");
  if ((text = getenv("BEND_LATE")) && ((bent.late = atoi(text)) < 1)) bad("BEND_LATE");
  if ((text = getenv("BEND_RANDOM"))) {
    if (strcmp(text, "none") != 0) bad("BEND_RANDOM");
    bent.no_random = 1;
  }
  if ((text = getenv("BEND_FUTEX"))) {
    if (strcmp(text, "deaf") != 0) bad("BEND_FUTEX");
    deafen();
  }
}

static void* next(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == NULL) {
    fprintf(stderr, "bend: there is no %s behind\n", name);
    _exit(127);
  }
  return found;
}

static int turn(atomic_uint* count, int every) { return every > 0 && (atomic_fetch_add(count, 1) + 1) % (unsigned)every == 0; }

static void pause_for(int milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
}

static double now(void) {
  struct timespec time;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What becomes of a call's end. Keeps errno unless it lies. */
static long ends(enum call call, long result, int slept) {
  int error = errno;
  if (result < 0 && bent.lie && (int)call == bent.lie_call && error == bent.lie_from && turn(&lies, bent.lie_every))
    error = bent.lie_to;
  if (slept && bent.late_wake > 0) pause_for(bent.late_wake);
  if (slept && turn(&sleeps, bent.never_every))
    for (;;) pause_for(1000000);
  if (bent.late > 0 && turn(&calls, 3)) pause_for(bent.late);
  errno = error;
  return result;
}

int msgget(key_t key, int flags) {
  static int (*real)(key_t, int);
  if (!real) *(void**)&real = next("msgget");
  return (int)ends(CALL_MSGGET, real(key, flags), 0);
}

int msgctl(int id, int command, struct msqid_ds* buffer) {
  static int (*real)(int, int, struct msqid_ds*);
  if (!real) *(void**)&real = next("msgctl");
  return (int)ends(CALL_MSGCTL, real(id, command, buffer), 0);
}

static const double long_enough = 0.001; /* to have slept */

int msgsnd(int id, const void* message, size_t size, int flags) {
  static int (*real)(int, const void*, size_t, int);
  if (!real) *(void**)&real = next("msgsnd");
  int is_turn = turn(&sends, bent.lose_every + bent.twice_every);
  if (is_turn && bent.lose_every) return 0;
  double began = now();
  int result = real(id, message, size, flags);
  int slept = now() - began > long_enough;
  if (is_turn && bent.twice_every && result == 0) real(id, message, size, flags | IPC_NOWAIT);
  return (int)ends(CALL_MSGSND, result, slept);
}

ssize_t msgrcv(int id, void* message, size_t size, long type, int flags) {
  static ssize_t (*real)(int, void*, size_t, long, int);
  if (!real) *(void**)&real = next("msgrcv");
  double began = now();
  ssize_t result = real(id, message, size, type, flags);
  int slept = now() - began > long_enough;
  if (slept && result >= 0 && turn(&sleeps, bent.again_every)) result = real(id, message, size, type, flags);
  return (ssize_t)ends(CALL_MSGRCV, result, slept);
}

ssize_t getrandom(void* buffer, size_t size, unsigned flags) {
  if (!bent.no_random) return syscall(SYS_getrandom, buffer, size, flags);
  errno = ENOSYS;
  return -1;
}
