#include "c_text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "svmq/language/print.hpp"

namespace svmq::shrink {

std::string c_string(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (c == '?' || byte < 0x20 || byte > 0x7e)
      out += fmt::format("\\{:03o}", byte);
    else
      out += c;
  }
  return out + "\"";
}

std::string c_comment(std::string_view text) {
  std::string out(text);
  for (std::size_t at; (at = out.find("*/")) != std::string::npos;) out.replace(at, 2, "* /");
  for (std::size_t at; (at = out.find("/*")) != std::string::npos;) out.replace(at, 2, "/ *");
  return out;
}

std::string c_symbols(language::Flags flags) {
  std::string text = language::print_flags(flags);
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 3)
    text.replace(at, 1, " | ");
  return flags > INT32_MAX ? fmt::format("(int)({:#x}u)", flags) : text;
}

std::string c_number(std::int64_t number) {
  if (number == INT64_MIN) return "(-9223372036854775807LL - 1)";
  return number > INT32_MAX || number <= INT32_MIN ? fmt::format("{}LL", number) : fmt::format("{}", number);
}

namespace {

std::string shown_text(const std::string& text) {
  if (text.size() <= 64) {
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\' || byte < 0x20 || byte > 0x7e)
        out += fmt::format("\\x{:02x}", byte);
      else
        out += c;
    }
    return out + "\"";
  }
  std::uint32_t sum = 2166136261u;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619u;
  return fmt::format("{} bytes, sum {:08x}", text.size(), sum);
}

bool is_time(const std::string& field) { return field == "stime" || field == "rtime" || field == "ctime"; }

}  // namespace

std::string shown(const language::Result& result, const std::set<std::string>& fields) {
  std::string text = fmt::format("{}", result.value);
  if (!result.error.empty()) text += " " + result.error;
  if (result.received)
    text += fmt::format(" {{{}, {}}}", result.received->type, shown_text(result.received->text));
  if (result.overrun) text += " overrun";
  if (result.touched) text += " touched";
  if (result.records.empty()) return text;
  for (const auto& [name, value] : result.records.front().fields)
    if (fields.contains(name))
      text += is_time(name) ? fmt::format(" {}={}", name, value == 0 ? "0" : "set")
                            : fmt::format(" {}={}", name, value);
  for (const auto& [name, pid] : result.records.front().pids)
    if (fields.contains(name))
      text += fmt::format(" {}={}", name, pid.actor.empty() ? (pid.number == 0 ? "0" : "other") : pid.actor);
  return text;
}

const char* const c_runtime = R"C(
struct outcome { volatile int returned; char text[640]; };
static struct shared {
  volatile long variable[variable_count + 1];
  volatile int busy[actor_count], go;
  struct outcome outcome[step_count];
  pid_t process[actor_count];
  long thread[actor_count];
} *shared;

static void no_way(const char *what) {
  fprintf(stderr, "cannot be tried here: %s: %s\n", what, strerror(errno));
  _exit(2);
}

static int is_asleep(int actor, long *switches) {
  char path[96], line[256];
  FILE *file;
  int state = 0;
  *switches = 0;
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/status", (long)shared->process[actor], shared->thread[actor]);
  if (!(file = fopen(path, "r"))) return -1;
  while (fgets(line, sizeof line, file)) {
    sscanf(line, "voluntary_ctxt_switches: %ld", switches);
    if (!strncmp(line, "State:\t", 7)) state = line[7];
  }
  fclose(file);
  return state == 'S' || state == 'T';
}

static int pipes[actor_count][2];

