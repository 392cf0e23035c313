/* Conducting one scenario after the other: the conductor's side. One per process, single-threaded. */
#ifndef SVMQ_AGENT_CONDUCT_H
#define SVMQ_AGENT_CONDUCT_H

#include "history.h"
#include "observe.h"
#include "worker.h"

struct standing { /* a process that stands from one scenario to the next */
  pid_t pid;      /* 0: there is none */
  int command_write;
  unsigned entries; /* into how many scenarios it was sent */
};

struct conductor {
  /* Given. */
  const char* program;   /* argv[0] */
  bool isolate;          /* a fresh IPC namespace for each scenario; isolate_prepare() has been done */
  enum blocking at_best; /* no better way to recognise sleeping calls is used */
  long limit;            /* milliseconds until "hung" */
  const char* directory; /* the base of namespaces, where those have directories */

  /* Made by conductor_start(). */
  struct shared* shared;
  int shared_file;
  int report_read, report_write;
  sigset_t waiting_mask; /* the signal mask while it waits */
  enum blocking blocking;
  char system[256];
  char limits[128]; /* as they stand in a history */
  char own[1024];   /* lines of a history: the ids that exist, its own credentials */
  struct standing standing[MAX_ACTORS];
  bool stale; /* processes were killed whose reports may still lie in the pipe */
  struct claim scratch;
  unsigned serial; /* of scenarios */
};

/* Prepares everything that outlives a scenario; false with the reason. Blocks SIGCHLD, SIGINT and SIGTERM:
 * they come while the conductor waits, and only then. */
bool conductor_start(struct conductor* conductor, char* reason, size_t size);
void conductor_stop(struct conductor* conductor);

/* Conducts a scenario (`text` is what it was parsed from) and writes its history to `out`. Afterwards none of
 * its processes is left, none of its queues and files. Returns false if SIGINT or SIGTERM came. */
bool conduct(struct conductor* conductor, const struct scenario* scenario, const char* text, size_t length,
             struct string* out);
/* The history of a text that is no scenario. */
void conduct_failed(struct conductor* conductor, const char* name, const char* reason, struct string* out);

/* Notes the limits of the namespace that the conductor is in. */
void conduct_read_limits(struct conductor* conductor);
/* The first lines of a history. */
void conduct_header(const struct conductor* conductor, const char* name, struct string* out);

/* The signal that asked the agent to end, or 0. */
int conductor_interrupted(void);
/* Whether a child has ended, stopped or gone on, as far as is known, since this was asked last. */
bool conductor_child_changed(void);
/* Waits until a file can be read (-1: none), a signal comes, or the time is over. */
bool conductor_wait(struct conductor* conductor, int file, long long nanoseconds);

#endif
