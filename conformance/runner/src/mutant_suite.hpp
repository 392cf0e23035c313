// The scenarios that mutants are tried with, in the order in which they are tried.
//
// Thread-safe: many mutants are tried at a time, and what is made for one of them is kept for the others.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scenario_source.hpp"

namespace svmq::runner {

enum class Part { corpus, exhaustive, random, concurrent };
inline constexpr Part all_parts[] = {Part::corpus, Part::exhaustive, Part::random, Part::concurrent};
std::string_view name(Part part);
Part part_named(const std::string& name);  // throws UsageError

class Suite {
 public:
  // Of those parts that are given: the corpus, shuffled; then one of each other part in turn, of which the
  // random ones have no end. Random ones need nothing of `without`.
  Suite(std::set<Part> parts, std::uint64_t seed, std::set<std::string> without);

  struct Item {
    std::shared_ptr<const Task> task;
    Part part;
  };
  // Nothing: that was all.
  std::optional<Item> at(std::size_t index);

 private:
  void add_random();
  bool add();  // one of each part but the corpus; false: there is none

  const std::set<Part> parts_;
  const std::uint64_t seed_;
  const std::set<std::string> without_;
  std::mutex mutex_;
  std::deque<Item> items_;
  std::vector<std::shared_ptr<const Task>> exhaustive_;  // those left, the next last
  std::uint64_t random_ = 0;
};

}  // namespace svmq::runner
