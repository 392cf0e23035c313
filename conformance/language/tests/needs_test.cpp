// What a scenario needs follows from its text.
#include "tests/support.hpp"

namespace svmq::language {
namespace {

using Needs = std::set<std::string>;

Needs needs_of(const std::string& lines) { return needs(scenario_of("scenario s\n" + lines + "\nend\n")); }

TEST(Needs, PlainCallsNeedNothing) {
  EXPECT_EQ(
      needs_of(
          "process A\nA: q = msgget(1, 01600)\nA: msgsnd(q, {1, \"\"}, 0, 0)\nA: msgrcv(q, buf, 0, 0, 0)\n"
          "A: msgctl(q, IPC_STAT, buf)\nA: msgctl(q, IPC_SET, NULL)\nA: exit(0)\ntick()"),
      Needs{});
}

TEST(Needs, Credentials) {
  EXPECT_EQ(needs_of("process A uid=1"), Needs{"uids"});
  EXPECT_EQ(needs_of("process A gid=1"), Needs{"uids"});
  EXPECT_EQ(needs_of("process A groups=none"), Needs{"uids"});
  EXPECT_EQ(needs_of("process A ruid=1"), Needs{"uids"});
  EXPECT_EQ(needs_of("process A fsgid=1"), Needs{"uids"});
  EXPECT_EQ(needs_of("process A caps=none"), Needs{"caps"});
  EXPECT_EQ(needs_of("process A\nA: become(uid=1)"), (Needs{"privilege-drop", "uids"}));
  EXPECT_EQ(needs_of("process A\nA: become(caps=all)"), (Needs{"caps", "privilege-drop"}));
}

TEST(Needs, Steps) {
  auto step = [](const std::string& line) { return needs_of("process A\n" + line); };
  EXPECT_EQ(step("A: setlimit(msgmax, 1)"), Needs{"limits"});
  EXPECT_EQ(step("A: getlimit(msgmni)"), Needs{"limits"});
  EXPECT_EQ(step("A: setlimit(msg_next_id, 1)"), Needs{"next_id"});
  EXPECT_EQ(step("thread T of A"), Needs{"threads"});
  EXPECT_EQ(step("A: exec()"), Needs{"exec"});
  EXPECT_EQ(step("A: unshare()"), Needs{"namespaces"});
  EXPECT_EQ(step("kill(A, SIGSTOP)"), Needs{"stop"});
  EXPECT_EQ(step("kill(A, SIGCONT)"), Needs{"stop"});
  EXPECT_EQ(step("kill(A, SIGKILL)"), Needs{"signals"});
  EXPECT_EQ(step("A: handler(SIGUSR1, catch)"), Needs{"signals"});
  EXPECT_EQ(step("A: unmask(SIGUSR1)"), Needs{"signals"});
  EXPECT_EQ(step("create(\"f\")"), Needs{"files"});
  EXPECT_EQ(step("A: ftok(\"/\", 1)"), Needs{"files"});
  EXPECT_EQ(step("A: table()"), Needs{"table"});
  EXPECT_EQ(step("A: shmget(1, 1, 0)"), Needs{"shm"});
  EXPECT_EQ(step("concurrent {\nA: table()\n}"), Needs{"table"});
}

}  // namespace
}  // namespace svmq::language
