// Each word of a departure does what it says, in a history that a reader can check; and a word that is none
// is refused.
#include "svmq/mutants/departure.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::mutants {
namespace {

const model::Profile& linux_profile() { return *model::find_profile("linux-6.18"); }

language::History conducted(const std::string& steps, const judge::Behaviour& behaviour,
                            const model::Profile& profile) {
  const std::string text = "scenario x\nprocess A\nprocess B\n\n" + steps + "end\n";
  const auto scenarios = std::get<std::vector<language::Scenario>>(language::parse_scenarios(text, "x"));
  return judge::execute(scenarios.front(), profile, 1, behaviour);
}

judge::Verdict verdict(const language::History& history) {
  return judge::judge(history, linux_profile()).verdict;
}

// ------------------------------------------------------------------------------------------------ what is
// done

struct Case {
  const char* name;
  Departure departure;  // point, clause, call, sees, then
  const char* steps;
  const char* shows;  // in the history, where the sound model does not
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

constexpr const char* send_and_stat = R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgsnd(q, {1, "ab"}, 2, 0)
A: msgctl(q, IPC_STAT, buf)
)";
constexpr const char* send_and_receive = R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgsnd(q, {7, "first"}, 5, 0)
A: msgsnd(q, {5, "later"}, 5, 0)
A: msgrcv(q, buf, 10, 0, IPC_NOWAIT)
A: msgctl(q, IPC_STAT, buf)
)";
constexpr const char* nothing_there = R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgrcv(q, buf, 10, 0, IPC_NOWAIT)
)";
constexpr const char* removal = R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgrcv(q, buf, 10, 1, 0)
B: msgrcv(q, buf, 10, 2, 0)
msgctl(q, IPC_RMID, NULL)
)";
constexpr const char* too_long = R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgsnd(q, {1, "abcd"}, 4, 0)
A: msgrcv(q, buf, 3, 0, IPC_NOWAIT)
A: msgctl(q, IPC_STAT, buf)
)";

const Case cases[] = {
    {"Point",
     {"negative-type=strictly-below"},
     R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgsnd(q, {2, "x"}, 1, 0)
A: msgrcv(q, buf, 10, -2, IPC_NOWAIT)
)",
     "-2, IPC_NOWAIT) = -1 ENOMSG"},
    {"Errno", {"", "msgrcv.E.ENOMSG", "", "", "errno EINVAL"}, nothing_there, "= -1 EINVAL"},
    {"Fail", {"", "msgsnd.ret", "", "", "fail EPERM"}, send_and_stat, "2, 0) = -1 EPERM"},
    {"Succeed", {"", "msgrcv.E.ENOMSG", "", "", "succeed"}, nothing_there, "IPC_NOWAIT) = 0"},
    {"Return", {"", "msgsnd.ret", "", "", "return + 1"}, send_and_stat, "2, 0) = 1"},
    {"Type", {"", "msgrcv.mtype", "", "", "type + 1"}, send_and_receive, "= 5 {8, \"first\"}"},
    {"TextShorter", {"", "msgrcv.ret", "", "", "text shorter"}, send_and_receive, "= 4 {7, \"firs\"}"},
    {"TextLonger", {"", "msgrcv.ret", "", "", "text longer"}, send_and_receive, "= 6 {7, \"first+\"}"},
    {"TextOther", {"", "msgrcv.ret", "", "", "text other"}, send_and_receive, "= 5 {7, \"firsu\"}"},
    {"TextNone", {"", "msgrcv.ret", "", "", "text none"}, send_and_receive, "= 0 {7, \"\"}"},
    {"ShownRaised", {"", "msgctl.stat.fields", "", "", "shown qnum + 1"}, send_and_stat, "qnum=2"},
    {"ShownZero", {"", "msgctl.stat.fields", "", "", "shown lspid zero"}, send_and_stat, "lspid=0"},
    {"Forget", {"", "msgsnd.ok.stamp", "", "", "forget lspid"}, send_and_stat, "lspid=0"},
    {"QueueRaised", {"", "msgsnd.ok.enqueue", "", "", "queue cbytes + 1"}, send_and_stat, "cbytes=3"},
    {"QueueZero", {"", "msgget.init.qbytes", "", "", "queue qbytes zero"}, send_and_stat, "blocked A"},
    {"Undo", {"", "msgrcv.ok.state", "", "", "undo"}, send_and_receive, "qnum=2"},
    {"Consume", {"", "msgrcv.E.E2BIG", "", "", "consume"}, too_long, "qnum=0"},
    {"Drop", {"", "msgsnd.ok.enqueue", "", "", "drop"}, send_and_stat, "qnum=0"},
    {"Front", {"", "msgsnd.ok.enqueue", "", "", "front"}, send_and_receive, "= 5 {5, \"later\"}"},
    {"Remove",
     {"", "msgrcv.E.ENOMSG", "", "", "remove"},
     R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgrcv(q, buf, 10, 0, IPC_NOWAIT)
A: msgctl(q, IPC_STAT, buf)
)",
     "IPC_STAT, buf) = -1 EINVAL"},
    {"WakeNone", {"", "msgctl.rmid.effect", "", "", "wake none"}, removal, "blocked A B\nend"},
    {"WakeFirst", {"", "msgctl.rmid.effect", "", "", "wake first"}, removal, "blocked B\nend"},
    {"WakeLast", {"", "msgctl.rmid.effect", "", "", "wake last"}, removal, "blocked A\nend"},
    {"SeesSize", {"", "", "msgrcv", "size + 1", ""}, too_long, "= 4 {1, \"abcd\"}"},
    {"SeesType", {"", "", "msgrcv", "type + 5", ""}, send_and_receive, "= 5 {5, \"later\"}"},
    {"SeesFlagsLess", {"", "", "msgrcv", "flags - 04000", ""}, nothing_there, "blocked A"},
    {"SeesFlagsMore", {"", "", "msgrcv", "flags + 010000", ""}, too_long, "= 3 {1, \"abc\"}"},
    {"SeesLimit", {"", "", "msgget", "msgmnb + 5", ""}, send_and_stat, "qbytes=16389"},
    {"SeesRoom", {"", "", "msgsnd", "qbytes - 16383", ""}, send_and_stat, "blocked A"},
    {"SeesOrder", {"", "", "msgrcv", "messages newest-first", ""}, send_and_receive, "= 5 {5, \"later\"}"},
    {"SeesByType", {"", "", "msgrcv", "messages by-type", ""}, send_and_receive, "= 5 {5, \"later\"}"},
};

