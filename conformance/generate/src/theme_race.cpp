// Races: some processes with a few queues between them, then all of them at once, each with calls of its own,
// while signals, kills and a removal may come; in the end a look at what is left. Only on request
// (Options::races).
#include <algorithm>

#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

std::int64_t race_type(Draft& draft) { return static_cast<std::int64_t>(1 + draft.random.below(3)); }

// Those who run are not known to sleep or to have ended: whatever the rough idea says, each may get a line.
Person* anyone(Draft& draft) {
  std::vector<Person*> alive;
  for (Person& person : draft.world.people)
    if (person.alive) alive.push_back(&person);
  return alive.empty() ? nullptr : draft.random.of(alive);
}

Target some_queue(Draft& draft) {
  const Handle& handle = draft.random.of(draft.world.handles);
  return {{handle.variable, 0}, std::nullopt};  // the idea of it is of no use here
}

bool take(Draft& draft) {
  Person* person = anyone(draft);
  if (!person) return false;
  std::int64_t type = draft.random.chance(60) ? 0 : race_type(draft);
  if (draft.random.chance(25)) type = -type;
  Flags flags = draft.random.chance(80) ? flag::ipc_nowait : 0;
  if (draft.random.chance(15)) flags |= flag::msg_noerror;
  if (draft.random.chance(8)) flags |= flag::msg_except;
  draft.step(person,
             Msgrcv{some_queue(draft).id, Buffer{}, draft.random.chance(90) ? 100u : 1u, type, flags});
  return true;
}

bool put(Draft& draft) {
  Person* person = anyone(draft);
  if (!person) return false;
  std::uint64_t size = 1 + draft.random.below(3);
  Message message{race_type(draft), text_of(draft, size), false};
  draft.step(person,
             Msgsnd{some_queue(draft).id, message, size, draft.random.chance(70) ? flag::ipc_nowait : 0});
  return true;
}

bool look(Draft& draft) {
  Person* person = anyone(draft);
  if (person) draft.step(person, Msgctl{some_queue(draft).id, command::ipc_stat, Buffer{}});
  return person != nullptr;
}

bool resize(Draft& draft) {
  Person* person = anyone(draft);
  if (!person) return false;
  Setting setting = setting_of(draft.world.queues.front());
  setting.qbytes = 1 + draft.random.below(20);
  draft.step(person, MsgctlSet{some_queue(draft).id, setting});
  return true;
}

bool remove(Draft& draft) {
  Person* person = anyone(draft);
  if (person) draft.step(person, Msgctl{some_queue(draft).id, command::ipc_rmid, BadPointer::null});
  return person != nullptr;
}

bool interrupt(Draft& draft) {
  for (Person& person : draft.world.people) {
    if (!person.alive || person.caught.empty() || draft.random.chance(50)) continue;
    draft.step(nullptr, Kill{person.name, *person.caught.begin()});
    return true;
  }
  return false;
}

bool kill_one(Draft& draft) {
  Person* person = anyone(draft);
  const auto alive = std::count_if(draft.world.people.begin(), draft.world.people.end(),
                                   [](const Person& p) { return p.alive; });
  if (!person || alive < 2 || !person->process.empty()) return false;
  draft.end(*person, std::nullopt);
  return true;
}

constexpr Move moves[] = {
    {40, take},
    {30, put},
    {3, look},
    {2, resize},
    {1, remove},
    {3, interrupt, "signals"},
    {1, kill_one, "signals"},
};

void begin(Draft& draft) {
  add_alike_processes(draft, 2);
  Person& first = draft.world.people.front();
  create_first_queue(draft);
  if (draft.random.chance(20)) draft.create(first, {}, 0600);
  if (draft.random.chance(25)) {
    Setting setting = setting_of(draft.world.queues.front());
    setting.qbytes = 2 + draft.random.below(8);
    draft.set(first, draft.target(0), setting);
  }
  if (draft.available("signals")) {
    for (Person& person : draft.world.people)
      if (draft.random.chance(25))
        draft.handler(person, Signal::usr1,
                      draft.random.chance(70) ? Disposition::catch_ : Disposition::restart);
  }
  for (std::size_t i = draft.random.below(5); i > 0; --i) {
    const std::uint64_t size = 1 + draft.random.below(3);
    draft.send(first, draft.target(0), Message{race_type(draft), text_of(draft, size), false}, size,
               flag::ipc_nowait);
  }
}

}  // namespace

const Theme& race_theme() {
  static constexpr Theme theme{"race", 0, begin, moves};
  return theme;
}

}  // namespace svmq::generate
