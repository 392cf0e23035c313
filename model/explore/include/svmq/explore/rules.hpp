// Where the model's sources state each clause of the catalogue; made from them when the project is built.
#pragma once

#include <span>
#include <string_view>

namespace svmq::model::explore {

struct Rule {
  std::string_view clause;
  std::string_view file;  // relative to the source tree; empty: no rule mentions it
  int line;               // of the comment that states it, else of its first use
  bool given;             // the model can give it as a reason
};
std::span<const Rule> rules();

}  // namespace svmq::model::explore
