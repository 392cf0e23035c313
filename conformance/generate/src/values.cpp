#include "src/values.hpp"

#include <algorithm>

namespace svmq::generate {

using namespace language;

// -------------------------------------------------------------------------------------------------------
// types

std::int64_t type_to_send(Draft& draft) {
  Random& random = draft.random;
  if (random.chance(4)) return random.of<std::int64_t>({0, -1, INT64_MIN});
  if (random.chance(8))
    return random.of<std::int64_t>({INT64_MAX, INT64_MAX - 1, INT32_MAX, std::int64_t{INT32_MAX} + 1});
  return static_cast<std::int64_t>(1 + random.below(5));
}

std::int64_t type_to_select(Draft& draft, std::optional<std::size_t> queue) {
  Random& random = draft.random;
  if (random.chance(25)) return 0;
  if (random.chance(10))
    return random.of<std::int64_t>({INT64_MIN, INT64_MIN + 1, INT64_MAX, -INT64_MAX + 1, INT32_MIN});
  std::int64_t near = static_cast<std::int64_t>(1 + random.below(5));
  if (queue && !draft.world.queues[*queue].notes.empty())
    near = random.of(draft.world.queues[*queue].notes).type;
  if (random.chance(25) && near < INT64_MAX) near += random.chance(50) ? 1 : -1;
  return random.chance(45) ? -near : near;
}

// ------------------------------------------------------------------------------------------------ texts and
// sizes

Text text_of(Draft& draft, std::uint64_t size) {
  std::string letter = draft.next_text_letter();
  if (size == 0) return {};
  if (size > 24 && draft.random.chance(40))
    return {{Repeat{1, letter}, Sequence{size - 1, static_cast<std::uint32_t>(draft.random.below(100))}}};
  if (size > 12) return {{Repeat{size, letter}}};
  std::string bytes = letter;
  while (bytes.size() < size) bytes.push_back(static_cast<char>('0' + bytes.size() % 10));
  return {{Repeat{1, bytes}}};
}

std::uint64_t size_to_send(Draft& draft) {
  Random& random = draft.random;
  if (random.chance(6))
    return draft.world.msgmax - std::min<std::uint64_t>(draft.world.msgmax, random.below(2));
  if (random.chance(3)) return draft.world.msgmax + 1;
  if (random.chance(12)) return 0;
  return 1 + random.below(12);
}

std::uint64_t size_near_room(Draft& draft, const Queue& queue) {
  std::uint64_t room = std::min(queue.room(), draft.world.msgmax);
  switch (draft.random.below(6)) {
    case 0: return room + 1;
    case 1: return room;
    case 2: return room > 0 ? room - 1 : 0;
    case 3: return 0;
    default: return std::min<std::uint64_t>(1 + draft.random.below(8), draft.world.msgmax);
  }
}

std::uint64_t size_to_receive(Draft& draft, std::optional<std::size_t> queue, std::int64_t type,
                              Flags flags) {
  Random& random = draft.random;
  if (random.chance(2)) return random.of<std::uint64_t>({UINT64_MAX, std::uint64_t{1} << 63});
  if (random.chance(4)) return draft.world.msgmax + random.below(2);
  std::uint64_t length = random.below(10);
  if (queue) {
    const Queue& q = draft.world.queues[*queue];
    if (auto chosen = q.selected(type, flags)) length = q.notes[*chosen].size;
  }
  if (random.chance(45)) return length + 100;
  if (random.chance(10)) return 0;
  return random.chance(50) ? length : random.chance(60) && length > 0 ? length - 1 : length + 1;
}

// -------------------------------------------------------------------------------------------------------
// flags

Flags flags_to_send(Draft& draft) {
  Random& random = draft.random;
  Flags flags = random.chance(45) || !draft.may_sleep() ? flag::ipc_nowait : 0;
  if (random.chance(4))
    flags |= random.of<Flags>({flag::msg_noerror, flag::msg_except, flag::msg_copy, flag::ipc_creat, 0600});
  return flags;
}

Flags flags_to_receive(Draft& draft) {
  Random& random = draft.random;
  Flags flags = random.chance(60) || !draft.may_sleep() ? flag::ipc_nowait : 0;
  if (random.chance(30)) flags |= flag::msg_noerror;
  if (random.chance(15)) flags |= flag::msg_except;
  if (random.chance(8)) flags |= flag::msg_copy;
  if (random.chance(2)) flags |= flag::ipc_excl | 0400;
  return flags;
}

Flags mode(Draft& draft) {
  return draft.random.chance(70) ? 0600 : draft.random.of<Flags>({0660, 0666, 0777, 0644});
}

Flags mode_that_hinders(Draft& draft) {
  return draft.random.of<Flags>(
      {0, 0200, 0400, 0600, 0060, 0020, 0040, 0006, 0002, 0004, 0660, 0606, 0066, 0440, 0111});
}

Key small_key(Draft& draft) {
  Random& random = draft.random;
  if (!draft.keys.empty() && random.chance(60)) return random.of(draft.keys);
  return {{}, random.of<std::int32_t>({1, 1, 2, 2, 3, -1, INT32_MIN, INT32_MAX, 0})};
}

Setting setting_of(const Queue& queue) { return {queue.uid, queue.gid, queue.mode, queue.qbytes}; }

Credentials some_user(Draft& draft) {
  Random& random = draft.random;
  Credentials c;
  if (draft.available("uids")) {
    c.uid = random.of<std::uint32_t>({0, 1000, 1000, 1001});
    c.gid = random.of<std::uint32_t>({0, 1000, 1000, 1001});
    if (random.chance(30)) {
      c.groups = random.of<std::vector<std::uint32_t>>({{}, {0}, {1000}, {1001}, {1000, 1001}});
    }
    if (random.chance(8)) c.ruid = random.of<std::uint32_t>({0, 1000, 1001});
    if (random.chance(12)) c.fsgid = random.of<std::uint32_t>({0, 1000, 1001});
  }
  if (draft.available("caps") && random.chance(20)) {
    c.caps = random.chance(40) ? Capabilities{0} : static_cast<Capabilities>(1u << random.below(4));
  }
  return c;
}

}  // namespace svmq::generate
