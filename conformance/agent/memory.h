/* The memory that calls are given: filled with a pattern, and ending at a page that cannot be touched.
 *
 * One region per actor, made at first use; layout: `MEMORY_AREA` bytes that can be used, then one page
 * without any access. Belongs to the actor's thread. */
#ifndef SVMQ_AGENT_MEMORY_H
#define SVMQ_AGENT_MEMORY_H

#include "scenario.h"

struct region {
  char *base, *guard;
  size_t page;
  size_t readonly; /* so many bytes at its begin are, at the moment */
};

/* What a call is given, and what of it may be touched at all. */
struct span {
  char* begin;
  char* end; /* behind the last accessible byte; begin == end for a bad pointer */
};

enum { MEMORY_BEYOND = 4096 }; /* so many bytes behind a buffer are watched */

bool region_make(struct region* region);
void region_free(struct region* region);

/* A buffer of `size` bytes (cut to MAX_TEXT and the type word), or what `memory` says instead; pattern
 * inside. */
struct span region_buffer(struct region* region, enum memory memory, size_t size, size_t accessible);
/* Undoes what `memory` did to the region. */
void region_release(struct region* region);

/* Whether a byte in [from, to) differs from the pattern. */
bool region_changed(const struct region* region, const char* from, const char* to);

/* A message: the type, the text, and zero bytes up to `size`. */
struct span region_message(struct region* region, enum memory memory, message_type type,
                           const struct piece* pieces, int count, size_t size);

#endif
