#include "memory.h"

enum { MEMORY_AREA = MAX_TEXT + 16384 };

/* The byte at an offset depends on the offset alone, and all of them on its last eight bits; so large buffers
 * can be filled and compared by the block. */
enum { PATTERN_PERIOD = 256, PATTERN_BLOCK = 4096 };
static char region_pattern[PATTERN_PERIOD + PATTERN_BLOCK];

static void region_make_pattern(void) {
  for (size_t i = 0; i < sizeof region_pattern; i++) region_pattern[i] = (char)(unsigned char)(i * 167 + 91);
}

bool region_make(struct region* region) {
  if (region->base) return true;
  region_make_pattern();
  region->page = (size_t)sysconf(_SC_PAGESIZE);
  size_t area = (MEMORY_AREA + region->page - 1) / region->page * region->page;
#if defined(AGENT_MAP_ANONYMOUS)
  void* base =
      mmap(NULL, area + region->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | AGENT_MAP_ANONYMOUS, -1, 0);
#else
  int zero = open("/dev/zero", O_RDWR);
  void* base = mmap(NULL, area + region->page, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
  if (zero >= 0) close(zero);
#endif
  if (base == MAP_FAILED) return false;
  region->base = base;
  region->guard = region->base + area;
  return mprotect(region->guard, region->page, PROT_NONE) == 0;
}

void region_free(struct region* region) {
  if (region->base) munmap(region->base, (size_t)(region->guard - region->base) + region->page);
  region->base = NULL;
}

static void region_fill(const struct region* region, char* from, const char* to) {
  for (size_t count; from < to; from += count) {
    count = to - from < PATTERN_BLOCK ? (size_t)(to - from) : PATTERN_BLOCK;
    memcpy(from, region_pattern + (size_t)(from - region->base) % PATTERN_PERIOD, count);
  }
}

bool region_changed(const struct region* region, const char* from, const char* to) {
  for (size_t count; from < to; from += count) {
    count = to - from < PATTERN_BLOCK ? (size_t)(to - from) : PATTERN_BLOCK;
    if (memcmp(from, region_pattern + (size_t)(from - region->base) % PATTERN_PERIOD, count) != 0)
      return true;
  }
  return false;
}

struct span region_buffer(struct region* region, enum memory memory, size_t size, size_t accessible) {
  struct span span = {region->base, NULL};
  switch (memory) {
    case MEMORY_NULL: span.begin = span.end = NULL; return span;
    case MEMORY_UNMAPPED: span.begin = span.end = region->guard + 64; return span;
    case MEMORY_ENDS:
      span.begin = region->guard - sizeof(message_type) - accessible;
      span.end = region->guard;
      break;
    default:
      span.end = region->base + (size < MAX_TEXT ? size : MAX_TEXT) + sizeof(message_type) + MEMORY_BEYOND;
      break;
  }
  region_fill(region, span.begin, span.end);
  if (memory == MEMORY_READONLY) {
    region->readonly = ((size_t)(span.end - region->base) + region->page - 1) / region->page * region->page;
    mprotect(region->base, region->readonly, PROT_READ);
  }
  return span;
}

void region_release(struct region* region) {
  if (region->readonly) mprotect(region->base, region->readonly, PROT_READ | PROT_WRITE);
  region->readonly = 0;
}

struct span region_message(struct region* region, enum memory memory, message_type type,
                           const struct piece* pieces, int count, size_t size) {
  struct span span = {region->base, NULL};
  if (memory == MEMORY_NULL || memory == MEMORY_UNMAPPED) return region_buffer(region, memory, 0, 0);
  size_t length = (size_t)text_size(pieces, count);
  if (memory == MEMORY_ENDS) span.begin = region->guard - sizeof type - length;
  memcpy(span.begin, &type, sizeof type);
  text_expand(pieces, count, span.begin + sizeof type, length);
  span.end = span.begin + sizeof type + length;
  size_t zeros = size < MAX_TEXT ? size : MAX_TEXT;
  if (memory == MEMORY_GOOD && zeros > length) {
    memset(span.end, 0, zeros - length);
    span.end += zeros - length;
  }
  return span;
}
