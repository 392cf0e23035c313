/* Lines of a scenario: directives, steps, blocks. Recursive descent, one line after the other. */
#include "parse_arguments.h"

/* -------------------------------------------------------------------------------------------------- steps */

static bool parse_may_keep(enum call call) {
  return call == CALL_MSGGET || call == CALL_FTOK || call == CALL_SHMGET;
}

static void parse_check_conductor(struct parser* p, const struct step* step) {
  bool own = step->call == CALL_KILL || step->call == CALL_TICK;
  bool workers = step->call == CALL_BECOME || step->call == CALL_HANDLER || step->call == CALL_MASK ||
                 step->call == CALL_UNMASK || step->call == CALL_EXIT || step->call == CALL_EXEC ||
                 step->call == CALL_UNSHARE;
  if (step->actor == CONDUCTOR && !own) p->s->has_own_calls = true;
  if (step->actor != CONDUCTOR && own) parse_fail(p, "%s is a step of the conductor", call_names[step->call]);
  if (step->actor == CONDUCTOR && workers) parse_fail(p, "%s needs an actor", call_names[step->call]);
  if (step->call == CALL_SHMGET) p->s->has_segments = true;
}

static void parse_set_variable(struct parser* p, struct step* step, const char* name) {
  struct scenario* s = p->s;
  if (!parse_may_keep(step->call)) parse_fail(p, "the result of %s cannot be kept", call_names[step->call]);
  if (step->actor == CONDUCTOR) parse_fail(p, "the conductor keeps no values");
  int variable = parse_find_variable(p, name);
  if (variable < 0) {
    if (s->variable_count == MAX_VARIABLES) {
      parse_fail(p, "more than %d variables", MAX_VARIABLES);
      return;
    }
    variable = s->variable_count++;
    memcpy(s->variables[variable], name, MAX_NAME + 1);
  }
  step->variable = variable;
  p->set_item[variable] = step->item;
  p->set_actor[variable] = step->actor;
}

/* [VAR =] CALL(ARGS); `word` is what stands first and is already read. */
static void parse_step(struct parser* p, struct step* step, char* word, size_t size) {
  char kept[MAX_NAME + 1] = "";
  if (parse_peek(p) == '=') {
    memcpy(kept, word, sizeof kept);
    p->at++;
    string_word(&p->out, " = ");
    parse_word(p, word, size);
  }
  int call = name_index(call_names, CALL_COUNT, word);
  if (call < 0) {
    parse_fail(p, "unknown call '%s'", word);
    return;
  }
  step->call = (enum call)call;
  parse_check_conductor(p, step);
  parse_expect(p, '(');
  parse_arguments(p, step);
  parse_expect(p, ')');
  if (*kept) parse_set_variable(p, step, kept);
}

static void parse_step_line(struct parser* p, char* word, size_t size) {
  struct scenario* s = p->s;
  if (s->step_count == MAX_STEPS) {
    parse_fail(p, "more than %d steps", MAX_STEPS);
    return;
  }
  struct step* step = &s->steps[s->step_count];
  memset(step, 0, sizeof *step);
  step->variable = -1;
  step->line = p->line;
  step->place = s->step_count;
  step->actor = CONDUCTOR;
  step->item = p->in_block ? s->item_count - 1 : s->item_count;
  if (parse_accept(p, ':')) {
    step->actor = parse_find_actor(p, word);
    parse_word(p, word, size);
  }
  parse_step(p, step, word, size);
  parse_finish(p);
  if (p->failed) return;
  char* source = parse_allocate(p, p->out.length + 1);
  memcpy(source, p->out.data, p->out.length);
  step->source = source;
  step->source_length = p->out.length;
  if (p->in_block) {
    s->items[step->item].count++;
  } else {
    s->items[s->item_count].first = s->step_count;
    s->items[s->item_count].count = 1;
    s->items[s->item_count++].concurrent = false;
  }
  s->step_count++;
}

/* --------------------------------------------------------------------------------------------- directives */

/* The rest of the line must be words of letters, digits, '.', '_' and '-'. */
static void parse_names(struct parser* p) {
  while (parse_peek(p)) {
    if (!parse_is_word(*p->at) && *p->at != '.' && *p->at != '-') {
      parse_found(p, "a name");
      return;
    }
    p->at++;
  }
}

static struct actor* parse_new_actor(struct parser* p) {
  struct scenario* s = p->s;
  char name[MAX_NAME + 1];
  if (!parse_word(p, name, sizeof name)) {
    parse_found(p, "a name");
    return NULL;
  }
  for (int i = 0; i < s->actor_count; i++)
    if (!strcmp(s->actors[i].name, name)) parse_fail(p, "two actors are named '%s'", name);
  if (s->actor_count == MAX_ACTORS) parse_fail(p, "more than %d actors", MAX_ACTORS);
  if (p->failed) return NULL;
  struct actor* actor = &s->actors[s->actor_count];
  memset(actor, 0, sizeof *actor);
  memcpy(actor->name, name, sizeof name);
  actor->process = s->actor_count++;
  return actor;
}

static void parse_thread(struct parser* p) {
  char word[MAX_NAME + 1];
  struct actor* actor = parse_new_actor(p);
  parse_word(p, word, sizeof word);
  if (strcmp(word, "of") != 0) parse_fail(p, "expected 'of', found '%s'", word);
  parse_word(p, word, sizeof word);
  if (!actor || p->failed) return;
  actor->process = parse_find_actor(p, word);
  if (&p->s->actors[actor->process] == actor || p->s->actors[actor->process].process != actor->process)
    parse_fail(p, "'%s' is not a process", word);
}

