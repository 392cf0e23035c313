// Departures from the specification, as data: what a faulty implementation does otherwise than the model.
//
// A departure is one of three:
//   point   another value at one variation point: "negative-type=first-fit";
//   then    another effect, wherever the clause has had a say in what a step did: "errno EINVAL",
//           "forget lspid" (see effects.cpp for the words);
//   sees    another view of the world before a step decides, which is how a bound is off by one and a flag
//           forgotten: "size + 1", "flags - 010000" (see sights.cpp).
// `then` and `sees` may come together, and with the one call that they concern; the call "death" is the end
// of a process, and what is done `then` is done to all queues.
#pragma once

#include <memory>
#include <string>

#include "svmq/judge/execute.hpp"

namespace svmq::mutants {

struct Departure {
  std::string point, clause, call, sees, then;  // empty: not given
};

// An implementation that is the model of `profile` but for one departure. Pure but for the count of where it
// departed; one thread at a time.
class Implementation : public judge::Behaviour {
 public:
  // Throws std::invalid_argument, whose message says which word is none, and which there are.
  Implementation(const model::Profile& profile, const Departure& departure);
  ~Implementation() override;

  const model::Profile& profile() const;  // with the point changed
  bool departed() const;                  // has a step gone otherwise than the model's?

  model::Outcomes steps(const model::Profile& profile, const model::State& state,
                        model::ActorIndex actor) const override;
  void die(model::State& state, int process) const override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace svmq::mutants
