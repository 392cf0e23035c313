// The judge on histories written by hand: what must be accepted, what must be refused, and where.
#include <gtest/gtest.h>

#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"

namespace svmq::judge {
namespace {

const std::string header =
    "history t\nagent 1 test blocking=syscall\nnamespace fresh\nlimits msgmax=8192 msgmnb=16384 msgmni=32000\n"
    "process A uid=1000 gid=1000 groups=none caps=none ruid=1000 fsgid=1000\n"
    "process B uid=1000 gid=1000 groups=none caps=none ruid=1000 fsgid=1000\n"
    "process C uid=1000 gid=1000 groups=none caps=none ruid=1000 fsgid=1000\n"
    "clock 100\nA: q = msgget(IPC_PRIVATE, 0600) = 0\n";

Judgement judged(const std::string& events, const char* profile = "linux-6.18", Budget budget = {}) {
  const auto parsed = language::parse_histories(header + events + "end\n", "test");
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) {
    ADD_FAILURE() << error->message();
    return {};
  }
  return judge(std::get<0>(parsed).front(), *model::find_profile(profile), budget);
}

std::string verdict(const std::string& events, const char* profile = "linux-6.18") { return name(judged(events, profile).verdict); }

TEST(Judge, AcceptsWhatTheModelCanDo) {
  EXPECT_EQ(verdict("A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nB: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"a\"}\n"), "conform");
  EXPECT_EQ(verdict("B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\nblocked B\nA: msgsnd(q, {1, \"a\"}, 1, 0) = 0\n"
                    "B: <... msgrcv resumed> = 1 {1, \"a\"}\n"),
            "conform");
}

// Turns red for a judge that takes a history as complete whatever is missing.
TEST(Judge, WhatIsLeftOutIsMissed) {
  const std::string asleep = "B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\n";
  EXPECT_EQ(verdict(asleep), "not-run");
  EXPECT_EQ(verdict(asleep + "blocked B\n"), "conform");
  EXPECT_EQ(verdict(asleep + "blocked B\nskipped B: msgget(1, 0)\n"), "conform");
  EXPECT_EQ(verdict("skipped B: msgget(1, 0)\n"), "not-run");
  // That somebody was asleep before says nothing of what the last step has done to him.
  const std::string removed = asleep + "blocked B\nA: msgctl(q, IPC_RMID, NULL) = 0\n";
  EXPECT_EQ(verdict(removed), "not-run");
  EXPECT_EQ(verdict(removed + "blocked B\n"), "nonconform");
  EXPECT_EQ(verdict(removed + "B: <... msgrcv resumed> = -1 EIDRM\n"), "conform");
  EXPECT_EQ(verdict(asleep + "blocked B\nC: msgsnd(q, {1, \"a\"}, 1, 0) <unfinished ...>\nA: msgctl(q, IPC_RMID, NULL) = 0\n"
                             "C: <... msgsnd resumed> = 0\n"),
            "not-run");
}

// Turns red for a judge that blames the first of the sleepers, whoever it is that should have returned.
TEST(Judge, NamesWhoShouldNotSleep) {
  const Judgement judgement = judged(
      "B: msgrcv(q, buf, 9, 2, 0) <unfinished ...>\nblocked B\nC: msgrcv(q, buf, 9, 1, 0) <unfinished ...>\nblocked B C\n"
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nblocked B C\n");
  ASSERT_EQ(judgement.deviations.size(), 1u);
  EXPECT_EQ(judgement.deviations.front().step, "C: msgrcv(q, buf, 9, 1, 0)");
  EXPECT_EQ(judgement.deviations.front().allowed.front().result, "1 {1, \"a\"}");
}

// Turns red for a judge that accepts everything: one word changed in each line.
TEST(Judge, RefusesOneWordChanged) {
  const std::vector<std::string> wrong{
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = 1\n",
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = -1 EAGAIN\n",
      "A: msgsnd(q, {0, \"a\"}, 1, 0) = 0\n",
      "A: msgsnd(q+1, {1, \"a\"}, 1, 0) = 0\n",
      "A: msgsnd(q+1, {1, \"a\"}, 1, 0) = -1 EIDRM\n",
      "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = -1 EAGAIN\n",
      "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = -1 ENOMSG touched\n",
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nA: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"b\"}\n",
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nA: msgrcv(q, buf, 9, 0, 0) = 1 {2, \"a\"}\n",
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nA: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"a\"} overrun\n",
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nA: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"a\"}\nB: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"a\"}\n",
      "B: p = msgget(IPC_PRIVATE, 0600) = 0\n",
      "B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\nblocked B\nA: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nblocked B\n",
      "A: msgsnd(q, {1, \"a\"}, 1, 0) <unfinished ...>\nblocked A\n",
      "B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\nblocked B\nB: <... msgrcv resumed> = -1 EINTR\n",
      "A: +++ killed by SIGSEGV +++\n",
      "A: msgctl(q, IPC_STAT, buf) = 0 {qnum=1}\n",
      "A: msgctl(q, IPC_STAT, buf) = 0 {ctime=101}\n",
      "A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nA: msgctl(q, IPC_STAT, buf) = 0 {lspid=B}\n",
      "B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\nhung B\n",
  };
  for (const std::string& events : wrong) EXPECT_EQ(verdict(events), "nonconform") << events;
}

// Turns red if the report names another step, or forgets what was allowed and why.
TEST(Judge, SaysWhatWasAllowedAndWhy) {
  const Judgement judgement = judged("A: msgsnd(q, {5, \"five\"}, 4, 0) = 0\nA: msgsnd(q, {2, \"two\"}, 3, 0) = 0\n"
                                     "B: msgrcv(q, buf, 9, -9, 0) = 4 {5, \"five\"}\nA: msgrcv(q, buf, 9, 5, 0) = 4 {5, \"five\"}\n");
  ASSERT_EQ(judgement.deviations.size(), 1u);
  const Deviation& deviation = judgement.deviations.front();
  EXPECT_EQ(deviation.step, "B: msgrcv(q, buf, 9, -9, 0)");
  EXPECT_EQ(deviation.observed, "4 {5, \"five\"}");
  ASSERT_EQ(deviation.allowed.size(), 1u);
  EXPECT_EQ(deviation.allowed.front().result, "3 {2, \"two\"}");
  EXPECT_NE(std::find(deviation.clauses.begin(), deviation.clauses.end(), "msgrcv.select.negative"), deviation.clauses.end());
}

// Overlapping calls: either order, but only orders that real time leaves open.
TEST(Judge, OrdersConcurrentCalls) {
  const std::string overlap = "A: msgsnd(q, {1, \"a\"}, 1, 0) <unfinished ...>\nB: msgsnd(q, {1, \"b\"}, 1, 0) <unfinished ...>\n"
                              "A: <... msgsnd resumed> = 0\nB: <... msgsnd resumed> = 0\n";
  const std::string one_by_one = "A: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nB: msgsnd(q, {1, \"b\"}, 1, 0) = 0\n";
  const std::string ab = "C: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"a\"}\nC: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"b\"}\n";
  const std::string ba = "C: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"b\"}\nC: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"a\"}\n";
  EXPECT_EQ(verdict(overlap + ab), "conform");
  EXPECT_EQ(verdict(overlap + ba), "conform");
  EXPECT_EQ(verdict(one_by_one + ab), "conform");
  EXPECT_EQ(verdict(one_by_one + ba), "nonconform");
}

// A call that never returned because its process was killed may or may not have happened.
TEST(Judge, KilledCallsMayHaveHappened) {
  const std::string killed = "B: msgsnd(q, {1, \"b\"}, 1, 0) <unfinished ...>\nkill(B, SIGKILL) <unfinished ...>\n<... kill resumed> = 0\n"
                             "B: +++ killed by SIGKILL +++\n";
  EXPECT_EQ(verdict(killed + "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = 1 {1, \"b\"}\n"), "conform");
  EXPECT_EQ(verdict(killed + "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = -1 ENOMSG\n"), "conform");
  EXPECT_EQ(verdict(killed + "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = 1 {1, \"c\"}\n"), "nonconform");
}

// Between a SIGKILL and the end of its process a waiter may be handed a message, or be none any more.
TEST(Judge, KilledWaitersMayHaveLeft) {
  const std::string killed = "B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\nblocked B\nkill(B, SIGKILL) = 0\nA: msgsnd(q, {1, \"a\"}, 1, 0) = 0\n"
                             "B: +++ killed by SIGKILL +++\n";
  EXPECT_EQ(verdict(killed + "A: msgctl(q, IPC_STAT, buf) = 0 {qnum=1, lrpid=0}\n"), "conform");
  EXPECT_EQ(verdict(killed + "A: msgctl(q, IPC_STAT, buf) = 0 {qnum=0, lrpid=B}\n"), "conform");
  EXPECT_EQ(verdict(killed + "A: msgctl(q, IPC_STAT, buf) = 0 {qnum=1, lrpid=B}\n"), "nonconform");
}

// A stopped receiver: no waiter on Linux; whether it is one is left open by the standard.
TEST(Judge, StoppedReceivers) {
  const std::string stopped = "B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\nblocked B\nkill(B, SIGSTOP) = 0\nA: msgsnd(q, {1, \"a\"}, 1, 0) = 0\n";
  const std::string queued = stopped + "A: msgctl(q, IPC_STAT, buf) = 0 {qnum=1, lrpid=0}\n";
  const std::string handed = stopped + "A: msgctl(q, IPC_STAT, buf) = 0 {qnum=0, lrpid=B}\n";
  EXPECT_EQ(verdict(queued), "conform");
  EXPECT_EQ(verdict(queued, "posix"), "conform");
  EXPECT_EQ(verdict(handed, "posix"), "conform");
  // The stop arrives some time after kill() has returned: until then the receiver may still be handed the message.
  const std::string race = "B: msgrcv(q, buf, 9, 0, 0) <unfinished ...>\nblocked B\nkill(B, SIGSTOP) = 0\nA: msgsnd(q, {1, \"a\"}, 1, 0) = 0\nblocked\n";
  EXPECT_EQ(verdict(race + "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = -1 ENOMSG\nkill(B, SIGCONT) = 0\nB: <... msgrcv resumed> = 1 {1, \"a\"}\n"), "conform");
  EXPECT_EQ(verdict(race + "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = 1 {1, \"a\"}\nkill(B, SIGCONT) = 0\nblocked B\n"), "conform");
  EXPECT_EQ(verdict(race + "A: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = -1 ENOMSG\nkill(B, SIGCONT) = 0\nblocked B\n"), "nonconform");
}

// Removal against a call in flight: EIDRM only if the queue was there when the call began.
TEST(Judge, RemovalRaces) {
  const std::string race = "B: msgrcv(q, buf, 9, 0, IPC_NOWAIT) <unfinished ...>\nA: msgctl(q, IPC_RMID, NULL) = 0\nB: <... msgrcv resumed> = -1 ";
  EXPECT_EQ(verdict(race + "EIDRM\n"), "conform");
  EXPECT_EQ(verdict(race + "EINVAL\n"), "conform");
  EXPECT_EQ(verdict(race + "ENOMSG\n"), "conform");
  EXPECT_EQ(verdict(race + "EACCES\n"), "nonconform");
  EXPECT_EQ(verdict("A: msgctl(q, IPC_RMID, NULL) = 0\nB: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = -1 EIDRM\n"), "nonconform");
  EXPECT_EQ(verdict("A: msgctl(q, IPC_RMID, NULL) = 0\nB: msgrcv(q, buf, 9, 0, IPC_NOWAIT) = -1 EIDRM\n", "posix"), "conform");
}

// Time stamps lie between the call's begin and its return, and do not move afterwards.
TEST(Judge, TimeStamps) {
  const std::string slow = "A: msgsnd(q, {1, \"a\"}, 1, 0) <unfinished ...>\nclock 102\nA: <... msgsnd resumed> = 0\nclock 105\n";
  EXPECT_EQ(verdict(slow + "A: msgctl(q, IPC_STAT, buf) = 0 {stime=100}\n"), "conform");
  EXPECT_EQ(verdict(slow + "A: msgctl(q, IPC_STAT, buf) = 0 {stime=102}\n"), "conform");
  EXPECT_EQ(verdict(slow + "A: msgctl(q, IPC_STAT, buf) = 0 {stime=103}\n"), "nonconform");
  EXPECT_EQ(verdict(slow + "A: msgctl(q, IPC_STAT, buf) = 0 {stime=99}\n"), "nonconform");
  EXPECT_EQ(verdict(slow + "A: msgctl(q, IPC_STAT, buf) = 0 {stime=100}\nA: msgctl(q, IPC_STAT, buf) = 0 {stime=101}\n"), "nonconform");
}

// Never a hang: a budget, and then "unknown".
TEST(Judge, BudgetEndsInUnknown) {
  std::string events;
  for (const char* text : {"Aa", "Bb", "Cc"})
    events += std::string(1, text[0]) + ": msgsnd(q, {1, \"" + text[1] + "\"}, 1, 0) <unfinished ...>\n";
  for (const char* actor : {"A", "B", "C"}) events += std::string(actor) + ": <... msgsnd resumed> = 0\n";
  // They did not act in the order in which they returned, so that the first guess is wrong.
  for (const char* text : {"c", "b", "a"}) events += std::string("A: msgrcv(q, buf, 9, 0, 0) = 1 {1, \"") + text + "\"}\n";
  EXPECT_EQ(judged(events).verdict, Verdict::conform);
  EXPECT_EQ(judged(events, "linux-6.18", {.states = 2}).verdict, Verdict::unknown);
}

// Turns red if what ends a history early hides what had gone wrong before.
TEST(Judge, NothingHidesADeviation) {
  for (const char* end : {"unsupported uids \"not root\"\n", "failed no memory\n"})
    EXPECT_EQ(verdict(std::string("A: msgsnd(q, {1, \"a\"}, 1, 0) = 1\n") + end), "nonconform");
}

TEST(Judge, OtherVerdicts) {
  EXPECT_EQ(verdict("unsupported uids \"not root\"\n"), "unsupported");
  EXPECT_EQ(verdict("failed no memory\n"), "not-run");
  const auto empty = language::parse_histories("history t\nagent 1 test blocking=state\nnamespace fresh\nlimits msgmax=1\nclock 1\nend\n", "test");
  EXPECT_EQ(judge(std::get<0>(empty).front(), *model::find_profile("posix")).verdict, Verdict::not_run);
}

}  // namespace
}  // namespace svmq::judge
