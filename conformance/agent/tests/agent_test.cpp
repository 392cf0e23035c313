// The agents against real processes: what a history says must be what the system did.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "svmq/language/parse.hpp"
#include "tests/agent_run.hpp"

namespace svmq::agent_test {
namespace {

using Lines = std::vector<std::string>;

bool privileged() { return geteuid() == 0; }

class Agent : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    Outcome tried = run({.program = GetParam()}, "scenario try\nend\n");
    if (WEXITSTATUS(tried.status) == 2) GTEST_SKIP() << "cannot isolate scenarios here: " << tried.err;
  }

  // Conducts them; every history must be one that the language's own parser reads.
  Outcome conduct(const std::string& scenarios, Setting setting = {}) {
    setting.program = GetParam();
    Outcome result = run(setting, scenarios);
    EXPECT_FALSE(result.left) << "a process outlived the agent";
    auto parsed = language::parse_histories(result.out, "history");
    if (auto* error = std::get_if<language::ParseError>(&parsed)) ADD_FAILURE() << error->message();
    return result;
  }

  // The events of one scenario with that body.
  Lines events_of(const std::string& body, Setting setting = {}) {
    return events(conduct("scenario test\n" + body + "end\n", setting).out);
  }

  bool kernel() const { return GetParam() == "svmq-agent"; }
};

#define NEEDS_ROOT() \
  if (!privileged()) GTEST_SKIP() << "changes user ids, which needs root"

TEST_P(Agent, BlockedCallResumesWithWhatWokeIt) {
  Lines got = events_of(
      "process A\nprocess B\n"
      "A: q = msgget(IPC_PRIVATE, 0600)\n"
      "A: msgrcv(q, buf, 10, 0, 0)\n"
      "A: msgget(1, 0)\n"
      "B: msgsnd(q, {7, \"seven\"}, 5, 0)\n"
      "A: msgget(1, 0)\n");
  Lines expected{"A: q = msgget(IPC_PRIVATE, 0600) = 0",
                 "A: msgrcv(q, buf, 10, 0, 0) <unfinished ...>",
                 "blocked A",
                 "skipped A: msgget(1, 0)",
                 "B: msgsnd(q, {7, \"seven\"}, 5, 0) = 0",
                 "A: <... msgrcv resumed> = 5 {7, \"seven\"}",
                 "A: msgget(1, 0) = -1 ENOENT"};
  EXPECT_EQ(sorted(got), sorted(expected));
  EXPECT_EQ(Lines(got.begin(), got.begin() + 4), Lines(expected.begin(), expected.begin() + 4));
  EXPECT_EQ(got.back(), expected.back());
}

TEST_P(Agent, ChainsOfWakingsAreFollowedToTheirEnd) {
  std::string body =
      "process A\nprocess B\nprocess C\nA: p = msgget(IPC_PRIVATE, 0600)\nA: q = msgget(IPC_PRIVATE, 0600)\n";
  body +=
      "concurrent {\n"
      "  B: msgrcv(p, buf, 10, 0, 0)\n  B: msgsnd(q, {1, \"b\"}, 1, 0)\n  B: msgrcv(p, buf, 10, 9, 0)\n"
      "  C: msgrcv(q, buf, 10, 0, 0)\n  C: msgsnd(p, {9, \"c\"}, 1, 0)\n  C: msgrcv(q, buf, 10, 9, 0)\n"
      "  A: msgsnd(p, {1, \"a\"}, 1, 0)\n}\n"
      "A: msgctl(p, IPC_RMID, NULL)\n";
  std::string scenarios;
  for (int i = 0; i < 40; ++i) scenarios += "scenario chain" + std::to_string(i) + "\n" + body + "end\n";
  for (const std::string& history : histories(conduct(scenarios).out)) {
    Lines got = events(history);
    EXPECT_TRUE(contains(got, "B: msgrcv(p, buf, 10, 9, 0) = 1 {9, \"c\"}")) << history;
    EXPECT_TRUE(contains(got, "blocked C")) << history;
    EXPECT_FALSE(contains(got, "blocked B C")) << history;
    EXPECT_EQ(got[got.size() - 2], "A: msgctl(p, IPC_RMID, NULL) = 0") << history;
  }
}

TEST_P(Agent, ACaughtSignalInterruptsAlsoUnderRestart) {
  for (std::string how : {"catch", "restart"}) {
    Lines got =
        events_of("process A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: handler(SIGUSR1, " + how +
                  ")\nkill(A, SIGUSR1)\nA: msgrcv(q, buf, 10, 0, 0)\nkill(A, SIGUSR1)\nA: msgget(1, 0)\n");
    EXPECT_TRUE(contains(got, "A: <... msgrcv resumed> = -1 EINTR")) << how;
    EXPECT_EQ(got.back(), "A: msgget(1, 0) = -1 ENOENT");
  }
}

TEST_P(Agent, SignalsWithoutHandlerDoNotInterrupt) {
  for (std::string how : {"handler(SIGUSR1, ignore)", "mask(SIGUSR1)"}) {
    Lines got = events_of("process A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: " + how +
                          "\nA: msgrcv(q, buf, 10, 0, 0)\nkill(A, SIGUSR1)\nkill(A, SIGWINCH)\n");
    EXPECT_EQ(std::count(got.begin(), got.end(), "blocked A"), 3) << how;
    EXPECT_EQ(got.back(), "blocked A");
  }
}

