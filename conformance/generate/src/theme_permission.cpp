// Who may do what: modes, owners, groups, capabilities, and changes of all of them under way.
#include <algorithm>

#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

// Opens the queue of a key with the permissions that it asks for.
bool open_queue(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Random& random = draft.random;
  Flags asked = random.of<Flags>(
      {0, 0, 0400, 0200, 0600, 0040, 0020, 0060, 0004, 0002, 0006, 0666, 0444, 0222, 0111, 0777});
  Flags how = random.of<Flags>({0, 0, flag::ipc_creat, flag::ipc_creat | flag::ipc_excl, flag::ipc_excl});
  draft.create(*person, {{}, random.of<std::int32_t>({1, 1, 1, 2})}, asked | how);
  return true;
}

bool use_queue(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = draft.someone();
  if (!queue || !person) return false;
  Target target = draft.target(*queue);
  switch (draft.random.below(5)) {
    case 0:
      draft.send(*person, target,
                 Message{static_cast<std::int64_t>(1 + draft.random.below(3)), text_of(draft, 3), false}, 3,
                 flag::ipc_nowait);
      return true;
    case 1:
      draft.receive(*person, target, Buffer{}, 10, type_to_select(draft, queue), flag::ipc_nowait);
      return true;
    case 2: draft.control(*person, target, command::ipc_stat, Buffer{}); return true;
    case 3: {
      Target index{{{}, static_cast<std::int64_t>(*queue)}, std::nullopt};
      draft.control(*person, index, draft.random.chance(60) ? command::msg_stat : command::msg_stat_any,
                    Buffer{});
      return true;
    }
    default:
      if (draft.random.chance(30)) {
        draft.control(*person, target, command::ipc_rmid, BadPointer::null);
      } else {
        draft.set(*person, target, setting_of(draft.world.queues[*queue]));
      }
      return true;
  }
}

bool become_another(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Credentials all = some_user(draft), some;
  switch (draft.random.below(6)) {
    case 0: some.uid = all.uid; break;
    case 1: some.gid = all.gid; break;
    case 2: some.fsgid = all.gid; break;
    case 3: some.groups = all.groups; break;
    case 4: some.caps = all.caps; break;
    default: some = all;
  }
  if (some == Credentials{}) return false;
  bool unprivileged = person->uid != 0;  // it could not become another one any more
  if (unprivileged && draft.random.chance(85)) return false;
  draft.become(*person, some);
  return true;
}

bool create_with_mode(Draft& draft) {
  Person* person = draft.someone();
  if (!person || draft.world.queues.size() > 3) return false;
  Key key = draft.random.chance(60) ? Key{} : Key{{}, 2};
  draft.create(*person, key, mode_that_hinders(draft) | flag::ipc_creat);
  return true;
}

void begin(Draft& draft) {
  int most = std::clamp(draft.options.processes, 1, 26);
  int count = std::min(most, 2 + static_cast<int>(draft.random.below(3)));
  for (int i = 0; i < count; ++i) draft.add_process(some_user(draft));
  Person& owner = draft.world.people[draft.random.below(draft.world.people.size())];
  draft.create(owner, {{}, 1}, mode_that_hinders(draft) | flag::ipc_creat);
}

constexpr Move moves[] = {
    {10, open_queue},
    {24, use_queue},
    {12, change_mode},
    {6, create_with_mode},
    {5, become_another, "privilege-drop"},
};

}  // namespace

const Theme& permission_theme() {
  static constexpr Theme theme{"permission", 18, begin, moves, "uids"};
  return theme;
}

}  // namespace svmq::generate
