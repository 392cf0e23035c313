#include "parse_arguments.h"

/* ---------------------------------------------------------------------------------------------- arguments */

static int parse_use_variable(struct parser* p, const struct step* step, const char* name) {
  int variable = parse_find_variable(p, name);
  if (variable < 0 || p->set_item[variable] < 0)
    parse_fail(p, "variable '%s' is used before it is set", name);
  else if (p->in_block && p->set_item[variable] == step->item && p->set_actor[variable] != step->actor)
    parse_fail(p, "variable '%s' is set in this block by another actor", name);
  return variable;
}

static void parse_id(struct parser* p, struct step* step) {
  char word[MAX_NAME + 1];
  step->id.variable = -1;
  if (!parse_looking_at_word(p) || parse_is_constant(p)) {
    step->id.value = parse_number(p);
    return;
  }
  parse_word(p, word, sizeof word);
  step->id.variable = parse_use_variable(p, step, word);
  char sign = parse_peek(p);
  if (sign != '+' && sign != '-') return;
  parse_accept(p, sign);
  long long offset = parse_number(p);
  step->id.value = sign == '+' ? offset : (long long)(0 - (unsigned long long)offset);
}

static void parse_key(struct parser* p, struct step* step) {
  char word[MAX_NAME + 1];
  step->id.variable = -1;
  step->id.value = 0;
  if (parse_looking_at_word(p) && !parse_is_constant(p)) {
    parse_word(p, word, sizeof word);
    if (strcmp(word, "IPC_PRIVATE") != 0) step->id.variable = parse_use_variable(p, step, word);
    return;
  }
  long long value = parse_number(p);
  if (value < INT32_MIN || value > (long long)UINT32_MAX) parse_fail(p, "a key of more than 32 bits");
  step->id.value = value;
}

static unsigned parse_flags(struct parser* p) {
  unsigned flags = 0, value;
  char word[MAX_NAME + 1];
  do {
    if (parse_looking_at_word(p) && !parse_is_constant(p)) {
      parse_word(p, word, sizeof word);
      if (!flag_value(word, &value))
        parse_fail(p, "unknown flag '%s'", word);
      else
        flags |= value;
    } else {
      flags |= (unsigned)parse_range(p, INT32_MIN, UINT32_MAX);
    }
  } while (parse_accept(p, '|'));
  return flags;
}

static void parse_seed(struct parser* p, uint32_t seed) {
  for (int i = 0; i < p->s->seed_count; i++)
    if (p->s->seeds[i] == seed) return;
  if (p->s->seed_count < MAX_SEEDS) p->s->seeds[p->s->seed_count++] = seed;
}

static struct piece parse_piece(struct parser* p) {
  struct piece piece = {1, NULL, 0, 0};
  char word[MAX_NAME + 1];
  if (parse_looking_at_word(p)) {
    parse_word(p, word, sizeof word);
    if (strcmp(word, "bytes") != 0) parse_fail(p, "expected a text, found '%s'", word);
    parse_expect(p, '(');
    piece.count = (unsigned long long)parse_range(p, 0, MAX_TEXT);
    parse_expect(p, ',');
    piece.seed = (uint32_t)parse_range(p, INT32_MIN, UINT32_MAX);
    parse_expect(p, ')');
    parse_seed(p, piece.seed);
    return piece;
  }
  if (parse_is_digit(parse_peek(p))) {
    piece.count = (unsigned long long)parse_range(p, 0, MAX_TEXT);
    parse_expect(p, '*');
  }
  piece.bytes = parse_quoted(p, &piece.length);
  return piece;
}

static void parse_text(struct parser* p, struct step* step) {
  int room = 0;
  do {
    if (step->piece_count == room) {
      room = room ? 2 * room : 4;
      struct piece* pieces = parse_allocate(p, sizeof *pieces * (size_t)room);
      if (step->piece_count) memcpy(pieces, step->pieces, sizeof *pieces * (size_t)step->piece_count);
      step->pieces = pieces;
    }
    step->pieces[step->piece_count++] = parse_piece(p);
  } while (parse_accept(p, '+'));
  if (text_size(step->pieces, step->piece_count) > MAX_TEXT)
    parse_fail(p, "a message of more than %d bytes", MAX_TEXT);
}

/* BAD or NULL; false: neither. */
static bool parse_bad_pointer(struct parser* p, struct step* step) {
  char word[MAX_NAME + 1];
  if (!parse_looking_at_word(p)) return false;
  const char* begin = p->at;
  size_t length = p->out.length;
  parse_word(p, word, sizeof word);
  if (!strcmp(word, "BAD"))
    step->memory = MEMORY_UNMAPPED;
  else if (!strcmp(word, "NULL"))
    step->memory = MEMORY_NULL;
  else {
    p->at = begin;
    p->out.length = length;
    return false;
  }
  return true;
}

static void parse_unfit(struct parser* p, const char* what) {
  snprintf(p->s->unfit, sizeof p->s->unfit, "a %s beyond the %d bits of this system's long", what,
           (int)(sizeof(long) * CHAR_BIT));
}

