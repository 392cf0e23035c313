// Scenarios that are made while others are conducted, from what has been seen so far.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenario_source.hpp"
#include "svmq/language/history.hpp"

namespace svmq::runner {

struct Run;

// Thread-safe.
class Supply {
 public:
  virtual ~Supply() = default;

  // Nothing: none at this moment; and none any more if none of it is under way.
  virtual std::optional<Task> next() = 0;

  // Every target is done with one of its scenarios; in the order of the targets.
  struct Seen {
    const Run& run;
    const language::History& history;
  };
  virtual void finished(const Task& task, const std::vector<Seen>& seen) = 0;

  // At the end: what was done of what was to be done, for people; and what was not, a sentence each.
  struct Account {
    std::string text;
    std::vector<std::string> missing;
  };
  virtual Account account(const std::vector<std::string>& targets) const = 0;
};

}  // namespace svmq::runner