TEST_P(Agent, StoppedProcessesAreNotWaitedFor) {
  Lines got = events_of(
      "process A\nprocess B\n"
      "A: q = msgget(IPC_PRIVATE, 0600)\nA: msgrcv(q, buf, 10, 0, 0)\nkill(A, SIGSTOP)\nB: msgget(1, 0)\n"
      "A: msgget(1, 0)\nkill(A, SIGCONT)\nkill(B, SIGSTOP)\nB: msgget(1, 0)\nkill(B, SIGCONT)\n"
      "B: msgsnd(q, {2, \"y\"}, 1, 0)\n");
  Lines expected{"A: q = msgget(IPC_PRIVATE, 0600) = 0",
                 "A: msgrcv(q, buf, 10, 0, 0) <unfinished ...>",
                 "blocked A",
                 "kill(A, SIGSTOP) = 0",
                 "blocked",  // A's call is unfinished, but A is stopped, not asleep
                 "B: msgget(1, 0) = -1 ENOENT",
                 "blocked",
                 "skipped A: msgget(1, 0)",
                 "kill(A, SIGCONT) = 0",
                 "blocked A",
                 "kill(B, SIGSTOP) = 0",
                 "blocked A",
                 "skipped B: msgget(1, 0)",
                 "kill(B, SIGCONT) = 0",
                 "blocked A",
                 "B: msgsnd(q, {2, \"y\"}, 1, 0) = 0",
                 "A: <... msgrcv resumed> = 1 {2, \"y\"}"};
  EXPECT_EQ(sorted(got), sorted(expected));
}

TEST_P(Agent, ACallThatReturnsWhileStoppedIsSeenAfterwards) {
  Lines got = events_of(
      "process A\nprocess B\n"
      "A: q = msgget(IPC_PRIVATE, 0600)\nA: msgrcv(q, buf, 10, 0, 0)\nkill(A, SIGSTOP)\n"
      "B: msgctl(q, IPC_RMID, NULL)\nkill(A, SIGCONT)\nA: msgget(1, 0)\n");
  EXPECT_TRUE(contains(got, "A: <... msgrcv resumed> = -1 EINVAL") ||
              contains(got, "A: <... msgrcv resumed> = -1 EIDRM"));
  EXPECT_EQ(got.back(), "A: msgget(1, 0) = -1 ENOENT");
}

TEST_P(Agent, DeathsAreReported) {
  Lines got = events_of(
      "process A\nprocess B\nprocess C\n"
      "A: q = msgget(IPC_PRIVATE, 0600)\nA: msgrcv(q, buf, 10, 0, 0)\nkill(A, SIGKILL)\nkill(A, SIGUSR1)\n"
      "A: msgget(1, 0)\nkill(B, SIGTERM)\nC: exit(3)\nC: msgget(1, 0)\n");
  Lines expected{"A: q = msgget(IPC_PRIVATE, 0600) = 0",
                 "A: msgrcv(q, buf, 10, 0, 0) <unfinished ...>",
                 "blocked A",
                 "kill(A, SIGKILL) = 0",
                 "A: +++ killed by SIGKILL +++",
                 "kill(A, SIGUSR1) = -1 ESRCH",
                 "skipped A: msgget(1, 0)",
                 "kill(B, SIGTERM) = 0",
                 "B: +++ killed by SIGTERM +++",
                 "C: exit(3) <unfinished ...>",
                 "C: +++ exited with 3 +++",
                 "skipped C: msgget(1, 0)"};
  EXPECT_EQ(got, expected);
}

TEST_P(Agent, ANewImageGoesOn) {
  Lines got = events_of(
      "process A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: exec()\nA: msgsnd(q, {1, \"x\"}, 1, 0)\n"
      "concurrent {\n  A: exec()\n  A: msgrcv(q, buf, 10, 0, 0)\n}\n"
      "A: unshare()\nA: exec()\nA: msgctl(q, IPC_STAT, buf)\n");
  Lines expected{"A: q = msgget(IPC_PRIVATE, 0600) = 0",
                 "A: exec() = 0",
                 "A: msgsnd(q, {1, \"x\"}, 1, 0) = 0",
                 "A: exec() = 0",
                 "A: msgrcv(q, buf, 10, 0, 0) = 1 {1, \"x\"}",
                 "A: unshare() = 0",
                 "A: exec() = 0",
                 "A: msgctl(q, IPC_STAT, buf) = -1 EINVAL"};
  EXPECT_EQ(got, expected);
}

TEST_P(Agent, ANewImageHasOneThread) {
  Lines got = events_of(
      "process A\nthread T of A\nthread U of A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nU: msgrcv(q, "
      "buf, 10, 0, 0)\n"
      "A: msgrcv(q, buf, 10, 0, 0)\nT: exec()\nA: msgget(1, 0)\nU: msgget(1, 0)\nT: msgsnd(q, {1, \"x\"}, 1, "
      "0)\n"
      "B: msgrcv(q, buf, 10, 0, IPC_NOWAIT)\nT: exit(3)\n");
  EXPECT_TRUE(contains(got, "T: exec() = 0"));
  EXPECT_TRUE(contains(got, "skipped A: msgget(1, 0)"));
  EXPECT_TRUE(contains(got, "skipped U: msgget(1, 0)"));
  EXPECT_TRUE(contains(got, "T: msgsnd(q, {1, \"x\"}, 1, 0) = 0"));
  EXPECT_EQ(got.back(), "A: +++ exited with 3 +++");
}

TEST_P(Agent, TheConductorDoesNotWaitForEver) {
  Lines got =
      events_of("process A\nA: q = msgget(IPC_PRIVATE, 0600)\nmsgrcv(q, buf, 1, 0, 0)\nA: msgget(1, 0)\n",
                {.arguments = {"--isolate", "--time-limit", "50"}});
  EXPECT_EQ(got.back(), "failed the conductor itself would have to wait");
}