static void note_deaths(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    for (int i = 0; i < actor_count; i++) {
      if (shared->process[i] != pid) continue;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 2) _exit(2);
      shared->busy[i] = 0;
      shared->thread[i] = -1;
      for (int k = 0; k < step_count; k++)
        if (plan[k].actor == i && !shared->outcome[k].returned && shared->outcome[k].text[0])
          sprintf(shared->outcome[k].text, WIFSIGNALED(status) ? "killed by signal %d" : "exited with %d",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

/* Until nothing moves: each has done what it was told, or was seen asleep 8 times in a row without having run between. */
static void settle(void) {
  for (int i = 0; i < actor_count; i++) {
    long last = -1, now;
    for (int seen = 0, looks = 0; shared->busy[i] && seen < 8; looks++) {
      int asleep = is_asleep(i, &now);
      seen = asleep == 1 && now == last ? seen + 1 : 0;
      last = now;
      if (asleep == -1 && looks > 1000) break; /* no /proc: a second */
      note_deaths();
      if (shared->busy[i]) usleep(looks < 50 ? 50 : 1000);
    }
  }
  note_deaths();
}

static void work(int actor) {
  unsigned char item;
  while (read(pipes[actor][0], &item, 1) == 1) {
    while (!shared->go) sched_yield();
    for (int k = 0; k < step_count; k++) {
      if (plan[k].actor != actor || plan[k].item != item) continue;
      strcpy(shared->outcome[k].text, "asleep");
      char text[640];
      text[0] = 0;
      errno = 0;
      plan[k].run(text);
      strcpy(shared->outcome[k].text, text);
      shared->outcome[k].returned = 1;
    }
    shared->busy[actor] = 0;
  }
  _exit(0);
}

static void begin_item(int item) {
  shared->go = 0;
  for (int i = 0; i < actor_count; i++) {
    int has = 0;
    unsigned char byte = (unsigned char)item;
    for (int k = 0; k < step_count; k++) {
      if (plan[k].actor != i || plan[k].item != item) continue;
      has = 1;
      if (shared->busy[i] || shared->thread[i] < 0) strcpy(shared->outcome[k].text, "skipped");
    }
    if (!has || shared->busy[i] || shared->thread[i] < 0) continue;
    shared->busy[i] = 1;
    if (write(pipes[i][1], &byte, 1) != 1) no_way("write");
  }
  shared->go = 1;
  for (int k = 0; k < step_count; k++)
    if (plan[k].actor < 0 && plan[k].item == item) {
      errno = 0;
      plan[k].run(shared->outcome[k].text);
      shared->outcome[k].returned = 1;
    }
  settle();
}

static void *thread_main(void *actor) {
  shared->thread[(int)(intptr_t)actor] = THREAD_ID;
  work((int)(intptr_t)actor);
  return NULL;
}

static void start(void) {
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0; i < actor_count; i++)
    if (pipe(pipes[i])) no_way("pipe");
  for (int i = 0; i < actor_count; i++) {
    if (thread_of[i] >= 0) continue;
    pid_t pid = fork();
    if (pid < 0) no_way("fork");
    if (pid == 0) {
      become_actor(i);
      shared->process[i] = getpid();
      shared->thread[i] = (long)getpid();
      for (int t = 0; t < actor_count; t++)
        if (thread_of[t] == i) {
          shared->process[t] = getpid();
          START_THREAD(t);
        }
      work(i);
    }
    shared->process[i] = pid;
  }
  for (int i = 0; i < actor_count; i++)
    for (int tries = 0; !shared->thread[i]; tries++) {
      note_deaths();
      if (tries > 20000) no_way("a process did not start");
      usleep(500);
    }
}

static void stop(void) {
  for (int i = 0; i < actor_count; i++)
    if (thread_of[i] < 0 && shared->process[i] > 0) kill(shared->process[i], SIGKILL);
  while (wait(NULL) > 0) {}
  for (int v = 0; v < variable_count; v++)
    if (shared->variable[v] >= 0) msgctl((int)shared->variable[v], IPC_RMID, NULL);
}
)C";

namespace {

struct Helper {
  const char* use;  // in the text of whoever needs it
  const char* text;
};
constexpr Helper helpers[] = {
    {" append(", R"C(
static char *append(char *at, const char *text) {
  while (*text) *at++ = *text++;
  *at = 0;
  return at;
}
)C"},
    {" memory(", R"C(
/* `room` bytes with an end behind which nothing may be touched; kind: 'w' writable, 'r' read-only. */
static char *memory(size_t room, char kind) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (room + page - 1) / page * page + page;
  char *start = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) no_way("mmap");
  memset(start, 0xa5, whole);
  if (kind == 'r') mprotect(start, whole, PROT_READ);
  mprotect(start + whole, page, PROT_NONE);
  return start + whole - room;
}
)C"},
    {" number(", R"C(
static const char *error_name(int error) {
  static const struct { int number; const char *name; } names[] = {
      {E2BIG, "E2BIG"}, {EACCES, "EACCES"}, {EAGAIN, "EAGAIN"}, {EEXIST, "EEXIST"}, {EFAULT, "EFAULT"}, {EIDRM, "EIDRM"},
      {EINTR, "EINTR"}, {EINVAL, "EINVAL"}, {ENOENT, "ENOENT"}, {ENOMEM, "ENOMEM"}, {ENOMSG, "ENOMSG"}, {ENOSPC, "ENOSPC"},
      {ENOSYS, "ENOSYS"}, {EPERM, "EPERM"}};
  static char other[16];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].number == error) return names[i].name;
  snprintf(other, sizeof other, "%d", error);
  return other;
}