/* A type must fit in the system's long, or the call could not be made as written. */
static long long parse_type(struct parser* p, long long most) {
  long long type = parse_number(p);
  if (type < -most - 1 || type > most) parse_unfit(p, "type");
  return type;
}

/* The same for a size; -1 is the largest everywhere. */
static long long parse_size(struct parser* p) {
  long long size = parse_number(p), most = SIZE_MAX / 2 < LLONG_MAX ? (long long)(SIZE_MAX / 2) : LLONG_MAX;
  if (size < -most - 1 || size > most) parse_unfit(p, "size");
  return size;
}

static void parse_message(struct parser* p, struct step* step) {
  char word[MAX_NAME + 1];
  if (parse_bad_pointer(p, step)) return;
  parse_expect(p, '{');
  step->type = parse_type(p, MESSAGE_TYPE_MAX);
  parse_expect(p, ',');
  parse_text(p, step);
  if (parse_accept(p, ',')) {
    parse_word(p, word, sizeof word);
    if (strcmp(word, "BAD") != 0) parse_fail(p, "expected BAD, found '%s'", word);
    step->memory = MEMORY_ENDS;
  }
  parse_expect(p, '}');
}

static void parse_buffer(struct parser* p, struct step* step) {
  char word[MAX_NAME + 1];
  if (parse_bad_pointer(p, step)) return;
  if (!parse_word(p, word, sizeof word)) {
    parse_found(p, "a buffer");
  } else if (!strcmp(word, "readonly")) {
    step->memory = MEMORY_READONLY;
  } else if (strcmp(word, "buf") != 0) {
    parse_fail(p, "expected a buffer, found '%s'", word);
  } else if (parse_accept(p, '(')) {
    step->memory = MEMORY_ENDS;
    step->accessible = parse_range(p, 0, MAX_TEXT);
    parse_expect(p, ')');
  }
}

static void parse_field(struct parser* p, const char* name) {
  char word[MAX_NAME + 1];
  parse_word(p, word, sizeof word);
  if (strcmp(word, name) != 0) parse_fail(p, "expected %s=, found '%s'", name, word);
  parse_expect(p, '=');
}

static void parse_setting(struct parser* p, struct step* step) {
  if (parse_bad_pointer(p, step)) return;
  parse_expect(p, '{');
  parse_field(p, "uid");
  step->setting.uid = (uid_t)parse_range(p, INT32_MIN, UINT32_MAX);
  parse_expect(p, ',');
  parse_field(p, "gid");
  step->setting.gid = (gid_t)parse_range(p, INT32_MIN, UINT32_MAX);
  parse_expect(p, ',');
  parse_field(p, "mode");
  step->setting.mode = parse_flags(p);
  parse_expect(p, ',');
  parse_field(p, "qbytes");
  step->setting.qbytes = (unsigned long long)parse_number(p);
  parse_expect(p, '}');
}

static int parse_signal(struct parser* p) {
  char word[MAX_NAME + 1];
  parse_word(p, word, sizeof word);
  int signal = signal_value(word);
  if (signal < 0) parse_fail(p, "expected a signal, found '%s'", word);
  return signal;
}

/* A path inside the scratch folder, or (for ftok) an absolute one. */
static const char* parse_path(struct parser* p, bool may_be_absolute) {
  const char* path = parse_quoted(p, NULL);
  if (!p->failed && (!*path || strlen(path) > 200)) parse_fail(p, "a path of no or too many bytes");
  if (*path == '/') {
    if (!may_be_absolute) parse_fail(p, "a path must be relative: '%s'", path);
    return path;
  }
  for (const char* part = path; part; part = strchr(part, '/')) {
    if (*part == '/') part++;
    if (!strncmp(part, "..", 2) && (part[2] == '/' || !part[2]))
      parse_fail(p, "a path may not leave the scratch folder");
  }
  p->s->has_files = true;
  return path;
}

/* -------------------------------------------------------------------------------------------- credentials */

static void parse_groups(struct parser* p, struct creds* creds) {
  char word[MAX_NAME + 1];
  if (parse_looking_at_word(p)) {
    parse_word(p, word, sizeof word);
    if (strcmp(word, "none") != 0) parse_fail(p, "expected groups or none, found '%s'", word);
    return;
  }
  do {
    if (creds->group_count == CREDS_GROUPS) {
      parse_fail(p, "more than %d groups", CREDS_GROUPS);
      return;
    }
    creds->groups[creds->group_count++] = (gid_t)parse_range(p, 0, UINT32_MAX - 1LL);
    if (parse_peek(p) != ',') return;
    p->at++;
    string_char(&p->out, ',');
  } while (!p->failed);
}

static void parse_caps(struct parser* p, struct creds* creds) {
  char word[MAX_NAME + 1];
  for (bool first = true; !p->failed; first = false) {
    parse_word(p, word, sizeof word);
    int cap = name_index(cap_names, CAP_COUNT, word);
    if (cap >= 0) {
      creds->caps |= 1u << cap;
    } else if (first && (!strcmp(word, "none") || !strcmp(word, "all"))) {
      creds->caps = *word == 'a' ? CAPS_ALL : 0;
      return;
    } else {
      parse_fail(p, "expected capabilities, none or all, found '%s'", word);
    }
    if (parse_peek(p) != ',') return;
    p->at++;
    string_char(&p->out, ',');
  }
}

