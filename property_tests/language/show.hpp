// How RapidCheck shows values of the language: as their text.
#pragma once

#include <ostream>

#include "svmq/language/print.hpp"

namespace svmq::language {

inline void showValue(const Scenario& scenario, std::ostream& out) { out << print(scenario); }
inline void showValue(const History& history, std::ostream& out) { out << print(history); }

}  // namespace svmq::language
