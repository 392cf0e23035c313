#include "worker.h"

#include "calls.h"
#include "isolate.h"

/* ----------------------------------------------------------------------------------- the worker's process */

/* What does not change while it stands. */
static struct {
  const char* program;
  int shared_file;
  sigset_t mask;
  struct creds_origin origin;
} worker_fixed;

static void worker_recalled(int number) { (void)number; }

/* Ignoring a signal first drops it where it is pending. */
static void worker_default_signals(void) {
  static const int numbers[] = {
    SIGINT,
    SIGTERM,
    SIGHUP,
    SIGQUIT,
    SIGPIPE,
    SIGCHLD,
    SIGALRM,
    SIGUSR1,
    SIGUSR2,
#if defined(SIGWINCH)
    SIGWINCH
#endif
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    signal(numbers[i], SIG_IGN);
    signal(numbers[i], SIG_DFL);
  }
  struct sigaction recalled; /* without SA_RESTART */
  memset(&recalled, 0, sizeof recalled);
  sigemptyset(&recalled.sa_mask);
  recalled.sa_handler = worker_recalled;
  sigaction(WORKER_RECALL, &recalled, NULL);
  sigprocmask(SIG_SETMASK, &worker_fixed.mask, NULL);
}

static long worker_thread_id(void) {
#if defined(AGENT_LINUX)
  return syscall(SYS_gettid);
#else
  return (long)getpid();
#endif
}

/* Credentials belong to the process, but Linux keeps them for each thread, and the C library's way of
 * changing them in all threads interrupts those that sleep in a call under test. So each thread follows
 * before its next step. */
static struct {
  pthread_mutex_t lock;
  struct creds creds; /* the changes so far, the later ones over the earlier */
  unsigned changes;
  bool changed; /* by these, or when it entered the scenario */
} worker_creds = {PTHREAD_MUTEX_INITIALIZER, {0}, 0, false};

static void worker_note_creds(const struct creds* creds) {
  struct creds* sum = &worker_creds.creds;
  unsigned named = creds->named;
  if (named & NAMED_UID) sum->uid = creds->uid, sum->named &= ~(unsigned)NAMED_CAPS;
  if (named & NAMED_GID) sum->gid = creds->gid, sum->named &= ~(unsigned)NAMED_FSGID;
  if (named & NAMED_GROUPS) {
    sum->group_count = creds->group_count;
    memcpy(sum->groups, creds->groups, sizeof sum->groups);
  }
  if (named & NAMED_CAPS) sum->caps = creds->caps;
  if (named & NAMED_RUID) sum->ruid = creds->ruid;
  if (named & NAMED_FSGID) sum->fsgid = creds->fsgid;
  sum->named |= named;
  worker_creds.changes++;
}

enum need worker_become(struct worker* worker, const struct creds* creds, char* reason, size_t size) {
  worker_creds.changed = true;
  enum need need = creds_take(creds, false, reason, size);
  shared_stay_attached(worker->shared);
  if (need != NEED_COUNT) return need;
  pthread_mutex_lock(&worker_creds.lock);
  worker_note_creds(creds);
  worker->creds_seen = worker_creds.changes;
  pthread_mutex_unlock(&worker_creds.lock);
  return need;
}

static void worker_follow_creds(struct worker* worker) {
#if defined(AGENT_LINUX)
  if (worker->creds_seen == worker_creds.changes) return;
  char reason[200];
  pthread_mutex_lock(&worker_creds.lock);
  creds_take(&worker_creds.creds, false, reason, sizeof reason);
  worker->creds_seen = worker_creds.changes;
  pthread_mutex_unlock(&worker_creds.lock);
  shared_stay_attached(worker->shared);
#else
  (void)worker;
#endif
}

/* -------------------------------------------------------------------------------------------- items to do */

static void worker_report(const struct worker* worker, bool entered) {
  struct report report = {worker->actor, entered};
  while (write(worker->slot->report_write, &report, sizeof report) < 0 && errno == EINTR) {
  }
}

enum { WORKER_BATCH = 1 << 16 }; /* bytes of records after which it reports, so that they find room */

/* The steps that are this actor's, from place `first` on, as far as its order goes. The order may be
 * withdrawn while it sleeps in one. */
static void worker_do_steps(struct worker* worker, int first) {
  struct slot* slot = worker->slot;
  for (int i = first; i < slot->until; i++) {
    const struct step* step = &worker->scenario->steps[i];
    if (step->actor != worker->actor) continue;
    worker_follow_creds(worker);
    if (!step_perform(worker, step)) break;
    if (slot->used > WORKER_BATCH && !worker->scenario->items[step->item].concurrent) break;
  }
}

/* The actors of a block wait at its gate until all have come: only then do they really run at once. */
static void worker_pass_gate(struct worker* worker, int index) {
  worker->slot->at_gate = index + 1;
  while (worker->shared->gate != index + 1) sched_yield();
}

static void worker_enter(struct worker* worker);

static void worker_loop(struct worker* worker) {
  int order;
  for (;;) {
    ssize_t count = read(worker->command_read, &order, sizeof order);
    if (count < 0 && errno == EINTR) continue;
    if (count != (ssize_t)sizeof order) _exit(0);
    if (order == ORDER_ENTER) {
      worker_enter(worker);
    } else {
      const struct item* item = &worker->scenario->items[order];
      if (item->concurrent) worker_pass_gate(worker, order);
      worker_do_steps(worker, item->first);
    }
    worker_report(worker, order == ORDER_ENTER);
  }
}

/* -------------------------------------------------------------------------------------------------- start */

