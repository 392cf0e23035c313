// Bug: a property that is never violated, whatever the model does. Each transition of a small world is bent
// in every way below, as a faulty model would; the property that guards against it must notice.
#include "svmq/explore/property.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "small_scope.hpp"
#include "svmq/explore/explorer.hpp"

namespace svmq::model::explore {
namespace {

// A transition, to be bent.
struct Case {
  World before;
  Label label;
  Clauses clauses;
  World raw;

  Actor& actor() { return raw.state.actor(label.actor); }
  const Request* request() const {
    const auto& now = raw.state.actor(label.actor).call;
    return now ? now.get() : before.state.actor(label.actor).call.get();
  }
};
// false: there is nothing to bend here.
using Bend = bool (*)(Case&);

Queue* changed_queue(Case& c) {
  World &before = c.before, &raw = c.raw;
  for (std::size_t q = 0; q < before.state.queues.size(); ++q)
    if (&*before.state.queues[q] != &*raw.state.queues[q] && !raw.state.queues[q]->removed)
      return &raw.state.queues[q].write();
  return nullptr;
}

Queue* a_queue(Case& c) {
  for (auto& queue : c.raw.state.queues)
    if (!queue->removed) return &queue.write();
  return nullptr;
}

bool failed(Case& c) {
  const Actor& actor = c.actor();
  return actor.phase == Phase::returning && actor.result->kind == Result::failure;
}

bool calls(Case& c, std::size_t alternative) {
  const Actor& actor = c.actor();
  return c.label.kind == Label::step && actor.phase == Phase::returning &&
         actor.call->index() == alternative && actor.result->kind != Result::failure;
}

constexpr std::size_t sends = 1, receives = 2, controls = 3;

bool lose_message(Case& c) {
  Queue* queue = changed_queue(c);
  if (!queue || queue->messages.empty()) return false;
  queue->cbytes -= queue->messages.back().text.size();
  queue->messages.pop_back();
  return true;
}

bool duplicate_message(Case& c) {
  Queue* queue = changed_queue(c);
  if (!queue || queue->messages.empty()) return false;
  queue->messages.push_back(queue->messages.front());
  queue->cbytes += queue->messages.front().text.size();
  return true;
}

bool alter_message(Case& c) {
  Queue* queue = changed_queue(c);
  if (!queue || queue->messages.empty()) return false;
  queue->messages.back().text = Bytes("z");
  return true;
}

bool alter_delivery(Case& c) {
  for (Actor& actor : c.raw.state.actors) {
    if (actor.phase != Phase::returning || actor.result->kind != Result::received) continue;
    Result other = *actor.result;
    other.message.text = Bytes("z");
    actor.result = std::make_shared<const Result>(other);
    return true;
  }
  return false;
}

bool miscount(Case& c) {
  Queue* queue = changed_queue(c);
  if (queue) ++queue->cbytes;
  return queue != nullptr;
}

bool swap_messages(Case& c) {
  Queue* queue = changed_queue(c);
  if (!queue || queue->messages.size() < 2 || queue->messages[0].type != queue->messages[1].type)
    return false;
  queue->messages[0].text = Bytes("y");  // not even the same messages: what was first is not
  return true;
}

// A receive of any type takes the newer message.
bool take_newest(Case& c) {
  if (!calls(c, receives)) return false;
  Queue* queue = changed_queue(c);
  if (!queue || queue->messages.empty()) return false;
  const auto& receive = std::get<ReceiveRequest>(*c.raw.state.actor(c.label.actor).call);
  Result result = *c.raw.state.actor(c.label.actor).result;
  if (receive.type != 0 || result.message == queue->messages.back()) return false;
  std::swap(result.message, queue->messages.back());
  std::rotate(queue->messages.begin(), queue->messages.end() - 1, queue->messages.end());
  c.raw.state.actor(c.label.actor).result = std::make_shared<const Result>(result);
  return true;
}

bool move_stime(Case& c) {
  Queue* queue = changed_queue(c);
  if (!queue || calls(c, sends)) return false;
  queue->stime = {7, 7};
  return true;
}

bool wrong_lspid(Case& c) {
  Queue* queue = changed_queue(c);
  if (!queue || !calls(c, sends)) return false;
  queue->lspid.actor = 1 - c.label.actor;
  return true;
}

bool move_owner(Case& c) {
  Queue* queue = changed_queue(c);
  if (!queue || c.label.kind != Label::step || c.raw.state.actor(c.label.actor).call->index() == 4)
    return false;
  ++queue->uid;
  return true;
}

bool touch_on_failure(Case& c) {
  Queue* queue = a_queue(c);
  if (!queue || c.label.kind != Label::step || !failed(c)) return false;
  ++queue->qbytes;
  return true;
}

bool touch_on_stat(Case& c) {
  Queue* queue = a_queue(c);
  if (!queue || !calls(c, controls) || c.raw.state.actor(c.label.actor).result->kind != Result::stat)
    return false;
  ++queue->qbytes;
  return true;
}

// A receiver goes to sleep although there is a message for it.
bool sleep_beside_message(Case& c) {
  for (auto& queue : c.raw.state.queues) {
    if (queue->removed || queue->receivers.empty()) continue;
    queue.write().messages.push_back({1, Bytes("a")});
    queue.write().cbytes += 1;
    return true;
  }
  return false;
}

bool sleep_beside_room(Case& c) {
  for (auto& queue : c.raw.state.queues) {
    if (queue->removed || queue->senders.empty()) continue;
    queue.write().messages.clear();
    queue.write().cbytes = 0;
    for (const ActorIndex actor : queue->senders) c.raw.state.actor(actor).woken = false;
    return true;
  }
  return false;
}

bool forget_waiter(Case& c) {
  for (auto& queue : c.raw.state.queues) {
    if (queue->receivers.empty()) continue;
    queue.write().receivers.clear();
    return true;
  }
  return false;
}

bool keep_waiter_of_removed(Case& c) {
  for (std::size_t q = 0; q < c.before.state.queues.size(); ++q) {
    if (!c.raw.state.queues[q]->removed || c.before.state.queues[q]->removed ||
        c.before.state.queues[q]->receivers.empty())
      continue;
    const ActorIndex actor = c.before.state.queues[q]->receivers.front();
    c.raw.state.actor(actor) = c.before.state.actor(actor);
    return true;
  }
  return false;
}

bool share_an_identifier(Case& c) {
  if (c.raw.state.queues.size() == c.before.state.queues.size() || c.raw.state.queues.size() < 2)
    return false;
  for (auto& queue : c.raw.state.queues) {
    queue.write().removed = false;
    queue.write().id = 5;
  }
  return true;
}

bool exceed_msgmni(Case& c) {
  if (c.raw.state.queues.size() == c.before.state.queues.size()) return false;
  c.raw.state.spaces[0].limits.msgmni = 0;
  return true;
}

// The past of the queues is another: what was done is what it was.
template <class F>
void rewrite_past(Case& c, F rewrite) {
  for (auto& queue : c.before.state.queues)
    if (!queue->removed) rewrite(const_cast<Queue&>(*queue));  // shared with `raw` where nothing changed
}

// The sender succeeds although its class may not write.
bool ignore_mode(Case& c) {
  if (!calls(c, sends) && !calls(c, receives)) return false;
  rewrite_past(c, [](Queue& queue) { queue.mode = 0; });
  return true;
}

bool send_without_room(Case& c) {
  if (!calls(c, sends)) return false;
  rewrite_past(c, [](Queue& queue) { queue.qbytes = queue.cbytes; });
  return true;
}

bool falls_asleep(Case& c, Phase phase) {
  return c.label.kind == Label::step && c.actor().phase == phase &&
         c.before.state.actor(c.label.actor).phase == Phase::entered;
}

bool sleep_though_there_was_room(Case& c) {
  if (!falls_asleep(c, Phase::sending)) return false;
  rewrite_past(c, [](Queue& queue) { queue.qbytes = 100; });
  return true;
}

bool hang(Case& c) {
  if (c.label.kind != Label::begin || c.actor().phase != Phase::entered) return false;
  c.actor().restarting = true;  // as if it waited to be continued
  return true;
}

bool dead_take_a_message_along(Case& c) {
  Queue* queue = c.label.kind == Label::die ? a_queue(c) : nullptr;
  if (!queue || queue->messages.empty()) return false;
  queue->cbytes -= queue->messages.back().text.size();
  queue->messages.pop_back();
  return true;
}

bool dead_wait_on(Case& c) {
  Queue* queue = c.label.kind == Label::die ? a_queue(c) : nullptr;
  if (queue) queue->receivers.push_back(c.label.actor);
  return queue != nullptr;
}

bool answer_the_stopped(Case& c) {
  if (c.label.kind != Label::step) return false;
  for (std::size_t a = 0; a < c.raw.state.actors.size(); ++a) {
    const auto actor = static_cast<ActorIndex>(a);
    if (c.before.state.process_of(actor).running != Running::stopped || !c.raw.state.actor(actor).call)
      continue;
    c.raw.state.actor(actor).phase = Phase::returning;
    c.raw.state.actor(actor).result = std::make_shared<const Result>(Result::fail(Errno::eintr));
    return true;
  }
  return false;
}

// A message went to a receiver that was waiting: who, and where.
struct HandOver {
  ActorIndex to = -1;
  QueueIndex queue = -1;
};
HandOver hand_over(Case& c) {
  if (!calls(c, sends)) return {};
  for (std::size_t a = 0; a < c.raw.state.actors.size(); ++a) {
    const Actor &was = c.before.state.actors[a], &is = c.raw.state.actors[a];
    if (was.phase == Phase::receiving && is.phase == Phase::returning && is.result->kind == Result::received)
      return {static_cast<ActorIndex>(a), was.waits_on};
  }
  return {};
}

// The receiver waits on, as before.
void serve_no_more(Case& c, HandOver done) {
  c.raw.state.actor(done.to) = c.before.state.actor(done.to);
  c.raw.state.change(done.queue).receivers = c.before.state.queue(done.queue).receivers;
}

bool serve_the_newest(Case& c) {
  const HandOver done = hand_over(c);
  if (done.to < 0) return false;
  const ActorIndex newest = c.before.state.queue(done.queue).receivers.back();
  if (newest == done.to) return false;
  const Actor served = c.raw.state.actor(done.to);
  serve_no_more(c, done);
  Actor& other = c.raw.state.actor(newest);
  other.phase = Phase::returning;
  other.waits_on = -1;
  other.result = served.result;
  c.raw.state.change(done.queue).receivers.pop_back();
  return true;
}

bool queue_though_somebody_waits(Case& c) {
  const HandOver done = hand_over(c);
  if (done.to < 0) return false;
  serve_no_more(c, done);
  const auto& send = std::get<SendRequest>(*c.request());
  Queue& queue = c.raw.state.change(done.queue);
  queue.messages.push_back({send.type, send.text});
  queue.cbytes += send.size;
  return true;
}

bool jump_the_line(Case& c) {
  for (auto& queue : c.raw.state.queues) {
    if (queue->receivers.size() < 2) continue;
    std::ranges::reverse(queue.write().receivers);
    return true;
  }
  return false;
}

bool lrpid_of_the_sender(Case& c) {
  const HandOver done = hand_over(c);
  if (done.to < 0) return false;
  c.raw.state.change(done.queue).lrpid = {Pid::process, c.label.actor};
  return true;
}

bool lrpid_stays(Case& c) {
  Queue* queue = calls(c, receives) ? changed_queue(c) : nullptr;
  if (!queue) return false;
  queue->lrpid = {};
  return true;
}

bool succeed_after_a_signal(Case& c) {
  const Actor& was = c.before.state.actor(c.label.actor);
  const bool waited = was.phase == Phase::sending || was.phase == Phase::receiving;
  if (c.label.kind != Label::step || !waited || !was.interrupted || !failed(c)) return false;
  c.actor().result = std::make_shared<const Result>(Result::of(0));
  return true;
}

bool set_succeeds(Case& c) { return calls(c, 4) && c.actor().result->kind == Result::number; }

bool set_leaves_a_receiver_asleep(Case& c) {
  if (!set_succeeds(c)) return false;
  for (Actor& actor : c.raw.state.actors) {
    if (actor.phase != Phase::receiving) continue;
    actor.woken = false;
    return true;
  }
  return false;
}

bool set_forgets_the_group(Case& c) {
  Queue* queue = set_succeeds(c) ? changed_queue(c) : nullptr;
  if (queue) ++queue->gid;
  return queue != nullptr;
}

bool set_keeps_the_limit(Case& c) {
  Queue* queue = set_succeeds(c) ? changed_queue(c) : nullptr;
  if (queue) queue->qbytes = 99;
  return queue != nullptr;
}

bool set_drops_messages(Case& c) {
  Queue* queue = set_succeeds(c) ? changed_queue(c) : nullptr;
  if (!queue || queue->messages.empty()) return false;
  queue->messages.clear();
  queue->cbytes = 0;
  return true;
}

bool name_no_clause(Case& c) {
  if (c.label.kind != Label::step || c.actor().phase != Phase::returning) return false;
  c.clauses = {};
  return true;
}

// Which does not hold under posix.
bool name_a_clause_of_another(Case& c) {
  if (c.label.kind != Label::step) return false;
  c.clauses.add("msgsnd.ok.handoff");
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
    {"a send without room", send_without_room, {"room"}},
    {"a sender sleeps though there was room", sleep_though_there_was_room, {"room"}},
    {"a call hangs", hang, {"progress"}},
    {"the dead take a message along", dead_take_a_message_along, {"death"}},
    {"the dead wait on", dead_wait_on, {"death"}},
    {"the stopped are answered", answer_the_stopped, {"stopped"}},
    {"the newest of two is served", serve_the_newest, {"hand-off"}},
    {"a message is queued though somebody waits", queue_though_somebody_waits, {"hand-off"}},
    {"a waiter jumps the line", jump_the_line, {"line"}},
    {"lrpid of the sender", lrpid_of_the_sender, {"marks"}},
    {"lrpid stays", lrpid_stays, {"marks"}},
    {"a waiter succeeds after a signal", succeed_after_a_signal, {"signal"}},
    {"IPC_SET leaves a receiver asleep", set_leaves_a_receiver_asleep, {"wake"}},
    {"IPC_SET forgets the group", set_forgets_the_group, {"set"}},
    {"IPC_SET keeps the limit", set_keeps_the_limit, {"set"}},
    {"IPC_SET drops messages", set_drops_messages, {"set"}},
    {"an answer without a clause", name_no_clause, {"clauses"}},
    {"a clause that does not hold", name_a_clause_of_another, {"clauses"}},
};

// Some thousand transitions of a small world, under a profile.
struct Small {
  Small(Scope of, const char* profile) : scope(std::move(of)), stage(scope, *find_profile(profile)) {
    const Canon canon(scope, stage.profile(), true);
    std::set<Fingerprint> known;
    std::deque<World> open{stage.first()};
    while (!open.empty() && known.size() < 2500) {
      const World world = std::move(open.front());
      open.pop_front();
      if (!known.insert(canon(world)).second) continue;
      stage.successors(world, [&](Label label, const Clauses& clauses, World&& raw) {
        cases.push_back({world, label, clauses, raw});
        stage.return_all(raw);
        open.push_back(std::move(raw));
      });
    }
  }
  const Scope scope;
  const Stage stage;
  std::vector<Case> cases;
};

const std::vector<std::unique_ptr<Small>>& small_worlds() {
  static const auto worlds = [] {
    std::vector<std::unique_ptr<Small>> made;
    made.push_back(std::make_unique<Small>(small_scope(2), "linux-6.18"));
    made.push_back(std::make_unique<Small>(small_scope(3), "linux-6.18"));
    made.push_back(std::make_unique<Small>(signal_scope(), "linux-6.18"));
    made.push_back(std::make_unique<Small>(small_scope(2), "posix"));
    return made;
  }();
  return worlds;
}

Holds check(const Property& property, const Stage& stage, const Case& c) {
  return property.holds({stage, c.before, c.label, c.clauses, c.raw});
}

TEST(Property, HoldsInTheSmallWorlds) {
  std::map<std::string_view, int> checked;
  for (const auto& small : small_worlds())
    for (const Case& c : small->cases)
      for (const Property& property : properties()) {
        const Holds holds = check(property, small->stage, c);
        EXPECT_NE(holds, Holds::no) << property.name;
        checked[property.name] += holds == Holds::yes;
      }
  for (const Property& property : properties()) EXPECT_GT(checked[property.name], 10) << property.name;
}

// The case with queues of its own, those that did not change shared as before.
Case own(const Case& original) {
  Case c = original;
  for (auto& queue : c.before.state.queues) queue.write();
  for (auto& queue : c.raw.state.queues) queue.write();
  for (std::size_t q = 0; q < c.before.state.queues.size(); ++q)
    if (original.raw.state.queues[q] == original.before.state.queues[q])
      c.raw.state.queues[q] = c.before.state.queues[q];
  return c;
}

// In how many cases the mutant bends something, and in how many it is noticed.
std::pair<int, int> tried(const Mutant& mutant) {
  int bent = 0, caught = 0;
  for (const auto& small : small_worlds())
    for (const Case& original : small->cases) {
      Case c = own(original);
      if (!mutant.bend(c)) continue;
      ++bent;
      for (const Property& property : properties())
        if (mutant.caught_by.contains(property.name)) caught += check(property, small->stage, c) == Holds::no;
      if (bent > 200 && caught > 0) return {bent, caught};
    }
  return {bent, caught};
}

TEST(Property, EachMutantIsCaught) {
  for (const Mutant& mutant : mutants) {
    const auto [bent, caught] = tried(mutant);
    EXPECT_GT(bent, 0) << mutant.name << ": nothing to bend";
    EXPECT_GT(caught, 0) << mutant.name << ": nobody noticed in " << bent << " transitions";
  }
}

// Bug: a property that nothing is known to violate.
TEST(Property, EachHasAMutant) {
  std::set<std::string_view> caught;
  for (const Mutant& mutant : mutants) caught.insert(mutant.caught_by.begin(), mutant.caught_by.end());
  for (const Property& property : properties()) EXPECT_TRUE(caught.contains(property.name)) << property.name;
}

}  // namespace
}  // namespace svmq::model::explore
