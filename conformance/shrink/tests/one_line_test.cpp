#include "svmq/shrink/one_line.hpp"

#include <gtest/gtest.h>

#include "svmq/generate/generate.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::shrink {
namespace {

using namespace language;

Scenario back(const std::string& line) {
  const auto parsed = parse_scenarios(several_lines(line), "line");
  if (const auto* error = std::get_if<ParseError>(&parsed)) {
    ADD_FAILURE() << error->message();
    return {};
  }
  return std::get<std::vector<Scenario>>(parsed).front();
}

// Red if a semicolon or quote in a text ends a step or the shell's word.
TEST(OneLine, SurvivesTheShell) {
  Scenario scenario{"x", 1, "a title; with 'quotes'", {}, {}, {{"A", "", {}, {}}}, {}};
  const Message message{1, Text{{Repeat{1, "a;b'c\"d\\e; end"}}}, false};
  scenario.items.emplace_back(Step{"A", "q", Msgget{{}, 0600}, {}});
  scenario.items.emplace_back(Step{"A", "", Msgsnd{{"q", 0}, message, 14, 0}, {}});
  const std::string line = one_line(scenario);
  EXPECT_EQ(line.find_first_of("'\n"), std::string::npos) << line;
  scenario.title.clear();
  EXPECT_EQ(back(line), scenario) << line;
}

TEST(OneLine, BringsBackWhatWasWritten) {
  for (std::uint64_t index = 0; index < 500; ++index) {
    Scenario scenario = generate::generate(5, index);
    scenario.title.clear();
    EXPECT_EQ(back(one_line(scenario)), scenario);
  }
}

}  // namespace
}  // namespace svmq::shrink
