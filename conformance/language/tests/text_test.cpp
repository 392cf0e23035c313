// Texts: what a description expands to, and which description bytes are given.
#include "tests/support.hpp"

namespace svmq::language {
namespace {

std::string description(const std::string& bytes) {
  Result result;
  result.received = Received{1, bytes};
  std::string printed = print(result);
  return printed.substr(6, printed.size() - 7);  // without "0 {1, " and "}"
}

TEST(Text, ExpandsEveryKindOfPiece) {
  Text text{{Repeat{1, "ab"}, Repeat{3, "xy"}, Repeat{0, "no"}, Sequence{0, 1}}};
  EXPECT_EQ(text.expand(), "abxyxyxy");
  EXPECT_EQ(text.size(), 8u);
  EXPECT_EQ(Text{}.expand(), "");
}

TEST(Text, ShortTextsStayAsTheyAre) {
  EXPECT_EQ(description(""), "\"\"");
  EXPECT_EQ(description("two"), "\"two\"");
  EXPECT_EQ(description("aaaaaaaa"), "\"aaaaaaaa\"");
}

TEST(Text, LongRunsAreCounted) {
  EXPECT_EQ(description(std::string(8192, 'x')), "8192*\"x\"");
  EXPECT_EQ(description("ab" + std::string(100, '\0')), "\"ab\" + 100*\"\\x00\"");
  EXPECT_EQ(description(std::string(50, 'x') + "y"), "50*\"x\" + \"y\"");
}

TEST(Text, SequencesAreRecognised) {
  for (std::uint32_t seed : {0u, 1u, 7u, 12345u, 0xffffffu}) {
    std::string bytes = Text{{Sequence{300, seed}}}.expand();
    EXPECT_EQ(description(bytes), "bytes(300, " + std::to_string(seed) + ")");
    EXPECT_EQ(description(bytes + std::string(20, '\0')),
              "bytes(300, " + std::to_string(seed) + ") + 20*\"\\x00\"");
  }
  std::string beyond = Text{{Sequence{100, 0xdeadbeef}}}.expand();  // only the low 24 bits of a seed matter
  EXPECT_EQ(description(beyond), "bytes(100, " + std::to_string(0xadbeef) + ")");
}

TEST(Text, DescriptionMeansTheSameBytes) {
  std::string bytes;
  for (int i = 0; i < 2000; ++i) {
    bytes.push_back(static_cast<char>(i * i / 7));
    if (i % 100 == 0) bytes += std::string(static_cast<std::size_t>(i) / 20, static_cast<char>(i));
    EXPECT_EQ(Text::of(bytes).expand(), bytes);
  }
}

}  // namespace
}  // namespace svmq::language
