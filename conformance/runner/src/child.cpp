#include "child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "interrupt.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::mutex living_mutex;
std::set<pid_t> living;  // children not yet reaped
bool closed = false;     // kill_all() was called: no child may be started any more

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
    read = ends[0];
    write = ends[1];
  }
  ~Pipe() {
    if (read >= 0) close(read);
    if (write >= 0) close(write);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
};

int take(int& descriptor) { return std::exchange(descriptor, -1); }

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& additions) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable(*entry, std::strcspn(*entry, "="));
    if (!additions.contains(variable)) result.emplace_back(*entry);
  }
  for (const auto& [variable, value] : additions) result.push_back(variable + "=" + value);
  return result;
}

// Runs in the child between fork and exec: only what is safe there.
[[noreturn]] void become(char* const* arguments, char* const* environment, int in, int out, int err,
                         pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before it could be named as the one to die with
  signal(SIGPIPE, SIG_DFL);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execve(arguments[0], arguments, environment);
  const char* reason = std::strerror(errno);
  for (const char* part : {static_cast<const char*>(arguments[0]), ": ", reason, "\n"}) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, part, std::strlen(part));
  }
  _exit(127);
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = sigabbrev_np(WTERMSIG(status));
    return name != nullptr ? fmt::format("killed by SIG{}", name)
                           : fmt::format("killed by signal {}", WTERMSIG(status));
  }
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("exited with {}", WEXITSTATUS(status));
}

// What the group leaves behind is adopted by this process, a child subreaper.
void reap_group(pid_t group, Clock::time_point deadline) {
  for (;;) {
    const pid_t reaped = waitpid(-group, nullptr, WNOHANG);
    if (reaped > 0) continue;
    if (reaped < 0 || Clock::now() >= deadline) return;
    std::this_thread::sleep_for(1ms);  // there is no call that waits for a process with a time limit but this
  }
}

// Leaves it to be reaped.
void wait_for_end(pid_t pid, Clock::time_point deadline) {
  siginfo_t seen{};
  while (waitid(P_PID, static_cast<id_t>(pid), &seen, WEXITED | WNOHANG | WNOWAIT) == 0 && seen.si_pid == 0 &&
         Clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
}

bool drain(int descriptor, std::string& into) {  // false: closed
  std::array<char, 4096> block;
  for (;;) {
    const ssize_t n = read(descriptor, block.data(), block.size());
    if (n > 0)
      into.append(block.data(), static_cast<std::size_t>(n));
    else if (n == 0)
      return false;
    else if (errno != EINTR)
      return errno == EAGAIN;
  }
}

}  // namespace

Child::Child(const Program& program) {
  static std::once_flag adopt;
  std::call_once(adopt, [] { prctl(PR_SET_CHILD_SUBREAPER, 1); });

  std::vector<std::string> words = program.arguments, variables = environment_with(program.environment);
  const std::vector<char*> arguments = pointers(words), environment = pointers(variables);
  Pipe in, out, err;
  const pid_t parent = getpid();
  {
    const std::lock_guard lock(living_mutex);
    if (closed) throw std::system_error(ECANCELED, std::generic_category(), "fork");
    pid_ = fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) become(arguments.data(), environment.data(), in.read, out.write, err.write, parent);
    setpgid(pid_, pid_);  // in both processes, so that it is done when the first of them goes on
    living.insert(pid_);
  }
  input_ = take(in.write);
  output_ = take(out.read);
  errors_ = take(err.read);
  for (const int descriptor : {input_, output_, errors_}) fcntl(descriptor, F_SETFL, O_NONBLOCK);
}

Child::~Child() {
  end(0ms);
  close_input();
  close(output_);
  close(errors_);
}

void Child::close_input() {
  if (input_ >= 0) close(take(input_));
}

std::string Child::end(std::chrono::milliseconds patience) {
  if (pid_ < 0) return "";
  // glibc 2.36 declares pidfd_open so that C++ cannot link it.
  if (const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)); process >= 0) {
    std::array<pollfd, 2> wait{pollfd{process, POLLIN, 0}, pollfd{interrupt::descriptor(), POLLIN, 0}};
    poll(wait.data(), wait.size(), static_cast<int>(patience.count()));
    close(process);
  }
  // Not yet reaped, it keeps its process id and so its group: no other process can be hit.
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reap_group(pid_, Clock::now() + 200ms);
  const std::lock_guard lock(living_mutex);
  living.erase(pid_);
  pid_ = -1;
  return describe_status(status);
}

void Child::kill_all() {
  const std::lock_guard lock(living_mutex);
  closed = true;
  // Told to end, an agent takes its folders with it.
  for (const pid_t pid : living) kill(pid, SIGTERM);
  const Clock::time_point patience = Clock::now() + 200ms;
  for (const pid_t pid : living) wait_for_end(pid, patience);
  for (const pid_t pid : living) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
  }
  const Clock::time_point deadline = Clock::now() + 500ms;
  for (const pid_t pid : living) reap_group(pid, deadline);
  living.clear();
}

Sent write_some(int descriptor, std::string& text) {
  while (!text.empty()) {
    const ssize_t n = write(descriptor, text.data(), text.size());
    if (n > 0)
      text.erase(0, static_cast<std::size_t>(n));
    else if (errno == EAGAIN)
      return Sent::some;
    else if (errno != EINTR)
      return Sent::refused;
  }
  return Sent::all;
}

Finished run_to_end(const Program& program, std::chrono::milliseconds patience) {
  return converse(program, "", patience);
}

Finished converse(const Program& program, std::string input, std::chrono::milliseconds patience) {
  Child child(program);
  Finished finished;
  const Clock::time_point deadline = Clock::now() + patience;
  bool output = true, errors = true;
  while (output || errors) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left <= 0ms || interrupt::requested()) break;
    if (child.input() >= 0 && write_some(child.input(), input) != Sent::some) child.close_input();
    std::array<pollfd, 4> wait{pollfd{output ? child.output() : -1, POLLIN, 0},
                               pollfd{errors ? child.errors() : -1, POLLIN, 0},
                               pollfd{child.input(), POLLOUT, 0}, pollfd{interrupt::descriptor(), POLLIN, 0}};
    poll(wait.data(), wait.size(), static_cast<int>(left.count()));
    if (output) output = drain(child.output(), finished.output);
    if (errors) errors = drain(child.errors(), finished.errors);
  }
  finished.death = child.end(
      std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now())));
  return finished;
}

}  // namespace svmq::runner
