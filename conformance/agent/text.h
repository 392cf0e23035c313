/* Strings that grow or are bounded, and the texts of messages: pieces in, bytes out, and back.
 *
 * A string belongs to one thread. A bounded one never grows: what does not fit is dropped and `overflow` set.
 */
#ifndef SVMQ_AGENT_TEXT_H
#define SVMQ_AGENT_TEXT_H

#include "system.h"

struct string {
  char* data;
  size_t length, capacity;
  bool bounded, overflow;
};

void string_bound(struct string* s, char* data, size_t capacity); /* writes into memory of the caller */
void string_free(struct string* s);
void string_add(struct string* s, const char* bytes, size_t count);
void string_char(struct string* s, char c);
void string_word(struct string* s, const char* word);
void string_number(struct string* s, long long number);
void string_unsigned(struct string* s, unsigned long long number);
void string_hex(struct string* s, unsigned long number, int digits);
void string_octal(struct string* s, unsigned long number); /* with one leading zero; 0 for zero */

/* One piece of a TEXT: `count` times `bytes`, or the first `count` bytes of the sequence of `seed`. */
struct piece {
  unsigned long long count;
  const char* bytes; /* NULL: a sequence */
  size_t length;
  uint32_t seed;
};

/* The number of bytes that the pieces describe; ULLONG_MAX when it does not fit. */
unsigned long long text_size(const struct piece* pieces, int count);
/* Writes at most `room` of those bytes to `to`; returns how many were written. */
size_t text_expand(const struct piece* pieces, int count, char* to, size_t room);
/* Describes bytes as a TEXT: runs as N*"x", sequences of one of the seeds as bytes(N, SEED), the rest quoted.
 */
void text_print(struct string* s, const char* bytes, size_t count, const uint32_t* seeds, int seed_count);

#endif