static void* worker_thread(void* argument) {
  struct worker* worker = argument;
  worker->slot->command_read = worker->command_read;
  worker->slot->tid = worker_thread_id();
  agent_fence();
  worker->slot->pid = getpid();
  worker_report(worker, true);
  worker_loop(worker);
  return NULL;
}

static struct worker* worker_new(const struct worker_start* start, int actor) {
  struct worker* worker = calloc(1, sizeof *worker);
  if (!worker) _exit(127);
  worker->scenario = start->scenario;
  worker->shared = start->shared;
  worker->slot = &start->shared->slots[actor];
  worker->actor = actor;
  worker->command_read = start->command_read[actor];
  worker->in_namespace = start->shared->namespace_count;
  return worker;
}

static void worker_start_threads(const struct worker_start* start, int process) {
  for (int i = 0; i < start->scenario->actor_count; i++) {
    if (i == process || start->scenario->actors[i].process != process) continue;
    struct worker* worker = worker_new(start, i);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, worker_thread, worker);
    if (!error) continue;
    worker->slot->need = NEED_THREADS;
    snprintf(worker->slot->reason, sizeof worker->slot->reason, "%s", strerror(error));
    worker_report(worker, true);
  }
}

/* Back to what it was when it was forked; a worker that cannot go back ends, and is replaced. */
static void worker_return(struct worker* worker) {
  const struct shared* shared = worker->shared;
  if (worker->signals_changed) worker_default_signals();
  worker->signals_changed = false;
  if (worker_creds.changed) {
    if (!creds_return(&worker_fixed.origin)) _exit(0);
    shared_stay_attached(shared);
    memset(&worker_creds.creds, 0, sizeof worker_creds.creds);
    worker_creds.changes = worker->creds_seen = 0;
    worker_creds.changed = false;
  }
  if (worker->in_namespace != shared->namespace_count && !isolate_follow(shared->conductor)) _exit(0);
  worker->in_namespace = shared->namespace_count;
}

/* Enters the scenario: its namespace, its credentials. */
static void worker_enter(struct worker* worker) {
  struct slot* slot = worker->slot;
  const struct creds* wanted = &worker->scenario->actors[worker->actor].creds;
  worker_return(worker);
  slot->creds = worker_fixed.origin.creds;
  if (*slot->directory && calls.namespace_new(slot->directory) != 0) {
    slot->need = NEED_NAMESPACES;
    snprintf(slot->reason, sizeof slot->reason, "%s", strerror(errno));
  } else if (wanted->named) {
    worker_creds.changed = true;
    slot->need = creds_take(wanted, true, slot->reason, sizeof slot->reason);
    shared_stay_attached(worker->shared);
    creds_observe(&slot->creds);
  }
  slot->command_read = worker->command_read;
  slot->tid = worker_thread_id();
  agent_fence(); /* by its pid the conductor sees that the others are set */
  slot->pid = getpid();
}

void worker_process(const struct worker_start* start, int actor) {
  struct worker* worker = worker_new(start, actor);
  worker_fixed.program = start->program;
  worker_fixed.shared_file = start->shared_file;
  worker_fixed.mask = start->mask;
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  shared_stay_attached(start->shared);
  worker_default_signals();
  creds_note_origin(&worker_fixed.origin);
  if (!start->stands) {
    worker_enter(worker);
    worker_start_threads(start, actor);
    worker_report(worker, true);
  }
  worker_loop(worker);
  _exit(0);
}

/* --------------------------------------------------------------------------------------------------- exec */

int worker_exec(struct worker* worker) {
  char file[16], actor[16];
  struct slot* slot = worker->slot;
  snprintf(file, sizeof file, "%d", worker_fixed.shared_file);
  snprintf(actor, sizeof actor, "%d", worker->actor);
  slot->effective = creds_effective();
  slot->fsgid = creds_fsgid();
  char* arguments[] = {(char*)(uintptr_t)worker_fixed.program, (char*)"--worker", file, actor, NULL};
  creds_before_exec();
#if defined(AGENT_LINUX)
  execv("/proc/self/exe", arguments);
#endif
  execv(worker_fixed.program, arguments); /* not execvp(): it would give what is no program to a shell */
  int error = errno;
  creds_lower(slot->effective);
  return error;
}

int worker_again(const char* program, int shared_file, int actor) {
  static struct scenario scenario;
  static char memory[SCENARIO_MEMORY]; /* the shared one may have other addresses here */
  char error[256];
  struct shared* shared = shared_attach(shared_file);
  if (!shared || actor < 0 || actor >= MAX_ACTORS || shared->slots[actor].pid != getpid()) return 2;
  struct slot* slot = &shared->slots[actor];
  creds_after_exec(slot->effective, slot->fsgid);
  shared_stay_attached(shared);
  if (!scenario_parse(&scenario, memory, shared->text, shared->text_length, shared->first_line, error,
                      sizeof error))
    return 2;
  if (calls.namespace_join(slot->directory) != 0) return 2;
  worker_fixed.program = program;
  worker_fixed.shared_file = shared_file;
  slot->tid = worker_thread_id();
  agent_fence();
  slot->images++;
  int command_read[MAX_ACTORS];
  command_read[actor] = slot->command_read;
  struct worker_start start;
  memset(&start, 0, sizeof start);
  start.scenario = &scenario;
  start.shared = shared;
  start.command_read = command_read;
  struct worker* worker = worker_new(&start, actor);
  const struct step* step = &scenario.steps[slot->step];
  step_executed(worker, step);
  worker_do_steps(worker, step->place + 1);
  worker_report(worker, false);
  worker_loop(worker);
  return 0;
}
