/* What conductor and workers share: one mapping of a file without a name, made once, used for every scenario.
 *
 * A slot belongs to one actor. Its worker alone writes it while it has an item to do; the conductor writes it
 * only while the actor is idle (has reported), asleep in a call, or dead. Records are read by the conductor
 * at those same times. `progress` is odd exactly while the actor is inside the call of a step, and only
 * grows. `gate` and `until` are written by the conductor only; `scenario` too, while every worker is idle.
 * The mapping has the same address in all processes (but in a new image, which parses `text` again). */
#ifndef SVMQ_AGENT_SHARED_H
#define SVMQ_AGENT_SHARED_H

#include "scenario.h"

/* An instant on both clocks, the seconds read first. So where a later reading of the monotonic clock orders
 * two events, the seconds of the earlier one had begun before the later event. */
struct stamp {
  long long seconds;     /* time() */
  long long nanoseconds; /* CLOCK_MONOTONIC */
};

enum record_state { RECORD_PREPARED, RECORD_CALLED, RECORD_RETURNED, RECORD_UNSUPPORTED, RECORD_FAILED };

/* One step of one actor. Followed by `length` bytes: the result as it stands behind "= " in the history, or
 * the need and reason, or the reason. */
struct record {
  volatile int state; /* enum record_state; written last */
  int step;
  struct stamp call, ret;
  long long value;
  bool unshared; /* the actor has left the namespace of the scenario */
  size_t length;
};

enum { SLOT_ARENA = 4 << 20 };

struct slot {
  volatile unsigned progress;
  volatile int until; /* steps from this place on may not be begun: it has no order for them, or no longer */
  volatile int at_gate; /* the item + 1 whose gate it waits at */
  volatile int images;  /* how many new images it has executed */
  volatile int step;    /* for a new image after exec(): the step that executed it */
  volatile size_t used; /* bytes of complete records in the arena */
  volatile bool making; /* one more begins there, not yet complete */
  volatile pid_t pid;
  long tid;
  int command_read, report_write; /* file descriptors, for a new image */
  bool unshared;
  struct creds creds;           /* as observed at the start */
  int need;                     /* what it lacked at the start; NEED_COUNT: nothing */
  unsigned long long effective; /* carried over exec() */
  gid_t fsgid;
  char reason[256];
  char directory[256]; /* its namespace, where namespaces have directories */
  long long alignment; /* of the arena, for its records */
  char arena[SLOT_ARENA];
};

struct shared {
  unsigned magic;
  pid_t conductor;
  volatile int gate;        /* the last item + 1 whose gate is open */
  unsigned namespace_count; /* how many IPC namespaces the conductor has made, the last of which it is in */
  long long variables[MAX_VARIABLES];
  char scratch[256];   /* "": none */
  char directory[256]; /* the base of namespaces, where those have directories */
  int first_line;
  size_t text_length;
  struct slot slots[MAX_ACTORS + 1]; /* the last one is the conductor's */
  struct scenario scenario;
  long long alignment;          /* of the memory, for what the parser puts there */
  char memory[SCENARIO_MEMORY]; /* of the scenario */
  char text[MAX_SCENARIO];      /* of the scenario, kept where a new image will need it */
};

enum { SHARED_MAGIC = 0x53564d51 };

/* Makes the file and maps it; returns NULL with errno on failure. */
struct shared* shared_create(int* file);
/* Maps the file again, in a new image; NULL if it is not such a file. */
struct shared* shared_attach(int file);

/* Linux ends a worker with its conductor, however that ends. Changes of credentials undo this, and the parent
 * may have died before it was set. Elsewhere an idle worker ends when its command pipe closes. */
void shared_stay_attached(const struct shared* shared);

struct stamp stamp_now(void);

#endif
