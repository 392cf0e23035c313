// Every malformed thing is told with its place, what was expected and what stands there.
#include "tests/support.hpp"

namespace svmq::language {
namespace {

struct Malformed {
  std::string text;
  std::string message;  // of its first line, behind "t:"
};

std::string first_line(const std::string& message) {
  std::string line = message.substr(0, message.find('\n'));
  return line.rfind("t:", 0) == 0 ? line.substr(2) : line;
}

std::string repeated(int count, const std::string& before, const std::string& after) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += before + std::to_string(i) + after;
  return lines;
}

TEST(Malformed, MessageShowsTheLineAndTheColumn) {
  EXPECT_EQ(error_of_scenario("scenario s\nprocess A\n  A: msgget(IPC_PRIVAT, 0)\nend\n"),
            "t:3:13: expected a variable that has been set, found 'IPC_PRIVAT'\n"
            "  A: msgget(IPC_PRIVAT, 0)\n"
            "            ^");
}

TEST(Malformed, LongLinesAreShownInPart) {
  std::string message =
      error_of_scenario(around("A: msgsnd(q, {1, \"" + std::string(5000, 'x') + "\"}, 5000, 0) junk"));
  EXPECT_LT(message.size(), 400u);
  EXPECT_EQ(first_line(message), "6:5032: expected the end of the line, found 'junk'");
  EXPECT_NE(message.find("junk\n"), std::string::npos);
}

TEST(Malformed, Scenarios) {
  const Malformed table[] = {
      {"", "1:1: expected 'scenario', found the end of the text"},
      {"\n# nothing\n", "3:1: expected 'scenario', found the end of the text"},
      {"scenari s\nend\n", "1:1: expected 'scenario', found 'scenari'"},
      {"scenario\nend\n", "1:9: expected the name of a scenario, found the end of the line"},
      {"scenario a/b\nend\n", "1:10: expected the name of a scenario, found 'a'"},
      {"scenario s\n", "2:1: expected a directive, a step or end, found the end of the text"},
      {"scenario s\nprocess A\nA: table()\n", "4:1: expected a step or end, found the end of the text"},
      {"scenario s\nend now\n", "2:5: expected the end of the line, found 'now'"},
      {"scenario s\nlanguage 2\nend\n",
       "2:10: expected language 1, the only one this reader knows, found '2'"},
      {"scenario s\ntitel x\nend\n", "2:1: expected a directive or a step, found 'titel'"},
      {"scenario s\ntitle\nend\n", "2:6: expected a title, found the end of the line"},
      {"scenario s\ntitle a\ntitle b\nend\n", "3:7: expected at most one title, found 'b'"},
      {"scenario s\nclause\nend\n", "2:7: expected the name of a clause, found the end of the line"},
      {"scenario s\nclause a,b\nend\n", "2:8: expected the name of a clause, found 'a'"},
      {"scenario s\nprocess\nend\n", "2:8: expected a name of a process, found the end of the line"},
      {"scenario s\nprocess 1A\nend\n", "2:9: expected a name of a process, found '1A'"},
      {"scenario s\nprocess _A\nend\n", "2:9: expected a name of a process, found '_A'"},
      {"scenario s\nprocess conductor\nend\n",
       "2:9: expected a name of an actor, found the word 'conductor' of this language"},
      {"scenario s\nprocess A\nprocess A\nend\n", "3:9: expected a name that no other actor has, found 'A'"},
      {"scenario s\nprocess " + std::string(32, 'x') + "\nend\n",
       "2:9: expected a name of at most 31 bytes, found '" + std::string(32, 'x') + "'"},
      {"scenario s\nthread T of A\nend\n", "2:13: expected a declared process, found 'A'"},
      {"scenario s\nprocess A\nthread T of A\nthread U of T\nend\n",
       "4:13: expected a declared process, found 'T'"},
      {"scenario s\nprocess A\nthread T in A\nend\n", "3:10: expected 'of', found 'in'"},
      {"scenario s\nprocess A uid=x\nend\n", "2:15: expected an id from 0 to 4294967294, found 'x'"},
      {"scenario s\nprocess A uid=-1\nend\n", "2:15: expected an id from 0 to 4294967294, found '-1'"},
      {"scenario s\nprocess A gid=1 uid=1\nend\n",
       "2:17: expected a credential or the end of the line, found 'uid'"},
      {"scenario s\nprocess A caps=sys_boot\nend\n",
       "2:16: expected a capability, none or all, found 'sys_boot'"},
      {"scenario s\nprocess A\nA: table()\nprocess B\nend\n", "4:1: expected a call, found 'process'"},
      {"scenario s\nprocess A\nC: table()\nend\n", "3:1: expected a declared actor, found 'C'"},
      {"scenario s\n" + repeated(33, "process A", "\n") + "end\n",
       "34:9: expected at most 32 actors, found one more, 'A32'"},
      {"scenario s\nprocess A\n" + repeated(65, "A: q", " = msgget(1, 0)\n") + "end\n",
       "67:4: expected at most 64 variables, found one more, 'q64'"},
      {"scenario s\n" + repeated(4097, "tick() #", "\n") + "end\n",
       "4098:1: expected at most 4096 steps, found 'tick'"},
      {"scenario s\ntitle " + std::string(70000, 'x') + "\nend\n",
       "2:1: expected a line of at most 65535 bytes, found 70006 bytes"},
      {"scenario s\ntitle a\x01"
       "b\nend\n",
       "2:8: expected text without control characters, found the byte 0x01"},
  };
  for (const Malformed& m : table) EXPECT_EQ(first_line(error_of_scenario(m.text)), m.message);
}

TEST(Malformed, Steps) {
  const Malformed table[] = {
      {"A: nothing()", "6:4: expected a call, found 'nothing'"},
      {"A:", "6:3: expected a call, found the end of the line"},
      {"A: table", "6:9: expected '(', found the end of the line"},
      {"A: table() x", "6:12: expected the end of the line, found 'x'"},
      {"A: table(1)", "6:10: expected ')', found '1'"},
      {"A: r = msgsnd(q, NULL, 0, 0)",
       "6:8: expected msgget, ftok or shmget, whose value can be kept, found 'msgsnd'"},
      {"r = msgget(1, 0)", "6:1: expected a call, found 'r'"},
      {"A: LONG_MAX = msgget(1, 0)", "6:4: expected a name of a variable, found 'LONG_MAX'"},
      {"A: kill(B, SIGUSR1)", "6:4: expected a call that is not the conductor's, found 'kill'"},
      {"exit(0)", "6:1: expected an actor before this call, found 'exit'"},
      {"kill(C, SIGUSR1)", "6:6: expected a declared actor, found 'C'"},
      {"kill(B, SIGFOO)", "6:9: expected a signal, found 'SIGFOO'"},
      {"A: handler(SIGUSR1, ignored)", "6:21: expected catch, restart, ignore or default, found 'ignored'"},
      {"A: exit(256)", "6:9: expected a number from 0 to 255, found '256'"},
      {"A: become()", "6:11: expected a credential, found ')'"},
      {"A: getlimit(msgmin)", "6:13: expected a limit, found 'msgmin'"},
      {"A: msgget(4294967296, 0)", "6:11: expected a number of 32 bits, found '4294967296'"},
      {"A: msgget(-2147483649, 0)", "6:11: expected a number of 32 bits, found '-2147483649'"},
      {"A: msgget(\"x\", 0)", "6:11: expected a key, found '\"'"},
      {"A: msgget(q+1, 0)", "6:12: expected ',', found '+'"},
      {"A: msgget(1)", "6:12: expected ',', found ')'"},
      {"A: msgget(1, 0600|IPC_CREATE)", "6:19: expected a flag, found 'IPC_CREATE'"},
      {"A: msgget(1, 0900)", "6:14: expected an octal number, found '0900'"},
      {"A: msgget(1, 0xg)", "6:14: expected a hexadecimal number, found '0xg'"},
      {"A: msgget(1, 12a)", "6:14: expected a number, found '12a'"},
      {"A: msgget(1, 0x100000000)", "6:14: expected a number of 32 bits, found '0x100000000'"},
      {"A: msgrcv(p, buf, 1, 0, 0)", "6:11: expected a variable that has been set, found 'p'"},
      {"A: p = msgget(p, 0)", "6:15: expected a variable that has been set, found 'p'"},
      {"A: msgrcv(2147483648, buf, 1, 0, 0)",
       "6:11: expected a number of 32 bits, signed, found '2147483648'"},
      {"A: msgrcv(q+2147483648, buf, 1, 0, 0)",
       "6:13: expected an offset from 0 to INT_MAX, found '2147483648'"},
      {"A: msgrcv(q+-1, buf, 1, 0, 0)", "6:13: expected an offset from 0 to INT_MAX, found '-1'"},
      {"A: msgrcv(buf, buf, 1, 0, 0)", "6:11: expected a variable that has been set, found 'buf'"},
      {"A: msgrcv(q, bug, 1, 0, 0)", "6:14: expected a buffer: buf, readonly, BAD or NULL, found 'bug'"},
      {"A: msgrcv(q, buf(-1), 1, 0, 0)", "6:18: expected a number from 0 to 16777216, found '-1'"},
      {"A: msgrcv(q, buf(16777217), 1, 0, 0)",
       "6:18: expected a number from 0 to 16777216, found '16777217'"},
      {"A: msgrcv(q, buf, x, 0, 0)", "6:19: expected a number, found 'x'"},
      {"A: msgrcv(q, buf, 18446744073709551616, 0, 0)",
       "6:19: expected a number of at most 64 bits, found '18446744073709551616'"},
      {"A: msgrcv(q, buf, -9223372036854775809, 0, 0)",
       "6:19: expected a number of at most 64 bits, found '-9223372036854775809'"},
      {"A: msgrcv(q, buf, 1, 9223372036854775808, 0)",
       "6:22: expected a number of 64 bits, signed, found '9223372036854775808'"},
      {"A: msgsnd(q, 5, 1, 0)", "6:14: expected a message: '{', BAD or NULL, found '5'"},
      {"A: msgsnd(q, {1}, 1, 0)", "6:16: expected ',', found '}'"},
      {"A: msgsnd(q, {1, x}, 1, 0)", "6:18: expected a text, found 'x'"},
      {"A: msgsnd(q, {1, \"x\", bad}, 1, 0)", "6:23: expected 'BAD', found 'bad'"},
      {"A: msgsnd(q, {1, \"x}, 1, 0)", "6:28: expected '\"', found the end of the line"},
      {"A: msgsnd(q, {1, \"a\\q\"}, 1, 0)", "6:20: expected one of \\\\ \\\" \\n \\t \\xHH, found '\\q'"},
      {"A: msgsnd(q, {1, \"a\\x4\"}, 1, 0)", "6:20: expected one of \\\\ \\\" \\n \\t \\xHH, found '\\x'"},
      {"A: msgsnd(q, {1, \"a\\", "6:20: expected one of \\\\ \\\" \\n \\t \\xHH, found '\\'"},
      {"A: msgsnd(q, {1, \"a\t\"}, 1, 0)", "6:20: expected \\xHH for such a byte, found the byte 0x09"},
      {"A: msgsnd(q, {1, \"\xc3\xa4\"}, 1, 0)", "6:19: expected \\xHH for such a byte, found the byte 0xc3"},
      {"A: msgsnd(q, {1, 16777217*\"a\"}, 1, 0)",
       "6:18: expected a number from 0 to 16777216, found '16777217'"},
      {"A: msgsnd(q, {1, 16777216*\"ab\"}, 1, 0)",
       "6:18: expected a text of at most 16777216 bytes, found a longer one"},
      {"A: msgsnd(q, {1, \"a\" + bytes(16777216, 1)}, 1, 0)",
       "6:24: expected a text of at most 16777216 bytes, found a longer one"},
      {"A: msgsnd(q, {1, bytes(1, 4294967296)}, 1, 0)",
       "6:27: expected a number of 32 bits, found '4294967296'"},
      {"A: msgctl(q, IPC_STATS, buf)", "6:14: expected a command, found 'IPC_STATS'"},
      {"A: msgctl(q, 4294967296, buf)", "6:14: expected a command, found '4294967296'"},
      {"A: msgctl(q, IPC_SET, buf)", "6:23: expected a setting: '{', BAD or NULL, found 'buf'"},
      {"A: msgctl(q, IPC_SET, {uid=0, gid=0, mode=0})", "6:44: expected ',', found '}'"},
      {"A: msgctl(q, IPC_SET, {gid=0, uid=0, mode=0, qbytes=1})", "6:24: expected 'uid', found 'gid'"},
      {"A: ftok(\"../x\", 1)",
       "6:9: expected a relative path inside the scratch folder, found one with '..'"},
      {"A: ftok(\"\", 1)", "6:9: expected a relative path inside the scratch folder, found an empty one"},
      {"create(\"/etc/x\")",
       "6:8: expected a relative path inside the scratch folder, found an absolute one"},
      {"create(\"a/..\")", "6:8: expected a relative path inside the scratch folder, found one with '..'"},
      {"create(\"a\\x00b\")",
       "6:8: expected a relative path inside the scratch folder, found one with a zero byte"},
      {"create(\"" + std::string(256, 'x') + "\")",
       "6:8: expected a relative path inside the scratch folder, found one of more than 255 bytes"},
  };
  for (const Malformed& m : table)
    EXPECT_EQ(first_line(error_of_scenario(around(m.text))), m.message) << m.text;
}

TEST(Malformed, ConcurrentBlocks) {
  const Malformed table[] = {
      {"concurrent\n}", "6:11: expected '{', found the end of the line"},
      {"concurrent {\n}", "7:1: expected a call, found '}'"},
      {"concurrent {\nA: table()", "8:1: expected a call, found 'end'"},
      {"concurrent {\nconcurrent {\n}\n}", "7:1: expected a call, found 'concurrent'"},
      {"concurrent {\nA: r = msgget(1, 0)\nB: msgctl(r, IPC_RMID, NULL)\n}",
       "8:11: expected a variable that A does not set in this block, found 'r'"},
      {"concurrent {\nB: msgctl(q, IPC_RMID, NULL)\nA: q = msgget(1, 0)\n}",
       "7:11: expected a variable that A does not set in this block, found 'q'"},
      {"concurrent {\nA: r = msgget(1, 0)\nB: r = msgget(1, 0)\n}",
       "8:4: expected a variable that A does not set in this block, found 'r'"},
  };
  for (const Malformed& m : table)
    EXPECT_EQ(first_line(error_of_scenario(around(m.text))), m.message) << m.text;
}

TEST(Malformed, Histories) {
  const std::string begin =
      "history h\nnamespace used\nprocess A uid=1 gid=1 groups=none caps=none ruid=1 fsgid=1\nthread T of "
      "A\nclock 1\n";
  const Malformed table[] = {
      {"history h\n", "2:1: expected a header line, an event or end, found the end of the text"},
      {"history h\nnamespace new\nend\n", "2:11: expected 'used', found 'new'"},
      {"history h\nprocess A uid=1 gid=1\nend\n",
       "2:11: expected uid= gid= groups= caps= ruid= fsgid=, all six, found fewer"},
      {"history h\nlimits msgmax\nend\n", "2:14: expected '=', found the end of the line"},
      {begin + "A: msgget(1, 0)\nend\n",
       "6:16: expected '=' or '<unfinished ...>', found the end of the line"},
      {begin + "A: msgget(1, 0) =\nend\n",
       "6:18: expected a number of 64 bits, signed, found the end of the line"},
      {begin + "A: msgget(1, 0) = -1 5x\nend\n", "6:22: expected a number, found '5x'"},
      {begin + "A: msgget(1, 0) = -1 oops\nend\n",
       "6:22: expected the name or number of an error, found 'oops'"},
      {begin + "A: msgget(1, 0) = 0 EINVAL\nend\n", "6:21: expected the end of the line, found 'EINVAL'"},
      {begin + "A: msgget(1, 0) = -1 EINVAL touched\nend\n",
       "6:29: expected the end of the line, found 'touched'"},
      {begin + "A: msgget(1, 0) = 0 {1, \"x\"}\nend\n", "6:21: expected the end of the line, found '{'"},
      {begin + "A: table() = 1 {key=1, key=2}\nend\n", "6:24: expected each field once, found 'key'"},
      {begin + "A: table() = 1 {lspid=B}\nend\n",
       "6:23: expected an actor, conductor or a number, found 'B'"},
      {begin + "B: table() = 1\nend\n", "6:1: expected a declared actor, found 'B'"},
      {begin + "A: <... msgrcv resumed> = 0\nend\n",
       "6:9: expected the return of an unfinished call, found 'msgrcv'"},
      {begin + "A: msgget(1, 0) <unfinished ...>\nA: table() = 0\nend\n",
       "7:1: expected no call while one is unfinished, found another of the same actor"},
      {begin + "A: msgget(1, 0) <unfinished ...>\nA: <... msgsnd resumed> = 0\nend\n",
       "7:9: expected 'msgget', found 'msgsnd'"},
      {begin + "blocked A\nend\n", "6:9: expected one with an unfinished call, found 'A'"},
      {begin + "T: +++ exited with 0 +++\nend\n", "6:1: expected a process, found the thread 'T'"},
      {begin + "A: +++ gone +++\nend\n", "6:8: expected killed by or exited with, found 'gone'"},
      {begin + "unsupported magic\nend\n", "6:13: expected a need, found 'magic'"},
      {begin + "surprise A\nend\n", "6:1: expected an event, found 'surprise'"},
      {begin + "A: msgrcv(q, buf, 1, 0, 0) = 0\nend\n",
       "6:11: expected a variable that has been set, found 'q'"},
  };
  for (const Malformed& m : table) EXPECT_EQ(first_line(error_of_history(m.text)), m.message) << m.text;
}

// A short history must not be able to fill the memory with the bytes it only describes.
TEST(Malformed, ReceivedBytesAreLimited) {
  std::string text =
      "history h\nnamespace used\nprocess A uid=1 gid=1 groups=none caps=none ruid=1 fsgid=1\n";
  for (int i = 0; i < 17; ++i) text += "A: msgrcv(1, buf, 1, 0, 0) = 1 {1, 16777216*\"x\"}\n";
  EXPECT_EQ(first_line(error_of_history(text + "end\n")),
            "20:36: expected received texts of at most 256 MiB in all, found a longer one");
}

}  // namespace
}  // namespace svmq::language