TEST_P(Agent, CredentialsSurviveANewImage) {
  NEEDS_ROOT();
  Lines got = events_of(
      "process A uid=1000 gid=1000 caps=ipc_owner fsgid=77\nprocess B uid=1001 gid=1001\n"
      "A: q = msgget(IPC_PRIVATE, 0)\nA: exec()\nA: msgsnd(q, {1, \"x\"}, 1, 0)\n"
      "B: exec()\nB: msgrcv(q, buf, 10, 0, 0)\nB: become(uid=0)\nB: msgrcv(q, buf, 10, 0, 0)\n");
  EXPECT_TRUE(contains(got, "A: msgsnd(q, {1, \"x\"}, 1, 0) = 0"));
  EXPECT_TRUE(contains(got, "B: msgrcv(q, buf, 10, 0, 0) = -1 EACCES"));
  EXPECT_EQ(got.back(), "B: msgrcv(q, buf, 10, 0, 0) = 1 {1, \"x\"}");
}

TEST_P(Agent, ThreadsAreActorsOfTheirOwn) {
  Lines got = events_of(
      "process A\nthread T of A\nprocess B\n"
      "A: q = msgget(IPC_PRIVATE, 0600)\nT: msgrcv(q, buf, 10, 0, 0)\nB: msgsnd(q, {1, \"x\"}, 1, 0)\n"
      "A: table()\nT: msgsnd(q, {1, \"x\"}, 1, 0)\nA: msgrcv(q, buf, 10, 0, 0)\nA: table()\n"
      "A: msgrcv(q, buf, 10, 0, 0)\nT: exit(4)\n");
  std::string tables;
  for (const std::string& line : got)
    if (line.find("table") != std::string::npos) tables += line + "\n";
  std::string receiver = kernel() ? "T" : "A";  // by hand-off: the kernel notes the thread
  EXPECT_LT(tables.find("lspid=B, lrpid=" + receiver + ","), tables.find("lspid=A, lrpid=A,")) << tables;
  EXPECT_TRUE(contains(got, "blocked A"));
  EXPECT_EQ(got.back(), "A: +++ exited with 4 +++");
}

TEST_P(Agent, BadPointersAreGivenAsWritten) {
  Lines got = events_of(
      "process A\nA: q = msgget(IPC_PRIVATE, 0600)\n"
      "A: msgsnd(q, NULL, 1, 0)\nA: msgsnd(q, BAD, 1, 0)\n"
      "A: msgsnd(q, {1, \"abc\", BAD}, 4, 0)\nA: msgsnd(q, {1, \"abc\", BAD}, 3, 0)\n"
      "A: msgrcv(q, buf(2), 3, 0, 0)\nA: msgsnd(q, {1, \"abc\"}, 5, 0)\nA: msgrcv(q, readonly, 9, 0, 0)\n"
      "A: msgctl(q, IPC_STAT, NULL)\nA: msgctl(q, IPC_STAT, buf(40))\nA: msgctl(q, IPC_STAT, readonly)\n"
      "A: msgctl(q, IPC_SET, BAD)\nA: msgsnd(q, {1, \"abc\"}, -1, 0)\nA: msgsnd(q, {1, \"abcd\"}, 4, 0)\n"
      "A: msgrcv(q, buf, -1, 0, 0)\nA: msgrcv(q, buf(1), 1, 0, MSG_NOERROR)\nA: msgctl(q, IPC_RMID, BAD)\n");
  Lines expected{"A: q = msgget(IPC_PRIVATE, 0600) = 0",
                 "A: msgsnd(q, NULL, 1, 0) = -1 EFAULT",
                 "A: msgsnd(q, BAD, 1, 0) = -1 EFAULT",
                 "A: msgsnd(q, {1, \"abc\", BAD}, 4, 0) = -1 EFAULT",
                 "A: msgsnd(q, {1, \"abc\", BAD}, 3, 0) = 0",
                 "A: msgrcv(q, buf(2), 3, 0, 0) = -1 EFAULT touched",
                 "A: msgsnd(q, {1, \"abc\"}, 5, 0) = 0",
                 "A: msgrcv(q, readonly, 9, 0, 0) = -1 EFAULT",
                 "A: msgctl(q, IPC_STAT, NULL) = -1 EFAULT",
                 "A: msgctl(q, IPC_STAT, buf(40)) = -1 EFAULT",
                 "A: msgctl(q, IPC_STAT, readonly) = -1 EFAULT",
                 "A: msgctl(q, IPC_SET, BAD) = -1 EFAULT",
                 "A: msgsnd(q, {1, \"abc\"}, -1, 0) = -1 EINVAL",
                 "A: msgsnd(q, {1, \"abcd\"}, 4, 0) = 0",
                 "A: msgrcv(q, buf, -1, 0, 0) = -1 EINVAL",
                 "A: msgrcv(q, buf(1), 1, 0, MSG_NOERROR) = 1 {1, \"a\"}",
                 "A: msgctl(q, IPC_RMID, BAD) = 0"};
  EXPECT_EQ(got, expected);
}

TEST_P(Agent, TextsComeBackInTheLanguage) {
  std::string text = R"("a\"\\\n\t\x00\xff"+20*"z"+bytes(700, 42)+"tail"+8*"\x00")";
  Lines got = events_of("process A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: msgsnd(q, {1, " + text +
                        "}, 739, 0)\nA: msgrcv(q, buf, 8192, 0, 0)\nA: msgsnd(q, {LONG_MAX, \"\"}, 0, 0)\n"
                        "A: msgrcv(q, buf, 0, LONG_MIN, 0)\n");
  EXPECT_EQ(got[2], "A: msgrcv(q, buf, 8192, 0, 0) = 739 {1, " + text + "}");
  EXPECT_EQ(got.back(), "A: msgrcv(q, buf, 0, LONG_MIN, 0) = 0 {9223372036854775807, \"\"}");
}

