// Runs an agent with scenarios on its standard input and takes its histories apart. Thread-safe: nothing is
// shared.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace svmq::agent_test {

struct Outcome {
  std::string out, err;
  int status = 0;     // as waitpid() tells it
  bool left = false;  // a process of the agent outlived it
};

struct Setting {
  std::string program;  // "svmq-agent"
  std::vector<std::string> arguments{"--isolate"};
  std::vector<std::string> environment;  // NAME=VALUE
  std::function<void()> before_exec;     // in the new process
  std::function<void(pid_t)> meanwhile;  // instead of closing its input at once
};

Outcome run(const Setting& setting, const std::string& scenarios);

// The events of a history, one line each, without header and clock lines. A call that returned before
// anything was found blocked stands in one line, also where another call's return came in between.
std::vector<std::string> events(const std::string& history);
std::vector<std::string> lines(const std::string& text);
std::vector<std::string> histories(const std::string& out);
bool contains(const std::vector<std::string>& lines, const std::string& line);
std::vector<std::string> sorted(std::vector<std::string> lines);

}  // namespace svmq::agent_test
