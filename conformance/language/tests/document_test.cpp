// LANGUAGE.md is the definition, so its own examples and word lists must hold.
#include <regex>

#include "tests/support.hpp"

namespace svmq::language {
namespace {

std::string document() { return read_file(SVMQ_SOURCE_DIR "/conformance/LANGUAGE.md"); }

// The fenced block of the document that begins with this word.
std::string example(const std::string& first_word) {
  std::string text = document();
  std::string fence = "```\n";
  std::size_t from = text.find(fence + first_word);
  if (from == std::string::npos) return {};
  from += fence.size();
  return text.substr(from, text.find(fence, from) - from);
}

TEST(Document, ScenarioExampleIsAScenario) {
  Scenario scenario = scenario_of(example("scenario "));
  EXPECT_EQ(scenario.name, "lowest-type-first");
  EXPECT_EQ(scenario.title, "a negative type takes the lowest type present, not the first that fits");
  EXPECT_EQ(scenario.clauses, std::vector<std::string>{"msgrcv.select.negative"});
  ASSERT_EQ(scenario.actors.size(), 2u);
  EXPECT_EQ(scenario.actors[1].name, "B");
  EXPECT_EQ(scenario.actors[1].credentials.uid, 1000u);
  ASSERT_EQ(scenario.items.size(), 4u);
  EXPECT_EQ(print(std::get<Step>(scenario.items[3])), "B: msgrcv(q, buf, 100, -3, 0)");
}

TEST(Document, HistoryExampleIsAHistoryAndCanonical) {
  std::string text = example("history ");
  History history = history_of(text);
  EXPECT_EQ(history.name, "lowest-type-first-2");
  EXPECT_TRUE(history.fresh);
  EXPECT_EQ(history.limits.at("msgmnb"), 16384);
  ASSERT_EQ(history.events.size(), 7u);
  auto returned = std::get<Return>(history.events[6].what);
  EXPECT_EQ(returned.call, "msgrcv");
  EXPECT_EQ(returned.result.received->text, "two");
  EXPECT_EQ(print(history), text);
}

TEST(Document, ConcurrentExampleParses) {
  Scenario scenario =
      scenario_of("scenario s\nprocess A\nprocess B\nprocess C\nA: q = msgget(IPC_PRIVATE, 0600)\n" +
                  example("concurrent ") + "end\n");
  ASSERT_EQ(scenario.items.size(), 2u);
  EXPECT_EQ(std::get<Concurrent>(scenario.items[1]).steps.size(), 4u);
}

// Every signal that the document lists is one, and no other is.
TEST(Document, SignalsAreThoseOfTheDocument) {
  std::string text = document();
  std::size_t from = text.find("Signals: `") + 10;
  std::istringstream words(text.substr(from, text.find('`', from) - from));
  std::string word;
  int count = 0;
  for (; words >> word; ++count) EXPECT_EQ(print(step_of("kill(B, " + word + ")")), "kill(B, " + word + ")");
  EXPECT_EQ(count, static_cast<int>(Signal::cont) + 1);
}

// The sequence of bytes(N, SEED) computed as the document words it.
TEST(Document, SequenceIsTheOneDescribed) {
  std::uint32_t x = 7;
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    x = 1103515245u * x + 12345u;
    expected.push_back(static_cast<char>(x >> 16 & 0xff));
  }
  EXPECT_EQ((Text{{Sequence{100, 7}}}.expand()), expected);
}

// Whatever needs() can say stands in the document's table of needs.
TEST(Document, NeedsStandInTheDocument) {
  std::string text = document();
  for (const std::string& need :
       needs(scenario_of(read_file(SVMQ_SOURCE_DIR "/conformance/language/tests/all.scenario")))) {
    EXPECT_NE(text.find("`" + need + "`"), std::string::npos) << need;
  }
}

}  // namespace
}  // namespace svmq::language
