// Two thousand scenarios hold every call, flag and kind of mistake that the language can say and the
// generator means to.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "svmq/generate/generate.hpp"
#include "svmq/language/print.hpp"

namespace svmq::generate {
namespace {

using namespace language;

using Count = std::map<std::string, int>;

void count_flags(Count& count, const char* call, Flags flags) {
  const std::pair<const char*, Flags> known[] = {{"CREAT", flag::ipc_creat},   {"EXCL", flag::ipc_excl},
                                                 {"NOWAIT", flag::ipc_nowait}, {"NOERROR", flag::msg_noerror},
                                                 {"EXCEPT", flag::msg_except}, {"COPY", flag::msg_copy}};
  for (const auto& [name, bit] : known) {
    if (flags & bit) ++count[std::string(call) + " " + name];
  }
}

struct CountStep {
  Count& count;

  void bad(const char* call, BadPointer pointer) const {
    ++count[std::string(call) + (pointer == BadPointer::null ? " NULL" : " BAD")];
  }
  void id(const IdExpr& id) const {
    if (id.variable.empty())
      ++count[id.value < 0 ? "negative id" : "number as id"];
    else if (id.value)
      ++count["id with offset"];
  }
  void buffer(const char* call, const BufferArgument& argument) const {
    if (auto pointer = std::get_if<BadPointer>(&argument))
      bad(call, *pointer);
    else if (std::holds_alternative<ReadOnlyBuffer>(argument))
      ++count[std::string(call) + " readonly"];
    else if (std::get<Buffer>(argument).accessible)
      ++count[std::string(call) + " buf(N)"];
  }

