// A scope without text: two processes, one queue of two bytes, sends and receives of two types, and a
// removal.
#pragma once

#include <string>
#include <utility>

#include "svmq/explore/scope.hpp"

namespace svmq::model::explore {

inline Call call(ActorIndex actor, int pattern, std::string text,
                 std::function<Request(std::int64_t)> request) {
  Call call;
  call.actor = actor;
  call.text = std::string(1, static_cast<char>('A' + actor)) + ": " + std::move(text);
  call.uses = {0};
  call.pattern = pattern;
  call.make = [request = std::move(request)](const Values& values, const State&) {
    return request(values[0]);
  };
  return call;
}

inline Request send(std::int64_t id, std::int64_t type, const std::string& text, std::uint32_t flags = 0) {
  return SendRequest{
      .id = id, .memory = {}, .type = type, .text = Bytes(text), .size = text.size(), .flags = flags};
}

inline Scope small_scope(int processes = 2) {
  Scope scope;
  scope.name = "small";
  scope.title = "a small world";
  scope.variables = {"q"};
  scope.types = {1, 2};
  Namespace space;
  space.limits.msgmnb = 2;
  scope.origin.spaces.push_back(space);
  scope.origin.clock = 1;
  for (int p = 0; p <= processes; ++p) {
    scope.origin.processes.emplace_back();
    scope.origin.processes.back().credentials =
        Cow<Credentials>(Credentials{.uid = 1000, .gid = 1000, .fsgid = 1000});
    scope.origin.actors.push_back({.process = p});
    scope.actors.push_back(p < processes ? std::string(1, static_cast<char>('A' + p)) : std::string());
    if (p == processes) break;
    scope.header += "process " + scope.actors.back() + " uid=1000 gid=1000\n";
    Call get = call(p, 0, "q = msgget(1, IPC_CREAT|0600)", [](std::int64_t) {
      return GetRequest{1, IPC_CREAT_ | 0600};
    });
    get.sets = 0;
    get.uses.clear();
    scope.calls.push_back(get);
    scope.calls.push_back(
        call(p, 1, "msgsnd(q, {1, \"a\"}, 1, 0)", [](std::int64_t q) { return send(q, 1, "a"); }));
    scope.calls.push_back(
        call(p, 2, "msgsnd(q, {2, \"b\"}, 1, 0)", [](std::int64_t q) { return send(q, 2, "b"); }));
    scope.calls.push_back(call(p, 3, "msgrcv(q, buf, 1, 1, 0)", [](std::int64_t q) {
      return ReceiveRequest{.id = q, .memory = {}, .size = 1, .type = 1, .flags = 0};
    }));
    scope.calls.push_back(call(p, 4, "msgrcv(q, buf, 1, 0, IPC_NOWAIT)", [](std::int64_t q) {
      return ReceiveRequest{.id = q, .memory = {}, .size = 1, .type = 0, .flags = IPC_NOWAIT_};
    }));
    scope.calls.push_back(call(p, 5, "msgctl(q, IPC_RMID, NULL)", [](std::int64_t q) {
      return ControlRequest{.id = q, .command = IPC_RMID_, .memory = {}};
    }));
    scope.calls.push_back(call(p, 6, "msgctl(q, IPC_STAT, buf)", [](std::int64_t q) {
      return ControlRequest{.id = q, .command = IPC_STAT_, .memory = {}};
    }));
    scope.calls.push_back(
        call(p, 7, "msgctl(q, IPC_SET, {uid=1000, gid=1000, mode=0200, qbytes=2})", [](std::int64_t q) {
          return SetRequest{.id = q, .memory = {}, .uid = 1000, .gid = 1000, .mode = 0200, .qbytes = 2};
        }));
  }
  scope.overlap = 2;
  return scope;
}

// The same with signals that kill, stop and continue the first process, and one that it catches.
inline Scope signal_scope() {
  Scope scope = small_scope(2);
  const auto conductor = static_cast<ActorIndex>(scope.origin.actors.size() - 1);
  scope.origin.processes[0].dispositions[static_cast<std::size_t>(Signal::usr1)] = Disposition::catch_;
  int pattern = 100;
  for (const auto& [name, signal] :
       {std::pair("SIGKILL", Signal::kill), std::pair("SIGSTOP", Signal::stop),
        std::pair("SIGCONT", Signal::cont), std::pair("SIGUSR1", Signal::usr1)}) {
    Call kill = call(conductor, pattern++, "", [signal = signal](std::int64_t) {
      return KillRequest{0, signal};
    });
    kill.text = std::string("kill(A, ") + name + ")";
    kill.uses.clear();
    kill.target = 0;
    scope.calls.push_back(std::move(kill));
  }
  return scope;
}

}  // namespace svmq::model::explore
