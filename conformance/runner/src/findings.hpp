// What becomes of a scenario that deviates: a smaller one that deviates in the same way, how often it does,
// and its files.
//
// One thread at a time. An interrupt (interrupt.hpp) ends everything here early; what has been found by then
// is kept.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conductor.hpp"
#include "results.hpp"

namespace svmq::runner {

// In what deviations are alike that have one cause, as far as can be told: the call, the sort of what was
// observed and of what was allowed, the fields of a record that differ, and the clause that comes first.
// Empty: the run is no finding.
std::string kind_of_deviation(const Run& run);

// Conducts scenarios on one target, as often as one likes.
class Replayer {
 public:
  Replayer(Target target, std::vector<Waiver> waivers, std::chrono::milliseconds time_limit);
  ~Replayer();

  struct Seen {
    Conducted conducted;
    Run run;
  };
  // Conducts it once. Throws Interrupted.
  Seen once(const language::Scenario& scenario);
  // How many of `n` runs are of this kind. Stops as soon as `enough` are, or as so many no longer can be.
  // Keeps the last one.
  struct Score {
    std::size_t failed = 0, runs = 0;
  };
  Score count(const language::Scenario& scenario, const std::string& kind, std::size_t n,
              std::optional<std::size_t> enough = std::nullopt);

  const Target& target() const { return target_; }
  const std::optional<Seen>& last_failure() const { return last_failure_; }

 private:
  Seen receive();

  Target target_;
  std::vector<Waiver> waivers_;
  std::unique_ptr<PrivateFolder> folder_;
  std::unique_ptr<Conductor> conductor_;
  std::uint64_t replays_ = 0;
  std::optional<Seen> last_failure_;
};

struct Finding {
  std::string name;  // of its files
  std::string target, kind;
  language::Scenario scenario;  // shrunk
  std::size_t steps_before = 0, tried = 0;
  Replayer::Score score;  // of the shrunk one
  bool minimal = false;   // else time was up
  std::optional<Replayer::Seen> example;
  std::string reproduce;  // a whole command
};

// Shrinks a scenario that was seen to fail in this way; nothing if it does not fail again.
std::optional<Finding> shrink_finding(Replayer& replayer, const language::Scenario& scenario,
                                      const std::string& kind, std::chrono::milliseconds time,
                                      const std::string& judged_by);

// As a scenario with a title that says what is wrong, and as a C program, or why there is none.
std::string scenario_text(const Finding& finding);
struct CText {
  std::string program, why_not;
};
CText c_text(const Finding& finding, const model::Profile& profile);

// Writes NAME.scenario and NAME.c into the folder; the paths written. Throws UsageError.
std::vector<std::filesystem::path> write_finding(const Finding& finding, const model::Profile& profile,
                                                 const std::filesystem::path& folder);

// Prints what has become of it.
void say_finding(const Finding& finding);

// The whole command that conducts this scenario, on this target. `judged_by`: its last options, of
// judging_options().
std::string command_for(const language::Scenario& scenario, const std::string& target,
                        const std::string& judged_by);

// Shrinks one random scenario for each kind of deviation in the results, says what has become of it, adds it
// to its run, and writes it to `folder`, if not empty. At most `time` in all.
void shrink_all(Results& results, const std::vector<Waiver>& waivers, std::chrono::milliseconds time_limit,
                std::chrono::seconds time, const std::string& judged_by, const std::filesystem::path& folder);

}  // namespace svmq::runner
