#include "parse_tokens.h"

void* parse_allocate(struct parser* p, size_t size) {
  struct scenario* s = p->s;
  size = (size + 15) / 16 * 16;
  if (size > s->memory_size - s->memory_used) {
    parse_fail(p, "a scenario that needs more than %lu bytes of memory", (unsigned long)s->memory_size);
    longjmp(p->out_of_memory, 1);
  }
  void* memory = s->memory + s->memory_used;
  s->memory_used += size;
  return memory;
}

void parse_fail(struct parser* p, const char* format, ...) {
  if (p->failed) return;
  p->failed = true;
  int used = snprintf(p->error, p->error_size, "line %d: ", p->line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(p->error + used, p->error_size - (size_t)used, format, arguments);
  va_end(arguments);
  for (char* c = p->error; *c; c++)
    if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) *c = '?';
}
/* ------------------------------------------------------------------------------------------------- tokens */

bool parse_is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool parse_is_digit(char c) { return c >= '0' && c <= '9'; }
bool parse_is_word(char c) { return parse_is_letter(c) || parse_is_digit(c) || c == '_'; }

/* The next character that is no space; '\0' at the end of the line or before a comment. */
char parse_peek(struct parser* p) {
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\t')) p->at++;
  return p->failed || p->at == p->end || *p->at == '#' ? '\0' : *p->at;
}

bool parse_accept(struct parser* p, char c) {
  if (parse_peek(p) != c) return false;
  p->at++;
  string_char(&p->out, c);
  if (c == ',' || c == ':') string_char(&p->out, ' ');
  return true;
}

void parse_found(struct parser* p, const char* expected) {
  parse_peek(p);
  int length = (int)(p->end - p->at);
  if (!length)
    parse_fail(p, "expected %s, found the end of the line", expected);
  else
    parse_fail(p, "expected %s, found '%.*s'", expected, length > 20 ? 20 : length, p->at);
}

void parse_expect(struct parser* p, char c) {
  if (parse_accept(p, c)) return;
  char expected[] = {'\'', c, '\'', '\0'};
  parse_found(p, expected);
}

void parse_finish(struct parser* p) {
  if (parse_peek(p)) parse_found(p, "the end of the line");
}

/* A word of letters, digits and '_' that begins with a letter. */
bool parse_word(struct parser* p, char* word, size_t size) {
  word[0] = '\0';
  if (!parse_is_letter(parse_peek(p))) return false;
  const char* begin = p->at;
  while (p->at < p->end && parse_is_word(*p->at)) p->at++;
  size_t length = (size_t)(p->at - begin);
  if (length >= size) {
    parse_fail(p, "'%.40s…' is too long", begin);
    return false;
  }
  memcpy(word, begin, length);
  word[length] = '\0';
  string_add(&p->out, begin, length);
  return true;
}

bool parse_looking_at_word(struct parser* p) { return parse_is_letter(parse_peek(p)); }

/* Decimal, 0x… or octal 0…; the value as 64 bits, so that -1 and 2^64-1 are the same. */
long long parse_number(struct parser* p) {
  char word[MAX_NAME + 1];
  static const struct {
    const char* name;
    long long value;
  } constants[] = {
      {"LONG_MAX", INT64_MAX}, {"LONG_MIN", INT64_MIN}, {"INT_MAX", INT32_MAX}, {"INT_MIN", INT32_MIN}};
  if (parse_looking_at_word(p)) {
    const char* begin = p->at;
    parse_word(p, word, sizeof word);
    for (int i = 0; i < 4; i++)
      if (!strcmp(constants[i].name, word)) return constants[i].value;
    p->at = begin;
    parse_found(p, "a number");
    return 0;
  }
  parse_peek(p);
  const char* begin = p->at;
  bool negative = p->at < p->end && *p->at == '-';
  if (negative) p->at++;
  if (p->failed || p->at == p->end || !parse_is_digit(*p->at)) {
    p->at = begin;
    parse_found(p, "a number");
    return 0;
  }
  unsigned base = 10;
  if (*p->at == '0' && p->at + 1 < p->end && (p->at[1] == 'x' || p->at[1] == 'X')) {
    base = 16;
    p->at += 2;
  } else if (*p->at == '0') {
    base = 8;
  }
  const char* digits = p->at;
  unsigned long long value = 0;
  for (; p->at < p->end; p->at++) {
    char c = *p->at;
    unsigned digit = parse_is_digit(c)    ? (unsigned)(c - '0')
                     : parse_is_letter(c) ? (unsigned)((c | 32) - 'a') + 10
                                          : 99;
    if (digit >= base) break;
    if (value > (UINT64_MAX - digit) / base) {
      parse_fail(p, "a number of more than 64 bits");
      return 0;
    }
    value = value * base + digit;
  }
  if (p->at == digits || (p->at < p->end && parse_is_word(*p->at))) {
    p->at = begin;
    parse_found(p, "a number");
    return 0;
  }
  if (negative && value > (uint64_t)INT64_MAX + 1) parse_fail(p, "a number of more than 64 bits");
  string_add(&p->out, begin, (size_t)(p->at - begin));
  return (long long)(negative ? 0 - value : value);
}

