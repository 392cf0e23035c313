// Builds libsvmq with faults, one at a time, from a copy of its sources. The sources themselves are never
// touched.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "mutant_catalogue.hpp"

namespace svmq::runner {

class Workshop {
 public:
  // Uses this folder, which may hold what an earlier workshop left: then less has to be built. Throws
  // UsageError.
  explicit Workshop(std::filesystem::path folder);

  // Builds the libraries with this mutant's changes (none: the sound ones) and, if one is named, a test, and
  // puts them into a new folder `into`: lib/ and bin/. Thread-safe; one at a time. Throws UsageError: a text
  // to change is not there exactly once, or it does not compile. Throws Interrupted.
  void build(const Mutant& mutant, const std::filesystem::path& into);

 private:
  void configure();
  void cmake(const std::vector<std::string>& arguments);

  const std::filesystem::path tree_, build_;
  std::mutex mutex_;
};

}  // namespace svmq::runner
