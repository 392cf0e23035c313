// A queue that is nearly full: room in bytes and in messages, sleeping senders, and what wakes them.
#include <algorithm>

#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

bool fill(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 2) : nullptr;
  if (!person) return false;
  const Queue& q = draft.world.queues[*queue];
  std::uint64_t size = size_near_room(draft, q);
  bool sleeps = !q.fits(size);
  Flags flags = sleeps && (draft.random.chance(40) || !draft.may_sleep()) ? flag::ipc_nowait : 0;
  if (!sleeps && draft.random.chance(30)) flags = flag::ipc_nowait;
  Message message{static_cast<std::int64_t>(1 + draft.random.below(3)), text_of(draft, size), false};
  draft.send(*person, draft.target(*queue), message, size, flags);
  return true;
}

bool make_room(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 4) : nullptr;
  if (!person || draft.world.queues[*queue].notes.empty()) return false;
  Flags flags = draft.random.chance(50) ? flag::ipc_nowait | flag::msg_noerror : flag::ipc_nowait;
  std::int64_t type = draft.random.chance(70) ? 0 : type_to_select(draft, queue);
  draft.receive(*person, draft.target(*queue), Buffer{}, draft.random.chance(80) ? 100 : 2, type, flags);
  return true;
}

// Two senders wait, and then there is room for both.
bool let_two_in(Draft& draft) {
  auto queue = draft.living_queue();
  const bool space =
      draft.steps() + 6 <= static_cast<std::size_t>(draft.options.steps);  // four, and what may follow
  if (!queue || !space || draft.inside_block() || draft.world.idle() < 3) return false;
  const std::uint64_t room = std::min(draft.world.queues[*queue].room(), draft.world.msgmax);
  if (room < 2 || room > 100) return false;
  Target target = draft.target(*queue);
  for (const std::uint64_t size : {room, std::uint64_t{1}, std::uint64_t{1}}) {
    Person* sender = draft.permitted(*queue, 2);
    if (!sender) return size != room;
    Message message{static_cast<std::int64_t>(1 + draft.random.below(3)), text_of(draft, size), false};
    draft.send(*sender, target, message, size, 0);
  }
  Person* receiver = draft.permitted(*queue, 4);
  if (receiver) draft.receive(*receiver, target, Buffer{}, 100, 0, flag::ipc_nowait);
  return true;
}

void begin(Draft& draft) {
  add_alike_processes(draft, 2);
  std::size_t queue = create_first_queue(draft);
  Person& owner = draft.world.people.front();
  Setting setting = setting_of(draft.world.queues[queue]);
  setting.qbytes = draft.random.chance(80) ? 3 + draft.random.below(38) : draft.random.below(4);
  draft.set(owner, draft.target(queue), setting);
}

constexpr Move moves[] = {
    {24, fill},      {12, make_room},   {5, change_qbytes}, {3, sleep_in_receive},
    {4, let_two_in}, {2, remove_queue}, {2, change_mode},
};

}  // namespace

const Theme& full_theme() {
  static constexpr Theme theme{"full", 20, begin, moves};
  return theme;
}

}  // namespace svmq::generate
