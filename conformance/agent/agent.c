/* svmq-agent: reads scenarios, conducts them with real processes, prints what happened (see ../LANGUAGE.md).
 */
#include "calls.h"
#include "conduct.h"
#include "probe.h"
#include "system.h"

#define AGENT_VERSION "0.1.0"

static const char agent_help[] =
    "Usage: %s [OPTION]... < SCENARIOS > HISTORIES\n"
    "Conducts scenarios of System V message queue calls with real processes and prints what happened.\n"
    "\n"
    "  --isolate        each scenario in a fresh IPC namespace (root, or user namespaces, needed)\n"
    "  --time-limit MS  a call that has neither returned nor slept for so long is hung (default 5000)\n"
    "  --directory DIR  where namespaces of queues are made, for implementations that keep them in files\n"
    "  --console        standard input and output are a console: each line stands behind a marker, and\n"
    "                   'ready' says when scenarios may come (see ../PROTOCOL.md)\n"
    "  --blocking HOW   recognise sleeping calls no better than by: syscall, state or settle\n"
    "  --raw            the system calls themselves, not the C library's functions\n"
    "  --capabilities   tell which of the needs of scenarios this system and user can meet, and exit\n"
    "  --help           this text\n"
    "  --version        the version\n"
    "\n"
    "Exit status: 0 all scenarios were conducted (whatever happened in them), 2 wrong usage or "
    "environment.\n";

struct agent {
  struct conductor conductor;
  bool capabilities, console, raw;
  struct claim own_directory; /* where none is given */
  char directory[256];
  struct string input;
  size_t scanned;         /* bytes of the input that hold no unseen "end" */
  int line, scanned_line; /* the numbers of the first line of the input, and of that at `scanned` */
  struct string out;
};

