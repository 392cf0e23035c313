// What a TEXT means, and how bytes are described as one.
#include <algorithm>

#include "svmq/language/scenario.hpp"

namespace svmq::language {
namespace {

// The generator behind bytes(N, SEED). Its byte depends only on the low 24 bits of its state.
std::uint32_t next_state(std::uint32_t state) { return 1103515245u * state + 12345u; }
std::uint8_t byte_of(std::uint32_t state) { return static_cast<std::uint8_t>(state >> 16); }

void append(std::string& out, const Repeat& repeat) {
  if (repeat.bytes.size() == 1) {
    out.append(repeat.count, repeat.bytes[0]);
  } else {
    for (std::uint64_t i = 0; i < repeat.count && !repeat.bytes.empty(); ++i) out += repeat.bytes;
  }
}

void append(std::string& out, const Sequence& sequence) {
  std::uint32_t state = sequence.seed;
  for (std::uint64_t i = 0; i < sequence.count; ++i) {
    state = next_state(state);
    out.push_back(static_cast<char>(byte_of(state)));
  }
}

std::uint64_t size_of(const Repeat& repeat) { return repeat.count * repeat.bytes.size(); }
std::uint64_t size_of(const Sequence& sequence) { return sequence.count; }

// ------------------------------------------------------------------------------------------- from bytes to a
// Text

constexpr std::size_t shortest_sequence = 24;  // one that is shorter reads better as it is

// How many bytes from the beginning are those of the sequence whose first state is `state`.
std::size_t length_of_sequence(const std::string& bytes, std::uint32_t state) {
  std::size_t length = 0;
  while (length < bytes.size() && static_cast<std::uint8_t>(bytes[length]) == byte_of(state)) {
    ++length;
    state = next_state(state);
  }
  return length;
}

// The seed below 2^24 whose next state is `state` in the low 24 bits: the multiplier is odd, so it has an
// inverse.
std::uint32_t seed_before(std::uint32_t state) {
  constexpr std::uint32_t inverse = [] {
    std::uint32_t x = 1;
    for (int i = 0; i < 5; ++i) x *= 2 - 1103515245u * x;  // each round doubles the number of right bits
    return x;
  }();
  return (inverse * (state - 12345u)) & 0xffffff;
}

// The sequence that the bytes begin with; count 0 if they begin with none. The first byte gives 8 of the 24
// bits of the first state that matter; the rest are tried.
Sequence leading_sequence(const std::string& bytes) {
  if (bytes.size() < shortest_sequence) return {};
  std::uint32_t first = static_cast<std::uint8_t>(bytes[0]);
  auto second = static_cast<std::uint8_t>(bytes[1]);
  for (std::uint32_t low = 0; low < 0x10000; ++low) {
    std::uint32_t state = first << 16 | low;
    if (byte_of(next_state(state)) != second) continue;
    std::size_t length = length_of_sequence(bytes, state);
    if (length >= shortest_sequence) return {length, seed_before(state)};
  }
  return {};
}

// From which length on N*"x" is shorter than the bytes themselves.
std::size_t shortest_run(char c) { return c >= 0x20 && c <= 0x7e ? 12 : 4; }

}  // namespace

std::string Text::expand() const {
  std::string bytes;
  bytes.reserve(size());
  for (const auto& piece : pieces) {
    std::visit([&](const auto& p) { append(bytes, p); }, piece);
  }
  return bytes;
}

std::uint64_t Text::size() const {
  std::uint64_t sum = 0;
  for (const auto& piece : pieces) sum += std::visit([](const auto& p) { return size_of(p); }, piece);
  return sum;
}

Text Text::of(std::string bytes) {
  Text text;
  bool one_byte = std::all_of(bytes.begin(), bytes.end(), [&](char c) { return c == bytes[0]; });
  std::size_t at = 0;
  if (!one_byte) {
    Sequence sequence = leading_sequence(bytes);
    if (sequence.count > 0) text.pieces.emplace_back(sequence);
    at = sequence.count;
  }
  std::size_t plain = at;  // where the bytes begin that no piece has yet
  auto end_plain = [&] {
    if (at > plain) text.pieces.emplace_back(Repeat{1, bytes.substr(plain, at - plain)});
  };
  while (at < bytes.size()) {
    std::size_t run = at;
    while (run < bytes.size() && bytes[run] == bytes[at]) ++run;
    if (run - at >= shortest_run(bytes[at])) {
      end_plain();
      text.pieces.emplace_back(Repeat{run - at, std::string(1, bytes[at])});
      plain = run;
    }
    at = run;
  }
  end_plain();
  return text;
}

}  // namespace svmq::language
