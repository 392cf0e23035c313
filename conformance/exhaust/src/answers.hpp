// What is seen of a transition: each actor's answers, in their order.
#pragma once

#include <map>
#include <string>

#include "svmq/language/history.hpp"
#include "svmq/model/request.hpp"

namespace svmq::exhaust {

// In words that the graph and a history have in common: "-1 EINVAL", "2 1 ab", "ok". No identifiers: those of
// a state are not those of every path to it.
std::string seen_of(const model::Result& result);
std::string seen_of(const language::Result& result);

using Answers = std::map<std::string, std::string>;  // by actor

inline std::string text(const Answers& answers) {
  std::string text;
  for (const auto& [actor, answer] : answers) text += actor + ": " + answer;
  return text;
}

}  // namespace svmq::exhaust
