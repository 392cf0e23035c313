// The results of a command as values, and as the file that reports are made of (reports/RESULTS.md defines
// it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "history_file.hpp"
#include "scenario_source.hpp"
#include "schedule.hpp"
#include "svmq/judge/judge.hpp"
#include "target.hpp"
#include "waivers.hpp"

namespace svmq::runner {

// A smaller scenario that deviates in the same way as the one it was made from.
struct Minimal {
  std::string text, reproduce;       // as printed; a whole command
  std::size_t failed = 0, runs = 0;  // how often it was conducted, and deviated
};

// One scenario on one target, judged.
struct Run {
  std::string target;
  judge::Judgement judgement;
  std::string history;               // text; empty: there is none
  std::vector<int> lines;            // of each deviation in that text, from 1; 0: unknown
  std::vector<std::string> waivers;  // ids of those that cover it; empty: it is not waived
  std::optional<Minimal> minimal;    // where it was shrunk
  double seconds = 0;                // that its thread spent on it: waiting for the history, and judging
  bool waived() const { return !waivers.empty(); }
};

struct ScenarioResult {
  std::shared_ptr<const Task> task;
  std::string reproduce;  // the whole command
  std::vector<Run> runs;  // in the order of the targets
};

// Two targets that did not behave alike.
struct Disagreement {
  std::string scenario, left, right;            // names
  std::string left_verdict, right_verdict;      // "conform", "nonconform", "waived"
  std::string step, left_result, right_result;  // the first step whose results differ; empty: none does
};

struct Summary {
  std::uint64_t scenarios = 0, steps = 0, conform = 0, nonconform = 0, unknown = 0, unsupported = 0,
                not_run = 0, waived = 0;
  std::uint64_t executed() const { return conform + nonconform + waived + unknown; }
};

struct Coverage {
  std::uint64_t conform = 0, nonconform = 0, waived = 0;
};

struct TargetResult {
  Target target;
  Summary summary;
  std::map<std::string, Coverage> coverage;          // by clause id
  std::map<std::string, std::uint64_t> unsupported;  // by reason
};

struct Results {
  std::vector<std::string> command;
  std::int64_t started = 0;  // seconds since 1970
  double seconds = 0;
  std::optional<RandomPlan> random;              // its `count` is how many were finished
  std::shared_ptr<const HistoryFile> histories;  // of the scenarios that are not listed; null: not kept
  std::optional<Corpus> corpus;                  // where every scenario that comes with svmq was conducted
  std::vector<TargetResult> targets;
  std::map<std::size_t, ScenarioResult> scenarios;  // those worth listing, in the order of the run
  std::vector<Disagreement> disagreements;
  std::map<std::pair<std::string, std::string>, std::uint64_t>
      allowed_differences;  // pairs of one profile: both conform
  std::vector<Waiver> waivers;
  std::map<std::string, std::uint64_t> waiver_uses;  // by id
  std::vector<std::string> bad_ends;    // of agents after their last scenario: "linux: … exited with 1"
  std::vector<std::string> incomplete;  // what was to be conducted and was not: "small on linux: 3 of 40 …"
  bool interrupted = false;
};

// 0 conform, 1 nonconform, 3 nothing executed on a target, an agent's bad end, or undecided. A command that
// was interrupted has another.
int exit_status(const Results& results);

// Throws UsageError if this file could not be written: before a run, for after it is too late.
void check_writable(const std::filesystem::path& file);

// Writes the file atomically: it is complete or it is not there. Throws UsageError.
void write_json(const Results& results, const std::filesystem::path& file);

// The same, where the results are those of an earlier run, judged anew: what does not follow from its
// histories is taken from it.
void write_json(const Results& results, const nlohmann::ordered_json& earlier,
                const std::filesystem::path& file);

// The same for histories that `svmq judge` judged: an array of runs, each with the name of its scenario.
void write_json(const std::vector<std::pair<std::string, Run>>& runs, const std::filesystem::path& file);

}  // namespace svmq::runner