TEST_P(Agent, ABlockRunsItsActorsTogether) {
  std::string scenarios;
  for (int i = 0; i < 50; ++i)
    scenarios += "scenario block" + std::to_string(i) +
                 "\nprocess A\nprocess B\nprocess C\nA: q = msgget(IPC_PRIVATE, 0600)\nconcurrent {\n"
                 "  A: msgsnd(q, {1, \"a\"}, 1, 0)\n  A: msgsnd(q, {1, \"b\"}, 1, 0)\n  A: msgsnd(q, {1, "
                 "\"c\"}, 1, 0)\n"
                 "  B: msgrcv(q, buf, 10, 0, 0)\n  B: msgrcv(q, buf, 10, 0, 0)\n"
                 "  C: msgrcv(q, buf, 10, 0, 0)\n  C: msgrcv(q, buf, 10, 0, 0)\n  C: msgget(1, 0)\n"
                 "  kill(A, SIGWINCH)\n}\nA: msgctl(q, IPC_RMID, NULL)\nend\n";
  auto all = histories(conduct(scenarios).out);
  ASSERT_EQ(all.size(), 50u);
  for (const std::string& history : all) {
    Lines got = events(history);
    std::string received;
    for (const std::string& line : got) {
      std::size_t result = line.find(" = 1 {1, \"");
      if (result != std::string::npos) received += line[result + 10];
    }
    std::sort(received.begin(), received.end());
    EXPECT_EQ(received, "abc") << history;
    EXPECT_TRUE(contains(got, "blocked B") != contains(got, "blocked C")) << history;
    EXPECT_EQ(contains(got, "blocked C"), contains(got, "skipped C: msgget(1, 0)")) << history;
    EXPECT_TRUE(contains(got, "B: <... msgrcv resumed> = -1 EIDRM") ||
                contains(got, "C: <... msgrcv resumed> = -1 EIDRM"))
        << history;
  }
}

TEST_P(Agent, CredentialsAreTakenOnAndReadBack) {
  NEEDS_ROOT();
  Outcome result = conduct(
      "scenario creds\nprocess A uid=1000 gid=1001 groups=7,8 caps=ipc_owner ruid=5 fsgid=9\n"
      "process B uid=1000 gid=1001\nprocess C\n"
      "B: q = msgget(IPC_PRIVATE, 0600)\nB: become(uid=1002)\nB: msgctl(q, IPC_STAT, buf)\n"
      "B: become(uid=1000 caps=none)\nB: msgrcv(q, buf, 1, 0, IPC_NOWAIT)\nB: become(uid=0 gid=0)\n"
      "B: p = msgget(IPC_PRIVATE, 0)\nB: msgrcv(p, buf, 1, 0, IPC_NOWAIT)\nB: become(caps=none)\n"
      "B: msgrcv(p, buf, 1, 0, IPC_NOWAIT)\nB: become(caps=ipc_owner)\nB: msgrcv(p, buf, 1, 0, "
      "IPC_NOWAIT)\nend\n");
  Lines all = lines(result.out);
  EXPECT_TRUE(contains(all, "process A uid=1000 gid=1001 groups=7,8 caps=ipc_owner ruid=5 fsgid=9"))
      << result.out;
  EXPECT_TRUE(contains(all, "process B uid=1000 gid=1001 groups=none caps=none ruid=1000 fsgid=1001"));
  Lines got = events(result.out);
  EXPECT_EQ(got[2], "B: msgctl(q, IPC_STAT, buf) = -1 EACCES");
  EXPECT_EQ(got[4], "B: msgrcv(q, buf, 1, 0, IPC_NOWAIT) = -1 ENOMSG");
  EXPECT_EQ(got[7], "B: msgrcv(p, buf, 1, 0, IPC_NOWAIT) = -1 ENOMSG");
  EXPECT_EQ(got[9], "B: msgrcv(p, buf, 1, 0, IPC_NOWAIT) = -1 EACCES");
  EXPECT_EQ(got[11], "B: msgrcv(p, buf, 1, 0, IPC_NOWAIT) = -1 ENOMSG");
}

TEST_P(Agent, AThreadFollowsTheCredentialsOfItsProcess) {
  NEEDS_ROOT();
  Lines got = events_of(
      "process A uid=1000\nthread T of A\nT: q = msgget(IPC_PRIVATE, 0600)\nA: become(uid=1001)\n"
      "T: msgctl(q, IPC_RMID, NULL)\nT: become(uid=1000)\nA: msgctl(q, IPC_RMID, NULL)\n");
  EXPECT_EQ(got[2], "T: msgctl(q, IPC_RMID, NULL) = -1 EPERM");
  EXPECT_EQ(got[4], "A: msgctl(q, IPC_RMID, NULL) = 0");
}

TEST_P(Agent, LimitsAreSetAndFresh) {
  std::string body =
      "process A\nsetlimit(msgmax, 10)\ngetlimit(msgmax)\nsetlimit(msgmax, -5)\nsetlimit(msg_next_id, "
      "70000)\n"
      "A: q = msgget(IPC_PRIVATE, 0600)\nA: msgsnd(q, {1, \"01234567890\"}, 11, 0)\ngetlimit(msg_next_id)\n";
  Outcome result = conduct("scenario one\n" + body + "end\nscenario two\n" + body + "end\n");
  Lines expected{"setlimit(msgmax, 10) = 0",
                 "getlimit(msgmax) = 10",
                 "setlimit(msgmax, -5) = -1 EINVAL",
                 "setlimit(msg_next_id, 70000) = 0",
                 "A: q = msgget(IPC_PRIVATE, 0600) = 70000",
                 "A: msgsnd(q, {1, \"01234567890\"}, 11, 0) = -1 EINVAL",
                 "getlimit(msg_next_id) = -1"};
  for (const std::string& history : histories(result.out)) {
    EXPECT_TRUE(contains(lines(history), "namespace fresh"));
    EXPECT_TRUE(contains(lines(history), "limits msgmax=8192 msgmnb=16384 msgmni=32000"));
    EXPECT_EQ(events(history), expected);
  }
}

