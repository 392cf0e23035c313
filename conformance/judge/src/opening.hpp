// How a history begins: the first state of the model, and who takes part.
#pragma once

#include "svmq/judge/cast.hpp"
#include "svmq/language/history.hpp"
#include "svmq/model/model.hpp"

namespace svmq::judge {

struct Opening {
  Opening(const language::History& history, const model::Profile& profile);

  model::State state;
  Cast cast;
};

}  // namespace svmq::judge
