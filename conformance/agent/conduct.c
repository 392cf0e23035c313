/* A scenario from its namespace to its removal. */
#include "calls.h"
#include "pool.h"

/* -------------------------------------------------------------------------------------------------- items */

/* Orders an actor to do an item, or all of its steps that stand before place `until`. */
static void stage_command(struct stage* stage, int actor, int item, int until) {
  struct slot* slot = &stage->shared->slots[actor];
  slot->used = 0;
  slot->making = false;
  slot->until = until;
  stage->history.read[actor] = 0;
  stage->players[actor].busy = true;
  agent_fence();
  while (write(stage->players[actor].command_write, &item, sizeof item) < 0 && errno == EINTR) {
  }
}

static void stage_reset_own(struct stage* stage) {
  stage->self.slot->used = 0;
  stage->history.read[MAX_ACTORS] = 0;
}

/* How far an actor may go by itself: to the next item that is not its own. But one item at a time while
 * another's call is unfinished: what a step makes of that must be seen before the next. */
static int stage_stretch(const struct stage* stage, int index, int actor) {
  const struct scenario* scenario = stage->scenario;
  int last = index;
  for (int i = 0; i < scenario->actor_count; i++)
    if (stage->history.announced[i] || stage->players[i].poked) return scenario->items[index].first + 1;
  while (last + 1 < scenario->item_count && !scenario->items[last + 1].concurrent &&
         scenario->steps[scenario->items[last + 1].first].actor == actor)
    last++;
  return scenario->items[last].first + 1;
}

static void stage_begin_step(struct stage* stage, int index) {
  const struct step* step = &stage->scenario->steps[stage->scenario->items[index].first];
  if (step->actor == CONDUCTOR) {
    stage_own_step(stage, step);
  } else if (stage_can_act(stage, step->actor)) {
    stage_command(stage, step->actor, index, stage_stretch(stage, index, step->actor));
  } else {
    history_skipped(&stage->history, step);
  }
}

/* Releases the actors of a block together: first all are at the gate, then it opens. */
static void stage_begin_block(struct stage* stage, int index) {
  const struct item* item = &stage->scenario->items[index];
  bool takes_part[MAX_ACTORS] = {false};
  for (int i = item->first; i < item->first + item->count; i++) {
    const struct step* step = &stage->scenario->steps[i];
    if (step->actor == CONDUCTOR || takes_part[step->actor]) continue;
    if (stage_can_act(stage, step->actor)) {
      takes_part[step->actor] = true;
      stage_command(stage, step->actor, index, item->first + item->count);
    } else {
      history_skipped(&stage->history, step);
    }
  }
  long long begin = stamp_now().nanoseconds;
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    while (takes_part[i] && stage->shared->slots[i].at_gate != index + 1) {
      if (stamp_now().nanoseconds - begin > stage->conductor->limit * 1000000LL) break;
      sched_yield();
    }
  }
  stage->shared->gate = index + 1;
  for (int i = item->first; i < item->first + item->count; i++)
    if (stage->scenario->steps[i].actor == CONDUCTOR) stage_own_step(stage, &stage->scenario->steps[i]);
}

/* A new image has but one thread. */
static void stage_note_exec(struct stage* stage) {
  int actor = stage->history.exec_actor;
  if (actor < 0) return;
  stage->history.exec_actor = -1;
  for (int i = 0; i < stage->scenario->actor_count; i++)
    if (i != actor && stage->scenario->actors[i].process == stage->scenario->actors[actor].process)
      stage->players[i].gone = true;
  watch_close(&stage->players[actor].watch);
}

static void stage_write_blocked(struct stage* stage) {
  int blocked[MAX_ACTORS], count = 0;
  bool unfinished = false; /* by a stopped actor too, who is not asleep */
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    if (!stage->history.announced[i] || !stage_is_alive(stage, i)) continue;
    unfinished = true;
    if (stage_may_move(stage, i)) blocked[count++] = i;
  }
  if (unfinished) history_blocked(&stage->history, blocked, count);
}

static void stage_write_rest(struct stage* stage, const struct item* item) {
  for (int i = item->first; i < item->first + item->count; i++)
    if (!stage->history.begun[i]) history_skipped(&stage->history, &stage->scenario->steps[i]);
}

