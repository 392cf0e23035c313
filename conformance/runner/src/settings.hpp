// The options that `run` and `fuzz` share, and what both do with them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "campaign.hpp"

namespace svmq::runner {

struct Settings {
  std::vector<std::string> targets;
  std::string profile, waivers, json, report, shard;
  std::optional<std::uint64_t> seed, seconds;
  std::uint64_t first = 0;
  unsigned jobs = 0;
  unsigned time_limit = 5000;  // milliseconds
  unsigned shrink = 60;        // seconds for all findings together; 0: they are left as they are

  void declare(CLI::App& command);
  void declare_conducting(CLI::App& command);  // those of them that have nothing to do with random scenarios
  std::vector<std::filesystem::path> results() const;  // the results files that are to be written
};

// Removes the results and reports of an earlier run that this one is to replace: should it fail or be killed,
// nobody takes them for its own. The first thing a run does. Throws UsageError: one cannot be removed, or not
// be written.
void remove_earlier(const Settings& settings);

// The same for a command line that may not be understood; the name of the command comes first. Does what can
// be done, and nothing where only help is asked for.
void remove_earlier(const std::vector<std::string>& words);

// For options that take a number and no sign.
extern const CLI::Validator whole_number;

// The named targets, or those that are there when none is named; probed. Throws UsageError if a named one
// cannot be had.
std::vector<Target> chosen_targets(const std::vector<std::string>& names, const std::string& profile);

// Random scenarios for these targets: some that every target can do, some that only some of them can.
RandomPlan random_plan(const Settings& settings, const std::vector<Target>& targets,
                       std::optional<std::uint64_t> count);

// Those of this file (of libsvmq, if it is empty; none for "none") and the targets' own. Throws UsageError.
std::vector<Waiver> chosen_waivers(const std::string& file, const std::vector<Target>& targets);

// What a command must end with that judges as the user chose to: " --profile P --waivers FILE".
std::string judging_options(const std::string& profile, const std::string& waivers);

// Conducts, prints findings and the table, writes results and reports. The exit status. `each`: see Console.
int carry_out(Plan plan, const Settings& settings, const std::vector<std::string>& command, bool each);

// The words of the command line.
std::vector<std::string>& command_line();

}  // namespace svmq::runner
