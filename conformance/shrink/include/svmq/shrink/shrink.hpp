// From a scenario that fails to a small one that fails in the same way.
//
// Removes processes first, then steps, then what is special in their arguments, then makes sizes and numbers
// smaller, and begins again until nothing can be taken away. What "fails in the same way" means is for the
// caller to say. Pure but for what the caller's functions do. Every scenario that they see is valid.
#pragma once

#include <cstddef>
#include <functional>

#include "svmq/language/scenario.hpp"

namespace svmq::shrink {

using Fails = std::function<bool(const language::Scenario&)>;
using Stop = std::function<bool()>;  // time is up

struct Shrunk {
  language::Scenario scenario;  // the smallest that failed; the one given, if no smaller one did
  std::size_t tried = 0;        // calls of `fails`
  bool minimal = false;         // nothing more could be taken away; else `stop` ended it
};

Shrunk shrink(const language::Scenario& scenario, const Fails& fails, const Stop& stop);

// Steps, those in concurrent blocks included.
std::size_t count_steps(const language::Scenario& scenario);

}  // namespace svmq::shrink
