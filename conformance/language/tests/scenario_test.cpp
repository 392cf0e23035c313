// Scenarios: each construct of LANGUAGE.md means what the document says.
#include "tests/support.hpp"

namespace svmq::language {
namespace {

template <class T>
T call_of(const std::string& line) {
  Step step = step_of(line);
  if (auto call = std::get_if<T>(&step.action)) return *call;
  ADD_FAILURE() << line << " is another call";
  return {};
}

TEST(Scenario, EveryConstructSurvivesPrinting) {
  std::string text = read_file(SVMQ_SOURCE_DIR "/conformance/language/tests/all.scenario");
  Scenario scenario = scenario_of(text);
  std::string printed = print(scenario);
  EXPECT_EQ(scenario_of(printed), scenario);
  EXPECT_EQ(print(scenario_of(printed)), printed);
  EXPECT_EQ(scenario.title, "everything once \"# no comment\"");
  EXPECT_EQ(scenario.clauses,
            (std::vector<std::string>{"msgsnd.ok.enqueue", "msgrcv.select.zero", "gen.persist"}));
  EXPECT_EQ(scenario.seeds, (std::vector<std::string>{"T1.3", "T2"}));
}

TEST(Scenario, CanonicalForm) {
  auto canonical = [](const std::string& line) { return print(step_of(line)); };
  EXPECT_EQ(canonical("A:r=msgget( 0xffffffff ,IPC_EXCL|0600|IPC_CREAT)"),
            "A: r = msgget(-1, 0600|IPC_CREAT|IPC_EXCL)");
  EXPECT_EQ(canonical("A : msgget(0, 0)"), "A: msgget(IPC_PRIVATE, 0)");
  EXPECT_EQ(canonical("A: msgget(1, 0x80000007)"), "A: msgget(1, 07|0x80000000)");
  EXPECT_EQ(canonical("A: msgsnd(q + 0, {LONG_MIN, \"\" + \"a\"}, 18446744073709551615, 4096)"),
            "A: msgsnd(q, {-9223372036854775808, \"a\"}, -1, MSG_NOERROR)");
  EXPECT_EQ(canonical("A: msgsnd(q, {1, 1*\"a\\x41\\x7f\"+2 * \"b\"}, 1, 0)"),
            "A: msgsnd(q, {1, \"aA\\x7f\" + 2*\"b\"}, 1, 0)");
  EXPECT_EQ(canonical("A: msgctl(q, 2, buf( 8 ))"), "A: msgctl(q, IPC_STAT, buf(8))");
  EXPECT_EQ(canonical("A: msgctl(q, 1, {uid=0,gid=0,mode=0,qbytes=0})"),
            "A: msgctl(q, IPC_SET, {uid=0, gid=0, mode=0, qbytes=0})");
  EXPECT_EQ(canonical("A: become(caps=sys_resource,ipc_owner,checkpoint_restore,sys_admin)"),
            "A: become(caps=all)");
  EXPECT_EQ(canonical("mkdir(\"d\", 448)"), "mkdir(\"d\", 0700)");
}

TEST(Scenario, Numbers) {
  EXPECT_EQ(call_of<Msgsnd>("A: msgsnd(q, NULL, -1, 0)").size, UINT64_MAX);
  EXPECT_EQ(call_of<Msgsnd>("A: msgsnd(q, NULL, 0x10, 0)").size, 16u);
  EXPECT_EQ(call_of<Msgsnd>("A: msgsnd(q, NULL, 010, 0)").size, 8u);
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(q, buf, 1, LONG_MAX, 0)").type, INT64_MAX);
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(q, buf, 1, LONG_MIN, 0)").type, INT64_MIN);
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(q, buf, 1, INT_MAX, 0)").type, INT32_MAX);
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(q, buf, 1, INT_MIN, 0)").type, INT32_MIN);
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(q, buf, 1, -9223372036854775808, 0)").type, INT64_MIN);
  EXPECT_EQ(call_of<Msgget>("A: msgget(4294967295, 0)").key.value, -1);
  EXPECT_EQ(call_of<Msgget>("A: msgget(-2147483648, 0)").key.value, INT32_MIN);
}

TEST(Scenario, IdentifiersAndKeys) {
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(q+32768, buf, 1, 0, 0)").id, (IdExpr{"q", 32768}));
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(q - 1, buf, 1, 0, 0)").id, (IdExpr{"q", -1}));
  EXPECT_EQ(call_of<Msgrcv>("A: msgrcv(-1, buf, 1, 0, 0)").id, (IdExpr{"", -1}));
  EXPECT_EQ(call_of<Msgget>("A: msgget(q, 0)").key, (IdExpr{"q", 0}));
  EXPECT_EQ(call_of<Msgget>("A: msgget(IPC_PRIVATE, 0)").key, (IdExpr{"", 0}));
}

TEST(Scenario, Memory) {
  auto message = [](const std::string& text) {
    return call_of<Msgsnd>("A: msgsnd(q, " + text + ", 1, 0)").message;
  };
  auto buffer = [](const std::string& text) {
    return call_of<Msgrcv>("A: msgrcv(q, " + text + ", 1, 0, 0)").buffer;
  };
  EXPECT_EQ(message("{2, \"x\", BAD}"), (MessageArgument{Message{2, {{Repeat{1, "x"}}}, true}}));
  EXPECT_EQ(message("BAD"), MessageArgument{BadPointer::unmapped});
  EXPECT_EQ(message("NULL"), MessageArgument{BadPointer::null});
  EXPECT_EQ(buffer("buf"), (BufferArgument{Buffer{}}));
  EXPECT_EQ(buffer("buf(0)"), (BufferArgument{Buffer{0}}));
  EXPECT_EQ(buffer("readonly"), (BufferArgument{ReadOnlyBuffer{}}));
  EXPECT_EQ(buffer("NULL"), (BufferArgument{BadPointer::null}));
}

TEST(Scenario, Escapes) {
  auto text =
      std::get<Message>(call_of<Msgsnd>(R"(A: msgsnd(q, {1, "#\"\\\n\t\x00\xFf"}, 1, 0) # comment)").message)
          .text;
  EXPECT_EQ(text.expand(), std::string("#\"\\\n\t\0\xff", 7));
}

TEST(Scenario, CredentialsThatAreNotNamedStayOpen) {
  Scenario scenario = scenario_of("scenario s\nprocess A gid=5\nprocess B groups=none\nend\n");
  EXPECT_FALSE(scenario.actors[0].credentials.uid);
  EXPECT_EQ(scenario.actors[0].credentials.gid, 5u);
  EXPECT_FALSE(scenario.actors[0].credentials.groups);
  ASSERT_TRUE(scenario.actors[1].credentials.groups);
  EXPECT_TRUE(scenario.actors[1].credentials.groups->empty());
}

TEST(Scenario, PlacesAreThoseOfTheText) {
  Scenario scenario = scenario_of("\n# c\nscenario s\n  process A\n  tick()\nend\n");
  EXPECT_EQ(scenario.actors[0].place.line, 4);
  EXPECT_EQ(std::get<Step>(scenario.items[0]).place.line, 5);
  EXPECT_EQ(std::get<Step>(scenario.items[0]).place.column, 3);
}

TEST(Scenario, SeveralInOneText) {
  auto parsed = parse_scenarios("scenario a\nend\r\n\n# between\nscenario b\nend", "t");
  ASSERT_TRUE(std::holds_alternative<std::vector<Scenario>>(parsed)) << message_of(parsed);
  EXPECT_EQ(std::get<std::vector<Scenario>>(parsed).size(), 2u);
}

TEST(Scenario, ActorsMayHaveTheNamesOfDirectivesAndCalls) {
  Scenario scenario =
      scenario_of("scenario s\nprocess title\nprocess tick\ntitle: table()\ntick: table()\ntick()\nend\n");
  EXPECT_EQ(scenario.items.size(), 3u);
  EXPECT_EQ(std::get<Step>(scenario.items[1]).actor, "tick");
}

TEST(Scenario, VariableOfABlockMayBeUsedBehindItByAll) {
  std::string text =
      "scenario s\nprocess A\nprocess B\nconcurrent {\nA: q = msgget(1, 0)\nA: msgctl(q, IPC_RMID, NULL)\n"
      "B: table()\n}\nB: msgctl(q, IPC_STAT, buf)\nend\n";
  EXPECT_EQ(error_of_scenario(text), "parsed");
}

}  // namespace
}  // namespace svmq::language
