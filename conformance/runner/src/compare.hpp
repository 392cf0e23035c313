// Where two histories of one scenario part.
//
// What may differ without meaning is taken away first: identifiers count by the order in which they appeared,
// keys made from files likewise, times only by whether they are zero. Pure and thread-safe.
#pragma once

#include <optional>
#include <string>

#include "svmq/language/history.hpp"

namespace svmq::runner {

struct Difference {
  std::string step;         // the first, in the order of the left history, whose results differ
  std::string left, right;  // the results, as they were written
};

std::optional<Difference> first_difference(const language::History& left, const language::History& right);

}  // namespace svmq::runner
