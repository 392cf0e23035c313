/* Waiting until nothing moves any more. */
#include "stage.h"

/* ------------------------------------------------------------------------------ what the actors are doing */

bool stage_is_process(const struct stage* stage, int actor) {
  return stage->scenario->actors[actor].process == actor;
}

struct player* stage_process(struct stage* stage, int actor) {
  return &stage->players[stage->scenario->actors[actor].process];
}

/* Can an actor take a step? */
bool stage_can_act(struct stage* stage, int actor) {
  const struct player *player = &stage->players[actor], *process = stage_process(stage, actor);
  return process->alive && !process->stopped && !player->gone && !player->busy;
}

bool stage_is_alive(struct stage* stage, int actor) {
  return stage_process(stage, actor)->alive && !stage->players[actor].gone;
}

/* May an actor still do something by itself? */
bool stage_may_move(struct stage* stage, int actor) {
  const struct player *player = &stage->players[actor], *process = stage_process(stage, actor);
  return process->alive && !process->stopped && !player->gone && (player->busy || player->poked);
}

static void stage_process_ended(struct stage* stage, int actor, int status) {
  stage->players[actor].alive = false;
  stage->players[actor].stopped = false;
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (stage->scenario->actors[i].process == actor) stage->players[i].busy = stage->players[i].poked = false;
  history_death(&stage->history, actor, status);
}

void stage_process_continued(struct stage* stage, int actor) {
  stage->players[actor].stopped = false;
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (stage->scenario->actors[i].process == actor) stage->players[i].poked = true;
}

/* Takes note of processes that have ended, stopped or gone on. */
void stage_reap(struct stage* stage) {
  int status;
  pid_t pid;
  if (!conductor_child_changed()) return;
  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
    for (int i = 0; i < stage->scenario->actor_count; i++) {
      if (!stage_is_process(stage, i) || stage->players[i].pid != pid || !stage->players[i].alive) continue;
      if (WIFSTOPPED(status))
        stage->players[i].stopped = true;
      else if (WIFCONTINUED(status))
        stage_process_continued(stage, i);
      else
        stage_process_ended(stage, i, status);
    }
  }
}

/* Reads the reports that have come; true if there was one. */
bool stage_take_reports(struct stage* stage) {
  struct report reports[MAX_ACTORS];
  bool any = false;
  ssize_t length = sizeof reports;
  while (length == sizeof reports &&
         (length = read(stage->conductor->report_read, reports, sizeof reports)) > 0) {
    for (size_t i = 0; i < (size_t)length / sizeof reports[0]; i++) {
      struct player* player = &stage->players[reports[i].actor];
      if (reports[i].entered)
        player->ready = true;
      else
        player->busy = false;
      any = true;
    }
  }
  return any;
}

/* ----------------------------------------------------------------------------------------------- settling */

/* A new image has one thread: that of the actor that executed it. */
static bool stage_lost_to_exec(const struct stage* stage, int actor) {
  const struct actor* actors = stage->scenario->actors;
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (i != actor && actors[i].process == actors[actor].process && stage->shared->slots[i].images > 0)
      return true;
  return false;
}

/* Only these calls may sleep; whatever else takes its time is slow. */
static bool stage_is_in_queue_call(const struct stage* stage, int actor) {
  const struct slot* slot = &stage->shared->slots[actor];
  if (!slot->making) return false;
  const struct record* record = (const struct record*)(const void*)(slot->arena + slot->used);
  enum call call = stage->scenario->steps[record->step].call;
  return call == CALL_MSGSND || call == CALL_MSGRCV;
}

/* Looks once at each actor that may move. True if all of those are asleep (or rest); `same` says whether each
 * has done so without a break since the last such look. */
static bool stage_look(struct stage* stage, bool* same, int* sleepers) {
  *same = true;
  *sleepers = 0;
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    if (stage_lost_to_exec(stage, i)) stage->players[i].gone = true;
    if (!stage_may_move(stage, i)) continue;
    struct player* player = &stage->players[i];
    unsigned long long runs, progress = stage->shared->slots[i].progress;
    enum sight sight = observe(&player->watch, stage->conductor->blocking, &stage->shared->slots[i], &runs);
    if (sight != (player->busy ? SIGHT_ASLEEP : SIGHT_RESTING)) return false;
    if (player->busy && !stage_is_in_queue_call(stage, i)) return false;
    unsigned long long mark = runs << 32 | progress;
    if (mark != player->runs) *same = false;
    player->runs = mark;
    ++*sleepers;
  }
  return true;
}

/* Waits until nothing moves any more.
 *
 * The claim on return: no actor will do anything before the conductor does. Who is idle, dead or stopped,
 * does not. So look at those that are left. One alone, seen asleep, stays so: nobody is there who could wake
 * it. With several, X may have been woken by Y after it was seen asleep and before Y was: seen asleep one
 * after the other is not asleep at once. Therefore all are looked at a second time, and count as quiet only
 * if none has run in between (the system's count of runs, and the count of calls begun and ended, are the
 * same). Then each was asleep during the whole time from its first look to its second. The first looks all
 * came before the second ones, so there is an instant at which all were asleep together; and from that
 * instant nobody was left to wake anybody. A chain (A wakes B wakes C) cannot slip through: each link has to
 * run, and to be woken is to leave the state of sleep at once, by the waker's hand. Signals and SIGCONT take
 * effect in the same synchronous way before the conductor looks. */
enum settled stage_settle(struct stage* stage, int* hung) {
  long long begin = stamp_now().nanoseconds, pause = 50000;
  long long limit = stage->conductor->limit * 1000000LL;
  bool was_quiet = false;
  for (int i = 0; i < stage->scenario->actor_count; i++) stage->players[i].watch.since = 0;
  for (bool reported = true;;) {
    if (reported && stage_take_reports(stage)) {
      was_quiet = false;
      pause = 50000;
    }
    stage_reap(stage);
    *hung = -1;
    for (int i = 0; i < stage->scenario->actor_count && *hung < 0; i++)
      if (stage_may_move(stage, i)) *hung = i;
    if (*hung < 0) return SETTLED;
    if (conductor_interrupted()) return SETTLED_INTERRUPTED;
    bool same, quiet = false;
    int sleepers;
    if (pause > 50000 || was_quiet) quiet = stage_look(stage, &same, &sleepers);
    if (quiet && (sleepers <= 1 || (was_quiet && same)) && !stage_take_reports(stage)) {
      for (int i = 0; i < stage->scenario->actor_count; i++) stage->players[i].poked = false;
      return SETTLED;
    }
    if (quiet) {
      was_quiet = true;
      continue; /* the second look, at once */
    }
    was_quiet = false;
    if (stamp_now().nanoseconds - begin > limit) return SETTLED_HUNG;
    reported = conductor_wait(stage->conductor, stage->conductor->report_read, pause);
    if (pause < 5000000) pause += pause / 2;
  }
}

bool stage_await(struct stage* stage, int actor, bool end) {
  const struct player* process = stage_process(stage, actor);
  long long begin = stamp_now().nanoseconds;
  for (;;) {
    stage_reap(stage);
    if (!process->alive || (!end && process->stopped) || conductor_interrupted()) return true;
    if (stamp_now().nanoseconds - begin > stage->conductor->limit * 1000000LL) return false;
    conductor_wait(stage->conductor, -1, 1000000);
  }
}