static char *number(char *at, long value) {
  int error = errno;
  at += sprintf(at, "%ld", value);
  if (value == -1) at += sprintf(at, " %s", error_name(error));
  return at;
}
)C"},
    {" field(", R"C(
static char *field(char *at, const char *name, long long value) { return at + sprintf(at, " %s=%lld", name, value); }
)C"},
    {" time_field(", R"C(
static char *time_field(char *at, const char *name, long long value) {
  return at + sprintf(at, " %s=%s", name, value ? "set" : "0");
}
)C"},
    {" pid_field(", R"C(
static char *pid_field(char *at, const char *name, long pid) {
  const char *who = pid == 0 ? "0" : pid == (long)getppid() ? "conductor" : "other";
  for (int i = 0; i < actor_count; i++)
    if (pid == shared->thread[i]) who = actor_name[i];
  return at + sprintf(at, " %s=%s", name, who);
}
)C"},
    {" received(", R"C(
/* The text behind the type word, of `length` bytes; short ones as they are, long ones by length and sum. */
static char *received(char *at, const char *message, long length) {
  long type;
  uint32_t sum = 2166136261u;
  memcpy(&type, message, sizeof type);
  at += sprintf(at, " {%ld, ", type);
  message += sizeof type;
  if (length <= 64) {
    *at++ = '"';
    for (long i = 0; i < length; i++) {
      unsigned char c = (unsigned char)message[i];
      at += sprintf(at, c == '"' || c == '\\' || c < 0x20 || c > 0x7e ? "\\x%02x" : "%c", c);
    }
    return append(at, "\"}");
  }
  for (long i = 0; i < length; i++) sum = (sum ^ (unsigned char)message[i]) * 16777619u;
  return at + sprintf(at, "%ld bytes, sum %08x}", length, sum);
}
)C"},
    {" repeat(", R"C(
static char *repeat(char *at, size_t count, const char *bytes, size_t length) {
  for (size_t i = 0; i < count; i++, at += length) memcpy(at, bytes, length);
  return at;
}
)C"},
    {" sequence(", R"C(
static char *sequence(char *at, size_t count, uint32_t x) {
  for (size_t i = 0; i < count; i++) *at++ = (char)((x = 1103515245u * x + 12345u) >> 16);
  return at;
}
)C"},
    {" handle(", R"C(
static void caught(int signal) { (void)signal; }

static void handle(int signal, char how) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = how == 'i' ? SIG_IGN : how == 'd' ? SIG_DFL : caught;
  if (how == 'r') action.sa_flags = SA_RESTART;
  sigaction(signal, &action, NULL);
}
)C"},
    {" block(", R"C(
static void block(int signal, int how) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(how, &set, NULL);
}
)C"},
    {" set_capabilities(", R"C(
#ifdef __linux__
enum { ipc_owner = 1, sys_admin = 2, sys_resource = 4, checkpoint_restore = 8 };
static void set_capabilities(unsigned wanted) {
  struct { uint32_t version; int pid; } header = {0x20080522, 0};
  struct { uint32_t effective, permitted, inheritable; } data[2];
  static const int bit[4] = {15, 21, 24, 40};
  if (syscall(SYS_capget, &header, data)) no_way("capget");
  for (int word = 0; word < 2; word++) data[word].effective = 0;
  for (int i = 0; i < 4; i++)
    if (wanted >> i & 1) data[bit[i] / 32].effective |= 1u << bit[i] % 32;
  for (int word = 0; word < 2; word++) data[word].permitted |= data[word].effective;
  if (syscall(SYS_capset, &header, data)) no_way("capset");
}
#endif
)C"},
    {" set_limit(", R"C(
static void set_limit(const char *name, long value) {
  char path[64];
  snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
  FILE *file = fopen(path, "w");
  if (!file || fprintf(file, "%ld\n", value) < 0 || fclose(file)) no_way(path);
}
)C"},
};

}  // namespace

std::string c_helpers(const std::string& program) {
  std::string text, users = program;
  for (auto helper = std::rbegin(helpers); helper != std::rend(helpers);
       ++helper) {  // each uses only those before it
    if (users.find(helper->use) == std::string::npos) continue;
    text = helper->text + text;
    users += helper->text;
  }
  return text;
}

}  // namespace svmq::shrink
