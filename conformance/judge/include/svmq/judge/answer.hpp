// What the model allows against what was seen.
#pragma once

#include <string>

#include "svmq/judge/cast.hpp"
#include "svmq/language/history.hpp"
#include "svmq/model/model.hpp"

namespace svmq::judge {

// Is `seen` what `allowed` says? Settles in `state` what the model had left open: a new queue's identifier, a time stamp.
bool agrees(const Cast& cast, model::State& state, const model::Result& allowed, const language::Result& seen);

// The answer as a history would show it. What the model leaves open is chosen: the smallest free identifier, the latest time.
language::Result show(const Cast& cast, model::State& state, const model::Result& allowed);

}  // namespace svmq::judge
