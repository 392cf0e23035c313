// A place in a text that moves forward token by token: all that the parsers know of characters.
//
// It stands on one line at a time; comments and the spaces between tokens are never seen by its users. Every
// method that finds something else than it should throws Failure, which never leaves this library. Invariant:
// begin of line <= position <= end of line, and nothing is ever copied but what is returned by value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "svmq/language/scenario.hpp"

namespace svmq::language {

// Thrown where the text is not what it must be; parse_scenarios and parse_histories make a ParseError of it.
struct Failure {
  Place place;
  std::string expected, found;
};

// A whole number as written; its range is the user's business.
struct Integer {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

class Cursor {
 public:
  Cursor(std::string_view text, std::size_t longest_line) : text_(text), longest_line_(longest_line) {}

  // To the next line that says something; false behind the last.
  bool next_line();
  // Whether this line says nothing more.
  bool at_end();
  void expect_end(std::string_view expected = "the end of the line");

  char peek();  // the first character of the next token, 0 at the end of the line
  bool accept(char token);
  bool accept(std::string_view token);
  void expect(char token);
  void expect(std::string_view token);

  // A letter or _ followed by letters, digits and _; empty if there is none here.
  std::string_view word();
  // Letters, digits, '.', '_' and '-'; fails if there is none here.
  std::string_view name(std::string_view expected);
  // nullopt if no number begins here; fails if one begins that is none, or is beyond 64 bits.
  std::optional<Integer> integer();
  // What stands between quotes, escapes resolved.
  std::string quoted(std::string_view expected);
  // The rest of the line, without the spaces around it.
  std::string rest();

  Place place();         // of the next token
  std::size_t offset();  // of the next token, for go_back
  void go_back(std::size_t offset) { position_ = offset; }

  [[noreturn]] void fail(std::string_view expected);
  [[noreturn]] void fail_at(Place place, std::string_view expected, std::string_view found);

  int line_number() const { return line_; }
  std::string_view line(int number) const;  // for error messages

 private:
  void skip_spaces();
  void find_comment();
  Place here() const;
  std::string found_here() const;
  char escape();

  std::string_view text_;
  std::size_t longest_line_;
  std::size_t next_ = 0;   // where the next line begins
  std::size_t begin_ = 0;  // of this line
  std::size_t end_ = 0;    // of what this line says
  std::size_t position_ = 0;
  int line_ = 0;
};

inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
inline bool is_name(char c) { return is_word(c) || c == '.' || c == '-'; }

}  // namespace svmq::language
