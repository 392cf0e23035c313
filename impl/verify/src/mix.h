// Hashes of 64 bits.
#pragma once

#include <cstdint>

namespace svmq::verify {

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

// Of a word at its place; zero for zero, so that untouched memory counts nothing.
constexpr std::uint64_t hash_of(std::uint64_t place, std::uint32_t value) {
  if (value == 0) return 0;
  std::uint64_t hash = (place * 0xd6e8feb86659fd93u ^ value) * 0x9e3779b97f4a7c15u;
  return (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
}

}  // namespace svmq::verify
