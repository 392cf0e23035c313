#include "tests/agent_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <sstream>

namespace svmq::agent_test {
namespace {

[[noreturn]] void become_agent(const Setting& setting, const int* in, const int* out, const int* err) {
  setpgid(0, 0);
  dup2(in[0], 0);
  dup2(out[1], 1);
  dup2(err[1], 2);
  for (int end : {in[0], in[1], out[0], out[1], err[0], err[1]}) close(end);
  std::string program = std::string(SVMQ_BINARY_DIR) + "/bin/" + setting.program;
  std::vector<char*> arguments{program.data()};
  std::vector<std::string> copies = setting.arguments;
  for (std::string& argument : copies) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  for (const std::string& variable : setting.environment) putenv(const_cast<char*>(variable.c_str()));
  if (setting.before_exec) setting.before_exec();
  execv(program.c_str(), arguments.data());
  _exit(127);
}

// Feeds and drains at once, so that neither side waits for the other.
void exchange(int in, const std::string& input, int out, std::string& output, int err, std::string& errors) {
  std::size_t written = 0;
  fcntl(in, F_SETFL, O_NONBLOCK);
  pollfd files[3] = {{in, POLLOUT, 0}, {out, POLLIN, 0}, {err, POLLIN, 0}};
  char bytes[65536];
  while (files[1].fd >= 0 || files[2].fd >= 0) {
    if (files[0].fd >= 0 && written == input.size()) {
      close(in);
      files[0].fd = -1;
    }
    if (poll(files, 3, -1) < 0) continue;
    if (files[0].revents != 0) {
      ssize_t count = write(in, input.data() + written, input.size() - written);
      written = count < 0 && errno != EAGAIN
                    ? input.size()
                    : written + static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    for (int i : {1, 2}) {
      if (files[i].fd < 0 || files[i].revents == 0) continue;
      ssize_t count = read(files[i].fd, bytes, sizeof bytes);
      if (count <= 0)
        files[i].fd = -1;
      else
        (i == 1 ? output : errors).append(bytes, static_cast<std::size_t>(count));
    }
  }
}

}  // namespace

Outcome run(const Setting& setting, const std::string& scenarios) {
  int in[2], out[2], err[2];
  if (pipe(in) != 0 || pipe(out) != 0 || pipe(err) != 0) return {};
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t agent = fork();
  if (agent == 0) become_agent(setting, in, out, err);
  setpgid(agent, agent);
  close(in[0]), close(out[1]), close(err[1]);
  Outcome result;
  if (setting.meanwhile) {
    (void)!write(in[1], scenarios.data(), scenarios.size());
    setting.meanwhile(agent);
    exchange(in[1], "", out[0], result.out, err[0], result.err);
  } else {
    exchange(in[1], scenarios, out[0], result.out, err[0], result.err);
  }
  close(out[0]), close(err[0]);
  waitpid(agent, &result.status, 0);
  // What it left is ours now. A worker whose agent was killed is killed by the system, but not within that
  // very call.
  result.left = true;
  for (int i = 0; i < 1000 && result.left; ++i) {
    if (WIFSIGNALED(result.status)) poll(nullptr, 0, 1);
    while (waitpid(-agent, nullptr, WNOHANG) > 0) result.left = result.left && WIFSIGNALED(result.status);
    result.left = kill(-agent, 0) == 0;
    if (!WIFSIGNALED(result.status)) break;
  }
  return result;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

std::vector<std::string> histories(const std::string& out) {
  std::vector<std::string> result;
  for (const std::string& line : lines(out)) {
    if (line.starts_with("history ")) result.emplace_back();
    if (!result.empty()) result.back() += line + "\n";
  }
  return result;
}

std::vector<std::string> events(const std::string& history) {
  static const std::string unfinished = " <unfinished ...>";
  std::vector<std::string> result;
  std::map<std::string, std::string> begun;  // actor: its unfinished step, while nothing was found blocked
  for (const std::string& line : lines(history)) {
    std::string word = line.substr(0, line.find(' '));
    for (const char* header :
         {"history", "agent", "namespace", "limits", "ids", "conductor", "process", "thread", "clock", "end"}) {
      if (word == header) word.clear();
    }
    if (word.empty()) continue;
    std::string actor = word.ends_with(":") ? word : "";
    std::size_t resumed = line.find("resumed> = ");
    if (line.ends_with(unfinished)) {
      begun[actor] = line.substr(0, line.size() - unfinished.size());
      result.push_back(line);
    } else if (resumed != std::string::npos && begun.count(actor) != 0) {
      result.erase(std::find(result.begin(), result.end(), begun[actor] + unfinished));
      result.push_back(begun[actor] + line.substr(resumed + 8));
    } else {
      if (word == "blocked") begun.clear();
      result.push_back(line);
    }
    if (!line.ends_with(unfinished)) begun.erase(actor);
  }
  return result;
}

bool contains(const std::vector<std::string>& all, const std::string& line) {
  return std::find(all.begin(), all.end(), line) != all.end();
}

std::vector<std::string> sorted(std::vector<std::string> all) {
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace svmq::agent_test