  void operator()(const Msgget& c) const {
    count_flags(count, "msgget", c.flags);
    ++count[!c.key.variable.empty() ? "key from ftok"
            : c.key.value == 0      ? "private"
            : c.key.value < 0       ? "negative key"
                                    : "key"];
    if (c.flags & 0111) ++count["msgget asks for execution"];
    if (!(c.flags & 0777)) ++count["msgget asks for nothing"];
  }
  void operator()(const Msgsnd& c) const {
    id(c.id);
    count_flags(count, "msgsnd", c.flags);
    if (c.size == 0) ++count["empty message"];
    if (c.size == 8192) ++count["message of msgmax"];
    if (c.size == 8193) ++count["message beyond msgmax"];
    if (c.size >> 63) ++count["message of impossible size"];
    if (auto pointer = std::get_if<BadPointer>(&c.message)) return bad("msgsnd", *pointer);
    const Message& m = std::get<Message>(c.message);
    if (m.ends) ++count["msgsnd memory ends"];
    if (m.type < 1) ++count["msgsnd impossible type"];
    if (m.type == INT64_MAX) ++count["msgsnd LONG_MAX"];
    if (!m.ends && c.size > m.text.size()) ++count["msgsnd padded"];
    if (c.size < m.text.size()) ++count["msgsnd cut"];
  }
  void operator()(const Msgrcv& c) const {
    id(c.id);
    count_flags(count, "msgrcv", c.flags);
    buffer("msgrcv", c.buffer);
    if (c.size == 0) ++count["msgrcv of size 0"];
    if (c.size >> 63) ++count["msgrcv of impossible size"];
    ++count[c.type == 0 ? "any type" : c.type > 0 ? "positive type" : "negative type"];
    if (c.type == INT64_MIN) ++count["LONG_MIN"];
    if (c.type == INT64_MAX) ++count["LONG_MAX"];
    if (!(c.flags & flag::ipc_nowait)) ++count["msgrcv that may sleep"];
  }
  void operator()(const Msgctl& c) const {
    id(c.id);
    std::string command = print_command(c.command);
    ++count[command.find('_') == std::string::npos ? "unknown command" : command];
    buffer("msgctl", c.buffer);
  }
  void operator()(const MsgctlSet& c) const {
    ++count["IPC_SET"];
    if (auto pointer = std::get_if<BadPointer>(&c.setting)) return bad("IPC_SET", *pointer);
    const Setting& s = std::get<Setting>(c.setting);
    if (s.qbytes == 0) ++count["qbytes 0"];
    if (s.qbytes > 0 && s.qbytes <= 40) ++count["qbytes small"];
    if (s.qbytes > 16384) ++count["qbytes beyond msgmnb"];
    if (s.qbytes >> 32) ++count["qbytes beyond 32 bits"];
    if (s.mode & ~0777u) ++count["mode with high bits"];
    if (s.uid == UINT32_MAX) ++count["IPC_SET to no user"];
  }
  void operator()(const Handler& h) const {
    ++count[h.how == Disposition::catch_    ? "catch"
            : h.how == Disposition::restart ? "restart"
            : h.how == Disposition::ignore  ? "ignore"
                                            : "default"];
  }
  void operator()(const Kill& k) const { ++count[name(k.signal)]; }
  void operator()(const SetLimit& l) const { ++count["setlimit " + name(l.limit)]; }
  template <class Other>
  void operator()(const Other&) const {}
};

Count count_all() {
  Count count;
  for (std::uint64_t index = 0; index < 2000; ++index) {
    Scenario scenario = generate(42, index);
    for (const Actor& actor : scenario.actors) {
      if (!actor.process.empty()) ++count["thread"];
      if (actor.credentials.uid) ++count["uid"];
      if (actor.credentials.groups) ++count["groups"];
      if (actor.credentials.caps) ++count["caps"];
      if (actor.credentials.fsgid) ++count["fsgid"];
      if (actor.credentials.ruid) ++count["ruid"];
    }
    auto add = [&](const Step& step) {
      ++count["call " + call_name(step.action)];
      std::visit(CountStep{count}, step.action);
    };
    for (const Item& item : scenario.items) {
      if (auto step = std::get_if<Step>(&item)) {
        add(*step);
      } else {
        ++count["block"];
        for (const Step& s : std::get<Concurrent>(item).steps) add(s);
      }
    }
  }
  return count;
}

TEST(Coverage, EverythingAppearsInTwoThousandScenarios) {
  Count count = count_all();
  for (const char* what : {"call msgget",
                           "call msgsnd",
                           "call msgrcv",
                           "call msgctl",
                           "call ftok",
                           "call shmget",
                           "call table",
                           "call getlimit",
                           "call setlimit",
                           "call become",
                           "call handler",
                           "call mask",
                           "call unmask",
                           "call exit",
                           "call exec",
                           "call unshare",
                           "call create",
                           "call kill",
                           "thread",
                           "block",
                           "uid",
                           "groups",
                           "caps",
                           "fsgid",
                           "ruid",
                           "msgget CREAT",
                           "msgget EXCL",
                           "private",
                           "key",
                           "negative key",
                           "key from ftok",
                           "msgget asks for execution",
                           "msgget asks for nothing",
                           "msgsnd NOWAIT",
                           "msgrcv NOWAIT",
                           "msgrcv NOERROR",
                           "msgrcv EXCEPT",
                           "msgrcv COPY",
                           "msgsnd NOERROR",
                           "msgsnd EXCEPT",
                           "msgsnd COPY",
                           "empty message",
                           "message of msgmax",
                           "message beyond msgmax",
                           "message of impossible size",
                           "msgsnd NULL",
                           "msgsnd BAD",
                           "msgsnd memory ends",
                           "msgsnd impossible type",
                           "msgsnd LONG_MAX",
                           "msgsnd padded",
                           "msgsnd cut",
                           "msgrcv NULL",
                           "msgrcv BAD",
                           "msgrcv readonly",
                           "msgrcv buf(N)",
                           "msgrcv of size 0",
                           "msgrcv of impossible size",
                           "any type",
                           "positive type",
                           "negative type",
                           "LONG_MIN",
                           "LONG_MAX",
                           "msgrcv that may sleep",
                           "negative id",
                           "number as id",
                           "id with offset",
                           "IPC_STAT",
                           "IPC_SET",
                           "IPC_RMID",
                           "IPC_INFO",
                           "MSG_INFO",
                           "MSG_STAT",
                           "MSG_STAT_ANY",
                           "unknown command",
                           "msgctl NULL",
                           "msgctl BAD",
                           "msgctl readonly",
                           "IPC_SET NULL",
                           "IPC_SET BAD",
                           "qbytes 0",
                           "qbytes small",
                           "qbytes beyond msgmnb",
                           "qbytes beyond 32 bits",
                           "mode with high bits",
                           "IPC_SET to no user",
                           "catch",
                           "restart",
                           "ignore",
                           "default",
                           "SIGUSR1",
                           "SIGUSR2",
                           "SIGALRM",
                           "SIGTERM",
                           "SIGHUP",
                           "SIGCHLD",
                           "SIGWINCH",
                           "SIGKILL",
                           "SIGSTOP",
                           "SIGCONT",
                           "setlimit msgmax",
                           "setlimit msgmnb",
                           "setlimit msgmni",
                           "setlimit msg_next_id",
                           "setlimit auto_msgmni"}) {
    EXPECT_GE(count[what], 3) << what;
  }
}

// A scenario whose steps all wait for nothing would test little: sleeping calls must stay a part of the
// whole.
TEST(Coverage, MostCallsAreMeantToReturn) {
  Count count = count_all();
  EXPECT_GT(count["msgrcv that may sleep"], 300);
  EXPECT_LT(count["msgrcv that may sleep"] * 2, count["call msgrcv"]);
  EXPECT_EQ(count["call tick"], 0);  // a second each
}

}  // namespace
}  // namespace svmq::generate