static bool agent_write_bytes(const struct string* out) {
  for (size_t written = 0; written < out->length;) {
    ssize_t count = write(STDOUT_FILENO, out->data + written, out->length - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    written += (size_t)count;
  }
  return true;
}

/* On a console other programs and the system itself write too: the marker tells the agent's lines from
 * theirs. */
static bool agent_write(const struct agent* agent, const struct string* out) {
  if (!agent->console) return agent_write_bytes(out);
  struct string marked = {0};
  for (size_t at = 0; at < out->length;) {
    const char *line = out->data + at, *newline = memchr(line, '\n', out->length - at);
    size_t length = newline ? (size_t)(newline - line) + 1 : out->length - at;
    string_word(&marked, "svmq| ");
    string_add(&marked, line, length);
    at += length;
  }
  bool written = agent_write_bytes(&marked);
  string_free(&marked);
  return written;
}

/* Without echo, without line editing, and every byte as it is. */
static void agent_raw_terminal(void) {
  struct termios terminal;
  for (int file = STDIN_FILENO; file <= STDOUT_FILENO; file++) {
    if (tcgetattr(file, &terminal) != 0) continue;
    terminal.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
    terminal.c_oflag &= ~(tcflag_t)OPOST;
    terminal.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    tcsetattr(file, TCSANOW, &terminal);
  }
}

/* -------------------------------------------------------------------------------------------------- input */

/* The first word of a line, without the comment. */
static bool agent_line_is(const char* line, size_t length, const char* word, bool alone) {
  size_t i = 0, size = strlen(word);
  while (i < length && (line[i] == ' ' || line[i] == '\t')) i++;
  if (length - i < size || memcmp(line + i, word, size) != 0) return false;
  i += size;
  if (!alone) return i < length && (line[i] == ' ' || line[i] == '\t');
  while (i < length && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r')) i++;
  return i == length || line[i] == '#';
}

static bool agent_line_empty(const char* line, size_t length) {
  return agent_line_is(line, length, "", true);
}

static void agent_drop(struct agent* agent, size_t length, int next_line) {
  memmove(agent->input.data, agent->input.data + length, agent->input.length - length);
  agent->input.length -= length;
  agent->scanned = 0;
  agent->line = agent->scanned_line = next_line;
}

/* Conducts the first `length` bytes of the input, which begin with a line that is not empty. */
static bool agent_conduct(struct agent* agent, size_t length) {
  struct shared* shared = agent->conductor.shared;
  struct scenario* scenario = &shared->scenario;
  char error[512];
  bool go_on = true;
  agent->out.length = 0;
  if (length > MAX_SCENARIO) {
    snprintf(error, sizeof error, "line %d: a scenario of more than %d bytes", agent->line, MAX_SCENARIO);
    conduct_failed(&agent->conductor, NULL, error, &agent->out);
  } else {
    if (scenario_parse(scenario, shared->memory, agent->input.data, length, agent->line, error, sizeof error))
      go_on = conduct(&agent->conductor, scenario, agent->input.data, length, &agent->out);
    else
      conduct_failed(&agent->conductor, scenario->name, error, &agent->out);
  }
  return agent_write(agent, &agent->out) && go_on;
}

/* A request: a line between scenarios. */
static bool agent_answer_capabilities(struct agent* agent) {
  agent->out.length = 0;
  string_word(&agent->out, "capabilities\n");
  probe_capabilities(&agent->conductor, &agent->out);
  string_word(&agent->out, "end\n");
  return agent_write(agent, &agent->out) && !conductor_interrupted();
}

/* Conducts the scenarios that the input holds complete; at its end, also an incomplete one. A scenario ends
 * at "end", or (which the parser then complains of) before the next "scenario". */
static bool agent_take(struct agent* agent, bool at_end) {
  struct string* input = &agent->input;
  bool inside = agent->scanned > 0;
  for (;;) {
    const char* line = input->data + agent->scanned;
    size_t left = input->length - agent->scanned;
    const char* newline = left ? memchr(line, '\n', left) : NULL;
    if (!newline && !(at_end && left)) break;
    size_t length = newline ? (size_t)(newline - line) : left, whole = newline ? length + 1 : length;
    if (!inside && agent_line_empty(line, length)) {
      agent_drop(agent, whole, agent->line + 1);
      continue;
    }
    if (!inside && agent_line_is(line, length, "capabilities", true)) {
      agent_drop(agent, whole, agent->line + 1);
      if (!agent_answer_capabilities(agent)) return false;
      continue;
    }
    if (inside && agent_line_is(line, length, "scenario", false)) {
      if (!agent_conduct(agent, agent->scanned)) return false;
      agent_drop(agent, agent->scanned, agent->scanned_line);
      inside = false;
      continue;
    }
    inside = true;
    agent->scanned += whole;
    agent->scanned_line++;
    if (!agent_line_is(line, length, "end", true)) continue;
    if (!agent_conduct(agent, agent->scanned)) return false;
    agent_drop(agent, agent->scanned, agent->scanned_line);
    inside = false;
  }
  return !(at_end && agent->scanned) || agent_conduct(agent, agent->scanned);
}

static void agent_read_scenarios(struct agent* agent) {
  char bytes[65536];
  agent->line = agent->scanned_line = 1;
  for (;;) {
    if (!conductor_wait(&agent->conductor, STDIN_FILENO, -1)) {
      if (conductor_interrupted()) return;
      continue;
    }
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count > 0) string_add(&agent->input, bytes, (size_t)count);
    if (!agent_take(agent, count <= 0) || count <= 0) return;
  }
}

/* -------------------------------------------------------------------------------------------------- start */

static const char* agent_name = "svmq-agent";

static int agent_usage(const char* problem, const char* what) {
  fprintf(stderr, "%s: %s%s\nTry '%s --help'.\n", agent_name, problem, what, agent_name);
  return 2;
}

/* -1: go on; else the exit status. */
static int agent_arguments(struct agent* agent, int count, char** arguments) {
  for (int i = 1; i < count; i++) {
    const char *argument = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
    if (!strcmp(argument, "--help")) {
      printf(agent_help, agent_name);
      return 0;
    }
    if (!strcmp(argument, "--version")) {
      printf("%s %s\n", agent_name, AGENT_VERSION);
      return 0;
    }
    if (!strcmp(argument, "--isolate")) {
      agent->conductor.isolate = true;
    } else if (!strcmp(argument, "--console")) {
      agent->console = true;
    } else if (!strcmp(argument, "--blocking") && value) {
      int how = name_index(blocking_names, 3, value);
      if (how < 0) return agent_usage("neither syscall, state nor settle: ", value);
      agent->conductor.at_best = (enum blocking)how;
      i++;
    } else if (!strcmp(argument, "--raw")) {
      agent->raw = true;
    } else if (!strcmp(argument, "--capabilities")) {
      agent->capabilities = true;
    } else if (!strcmp(argument, "--time-limit") && value) {
      char* end;
      agent->conductor.limit = strtol(value, &end, 10);
      if (*end || agent->conductor.limit <= 0) return agent_usage("not a number of milliseconds: ", value);
      i++;
    } else if (!strcmp(argument, "--directory") && value) {
      if (*value != '/' || strlen(value) > 180)
        return agent_usage("not an absolute (or too long a) path: ", value);
      snprintf(agent->directory, sizeof agent->directory, "%s", value);
      i++;
    } else {
      return agent_usage("unknown option or missing value: ", argument);
    }
  }
  return -1;
}

static bool agent_make_directory(struct agent* agent, char* reason, size_t size) {
  if (!calls.needs_directory) return true;
  agent->conductor.directory = agent->directory;
  if (*agent->directory) return true;
  const char* base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  agent->conductor.directory = agent->own_directory.path;
  if (claim_make(&agent->own_directory, base)) return true;
  snprintf(reason, size, "cannot make a folder in %s: %s", base, strerror(errno));
  return false;
}

int main(int count, char** arguments) {
  static struct agent agent;
  char reason[512];
  if (count == 4 && !strcmp(arguments[1], "--worker"))
    return worker_again(arguments[0], atoi(arguments[2]), atoi(arguments[3]));
  agent.conductor.limit = 5000;
  agent.conductor.program = arguments[0];
  const char* slash = count > 0 ? strrchr(arguments[0], '/') : NULL;
  if (count > 0) agent_name = slash ? slash + 1 : arguments[0];
  int status = agent_arguments(&agent, count, arguments);
  if (status >= 0) return status;
  if (agent.raw && !calls_choose_raw())
    return agent_usage("no raw system calls here: ", "this agent's calls are those of a library");
  bool good = !agent.conductor.isolate || isolate_prepare(reason, sizeof reason);
  if (!good && calls.needs_directory) {
    /* Its queues are isolated by their directory; only credentials and shared memory are not. */
    fprintf(stderr, "%s: going on without an IPC namespace: %s\n", agent_name, reason);
    agent.conductor.isolate = false;
    good = true;
  }
  creds_prepare();
  good = good && agent_make_directory(&agent, reason, sizeof reason) &&
         conductor_start(&agent.conductor, reason, sizeof reason);
  if (!good) fprintf(stderr, "%s: %s\n", agent_name, reason);
  if (good && agent.console) {
    struct string ready = {0};
    agent_raw_terminal();
    string_word(&ready, "ready 1\n");
    agent_write(&agent, &ready);
    string_free(&ready);
  }
  if (good && agent.capabilities) {
    probe_capabilities(&agent.conductor, &agent.out);
    agent_write(&agent, &agent.out);
  } else if (good) {
    agent_read_scenarios(&agent);
  }
  if (good) conductor_stop(&agent.conductor);
  claim_drop(&agent.own_directory);
  string_free(&agent.input), string_free(&agent.out);
  if (conductor_interrupted()) return 128 + conductor_interrupted();
  return good ? 0 : 2;
}
