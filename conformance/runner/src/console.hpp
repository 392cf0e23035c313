// What people see: findings as they come, progress on a terminal, one table at the end.
//
// Findings and the table go to standard output; progress and warnings to standard error, progress only if
// that is a terminal. Called by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "campaign.hpp"
#include "results.hpp"

namespace svmq::runner {

// Writes and never fails: whoever reads may have gone.
void say(const std::string& text);   // to standard output
void warn(const std::string& text);  // to standard error, behind "svmq: "

// A deviation with the lines of the history before it.
std::string describe(const judge::Deviation& deviation, const std::string& history, int line);

class Console : public Listener {
 public:
  // `total`: scenarios to come, 0 if not known. `each`: name also every scenario that fails like one before.
  Console(std::uint64_t total, bool each) : total_(total), each_(each) {}
  void scenario_finished(const ScenarioResult& result) override;
  void warning(const std::string& text) override;

  // The end of a run.
  void summary(const Results& results);

 private:
  void report(const ScenarioResult& result, const Run& run);
  void progress();
  void clear_progress();

  const std::uint64_t total_;
  const bool each_;
  std::uint64_t done_ = 0, failing_ = 0;
  std::map<std::string, std::uint64_t> seen_;  // how often each finding came, by what is alike in it
  std::map<std::string, std::string> first_;   // the scenario that showed it first
  std::chrono::steady_clock::time_point last_progress_{};
  bool progress_shown_ = false;
};

}  // namespace svmq::runner
