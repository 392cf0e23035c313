#include "history.h"

enum event_kind { EVENT_CALL, EVENT_RETURN, EVENT_DEATH };

struct event {
  enum event_kind kind;
  struct stamp stamp;
  int actor, order;
  const struct record* record;
  int status;
};

static struct event* history_event(struct history* h, enum event_kind kind, int actor, struct stamp stamp) {
  if (h->event_count == h->event_room) {
    h->event_room = h->event_room ? 2 * h->event_room : 64;
    struct event* grown = realloc(h->events, sizeof *h->events * (size_t)h->event_room);
    if (!grown) abort();
    h->events = grown;
  }
  struct event* event = &h->events[h->event_count];
  memset(event, 0, sizeof *event);
  event->kind = kind;
  event->stamp = stamp;
  event->actor = actor;
  event->order = h->event_count++;
  return event;
}

void history_death(struct history* h, int actor, int status) {
  history_event(h, EVENT_DEATH, actor, stamp_now())->status = status;
}

void history_forget_death(struct history* h, int actor) {
  int kept = 0;
  for (int i = 0; i < h->event_count; i++)
    if (h->events[i].kind != EVENT_DEATH || h->events[i].actor != actor) h->events[kept++] = h->events[i];
  h->event_count = kept;
}

void history_begin(struct history* h) {
  h->clock = stamp_now().seconds;
  h->exec_actor = -1;
}

void history_write_begin(struct history* h) {
  string_word(h->out, "clock ");
  string_number(h->out, h->clock);
  string_char(h->out, '\n');
}

void history_free(struct history* h) { free(h->events); }

/* --------------------------------------------------------------------------------------------- collecting */

static size_t history_record_size(const struct record* record) {
  size_t header = (sizeof *record + 15) / 16 * 16;
  return (header + record->length + 15) / 16 * 16;
}

static const struct record* history_record(const struct slot* slot, size_t at) {
  return (const struct record*)(const void*)(slot->arena + at);
}

/* A step that was being prepared when its process died has not begun. */
static void history_collect_call(struct history* h, int actor, const struct record* record) {
  if (record->state == RECORD_PREPARED) return;
  h->begun[record->step] = true;
  if (h->announced[actor]) return;
  history_event(h, EVENT_CALL, actor, record->call)->record = record;
  h->announced[actor] = true;
}

static void history_collect(struct history* h, int actor) {
  const struct slot* slot = &h->shared->slots[actor];
  agent_fence();
  while (h->read[actor] < slot->used) {
    const struct record* record = history_record(slot, h->read[actor]);
    history_collect_call(h, actor, record);
    history_event(h, EVENT_RETURN, actor, record->ret)->record = record;
    h->announced[actor] = false;
    h->read[actor] += history_record_size(record);
    const struct step* step = &h->scenario->steps[record->step];
    if (record->state == RECORD_RETURNED && !record->unshared)
      leavings_note(h->leavings, step->call, (int)record->value);
    if (record->state == RECORD_RETURNED && step->call == CALL_EXEC) h->exec_actor = actor;
  }
  if (slot->making) history_collect_call(h, actor, history_record(slot, slot->used));
}

static int history_compare(const void* left, const void* right) {
  const struct event *a = left, *b = right;
  if (a->stamp.nanoseconds != b->stamp.nanoseconds)
    return a->stamp.nanoseconds < b->stamp.nanoseconds ? -1 : 1;
  if (a->actor == b->actor) return a->order - b->order; /* one actor's own order is never in doubt */
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  return a->order - b->order;
}

/* ------------------------------------------------------------------------------------------------ writing */

static void history_clock(struct history* h, long long seconds) {
  if (seconds <= h->clock) return;
  h->clock = seconds;
  string_word(h->out, "clock ");
  string_number(h->out, seconds);
  string_char(h->out, '\n');
}

static void history_actor(struct history* h, int actor) {
  if (actor >= MAX_ACTORS) return; /* the conductor */
  string_word(h->out, h->scenario->actors[actor].name);
  string_word(h->out, ": ");
}

static const char* history_text(const struct record* record) {
  return (const char*)record + (sizeof *record + 15) / 16 * 16;
}

static void history_write_call(struct history* h, const struct event* event, const struct event* next) {
  const struct record* record = event->record;
  const struct step* step = &h->scenario->steps[record->step];
  if (record->state == RECORD_UNSUPPORTED || record->state == RECORD_FAILED) return;
  history_clock(h, event->stamp.seconds);
  string_add(h->out, step->source, step->source_length);
  if (next && next->kind == EVENT_RETURN && next->record == record && next->stamp.seconds <= h->clock) return;
  string_word(h->out, " <unfinished ...>\n");
}

static void history_write_return(struct history* h, const struct event* event, const struct event* previous) {
  const struct record* record = event->record;
  if (record->state == RECORD_UNSUPPORTED || record->state == RECORD_FAILED) {
    string_word(h->out, record->state == RECORD_FAILED ? "failed " : "unsupported ");
    string_add(h->out, history_text(record), record->length);
    string_char(h->out, '\n');
    h->ended = true;
    return;
  }
  bool whole = previous && previous->kind == EVENT_CALL && previous->record == record &&
               event->stamp.seconds <= h->clock;
  if (!whole) {
    history_clock(h, event->stamp.seconds);
    history_actor(h, event->actor);
    string_word(h->out, "<... ");
    string_word(h->out, call_names[h->scenario->steps[record->step].call]);
    string_word(h->out, " resumed>");
  }
  string_word(h->out, " = ");
  string_add(h->out, history_text(record), record->length);
  string_char(h->out, '\n');
}

static void history_write_death(struct history* h, const struct event* event) {
  history_clock(h, event->stamp.seconds);
  history_actor(h, event->actor);
  if (WIFSIGNALED(event->status)) {
    string_word(h->out, "+++ killed by ");
    signal_print(h->out, WTERMSIG(event->status));
  } else {
    string_word(h->out, "+++ exited with ");
    string_number(h->out, WEXITSTATUS(event->status));
  }
  string_word(h->out, " +++\n");
}

void history_write(struct history* h) {
  for (int actor = 0; actor <= MAX_ACTORS; actor++)
    if (actor < h->scenario->actor_count || actor == MAX_ACTORS) history_collect(h, actor);
  if (h->event_count) qsort(h->events, (size_t)h->event_count, sizeof *h->events, history_compare);
  for (int i = 0; i < h->event_count && !h->ended; i++) {
    const struct event* event = &h->events[i];
    if (event->kind == EVENT_CALL)
      history_write_call(h, event, i + 1 < h->event_count ? event + 1 : NULL);
    else if (event->kind == EVENT_RETURN)
      history_write_return(h, event, i ? event - 1 : NULL);
    else
      history_write_death(h, event);
  }
  h->event_count = 0;
}

void history_blocked(struct history* h, const int* actors, int count) {
  string_word(h->out, "blocked");
  for (int i = 0; i < count; i++) {
    string_char(h->out, ' ');
    string_word(h->out, h->scenario->actors[actors[i]].name);
  }
  string_char(h->out, '\n');
}

void history_skipped(struct history* h, const struct step* step) {
  h->begun[step->place] = true;
  string_word(h->out, "skipped ");
  string_add(h->out, step->source, step->source_length);
  string_char(h->out, '\n');
}

void history_line(struct history* h, const char* word, const char* text) {
  string_word(h->out, word);
  string_char(h->out, ' ');
  string_word(h->out, text);
  string_char(h->out, '\n');
}
