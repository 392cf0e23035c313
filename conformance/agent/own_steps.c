/* The steps of the conductor: signals, ticks, and calls that any actor could make. */

#include "stage.h"

static int stage_send_signal(struct stage* stage, int actor, int number) {
  const struct slot* slot = &stage->shared->slots[actor];
#if defined(AGENT_LINUX)
  if (number != SIGKILL && number != SIGSTOP && number != SIGCONT)
    return (int)syscall(SYS_tgkill, (long)slot->pid, slot->tid, (long)number);
#endif
  return kill(slot->pid, number);
}

/* False: SIGKILL or SIGSTOP did not do what it must. */
static bool stage_kill(struct stage* stage, const struct step* step, struct record* record) {
  int actor = step->target, result;
  struct player* process = stage_process(stage, actor);
  record->call = stamp_now();
  if (!process->alive || stage->players[actor].gone) {
    errno = ESRCH; /* its number may already belong to somebody else */
    result = -1;
  } else {
    result = stage_send_signal(stage, actor, step->signal);
  }
  int error = errno;
  record->ret = stamp_now();
  bool done = true;
  if (result == 0) {
    stage->players[actor].poked = true;
    if (step->signal == SIGKILL || step->signal == SIGSTOP)
      done = stage_await(stage, actor, step->signal == SIGKILL);
    else if (step->signal == SIGCONT)
      stage_process_continued(stage, stage->scenario->actors[actor].process);
  }
  record->value = result;
  errno = error;
  return done;
}

/* The queues' time stamps are whole seconds of the clock that time() reads. */
static void stage_tick(struct stage* stage, struct record* record) {
  struct timespec now;
  record->call = stamp_now();
  time_t second = time(NULL);
  clock_gettime(CLOCK_REALTIME, &now);
  conductor_wait(stage->conductor, -1, 1000000000LL - now.tv_nsec);
  while (time(NULL) <= second && !conductor_interrupted()) conductor_wait(stage->conductor, -1, 200000);
  record->ret = stamp_now();
  record->value = 0;
}

void stage_own_step(struct stage* stage, const struct step* step) {
  struct slot* slot = stage->self.slot;
  if (step->call == CALL_KILL || step->call == CALL_TICK) {
    struct string out;
    struct record* record = record_begin(slot, step, &out);
    if (!record) return;
    errno = 0;
    bool done = true;
    if (step->call == CALL_KILL)
      done = stage_kill(stage, step, record);
    else
      stage_tick(stage, record);
    int error = errno;
    string_number(&out, record->value);
    if (record->value < 0) string_char(&out, ' '), errno_print(&out, error);
    if (!done) {
      out.length = 0;
      string_word(&out, "the process neither stopped nor ended by ");
      signal_print(&out, step->signal);
    }
    record_end(slot, record, &out, done ? RECORD_RETURNED : RECORD_FAILED);
    return;
  }
  /* The conductor must not wait on a queue: nobody would be left to go on. The alarm ends such a call. */
  struct itimerval limit = {{0, 10000}, {0, 0}}, none = {{0, 0}, {0, 0}};
  limit.it_value.tv_sec = stage->conductor->limit / 1000;
  limit.it_value.tv_usec = stage->conductor->limit % 1000 * 1000 + 1;
  bool may_wait =
      (step->call == CALL_MSGSND || step->call == CALL_MSGRCV) && !(step->flags & FLAG_IPC_NOWAIT);
  size_t before = slot->used;
  long long begin = stamp_now().nanoseconds;
  if (may_wait) setitimer(ITIMER_REAL, &limit, NULL);
  step_perform(&stage->self, step);
  if (!may_wait) return;
  setitimer(ITIMER_REAL, &none, NULL);
  if (stamp_now().nanoseconds - begin < stage->conductor->limit * 1000000LL) return;
  slot->used = before;
  struct string out;
  struct record* record = record_begin(slot, step, &out);
  string_word(&out, "the conductor itself would have to wait");
  record->call = record->ret = stamp_now();
  record_end(slot, record, &out, RECORD_FAILED);
}
