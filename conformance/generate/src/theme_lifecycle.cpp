// Queues and processes that come and go: keys, identifiers that have become stale, sleepers whose queue is
// removed.
#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

bool get_queue(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Random& random = draft.random;
  Flags how = random.of<Flags>(
      {0, flag::ipc_creat, flag::ipc_creat, flag::ipc_creat | flag::ipc_excl, flag::ipc_excl});
  Flags rest = random.chance(15) ? random.of<Flags>({flag::ipc_nowait, flag::msg_copy, 0, 0700}) : 0;
  Key key = small_key(draft);
  draft.create(*person, key, mode(draft) | how | rest);
  return true;
}

// Uses a queue that is gone, by the identifier it had.
bool use_stale(Draft& draft) {
  Person* person = draft.someone();
  for (const Handle& handle : draft.world.handles) {
    if (!person || !handle.queue || draft.world.queues[*handle.queue].alive) continue;
    Target stale{{handle.variable, draft.random.chance(25) ? 32768 : 0}, std::nullopt};
    switch (draft.random.below(4)) {
      case 0: draft.send(*person, stale, Message{1, text_of(draft, 2), false}, 2, 0); break;
      case 1: draft.receive(*person, stale, Buffer{}, 10, 0, 0); break;
      case 2: draft.control(*person, stale, command::ipc_stat, Buffer{}); break;
      default: draft.control(*person, stale, command::ipc_rmid, BadPointer::null);
    }
    return true;
  }
  return false;
}

bool remove_under_sleeper(Draft& draft) {
  Person* sleeper = draft.sleeper();
  if (!sleeper) return false;
  std::size_t queue = sleeper->waiting->queue;
  Person* person = draft.owner_of(queue);
  if (!person) return false;
  std::int32_t key = draft.world.queues[queue].key;
  draft.control(*person, draft.target(queue), command::ipc_rmid, BadPointer::null);
  if (key != 0 && draft.random.chance(50) && person->idle())
    draft.create(*person, {{}, key}, flag::ipc_creat | 0600);
  return true;
}

bool exit_process(Draft& draft) {
  Person* person = draft.someone();
  if (!person || draft.world.idle() < 3 || !person->process.empty()) return false;
  draft.end(*person, static_cast<int>(draft.random.below(3)));
  return true;
}

bool execute(Draft& draft) {
  Person* person = draft.someone();
  if (!person || !person->process.empty() || draft.world.people.back().process == person->name) return false;
  draft.step(person, Exec{});
  return true;
}

bool leave_namespace(Draft& draft) {
  Person* person = draft.someone();
  if (!person || draft.world.idle() < 2 || person->elsewhere || !person->has(Capability::sys_admin))
    return false;
  draft.unshare(*person);
  return true;
}

bool make_key(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  if (draft.keys.empty()) draft.step(nullptr, Create{"file"});
  const char* path = draft.random.chance(90) ? "file" : "absent";
  draft.ftok(*person, path, draft.random.of({65, 66, 65 + 256, 0}));
  return true;
}

bool take_segment(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  draft.step(person, Shmget{{{}, draft.random.of<std::int32_t>({1, 2, 3})}, 4096, flag::ipc_creat | 0600});
  return true;
}

bool wish_identifier(Draft& draft) {
  draft.step(nullptr, SetLimit{Limit::msg_next_id,
                               draft.random.of<std::int64_t>({0, 1, 5, 32768, 65541, INT32_MAX, -1})});
  return true;
}

void begin(Draft& draft) {
  add_alike_processes(draft, 2);
  create_first_queue(draft);
  if (draft.available("files") && draft.random.chance(15)) make_key(draft);
}

constexpr Move moves[] = {
    {16, get_queue},
    {8, remove_queue},
    {8, use_stale},
    {6, sleep_in_receive},
    {8, remove_under_sleeper},
    {2, exit_process},
    {1, execute, "exec"},
    {1, leave_namespace, "namespaces"},
    {1, make_key, "files"},
    {1, take_segment, "shm"},
    {2, wish_identifier, "next_id"},
};

}  // namespace

const Theme& lifecycle_theme() {
  static constexpr Theme theme{"lifecycle", 16, begin, moves};
  return theme;
}

}  // namespace svmq::generate
