/* A worker: a process of a scenario, and its threads.
 *
 * It waits for orders on its command pipe, does the steps of an item that are its own, leaves a record of
 * each in its slot, and reports on the pipe that all share. It ends with the conductor. Most workers stand
 * from one scenario to the next (pool.h). */
#ifndef SVMQ_AGENT_WORKER_H
#define SVMQ_AGENT_WORKER_H

#include "memory.h"
#include "shared.h"

/* One actor within its process. */
struct worker {
  const struct scenario* scenario;
  struct shared* shared;
  struct slot* slot;
  int actor; /* CONDUCTOR for the conductor's own steps */
  int command_read;
  struct region region;
  unsigned creds_seen;   /* the process's credential changes that this thread has followed */
  bool signals_changed;  /* handlers or the mask are no longer those that it began with */
  unsigned in_namespace; /* the number of the IPC namespace it is in; 0: one of its own */
};

/* What the conductor writes to a command pipe: the index of an item to do, or this: to enter the scenario
 * that `shared` holds now. */
enum { ORDER_ENTER = -1 };

/* What a worker writes to the report pipe when it has entered a scenario, and whenever it has done an item.
 */
struct report {
  int actor, entered;
};

struct worker_start {
  const struct scenario* scenario;
  struct shared* shared;
  int shared_file;
  const char* program;     /* for exec() */
  sigset_t mask;           /* the signal mask to begin with */
  const int* command_read; /* of each actor of the process */
  bool stands; /* it waits for ORDER_ENTER, again and again; else it enters at once, and that once */
};

/* Ends a call that it sleeps in when the scenario is over. No scenario can send or handle it. */
enum { WORKER_RECALL = SIGURG };

/* The process of that actor, just forked. Does not return. */
void worker_process(const struct worker_start* start, int actor);
/* The same process in a new image: `svmq-agent --worker FILE ACTOR`. Returns only if the arguments are wrong.
 */
int worker_again(const char* program, int shared_file, int actor);

/* Does one step and leaves its record in the slot of `worker`; false if the scenario cannot go on. Also for
 * those steps of the conductor that a worker could do as well. */
bool step_perform(struct worker* worker, const struct step* step);
/* The second half of a step exec(), in the new image. */
void step_executed(struct worker* worker, const struct step* step);

/* Executes the new image; returns errno. */
int worker_exec(struct worker* worker);
/* Changes the credentials of the process, this thread's first. */
enum need worker_become(struct worker* worker, const struct creds* creds, char* reason, size_t size);

/* Begins a record, and completes it; between the two the result is written to `out`. */
struct record* record_begin(struct slot* slot, const struct step* step, struct string* out);
void record_end(struct slot* slot, struct record* record, const struct string* out, enum record_state state);

#endif
