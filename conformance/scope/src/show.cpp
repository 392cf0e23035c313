#include "svmq/scope/show.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "svmq/judge/answer.hpp"
#include "svmq/language/print.hpp"

namespace svmq::scope {
namespace {

using model::explore::Ending;
using model::explore::Reply;
using model::explore::Scope;
using model::explore::World;

std::string name(const Scope& scope, model::ActorIndex actor) {
  const std::string& name = scope.actors[static_cast<std::size_t>(actor)];
  return name.empty() ? "conductor" : name;
}

judge::Cast cast_of(const Scope& scope) {
  std::vector<language::Actor> actors;
  for (const std::string& actor : scope.actors)
    if (!actor.empty()) actors.push_back({actor, "", {}, {}});
  model::State ignored;
  return judge::Cast({}, actors, ignored);
}

std::string message(const model::Message& message) {
  language::Result result;
  result.value = static_cast<std::int64_t>(message.text.size());
  result.received = language::Received{message.type, std::string(message.text.view())};
  const std::string text = language::print(result);
  return text.substr(text.find('{'));
}

std::string names(const Scope& scope, const std::vector<model::ActorIndex>& actors) {
  std::vector<std::string> words;
  for (const model::ActorIndex actor : actors) words.push_back(name(scope, actor));
  return fmt::format("{}", fmt::join(words, " "));
}

std::string queue_line(const Scope& scope, const World& world, std::size_t index) {
  const model::Queue& queue = world.state.queue(static_cast<model::QueueIndex>(index));
  std::vector<std::string> who;
  for (std::size_t v = 0; v < scope.variables.size(); ++v)
    if (queue.id && (*world.values)[v] == *queue.id) who.push_back(scope.variables[v]);
  if (who.empty()) who.push_back(fmt::format("{}", index));
  std::string line = fmt::format("queue {} (id {}", fmt::join(who, " "),
                                 queue.id ? fmt::format("{}", *queue.id) : "not seen yet");
  line += fmt::format(", key {:#x}, mode 0{:o}, uid {}): {} of {} bytes", queue.key, queue.mode, queue.uid,
                      queue.cbytes, queue.qbytes);
  for (const model::Message& m : queue.messages) line += fmt::format(" {}", message(m));
  if (!queue.receivers.empty())
    line += fmt::format("; waiting to receive: {}", names(scope, queue.receivers));
  if (!queue.senders.empty()) line += fmt::format("; waiting to send: {}", names(scope, queue.senders));
  return line;
}

std::string process_line(const Scope& scope, const World& world, std::size_t actor) {
  const auto index = static_cast<model::ActorIndex>(actor);
  const model::Actor& self = world.state.actor(index);
  const model::Process& process = world.state.process_of(index);
  if (!self.alive) return fmt::format("{}: has ended", name(scope, index));
  std::vector<std::string> what;
  if (process.running != model::Running::yes) what.emplace_back("stopped");
  if (self.phase != model::Phase::idle && self.restarting) what.emplace_back("its call will begin anew");
  if (self.phase == model::Phase::returning) what.emplace_back("its call has its answer");
  return what.empty() ? std::string() : fmt::format("{}: {}", name(scope, index), fmt::join(what, ", "));
}

}  // namespace

namespace {

// Bits of a mode that may be shown or not.
std::string open_bits(const model::Result& result) {
  const auto open = result.rows.empty() ? 0u : result.rows.front().open_mode;
  if (open == 0) return {};
  if (open == ~0777u) return ", with any further bits of the mode";
  return fmt::format(", with or without {:#o} in the mode", open);
}

}  // namespace

std::string show(const Scope& scope, const Ending& ending, const Reply& reply) {
  if (reply.result->kind == model::Result::any) return "anything";
  if (reply.open) return "any identifier that no queue has";
  model::State state = ending.world.state;
  return language::print(judge::show(cast_of(scope), state, *reply.result)) + open_bits(*reply.result);
}

std::string show(const Scope& scope, const Ending& ending, model::ActorIndex actor) {
  std::vector<std::string> parts;
  for (const Reply& reply : ending.replies)
    if (reply.actor == actor)
      parts.insert(parts.begin(), show(scope, ending, reply));
    else
      parts.push_back(fmt::format("{}: {}", name(scope, reply.actor), show(scope, ending, reply)));
  std::vector<model::ActorIndex> asleep, gone;
  for (std::size_t a = 0; a < ending.world.state.actors.size(); ++a) {
    const model::Actor& self = ending.world.state.actors[a];
    if (!self.alive)
      gone.push_back(static_cast<model::ActorIndex>(a));
    else if (self.phase == model::Phase::sending || self.phase == model::Phase::receiving)
      asleep.push_back(static_cast<model::ActorIndex>(a));
  }
  if (!asleep.empty()) parts.push_back(fmt::format("asleep: {}", names(scope, asleep)));
  if (!gone.empty()) parts.push_back(fmt::format("ended: {}", names(scope, gone)));
  if (ending.world.state.undefined) parts.push_back("from here on anything is allowed");
  return parts.empty() ? "nothing happens" : fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<std::string> show(const Scope& scope, const World& world) {
  std::vector<std::string> lines;
  for (std::size_t q = 0; q < world.state.queues.size(); ++q)
    if (!world.state.queues[q]->removed) lines.push_back(queue_line(scope, world, q));
  for (std::size_t a = 0; a + 1 < world.state.actors.size(); ++a)
    if (const std::string line = process_line(scope, world, a); !line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace svmq::scope
