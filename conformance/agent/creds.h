/* Credentials: of a scenario's text, taken on by a worker, and read back.
 *
 * A worker keeps in its saved user id and its permitted capabilities what the agent itself may do, so that a
 * later become() can go anywhere; only the effective ones are as the scenario says. Linux: the calls are made
 * for the calling thread alone (see worker.c, which has the other threads of the process follow). */
#ifndef SVMQ_AGENT_CREDS_H
#define SVMQ_AGENT_CREDS_H

#include "names.h"

enum { CREDS_GROUPS = 64 };
enum { NAMED_UID = 1, NAMED_GID = 2, NAMED_GROUPS = 4, NAMED_CAPS = 8, NAMED_RUID = 16, NAMED_FSGID = 32 };

struct creds {
  unsigned named; /* which of the following are given */
  uid_t uid, ruid;
  gid_t gid, fsgid;
  int group_count;
  gid_t groups[CREDS_GROUPS];
  unsigned caps; /* a set over cap_names */
};

/* Once, in the conductor: notes what it may do, and gives up what a user namespace only seems to grant
 * (CAP_SYS_RESOURCE counts in the initial one alone). */
void creds_prepare(void);

/* Takes the named credentials on. `first`: at the start of a process, where a uid without groups means none,
 * and a uid without ruid sets that too. Returns NEED_COUNT, or the need that is lacking with the reason in
 * `reason`. */
enum need creds_take(const struct creds* wanted, bool first, char* reason, size_t size);

/* What a process begins with, and the way back to it: false if there is none any more. */
struct creds_origin {
  struct creds creds; /* as creds_observe() gives them */
  unsigned long long effective;
};
void creds_note_origin(struct creds_origin* origin);
bool creds_return(const struct creds_origin* origin);

/* The effective credentials of the calling thread, all of them. */
void creds_observe(struct creds* seen);
void creds_print(struct string* s, const struct creds* creds);
/* The header line of the ids that exist, where not all do. */
void creds_print_ids(struct string* s);

/* For something that the agent, not the scenario, does: all that is permitted becomes effective, and back. */
unsigned long long creds_raise(void);
void creds_lower(unsigned long long effective);

/* Around exec(): lets the new image keep what is permitted; and gives it the effective ones of before. */
void creds_before_exec(void);
void creds_after_exec(unsigned long long effective, gid_t fsgid);
unsigned long long creds_effective(void);
gid_t creds_fsgid(void);

#endif
