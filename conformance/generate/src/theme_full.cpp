// A queue that is nearly full: room in bytes and in messages, sleeping senders, and what wakes them.
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

void begin(Draft& draft) {
  add_alike_processes(draft, 2);
  std::size_t queue = create_first_queue(draft);
  Person& owner = draft.world.people.front();
  Setting setting = setting_of(draft.world.queues[queue]);
  setting.qbytes = draft.random.chance(80) ? 3 + draft.random.below(38) : draft.random.below(4);
  draft.set(owner, draft.target(queue), setting);
}

constexpr Move moves[] = {
    {24, fill},        {12, make_room},  {5, change_qbytes}, {3, sleep_in_receive},
    {2, remove_queue}, {2, change_mode},
};

}  // namespace

const Theme& full_theme() {
  static constexpr Theme theme{"full", 20, begin, moves};
  return theme;
}

}  // namespace svmq::generate
