#include <algorithm>

#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

// -----------------------------------------------------------------------------------------------------
// beginning

void add_alike_processes(Draft& draft, int least) {
  int most = std::clamp(draft.options.processes, 1, 26);
  int count = std::min(most, least + static_cast<int>(draft.random.below(3)));
  Credentials all;
  if (draft.available("uids") && draft.random.chance(50)) all.uid = all.gid = 1000;
  for (int i = 0; i < count; ++i) draft.add_process(all);
  if (draft.available("threads") && draft.random.chance(12)) draft.add_thread();
}

std::size_t create_first_queue(Draft& draft) {
  Key key = draft.random.chance(75) ? Key{} : Key{{}, 1};
  draft.create(draft.world.people.front(), key, mode(draft) | (key.value ? flag::ipc_creat : 0));
  return 0;
}

// ------------------------------------------------------------------------------------------------------
// messages

bool send_something(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Target target = draft.any_target();
  std::uint64_t size = size_to_send(draft);
  std::uint64_t length = size;
  if (draft.random.chance(10))
    length = draft.random.chance(50) ? size + 1 : size - std::min<std::uint64_t>(size, 1);
  Message message{type_to_send(draft), text_of(draft, length), false};
  draft.send(*person, target, message, size, flags_to_send(draft));
  return true;
}

bool receive_something(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Target target = draft.any_target();
  Flags flags = flags_to_receive(draft);
  std::int64_t type = type_to_select(draft, target.queue);
  if (flags & flag::msg_copy) {
    std::size_t present = target.queue ? draft.world.queues[*target.queue].notes.size() : 0;
    type = static_cast<std::int64_t>(draft.random.below(present + 2));
    if (draft.random.chance(70)) flags |= flag::ipc_nowait;
    if (draft.random.chance(90)) flags &= ~flag::msg_except;
  }
  if (target.queue && !(flags & flag::ipc_nowait) && draft.random.chance(50) &&
      !draft.world.queues[*target.queue].selected(type, flags)) {
    flags |= flag::ipc_nowait;  // else half of all actors would soon be asleep
  }
  draft.receive(*person, target, Buffer{}, size_to_receive(draft, target.queue, type, flags), type, flags);
  return true;
}

bool sleep_in_receive(Draft& draft) {
  auto queue = draft.living_queue();
  if (!queue || !draft.may_sleep()) return false;
  Person* person = draft.permitted(*queue, 4);
  if (!person) return false;
  Flags flags = draft.random.chance(25) ? flag::msg_noerror : 0;
  if (draft.random.chance(15)) flags |= flag::msg_except;
  std::int64_t type = draft.random.chance(30) ? 0 : static_cast<std::int64_t>(1 + draft.random.below(6));
  if (draft.random.chance(30)) type = -type;
  if (draft.world.queues[*queue].selected(type, flags)) return false;
  draft.receive(*person, draft.target(*queue), Buffer{}, draft.random.of<std::uint64_t>({100, 100, 5, 2, 0}),
                type, flags);
  return true;
}

// -------------------------------------------------------------------------------------------------------
// control

bool stat_queue(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  draft.control(*person, draft.any_target(), command::ipc_stat, Buffer{});
  return true;
}

bool remove_queue(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue && draft.random.chance(85) ? draft.owner_of(*queue) : draft.someone();
  if (!person) return false;
  Target target = queue && draft.random.chance(90) ? draft.target(*queue) : draft.any_target();
  BufferArgument unused = BadPointer::null;
  if (draft.random.chance(10)) unused = BadPointer::unmapped;
  draft.control(*person, target, command::ipc_rmid, unused);
  return true;
}

bool change_qbytes(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.owner_of(*queue) : nullptr;
  if (!person) return false;
  const Queue& q = draft.world.queues[*queue];
  Setting setting = setting_of(q);
  Random& random = draft.random;
  switch (random.below(8)) {
    case 0: setting.qbytes = 0; break;
    case 1: setting.qbytes = q.bytes() + random.below(3); break;
    case 2: setting.qbytes = q.notes.size() + random.below(2); break;
    case 3: setting.qbytes = draft.world.msgmnb + random.below(2); break;
    case 4:
      setting.qbytes =
          random.of<std::uint64_t>({UINT64_MAX, (std::uint64_t{1} << 32) + 5, std::uint64_t{1} << 31, 100});
      break;
    default: setting.qbytes = 3 + random.below(38);
  }
  draft.set(*person, draft.target(*queue), setting);
  return true;
}

