#include "pool.h"

#include "calls.h"

enum {
  POOL_PATIENCE = 50, /* milliseconds that a sleeping call may take to return when it is recalled */
  POOL_START = 4000,  /* milliseconds, besides the time limit of a step, for the processes to enter */
  POOL_ENTRIES =
      200 /* an implementation with namespaces of its own may keep each that was entered in memory */
};

/* ---------------------------------------------------------------------------------------------- beginning */

static bool pool_has_threads(const struct stage* stage, int process) {
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (i != process && stage->scenario->actors[i].process == process) return true;
  return false;
}

/* In the new process. The ends that other processes write to are closed, or a pipe would not end when the
 * conductor does. */
static void pool_child(struct stage* stage, int process, const int* command_read, bool stands) {
  struct conductor* conductor = stage->conductor;
  for (int i = 0; i < MAX_ACTORS; i++) {
    if (conductor->standing[i].pid) close(conductor->standing[i].command_write);
    if (i < stage->scenario->actor_count && !stage->players[i].stands && stage->players[i].command_write >= 0)
      close(stage->players[i].command_write);
  }
  close(conductor->report_read);
  struct worker_start start;
  start.scenario = stage->scenario;
  start.shared = stage->shared;
  start.shared_file = conductor->shared_file;
  start.program = conductor->program;
  start.mask = conductor->waiting_mask;
  start.command_read = command_read;
  start.stands = stands;
  worker_process(&start, process);
}

/* Forks the process of an actor, with a command pipe for each of its threads. */
static bool pool_fork(struct stage* stage, int process, bool stands) {
  int command_read[MAX_ACTORS];
  bool good = true;
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    int ends[2] = {-1, -1};
    if (stage->scenario->actors[i].process != process) continue;
    good = pipe(ends) == 0 && good;
    command_read[i] = ends[0];
    stage->players[i].command_write = ends[1];
    stage->players[i].stands = stands;
  }
  pid_t pid = good ? fork() : -1;
  if (pid == 0) pool_child(stage, process, command_read, stands);
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (stage->scenario->actors[i].process == process && command_read[i] >= 0) close(command_read[i]);
  stage->players[process].pid = pid;
  stage->players[process].alive = pid > 0;
  if (stands && pid > 0) {
    struct standing standing = {pid, stage->players[process].command_write, 0};
    stage->conductor->standing[process] = standing;
  }
  return pid > 0;
}

static void pool_order(struct stage* stage, int process) {
  int order = ORDER_ENTER;
  stage->conductor->standing[process].entries++;
  while (write(stage->players[process].command_write, &order, sizeof order) < 0 && errno == EINTR) {
  }
}

static bool pool_begin_process(struct stage* stage, int process) {
  struct player* player = &stage->players[process];
  const struct standing* standing = &stage->conductor->standing[process];
  if (pool_has_threads(stage, process)) return pool_fork(stage, process, false);
  if (standing->pid) {
    player->pid = standing->pid;
    player->command_write = standing->command_write;
    player->alive = player->stands = true;
  } else if (!pool_fork(stage, process, true)) {
    return false;
  }
  pool_order(stage, process);
  return true;
}

/* A standing process that found no way back has ended instead of entering; one just forked need not go back.
 */
static bool pool_replace(struct stage* stage, int process) {
  struct standing* standing = &stage->conductor->standing[process];
  if (!stage->players[process].stands || standing->entries < 2) return false;
  close(standing->command_write);
  standing->pid = 0;
  history_forget_death(&stage->history, process);
  stage->players[process].replaced = true;
  if (!pool_fork(stage, process, true)) return false;
  pool_order(stage, process);
  return true;
}

bool pool_begin(struct stage* stage) {
  if (stage->conductor->stale) stage_take_reports(stage); /* of processes that were killed then */
  stage->conductor->stale = false;
  for (int i = 0; i < stage->scenario->actor_count; i++) stage->players[i].ready = false;
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (stage_is_process(stage, i) && !pool_begin_process(stage, i)) return false;
  return true;
}

bool pool_entered(struct stage* stage) {
  struct conductor* conductor = stage->conductor;
  long long begin = stamp_now().nanoseconds;
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    int process = stage->scenario->actors[i].process;
    while (!stage->players[i].ready) {
      if (conductor_interrupted() ||
          stamp_now().nanoseconds - begin > (conductor->limit + POOL_START) * 1000000LL)
        return false;
      if (!stage->players[process].alive && !pool_replace(stage, process)) return false;
      conductor_wait(conductor, conductor->report_read, 10000000);
      stage_take_reports(stage);
      stage_reap(stage);
    }
  }
  return true;
}

/* -------------------------------------------------------------------------------------------------- ending
 */

static void pool_kill(struct stage* stage, int process) {
  struct player* player = &stage->players[process];
  stage->conductor->stale = true;
  if (player->alive) {
    kill(player->pid, SIGKILL);
    while (waitpid(player->pid, NULL, 0) < 0 && errno == EINTR) {
    }
  }
  player->alive = false;
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    if (stage->scenario->actors[i].process != process) continue;
    if (stage->players[i].command_write >= 0) close(stage->players[i].command_write);
    stage->players[i].busy = false;
  }
  if (player->stands) stage->conductor->standing[process].pid = 0;
}

/* Whether its process can be kept, once it has returned from the call it may be in. */
static bool pool_can_stand(const struct stage* stage, int process) {
  const struct player* player = &stage->players[process];
  const struct standing* standing = &stage->conductor->standing[process];
  return player->stands && player->alive && player->ready && !player->stopped && !player->poked &&
         stage->shared->slots[process].images == 0 &&
         (!calls.needs_directory || standing->entries < POOL_ENTRIES);
}

/* A signal that comes before the call does not end it; so it is sent until the process reports. */
static void pool_recall(struct stage* stage) {
  long long begin = stamp_now().nanoseconds;
  for (;;) {
    bool waits = false;
    for (int i = 0; i < stage->scenario->actor_count; i++) {
      if (!stage_is_process(stage, i) || !stage->players[i].alive || !stage->players[i].busy) continue;
      kill(stage->players[i].pid, WORKER_RECALL);
      waits = true;
    }
    if (!waits || conductor_interrupted()) return;
    if (stamp_now().nanoseconds - begin > POOL_PATIENCE * 1000000LL) return;
    conductor_wait(stage->conductor, stage->conductor->report_read, 2000000);
    stage_take_reports(stage);
    stage_reap(stage);
  }
}

void pool_leave(struct stage* stage) {
  bool kept = !stage->hung && !conductor_interrupted();
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    watch_close(&stage->players[i].watch);
    if (stage_is_process(stage, i) && (!kept || !pool_can_stand(stage, i))) pool_kill(stage, i);
  }
  pool_recall(stage);
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (stage_is_process(stage, i) && stage->players[i].alive && stage->players[i].busy) pool_kill(stage, i);
}

void pool_end(struct conductor* conductor) {
  for (int i = 0; i < MAX_ACTORS; i++) {
    struct standing* standing = &conductor->standing[i];
    if (!standing->pid) continue;
    kill(standing->pid, SIGKILL);
    while (waitpid(standing->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    close(standing->command_write);
    standing->pid = 0;
  }
}