/* An item, or several of one actor, from begin to quiet. */
static enum settled stage_do_item(struct stage* stage, int index, int* hung) {
  const struct item* item = &stage->scenario->items[index];
  stage_reset_own(stage);
  if (item->concurrent)
    stage_begin_block(stage, index);
  else
    stage_begin_step(stage, index);
  enum settled settled = stage_settle(stage, hung);
  for (int i = 0; i < stage->scenario->actor_count; i++) stage->shared->slots[i].until = 0;
  return settled;
}

/* What came of it. The index of the next item; -1: the scenario has ended. */
static int stage_write_item(struct stage* stage, int index, enum settled settled, int hung) {
  const struct item* item = &stage->scenario->items[index];
  bool skipped = !item->concurrent && stage->history.begun[item->first];
  history_write(&stage->history);
  stage_note_exec(stage);
  stage->hung = settled == SETTLED_HUNG;
  if (stage->history.ended || settled == SETTLED_INTERRUPTED) return -1;
  if (settled == SETTLED_HUNG) {
    history_line(&stage->history, "hung", stage->scenario->actors[hung].name);
    return -1;
  }
  if (skipped) return index + 1;
  stage_write_blocked(stage);
  stage_write_rest(stage, item);
  while (++index < stage->scenario->item_count && stage->history.begun[stage->scenario->items[index].first]) {
  }
  return index;
}

/* -------------------------------------------------------------------------------------------------- start */

static void stage_reset_slots(struct stage* stage, const char* directory) {
  struct shared* shared = stage->shared;
  shared->gate = 0;
  for (int i = 0; i < stage->scenario->variable_count; i++) shared->variables[i] = -1;
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    struct slot* slot = &shared->slots[i];
    memset(slot, 0, offsetof(struct slot, creds));
    slot->need = NEED_COUNT;
    slot->report_write = stage->conductor->report_write;
    memcpy(slot->directory, directory, sizeof slot->directory);
  }
  memset(&shared->slots[MAX_ACTORS], 0, offsetof(struct slot, creds));
  memcpy(shared->slots[MAX_ACTORS].directory, directory, sizeof shared->slots[MAX_ACTORS].directory);
  stage->self.scenario = stage->scenario;
  stage->self.shared = shared;
  stage->self.slot = &shared->slots[MAX_ACTORS];
  stage->self.actor = CONDUCTOR;
}

static void stage_write_actors(struct stage* stage) {
  struct string* out = stage->history.out;
  string_word(out, stage->conductor->own);
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    const struct actor* actor = &stage->scenario->actors[i];
    if (!stage_is_process(stage, i)) {
      string_word(out, "thread "), string_word(out, actor->name), string_word(out, " of ");
      string_word(out, stage->scenario->actors[actor->process].name);
    } else {
      string_word(out, "process "), string_word(out, actor->name), string_char(out, ' ');
      creds_print(out, &stage->shared->slots[i].creds);
    }
    string_char(out, '\n');
  }
}

/* Something that an actor lacked at its start. */
static bool stage_write_needs(struct stage* stage) {
  for (int i = 0; i < stage->scenario->actor_count; i++) {
    const struct slot* slot = &stage->shared->slots[i];
    if (slot->need == NEED_COUNT) continue;
    string_word(stage->history.out, "unsupported ");
    string_word(stage->history.out, need_names[slot->need]), string_char(stage->history.out, ' ');
    string_word(stage->history.out, slot->reason), string_char(stage->history.out, '\n');
    return true;
  }
  return false;
}

/* ------------------------------------------------------------------------------------------------ the end */

static void stage_remove_directories(struct stage* stage) {
  char directory[256];
  if (!calls.needs_directory) return;
  calls.namespace_remove(stage->self.slot->directory);
  for (int i = 0; i < stage->scenario->step_count; i++) {
    const struct step* step = &stage->scenario->steps[i];
    if (step->call != CALL_UNSHARE || !stage->history.begun[i]) continue;
    snprintf(directory, sizeof directory, "%.200s/%d.%d", stage->conductor->directory, step->actor, i);
    calls.namespace_remove(directory);
  }
}

