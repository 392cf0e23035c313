// Small questions to a scenario that several files ask.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "svmq/language/scenario.hpp"

namespace svmq::shrink {

template <class Visit>
void for_each_step(language::Scenario& scenario, const Visit& visit) {
  for (language::Item& item : scenario.items) {
    if (auto* step = std::get_if<language::Step>(&item)) {
      visit(*step);
    } else {
      for (language::Step& inner : std::get<language::Concurrent>(item).steps) visit(inner);
    }
  }
}

// The identifier or key that an action names; null if it names none.
inline language::IdExpr* expression_of(language::Action& action) {
  return std::visit(
      [](auto& call) -> language::IdExpr* {
        if constexpr (requires { call.key; })
          return &call.key;
        else if constexpr (requires { call.id.variable; })
          return &call.id;
        else
          return nullptr;
      },
      action);
}

inline std::vector<std::string> variables_used(const language::Step& step) {
  language::Action copy = step.action;
  const language::IdExpr* expression = expression_of(copy);
  if (expression == nullptr || expression->variable.empty()) return {};
  return {expression->variable};
}

}  // namespace svmq::shrink
