// A name for a state, the same for states that differ only in who is who.
//
// 128 bits. Two states that behave differently have the same one with a probability of about n²/2^129 for n
// states visited: below 10^-20 for a thousand million. Whatever stands in for symmetry, soundness asks only
// that a fingerprint is that of *some* renaming of the state; that the renaming is not always the best one
// costs some states twice.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "svmq/explore/world.hpp"

namespace svmq::model::explore {

struct Fingerprint {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Fingerprint&) const = default;
};

// Not thread-safe: it keeps its working memory.
class Canon {
 public:
  // `symmetric` false: processes, queues and types keep their names. Identifiers never matter but as names,
  // unless a call looks at their numbers, or the profile has a new queue answer to an old one's identifier.
  Canon(const Scope& scope, const Profile& profile, bool symmetric);

  Fingerprint operator()(const World& world) const;

  // Processes that can stand for each other, as lists of actors; for people.
  const std::vector<std::vector<ActorIndex>>& alike() const { return alike_; }
  bool numbers_matter() const { return numbers_matter_; }

 private:
  class Encoding;
  bool numbers_matter_, slots_alike_, types_alike_;
  std::vector<std::vector<ActorIndex>> alike_;
  std::shared_ptr<Encoding> encoding_;
};

}  // namespace svmq::model::explore
