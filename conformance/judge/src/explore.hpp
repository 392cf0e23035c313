// All the states in which the model can be.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "svmq/language/history.hpp"
#include "svmq/model/model.hpp"

namespace svmq::judge {

// The set of states, without duplicates, and the count of all that were ever visited.
class States {
 public:
  States(const model::Profile& profile, std::uint64_t budget) : profile_(&profile), budget_(budget) {}

  std::vector<model::State> all;

  // Every state that internal steps lead to, those of `all` included. `last`: no further from a state for which it holds.
  // False: the budget ran out.
  bool close(const std::function<bool(const model::State&)>& last = {});

  // Keeps one of each equal pair.
  void merge();

  std::uint64_t visited() const { return visited_; }
  bool exhausted() const { return visited_ > budget_; }

 private:
  const model::Profile* profile_;
  std::uint64_t budget_;
  std::uint64_t visited_ = 0;
};

// May the actor's process have ended in this way?
bool may_die(const model::State& state, model::ActorIndex actor, const language::Death& death);

}  // namespace svmq::judge
