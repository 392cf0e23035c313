// Limits that change under way: what is new obeys them, what is there already stays.
#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

bool change_limit(Draft& draft) {
  Random& random = draft.random;
  switch (random.below(8)) {
    case 0: draft.set_limit(Limit::msgmni, static_cast<std::int64_t>(random.below(4))); break;
    case 1: draft.set_limit(Limit::msgmni, random.of<std::int64_t>({32000, 32768, 32769, -1})); break;
    case 2:
    case 3: draft.set_limit(Limit::msgmnb, static_cast<std::int64_t>(random.below(40))); break;
    case 4: draft.set_limit(Limit::msgmnb, random.of<std::int64_t>({16384, 65536, -1, INT32_MAX})); break;
    case 5: draft.set_limit(Limit::msgmax, random.of<std::int64_t>({8192, 65536, -1})); break;
    case 6: draft.set_limit(Limit::auto_msgmni, static_cast<std::int64_t>(random.below(3))); break;
    default: draft.set_limit(Limit::msgmax, static_cast<std::int64_t>(random.below(12)));
  }
  return true;
}

bool read_limit(Draft& draft) {
  Person* person = draft.random.chance(50) ? draft.someone() : nullptr;
  draft.step(person,
             GetLimit{draft.random.of({Limit::msgmax, Limit::msgmnb, Limit::msgmni, Limit::auto_msgmni})});
  return true;
}

bool create_under_limit(Draft& draft) {
  Person* person = draft.someone();
  if (!person || draft.world.queues.size() > 4) return false;
  Key key = draft.random.chance(60) ? Key{} : small_key(draft);
  draft.create(*person, key, mode(draft) | flag::ipc_creat);
  return true;
}

bool send_at_limit(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 2) : nullptr;
  if (!person) return false;
  std::uint64_t size = draft.world.msgmax + draft.random.below(2);
  if (draft.random.chance(50)) size = size_near_room(draft, draft.world.queues[*queue]);
  size = std::min<std::uint64_t>(size, 100'000);
  Message message{1, text_of(draft, size), false};
  draft.send(*person, draft.target(*queue), message, size,
             draft.may_sleep() && draft.random.chance(30) ? 0 : flag::ipc_nowait);
  return true;
}

bool copy_beyond_limit(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 4) : nullptr;
  if (!person || draft.world.queues[*queue].notes.empty()) return false;
  draft.receive(*person, draft.target(*queue), Buffer{}, 9000, 0, flag::msg_copy | flag::ipc_nowait);
  return true;
}

void begin(Draft& draft) {
  add_alike_processes(draft, 1);
  if (draft.random.chance(40)) change_limit(draft);
  create_first_queue(draft);
}

constexpr Move moves[] = {
    {14, change_limit},  {2, read_limit},        {10, create_under_limit},
    {12, send_at_limit}, {2, copy_beyond_limit}, {6, change_qbytes},
};

}  // namespace

const Theme& limits_theme() {
  static constexpr Theme theme{"limits", 6, begin, moves, "limits"};
  return theme;
}

}  // namespace svmq::generate
