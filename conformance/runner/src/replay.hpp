// The results of an earlier run, judged anew: what `svmq run` would have written, had its targets done what
// the histories say.
#pragma once

#include <filesystem>
#include <string>

#include "results.hpp"

namespace svmq::runner {

struct ReplayOptions {
  std::filesystem::path results;  // of the earlier run; its file of histories stands beside it
  std::string profile;            // to judge all targets by; empty: each by its own
  std::string waivers;            // a file, "none"; empty: those of the run
  std::string date;               // the day on which waivers must hold; empty: that of the run
  std::filesystem::path json;     // where the results go, with a file of histories beside them
};

// Scenarios are made anew: random ones by the generator, those of the corpus from the corpus, others from the
// text that the results give. The model conducts anew too; every other target has its recorded history, and
// what has none is not-run. Nothing in the results is believed but that the histories happened. Where an
// interrupt comes nothing is written. Throws UsageError where the file is none of results.
Results replay(const ReplayOptions& options);

}  // namespace svmq::runner
