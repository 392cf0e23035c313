#include <gtest/gtest.h>

#include "svmq/explore/fingerprint.hpp"
#include "svmq/scope/scope.hpp"

namespace svmq::scope {
namespace {

const char* const good = R"toml(
title = "t"
processes = ["A uid=1", "B uid=1"]
queues = ["q", "r"]
types = [3, 4]
before = ["PROCESS: handler(SIGUSR1, catch)", "setlimit(msgmnb, 9)"]
calls = [
  "QUEUE = msgget(KEY, IPC_CREAT|0600)",
  "msgsnd(QUEUE, {TYPE, \"TYPE\"}, 4, 0)",
  "A: msgctl(QUEUE, IPC_RMID, NULL)",
  "conductor: kill(PROCESS, SIGKILL)",
]
)toml";

std::string complaint(const std::string& text) {
  try {
    (void)read(text, "file.toml");
  } catch (const Malformed& error) {
    return error.what();
  }
  return "";
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text = good;
  return text.replace(text.find(from), from.size(), to);
}

// Bug: a line in capitals stands for too few calls, or replaces what is quoted.
TEST(Read, ALineStandsForSeveralCalls) {
  const model::explore::Scope scope = read(good, "x/small.toml");
  EXPECT_EQ(scope.name, "small");
  EXPECT_EQ(scope.before.size(), 3u);
  EXPECT_EQ(scope.calls.size(), 3u + 2 * 2 + 2 * 2 * 2 + 2 + 2);
  EXPECT_EQ(scope.calls[3].text, "A: q = msgget(1, 0600|IPC_CREAT)");
  EXPECT_EQ(scope.calls[4].text, "A: r = msgget(2, 0600|IPC_CREAT)");
  EXPECT_EQ(scope.calls[8].text, "A: msgsnd(q, {4, \"TYPE\"}, 4, 0)");
  EXPECT_EQ(scope.calls.back().text, "kill(B, SIGKILL)");
}

// Bug: who may do different things is taken for the same.
TEST(Read, OnlyWhatIsAlikeIsTakenForTheSame) {
  const auto alike = [](const std::string& text) {
    return model::explore::Canon(read(text, "f"), *model::find_profile("linux-6.18"), true).alike();
  };
  EXPECT_EQ(alike(good).size(), 3u) << "A alone may remove";
  EXPECT_EQ(alike(changed("A: msgctl", "msgctl")).size(), 2u) << "A and B, and the conductor";
  EXPECT_TRUE(read(good, "f").slots_alike);
  EXPECT_TRUE(read(good, "f").types_alike);
  EXPECT_FALSE(read(changed("A: msgctl(QUEUE", "A: msgctl(q"), "f").slots_alike);
  EXPECT_FALSE(
      read(changed("A: msgctl(QUEUE, IPC_RMID, NULL)", "msgrcv(QUEUE, buf, 9, -TYPE, 0)"), "f").types_alike);
  EXPECT_FALSE(
      read(changed("A: msgctl(QUEUE, IPC_RMID, NULL)", "msgrcv(QUEUE, buf, 9, 3, 0)"), "f").types_alike);
}

// Bug: a mistake is not found, or not said where.
TEST(Read, AMistakeIsToldWithItsPlace) {
  EXPECT_NE(complaint(changed("title", "titel")).find("file.toml: titel: expected one of before, calls"),
            std::string::npos);
  EXPECT_NE(complaint(changed("{TYPE,", "{TYPE;")).find("file.toml: calls[1]: expected"), std::string::npos);
  EXPECT_NE(complaint(changed("handler(SIGUSR1", "handler(SIGHUGO")).find("file.toml: before[0]: expected"),
            std::string::npos);
  EXPECT_NE(complaint("title = 1 2").find("file.toml:1:"), std::string::npos);
  EXPECT_NE(complaint(std::string(good) + "sometimes = [\"never\"]\n").find("there is no \"never\""),
            std::string::npos);
  EXPECT_NE(
      complaint(std::string(good) + "depth = \"x\"\n").find("file.toml: depth: expected a whole number"),
      std::string::npos);
}

}  // namespace
}  // namespace svmq::scope
