// Bad pointers, impossible sizes, commands that do not exist: which error comes first, and what is lost.
#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

BadPointer bad(Draft& draft) { return draft.random.chance(50) ? BadPointer::null : BadPointer::unmapped; }

bool send_from_bad_memory(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Target target = draft.any_target();
  Random& random = draft.random;
  std::uint64_t size = random.below(9);
  if (random.chance(50)) {
    if (random.chance(20)) size = UINT64_MAX;
    draft.send(*person, target, bad(draft), size, flag::ipc_nowait);
    return true;
  }
  std::uint64_t length = random.chance(30) ? size : random.below(size + 1);  // memory may end too early
  Message message{random.chance(80) ? 1 : 0, text_of(draft, length), true};
  draft.send(*person, target, message, size, flag::ipc_nowait);
  return true;
}

bool send_of_impossible_size(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  std::uint64_t size =
      draft.random.of<std::uint64_t>({UINT64_MAX, std::uint64_t{1} << 63, INT64_MAX, draft.world.msgmax + 1,
                                      draft.world.msgmax + 1, 1u << 20});
  Message message{draft.random.chance(70) ? 1 : draft.random.of<std::int64_t>({0, -1}), text_of(draft, 1),
                  false};
  draft.send(*person, draft.any_target(), message, size, flag::ipc_nowait);
  return true;
}

BufferArgument bad_buffer(Draft& draft, std::uint64_t size) {
  switch (draft.random.below(5)) {
    case 0: return ReadOnlyBuffer{};
    case 1:
    case 2:
      return Buffer{draft.random.below(static_cast<std::size_t>(std::min<std::uint64_t>(size, 64)) + 1)};
    default: return bad(draft);
  }
}

bool receive_into_bad_memory(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Target target = draft.any_target();
  Flags flags = flag::ipc_nowait;
  if (draft.random.chance(30)) flags |= flag::msg_noerror;
  if (draft.random.chance(20)) flags |= flag::msg_copy;
  std::int64_t type = flags & flag::msg_copy ? 0 : type_to_select(draft, target.queue);
  std::uint64_t size = size_to_receive(draft, target.queue, type, flags);
  draft.receive(*person, target, bad_buffer(draft, size), size, type, flags);
  return true;
}

bool sleep_with_bad_memory(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue && draft.may_sleep() ? draft.permitted(*queue, 4) : nullptr;
  if (!person || !draft.world.queues[*queue].notes.empty()) return false;
  draft.receive(*person, draft.target(*queue), bad_buffer(draft, 10), 10, 0, 0);
  return true;
}

bool control_with_bad_memory(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Target target = draft.any_target();
  int command =
      draft.random.of({command::ipc_stat, command::ipc_stat, command::msg_stat, command::msg_stat_any,
                       command::ipc_info, command::msg_info, command::ipc_rmid});
  if (draft.random.chance(25)) {
    draft.set(*person, target, bad(draft));
  } else if (draft.random.chance(20)) {
    draft.control(*person, target, command, ReadOnlyBuffer{});
  } else {
    draft.control(*person, target, command, bad(draft));
  }
  return true;
}

bool control_with_unknown_command(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  int command = draft.random.of({-1, 4, 5, 9, 10, 14, 99, 258, 256, INT32_MAX, INT32_MIN, 12345});
  BufferArgument buffer = Buffer{};
  if (draft.random.chance(40)) buffer = bad(draft);
  draft.control(*person, draft.any_target(), command, buffer);
  return true;
}

bool send_properly(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 2) : nullptr;
  if (!person) return false;
  std::uint64_t size = draft.random.below(8);
  Message message{static_cast<std::int64_t>(1 + draft.random.below(3)), text_of(draft, size),
                  draft.random.chance(30)};
  draft.send(*person, draft.target(*queue), message, size, flag::ipc_nowait);
  return true;
}

void begin(Draft& draft) {
  add_alike_processes(draft, 1);
  create_first_queue(draft);
  send_properly(draft);
}

constexpr Move moves[] = {
    {12, send_from_bad_memory}, {6, send_of_impossible_size}, {16, receive_into_bad_memory},
    {5, sleep_with_bad_memory}, {8, control_with_bad_memory}, {5, control_with_unknown_command},
    {14, send_properly},
};

}  // namespace

const Theme& faults_theme() {
  static constexpr Theme theme{"faults", 10, begin, moves};
  return theme;
}

}  // namespace svmq::generate
