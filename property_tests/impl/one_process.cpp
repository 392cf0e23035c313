// libsvmq in one process against the model: whatever a process does without sleeping, the judge must find it
// allowed.
#include <errno.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <stdlib.h>
#include <sys/msg.h>

#include <cstring>
#include <map>

#include "svmq/judge/judge.hpp"
#include "svmq/language/print.hpp"
#include "svmq/svmq.h"

namespace svmq::property {
namespace {

using namespace language;

// A namespace of the test's own, for the whole of it.
class Home {
 public:
  Home() {
    if (mkdtemp(path_) == nullptr || svmq_namespace_enter(path_) != 0) path_[0] = 0;
  }
  ~Home() {
    if (path_[0] != 0) svmq_namespace_remove(path_);
  }
  bool there() const { return path_[0] != 0; }

 private:
  char path_[32] = "/dev/shm/svmq-prop-XXXXXX";
};

Result returned(long value) {
  static const std::map<int, const char*> names{{EAGAIN, "EAGAIN"}, {ENOMSG, "ENOMSG"}, {EINVAL, "EINVAL"},
                                                {E2BIG, "E2BIG"},   {EIDRM, "EIDRM"},   {EACCES, "EACCES"},
                                                {EPERM, "EPERM"},   {ENOENT, "ENOENT"}, {EEXIST, "EEXIST"}};
  Result result;
  result.value = value;
  const auto known = names.find(errno);
  if (value == -1) result.error = known == names.end() ? std::to_string(errno) : known->second;
  return result;
}

struct Packet {
  long type;
  char text[64];
};

// One call, made and written down.
class Caller {
 public:
  explicit Caller(History& history) : history_(history) {}

  void get() {
    const std::int32_t key = *rc::gen::inRange(0, 3);
    const Flags flags =
        *rc::gen::element<Flags>(0600, flag::ipc_creat | 0600, flag::ipc_creat | flag::ipc_excl | 0600);
    const int id = svmq_msgget(key, static_cast<int>(flags));
    if (id >= 0) ids_.push_back(id);
    write(Msgget{{"", key}, flags}, returned(id));
  }

  void send() {
    const int id = any_id();
    Packet packet{*rc::gen::element<long>(0, 1, 1, 2, 3, LONG_MAX), {}};
    const auto size = *rc::gen::inRange<std::size_t>(0, 9);
    const std::string text = *rc::gen::container<std::string>(size, rc::gen::inRange('a', 'e'));
    memcpy(packet.text, text.data(), size);
    const long result = svmq_msgsnd(id, &packet, size, IPC_NOWAIT);
    write(Msgsnd{{"", id}, Message{packet.type, Text::of(text), false}, size, flag::ipc_nowait},
          returned(result));
  }

  void receive() {
    const int id = any_id();
    Packet packet{};
    const auto size = *rc::gen::element<std::size_t>(0, 1, 3, 64);
    const long type = *rc::gen::element<long>(0, 1, 2, 3, -1, -2, -3, LONG_MIN, LONG_MAX);
    const Flags flags = flag::ipc_nowait | (*rc::gen::arbitrary<bool>() ? flag::msg_noerror : 0) |
                        (*rc::gen::arbitrary<bool>() ? flag::msg_except : 0);
    const long length = svmq_msgrcv(id, &packet, size, type, static_cast<int>(flags));
    Result result = returned(length);
    if (length >= 0)
      result.received = Received{packet.type, std::string(packet.text, static_cast<std::size_t>(length))};
    write(Msgrcv{{"", id}, Buffer{}, size, type, flags}, result);
  }

  void stat() {
    const int id = any_id();
    msqid_ds state{};
    Result result = returned(svmq_msgctl(id, IPC_STAT, &state));
    if (result.error.empty())
      result.records.push_back({{{"qnum", static_cast<std::int64_t>(state.msg_qnum)},
                                 {"cbytes", static_cast<std::int64_t>(state.__msg_cbytes)},
                                 {"qbytes", static_cast<std::int64_t>(state.msg_qbytes)},
                                 {"mode", state.msg_perm.mode}},
                                {}});
    write(Msgctl{{"", id}, command::ipc_stat, Buffer{}}, result);
  }

  void set() {
    const int id = any_id();
    msqid_ds wanted{};
    wanted.msg_perm.uid = geteuid();
    wanted.msg_perm.gid = getegid();
    wanted.msg_perm.mode = 0600;
    wanted.msg_qbytes = *rc::gen::inRange<unsigned long>(0, 12);
    write(MsgctlSet{{"", id}, Setting{wanted.msg_perm.uid, wanted.msg_perm.gid, 0600, wanted.msg_qbytes}},
          returned(svmq_msgctl(id, IPC_SET, &wanted)));
  }

  void remove() {
    const int id = any_id();
    write(Msgctl{{"", id}, command::ipc_rmid, BadPointer::null},
          returned(svmq_msgctl(id, IPC_RMID, nullptr)));
  }

 private:
  int any_id() { return ids_.empty() ? 12345 : *rc::gen::elementOf(ids_); }
  void write(Action action, Result result) {
    history_.events.push_back({Complete{Step{"A", "", std::move(action), {}}, std::move(result)}, {}});
  }

  History& history_;
  std::vector<int> ids_;
};

History blank() {
  Credentials self;
  self.uid = self.ruid = geteuid();
  self.gid = self.fsgid = getegid();
  self.groups.emplace();
  self.caps = self.uid == 0 ? all_capabilities : Capabilities{0};
  History history;
  history.name = "one-process";
  history.agent = "1 property blocking=none";
  history.limits = {{"msgmax", 8192}, {"msgmnb", 16384}, {"msgmni", 32000}};
  history.conductor = self;
  history.actors = {{"A", "", self, {}}};
  return history;
}

// Catches: any result of libsvmq outside what Linux does, in ever new sequences; rapidcheck makes them small.
RC_GTEST_PROP(OneProcess, DoesWhatTheModelAllows, ()) {
  const Home home;
  RC_ASSERT(home.there());
  History history = blank();
  Caller caller(history);
  caller.get();
  for (int left = *rc::gen::inRange(1, 40); left > 0; --left) {
    switch (*rc::gen::weightedElement<int>({{2, 0}, {8, 1}, {8, 2}, {2, 3}, {2, 4}, {1, 5}})) {
      case 0: caller.get(); break;
      case 1: caller.send(); break;
      case 2: caller.receive(); break;
      case 3: caller.stat(); break;
      case 4: caller.set(); break;
      default: caller.remove(); break;
    }
  }
  const judge::Judgement judgement = judge::judge(history, *model::find_profile("linux-6.18"));
  if (judgement.verdict != judge::Verdict::conform)
    RC_FAIL(print(history) +
            (judgement.deviations.empty() ? judgement.reason : judgement.deviations.front().step));
}

}  // namespace
}  // namespace svmq::property
