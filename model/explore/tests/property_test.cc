// Bug: a property that is never violated, whatever the model does. Each transition of a small world is bent
// in every way below, as a faulty model would; the property that guards against it must notice.
#include "svmq/explore/property.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "small_scope.hpp"
#include "svmq/explore/explorer.hpp"

namespace svmq::model::explore {
namespace {

// Bends the world as the model left it; false: there is nothing to bend here.
using Bend = bool (*)(const World& before, Label label, World& raw);

Queue* changed_queue(const World& before, World& raw) {
  for (std::size_t q = 0; q < before.state.queues.size(); ++q)
    if (&*before.state.queues[q] != &*raw.state.queues[q] && !raw.state.queues[q]->removed)
      return &raw.state.queues[q].write();
  return nullptr;
}

Queue* a_queue(World& raw) {
  for (auto& queue : raw.state.queues)
    if (!queue->removed) return &queue.write();
  return nullptr;
}

bool failed(const World& raw, Label label) {
  const Actor& actor = raw.state.actor(label.actor);
  return actor.phase == Phase::returning && actor.result->kind == Result::failure;
}

bool calls(const World& raw, Label label, std::size_t alternative) {
  const Actor& actor = raw.state.actor(label.actor);
  return label.kind == Label::step && actor.phase == Phase::returning && actor.call->index() == alternative &&
         actor.result->kind != Result::failure;
}

constexpr std::size_t sends = 1, receives = 2, controls = 3;

bool lose_message(const World& before, Label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (!queue || queue->messages.empty()) return false;
  queue->cbytes -= queue->messages.back().text.size();
  queue->messages.pop_back();
  return true;
}

bool duplicate_message(const World& before, Label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (!queue || queue->messages.empty()) return false;
  queue->messages.push_back(queue->messages.front());
  queue->cbytes += queue->messages.front().text.size();
  return true;
}

bool alter_message(const World& before, Label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (!queue || queue->messages.empty()) return false;
  queue->messages.back().text = Bytes("z");
  return true;
}

bool alter_delivery(const World&, Label, World& raw) {
  for (Actor& actor : raw.state.actors) {
    if (actor.phase != Phase::returning || actor.result->kind != Result::received) continue;
    Result other = *actor.result;
    other.message.text = Bytes("z");
    actor.result = std::make_shared<const Result>(other);
    return true;
  }
  return false;
}

bool miscount(const World& before, Label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (queue) ++queue->cbytes;
  return queue != nullptr;
}

bool swap_messages(const World& before, Label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (!queue || queue->messages.size() < 2 || queue->messages[0].type != queue->messages[1].type)
    return false;
  queue->messages[0].text = Bytes("y");  // not even the same messages: what was first is not
  return true;
}

// A receive of any type takes the newer message.
bool take_newest(const World& before, Label label, World& raw) {
  if (!calls(raw, label, receives)) return false;
  Queue* queue = changed_queue(before, raw);
  if (!queue || queue->messages.empty()) return false;
  const auto& receive = std::get<ReceiveRequest>(*raw.state.actor(label.actor).call);
  Result result = *raw.state.actor(label.actor).result;
  if (receive.type != 0 || result.message == queue->messages.back()) return false;
  std::swap(result.message, queue->messages.back());
  std::rotate(queue->messages.begin(), queue->messages.end() - 1, queue->messages.end());
  raw.state.actor(label.actor).result = std::make_shared<const Result>(result);
  return true;
}

bool move_stime(const World& before, Label label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (!queue || calls(raw, label, sends)) return false;
  queue->stime = {7, 7};
  return true;
}

bool wrong_lspid(const World& before, Label label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (!queue || !calls(raw, label, sends)) return false;
  queue->lspid.actor = 1 - label.actor;
  return true;
}

bool move_owner(const World& before, Label label, World& raw) {
  Queue* queue = changed_queue(before, raw);
  if (!queue || label.kind != Label::step || raw.state.actor(label.actor).call->index() == 4) return false;
  ++queue->uid;
  return true;
}

bool touch_on_failure(const World&, Label label, World& raw) {
  Queue* queue = a_queue(raw);
  if (!queue || label.kind != Label::step || !failed(raw, label)) return false;
  ++queue->qbytes;
  return true;
}

bool touch_on_stat(const World&, Label label, World& raw) {
  Queue* queue = a_queue(raw);
  if (!queue || !calls(raw, label, controls) || raw.state.actor(label.actor).result->kind != Result::stat)
    return false;
  ++queue->qbytes;
  return true;
}

// A receiver goes to sleep although there is a message for it.
bool sleep_beside_message(const World&, Label, World& raw) {
  for (auto& queue : raw.state.queues) {
    if (queue->removed || queue->receivers.empty()) continue;
    queue.write().messages.push_back({1, Bytes("a")});
    queue.write().cbytes += 1;
    return true;
  }
  return false;
}

bool sleep_beside_room(const World&, Label, World& raw) {
  for (auto& queue : raw.state.queues) {
    if (queue->removed || queue->senders.empty()) continue;
    queue.write().messages.clear();
    queue.write().cbytes = 0;
    for (const ActorIndex actor : queue->senders) raw.state.actor(actor).woken = false;
    return true;
  }
  return false;
}

bool forget_waiter(const World&, Label, World& raw) {
  for (auto& queue : raw.state.queues) {
    if (queue->receivers.empty()) continue;
    queue.write().receivers.clear();
    return true;
  }
  return false;
}

bool keep_waiter_of_removed(const World& before, Label, World& raw) {
  for (std::size_t q = 0; q < before.state.queues.size(); ++q) {
    if (!raw.state.queues[q]->removed || before.state.queues[q]->removed ||
        before.state.queues[q]->receivers.empty())
      continue;
    const ActorIndex actor = before.state.queues[q]->receivers.front();
    raw.state.actor(actor) = before.state.actor(actor);
    return true;
  }
  return false;
}

bool share_an_identifier(const World& before, Label, World& raw) {
  if (raw.state.queues.size() == before.state.queues.size() || raw.state.queues.size() < 2) return false;
  for (auto& queue : raw.state.queues) {
    queue.write().removed = false;
    queue.write().id = 5;
  }
  return true;
}

bool exceed_msgmni(const World& before, Label, World& raw) {
  if (raw.state.queues.size() == before.state.queues.size()) return false;
  raw.state.spaces[0].limits.msgmni = 0;
  return true;
}

// The sender succeeds although its class may not write.
bool ignore_mode(const World& before, Label label, World& raw) {
  if (!calls(raw, label, sends) && !calls(raw, label, receives)) return false;
  for (const auto& queue : before.state.queues)
    if (!queue->removed) const_cast<Queue&>(*queue).mode = 0;  // as if the mode had never granted it
  return true;
}

struct Mutant {
  const char* name;
  Bend bend;
  std::set<std::string_view> caught_by;  // any of these
};

const Mutant mutants[] = {
    {"lose a message", lose_message, {"conservation"}},
    {"duplicate a message", duplicate_message, {"conservation"}},
    {"alter a queued message", alter_message, {"conservation"}},
    {"alter a delivered message", alter_delivery, {"conservation"}},
    {"count bytes wrongly", miscount, {"counters"}},
    {"alter the oldest of two", swap_messages, {"fifo"}},
    {"take the newest", take_newest, {"selection"}},
    {"move stime without a send", move_stime, {"marks"}},
    {"lspid of another", wrong_lspid, {"marks"}},
    {"change the owner", move_owner, {"identity"}},
    {"a failure changes a queue", touch_on_failure, {"failure"}},
    {"IPC_STAT changes a queue", touch_on_stat, {"reading"}},
    {"a receiver sleeps beside its message", sleep_beside_message, {"sleep"}},
    {"a sender sleeps beside room", sleep_beside_room, {"sleep"}},
    {"a waiter is forgotten", forget_waiter, {"lists"}},
    {"a removal leaves a waiter", keep_waiter_of_removed, {"release"}},
    {"two queues with one identifier", share_an_identifier, {"names"}},
    {"more queues than msgmni", exceed_msgmni, {"count"}},
    {"the mode is ignored", ignore_mode, {"permission"}},
};

// Every transition of the small world, as (before, label, clauses, raw).
template <class F>
void each_transition(F function) {
  const Scope scope = small_scope();
  const Stage stage(scope, *find_profile("linux-6.18"));
  const Canon canon(scope, true);
  std::set<Fingerprint> known;
  std::vector<World> open{stage.first()};
  while (!open.empty()) {
    const World world = std::move(open.back());
    open.pop_back();
    if (!known.insert(canon(world)).second || known.size() > 3000) continue;
    stage.successors(world, [&](Label label, const Clauses& clauses, World&& raw) {
      World after = raw;
      stage.return_all(after);
      function(stage, world, label, clauses, raw, after);
      open.push_back(std::move(after));
    });
  }
}

TEST(Property, HoldsInTheSmallWorld) {
  std::map<std::string_view, int> checked;
  each_transition([&](const Stage& stage, const World& before, Label label, const Clauses& clauses,
                      const World& raw, const World& after) {
    for (const Property& property : properties()) {
      const Holds holds = property.holds({stage, before, label, clauses, raw, after});
      EXPECT_NE(holds, Holds::no) << property.name;
      checked[property.name] += holds == Holds::yes;
    }
  });
  EXPECT_GT(checked["conservation"], 100);
}

TEST(Property, EachMutantIsCaught) {
  for (const Mutant& mutant : mutants) {
    int bent = 0, caught = 0;
    each_transition([&](const Stage& stage, const World& original, Label label, const Clauses& clauses,
                        const World& raw, const World&) {
      World before = original;
      for (auto& queue : before.state.queues) queue.write();  // a copy of its own, for what bends the past
      World wrong = raw;
      for (auto& queue : wrong.state.queues) queue.write();
      for (std::size_t q = 0; q < before.state.queues.size(); ++q)
        if (raw.state.queues[q] == original.state.queues[q]) wrong.state.queues[q] = before.state.queues[q];
      if (!mutant.bend(before, label, wrong)) return;
      ++bent;
      World after = wrong;
      stage.return_all(after);
      for (const Property& property : properties())
        if (mutant.caught_by.contains(property.name))
          caught += property.holds({stage, before, label, clauses, wrong, after}) == Holds::no;
    });
    EXPECT_GT(bent, 0) << mutant.name << ": nothing to bend";
    EXPECT_GT(caught, 0) << mutant.name << ": nobody noticed in " << bent << " transitions";
  }
}

}  // namespace
}  // namespace svmq::model::explore