bool change_mode(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.owner_of(*queue) : nullptr;
  if (!person) return false;
  Setting setting = setting_of(draft.world.queues[*queue]);
  if (draft.random.chance(80)) setting.mode = mode_that_hinders(draft);
  if (draft.random.chance(10)) setting.mode |= 07000;
  if (draft.random.chance(25)) setting.uid = draft.random.of<std::uint32_t>({0, 1000, 1001});
  if (draft.random.chance(25)) setting.gid = draft.random.of<std::uint32_t>({0, 1000, 1001});
  if (draft.random.chance(3)) setting.uid = UINT32_MAX;
  draft.set(*person, draft.target(*queue), setting);
  return true;
}

// -----------------------------------------------------------------------------------------------------
// observing

namespace {

bool stat_living_queue(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 4) : nullptr;
  if (!person) return false;
  draft.control(*person, draft.target(*queue), command::ipc_stat, Buffer{});
  return true;
}

bool stat_index(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Target index{{{}, static_cast<std::int64_t>(draft.random.below(3))}, std::nullopt};
  if (draft.random.chance(15)) index.id.value = draft.random.of<std::int64_t>({32768, 32767, -1, 40});
  int command = draft.random.chance(50) ? command::msg_stat : command::msg_stat_any;
  draft.control(*person, index, command, Buffer{});
  return true;
}

bool ask_info(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  Target ignored{{{}, draft.random.chance(90) ? 0 : draft.random.of<std::int64_t>({-1, 77})}, std::nullopt};
  draft.control(*person, ignored, draft.random.chance(50) ? command::msg_info : command::ipc_info, Buffer{});
  return true;
}

bool read_table(Draft& draft) {
  Person* person = draft.someone();
  if (person) draft.step(person, Table{});
  return person != nullptr;
}

bool drain(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue ? draft.permitted(*queue, 4) : nullptr;
  if (!person || draft.world.queues[*queue].notes.empty()) return false;
  draft.receive(*person, draft.target(*queue), Buffer{}, 100, 0, flag::ipc_nowait | flag::msg_noerror);
  return true;
}

// ---------------------------------------------------------------------------------------------- rarely,
// everywhere

// Most scenarios go on with a new queue when the last one is gone.
bool replace_queue(Draft& draft) {
  Person* person = draft.living_queue() ? nullptr : draft.someone();
  if (!person) return false;
  Key key = small_key(draft);
  draft.create(*person, key, mode(draft) | flag::ipc_creat);
  return true;
}

bool sleeping_process_dies(Draft& draft) {
  Person* person = draft.sleeper();
  if (!person || draft.world.idle() == 0 || !person->process.empty()) return false;
  draft.end(*person, std::nullopt);
  return true;
}

constexpr Move common[] = {
    {12, send_something},
    {12, receive_something},
    {5, sleep_in_receive},
    {4, stat_queue},
    {2, remove_queue},
    {3, change_qbytes},
    {2, change_mode},
    {1, ask_info},
    {1, stat_index},
    {40, replace_queue},
    {1, sleeping_process_dies, "signals"},
};

constexpr Move observing[] = {
    {8, stat_living_queue}, {2, stat_index}, {2, ask_info}, {1, read_table, "table"}, {4, drain},
};

bool interrupt_someone(Draft& draft) {
  std::vector<Person*> ready;
  for (Person& person : draft.world.people) {
    if (person.alive && !person.caught.empty()) ready.push_back(&person);
  }
  if (ready.empty()) return false;
  Person& person = *draft.random.of(ready);
  draft.kill(person, *person.caught.begin());
  return true;
}

constexpr Move in_blocks[] = {
    {10, send_something}, {10, receive_something}, {2, stat_queue},
    {1, remove_queue},    {1, change_qbytes},      {4, interrupt_someone, "signals"},
};

}  // namespace

std::span<const Move> common_moves() { return common; }
std::span<const Move> observing_moves() { return observing; }
std::span<const Move> concurrent_moves() { return in_blocks; }

}  // namespace svmq::generate
