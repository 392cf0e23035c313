// Scenarios and changed histories for comparing the judge with brute force.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::judge {

// Every scenario of `calls` calls of this alphabet by up to three processes at once on one small queue, but
// for the processes' names.
void each_scenario(const std::vector<std::string>& alphabet, std::size_t calls,
                   const std::function<void(const language::Scenario&)>& visit);

extern const std::vector<std::vector<std::string>> alphabets;  // of calls by an actor, without its name

// Up to four processes, nine calls of all sorts, kills included, in part one after the other.
language::Scenario random_scenario(std::mt19937_64& random);

// The history with one return, errno, byte or order changed, in every way. Order: of what stands behind the
// first `ordered_steps` steps.
std::vector<language::History> changed(const language::History& history, std::size_t ordered_steps);

}  // namespace svmq::judge
