// What a faulty step sees instead of the world.
#pragma once

#include <memory>
#include <string>

#include "svmq/model/model.hpp"

namespace svmq::mutants {

// Distorts what a step sees, and takes the distortion out of what the step leaves behind.
class Sight {
 public:
  virtual ~Sight() = default;
  virtual void distort(model::State& state, model::ActorIndex actor) const = 0;
  virtual void restore(const model::State& before, const model::State& seen, model::ActorIndex actor,
                       model::State& next) const = 0;
};

//   size + N, type + N, id + N, flags - BITS, flags + BITS, key + N, command + N
//                       of what the caller asks for
//   msgmax + N, msgmnb + N, msgmni + N
//                       the limits
//   qbytes + N, cbytes + N, mode + BITS, mode - BITS
//                       of the queue
//   messages newest-first | by-type | all-but-first
//                       of the queue
//   caller root | nobody | no-groups | no-capabilities | all-capabilities | fsgid-is-gid
//                       who calls
// Throws std::invalid_argument for other words.
std::unique_ptr<Sight> sight(const std::string& phrase);

}  // namespace svmq::mutants
