// What the tests of the language share.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::language {

template <class T>
std::string message_of(const Parsed<std::vector<T>>& parsed) {
  auto error = std::get_if<ParseError>(&parsed);
  return error ? error->message() : "parsed";
}

inline std::string error_of_scenario(const std::string& text) {
  return message_of(parse_scenarios(text, "t"));
}
inline std::string error_of_history(const std::string& text) {
  return message_of(parse_histories(text, "t"));
}

// A scenario with the actors A, B (processes) and T (a thread of A), the variable q and this line.
inline std::string around(const std::string& line) {
  return "scenario s\nprocess A\nprocess B\nthread T of A\nA: q = msgget(IPC_PRIVATE, 0600)\n" + line +
         "\nend\n";
}

inline Scenario scenario_of(const std::string& text) {
  auto parsed = parse_scenarios(text, "t");
  if (auto error = std::get_if<ParseError>(&parsed)) {
    ADD_FAILURE() << error->message();
    return {};
  }
  return std::get<std::vector<Scenario>>(parsed).at(0);
}

inline History history_of(const std::string& text) {
  auto parsed = parse_histories(text, "t");
  if (auto error = std::get_if<ParseError>(&parsed)) {
    ADD_FAILURE() << error->message();
    return {};
  }
  return std::get<std::vector<History>>(parsed).at(0);
}

// The step that this line is, as the parser sees it.
inline Step step_of(const std::string& line) {
  Scenario scenario = scenario_of(around(line));
  if (scenario.items.size() != 2) return {};
  return std::get<Step>(scenario.items[1]);
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace svmq::language
