/* One scenario on stage: what the conductor knows of its actors. Internal to conduct.c, settle.c and
 * own_steps.c. */
#ifndef SVMQ_AGENT_STAGE_H
#define SVMQ_AGENT_STAGE_H

#include "conduct.h"

/* What the conductor knows of an actor. */
struct player {
  bool busy;     /* has an item and has not reported */
  bool poked;    /* got a signal (or was continued) while idle: it may be running until it is seen resting */
  bool gone;     /* its thread has ended */
  bool ready;    /* has entered the scenario */
  bool replaced; /* its process, because it could not enter */
  unsigned long long runs;
  struct watch watch;
  int command_write;
  bool stands; /* its process is one of those that stand */
  /* of a process: */
  pid_t pid;
  bool alive, stopped;
};

struct stage { /* one scenario being conducted */
  struct conductor* conductor;
  const struct scenario* scenario;
  struct shared* shared;
  struct history history;
  struct leavings leavings;
  struct worker self; /* the conductor's own steps */
  bool hung;
  struct player players[MAX_ACTORS];
};

enum settled { SETTLED, SETTLED_HUNG, SETTLED_INTERRUPTED };

/* ----- settle.c ----- */

bool stage_is_process(const struct stage* stage, int actor);
struct player* stage_process(struct stage* stage, int actor); /* of the process that an actor belongs to */
/* Can an actor take a step? May it still do something by itself? */
bool stage_can_act(struct stage* stage, int actor);
bool stage_is_alive(struct stage* stage, int actor);
bool stage_may_move(struct stage* stage, int actor);

/* Takes note of processes that have ended, stopped or gone on; and that one process goes on. */
void stage_reap(struct stage* stage);
void stage_process_continued(struct stage* stage, int actor);
/* Reads the reports that have come; true if there was one. */
bool stage_take_reports(struct stage* stage);

/* Waits until nothing moves any more; `hung`: who still did at the time limit. */
enum settled stage_settle(struct stage* stage, int* hung);
/* Waits until the process of an actor has stopped (or ended), or (`end`) has ended; false if that does not
 * come about within the time limit. */
bool stage_await(struct stage* stage, int actor, bool end);

/* ----- own_steps.c ----- */

/* Does a step of the conductor. */
void stage_own_step(struct stage* stage, const struct step* step);

#endif
