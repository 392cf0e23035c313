#include "src/arguments.hpp"

#include <fmt/format.h>

#include <optional>

namespace svmq::language {
namespace {

constexpr std::uint64_t largest_long = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t largest_int = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t largest_word32 = std::numeric_limits<std::uint32_t>::max();

constexpr Named<Integer> named_numbers[] = {{"LONG_MAX", {false, largest_long}},
                                            {"LONG_MIN", {true, largest_long + 1}},
                                            {"INT_MAX", {false, largest_int}},
                                            {"INT_MIN", {true, largest_int + 1}}};

std::optional<Integer> integer_or_name(Cursor& at) {
  if (auto number = at.integer()) return number;
  std::size_t from = at.offset();
  std::string_view word = at.word();
  for (const Named<Integer>& named : named_numbers) {
    if (named.name == word) return named.value;
  }
  at.go_back(from);
  return std::nullopt;
}

std::uint64_t bits_of(Integer number) { return number.negative ? 0 - number.magnitude : number.magnitude; }

// Whether the next token is a number or the name of one.
bool number_follows(Cursor& at) {
  std::size_t from = at.offset();
  bool follows = integer_or_name(at).has_value();
  at.go_back(from);
  return follows;
}

}  // namespace

// -----------------------------------------------------------------------------------------------------
// numbers

std::int64_t read_number(Cursor& at, std::int64_t least, std::int64_t most, std::string_view expected) {
  std::size_t from = at.offset();
  auto number = integer_or_name(at);
  bool fits = number && (number->negative || number->magnitude <= largest_long);
  auto value = fits ? static_cast<std::int64_t>(bits_of(*number)) : 0;
  if (fits && value >= least && value <= most) return value;
  at.go_back(from);
  at.fail(expected);
}

std::uint64_t read_unsigned(Cursor& at, std::uint64_t most, std::string_view expected) {
  std::size_t from = at.offset();
  auto number = integer_or_name(at);
  if (number && !number->negative && number->magnitude <= most) return number->magnitude;
  at.go_back(from);
  at.fail(expected);
}

std::uint64_t read_size(Cursor& at) {
  auto number = integer_or_name(at);
  if (!number) at.fail("a number");
  return bits_of(*number);
}

std::uint32_t read_word32(Cursor& at) {
  std::size_t from = at.offset();
  auto number = integer_or_name(at);
  if (number && number->magnitude <= (number->negative ? largest_int + 1 : largest_word32)) {
    return static_cast<std::uint32_t>(bits_of(*number));
  }
  at.go_back(from);
  at.fail("a number of 32 bits");
}

Flags read_flags(Cursor& at) {
  Flags flags = 0;
  do {
    if (number_follows(at)) {
      flags |= read_word32(at);
    } else {
      flags |= read_word(at, flag_names(), "a flag");
    }
  } while (at.accept('|'));
  return flags;
}

// ------------------------------------------------------------------------------------------ keys,
// identifiers

IdExpr read_key(Cursor& at, Scope& scope) {
  if (number_follows(at)) return {{}, static_cast<std::int32_t>(read_word32(at))};
  if (at.accept("IPC_PRIVATE")) return {};
  if (!is_letter(at.peek())) at.fail("a key");
  return {scope.variable(), 0};
}

IdExpr read_id(Cursor& at, Scope& scope) {
  if (number_follows(at)) return {{}, read_int(at)};
  if (!is_letter(at.peek())) at.fail("an identifier");
  IdExpr id{scope.variable(), 0};
  constexpr std::string_view offset = "an offset from 0 to INT_MAX";
  if (at.accept('+')) {
    id.value = static_cast<std::int64_t>(read_unsigned(at, largest_int, offset));
  } else if (at.accept('-')) {
    id.value = -static_cast<std::int64_t>(read_unsigned(at, largest_int, offset));
  }
  return id;
}

// -------------------------------------------------------------------------------------------------------
// texts

namespace {

Sequence read_sequence(Cursor& at) {  // behind "bytes"
  at.expect('(');
  Sequence sequence;
  sequence.count = read_unsigned(at, longest_text, "a number from 0 to 16777216");
  at.expect(',');
  sequence.seed = read_word32(at);
  at.expect(')');
  return sequence;
}

Repeat read_repeat(Cursor& at) {
  Repeat repeat;
  if (is_digit(at.peek())) {
    repeat.count = read_unsigned(at, longest_text, "a number from 0 to 16777216");
    at.expect('*');
  }
  repeat.bytes = at.quoted("a text");
  return repeat;
}

}  // namespace

Text read_text(Cursor& at) {
  Text text;
  std::uint64_t size = 0;
  do {
    Place place = at.place();
    std::uint64_t piece = 0;
    if (at.accept("bytes")) {
      Sequence sequence = read_sequence(at);
      piece = sequence.count;
      if (piece > 0) text.pieces.emplace_back(sequence);
    } else {
      Repeat repeat = read_repeat(at);
      piece = repeat.count * repeat.bytes.size();  // no overflow: the count is bounded
      if (piece > 0) text.pieces.emplace_back(std::move(repeat));
    }
    if (piece > longest_text - size) {
      at.fail_at(place, fmt::format("a text of at most {} bytes", longest_text), "a longer one");
    }
    size += piece;
  } while (at.accept('+'));
  return text;
}

// ------------------------------------------------------------------------------------------------------
// memory

namespace {

std::optional<BadPointer> read_bad_pointer(Cursor& at) {
  if (at.accept("NULL")) return BadPointer::null;
  if (at.accept("BAD")) return BadPointer::unmapped;
  return std::nullopt;
}

}  // namespace

MessageArgument read_message(Cursor& at) {
  if (auto bad = read_bad_pointer(at)) return *bad;
  if (!at.accept('{')) at.fail("a message: '{', BAD or NULL");
  Message message;
  message.type = read_long(at);
  at.expect(',');
  message.text = read_text(at);
  if (at.accept(',')) {
    at.expect("BAD");
    message.ends = true;
  }
  at.expect('}');
  return message;
}

BufferArgument read_buffer(Cursor& at) {
  if (auto bad = read_bad_pointer(at)) return *bad;
  if (at.accept("readonly")) return ReadOnlyBuffer{};
  if (!at.accept("buf")) at.fail("a buffer: buf, readonly, BAD or NULL");
  Buffer buffer;
  if (at.accept('(')) {
    buffer.accessible = read_unsigned(at, longest_text, "a number from 0 to 16777216");
    at.expect(')');
  }
  return buffer;
}

SettingArgument read_setting(Cursor& at) {
  if (auto bad = read_bad_pointer(at)) return *bad;
  if (!at.accept('{')) at.fail("a setting: '{', BAD or NULL");
  auto field = [&](std::string_view name, bool first = false) {
    if (!first) at.expect(',');
    at.expect(name);
    at.expect('=');
  };
  Setting setting;
  field("uid", true);
  setting.uid = read_word32(at);
  field("gid");
  setting.gid = read_word32(at);
  field("mode");
  setting.mode = read_flags(at);
  field("qbytes");
  setting.qbytes = read_size(at);
  at.expect('}');
  return setting;
}

// -------------------------------------------------------------------------------------------------------
// paths

std::string read_path(Cursor& at, bool may_be_absolute) {
  Place place = at.place();
  std::string path = at.quoted("a path");
  auto refuse = [&](std::string_view found) {
    at.fail_at(place, "a relative path inside the scratch folder", found);
  };
  if (path.empty()) refuse("an empty one");
  if (path.size() > longest_path) refuse("one of more than 255 bytes");
  if (path.find('\0') != std::string::npos) refuse("one with a zero byte");
  if (path[0] == '/' && may_be_absolute) return path;
  if (path[0] == '/') refuse("an absolute one");
  for (std::size_t from = 0; from <= path.size();) {
    std::size_t to = std::min(path.find('/', from), path.size());
    if (std::string_view(path).substr(from, to - from) == "..") refuse("one with '..'");
    from = to + 1;
  }
  return path;
}

}  // namespace svmq::language
