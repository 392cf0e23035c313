/* Telling a blocked call from a slow one.
 *
 * An actor is asleep when it is inside the call of a step (its progress is odd), that call is msgsnd or
 * msgrcv, and the system says that the thread sleeps there. How the system says so, best first:
 *
 *   syscall  its files name the thread's system call and its state
 *   state    its files name the state only
 *   settle   it says nothing: the call has not returned for OBSERVE_SETTLE milliseconds */
#ifndef SVMQ_AGENT_OBSERVE_H
#define SVMQ_AGENT_OBSERVE_H

#include "shared.h"

enum blocking { BLOCKING_SYSCALL, BLOCKING_STATE, BLOCKING_SETTLE };
extern const char* const blocking_names[3];

enum { OBSERVE_SETTLE = 60 };

enum sight {
  SIGHT_MOVING,
  SIGHT_ASLEEP,  /* in its call */
  SIGHT_RESTING, /* it sleeps outside of any call: it waits for its next item */
  SIGHT_GONE     /* there is no such thread any more */
};

/* What is needed to look at one thread again and again. Zero-filled: not yet looked at. */
struct watch {
  bool open;
  int syscall_file, state_file, runs_file; /* -1: not there */
  unsigned progress;                       /* settle: as last seen, */
  long long since;                         /* and since when; 0: from now on */
};

void watch_close(struct watch* watch);

/* Looks at the thread of a slot. `runs`: how often it has run so far (0 where that is not known). */
enum sight observe(struct watch* watch, enum blocking how, const struct slot* slot, unsigned long long* runs);

/* Finds out how, with a process that really blocks in a receive. Uses slot 0. */
enum blocking observe_probe(struct shared* shared);

#endif
