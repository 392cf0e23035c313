#include "observe.h"

#include "calls.h"

const char* const blocking_names[3] = {"syscall", "state", "settle"};

static int observe_open(const struct slot* slot, const char* name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/%s", (long)slot->pid, slot->tid, name);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static void watch_open(struct watch* watch, const struct slot* slot) {
  if (watch->open || !slot->pid) return; /* the latter: it has not yet said who it is */
  watch->open = true;
  watch->syscall_file = observe_open(slot, "syscall");
  watch->state_file = observe_open(slot, "stat");
  watch->runs_file = observe_open(slot, "schedstat");
}

void watch_close(struct watch* watch) {
  if (!watch->open) return;
  if (watch->syscall_file >= 0) close(watch->syscall_file);
  if (watch->state_file >= 0) close(watch->state_file);
  if (watch->runs_file >= 0) close(watch->runs_file);
  watch->open = false;
}

static bool observe_read(int file, char* text, size_t size) {
  ssize_t length = file < 0 ? -1 : pread(file, text, size - 1, 0);
  if (length <= 0) return false;
  text[length] = '\0';
  return true;
}

/* Numbers that the system shows for the calls themselves, where they are not those that this program was
 * compiled with: of the receive and of the send. */
static long observe_learnt[2] = {-1, -1};

/* The kernel prints this file only for a thread that is off the processor and stays off it while it is read.
 */
static bool observe_waits(const char* text) {
  unsigned long long arguments[6] = {0};
  char* rest;
  long number = strtol(text, &rest, 10);
  if (rest == text) return false; /* "running" */
  if (number >= 0 && (number == observe_learnt[0] || number == observe_learnt[1])) return true;
  for (int i = 0; i < 6; i++) arguments[i] = strtoull(rest, &rest, 16);
  return calls.waits(number, arguments);
}

/* The state letter: behind the last ')', which ends the program's name. */
static char observe_state(const char* text) {
  const char* name_end = strrchr(text, ')');
  return name_end && name_end[1] == ' ' ? name_end[2] : '?';
}

static unsigned long long observe_runs(const struct watch* watch) {
  char text[128], *rest;
  if (!observe_read(watch->runs_file, text, sizeof text)) return 0;
  strtoull(text, &rest, 10);
  strtoull(rest, &rest, 10);
  return strtoull(rest, NULL, 10);
}

static enum sight observe_settled(struct watch* watch, unsigned progress) {
  long long now = stamp_now().nanoseconds;
  if (!watch->since || watch->progress != progress) {
    watch->since = now;
    watch->progress = progress;
  }
  if (now - watch->since < OBSERVE_SETTLE * 1000000LL) return SIGHT_MOVING;
  return progress % 2 ? SIGHT_ASLEEP : SIGHT_RESTING;
}

/* Why the order of the readings is right: between the first and the last reading of `progress` the thread
 * stayed in the same call (or outside of any). It was seen in a queue's system call during that time, and
 * later in state S. The kernel sleeps in that state within those system calls only when the thread stands on
 * the queue's list of waiters; its short waits for memory and locks show as D. */
enum sight observe(struct watch* watch, enum blocking how, const struct slot* slot,
                   unsigned long long* runs) {
  char text[1024];
  unsigned progress = slot->progress;
  *runs = 0;
  agent_fence();
  if (how == BLOCKING_SETTLE) return observe_settled(watch, progress);
  watch_open(watch, slot);
  if (!watch->open) return SIGHT_MOVING;
  bool in_call = progress % 2;
  if (in_call && how == BLOCKING_SYSCALL) {
    if (!observe_read(watch->syscall_file, text, sizeof text)) {
      watch_close(watch); /* after a new image the thread may have another number */
      return SIGHT_MOVING;
    }
    if (!observe_waits(text)) return SIGHT_MOVING;
  }
  if (!observe_read(watch->state_file, text, sizeof text)) return SIGHT_GONE;
  char state = observe_state(text);
  if (state == 'Z' || state == 'X') return SIGHT_GONE;
  if (state != 'S') return SIGHT_MOVING;
  *runs = observe_runs(watch);
  agent_fence();
  if (slot->progress != progress) return SIGHT_MOVING;
  return in_call ? SIGHT_ASLEEP : SIGHT_RESTING;
}

/* -------------------------------------------------------------------------------------------------- probe */

