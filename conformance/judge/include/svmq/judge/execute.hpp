// The model as an implementation: conducts a scenario on the model itself and writes the history.
//
// Wherever the model leaves a choice, one is made by the seed. The same scenario, profile and seed give the same
// history. Needs nothing of the system it runs on.
#pragma once

#include <cstdint>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"
#include "svmq/model/model.hpp"

namespace svmq::judge {

// What stands behind the calls. As it is, the model; who derives from it departs from the specification. Its
// functions are those of svmq/model/model.hpp, and as pure.
class Behaviour {
 public:
  virtual ~Behaviour() = default;
  virtual model::Outcomes steps(const model::Profile& profile, const model::State& state,
                                model::ActorIndex actor) const {
    return model::steps(profile, state, actor);
  }
  virtual void die(model::State& state, int process) const { model::die(state, process); }
};
extern const Behaviour as_specified;

language::History execute(const language::Scenario& scenario, const model::Profile& profile, std::uint64_t seed,
                          const Behaviour& behaviour = as_specified);

}  // namespace svmq::judge