TEST_P(Agent, UnshareLeadsToAnotherNamespace) {
  Lines got = events_of(
      "process A\nprocess B\nA: q = msgget(5, IPC_CREAT|0600)\nA: unshare()\nA: msgget(5, 0)\n"
      "A: msgget(6, IPC_CREAT|0600)\nA: table()\nB: msgget(6, 0)\nB: msgctl(q, IPC_RMID, NULL)\n");
  EXPECT_EQ(got[2], "A: msgget(5, 0) = -1 ENOENT");
  EXPECT_EQ(got[4].substr(0, 32), "A: table() = 1 {key=0x00000006, ");
  EXPECT_EQ(got[5], "B: msgget(6, 0) = -1 ENOENT");
  EXPECT_EQ(got[6], "B: msgctl(q, IPC_RMID, NULL) = 0");
}

TEST_P(Agent, StatTableAndInfoNameTheirFields) {
  Lines got = events_of(
      "process A\nA: q = msgget(0x80000001, IPC_CREAT|0640)\nA: msgsnd(q, {1, \"abc\"}, 3, 0)\n"
      "A: msgctl(q, IPC_SET, {uid=0, gid=0, mode=01604, qbytes=77})\nA: msgctl(q, IPC_STAT, buf)\n"
      "A: msgctl(0, MSG_STAT, buf)\nA: table()\nA: msgctl(0, MSG_INFO, buf)\nmsgctl(q, IPC_INFO, buf)\n");
  std::string own =
      "key=0x80000001, uid=0, gid=0, cuid=0, cgid=0, mode=0604, qnum=1, cbytes=3, qbytes=77, lspid=A, "
      "lrpid=0, ";
  EXPECT_EQ(got[3].find("A: msgctl(q, IPC_STAT, buf) = 0 {" + own), 0u) << got[3];
  EXPECT_EQ(got[4].find("A: msgctl(0, MSG_STAT, buf) = 0 {" + own), 0u) << got[4];
  EXPECT_EQ(
      got[5].find(
          "A: table() = 1 {key=0x80000001, msqid=0, perms=0604, cbytes=3, qnum=1, lspid=A, lrpid=0, uid=0, "),
      0u)
      << got[5];
  EXPECT_NE(
      got[6].find("= 0 {msgpool=1, msgmap=1, msgmax=8192, msgmnb=16384, msgmni=32000, msgssz=16, msgtql=3, "),
      std::string::npos)
      << got[6];
  EXPECT_NE(got[7].find("= 0 {msgpool="), std::string::npos) << got[7];
}

