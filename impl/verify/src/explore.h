// Every execution of a world within a bound, each once or not at all where it would only repeat what is known
// from the state that it has come to; or executions at random.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stage.h"

namespace svmq::verify {

// An execution by the choices in which it differs from the usual one: "17B,53xA,60a". At its 17th step B goes
// on, at the 53rd A is killed, at the 60th a load returns the value before the latest.
std::string print_choices(const std::vector<std::pair<std::uint32_t, Option>>& choices);

struct Finding {
  std::string fault;  // empty: none
  std::string choices;
};

struct Count {
  std::uint64_t executions = 0;  // to their end, each another one
  std::uint64_t cut = 0;         // cut short in a state that was known
  std::uint64_t states = 0;      // different ones at a choice
};

// What it took: also the smaller bounds, and what was done again with more choices.
struct Effort {
  std::uint64_t executions = 0;  // to their end
  double seconds = 0;            // of CPU
};

// What executions at random were drawn from.
struct Lots {
  std::uint32_t choices = 0;   // an execution
  std::uint64_t too_long = 0;  // executions with more of them
};

class Explorer {
 public:
  explicit Explorer(Stage& stage) : stage_(stage) {}

  // All within the bound; stops at the first fault. `seconds` 0: no limit.
  Finding exhaust(Budget bound, double seconds = 0);
  // Priorities drawn by lot, lowered at as many moments as there are preemptions (PCT); as many deaths as the
  // bound has.
  Finding random(Budget bound, std::uint64_t executions, std::uint64_t seed);
  // One execution again. Throws std::runtime_error where the choices do not fit.
  Finding replay(const std::string& choices);

  const Count& count() const { return count_; }  // of the last bound, with all its choices
  const Effort& effort() const { return effort_; }
  const Lots& lots() const { return lots_; }
  bool complete() const { return complete_; }

 private:
  Stage& stage_;
  Count count_;
  Effort effort_;
  Lots lots_;
  bool complete_ = false;
};

}  // namespace svmq::verify
