// The smaller scenarios of a scenario. Each function offers candidates, the boldest first, until one is
// taken.
#pragma once

#include <functional>

#include "svmq/language/scenario.hpp"

namespace svmq::shrink {

// True: this one fails too and takes the other's place; what offered it begins anew with it.
using Offer = std::function<bool(language::Scenario)>;

// Each tries its candidates on `scenario`; true as soon as one was taken.
bool fewer_actors(const language::Scenario& scenario, const Offer& offer);
bool fewer_steps(const language::Scenario& scenario, const Offer& offer);
bool less_concurrency(const language::Scenario& scenario, const Offer& offer);
bool simpler_credentials(const language::Scenario& scenario, const Offer& offer);
bool simpler_arguments(const language::Scenario& scenario, const Offer& offer);
bool smaller_sizes(const language::Scenario& scenario, const Offer& offer);

}  // namespace svmq::shrink
