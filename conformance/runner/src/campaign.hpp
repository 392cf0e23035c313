// Conducts scenarios on targets, judges what happened, compares the targets, and collects the results.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conductor.hpp"
#include "results.hpp"
#include "schedule.hpp"

namespace svmq::runner {

struct Plan {
  std::vector<Target> targets;  // probed; none of them missing
  std::vector<Task> files;
  std::optional<RandomPlan> random;
  std::shared_ptr<Supply> supply;  // scenarios behind those of the files; not together with random ones
  std::vector<Waiver> waivers;
  std::shared_ptr<HistoryFile>
      histories;          // gets those of the scenarios that are not listed; null: none are kept
  std::string judged_by;  // the options by which the user chose how to judge: part of commands that reproduce
  unsigned jobs = 1;      // agents of each target
  std::chrono::milliseconds time_limit{0};  // for one call
  // What conducts the scenarios of a target; empty: the target does.
  std::function<std::unique_ptr<Conductor>(const Target&)> conductor;
};

// Hears what happens; called by one thread at a time.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void scenario_finished(const ScenarioResult& result) = 0;
  virtual void warning(const std::string& text) = 0;
};

// Blocks until all is done or an interrupt comes (interrupt.hpp); then every agent is killed, and the results
// are those of the scenarios that had been finished on every target. Throws UsageError if there is no room
// for the queues.
Results conduct(const Plan& plan, Listener& listener);

}  // namespace svmq::runner
