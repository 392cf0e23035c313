/* A scenario as values: the first half of LANGUAGE.md, and the parser that makes it from text.
 *
 * All memory of a scenario is part of one piece that the caller gives, so that other processes which share it
 * need not parse the text again. Read-only once parsed. */
#ifndef SVMQ_AGENT_SCENARIO_H
#define SVMQ_AGENT_SCENARIO_H

#include "creds.h"

enum {
  MAX_ACTORS = 32,
  MAX_VARIABLES = 64,
  MAX_STEPS = 4096,
  MAX_NAME = 31,
  MAX_LINE = 65535,
  MAX_SEEDS = 64,
  MAX_TEXT = 1 << 20,        /* bytes of a message, and accessible bytes of a buffer */
  MAX_SCENARIO = 16 << 20,   /* bytes of a scenario's text */
  SCENARIO_MEMORY = 64 << 20 /* that a parsed scenario may need */
};
enum { CONDUCTOR = -1 };

struct expression { /* VAR, VAR+N, VAR-N, or a number */
  int variable;     /* -1: `value` is the number */
  long long value;
};

enum memory { MEMORY_GOOD, MEMORY_ENDS, MEMORY_READONLY, MEMORY_UNMAPPED, MEMORY_NULL };

/* One call of one actor. Only the fields of its call mean anything. */
struct step {
  int actor;    /* CONDUCTOR, or an index into actors */
  int variable; /* -1: the result is not kept */
  enum call call;
  int item;  /* the item it belongs to */
  int place; /* its place among the steps of the scenario */
  int line;
  const char* source; /* the step as written, in canonical spacing */
  size_t source_length;

  struct expression id; /* the ID or KEY */
  unsigned flags;       /* also a mode */
  long long size, type;
  enum memory memory;   /* of the message, buffer or setting */
  long long accessible; /* of MEMORY_ENDS: bytes behind the type word */
  struct piece* pieces; /* the message */
  int piece_count;
  int command;
  struct {
    uid_t uid;
    gid_t gid;
    unsigned mode;
    unsigned long long qbytes;
  } setting;
  long long number; /* of ftok, setlimit, exit */
  int limit, signal, how;
  int target;               /* the actor of kill */
  const char *path, *other; /* OLD and NEW of link */
  struct creds* creds;
};

struct item { /* a step, or the steps of a concurrent block */
  int first, count;
  bool concurrent;
};

struct actor {
  char name[MAX_NAME + 1];
  int process; /* the index of its process: its own for a process */
  struct creds creds;
};

struct scenario {
  char* name;
  int first_line;
  int actor_count, variable_count, step_count, item_count, seed_count;
  struct actor actors[MAX_ACTORS];
  char variables[MAX_VARIABLES][MAX_NAME + 1];
  uint32_t seeds[MAX_SEEDS]; /* of its bytes(N, SEED) */
  struct step* steps;
  struct item* items;
  bool has_files, has_limits, has_exec, has_segments;
  bool has_own_calls; /* calls under test by the conductor */
  char unfit[100];    /* a number that a 32-bit system cannot express; "": none */
  char* memory;
  size_t memory_used, memory_size;
};

/* Parses the lines from "scenario" to "end" (both included), the first of which has the number `first_line`,
 * into `memory` of SCENARIO_MEMORY bytes. On failure false, with "line N: …" in `error`; the name is set if
 * it could be read. */
bool scenario_parse(struct scenario* s, char* memory, const char* text, size_t length, int first_line,
                    char* error, size_t size);

#endif
