/* Fresh IPC namespaces for scenarios (--isolate), and what a scenario leaves in a namespace that goes on. */
#ifndef SVMQ_AGENT_ISOLATE_H
#define SVMQ_AGENT_ISOLATE_H

#include "shared.h"

/* Makes it possible, and enters a first one; where that needs a user namespace, the own user id becomes 0 in
 * it. Returns false with the reason. */
bool isolate_prepare(char* reason, size_t size);
/* The calling process enters a new one. */
bool isolate_again(void);
/* The calling process enters the one that another process is in; false if it cannot. */
bool isolate_follow(pid_t process);

/* What a scenario made outside of a namespace of its own. */
struct leavings {
  bool queues, segments, limits; /* what has to be looked after at all */
  int* ids[2];                   /* of queues, of segments */
  int count[2], room[2];
  int* foreign[2]; /* keys of the scenario that were there before it */
  int foreign_count[2], foreign_room[2];
  long saved[LIMIT_COUNT];
  bool was_saved[LIMIT_COUNT];
};

void leavings_before(struct leavings* leavings, const struct scenario* scenario);
void leavings_note(struct leavings* leavings, enum call call, int id);
void leavings_remove(struct leavings* leavings);

/* A folder of this agent alone. If the agent is killed, the next one that claims a folder there removes it.
 */
struct claim {
  char path[256]; /* "": none */
  int lock;
};
#define CLAIM_PREFIX "svmq-agent-"
bool claim_make(struct claim* claim, const char* base);
void claim_drop(struct claim* claim);

/* Makes a scratch folder, open to every user. */
bool scratch_make(struct claim* claim, unsigned serial, char* path, size_t size);
/* Removes a folder with all that is in it. */
void folder_remove(const char* path);

#endif
