// One mutant against the suite: is it found, by what, and how small can that be made?
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mutant_suite.hpp"
#include "results.hpp"

namespace svmq::runner {

struct Trial {
  bool killed = false;
  std::string part, scenario;   // that killed it
  std::string clause, how;      // the first clause that was offended; "msgrcv: EINVAL instead of ENOMSG"
  std::uint64_t scenarios = 0;  // conducted until then
  double seconds = 0;           // until then
  std::size_t steps = 0, steps_left = 0;  // of the scenario, and when it had been shrunk; 0: it was not
  std::string text;                       // of the shrunk scenario
  std::string trouble;                    // why it could not be tried; else empty
};

struct TrialLimits {
  std::chrono::milliseconds time{10'000};       // for finding it
  std::chrono::milliseconds shrink{5'000};      // for making the scenario small; 0: it is left as it is
  std::optional<std::uint64_t> scenarios;       // no more than so many
  std::chrono::milliseconds time_limit{5'000};  // for one call
};

// Conducts the suite's scenarios on the target until one deviates. Throws Interrupted.
Trial try_suite(const Target& target, const std::vector<Waiver>& waivers, Suite& suite,
                const TrialLimits& limits);

}  // namespace svmq::runner
