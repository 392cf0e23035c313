// The same seed, index and options give the same scenario everywhere.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "svmq/generate/generate.hpp"
#include "svmq/language/print.hpp"

namespace svmq::generate {
namespace {

std::string text_of(std::uint64_t seed, std::uint64_t index, const Options& options = {}) {
  return language::print(generate(seed, index, options));
}

// FNV-1a: fixed, unlike std::hash.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// The number changes whenever the generator does: replace it then, on purpose. It must not differ between
// compilers, libraries or machines.
TEST(Determinism, GoldenHashOfTwoHundredScenarios) {
  std::string all;
  for (std::uint64_t index = 0; index < 200; ++index) all += text_of(1, index);
  EXPECT_EQ(hash_of(all), 5376496019940558832u);
}

TEST(Determinism, NothingIsRememberedBetweenCalls) {
  std::string first = text_of(7, 3);
  for (std::uint64_t index = 0; index < 50; ++index) text_of(9, index);
  EXPECT_EQ(text_of(7, 3), first);
}

TEST(Determinism, SeedsAndIndicesGiveDifferentScenarios) {
  std::set<std::string> bodies;
  for (std::uint64_t seed : {0u, 1u, 2u, 1000u}) {
    for (std::uint64_t index = 0; index < 500; ++index) {
      std::string text = text_of(seed, index);
      bodies.insert(text.substr(text.find('\n')));  // without the name
    }
  }
  EXPECT_GT(bodies.size(), 1995u);
}

TEST(Determinism, NameTellsSeedAndIndex) {
  EXPECT_EQ(generate(18446744073709551615u, 5).name, "random-18446744073709551615-5");
}

}  // namespace
}  // namespace svmq::generate