class Departs : public testing::TestWithParam<Case> {};

TEST_P(Departs, AsItsWordsSayAndTheJudgeSeesIt) {
  const Case& c = GetParam();
  const Implementation implementation(linux_profile(), c.departure);
  const language::History sound = conducted(c.steps, judge::as_specified, linux_profile());
  EXPECT_EQ(verdict(sound), judge::Verdict::conform);
  EXPECT_EQ(print(sound).find(c.shows), std::string::npos) << print(sound);

  const language::History faulty = conducted(c.steps, implementation, implementation.profile());
  EXPECT_NE(print(faulty).find(c.shows), std::string::npos) << print(faulty);
  EXPECT_EQ(verdict(faulty), judge::Verdict::nonconform) << print(faulty);
}

INSTANTIATE_TEST_SUITE_P(Words, Departs, testing::ValuesIn(cases),
                         [](const auto& one) { return std::string(one.param.name); });

// What a step saw otherwise must not stay otherwise.
TEST(Sight, LeavesNoTrace) {
  const Implementation implementation(linux_profile(), {"", "", "msgrcv", "messages newest-first", ""});
  const language::History history = conducted(R"(A: q = msgget(IPC_PRIVATE, 0600)
A: msgsnd(q, {1, "a"}, 1, 0)
A: msgsnd(q, {2, "b"}, 1, 0)
A: msgsnd(q, {3, "c"}, 1, 0)
A: msgrcv(q, buf, 10, 2, IPC_NOWAIT)
A: msgrcv(q, buf, 10, 0, IPC_NOWAIT|MSG_COPY)
A: msgctl(q, IPC_STAT, buf)
)",
                                              implementation, implementation.profile());
  EXPECT_NE(print(history).find("= 1 {2, \"b\"}"), std::string::npos) << print(history);
  EXPECT_NE(print(history).find("cbytes=2"), std::string::npos) << print(history);
}

TEST(Departure, SaysWhetherItWasEverReached) {
  const Implementation never(linux_profile(), {"", "msgsnd.E.EACCES", "", "", "errno EPERM"});
  conducted(send_and_stat, never, never.profile());
  EXPECT_FALSE(never.departed());
  const Implementation often(linux_profile(), {"", "msgsnd.ret", "", "", "return + 1"});
  conducted(send_and_stat, often, often.profile());
  EXPECT_TRUE(often.departed());
}

// ------------------------------------------------------------------------------------------------- what is
// refused

class Refused : public testing::TestWithParam<Departure> {};

TEST_P(Refused, WithTheWordThatIsNone) {
  try {
    Implementation(linux_profile(), GetParam());
    ADD_FAILURE() << "was accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find('"'), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Words, Refused,
    testing::Values(Departure{"negative-type=upwards"}, Departure{"no-such-point=any"},
                    Departure{"", "no.such.clause", "", "", "consume"}, Departure{"", "", "", "", "explode"},
                    Departure{"", "", "", "", "errno EWHAT"}, Departure{"", "", "", "", "return + one"},
                    Departure{"", "", "", "", "return"}, Departure{"", "", "", "", "forget colour"},
                    Departure{"", "", "", "", "shown colour zero"}, Departure{"", "", "", "", "text greener"},
                    Departure{"", "", "", "", "wake neighbours"}, Departure{"", "", "", "colour + 1", ""},
                    Departure{"", "", "", "size * 1", ""}, Departure{"", "", "", "messages sideways", ""},
                    Departure{"", "", "", "caller king", ""}, Departure{"", "", "msgpoll", "size + 1", ""}));

TEST(Departure, InNothingIsRefused) {
  EXPECT_THROW(Implementation(linux_profile(), {}), std::invalid_argument);
}

}  // namespace
}  // namespace svmq::mutants