/* True if the word began a directive. */
static bool parse_directive(struct parser* p, const char* word) {
  static const char* const names[] = {"language", "title", "clause", "seed", "process", "thread"};
  char next = parse_peek(p);
  int index = name_index(names, 6, word);
  if (index < 0 || next == ':' || next == '(' || next == '=') return false;
  if (p->s->step_count || p->s->item_count) parse_fail(p, "directives come before the first step");
  struct actor* actor;
  switch (index) {
    case 0: {
      long long language = parse_number(p);
      if (language != 1) parse_fail(p, "language %lld is not known, only 1", language);
      break;
    }
    case 1: p->at = p->end; break;
    case 2:
    case 3: parse_names(p); break;
    case 4:
      actor = parse_new_actor(p);
      if (actor) parse_creds(p, &actor->creds);
      break;
    default: parse_thread(p); break;
  }
  parse_finish(p);
  return true;
}

static void parse_begin_block(struct parser* p) {
  struct scenario* s = p->s;
  if (p->in_block) parse_fail(p, "a block inside a block");
  if (s->item_count == MAX_STEPS) parse_fail(p, "more than %d steps", MAX_STEPS);
  parse_expect(p, '{');
  parse_finish(p);
  if (p->failed) return;
  p->in_block = true;
  s->items[s->item_count].first = s->step_count;
  s->items[s->item_count].count = 0;
  s->items[s->item_count++].concurrent = true;
}

/* ----------------------------------------------------------------------------------------------- scenario */

static void parse_scenario_name(struct parser* p) {
  parse_peek(p);
  const char* begin = p->at;
  while (p->at < p->end && (parse_is_word(*p->at) || *p->at == '.' || *p->at == '-')) p->at++;
  size_t length = (size_t)(p->at - begin);
  if (!length) {
    parse_found(p, "a name");
    return;
  }
  p->s->name = parse_allocate(p, length + 1);
  memcpy(p->s->name, begin, length);
  p->s->name[length] = '\0';
  parse_finish(p);
}

/* One line; true at "end". */
static bool parse_line(struct parser* p, bool first) {
  char word[MAX_NAME + 1];
  p->out.length = 0;
  char next = parse_peek(p);
  if (!next) return false;
  if (next == '}' && p->in_block) {
    parse_accept(p, '}');
    if (!p->s->items[p->s->item_count - 1].count) parse_fail(p, "a block without a step");
    p->in_block = false;
    parse_finish(p);
    return false;
  }
  if (!parse_word(p, word, sizeof word)) {
    parse_found(p, "a statement");
    return false;
  }
  next = parse_peek(p);
  if (first) {
    if (strcmp(word, "scenario") != 0)
      parse_fail(p, "expected 'scenario', found '%s'", word);
    else
      parse_scenario_name(p);
  } else if (!strcmp(word, "end") && !next) {
    if (p->in_block) parse_fail(p, "the block has no '}'");
    return true;
  } else if (!strcmp(word, "concurrent") && next == '{') {
    parse_begin_block(p);
  } else if (!strcmp(word, "scenario") && next != ':' && next != '(') {
    parse_fail(p, "the scenario before has no 'end'");
  } else if (!parse_directive(p, word)) {
    parse_step_line(p, word, sizeof word);
  }
  return false;
}

static bool parse_scenario(struct parser* p, const char* text, size_t length);

bool scenario_parse(struct scenario* s, char* memory, const char* text, size_t length, int first_line,
                    char* error, size_t size) {
  struct parser* p = calloc(1, sizeof *p);
  if (!p) abort();
  memset(s, 0, offsetof(struct scenario, actors));
  s->seed_count = 0;
  s->has_files = s->has_limits = s->has_exec = s->has_segments = s->has_own_calls = false;
  s->unfit[0] = '\0';
  s->memory = memory;
  s->memory_used = 0;
  s->memory_size = SCENARIO_MEMORY;
  s->first_line = first_line;
  p->s = s;
  p->line = first_line;
  p->error = error;
  p->error_size = size;
  bool good = setjmp(p->out_of_memory) == 0 && parse_scenario(p, text, length);
  string_free(&p->out);
  free(p);
  return good;
}

static bool parse_scenario(struct parser* p, const char* text, size_t length) {
  struct scenario* s = p->s;
  for (int i = 0; i < MAX_VARIABLES; i++) p->set_item[i] = -1;
  int lines = 1;
  for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
  if (lines > MAX_STEPS + 1) lines = MAX_STEPS + 1;
  s->steps = parse_allocate(p, sizeof *s->steps * (size_t)lines);
  s->items = parse_allocate(p, sizeof *s->items * (size_t)lines);

  bool ended = false, first = true;
  const char *at = text, *end = text + length;
  for (; at < end && !ended && !p->failed; p->line++) {
    const char* newline = memchr(at, '\n', (size_t)(end - at));
    p->at = at;
    p->end = newline ? newline : end;
    if (p->end > p->at && p->end[-1] == '\r') p->end--;
    if (p->end - p->at > MAX_LINE) parse_fail(p, "a line of more than %d bytes", MAX_LINE);
    ended = parse_line(p, first);
    first = first && !s->name;
    at = newline ? newline + 1 : end;
  }
  if (!ended && !p->failed) {
    p->line--;
    parse_fail(p, "the scenario has no 'end'");
  }
  return !p->failed;
}
