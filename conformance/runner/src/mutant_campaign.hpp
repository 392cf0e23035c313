// Many mutants against the suite, several at a time, and the sound product beside them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mutant_catalogue.hpp"
#include "mutant_trial.hpp"

namespace svmq::runner {

struct MutantPlan {
  std::vector<Mutant> mutants;
  std::set<Part> parts;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> seconds;  // for finding one mutant; else what its kind usually takes
  std::uint64_t controls = 1000;         // scenarios that the sound product is tried with, of each kind
  unsigned jobs = 1;
  bool shrink = true;
  std::filesystem::path workshop;  // where libsvmq is built; empty: a folder that goes with the command
  std::string with;                // a shell command that is tried on libsvmq's mutants instead of the suite
};

struct MutantResult {
  Mutant mutant;
  Trial trial;
  bool reached = true;  // specification: has it ever departed from the model?
};

// The sound product, which must survive.
struct Control {
  std::string name;
  Trial trial;
};

struct MutantResults {
  std::vector<MutantResult> mutants;  // in the order of the plan; those that were tried
  std::vector<Control> controls;
  double seconds = 0;
  bool interrupted = false;
};

// Calls `finished` with each mutant when it has been tried, one call at a time. Throws UsageError.
MutantResults try_mutants(const MutantPlan& plan, const std::function<void(const MutantResult&)>& finished);

}  // namespace svmq::runner
