#include "text.h"

void string_bound(struct string* s, char* data, size_t capacity) {
  s->data = data;
  s->length = 0;
  s->capacity = capacity;
  s->bounded = true;
  s->overflow = false;
}

void string_free(struct string* s) {
  if (!s->bounded) free(s->data);
  memset(s, 0, sizeof *s);
}

static bool string_room(struct string* s, size_t count) {
  if (s->capacity - s->length >= count) return true;
  if (s->bounded) {
    s->overflow = true;
    return false;
  }
  size_t capacity = s->capacity ? s->capacity : 1024;
  while (capacity - s->length < count) capacity *= 2;
  char* data = realloc(s->data, capacity);
  if (!data) {
    s->overflow = true;
    return false;
  }
  s->data = data;
  s->capacity = capacity;
  return true;
}

void string_add(struct string* s, const char* bytes, size_t count) {
  if (!string_room(s, count)) return;
  memcpy(s->data + s->length, bytes, count);
  s->length += count;
}

void string_char(struct string* s, char c) {
  if (string_room(s, 1)) s->data[s->length++] = c;
}

void string_word(struct string* s, const char* word) { string_add(s, word, strlen(word)); }

static void string_digits(struct string* s, unsigned long long number, unsigned base, int least) {
  char digits[32];
  int count = 0;
  do {
    digits[sizeof digits - 1 - (size_t)count++] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number || count < least);
  string_add(s, digits + sizeof digits - (size_t)count, (size_t)count);
}

void string_unsigned(struct string* s, unsigned long long number) { string_digits(s, number, 10, 1); }

void string_number(struct string* s, long long number) {
  if (number < 0) string_char(s, '-');
  string_unsigned(s, number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number);
}

void string_hex(struct string* s, unsigned long number, int digits) {
  string_word(s, "0x");
  string_digits(s, number, 16, digits);
}

void string_octal(struct string* s, unsigned long number) {
  if (number) string_char(s, '0');
  string_digits(s, number, 8, 1);
}

/* -------------------------------------------------------------------------------------- texts of messages */

static uint32_t sequence_next(uint32_t x) { return (uint32_t)(1103515245u * (uint64_t)x + 12345u); }

unsigned long long text_size(const struct piece* pieces, int count) {
  unsigned long long size = 0;
  for (int i = 0; i < count; i++) {
    unsigned long long unit = pieces[i].bytes ? pieces[i].length : 1;
    if (unit && pieces[i].count > (ULLONG_MAX - size) / unit) return ULLONG_MAX;
    size += pieces[i].count * unit;
  }
  return size;
}

size_t text_expand(const struct piece* pieces, int count, char* to, size_t room) {
  size_t used = 0;
  for (int i = 0; i < count; i++) {
    const struct piece* piece = &pieces[i];
    uint32_t x = piece->seed;
    if (piece->bytes && !piece->length) continue;
    for (unsigned long long n = 0; n < piece->count && used < room; n++) {
      if (piece->bytes) {
        size_t length = piece->length < room - used ? piece->length : room - used;
        memcpy(to + used, piece->bytes, length);
        used += length;
      } else {
        x = sequence_next(x);
        to[used++] = (char)(unsigned char)(x >> 16);
      }
    }
  }
  return used;
}

enum { TEXT_RUN = 8, TEXT_SEQUENCE = 16 }; /* from these lengths on a run or a sequence is written as such */

static size_t text_run_length(const char* bytes, size_t count) {
  size_t n = 1;
  while (n < count && bytes[n] == bytes[0]) n++;
  return n;
}

static size_t text_sequence_length(const char* bytes, size_t count, uint32_t seed) {
  size_t n = 0;
  for (uint32_t x = sequence_next(seed); n < count && (unsigned char)bytes[n] == (unsigned char)(x >> 16);
       n++)
    x = sequence_next(x);
  return n;
}

static void text_print_byte(struct string* s, char byte) {
  unsigned char c = (unsigned char)byte;
  if (c == '"' || c == '\\') {
    string_char(s, '\\');
    string_char(s, byte);
  } else if (c == '\n') {
    string_word(s, "\\n");
  } else if (c == '\t') {
    string_word(s, "\\t");
  } else if (c < 0x20 || c > 0x7e) {
    string_word(s, "\\x");
    string_digits(s, c, 16, 2);
  } else {
    string_char(s, byte);
  }
}

void text_print(struct string* s, const char* bytes, size_t count, const uint32_t* seeds, int seed_count) {
  bool quoted = false;
  for (size_t i = 0; i < count;) {
    size_t run = text_run_length(bytes + i, count - i), sequence = 0;
    uint32_t seed = 0;
    for (int k = 0; k < seed_count && run < TEXT_RUN; k++) {
      size_t length = text_sequence_length(bytes + i, count - i, seeds[k]);
      if (length > sequence) {
        sequence = length;
        seed = seeds[k];
      }
    }
    bool special = run >= TEXT_RUN || sequence >= TEXT_SEQUENCE;
    if (quoted && special) string_char(s, '"');
    if (special && i) string_char(s, '+');
    if (run >= TEXT_RUN) {
      string_unsigned(s, run);
      string_word(s, "*\"");
      text_print_byte(s, bytes[i]);
      string_char(s, '"');
      i += run;
    } else if (special) {
      string_word(s, "bytes(");
      string_unsigned(s, sequence);
      string_word(s, ", ");
      string_unsigned(s, seed);
      string_char(s, ')');
      i += sequence;
    } else {
      if (!quoted) string_word(s, i ? "+\"" : "\"");
      text_print_byte(s, bytes[i++]);
    }
    quoted = !special;
  }
  if (quoted) string_char(s, '"');
  if (!count) string_word(s, "\"\"");
}
