#include "calls.h"
#include "pool.h"

enum { CONDUCT_VERSION = 1 };

/* ------------------------------------------------------------------------------------ signals and waiting */

static volatile sig_atomic_t conduct_signal;

static void conduct_note_signal(int number) { conduct_signal = number; }
static volatile sig_atomic_t conduct_child_changed = 1;

static void conduct_note_child(int number) { (void)number, conduct_child_changed = 1; }
static void conduct_note_nothing(int number) { (void)number; }

/* The signal is blocked but while the conductor waits. */
bool conductor_child_changed(void) {
  bool changed = conduct_child_changed;
  conduct_child_changed = 0;
  return changed;
}

int conductor_interrupted(void) { return conduct_signal; }

bool conductor_wait(struct conductor* conductor, int file, long long nanoseconds) {
  fd_set set;
  struct timespec time = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
  FD_ZERO(&set);
  if (file >= 0) FD_SET(file, &set);
  return pselect(file + 1, &set, NULL, NULL, nanoseconds < 0 ? NULL : &time, &conductor->waiting_mask) > 0;
}

static void conduct_catch(int number, void (*function)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_handler = function;
  sigaction(number, &action, NULL);
}

static void conduct_prepare_signals(struct conductor* conductor) {
  sigset_t block;
  sigemptyset(&block);
  sigaddset(&block, SIGCHLD);
  sigaddset(&block, SIGINT);
  sigaddset(&block, SIGTERM);
  sigprocmask(SIG_BLOCK, &block, &conductor->waiting_mask);
  sigdelset(&conductor->waiting_mask, SIGCHLD);
  sigdelset(&conductor->waiting_mask, SIGINT);
  sigdelset(&conductor->waiting_mask, SIGTERM);
  conduct_catch(SIGINT, conduct_note_signal);
  conduct_catch(SIGTERM, conduct_note_signal);
  conduct_catch(SIGCHLD, conduct_note_child);
  conduct_catch(SIGALRM, conduct_note_nothing);
  signal(SIGPIPE, SIG_IGN);
}

/* ------------------------------------------------------------------------------------------ the conductor */

static void conduct_name_system(struct conductor* conductor) {
  struct utsname name;
  uname(&name);
  calls_name();
  snprintf(conductor->system, sizeof conductor->system, "%s%s-%s-%s", calls.prefix, name.sysname,
           name.release, name.machine);
  for (char* c = conductor->system; *c; c++)
    if (*c == ' ' || (unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) *c = '_';
}

void conduct_read_limits(struct conductor* conductor) {
  struct string text;
  string_bound(&text, conductor->limits, sizeof conductor->limits - 1);
  for (int i = LIMIT_MSGMAX; i <= LIMIT_MSGMNI; i++) {
    long value;
    if (calls.limit_get(i, &value) != 0) continue;
    if (text.length) string_char(&text, ' ');
    string_word(&text, limit_names[i]), string_char(&text, '='), string_number(&text, value);
  }
  conductor->limits[text.length] = '\0';
}

static void conduct_note_own(struct conductor* conductor) {
  struct string text;
  struct creds own;
  string_bound(&text, conductor->own, sizeof conductor->own - 1);
  creds_observe(&own);
  creds_print_ids(&text);
  string_word(&text, "conductor "), creds_print(&text, &own), string_char(&text, '\n');
  conductor->own[text.length] = '\0';
}

bool conductor_start(struct conductor* conductor, char* reason, size_t size) {
  int pipe_ends[2];
  conductor->shared = shared_create(&conductor->shared_file);
  if (!conductor->shared || pipe(pipe_ends) != 0) {
    snprintf(reason, size, "no memory to share: %s", strerror(errno));
    return false;
  }
  conductor->report_read = pipe_ends[0];
  conductor->report_write = pipe_ends[1];
  fcntl(conductor->report_read, F_SETFL, O_NONBLOCK);
#if defined(AGENT_LINUX)
  prctl(PR_SET_TIMERSLACK, 1L, 0L, 0L, 0L);
#endif
  conductor->shared->namespace_count = 1;
  conduct_note_own(conductor);
  umask(077); /* which must play no part in the mode of a queue */
  conduct_prepare_signals(conductor);
  conduct_name_system(conductor);
  if (calls.needs_directory) {
    char directory[256];
    snprintf(directory, sizeof directory, "%.200s/probe", conductor->directory);
    if (calls.namespace_new(directory) != 0) {
      snprintf(reason, size, "no namespace in %.200s: %s", directory, strerror(errno));
      return false;
    }
    conductor->blocking = observe_probe(conductor->shared);
    conduct_read_limits(conductor);
    calls.namespace_remove(directory);
  } else {
    conductor->blocking = observe_probe(conductor->shared);
    conduct_read_limits(conductor);
  }
  if (conductor->blocking < conductor->at_best) conductor->blocking = conductor->at_best;
  return true;
}

void conductor_stop(struct conductor* conductor) {
  pool_end(conductor);
  claim_drop(&conductor->scratch);
  close(conductor->shared_file);
  close(conductor->report_read);
  close(conductor->report_write);
  munmap(conductor->shared, sizeof *conductor->shared);
}

void conduct_header(const struct conductor* conductor, const char* name, struct string* out) {
  string_word(out, "history "), string_word(out, name);
  string_word(out, "\nagent "), string_number(out, CONDUCT_VERSION);
  string_char(out, ' '), string_word(out, conductor->system);
  string_word(out, " blocking="), string_word(out, blocking_names[conductor->blocking]);
  string_char(out, '\n');
}

void conduct_failed(struct conductor* conductor, const char* name, const char* reason, struct string* out) {
  conduct_header(conductor, name ? name : "unknown", out);
  string_word(out, "failed "), string_word(out, reason), string_word(out, "\nend\n");
}
