// The C programs are compiled and run on this system: with what it does as the expectation, and with
// something else.
#include "svmq/shrink/c_program.hpp"

#include <gtest/gtest.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "svmq/judge/execute.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::shrink {
namespace {

using namespace language;

const char* const two_messages =
    "scenario x\nprocess A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nA: msgsnd(q, {3, \"three\"}, 5, 0)\n"
    "A: msgsnd(q, {2, \"t\\x00o\"}, 3, 0)\nB: msgrcv(q, buf, 100, -3, 0)\nend\n";
const char* const sleeper =
    "scenario x\nprocess A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nB: msgrcv(q, buf, 100, 0, 0)\nA: "
    "msgctl(q, IPC_RMID, NULL)\nend\n";
const char* const race =
    "scenario x\nprocess A\nprocess B\nA: q = msgget(IPC_PRIVATE, 0600)\nconcurrent {\n  A: msgsnd(q, {1, "
    "\"a\"}, 1, 0)\n"
    "  B: msgrcv(q, buf, 10, 0, 0)\n}\nend\n";

bool queues_here() {
  const int id = msgget(IPC_PRIVATE, 0600);
  if (id >= 0) msgctl(id, IPC_RMID, nullptr);
  return id >= 0;
}

class CProgram : public testing::Test {
 protected:
  void SetUp() override {
    if (!queues_here()) GTEST_SKIP() << "this system has no System V message queues";
    folder_ = std::filesystem::temp_directory_path() / ("svmq-c-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // The deviation: the call whose line begins with `step` gave `observed`, where `allowed` was.
  std::string program(const char* text, const std::string& step, const std::string& observed,
                      const std::string& allowed) {
    scenario_ = std::get<std::vector<Scenario>>(parse_scenarios(text, "test")).front();
    const model::Profile& profile = *model::find_profile("linux-6.18");
    const History history = judge::execute(scenario_, profile, 1);
    judge::Deviation deviation{0, step, observed, {{allowed, {}}}, {}};
    while (deviation.event + 1 < history.events.size() &&
           print(history.events[deviation.event]).find(step) != 0)
      ++deviation.event;
    const auto written = c_program({scenario_, history, deviation, profile, "test", "none"});
    if (const auto* not_in_c = std::get_if<NotInC>(&written)) return ADD_FAILURE() << not_in_c->reason, "";
    return std::get<std::string>(written);
  }

  // Its exit status, after it compiled without a warning.
  int run(const std::string& program) {
    std::ofstream(folder_ / "x.c") << program;
    const std::string x = (folder_ / "x").string();
    if (std::system(("cc -std=gnu99 -Wall -Wextra -Werror " + x + ".c -o " + x).c_str()) != 0)
      return ADD_FAILURE() << program, -1;
    const int status = std::system((x + " > " + x + ".out").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  Scenario scenario_;
  std::filesystem::path folder_;
};

// Red if a program does not see what happens, or takes everything for a deviation.
TEST_F(CProgram, ComparesTheCallThatDeviated) {
  const std::string step = "B: msgrcv";
  EXPECT_EQ(
      run(program(two_messages, "B: msgrcv(q, buf, 100, -3, 0)", "5 {3, \"three\"}", "3 {2, \"t\\x00o\"}")),
      0);
  EXPECT_EQ(
      run(program(two_messages, "B: msgrcv(q, buf, 100, -3, 0)", "3 {2, \"t\\x00o\"}", "5 {3, \"three\"}")),
      1);
}

// Red if a sleeping call counts as one that returned, or the other way round.
TEST_F(CProgram, SeesWhoSleeps) {
  EXPECT_EQ(run(program(sleeper, "B: msgrcv(q, buf, 100, 0, 0)", "-1 ENOMSG", "asleep")), 0);
  EXPECT_EQ(run(program(sleeper, "B: msgrcv(q, buf, 100, 0, 0)", "asleep", "-1 ENOMSG")), 1);
}

// Red if the outcomes of a race are not those of the system: it runs for a minute before it says that nothing
// deviates, so only the other direction is tried: without its outcomes everything deviates.
TEST_F(CProgram, ComparesAllOutcomesOfARace) {
  std::string text = program(race, "B: msgrcv(q, buf, 10, 0, 0)", "-1 EIDRM", "1 {1, \"a\"}");
  EXPECT_NE(text.find("1 {1, \\\"a\\\"}"), std::string::npos) << text;
  const std::string minute = "time(NULL) + 60";
  text.replace(text.find(minute), minute.size(), "time(NULL) + 1");
  EXPECT_EQ(run(text), 0);
  const std::string outcome = "1 {1, \\\"a\\\"}\\012";
  text.replace(text.find(outcome), outcome.size(), "7\\012");
  EXPECT_EQ(run(text), 1);
}

}  // namespace
}  // namespace svmq::shrink
