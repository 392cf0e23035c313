// How a ParseError is told to a person.
#include <fmt/format.h>

#include <algorithm>

#include "svmq/language/parse.hpp"

namespace svmq::language {
namespace {

constexpr std::size_t shown = 110;  // bytes of the line that are shown at most

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }  // of UTF-8

}  // namespace

std::string ParseError::message() const {
  std::string head =
      fmt::format("{}:{}:{}: expected {}, found {}", file, place.line, place.column, expected, found);
  auto at = std::min(static_cast<std::size_t>(std::max(place.column - 1, 0)), line.size());
  std::size_t from = at > shown * 3 / 4 ? at - shown * 3 / 4 : 0;
  std::string excerpt = line.substr(from, shown);
  for (char& c : excerpt) {
    if ((c >= 0 && c < 0x20) || c == 0x7f) c = ' ';
  }
  std::string indent;
  for (std::size_t i = 0; i < at - from && i < excerpt.size(); ++i) {
    if (!continues_character(excerpt[i])) indent.push_back(' ');
  }
  return fmt::format("{}\n{}\n{}^", head, excerpt, indent);
}

}  // namespace svmq::language
