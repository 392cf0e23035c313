// Which message a receiver gets: types, ranges, exceptions, copies, lengths, and waiting receivers.
#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

bool send_to_present_queue(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 2) : nullptr;
  if (!person) return false;
  std::uint64_t size = draft.random.below(7);
  Message message{type_to_send(draft), text_of(draft, size), false};
  draft.send(*person, draft.target(*queue), message, size, draft.random.chance(70) ? flag::ipc_nowait : 0);
  return true;
}

// What the waiting receivers asked for, and its neighbours.
bool send_for_sleeper(Draft& draft) {
  Person* sleeper = draft.sleeper();
  if (!sleeper || sleeper->waiting->sends) return false;
  Waiting waiting = *sleeper->waiting;
  Person* person = draft.permitted(waiting.queue, 2);
  if (!person) return false;
  std::int64_t type = waiting.note.type;
  if (type < 0) type = type == INT64_MIN ? INT64_MAX : -type;
  if (type == 0) type = 3;
  if (draft.random.chance(35) && type < INT64_MAX) type += draft.random.chance(50) ? 1 : -1;
  std::uint64_t size = waiting.note.size;
  size = draft.random.chance(30) ? size + 1 : std::min<std::uint64_t>(size, draft.random.below(8));
  Message message{type, text_of(draft, size), false};
  draft.send(*person, draft.target(waiting.queue), message, size,
             draft.random.chance(50) ? flag::ipc_nowait : 0);
  return true;
}

bool select_one(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 4) : nullptr;
  if (!person || draft.world.queues[*queue].notes.empty()) return false;
  Flags flags = flag::ipc_nowait;
  if (draft.random.chance(30)) flags |= flag::msg_noerror;
  if (draft.random.chance(25)) flags |= flag::msg_except;
  std::int64_t type = type_to_select(draft, queue);
  draft.receive(*person, draft.target(*queue), Buffer{}, size_to_receive(draft, queue, type, flags), type,
                flags);
  return true;
}

bool copy_one(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 4) : nullptr;
  if (!person) return false;
  Flags flags = flag::msg_copy | flag::ipc_nowait;
  if (draft.random.chance(25)) flags |= flag::msg_noerror;
  if (draft.random.chance(8)) flags |= flag::msg_except;
  if (draft.random.chance(5)) flags &= ~flag::ipc_nowait;
  auto position = static_cast<std::int64_t>(draft.random.below(draft.world.queues[*queue].notes.size() + 2));
  if (draft.random.chance(8)) position = draft.random.of<std::int64_t>({-1, INT64_MIN, INT64_MAX});
  draft.receive(*person, draft.target(*queue), Buffer{}, size_to_receive(draft, queue, position, flags),
                position, flags);
  return true;
}

void begin(Draft& draft) {
  add_alike_processes(draft, 2);
  create_first_queue(draft);
  for (std::size_t i = 1 + draft.random.below(4); i > 0; --i) send_to_present_queue(draft);
}

constexpr Move moves[] = {
    {14, send_to_present_queue}, {14, select_one}, {8, sleep_in_receive},
    {10, send_for_sleeper},      {4, copy_one},
};

}  // namespace

const Theme& select_theme() {
  static constexpr Theme theme{"select", 22, begin, moves};
  return theme;
}

}  // namespace svmq::generate
