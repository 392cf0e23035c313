// A small world for tests of the model: some processes, one namespace, one call at a time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "svmq/model/model.hpp"

namespace svmq::model {

class World {
 public:
  // "NAME", or "NAME POINT=VALUE…" with some points varied.
  explicit World(std::string_view profile, int processes = 2)
      : profile_(*find_profile(profile.substr(0, profile.find(' ')))) {
    for (std::size_t space = profile.find(' '); space != std::string_view::npos;
         space = profile.find(' ', space + 1)) {
      const std::string_view rest = profile.substr(space + 1);
      profile_ = *varied(profile_, rest.substr(0, rest.find(' ')));
    }
    state.spaces.emplace_back();
    state.spaces.back().limits = initial_limits(profile_);
    for (int p = 0; p < processes; ++p) {
      state.processes.emplace_back();
      state.actors.push_back({.process = p});
      become(p, {.uid = 1000, .gid = 1000, .fsgid = 1000});
    }
  }

  void become(ActorIndex actor, Credentials who) {
    state.processes[static_cast<std::size_t>(state.actor(actor).process)].credentials =
        Cow<Credentials>(std::move(who));
  }

  // Every state from which nothing moves any more, after the actor has begun the call.
  std::vector<State> endings(ActorIndex actor, Request request) const {
    State start = state;
    begin(profile_, start, actor, std::make_shared<const Request>(std::move(request)));
    return endings(std::move(start));
  }

  std::vector<State> endings(State start) const {
    std::vector<State> open{std::move(start)}, ended;
    for (std::size_t i = 0; i < open.size(); ++i) {
      bool moved = false;
      for (std::size_t a = 0; a < open[i].actors.size(); ++a)
        for (Outcome& outcome : steps(profile_, open[i], static_cast<ActorIndex>(a))) {
          moved = true;
          if (std::ranges::find(open, outcome.next) == open.end()) open.push_back(std::move(outcome.next));
        }
      if (!moved && std::ranges::find(ended, open[i]) == ended.end()) ended.push_back(open[i]);
    }
    return ended;
  }

  // What the actor may be answered: errno names, "asleep", or the number.
  static std::string answer(const State& state, ActorIndex actor) {
    const Actor& self = state.actor(actor);
    if (self.phase != Phase::returning) return "asleep";
    if (self.result->kind == Result::failure) return std::string(name(self.result->error));
    if (self.result->kind == Result::any) return "any";
    if (self.result->kind == Result::received)
      return std::to_string(self.result->value) + " {" + std::to_string(self.result->message.type) + ", " +
             std::string(self.result->message.text.view()) + "}";
    return std::to_string(self.result->value);
  }

  std::set<std::string> allowed(ActorIndex actor, const Request& request) const {
    std::set<std::string> answers;
    for (const State& end : endings(actor, request)) answers.insert(answer(end, actor));
    return answers;
  }

  // The call goes the one way in which it can go.
  std::string call(ActorIndex actor, const Request& request) {
    std::vector<State> ends = endings(actor, request);
    EXPECT_EQ(ends.size(), 1u) << "more than one outcome";
    state = std::move(ends.front());
    const std::string text = answer(state, actor);
    if (state.actor(actor).phase == Phase::returning) finish(state, actor);
    return text;
  }

  // A private queue of this mode; its identifier.
  std::int64_t make(ActorIndex actor, std::uint32_t mode = 0600) {
    std::vector<State> ends = endings(actor, GetRequest{0, mode});
    state = std::move(ends.front());
    finish(state, actor);
    Queue& queue = state.change(static_cast<QueueIndex>(state.queues.size() - 1));
    if (!queue.id) queue.id = static_cast<std::int32_t>(state.queues.size() - 1);
    return *queue.id;
  }

  const Queue& queue(QueueIndex q = 0) const { return state.queue(q); }
  const Profile& profile() const { return profile_; }

  State state;

 private:
  Profile profile_;
};

inline Request send(std::int64_t id, std::int64_t type, const std::string& text, std::uint32_t flags = 0) {
  return SendRequest{
      .id = id, .memory = {}, .type = type, .text = Bytes(text), .size = text.size(), .flags = flags};
}
inline Request receive(std::int64_t id, std::uint64_t size, std::int64_t type, std::uint32_t flags = 0) {
  return ReceiveRequest{.id = id, .memory = {}, .size = size, .type = type, .flags = flags};
}
inline Request control(std::int64_t id, int command) {
  return ControlRequest{.id = id, .command = command, .memory = {}};
}
inline Request set(std::int64_t id, std::uint32_t uid, std::uint32_t gid, std::uint32_t mode,
                   std::uint64_t qbytes) {
  return SetRequest{.id = id, .memory = {}, .uid = uid, .gid = gid, .mode = mode, .qbytes = qbytes};
}

}  // namespace svmq::model
