// A finding as a C program that needs nothing but a C compiler and the system that deviates.
//
// The program forks the processes, has each take its steps in order, sees in /proc who is asleep (where there
// is none: who has not returned within a second), prints what it saw beside what was expected, and exits with
// 1 if the deviation shows, 0 if it does not, 2 if it cannot be tried. Where the steps are ordered, the call
// that deviated is compared with what the judge would have allowed; where some run concurrently, all results
// together are compared with every outcome that the model has, again and again for a minute.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "svmq/judge/judge.hpp"
#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::shrink {

struct Finding {
  const language::Scenario& scenario;
  const language::History& history;   // of the scenario, where it deviated
  const judge::Deviation& deviation;  // the first
  const model::Profile& profile;      // that it was judged by
  std::string headline;               // one line for people: target, how often it fails
  std::string reproduce;              // a command
};

struct NotInC {
  std::string reason;
};  // what of the scenario cannot be said in such a program

std::variant<std::string, NotInC> c_program(const Finding& finding);

}  // namespace svmq::shrink
