// The judge: does the model explain a history?
//
// It looks for one explanation first, depth first, with what each call will return known from its beginning. Where
// there is none, it carries the set of all states in which the model can be through the events of the history. Calls that
// overlap are ordered in every way that real time leaves open. A return that no state allows is a deviation: it is
// reported with everything that would have been allowed, and judging goes on as if one of that had been returned.
// Pure: no clock but for the budget, no input or output. Thread-safe for different histories.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "svmq/language/history.hpp"
#include "svmq/model/profile.hpp"

namespace svmq::judge {

enum class Verdict {
  conform,      // the model explains every event
  nonconform,   // at least one event is outside what the profile allows
  unknown,      // the budget ran out
  unsupported,  // the target lacks something that the scenario needs
  not_run       // the agent failed, or nothing was executed
};
const char* name(Verdict verdict);  // "conform", "nonconform", "unknown", "unsupported", "not-run"

struct Allowed {
  std::string result;                // as a history would print it
  std::vector<std::string> clauses;  // why it is allowed
};

struct Deviation {
  std::size_t event = 0;  // index into History::events
  std::string step;       // the event's line, without the result
  std::string observed;   // "-1 EAGAIN", "killed by SIGSEGV", "asleep", "hung"
  std::vector<Allowed> allowed;
  std::vector<std::string> clauses;  // of all that was allowed, each once
};

struct Judgement {
  Verdict verdict = Verdict::not_run;
  std::string reason;                 // for unknown, unsupported, not_run
  std::vector<Deviation> deviations;  // for nonconform, in order
  std::set<std::string> clauses;      // that the history has exercised
  std::size_t steps = 0;              // calls judged
  std::uint64_t states = 0;           // model states visited
};

struct Budget {
  std::uint64_t states = 50'000;  // visited in all; beyond it the verdict is unknown
};

Judgement judge(const language::History& history, const model::Profile& profile, const Budget& budget = {});

}  // namespace svmq::judge
