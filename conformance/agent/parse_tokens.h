/* The tokens of the scenario language, and the state that all parts of the parser share.
 *
 * After the first error every function returns at once, so that none needs to look at what the others
 * returned. The accepted tokens are written to `out` in canonical spacing; a step keeps that as its source.
 */
#ifndef SVMQ_AGENT_PARSE_TOKENS_H
#define SVMQ_AGENT_PARSE_TOKENS_H

#include "scenario.h"

struct parser {
  struct scenario* s;
  const char *at, *end; /* of the line */
  int line;
  struct string out;
  bool in_block, failed;
  jmp_buf out_of_memory;
  int set_item[MAX_VARIABLES], set_actor[MAX_VARIABLES]; /* where a variable was last set */
  char* error;
  size_t error_size;
};

/* Memory of the scenario; without any left, parsing ends there. */
void* parse_allocate(struct parser* p, size_t size);
/* Notes the first error. */
void parse_fail(struct parser* p, const char* format, ...);
/* The error that something else than `expected` stands here. */
void parse_found(struct parser* p, const char* expected);

bool parse_is_letter(char c);
bool parse_is_digit(char c);
bool parse_is_word(char c);

/* The next character that is no space; '\0' at the end of the line or before a comment. */
char parse_peek(struct parser* p);
bool parse_accept(struct parser* p, char c);
void parse_expect(struct parser* p, char c);
void parse_finish(struct parser* p);

/* A word of letters, digits and '_' that begins with a letter; false if there is none. */
bool parse_word(struct parser* p, char* word, size_t size);
bool parse_looking_at_word(struct parser* p);
/* Whether the word here is LONG_MAX or another that stands for a number. */
bool parse_is_constant(struct parser* p);
/* Decimal, 0x… or octal 0…; the value as 64 bits, so that -1 and 2^64-1 are the same. */
long long parse_number(struct parser* p);
long long parse_range(struct parser* p, long long least, long long most);
/* "…" with escapes undone; `length` NULL: must not hold a zero byte. */
char* parse_quoted(struct parser* p, size_t* length);
/* One of a table of names. */
int parse_one_of(struct parser* p, const char* const* names, int count, const char* what);

int parse_find_variable(struct parser* p, const char* name); /* -1: there is none */
int parse_find_actor(struct parser* p, const char* name);

#endif
