// A small world: who is in it, and what they may ever do. Exploration visits every state that it can be in.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "svmq/model/model.hpp"

namespace svmq::model::explore {

inline constexpr std::size_t most_actors = 33;  // 32 of a scenario, and the conductor
inline constexpr std::size_t most_names = 16;   // slots, and types, of a scope

using Values = std::vector<std::int64_t>;  // of the variables
// A variable that no step has set. A call of an exploration may not mention it, as in a scenario; else it
// counts as -1.
inline constexpr std::int64_t not_set = -2;

// One thing that one actor may do.
struct Call {
  ActorIndex actor = 0;
  std::string text;       // the line of a scenario: `A: q = msgget(1, 0600)`
  int sets = -1;          // the variable that keeps the result
  std::vector<int> uses;  // the variables that the request depends on
  bool fixed = true;  // the request depends on nothing but those (become depends on the caller's credentials)
  std::function<Request(const Values&, const State&)> make;
  bool once =
      false;  // one of the steps that lead to the first state, or of a scenario; not offered in exploration

  // What symmetry needs: calls of one pattern differ only in who makes them, and in what they name.
  int pattern = 0;
  int slot = -1;           // the queue it names
  int type = -1;           // the message type it names
  ActorIndex target = -1;  // whom it signals
};

// The places for queues over which the calls of a scope range: a variable, and the key that its msgget names.
struct Slot {
  int variable = 0;
  std::int32_t key = 0;
};

struct Scope {
  std::string name, title;
  std::string header;               // the lines of a scenario above the first step
  std::vector<std::string> actors;  // names; the last one is the conductor, ""
  std::vector<std::string> variables;
  State origin;  // before any step
  std::vector<Call> calls;
  std::vector<int> before;  // calls that lead from there to the first state
  std::vector<Slot> slots;
  std::vector<std::int64_t> types;
  bool slots_alike = false, types_alike = false;  // every call that names one comes for each of them
  int overlap = 1;  // calls that may be under way together; 1: the next begins when nothing moves any more
  std::size_t depth = 0;               // most calls from the first state on; 0: no bound
  std::vector<std::string> sometimes;  // what must be reached (see property.hpp)
};

}  // namespace svmq::model::explore
