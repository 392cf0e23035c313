#include "processes.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>

namespace svmq::bench {
namespace {

// The first word of a line of /proc/PID/status; `name` ends with a colon.
std::string status_of(pid_t pid, const std::string& name) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::string label, value;
  while (file >> label >> value) {
    if (label == name) return value;
    std::getline(file, label);
  }
  return "";
}

}  // namespace

const std::vector<int>& cpus() {
  static const std::vector<int> found = [] {
    std::vector<int> list;
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &set)) list.push_back(cpu);
    return list;
  }();
  return found;
}

void pin(std::size_t which) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpus()[which % cpus().size()], &set);
  sched_setaffinity(0, sizeof set, &set);
}

pid_t Children::start(const std::function<void()>& work) {
  std::fflush(nullptr);
  pid_t parent = getpid(), pid = fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid > 0) return pids_.emplace_back(pid);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  try {
    work();
    _exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "svmq-bench: %s\n", error.what());
    _exit(1);
  }
}

void Children::wait() {
  bool failed = false;
  for (pid_t pid : pids_) {
    int status = 0;
    failed = waitpid(pid, &status, 0) != pid || status != 0 || failed;
  }
  pids_.clear();
  if (failed) throw std::runtime_error("a process of the measurement failed");
}

void Children::kill() {
  for (pid_t pid : pids_) ::kill(pid, SIGKILL);
  for (pid_t pid : pids_) waitpid(pid, nullptr, 0);
  pids_.clear();
}

std::uint64_t Children::sleeps() const {
  std::uint64_t sum = 0;
  for (pid_t pid : pids_)
    sum += std::strtoull(status_of(pid, "voluntary_ctxt_switches:").c_str(), nullptr, 10);
  return sum;
}

void Children::await_asleep() const {
  for (pid_t pid : pids_) {
    for (int seen = 0; seen < 2;) {
      seen = status_of(pid, "State:").starts_with("S") ? seen + 1 : 0;
      usleep(200);
    }
  }
}

}  // namespace svmq::bench