/* The namespace, the scratch folder, and what a new image needs; false if one of them cannot be had. */
static bool stage_prepare(struct stage* stage, const char* text, size_t length) {
  struct conductor* conductor = stage->conductor;
  struct history* history = &stage->history;
  char directory[256] = "";
  conductor->serial++;
  if (*stage->scenario->unfit) {
    history_line(history, "unsupported word-size", stage->scenario->unfit);
    return false;
  }
  /* Queues with a namespace of their own need the system's only to keep segments apart from those of others.
   */
  if (conductor->isolate && (!calls.needs_directory || stage->scenario->has_segments)) {
    if (!isolate_again()) {
      history_line(history, "unsupported namespaces", strerror(errno));
      return false;
    }
    stage->shared->namespace_count++;
  }
  if (calls.needs_directory) {
    snprintf(directory, sizeof directory, "%.200s/%u", conductor->directory, conductor->serial);
    /* Made here, for processes that enter it at once must all find it open to every user. */
    mkdir(directory, 0700), chmod(directory, 01777);
    snprintf(stage->shared->directory, sizeof stage->shared->directory, "%.200s", conductor->directory);
    /* The conductor itself goes there only if it must: it may never leave all that it has entered (libsvmq
     * keeps every namespace mapped), and its children would inherit that. */
    if (stage->scenario->has_own_calls && calls.namespace_new(directory) != 0) {
      history_line(history, "failed no namespace:", strerror(errno));
      return false;
    }
  }
  stage_reset_slots(stage, directory);
  bool fresh = conductor->isolate || calls.needs_directory;
  history_line(history, "namespace", fresh ? "fresh" : "used");
  if (!fresh) conduct_read_limits(conductor); /* all fresh namespaces begin alike */
  if (*conductor->limits) history_line(history, "limits", conductor->limits);
  stage->leavings.queues = !fresh;
  stage->leavings.limits = !fresh;
  stage->leavings.segments = !conductor->isolate;
  leavings_before(&stage->leavings, stage->scenario);
  *stage->shared->scratch = '\0';
  if (stage->scenario->has_files && !scratch_make(&conductor->scratch, conductor->serial,
                                                  stage->shared->scratch, sizeof stage->shared->scratch)) {
    history_line(history, "unsupported files", strerror(errno));
    return false;
  }
  stage->shared->text_length = 0;
  if (stage->scenario->has_exec) {
    memcpy(stage->shared->text, text, length);
    stage->shared->text_length = length;
    stage->shared->first_line = stage->scenario->first_line;
  }
  return true;
}

/* Whose step the first item is, if that need not wait until all have entered; else CONDUCTOR. */
static int stage_first_actor(const struct stage* stage) {
  const struct scenario* scenario = stage->scenario;
  if (!scenario->item_count || scenario->items[0].concurrent) return CONDUCTOR;
  int actor = scenario->steps[0].actor;
  return actor != CONDUCTOR && stage->players[actor].stands ? actor : CONDUCTOR;
}

static void stage_run(struct stage* stage) {
  int hung = -1, next = 0;
  enum settled settled = SETTLED;
  history_begin(&stage->history);
  bool started = pool_begin(stage);
  int early = started ? stage_first_actor(stage) : CONDUCTOR;
  if (early != CONDUCTOR) settled = stage_do_item(stage, 0, &hung);
  started = started && pool_entered(stage);
  if (early != CONDUCTOR && stage->players[early].replaced) settled = stage_do_item(stage, 0, &hung);
  stage_write_actors(stage);
  history_write_begin(&stage->history);
  if (!started && !conductor_interrupted())
    history_line(&stage->history, "failed", "the processes of the scenario could not be started");
  stage->history.ended = !started || stage_write_needs(stage);
  if (early != CONDUCTOR) next = stage_write_item(stage, 0, settled, hung);
  while (!stage->history.ended && next >= 0 && next < stage->scenario->item_count) {
    settled = stage_do_item(stage, next, &hung);
    next = stage_write_item(stage, next, settled, hung);
  }
}

bool conduct(struct conductor* conductor, const struct scenario* scenario, const char* text, size_t length,
             struct string* out) {
  struct stage* stage = calloc(1, sizeof *stage);
  if (!stage) abort();
  stage->conductor = conductor;
  stage->scenario = scenario;
  stage->shared = conductor->shared;
  stage->history.scenario = scenario;
  stage->history.shared = conductor->shared;
  stage->history.out = out;
  stage->history.leavings = &stage->leavings;
  for (int i = 0; i < MAX_ACTORS; i++) stage->players[i].command_write = -1;
  conduct_header(conductor, scenario->name, out);
  if (stage_prepare(stage, text, length)) stage_run(stage);
  if (conductor_interrupted()) history_line(&stage->history, "failed", "the agent was told to end");
  string_word(out, "end\n");
  pool_leave(stage);
  stage_remove_directories(stage);
  leavings_remove(&stage->leavings);
  if (*stage->shared->scratch) folder_remove(stage->shared->scratch);
  region_free(&stage->self.region);
  history_free(&stage->history);
  free(stage);
  return !conductor_interrupted();
}