enum { PROBE_TEXT = 8, PROBE_QUEUE = 4096 };

struct observe_message {
  message_type type;
  char text[PROBE_TEXT];
};

static void observe_probe_child(const struct shared* shared, struct slot* slot, int id, bool sends) {
  struct observe_message message;
  memset(&message, 0, sizeof message);
  message.type = 1;
  shared_stay_attached(shared);
  slot->tid = (long)getpid();
  agent_fence();
  slot->pid = getpid();
  agent_fence();
  slot->progress = 1;
  if (sends)
    calls.msgsnd(id, &message, sizeof message.text, 0);
  else
    calls.msgrcv(id, &message, sizeof message.text, 0, 0);
  _exit(0);
}

/* Under an emulator the file shows a number of the host. What a thread shows that sleeps in the call for sure
 * is the number of the call: so the same is read several times, with pauses. */
static bool observe_learn(struct watch* watch, int which) {
  enum { LEARN_LOOKS = 5 };
  char text[1024];
  long number = -1;
  for (int i = 0; i < LEARN_LOOKS; i++) {
    struct timespec pause = {0, 2000000};
    nanosleep(&pause, NULL);
    char* rest;
    if (!observe_read(watch->syscall_file, text, sizeof text)) return false;
    long shown = strtol(text, &rest, 10);
    if (rest == text || shown < 0 || (i && shown != number)) return false;
    number = shown;
  }
  observe_learnt[which] = number;
  return true;
}

/* Is the child in the call seen so? It may take its time to get there on a busy machine: what counts is how long it has
 * been seen asleep by its state, the lesser sight, without being seen asleep so. */
static bool observe_probe_with(enum blocking how, const struct slot* slot, int which) {
  const long long once_asleep = 200000000LL, at_most = 3000000000LL;
  struct watch watch;
  unsigned long long runs;
  memset(&watch, 0, sizeof watch);
  long long begin = stamp_now().nanoseconds, asleep = 0, now = begin;
  bool seen = false;
  while (!seen && now - begin < at_most && (!asleep || now - asleep < once_asleep)) {
    if (slot->progress == 1) seen = observe(&watch, how, slot, &runs) == SIGHT_ASLEEP;
    if (slot->progress == 1 && watch.open && watch.state_file < 0) break;
    if (!seen && !asleep && slot->progress == 1 && observe(&watch, BLOCKING_STATE, slot, &runs) == SIGHT_ASLEEP) asleep = now;
    sched_yield();
    now = stamp_now().nanoseconds;
  }
  if (!seen && how == BLOCKING_SYSCALL && calls.waits_in_call && watch.open && observe_learn(&watch, which))
    seen = observe(&watch, how, slot, &runs) == SIGHT_ASLEEP;
  watch_close(&watch);
  return seen;
}

/* Fills a queue until a send would have to wait. */
static bool observe_fill(int id) {
  struct observe_message message;
  memset(&message, 0, sizeof message);
  message.type = 1;
  for (int i = 0; i < PROBE_QUEUE; i++)
    if (calls.msgsnd(id, &message, sizeof message.text, flags_of_system(FLAG_IPC_NOWAIT)) != 0)
      return errno == EAGAIN;
  return false;
}

static enum blocking observe_probe_call(struct shared* shared, bool sends) {
  struct slot* slot = &shared->slots[0];
  slot->progress = 0;
  slot->pid = 0;
  int id = calls.msgget(IPC_PRIVATE, 0600);
  if (id < 0) return BLOCKING_SETTLE;
  enum blocking how = BLOCKING_SETTLE;
  if (sends && !observe_fill(id)) {
    calls.msgctl(id, IPC_RMID, NULL);
    return BLOCKING_SYSCALL; /* what the receive has shown */
  }
  pid_t child = fork();
  if (child == 0) observe_probe_child(shared, slot, id, sends);
  if (child > 0) {
    if (observe_probe_with(BLOCKING_SYSCALL, slot, sends))
      how = BLOCKING_SYSCALL;
    else if (observe_probe_with(BLOCKING_STATE, slot, sends))
      how = BLOCKING_STATE;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }
  calls.msgctl(id, IPC_RMID, NULL);
  return how;
}

enum blocking observe_probe(struct shared* shared) {
  enum blocking receiving = observe_probe_call(shared, false), sending = observe_probe_call(shared, true);
  return receiving > sending ? receiving : sending;
}
