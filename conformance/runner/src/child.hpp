// A child process on three pipes that never outlives this one.
//
// Invariants
// 1. A child dies with the thread that started it (PR_SET_PDEATHSIG), and so with this process even by
// SIGKILL.
// 2. Each child leads a process group of its own: a signal from the terminal does not reach it, and killing
//    the group ends its children too. This process adopts and reaps what they leave behind.
// 3. No descriptor of this process but the three pipes is open in a child.
// A Child belongs to one thread; kill_all() may be called from any.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace svmq::runner {

struct Program {
  std::vector<std::string> arguments;              // the first is the path of the executable
  std::map<std::string, std::string> environment;  // set in addition to this process's own
};

class Child {
 public:
  // Throws std::system_error when there is no process or descriptor left. A program that cannot be executed
  // shows as a child that exits with status 127 and says why on its standard error.
  explicit Child(const Program& program);
  ~Child();  // kills and reaps
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int input() const { return input_; }    // its standard input; non-blocking
  int output() const { return output_; }  // its standard output; non-blocking
  int errors() const { return errors_; }  // its standard error; non-blocking

  void close_input();

  // Waits up to `patience` for it to end by itself, then kills its process group; reaps.
  // How it ended: "exited with 1", "killed by SIGSEGV"; empty: exited with 0.
  std::string end(std::chrono::milliseconds patience);

  // Kills every child there is with its group, and reaps what can be reaped within half a second. For the end
  // of the command: no child can be started after it.
  static void kill_all();

 private:
  pid_t pid_ = -1;
  int input_ = -1, output_ = -1, errors_ = -1;
};

// Writes what the pipe takes at the moment, off the front of `text`. Refused: nobody reads it any more.
enum class Sent { all, some, refused };
Sent write_some(int descriptor, std::string& text);

// Runs a program to its end, at most `patience` long, with this on its standard input.
struct Finished {
  std::string output, errors;
  std::string death;  // as of Child::end
};
Finished converse(const Program& program, std::string input, std::chrono::milliseconds patience);
// Without input.
Finished run_to_end(const Program& program, std::chrono::milliseconds patience);

}  // namespace svmq::runner
