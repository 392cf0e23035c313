// svmq-segment-fuzz: spoils the files of a namespace, before calls and while they run.
//
// It knows nothing of what is in the files: it changes bytes and words, and cuts files short, as anybody may
// who has access to a queue. Whatever it does, a call must give a result or an errno that svmq.h names; it
// must not crash, run on without end, or write beyond the buffers it was given. What is permitted is that a
// lock which the fuzzer has taken by writing into its word is waited for (SECURITY.md): such runs are counted
// and ended. (AFL++ is not used: what matters here is what other processes write, when, and that is no input
// of a program.)
//
// A run is a number: it makes the queues, chooses the damage, and the calls. What happens while others write
// at the same time is not repeated exactly by it.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "svmq/svmq.h"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t end) { return random() % end; }
bool one_in(Random& random, unsigned n) { return below(random, n) == 0; }

// What the processes of a run tell the driver; not a file of the namespace.
struct Report {
  std::atomic<std::uint64_t> calls;
  std::atomic<bool> wrong;
  char what[400];
  std::atomic<std::uint64_t> answers[200];  // by errno; 0: success
};
Report* report;

[[noreturn]] void wrong(const std::string& what) {
  std::strncpy(report->what, what.c_str(), sizeof report->what - 1);
  report->wrong = true;
  _exit(1);
}

// ------------------------------------------------------------------------------------------------ the damage

struct File {
  std::string path;
  std::size_t size;
  unsigned char* bytes;
};

