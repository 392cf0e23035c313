// The arguments of steps, one reader for each of their notions in LANGUAGE.md.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "src/cursor.hpp"
#include "src/names.hpp"
#include "src/scope.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::language {

inline constexpr std::uint64_t longest_text = 16u << 20;  // bytes that a TEXT may describe
inline constexpr std::size_t longest_path = 255;

// A number in a range that `expected` describes, named ones (LONG_MAX …) included.
std::int64_t read_number(Cursor& at, std::int64_t least, std::int64_t most, std::string_view expected);
inline std::int64_t read_long(Cursor& at) {
  using Range = std::numeric_limits<std::int64_t>;
  return read_number(at, Range::min(), Range::max(), "a number of 64 bits, signed");
}
inline int read_int(Cursor& at) {
  using Range = std::numeric_limits<int>;
  return static_cast<int>(read_number(at, Range::min(), Range::max(), "a number of 32 bits, signed"));
}
std::uint64_t read_unsigned(Cursor& at, std::uint64_t most, std::string_view expected);
std::uint64_t read_size(Cursor& at);    // 64 bits, signed or unsigned
std::uint32_t read_word32(Cursor& at);  // 32 bits, signed or unsigned

Flags read_flags(Cursor& at);
IdExpr read_key(Cursor& at, Scope& scope);
IdExpr read_id(Cursor& at, Scope& scope);
Text read_text(Cursor& at);
MessageArgument read_message(Cursor& at);
BufferArgument read_buffer(Cursor& at);
SettingArgument read_setting(Cursor& at);
std::string read_path(Cursor& at, bool may_be_absolute);

// One of the words of a table.
template <class T>
T read_word(Cursor& at, std::span<const Named<T>> names, std::string_view expected) {
  std::size_t from = at.offset();
  if (auto value = value_of(names, at.word())) return *value;
  at.go_back(from);
  at.fail(expected);
}

}  // namespace svmq::language