long long parse_range(struct parser* p, long long least, long long most) {
  long long value = parse_number(p);
  if (value < least || value > most) parse_fail(p, "%lld is not between %lld and %lld", value, least, most);
  return value;
}

/* "…" with escapes undone; `length` NULL: must not hold a zero byte. */
char* parse_quoted(struct parser* p, size_t* length) {
  parse_peek(p);
  const char* begin = p->at;
  if (parse_peek(p) != '"') {
    parse_found(p, "a quoted text");
    return "";
  }
  const char* quote = p->at + 1;
  while (quote < p->end && *quote != '"') quote += *quote == '\\' && quote + 1 < p->end ? 2 : 1;
  char *bytes = parse_allocate(p, (size_t)(quote - p->at) + 1), *to = bytes;
  for (p->at++; p->at < p->end && *p->at != '"'; p->at++) {
    char c = *p->at;
    if (c == '\\' && p->at + 1 < p->end) {
      c = *++p->at;
      if (c == 'n')
        c = '\n';
      else if (c == 't')
        c = '\t';
      else if (c == 'x') {
        unsigned value = 0;
        for (int i = 0; i < 2; i++) {
          p->at++;
          char d = p->at < p->end ? *p->at : ' ';
          if (parse_is_digit(d))
            value = value * 16 + (unsigned)(d - '0');
          else if ((d | 32) >= 'a' && (d | 32) <= 'f')
            value = value * 16 + (unsigned)((d | 32) - 'a') + 10;
          else {
            parse_fail(p, "expected two hexadecimal digits behind \\x");
            return "";
          }
        }
        c = (char)(unsigned char)value;
      } else if (c != '\\' && c != '"') {
        parse_fail(p, "unknown escape \\%c", c);
        return "";
      }
    }
    *to++ = c;
  }
  if (p->at == p->end) {
    parse_fail(p, "a quoted text without its end");
    return "";
  }
  p->at++;
  string_add(&p->out, begin, (size_t)(p->at - begin));
  *to = '\0';
  if (length)
    *length = (size_t)(to - bytes);
  else if (strlen(bytes) != (size_t)(to - bytes))
    parse_fail(p, "a path with a zero byte");
  return bytes;
}

bool parse_is_constant(struct parser* p) {
  static const char* const names[] = {"LONG_MAX", "LONG_MIN", "INT_MAX", "INT_MIN"};
  const char* at = p->at;
  while (at < p->end && parse_is_word(*at)) at++;
  for (int i = 0; i < 4; i++)
    if ((size_t)(at - p->at) == strlen(names[i]) && !memcmp(p->at, names[i], strlen(names[i]))) return true;
  return false;
}

int parse_one_of(struct parser* p, const char* const* names, int count, const char* what) {
  char word[MAX_NAME + 1];
  parse_word(p, word, sizeof word);
  int index = name_index(names, count, word);
  if (index >= 0) return index;
  parse_fail(p, "expected %s, found '%s'", what, word);
  return 0;
}

int parse_find_variable(struct parser* p, const char* name) {
  for (int i = 0; i < p->s->variable_count; i++)
    if (!strcmp(p->s->variables[i], name)) return i;
  return -1;
}

int parse_find_actor(struct parser* p, const char* name) {
  for (int i = 0; i < p->s->actor_count; i++)
    if (!strcmp(p->s->actors[i].name, name)) return i;
  parse_fail(p, "no actor is named '%s'", name);
  return 0;
}
