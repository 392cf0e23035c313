#include "src/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace svmq::language {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool is_printable(char c) { return c >= 0x20 && c <= 0x7e; }

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

}  // namespace

// -------------------------------------------------------------------------------------------------------
// lines

bool Cursor::next_line() {
  while (next_ < text_.size()) {
    begin_ = position_ = next_;
    end_ = std::min(text_.find('\n', begin_), text_.size());
    next_ = end_ + 1;
    ++line_;
    if (end_ - begin_ > longest_line_) {
      fail_at({line_, 1}, fmt::format("a line of at most {} bytes", longest_line_),
              fmt::format("{} bytes", end_ - begin_));
    }
    find_comment();
    if (!at_end()) return true;
  }
  if (begin_ != text_.size() || line_ == 0) ++line_;
  begin_ = position_ = end_ = text_.size();
  return false;
}

// Ends the line where a comment begins: at the first # outside quotes.
void Cursor::find_comment() {
  std::string_view line = text_.substr(begin_, end_ - begin_);
  if (line.find('#') == std::string_view::npos) return;
  bool inside = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') inside = !inside;
    if (inside && line[i] == '\\') ++i;
    if (!inside && line[i] == '#') {
      end_ = begin_ + i;
      return;
    }
  }
}

std::string_view Cursor::line(int number) const {
  std::size_t from = 0;
  for (int i = 1; i < number; ++i) {
    std::size_t newline = text_.find('\n', from);
    if (newline == std::string_view::npos) return {};
    from = newline + 1;
  }
  return text_.substr(from, text_.find('\n', from) - from);
}

// ------------------------------------------------------------------------------------------------------
// tokens

void Cursor::skip_spaces() {
  while (position_ < end_ && is_space(text_[position_])) ++position_;
}

bool Cursor::at_end() {
  skip_spaces();
  return position_ == end_;
}

void Cursor::expect_end(std::string_view expected) {
  if (!at_end()) fail(expected);
}

char Cursor::peek() {
  skip_spaces();
  return position_ < end_ ? text_[position_] : '\0';
}

bool Cursor::accept(char token) {
  if (at_end() || text_[position_] != token) return false;
  ++position_;
  return true;
}

bool Cursor::accept(std::string_view token) {
  skip_spaces();
  if (text_.substr(position_, end_ - position_).substr(0, token.size()) != token) return false;
  std::size_t behind = position_ + token.size();
  if (is_word(token.back()) && behind < end_ && is_word(text_[behind]))
    return false;  // only the head of a word
  position_ = behind;
  return true;
}

void Cursor::expect(char token) { expect(std::string_view(&token, 1)); }

void Cursor::expect(std::string_view token) {
  if (!accept(token)) fail(fmt::format("'{}'", token));
}

std::string_view Cursor::word() {
  skip_spaces();
  std::size_t from = position_;
  if (from < end_ && !is_digit(text_[from])) {
    while (position_ < end_ && is_word(text_[position_])) ++position_;
  }
  return text_.substr(from, position_ - from);
}

std::string_view Cursor::name(std::string_view expected) {
  skip_spaces();
  std::size_t from = position_;
  while (position_ < end_ && is_name(text_[position_])) ++position_;
  if (position_ == from || (position_ < end_ && !is_space(text_[position_]))) {
    position_ = from;
    fail(expected);
  }
  return text_.substr(from, position_ - from);
}

std::optional<Integer> Cursor::integer() {
  skip_spaces();
  std::size_t from = position_, at = position_;
  Integer result;
  if (at < end_ && text_[at] == '-') {
    result.negative = true;
    ++at;
  }
  if (at == end_ || !is_digit(text_[at])) return std::nullopt;
  unsigned base = 10;
  if (text_[at] == '0' && at + 1 < end_ && text_[at + 1] == 'x') {
    base = 16;
    at += 2;
    if (at == end_ || digit_value(text_[at]) >= 16) fail("a hexadecimal number");
  } else if (text_[at] == '0') {
    base = 8;
  }
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  for (; at < end_ && is_word(text_[at]); ++at) {
    auto digit = static_cast<unsigned>(digit_value(text_[at]));
    if (digit >= base) fail(base == 8 ? "an octal number" : base == 16 ? "a hexadecimal number" : "a number");
    if (result.magnitude > (largest - digit) / base) fail("a number of at most 64 bits");
    result.magnitude = result.magnitude * base + digit;
  }
  position_ = at;
  if (result.magnitude == 0) result.negative = false;
  if (result.negative && result.magnitude > std::uint64_t{1} << 63) {
    position_ = from;
    fail("a number of at most 64 bits");
  }
  return result;
}

std::string Cursor::quoted(std::string_view expected) {
  if (!accept('"')) fail(expected);
  std::string result;
  for (;;) {
    if (position_ == end_) fail_at(here(), "'\"'", found_here());
    char c = text_[position_];
    if (c == '"') break;
    if (!is_printable(c)) fail_at(here(), "\\xHH for such a byte", found_here());
    if (c == '\\')
      c = escape();
    else
      ++position_;
    result.push_back(c);
  }
  ++position_;
  return result;
}

char Cursor::escape() {
  std::string_view seen = text_.substr(position_, std::min<std::size_t>(4, end_ - position_));
  char kind = seen.size() > 1 ? seen[1] : '\0';
  position_ += 2;
  if (kind == '\\' || kind == '"') return kind;
  if (kind == 'n') return '\n';
  if (kind == 't') return '\t';
  if (kind == 'x' && seen.size() == 4 && digit_value(seen[2]) < 16 && digit_value(seen[3]) < 16) {
    position_ += 2;
    return static_cast<char>(digit_value(seen[2]) * 16 + digit_value(seen[3]));
  }
  position_ -= 2;
  fail_at(here(), R"(one of \\ \" \n \t \xHH)",
          kind == '\0' ? "'\\'" : fmt::format("'{}'", seen.substr(0, 2)));
}

std::string Cursor::rest() {
  skip_spaces();
  std::size_t behind = end_;
  while (behind > position_ && is_space(text_[behind - 1])) --behind;
  std::string_view result = text_.substr(position_, behind - position_);
  for (; position_ < behind; ++position_) {
    char c = text_[position_];
    if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7f) fail("text without control characters");
  }
  return std::string(result);
}

// ------------------------------------------------------------------------------------------------------
// failure

Place Cursor::here() const { return {line_, static_cast<int>(position_ - begin_) + 1}; }

Place Cursor::place() {
  skip_spaces();
  return here();
}

std::size_t Cursor::offset() {
  skip_spaces();
  return position_;
}

std::string Cursor::found_here() const {
  if (begin_ == text_.size()) return "the end of the text";
  if (position_ >= end_) return "the end of the line";
  if (!is_printable(text_[position_])) {
    return fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(text_[position_]));
  }
  constexpr std::size_t shown = 40;
  std::size_t behind = position_ + 1;
  bool more = is_name(text_[position_]);
  while (more && behind < end_ && is_name(text_[behind]) && behind - position_ < shown) ++behind;
  return fmt::format("'{}'", text_.substr(position_, behind - position_));
}

void Cursor::fail(std::string_view expected) {
  skip_spaces();
  fail_at(here(), expected, found_here());
}

void Cursor::fail_at(Place place, std::string_view expected, std::string_view found) {
  throw Failure{place, std::string(expected), std::string(found)};
}

}  // namespace svmq::language
