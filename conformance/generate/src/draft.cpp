#include "src/draft.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace svmq::generate {

using namespace language;

namespace {

constexpr std::size_t most_variables = 10;

template <class Condition>
Person* pick(Draft& draft, Condition condition) {
  std::vector<Person*> candidates;
  for (Person& person : draft.world.people) {
    if (condition(person)) candidates.push_back(&person);
  }
  return candidates.empty() ? nullptr : draft.random.of(candidates);
}

}  // namespace

Draft::Draft(std::uint64_t seed, std::uint64_t index, const Options& wanted)
    : random(seed, index), options(wanted) {
  scenario_.name = fmt::format("random-{}-{}", seed, index);
}

// ------------------------------------------------------------------------------------------------------
// actors

void Draft::add_process(const Credentials& credentials) {
  std::string name(1, static_cast<char>('A' + world.people.size()));
  scenario_.actors.push_back({name, {}, credentials, {}});
  Person person;
  person.name = name;
  // What is not named is the agent's own, which nobody knows here: root where user ids can be changed.
  person.uid = credentials.uid.value_or(available("uids") ? 0 : 4242);
  person.gid = credentials.fsgid.value_or(credentials.gid.value_or(person.uid));
  person.groups = credentials.groups.value_or(std::vector<std::uint32_t>{});
  person.caps = credentials.caps.value_or(person.uid == 0 ? all_capabilities : Capabilities{0});
  world.people.push_back(std::move(person));
}

void Draft::add_thread() {
  Person thread = world.people.front();
  thread.process = std::exchange(thread.name, std::string("T"));
  scenario_.actors.push_back({thread.name, thread.process, {}, {}});
  world.people.push_back(std::move(thread));
}

Person* Draft::someone() {
  return pick(*this, [](const Person& p) { return p.idle(); });
}

Person* Draft::owner_of(std::size_t queue) {
  return pick(*this, [&](const Person& p) { return p.idle() && world.owns(p, world.queues[queue]); });
}

Person* Draft::permitted(std::size_t queue, Flags triad) {
  return pick(*this, [&](const Person& p) { return p.idle() && world.may(p, world.queues[queue], triad); });
}

Person* Draft::sleeper() {
  return pick(*this, [](const Person& p) { return p.alive && p.waiting; });
}

// -----------------------------------------------------------------------------------------------------
// targets

std::optional<std::size_t> Draft::living_queue() {
  std::vector<std::size_t> living;
  for (const Handle& handle : world.handles) {
    if (handle.queue && world.queues[*handle.queue].alive) living.push_back(*handle.queue);
  }
  if (living.empty()) return std::nullopt;
  return random.of(living);
}

Target Draft::target(std::size_t queue) {
  for (const Handle& handle : world.handles) {
    if (handle.queue == queue) return {{handle.variable, 0}, queue};
  }
  return {{{}, -1}, std::nullopt};
}

Target Draft::any_target() {
  if (auto living = living_queue(); living && !random.chance(15)) return target(*living);
  if (world.handles.empty() || random.chance(15))
    return {{{}, random.of<std::int64_t>({-1, 5, 32768, INT32_MAX})}, {}};
  const Handle& handle = random.of(world.handles);
  if (random.chance(75)) return {{handle.variable, 0}, handle.queue};  // often one that has been removed
  return {{handle.variable, random.of<std::int64_t>({32768, 65536, 1, -1, -32768})}, {}};
}

// -------------------------------------------------------------------------------------------------------
// steps

void Draft::step(const Person* person, Action action, std::string variable) {
  Step step{person ? person->name : std::string(), std::move(variable), std::move(action), {}};
  ++steps_;
  if (block_) {
    block_->steps.push_back(std::move(step));
  } else {
    scenario_.items.emplace_back(std::move(step));
  }
}

void Draft::begin_block() {
  scenario_.items.emplace_back(Concurrent{});
  block_ = &std::get<Concurrent>(scenario_.items.back());
}

void Draft::end_block() {
  block_ = nullptr;
  if (std::get<Concurrent>(scenario_.items.back()).steps.empty()) scenario_.items.pop_back();
}

// A variable that a block sets may not be used by the others in it, so blocks set none.
std::string Draft::new_variable() {
  if (block_ || variables_ == most_variables) return {};
  std::size_t number = variables_++;
  return number < 4 ? std::string(1, "qrst"[number]) : fmt::format("q{}", number);
}

std::string Draft::next_text_letter() { return std::string(1, static_cast<char>('a' + texts_++ % 26)); }

// -------------------------------------------------------------------------------------------------------
// queues

