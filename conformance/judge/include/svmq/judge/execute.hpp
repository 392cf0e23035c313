// The model as an implementation: conducts a scenario on the model itself and writes the history.
//
// Wherever the model leaves a choice, one is made by the seed. The same scenario, profile and seed give the same
// history. Needs nothing of the system it runs on.
#pragma once

#include <cstdint>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"
#include "svmq/model/profile.hpp"

namespace svmq::judge {

language::History execute(const language::Scenario& scenario, const model::Profile& profile, std::uint64_t seed);

}  // namespace svmq::judge