TEST_P(Agent, FilesLieInAFolderOfTheScenario) {
  auto folder = std::filesystem::temp_directory_path() / ("svmq-agent-test-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  Lines got = events_of(
      "process A\nA: create(\"f\")\nA: k = ftok(\"f\", 1)\nA: mkdir(\"d\", 0)\nA: mkdir(\"e\", 0755)\n"
      "A: link(\"f\", \"e/g\")\nA: symlink(\"e/g\", \"h\")\nA: l = ftok(\"h\", 257)\nA: q = msgget(k, "
      "IPC_CREAT|0600)\n"
      "A: msgget(l, 0)\nA: unlink(\"e/g\")\nA: ftok(\"h\", 1)\nA: s = shmget(k, 4096, IPC_CREAT|0600)\n",
      {.environment = {"TMPDIR=" + folder.string()}});
  EXPECT_EQ(got[8], "A: msgget(l, 0) = 0");
  EXPECT_EQ(got[10], "A: ftok(\"h\", 1) = -1 ENOENT");
  EXPECT_NE(got[11].find("= 0"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

// The number behind a word, 0 if the word does not occur.
long number_behind(const std::string& text, const std::string& word) {
  std::size_t at = text.find(word);
  return at == std::string::npos ? 0 : std::stol(text.substr(at + word.size()));
}

TEST_P(Agent, TheClockIsWrittenWhenItChanges) {
  Outcome result = conduct(
      "scenario clock\nprocess A\nA: q = msgget(IPC_PRIVATE, 0600)\ntick()\n"
      "A: msgsnd(q, {1, \"\"}, 0, 0)\nA: msgctl(q, IPC_STAT, buf)\nend\n");
  std::vector<long> clocks;
  for (const std::string& line : lines(result.out))
    if (line.starts_with("clock ")) clocks.push_back(number_behind(line, "clock "));
  ASSERT_GE(clocks.size(), 2u) << result.out;
  EXPECT_EQ(std::adjacent_find(clocks.begin(), clocks.end(), std::greater_equal<>()), clocks.end());
  long stime = number_behind(result.out, "stime="), ctime = number_behind(result.out, "ctime=");
  EXPECT_LT(ctime, stime);
  for (long time : {stime, ctime}) EXPECT_EQ(std::count(clocks.begin(), clocks.end(), time), 1) << result.out;
}

TEST_P(Agent, WhatIsNoScenarioIsSaidAndTheNextGoesOn) {
  Outcome result = conduct(
      "scenario one\nprocess A\nA: msgget(1,\nend\n"
      "# between\ngarbage\n\n"
      "scenario two\nlanguage 2\nend\n"
      "scenario three\nprocess A\nA: msgsnd(q, NULL, 1, 0)\nend\n"
      "scenario four\nprocess A\n"
      "scenario five\n  process A   # yes\n A : msgget( 1 ,0 )# no\nend\n"
      "scenario empty\nprocess A\nconcurrent {\n}\nend\n"
      "scenario keeps\nq = msgget(1, 0)\nend\n"
      "scenario six\nprocess A\nA: msgget(1, 0)");
  auto all = histories(result.out);
  ASSERT_EQ(all.size(), 9u) << result.out;
  Lines expected{"failed line 3: expected a number, found the end of the line",
                 "failed line 6: expected 'scenario', found 'garbage'",
                 "failed line 9: language 2 is not known, only 1",
                 "failed line 13: variable 'q' is used before it is set",
                 "failed line 16: the scenario has no 'end'",
                 "A: msgget(1, 0) = -1 ENOENT",
                 "failed line 24: a block without a step",
                 "failed line 27: the conductor keeps no values",
                 "failed line 31: the scenario has no 'end'"};
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(events(all[i]), Lines{expected[i]});
  EXPECT_EQ(WEXITSTATUS(result.status), 0);
}

TEST_P(Agent, ManyActorsInOneScenario) {
  std::string body, last;
  for (int i = 0; i < 30; ++i) body += "process P" + std::to_string(i) + "\n";
  body += "thread T of P0\nthread U of P0\nP0: q = msgget(IPC_PRIVATE, 0600)\nconcurrent {\n";
  for (int i = 0; i < 30; ++i)
    body += "  P" + std::to_string(i) + ": msgrcv(q, buf, 1, 0, 0)\n", last += " P" + std::to_string(i);
  Lines got = events_of(body + "  T: msgrcv(q, buf, 1, 0, 0)\n}\nU: msgctl(q, IPC_RMID, NULL)\n");
  EXPECT_TRUE(contains(got, "blocked" + last + " T"));
  EXPECT_EQ(std::count_if(got.begin(), got.end(),
                          [](const std::string& line) { return line.ends_with(" = -1 EIDRM"); }),
            31);
}

TEST_P(Agent, CapabilitiesAreFoundByTrying) {
  Outcome result = run({.program = GetParam(), .arguments = {"--isolate", "--capabilities"}}, "");
  Lines got = lines(result.out);
  ASSERT_EQ(got.size(), 13u) << result.out;
  for (std::string need :
       {"namespaces", "limits", "threads", "exec", "stop", "signals", "files", "table", "shm"})
    EXPECT_TRUE(contains(got, need + " yes")) << result.out;
  if (privileged()) {
    EXPECT_TRUE(contains(got, "uids yes"));
    EXPECT_TRUE(contains(got, "privilege-drop yes"));
  }
}

// Whether a scenario is being conducted with that folder for temporary files.
bool has_scratch(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("svmq-agent-")) return true;
  return false;
}

TEST_P(Agent, TermSignalEndsAllAtOnce) {
  auto folder = std::filesystem::temp_directory_path() / ("svmq-agent-test-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  for (int number : {SIGTERM, SIGINT, SIGKILL}) {
    Outcome result =
        run({.program = GetParam(),
             .arguments = {"--isolate", "--directory", folder.string()},
             .environment = {"TMPDIR=" + folder.string()},
             .meanwhile =
                 [&](pid_t agent) {
                   for (int i = 0; i < 5000 && !has_scratch(folder); ++i) usleep(1000);
                   kill(agent, number);
                 }},
            "scenario long\nprocess A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nA: create(\"f\")\n"
            "A: msgrcv(q, buf, 1, 0, 0)\ntick()\ntick()\ntick()\ntick()\nend\n");
    EXPECT_FALSE(result.left) << number;
    if (number == SIGKILL) {
      EXPECT_TRUE(WIFSIGNALED(result.status));
    } else {
      EXPECT_EQ(WEXITSTATUS(result.status), 128 + number) << result.err;
      EXPECT_NE(result.out.find("\nfailed the agent was told to end\nend\n"), std::string::npos)
          << result.out;
      EXPECT_TRUE(std::filesystem::is_empty(folder));
    }
  }
  std::filesystem::remove_all(folder);
}

TEST_P(Agent, WhatAKilledAgentLeftGoesWithTheNext) {
  auto folder = std::filesystem::temp_directory_path() / ("svmq-agent-left-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  Setting setting{
      .program = GetParam(), .environment = {"TMPDIR=" + folder.string()}, .meanwhile = [&](pid_t agent) {
        for (int i = 0; i < 5000 && !has_scratch(folder); ++i) usleep(1000);
        usleep(20000);
        kill(agent, SIGKILL);
      }};
  run(setting, "scenario long\nprocess A\nA: create(\"f\")\ntick()\ntick()\ntick()\nend\n");
  EXPECT_TRUE(has_scratch(folder));
  setting.meanwhile = nullptr;
  run(setting, "scenario short\nprocess A\nA: create(\"f\")\nend\n");
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

// Scenarios share their processes; nothing of one may be seen in the next.
TEST_P(Agent, EveryScenarioBeginsAlike) {
  NEEDS_ROOT();
  Outcome result = conduct(
      "scenario one\nprocess A uid=1000 gid=1000 groups=7,8 caps=ipc_owner\nprocess B\n"
      "A: q = msgget(1, 0666|IPC_CREAT)\nA: handler(SIGTERM, ignore)\nA: mask(SIGUSR1)\nkill(A, SIGUSR1)\n"
      "A: become(uid=1001 fsgid=5)\nB: unshare()\nB: msgget(1, 0600|IPC_CREAT)\nA: msgrcv(q, buf, 1, 0, "
      "0)\nend\n"
      "scenario two\nprocess A\nprocess B\nB: msgget(1, 0)\nA: msgget(1, 0)\nA: unmask(SIGUSR1)\n"
      "B: q = msgget(IPC_PRIVATE, 0)\nA: msgctl(q, IPC_RMID, NULL)\nkill(A, SIGTERM)\nend\n"
      "scenario three\nprocess A uid=1002\nA: msgget(1, 0)\nend\n");
  auto all = histories(result.out);
  ASSERT_EQ(all.size(), 3u) << result.out;
  EXPECT_EQ(events(all[0]).back(), "blocked A") << all[0];
  EXPECT_EQ(events(all[1]),
            (Lines{"B: msgget(1, 0) = -1 ENOENT", "A: msgget(1, 0) = -1 ENOENT", "A: unmask(SIGUSR1) = 0",
                   "B: q = msgget(IPC_PRIVATE, 0) = 0", "A: msgctl(q, IPC_RMID, NULL) = 0",
                   "kill(A, SIGTERM) = 0", "A: +++ killed by SIGTERM +++"}));
  EXPECT_NE(all[2].find("process A uid=1002 gid=0 groups=none caps=none ruid=1002 fsgid=0"),
            std::string::npos)
      << all[2];
}

// Steps of one actor go to it together, but not while one of them may wake somebody.
TEST_P(Agent, AStepWaitsForWhatTheLastOneWoke) {
  std::string scenarios;
  for (int i = 0; i < 20; ++i)
    scenarios +=
        "scenario s\nprocess A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nB: msgrcv(q, buf, 9, 0, 0)\n"
        "A: msgsnd(q, {1, \"x\"}, 1, 0)\nA: msgget(2, 0)\nA: msgget(3, 0)\nend\n";
  for (const std::string& history : histories(conduct(scenarios).out))
    EXPECT_LT(history.find("B: <... msgrcv resumed> = 1"), history.find("A: msgget(2, 0)")) << history;
}

// Two that sleep must be found quiet by time alone.
TEST_P(Agent, SleepersSettleByTime) {
  std::string scenario =
      "scenario s\nprocess A\nprocess B\nprocess C\nA: q = msgget(IPC_PRIVATE, 0600)\nA: msgrcv(q, buf, 1, "
      "1, 0)\n"
      "B: handler(SIGUSR1, catch)\nB: msgrcv(q, buf, 1, 2, 0)\nkill(B, SIGUSR1)\nC: msgsnd(q, {1, \"x\"}, 1, "
      "0)\nend\n";
  Outcome result =
      conduct(scenario, {.arguments = {"--isolate", "--blocking", "settle", "--time-limit", "2000"}});
  EXPECT_NE(result.out.find("blocking=settle"), std::string::npos);
  EXPECT_EQ(result.out.find("hung"), std::string::npos) << result.out;
  EXPECT_TRUE(contains(lines(result.out), "blocked A B")) << result.out;
  EXPECT_TRUE(contains(lines(result.out), "B: <... msgrcv resumed> = -1 EINTR")) << result.out;
  EXPECT_TRUE(contains(lines(result.out), "A: <... msgrcv resumed> = 1 {1, \"x\"}")) << result.out;
}

TEST_P(Agent, RequestsAndScenariosAreAnsweredInTheirOrder) {
  Outcome result =
      run({.program = GetParam()},
          "# first\ncapabilities\nscenario one\nprocess A\nA: msgget(1, 0)\nend\n\ncapabilities\n");
  EXPECT_TRUE(result.out.starts_with("capabilities\nuids ")) << result.out;
  std::size_t history = result.out.find("end\nhistory one"),
              again = result.out.find("end\ncapabilities\nuids");
  EXPECT_LT(history, again) << result.out;
  EXPECT_NE(again, std::string::npos) << result.out;
  EXPECT_TRUE(result.out.ends_with("\nend\n"));
}

TEST_P(Agent, OnAConsoleEveryLineIsMarked) {
  Outcome result = run({.program = GetParam(), .arguments = {"--isolate", "--console"}},
                       "scenario one\nprocess A\nA: msgget(1, 0)\nend\n");
  Lines all = lines(result.out);
  ASSERT_GT(all.size(), 3u);
  EXPECT_EQ(all.front(), "svmq| ready 1");
  for (const std::string& line : all) EXPECT_TRUE(line.starts_with("svmq| ")) << line;
}

TEST(AgentCalls, RawSystemCallsGiveWhatTheLibraryGives) {
  std::string scenario =
      "scenario s\nprocess A\nprocess B\nA: q = msgget(7, 0600|IPC_CREAT)\nA: msgsnd(q, {5, \"abc\"}, 3, 0)\n"
      "B: msgrcv(q, buf, 9, 0, 0)\nB: msgrcv(q, buf, 9, 0, 0)\nA: msgctl(q, IPC_STAT, BAD)\nA: msgctl(q, "
      "MSG_INFO, buf)\n"
      "A: msgctl(q, IPC_RMID, NULL)\nend\n";
  Outcome library = run({.program = "svmq-agent"}, scenario);
  if (WEXITSTATUS(library.status) == 2) GTEST_SKIP() << "cannot isolate scenarios here: " << library.err;
  Outcome raw = run({.program = "svmq-agent", .arguments = {"--isolate", "--raw"}}, scenario);
  EXPECT_NE(raw.out.find("agent 1 raw-"), std::string::npos) << raw.out;
  EXPECT_EQ(sorted(events(library.out)), sorted(events(raw.out)));
  EXPECT_EQ(WEXITSTATUS(run({.program = "svmq-agent-impl", .arguments = {"--raw"}}, "").status), 2);
}

TEST_P(Agent, AUsedNamespaceIsLeftAsItWas) {
  if (!kernel() || !privileged()) GTEST_SKIP() << "for the kernel's queues, and as root";
  Setting used{.arguments = {}, .before_exec = [] {
                 unshare(CLONE_NEWIPC);
                 msgget(77, IPC_CREAT | 0600);
               }};
  Outcome result = conduct(
      "scenario one\nprocess A\nA: msgget(77, IPC_CREAT|0600)\nA: msgget(78, IPC_CREAT|0600)\n"
      "A: msgget(IPC_PRIVATE, 0600)\nsetlimit(msgmax, 100)\nend\n"
      "scenario two\nprocess A\nA: table()\ngetlimit(msgmax)\nend\n",
      used);
  auto all = histories(result.out);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(contains(lines(all[1]), "namespace used"));
  EXPECT_NE(all[1].find("A: table() = 1 {key=0x0000004d, "), std::string::npos) << all[1];
  EXPECT_NE(all[1].find("getlimit(msgmax) = 8192"), std::string::npos);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NEEDS_PRELOAD() GTEST_SKIP() << "a sanitizer's library must come first"
#else
#define NEEDS_PRELOAD() (void)0
#endif

TEST_P(Agent, ACrashingCallCostsOnlyItsProcess) {
  NEEDS_PRELOAD();
  Lines got = events_of(
      "process A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nA: msgsnd(q, {666, \"x\"}, 1, 0)\nB: "
      "msgget(1, 0)\n",
      {.environment = {"LD_PRELOAD=" SVMQ_BINARY_DIR "/lib/libsvmq-agent-faults.so"}});
  Lines expected{"A: q = msgget(IPC_PRIVATE, 0600) = 0", "A: msgsnd(q, {666, \"x\"}, 1, 0) <unfinished ...>",
                 "A: +++ killed by SIGILL +++", "B: msgget(1, 0) = -1 ENOENT"};
  EXPECT_EQ(got, expected);
}

TEST_P(Agent, AStepThatWasBeingPreparedAtADeathIsSkipped) {
  NEEDS_PRELOAD();
  const std::string steps = "A: msgsnd(q, {668, \"x\"}, 1, 0)\nA: msgget(1, 0)\nA: msgget(2, 0)\n";
  for (const std::string& block : {"concurrent {\n" + steps + "}\n", steps}) {
    Lines got =
        events_of("process A\nprocess B\nB: q = msgget(IPC_PRIVATE, 0666)\n" + block + "B: msgget(1, 0)\n",
                  {.environment = {"LD_PRELOAD=" SVMQ_BINARY_DIR "/lib/libsvmq-agent-faults.so"}});
    Lines expected{"A: +++ killed by SIGKILL +++", "skipped A: msgget(1, 0)", "skipped A: msgget(2, 0)",
                   "B: msgget(1, 0) = -1 ENOENT"};
    ASSERT_EQ(got.size(), 6u);
    EXPECT_EQ(Lines(got.begin() + 2, got.end()), expected);
  }
}

TEST_P(Agent, ACallThatNeitherReturnsNorSleepsIsHung) {
  NEEDS_PRELOAD();
  Outcome result = conduct(
      "scenario hang\nprocess A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nB: msgrcv(q, buf, 1, 0, 0)\n"
      "A: msgsnd(q, {667, \"x\"}, 1, 0)\nB: msgget(1, 0)\nend\n"
      "scenario next\nprocess A\nA: msgget(1, 0)\nend\n",
      {.arguments = {"--isolate", "--time-limit", "100"},
       .environment = {"LD_PRELOAD=" SVMQ_BINARY_DIR "/lib/libsvmq-agent-faults.so"}});
  auto all = histories(result.out);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(events(all[0]).back(), "hung A");
  EXPECT_EQ(events(all[1]), Lines{"A: msgget(1, 0) = -1 ENOENT"});
}

// The time limit is of a step: a busy machine may take longer to start the processes.
TEST_P(Agent, StartingIsNoStep) {
  std::string scenarios;
  for (int i = 0; i < 20; ++i)
    scenarios += "scenario s" + std::to_string(i) +
                 "\nprocess A\nprocess B\nprocess C\nprocess D\nthread T of D\nA: msgget(1, 0)\nend\n";
  Outcome result = run({.program = GetParam(), .arguments = {"--isolate", "--time-limit", "1"}}, scenarios);
  EXPECT_EQ(histories(result.out).size(), 20u) << result.err;
  EXPECT_EQ(result.out.find("could not be started"), std::string::npos) << result.out;
}

TEST_P(Agent, AnOrdinaryUserIsToldWhatIsMissing) {
  NEEDS_ROOT();
  std::string program = std::string(SVMQ_BINARY_DIR) + "/bin/" + GetParam();
  Setting user{.arguments = {}, .before_exec = [] {
                 unshare(CLONE_NEWIPC);
                 if (setgid(65534) != 0 || setuid(65534) != 0) _exit(99);
                 if (access((std::string(SVMQ_BINARY_DIR) + "/bin").c_str(), X_OK) != 0) _exit(98);
               }};
  Outcome result = conduct(
      "scenario own\nprocess A\nA: msgget(1, 0)\nend\nscenario other\nprocess A uid=1 gid=1\nA: msgget(1, "
      "0)\nend\n"
      "scenario limit\nprocess A\nsetlimit(msgmax, 1)\nA: msgget(1, 0)\nend\n",
      user);
  if (WEXITSTATUS(result.status) == 98) GTEST_SKIP() << "another user cannot reach " << program;
  auto all = histories(result.out);
  ASSERT_EQ(all.size(), 3u) << result.err;
  EXPECT_EQ(events(all[0]), Lines{"A: msgget(1, 0) = -1 ENOENT"});
  ASSERT_EQ(events(all[1]).size(), 1u);
  EXPECT_EQ(events(all[1])[0].find("unsupported uids "), 0u);
  if (kernel()) {
    ASSERT_EQ(events(all[2]).size(), 1u);
    EXPECT_EQ(events(all[2])[0].find("unsupported limits "), 0u);
  }
}

TEST(AgentArguments, WrongOnesAreRefused) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--nonsense"},
                                                {"--time-limit"},
                                                {"--time-limit", "x"},
                                                {"--directory", "relative"}}) {
    Outcome result = run({.program = "svmq-agent", .arguments = wrong}, "");
    EXPECT_EQ(WEXITSTATUS(result.status), 2);
    EXPECT_NE(result.err.find("--help"), std::string::npos);
  }
  for (std::string program : {"svmq-agent", "svmq-agent-impl"})
    for (std::string right : {"--help", "--version"})
      EXPECT_NE(run({.program = program, .arguments = {right}}, "").out.find(program + " "),
                std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Programs, Agent, testing::Values("svmq-agent", "svmq-agent-impl"),
                         [](const auto& program) {
                           return program.param == "svmq-agent" ? "Kernel" : "Libsvmq";
                         });

}  // namespace
}  // namespace svmq::agent_test