void Draft::create(Person& person, const Key& key, Flags flags) {
  std::optional<std::size_t> queue = world.by_key(key.value);
  bool exclusive = (flags & flag::ipc_creat) && (flags & flag::ipc_excl);
  Flags wanted = flags & 0777;
  bool fails =
      queue ? exclusive || !world.may(person, world.queues[*queue], (wanted | wanted >> 3 | wanted >> 6) & 7)
            : key.value != 0 && !(flags & flag::ipc_creat);
  if (person.elsewhere || fails) queue.reset();
  if (!person.elsewhere && !fails && !queue) {
    queue = world.queues.size();
    world.queues.push_back(
        {key.value, true, person.uid, person.gid, person.uid, person.gid, wanted, world.msgmnb, {}});
  }
  std::string variable = new_variable();
  if (!variable.empty()) world.handles.push_back({variable, queue});
  IdExpr expression{key.variable, key.variable.empty() ? key.value : 0};
  step(&person, Msgget{expression, flags}, variable);
}

void Draft::send(Person& person, const Target& target, const MessageArgument& message, std::uint64_t size,
                 Flags flags) {
  auto good = std::get_if<Message>(&message);
  bool readable = good && (!good->ends || size <= good->text.size());
  if (target.queue && readable) world.send(person, *target.queue, {good->type, size}, flags);
  step(&person, Msgsnd{target.id, message, size, flags});
}

void Draft::receive(Person& person, const Target& target, const BufferArgument& buffer, std::uint64_t size,
                    std::int64_t type, Flags flags) {
  if (target.queue) world.receive(person, *target.queue, {type, size}, flags);
  step(&person, Msgrcv{target.id, buffer, size, type, flags});
}

void Draft::control(Person& person, const Target& target, int command, const BufferArgument& buffer) {
  if (command == command::ipc_rmid && target.queue && world.owns(person, world.queues[*target.queue])) {
    world.remove(*target.queue);
  }
  step(&person, Msgctl{target.id, command, buffer});
}

void Draft::set(Person& person, const Target& target, const SettingArgument& setting) {
  auto good = std::get_if<Setting>(&setting);
  if (good && target.queue && world.owns(person, world.queues[*target.queue]) &&
      (good->qbytes <= world.msgmnb || person.has(Capability::sys_resource))) {
    world.set(*target.queue, *good);
  }
  step(&person, MsgctlSet{target.id, setting});
}

// ----------------------------------------------------------------------------------------------------
// processes

void Draft::become(Person& person, const Credentials& credentials) {
  if (credentials.uid) {
    person.uid = *credentials.uid;
    person.caps = person.uid == 0 ? person.caps : Capabilities{0};
  }
  if (credentials.gid) person.gid = *credentials.gid;
  if (credentials.groups) person.groups = *credentials.groups;
  if (credentials.caps) person.caps = *credentials.caps;
  if (credentials.fsgid) person.gid = *credentials.fsgid;
  step(&person, Become{credentials});
}

void Draft::kill(Person& person, Signal signal) {
  step(nullptr, Kill{person.name, signal});
  world.signal(person, signal);
}

void Draft::handler(Person& person, Signal signal, Disposition how) {
  person.caught.erase(signal);
  person.ignored.erase(signal);
  if (how == Disposition::catch_ || how == Disposition::restart) person.caught.insert(signal);
  if (how == Disposition::ignore) person.ignored.insert(signal);
  step(&person, Handler{signal, how});
}

void Draft::mask(Person& person, Signal signal, bool block) {
  if (block)
    person.masked.insert(signal);
  else
    person.masked.erase(signal);
  step(&person, Mask{signal, block});
}

void Draft::end(Person& person, std::optional<int> status) {
  if (status) {
    step(&person, Exit{*status});
  } else {
    step(nullptr, Kill{person.name, Signal::kill});
  }
  world.end(person);
}

void Draft::unshare(Person& person) {
  person.elsewhere = true;
  step(&person, Unshare{});
}

void Draft::set_limit(Limit limit, std::int64_t value) {
  if (limit == Limit::msgmax && value >= 0) world.msgmax = static_cast<std::uint64_t>(value);
  if (limit == Limit::msgmnb && value >= 0) world.msgmnb = static_cast<std::uint64_t>(value);
  step(nullptr, SetLimit{limit, value});
}

// The key itself is the file's; here it has a number that no other key has.
void Draft::ftok(Person& person, const std::string& path, int id) {
  if (block_ || keys.size() == 3) return step(&person, Ftok{path, id});
  keys.push_back({fmt::format("k{}", keys.size()), 1'000'000 + (id & 255)});
  step(&person, Ftok{path, id}, keys.back().variable);
}

}  // namespace svmq::generate
