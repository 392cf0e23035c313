// Histories: each kind of header line, event and result.
#include "tests/support.hpp"

namespace svmq::language {
namespace {

const std::string header =
    "history h\nagent 1 Linux blocking=syscall\nnamespace fresh\nlimits msgmax=8192 msgmnb=16384\n"
    "process A uid=1000 gid=1000 groups=none caps=none ruid=1000 fsgid=1000\n"
    "process B uid=0 gid=0 groups=1,2 caps=all ruid=0 fsgid=0\nthread T of A\nclock 100\n";

std::string with(const std::string& lines) { return header + lines + "end\n"; }

// Parses, and is what printing it gives.
History canonical(const std::string& lines) {
  History history = history_of(with(lines));
  EXPECT_EQ(print(history), with(lines));
  return history;
}

Result result_of(const std::string& line) {
  History history = canonical("A: q = msgget(IPC_PRIVATE, 0600) = 0\n" + line + "\n");
  return history.events.size() == 3 ? std::get<Complete>(history.events[2].what).result : Result{};
}

TEST(History, Header) {
  History history = canonical("");
  EXPECT_EQ(history.agent, "1 Linux blocking=syscall");
  EXPECT_TRUE(history.fresh);
  EXPECT_EQ(history.limits, (std::map<std::string, std::int64_t>{{"msgmax", 8192}, {"msgmnb", 16384}}));
  ASSERT_EQ(history.actors.size(), 3u);
  EXPECT_EQ(history.actors[1].credentials.groups, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(history.actors[2].process, "A");
  EXPECT_EQ(std::get<Clock>(history.events.at(0).what).seconds, 100);
}

TEST(History, UnknownHeadersAreIgnored) {
  std::string text =
      "history h\nagent 1 x\nfuture things 1 2 {\nnamespace used for=ever\nlimits msgmax=1 other=2\n"
      "process A uid=1 gid=1 groups=none caps=none ruid=1 fsgid=1 pid=77\nclock 1\nend\n";
  History history = history_of(text);
  EXPECT_FALSE(history.fresh);
  EXPECT_EQ(history.actors.size(), 1u);
  EXPECT_EQ(history.limits.size(), 2u);
}

TEST(History, EveryKindOfEvent) {
  History history = canonical(
      "A: q = msgget(IPC_PRIVATE, 0600) = 0\n"
      "B: msgrcv(q, buf, 100, -2, 0) <unfinished ...>\n"
      "T: msgrcv(q, buf, 1, 9, 0) <unfinished ...>\n"
      "blocked B T\n"
      "clock 101\n"
      "skipped B: msgctl(q, IPC_RMID, NULL)\n"
      "kill(B, SIGUSR1) = 0\n"
      "B: <... msgrcv resumed> = -1 EINTR\n"
      "tick() <unfinished ...>\n"
      "hung conductor\n"
      "<... tick resumed> = 0\n"
      "A: +++ exited with 3 +++\n"
      "B: +++ killed by SIGSEGV +++\n");
  ASSERT_EQ(history.events.size(), 14u);
  EXPECT_EQ(std::get<Blocked>(history.events[4].what).actors, (std::vector<std::string>{"B", "T"}));
  EXPECT_EQ(std::get<Hung>(history.events[10].what).actor, "");
  EXPECT_EQ(std::get<Death>(history.events[12].what), (Death{"A", "", 3}));
  EXPECT_EQ(std::get<Death>(history.events[13].what), (Death{"B", "SIGSEGV", 0}));
}

TEST(History, DeathEndsTheCallsOfAllThreads) {
  canonical("T: msgrcv(1, buf, 1, 9, 0) <unfinished ...>\nA: +++ killed by SIGKILL +++\n");
  EXPECT_NE(
      error_of_history(with("T: msgrcv(1, buf, 1, 9, 0) <unfinished ...>\nA: +++ killed by SIGKILL +++\n"
                            "T: <... msgrcv resumed> = 0\n"))
          .find("expected the return of an unfinished call"),
      std::string::npos);
}

TEST(History, EndOfAScenarioThatCouldNotGoOn) {
  History history = canonical("unsupported uids the agent is not root\n");
  EXPECT_EQ(std::get<Unsupported>(history.events[1].what), (Unsupported{"uids", "the agent is not root"}));
  history = canonical("failed fork: no memory\n");
  EXPECT_EQ(std::get<Failed>(history.events[1].what).text, "fork: no memory");
}

TEST(History, ResultsOfMsgrcv) {
  EXPECT_EQ(result_of("A: msgrcv(q, buf, 9, 0, 0) = 3 {7, \"abc\"}").received, (Received{7, "abc"}));
  EXPECT_TRUE(result_of("A: msgrcv(q, buf, 9, 0, 0) = 3 {7, \"abc\"} overrun").overrun);
  EXPECT_EQ(result_of("A: msgrcv(q, buf, 9, 0, 0) = -1 ENOMSG").error, "ENOMSG");
  EXPECT_TRUE(result_of("A: msgrcv(q, buf, 9, 0, 0) = -1 EFAULT touched").touched);
  EXPECT_EQ(result_of("A: msgrcv(q, buf, 9, 0, 0) = -1 133").error, "133");
  EXPECT_FALSE(result_of("A: msgrcv(q, NULL, 9, 0, 0) = 3").received);
}

TEST(History, ResultsOfMsgctl) {
  Result stat = result_of(
      "A: msgctl(q, IPC_STAT, buf) = 0 {key=0x00001234, uid=1, gid=2, cuid=3, cgid=4, mode=0600, qnum=1, "
      "cbytes=5, "
      "qbytes=16384, lspid=A, lrpid=0, stime=100, rtime=0, ctime=99}");
  ASSERT_EQ(stat.records.size(), 1u);
  EXPECT_EQ(stat.records[0].fields.at("key"), 0x1234);
  EXPECT_EQ(stat.records[0].fields.at("mode"), 0600);
  EXPECT_EQ(stat.records[0].pids.at("lspid").actor, "A");
  EXPECT_EQ(stat.records[0].pids.at("lrpid"), (Pid{"", 0}));
  Result index = result_of(
      "A: msgctl(0, MSG_STAT_ANY, buf) = 32768 {key=0xffffffff, mode=0, lspid=conductor, lrpid=4711}");
  EXPECT_EQ(index.value, 32768);
  EXPECT_EQ(index.records.at(0).pids.at("lspid").actor, "conductor");
  EXPECT_EQ(index.records.at(0).pids.at("lrpid").number, 4711);
  Result info = result_of(
      "A: msgctl(0, MSG_INFO, buf) = 0 {msgpool=1, msgmap=2, msgmax=8192, msgmnb=16384, msgmni=32000, "
      "msgssz=16, msgtql=3, "
      "msgseg=65535}");
  EXPECT_EQ(info.records.at(0).fields.at("msgseg"), 65535);
  EXPECT_TRUE(result_of("A: msgctl(q, IPC_RMID, NULL) = 0").records.empty());
}

TEST(History, ResultsOfTableAndCreate) {
  Result table = result_of(
      "A: table() = 2 {key=0x00000000, msqid=0, perms=0600, cbytes=0, qnum=0, lspid=0, lrpid=0, uid=0, "
      "gid=0, cuid=0, "
      "cgid=0, stime=0, rtime=0, ctime=9} {key=0x00000001, msqid=1, perms=0600, cbytes=0, qnum=0, lspid=B, "
      "lrpid=0, uid=0, "
      "gid=0, cuid=0, cgid=0, stime=0, rtime=0, ctime=9}");
  ASSERT_EQ(table.records.size(), 2u);
  EXPECT_EQ(table.records[1].fields.at("msqid"), 1);
  EXPECT_EQ(result_of("A: table() = 0").records.size(), 0u);
  EXPECT_EQ(result_of("create(\"f\") = 0 {dev=64, ino=131}").records.at(0).fields.at("ino"), 131);
}

TEST(History, LongLinesArePermitted) {
  std::string bytes;
  for (int i = 0; i < 40000; ++i) bytes += i % 2 ? "\\x00" : "\\xff";
  History history = history_of(with("A: msgrcv(1, buf, 40000, 0, 0) = 40000 {1, \"" + bytes + "\"}\n"));
  EXPECT_EQ(std::get<Complete>(history.events.at(1).what).result.received->text.size(), 40000u);
}

}  // namespace
}  // namespace svmq::language