/* Credentials up to the end of the line or a ')', in their order. */
void parse_creds(struct parser* p, struct creds* creds) {
  static const char* const names[] = {"uid", "gid", "groups", "caps", "ruid", "fsgid"};
  int last = -1;
  while (!p->failed && parse_peek(p) && parse_peek(p) != ')') {
    if (last >= 0) string_char(&p->out, ' ');
    int index = parse_one_of(p, names, 6, "a credential");
    if (index <= last) parse_fail(p, "%s= must stand before %s=", names[index], names[last]);
    last = index;
    creds->named |= 1u << index;
    parse_expect(p, '=');
    switch (index) {
      case 0: creds->uid = (uid_t)parse_range(p, 0, UINT32_MAX - 1LL); break;
      case 1: creds->gid = (gid_t)parse_range(p, 0, UINT32_MAX - 1LL); break;
      case 2: parse_groups(p, creds); break;
      case 3: parse_caps(p, creds); break;
      case 4: creds->ruid = (uid_t)parse_range(p, 0, UINT32_MAX - 1LL); break;
      default: creds->fsgid = (gid_t)parse_range(p, 0, UINT32_MAX - 1LL); break;
    }
  }
}

/* -------------------------------------------------------------------------------------------------- steps */

static void parse_msgctl(struct parser* p, struct step* step) {
  char word[MAX_NAME + 1];
  parse_id(p, step);
  parse_expect(p, ',');
  if (parse_looking_at_word(p) && !parse_is_constant(p)) {
    parse_word(p, word, sizeof word);
    if (!command_value(word, &step->command)) parse_fail(p, "unknown command '%s'", word);
  } else {
    step->command = (int)parse_range(p, INT32_MIN, INT32_MAX);
  }
  parse_expect(p, ',');
  if (step->command == COMMAND_IPC_SET)
    parse_setting(p, step);
  else
    parse_buffer(p, step);
}

static void parse_comma(struct parser* p) { parse_expect(p, ','); }

void parse_arguments(struct parser* p, struct step* step) {
  char word[MAX_NAME + 1];
  switch (step->call) {
    case CALL_MSGGET:
      parse_key(p, step), parse_comma(p);
      step->flags = parse_flags(p);
      break;
    case CALL_MSGSND:
      parse_id(p, step), parse_comma(p), parse_message(p, step), parse_comma(p);
      step->size = parse_size(p), parse_comma(p);
      step->flags = parse_flags(p);
      break;
    case CALL_MSGRCV:
      parse_id(p, step), parse_comma(p), parse_buffer(p, step), parse_comma(p);
      step->size = parse_size(p), parse_comma(p);
      step->type = parse_type(p, LONG_MAX), parse_comma(p);
      step->flags = parse_flags(p);
      break;
    case CALL_MSGCTL: parse_msgctl(p, step); break;
    case CALL_FTOK:
      step->path = parse_path(p, true), parse_comma(p);
      step->number = parse_range(p, INT32_MIN, UINT32_MAX);
      break;
    case CALL_SHMGET:
      parse_key(p, step), parse_comma(p);
      step->size = parse_size(p), parse_comma(p);
      step->flags = parse_flags(p);
      break;
    case CALL_GETLIMIT: step->limit = parse_one_of(p, limit_names, LIMIT_COUNT, "a limit"); break;
    case CALL_SETLIMIT:
      p->s->has_limits = true;
      step->limit = parse_one_of(p, limit_names, LIMIT_COUNT, "a limit"), parse_comma(p);
      step->number = parse_number(p);
      break;
    case CALL_BECOME:
      step->creds = parse_allocate(p, sizeof *step->creds);
      memset(step->creds, 0, sizeof *step->creds);
      parse_creds(p, step->creds);
      break;
    case CALL_HANDLER:
      step->signal = parse_signal(p), parse_comma(p);
      step->how = parse_one_of(p, disposition_names, HOW_COUNT, "catch, restart, ignore or default");
      break;
    case CALL_MASK:
    case CALL_UNMASK: step->signal = parse_signal(p); break;
    case CALL_EXIT: step->number = parse_range(p, 0, 255); break;
    case CALL_CREATE:
    case CALL_UNLINK: step->path = parse_path(p, false); break;
    case CALL_LINK:
    case CALL_SYMLINK:
      step->path = parse_path(p, false), parse_comma(p);
      step->other = parse_path(p, false);
      break;
    case CALL_MKDIR:
      step->path = parse_path(p, false), parse_comma(p);
      step->flags = parse_flags(p);
      break;
    case CALL_KILL:
      parse_word(p, word, sizeof word);
      step->target = parse_find_actor(p, word), parse_comma(p);
      step->signal = parse_signal(p);
      break;
    case CALL_EXEC: p->s->has_exec = true; break;
    default: break; /* table, unshare, tick: none */
  }
}
