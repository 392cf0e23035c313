#include "probe.h"

/* A need is there if its scenario runs to its end and the history has the wanted text. */
static const struct {
  const char *body, *wanted;
} probe_scenarios[NEED_COUNT] = {
    {"process A uid=7001 gid=7002 groups=7003,7004 ruid=7005\n", "uid=7001 gid=7002 groups=7003,7004"},
    {"process A caps=none\n", "caps=none"},
    {"process A\nA: unshare()\n", "A: unshare() = 0"},
    {"getlimit(msgmax)\n", "getlimit(msgmax) = "},
    {"process A\nthread T of A\nT: msgget(1, 0)\n", "T: msgget(1, 0) = "},
    {"process A\nA: exec()\nA: msgget(1, 0)\n", "A: msgget(1, 0) = "},
    {"process A\nkill(A, SIGSTOP)\nkill(A, SIGCONT)\nA: msgget(1, 0)\n", "A: msgget(1, 0) = "},
    {"process A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: handler(SIGUSR1, catch)\nA: msgrcv(q, buf, 1, 0, 0)\n"
     "kill(A, SIGUSR1)\n",
     "A: <... msgrcv resumed> = -1 EINTR"},
    {"process A\nA: create(\"f\")\n", "A: create(\"f\") = 0 {dev="},
    {"process A\nA: table()\n", "A: table() = "},
    {"process A\nA: shmget(IPC_PRIVATE, 1, 0600)\n", "A: shmget(IPC_PRIVATE, 1, 0600) = "},
    {"setlimit(msg_next_id, 5)\nmsgget(IPC_PRIVATE, 0600)\n", "msgget(IPC_PRIVATE, 0600) = 5"},
    {"process A\nA: become(uid=7001 gid=7002)\nA: become(uid=7003)\n", "A: become(uid=7003) = 0"}};

/* Why, from the line of a history: "unsupported NEED TEXT", "failed TEXT", "hung A". */
static void probe_reason(const char* line, char* reason, size_t size) {
  if (!strncmp(line, "unsupported ", 12)) line += 12 + strcspn(line + 12, " ") + 1;
  snprintf(reason, size, "%.*s", (int)strcspn(line, "\n"), line);
}

static bool probe_run(struct conductor* conductor, const char* body, const char* wanted, char* reason,
                      size_t size) {
  struct scenario* scenario = &conductor->shared->scenario;
  struct string text = {0}, out = {0};
  string_word(&text, "scenario probe\n"), string_word(&text, body), string_word(&text, "end\n");
  bool good = scenario_parse(scenario, conductor->shared->memory, text.data, text.length, 1, reason, size);
  if (good) {
    conduct(conductor, scenario, text.data, text.length, &out);
    string_char(&out, '\0');
    good = strstr(out.data, wanted) != NULL;
    char* line = strstr(out.data, "\nunsupported ");
    if (!line) line = strstr(out.data, "\nfailed ");
    if (!line) line = strstr(out.data, "\nhung ");
    if (line) good = false;
    if (!good && line)
      probe_reason(line + 1, reason, size);
    else if (!good)
      snprintf(reason, size, "did not do what was expected");
  }
  string_free(&text), string_free(&out);
  return good;
}

/* Each capability has to be tried by itself. */
static void probe_caps(struct conductor* conductor, struct string* out, char* reason, size_t size) {
  char body[64], wanted[64];
  int missing = 0;
  struct string list = {0};
  for (int i = 0; i < CAP_COUNT; i++) {
    snprintf(body, sizeof body, "process A caps=%s\n", cap_names[i]);
    snprintf(wanted, sizeof wanted, "caps=%s ", cap_names[i]);
    if (probe_run(conductor, body, wanted, reason, size)) continue;
    string_word(&list, missing++ ? ", " : "without ");
    string_word(&list, cap_names[i]);
  }
  string_word(out, missing == CAP_COUNT ? "caps no: " : missing ? "caps yes: " : "caps yes");
  if (missing) string_add(out, list.data, list.length);
  string_char(out, '\n');
  string_free(&list);
}

void probe_capabilities(struct conductor* conductor, struct string* out) {
  char reason[256];
  for (int i = 0; i < NEED_COUNT; i++) {
    if (i == NEED_CAPS) {
      probe_caps(conductor, out, reason, sizeof reason);
      continue;
    }
    bool good =
        probe_run(conductor, probe_scenarios[i].body, probe_scenarios[i].wanted, reason, sizeof reason);
    if (good && i == NEED_LIMITS) { /* and to write the value back */
      char* end = NULL;
      long long value = strtoll(conductor->limits + strcspn(conductor->limits, "0123456789"), &end, 10);
      char body[64];
      snprintf(body, sizeof body, "setlimit(msgmax, %lld)\n", value);
      good = probe_run(conductor, body, ") = 0", reason, sizeof reason);
    }
    string_word(out, need_names[i]);
    string_word(out, good ? " yes" : " no: ");
    if (!good) string_word(out, reason);
    string_char(out, '\n');
  }
}
