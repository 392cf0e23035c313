/* A worker: a process of a scenario, and its threads.
 *
 * It waits for items on its command pipe, does the steps of them that are its own, leaves a record of each in
 * its slot, and reports on the pipe that all share. It ends with the conductor. */
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
  struct region region;
  unsigned creds_seen; /* the process's credential changes that this thread has followed */
};

/* What a worker writes to the report pipe when it is ready, and whenever it has done an item. */
struct report {
  int actor;
};

struct worker_start {
  const struct scenario* scenario;
  struct shared* shared;
  int shared_file;
  const char* program; /* for exec() */
  sigset_t mask;       /* the signal mask to begin with */
  bool enters;         /* the namespace in the slot's directory, first of all */
};

/* The process of that actor, just forked. Does not return. */
void worker_process(const struct worker_start* start, int actor);
/* The same process in a new image: `svmq-agent --worker FILE ACTOR`. Returns only if the arguments are wrong.
 */
int worker_again(const char* program, int shared_file, int actor);

/* Does one step and leaves its record in the slot of `worker`. Also for those steps of the conductor that a
 * worker could do as well. */
void step_perform(struct worker* worker, const struct step* step);
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
