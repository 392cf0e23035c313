// Which scenario a target conducts next: first those of the files, then random ones or those of a supply.
//
// Every target gets the same scenarios in the same order. No target runs further ahead of the slowest than a
// fixed number of scenarios, so that memory is bounded. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scenario_source.hpp"
#include "supply.hpp"

namespace svmq::runner {

// Random scenarios of one seed, from index `first` on, until one of the limits is reached.
struct RandomPlan {
  std::uint64_t seed = 0, first = 0;
  bool races = false;  // see RandomId
  std::optional<std::uint64_t> count;
  std::optional<std::chrono::seconds> time;  // since the schedule was made
  // Needs to keep out of the scenarios: those of index i are without[i % size]. Never empty.
  std::vector<std::set<std::string>> without{{}};
  struct Shard {
    std::uint64_t part = 1, of = 1;
  };
  std::optional<Shard> shard =
      std::nullopt;  // which part of a campaign this is; nothing: it is no part of one

  RandomId id(std::uint64_t number) const {
    return {seed, first + number, without[(first + number) % without.size()], races};
  }
};

class Schedule {
 public:
  struct Item {
    std::size_t index = 0;  // 0, 1, … over files and random scenarios
    std::shared_ptr<const Task> task;
  };

  Schedule(std::vector<Task> files, std::optional<RandomPlan> random, std::shared_ptr<Supply> supply,
           std::size_t targets);

  // The next scenario for this target. Nothing: there is none any more, or (may_block false) none at this
  // moment.
  std::optional<Item> next(std::size_t target, bool may_block);

  void finished(std::size_t index);  // on every target
  void stop();                       // next() gives nothing any more

 private:
  bool exhausted() const;
  bool create();

  const std::vector<Task> files_;
  const std::optional<RandomPlan> random_;
  const std::shared_ptr<Supply> supply_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> cursors_;                         // the next index of each target
  std::size_t created_ = 0;                                  // all indexes below have been created
  std::map<std::size_t, std::shared_ptr<const Task>> open_;  // created and not finished
  bool stopped_ = false;
  bool supply_ended_ = false;
};

}  // namespace svmq::runner
