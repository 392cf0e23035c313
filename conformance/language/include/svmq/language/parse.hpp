// Reading scenarios and histories. See conformance/LANGUAGE.md.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::language {

// What is wrong with a text, and where. message() is "FILE:LINE:COLUMN: expected …, found …" with the line and a caret below.
struct ParseError {
  std::string file;
  Place place;
  std::string expected, found;
  std::string line;
  std::string message() const;
};

template <class T>
using Parsed = std::variant<T, ParseError>;

// Every scenario (history) of a text, in order; `file` only names it in errors. The first error ends the parse.
// Checks also what the grammar alone does not say: declared actors, variables set before use, limits on counts,
// the rule on variables in concurrent blocks.
Parsed<std::vector<Scenario>> parse_scenarios(std::string_view text, std::string_view file);
Parsed<std::vector<History>> parse_histories(std::string_view text, std::string_view file);

}  // namespace svmq::language
