/* From the records of the actors to the lines of the history.
 *
 * The records that have come since the last time are merged by the monotonic clock, at equal times calls
 * before returns; so the order of the lines is one that real time had. */
#ifndef SVMQ_AGENT_HISTORY_H
#define SVMQ_AGENT_HISTORY_H

#include "isolate.h"

struct history {
  const struct scenario* scenario;
  struct shared* shared;
  struct string* out;
  struct leavings* leavings;
  long long clock;                /* the last clock line */
  size_t read[MAX_ACTORS + 1];    /* how far an actor's records have been written */
  bool announced[MAX_ACTORS + 1]; /* the record there has been written as unfinished */
  bool begun[MAX_STEPS];
  bool ended;     /* unsupported or failed */
  int exec_actor; /* set by a step exec() that has returned; -1: none */
  struct event* events;
  int event_count, event_room;
};

/* From here on the clock is watched. */
void history_begin(struct history* history);
/* The line of the clock as it was then. */
void history_write_begin(struct history* history);
void history_free(struct history* history);
/* The process of that actor has ended, as waitpid() told it. */
void history_death(struct history* history, int actor, int status);
/* Its process did not belong to the scenario yet. */
void history_forget_death(struct history* history, int actor);
/* Writes all that has happened. */
void history_write(struct history* history);
void history_blocked(struct history* history, const int* actors, int count);
void history_skipped(struct history* history, const struct step* step);
void history_line(struct history* history, const char* word, const char* text);

#endif