std::vector<File> map_files(const std::string& directory) {
  std::vector<File> files;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(directory, gone)) {
    int file = open(entry.path().c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (file < 0) continue;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
      auto size = static_cast<std::size_t>(status.st_size);
      void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
      if (address != MAP_FAILED) files.push_back({entry.path(), size, static_cast<unsigned char*>(address)});
    }
    close(file);
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

void unmap_files(std::vector<File>& files) {
  for (File& file : files) munmap(file.bytes, file.size);
  files.clear();
}

// Mostly where something is: a byte that is not zero, looked for from a random place near the start on.
std::size_t place_in(const File& file, Random& random) {
  constexpr std::size_t used = 1 << 16;  // all but the end of long files, which are sparse
  std::size_t end = std::min(file.size, used), place = below(random, end);
  if (one_in(random, 4)) return place;
  for (std::size_t i = place; i < std::min(end, place + 4096); ++i)
    if (file.bytes[i] != 0) return i;
  return below(random, std::min<std::size_t>(end, 512));
}

void spoil(const File& file, Random& random) {
  std::size_t place = place_in(file, random);
  constexpr std::uint64_t telling[] = {0,          1,          2,          63,    64,        0x7fffffff,
                                       0x80000000, 0xffffffff, 0x40000000, ~0ull, 1ull << 63};
  switch (below(random, 5)) {
    case 0:
      file.bytes[place] = static_cast<unsigned char>(file.bytes[place] ^ 1u << below(random, 8));
      return;
    case 1: file.bytes[place] = static_cast<unsigned char>(random()); return;
    default: break;
  }
  std::size_t width = one_in(random, 2) ? 4 : 8;
  place -= place % width;
  if (place + width > file.size) return;
  std::uint64_t value = 0;
  std::memcpy(&value, file.bytes + place, width);
  switch (below(random, 3)) {
    case 0: value = telling[below(random, std::size(telling))]; break;
    case 1: value += below(random, 5) - 2; break;
    default: value = below(random, 1 << 20); break;  // a likely index or size
  }
  std::memcpy(file.bytes + place, &value, width);
}

void damage(const std::string& directory, Random& random) {
  std::vector<File> files = map_files(directory);
  if (files.empty()) return;
  for (std::uint64_t count = 1 + below(random, 16); count > 0; --count)
    spoil(files[below(random, files.size())], random);
  const File& cut = files[below(random, files.size())];
  unmap_files(files);
  if (one_in(random, 8)) {
    std::size_t length = one_in(random, 2) ? 0 : below(random, cut.size);
    if (truncate(cut.path.c_str(), static_cast<off_t>(length)) != 0) return;
  }
}

// Goes on spoiling what is there, until it is killed.
[[noreturn]] void spoil_without_end(const std::string& directory, std::uint64_t seed) {
  signal(SIGBUS, [](int) { _exit(0); });  // a file that was cut short
  Random random(seed);
  for (;;) {
    std::vector<File> files = map_files(directory);
    for (int i = 0; i < 2000 && !files.empty(); ++i) spoil(files[below(random, files.size())], random);
    unmap_files(files);
    usleep(100);
  }
}

// ------------------------------------------------------------------------------------------------- the calls

constexpr std::size_t text_size = 2000, canary_size = 4096;
struct Packet {
  long type;
  char text[text_size + canary_size];
};

void check(const char* call, long result, std::initializer_list<int> documented) {
  int error = errno;
  ++report->calls;
  if (result != -1) {
    ++report->answers[0];
    if (result < 0) wrong(fmt::format("{} returned {}", call, result));
    return;
  }
  if (error == ENOSYS || error == ENOMEM ||
      std::find(documented.begin(), documented.end(), error) != documented.end()) {
    ++report->answers[error];
    return;
  }
  wrong(fmt::format("{} failed with {}, which svmq.h does not name for it", call,
                    strerrorname_np(error) ? strerrorname_np(error) : std::to_string(error)));
}

void receive(int id, std::size_t size, long type, int flags) {
  static Packet packet;
  std::memset(packet.text, 0x5a, sizeof packet.text);
  long length = svmq_msgrcv(id, &packet, size, type, flags);
  check("msgrcv", length, {EINVAL, EACCES, E2BIG, ENOMSG, EFAULT, EIDRM, EINTR});
  if (length > static_cast<long>(size)) wrong(fmt::format("msgrcv of {} bytes returned {}", size, length));
  for (std::size_t i = length < 0 ? size : static_cast<std::size_t>(length); i < sizeof packet.text; ++i)
    if (packet.text[i] != 0x5a && i >= size)
      wrong(fmt::format("msgrcv wrote byte {} of a buffer of {}", i, size));
}

void send(int id, std::size_t size, long type, int flags) {
  static Packet packet;
  packet.type = type;
  check("msgsnd", svmq_msgsnd(id, &packet, size, flags), {EFAULT, EINVAL, EACCES, EAGAIN, EINTR, EIDRM});
}

void control(int id, int command, Random& random) {
  union {
    msqid_ds status;
    msginfo information;
  } buffer = {};
  buffer.status.msg_perm.mode = 0600;
  buffer.status.msg_qbytes = below(random, 16384);
  check("msgctl", svmq_msgctl(id, command, &buffer.status), {EINVAL, EACCES, EPERM, EFAULT, EIDRM});
}

int some_id(const std::vector<int>& ids, Random& random) {
  return one_in(random, 10) ? static_cast<int>(below(random, 1 << 20)) : ids[below(random, ids.size())];
}

void any_call(const std::vector<int>& ids, Random& random) {
  int id = some_id(ids, random), flags = one_in(random, 8) ? 0 : IPC_NOWAIT;
  std::size_t size = below(random, text_size);
  switch (below(random, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: return send(id, size, 1 + static_cast<long>(below(random, 5)), flags);
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
      if (one_in(random, 3)) flags |= MSG_NOERROR;
      if (one_in(random, 6)) flags |= MSG_EXCEPT;
      if (one_in(random, 10)) flags = MSG_COPY | IPC_NOWAIT;
      return receive(id, size, static_cast<long>(below(random, 11)) - 5, flags);
    case 10: return control(id, IPC_STAT, random);
    case 11: return control(id, IPC_SET, random);
    case 12:
      return control(static_cast<int>(below(random, 8)), one_in(random, 2) ? MSG_STAT_ANY : MSG_INFO, random);
    case 13: {
      char text[4096];
      return check("table", svmq_table(text, sizeof text), {});
    }
    case 14:
      if (one_in(random, 4)) return control(id, IPC_RMID, random);
      [[fallthrough]];
    default:
      return check("msgget", svmq_msgget(static_cast<key_t>(below(random, 6)), IPC_CREAT | 0600),
                   {EEXIST, EACCES, ENOSPC});
  }
}

std::vector<int> make_queues(Random& random) {
  std::vector<int> ids;
  for (key_t key = 1; key <= 3; ++key) {
    int id = svmq_msgget(key, IPC_CREAT | 0600);
    if (id < 0) wrong("a sound namespace gives no queue");
    ids.push_back(id);
    for (std::uint64_t i = below(random, 12); i > 0; --i)
      send(id, below(random, 1000), 1 + static_cast<long>(below(random, 5)), IPC_NOWAIT);
  }
  return ids;
}

// Every 3 ms a handler runs: no wait lasts.
void interrupt_waits() {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
  itimerval timer = {{0, 3000}, {0, 3000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

// ------------------------------------------------------------------------------------------------ the driver

volatile sig_atomic_t stopped = 0;  // by a signal: what was made is removed before the end

pid_t start(const std::function<void()>& work) {
  pid_t parent = getpid(), pid = fork();
  if (pid != 0) return pid;
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  work();
  _exit(0);
}

std::string line_of(pid_t pid, const char* name) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, name));
  std::string line;
  std::getline(file, line);
  return line;
}

// Asleep for a lock: in a futex call that is no queue's wait (impl/README.md, "A sleeping waiter").
bool waits_for_lock(pid_t pid) {
  std::string call = line_of(pid, "syscall");
  return call.starts_with(fmt::format("{} ", SYS_futex)) && call.find("0x53564d51") == std::string::npos;
}

double cpu_seconds(pid_t pid) {
  unsigned long user = 0, system = 0;
  std::string line = line_of(pid, "stat");
  std::size_t rest = line.rfind(')');
  if (rest == std::string::npos) return 0;
  std::sscanf(line.c_str() + rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

enum class End { good, lock, wrong };

// What stands still is looked at many times: a lock is waited for in slices of time.
struct Stillness {
  Clock::time_point since = Clock::now();
  double computed = 0;
  int looks = 0, at_lock = 0;

  std::chrono::duration<double> lasts() const { return Clock::now() - since; }
  bool for_lock() const { return lasts().count() > 0.5 && looks > 20 && at_lock * 2 > looks; }
};

// Waits until it has ended, or will never: it sleeps for a lock, or a call has computed for seconds, or
// sleeps in spite of the signals.
End await(pid_t pid, std::string& what) {
  std::uint64_t calls = report->calls;
  for (Stillness still;; usleep(2000)) {
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid) {
      if (report->wrong)
        what = report->what;
      else if (WIFSIGNALED(status))
        what = fmt::format("killed by SIG{}", sigabbrev_np(WTERMSIG(status)));
      else if (WEXITSTATUS(status) != 0)
        what = fmt::format("exited with {} (a sanitizer?)", WEXITSTATUS(status));
      return what.empty() ? End::good : End::wrong;
    }
    if (report->calls != calls) {
      calls = report->calls;
      still = {};
      still.computed = cpu_seconds(pid);
    }
    if (stopped != 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
      return End::good;
    }
    ++still.looks;
    if (waits_for_lock(pid)) ++still.at_lock;
    if (cpu_seconds(pid) - still.computed > 5)
      what = "a call computes without end";
    else if (still.lasts().count() > 60 && !still.for_lock())
      what = fmt::format("a call sleeps without end: {}", line_of(pid, "syscall"));
    else if (!still.for_lock())
      continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return what.empty() ? End::lock : End::wrong;
  }
}

void end(pid_t pid) {
  if (pid <= 0) return;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

// One run. The damage is done before the calls to a process that knows the queues already, or to one that
// does not; and in every other run also while they are made, with other processes that wait.
End run(const std::string& directory, std::uint64_t seed, std::string& what) {
  Random choices(seed);
  bool knows = one_in(choices, 2), meanwhile = one_in(choices, 2);
  std::uint64_t number = choices();
  report->wrong = false;

  std::vector<int> ids = {0, 1, 2};  // what a namespace gives first
  auto calls = [&, number] {
    Random random(number + 1);
    interrupt_waits();
    for (int i = 0; i < 60; ++i) any_call(ids, random);
  };
  pid_t maker = start([&, number] {
    Random random(number);
    if (svmq_namespace_enter(directory.c_str()) != 0) wrong("a sound directory is no namespace");
    make_queues(random);
    if (!knows) return;
    damage(directory, random);
    if (meanwhile) start([&, number] { spoil_without_end(directory, number); });  // it dies with this process
    calls();
  });
  std::vector<pid_t> others;
  End made = await(maker, what);
  if (made == End::good && !knows) {
    Random random(number + 2);
    if (meanwhile)  // waiters, whose records are spoilt too
      for (int id : ids)
        others.push_back(start([&, id] {
          if (svmq_namespace_enter(directory.c_str()) == 0) receive(id, 100, 99, 0);
        }));
    usleep(meanwhile ? 2000 : 0);
    damage(directory, random);
    if (meanwhile) others.push_back(start([&, number] { spoil_without_end(directory, number); }));
    pid_t victim = start([&] {
      int entered = svmq_namespace_enter(directory.c_str());
      check("namespace_enter", entered, {});
      if (entered == 0) calls();
    });
    made = await(victim, what);
  }
  for (pid_t other : others) end(other);
  if (made == End::good && report->wrong) {
    what = report->what;
    made = End::wrong;
  }
  return made;
}

struct Options {
  double seconds = 20;
  std::uint64_t seed = 0, runs = 0;
};

int fuzz(const Options& options) {
  signal(SIGINT, [](int number) { stopped = number; });
  signal(SIGTERM, [](int number) { stopped = number; });
  void* memory = mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  report = new (memory) Report();
  char root[] = "/dev/shm/svmq-fuzz-XXXXXX";
  if (mkdtemp(root) == nullptr) throw std::runtime_error(fmt::format("{}: {}", root, std::strerror(errno)));
  Clock::time_point until =
      Clock::now() + std::chrono::milliseconds(static_cast<long>(options.seconds * 1000));
  std::uint64_t done = 0, locks = 0, bad = 0;
  auto more = [&] {
    return stopped != 0 ? false : options.runs != 0 ? done < options.runs : Clock::now() < until;
  };
  for (std::uint64_t seed = options.seed; more() && bad < 10; ++seed, ++done) {
    std::string directory = fmt::format("{}/{}", root, seed), what;
    switch (run(directory, seed, what)) {
      case End::good: break;
      case End::lock: ++locks; break;
      case End::wrong:
        ++bad;
        fmt::print("run {}: {}\n  again: svmq-segment-fuzz --seed {} --runs 1\n", seed, what, seed);
        std::fflush(stdout);
    }
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  fs::remove_all(root);
  fmt::print("{} runs, {} calls, {} runs ended at a lock that was taken by damage, {} wrong\n", done,
             report->calls.load(), locks, bad);
  fmt::print("answers: {} good", report->answers[0].load());
  for (int error = 1; error < 200; ++error)
    if (report->answers[error] != 0)
      fmt::print(", {} {}", report->answers[error].load(), strerrorname_np(error));
  fmt::print("\n");
  if (stopped != 0) return 128 + stopped;
  return bad != 0 ? 1 : report->calls == 0 ? 3 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("svmq-segment-fuzz: spoils the files of libsvmq's queues and looks what the calls make of it");
  Options options;
  app.add_option("--seconds", options.seconds, "For so long")->capture_default_str();
  app.add_option("--seed", options.seed, "Number of the first run")->capture_default_str();
  app.add_option("--runs", options.runs, "So many runs, however long they take");
  app.footer(
      "Exit status: 0 nothing wrong, 1 a finding, 2 wrong usage, 3 nothing was called, 128+N signal N.");
  try {
    app.parse(argc, argv);
    return fuzz(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "svmq-segment-fuzz: {}\n", error.what());
    return 2;
  }
}
