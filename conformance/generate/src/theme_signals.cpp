// Signals to actors that sleep or do not: caught, restarted, ignored, masked, stopped, killed.
#include "src/moves.hpp"
#include "src/values.hpp"

namespace svmq::generate {

using namespace language;

namespace {

constexpr std::initializer_list<Signal> ordinary = {Signal::usr1, Signal::usr1, Signal::usr2, Signal::alrm,
                                                    Signal::term, Signal::hup,  Signal::chld, Signal::winch};

// One that will not end the actor, if there is one; best one that it catches.
Signal harmless(Draft& draft, const Person& person) {
  std::vector<Signal> caught(person.caught.begin(), person.caught.end()),
      others(person.ignored.begin(), person.ignored.end());
  others.insert(others.end(), person.masked.begin(), person.masked.end());
  if (!caught.empty() && draft.random.chance(70)) return draft.random.of(caught);
  if (!others.empty() && draft.random.chance(60)) return draft.random.of(others);
  return draft.random.of({Signal::chld, Signal::winch});
}

void prepare(Draft& draft, Person& person) {
  Signal signal = draft.random.of(ordinary);
  if (draft.random.chance(15)) return draft.mask(person, signal, true);
  draft.handler(
      person, signal,
      draft.random.of({Disposition::catch_, Disposition::catch_, Disposition::catch_, Disposition::restart,
                       Disposition::restart, Disposition::ignore, Disposition::default_}));
}

bool prepare_someone(Draft& draft) {
  Person* person = draft.someone();
  if (person) prepare(draft, *person);
  return person != nullptr;
}

bool unmask_one(Draft& draft) {
  for (Person& person : draft.world.people) {
    if (!person.idle() || person.masked.empty()) continue;
    draft.mask(person, *person.masked.begin(), false);
    return true;
  }
  return false;
}

bool signal_sleeper(Draft& draft) {
  Person* person = draft.sleeper();
  for (Person& other : draft.world.people) {  // rather one that catches something
    if (other.alive && other.waiting && !other.caught.empty() && draft.random.chance(70)) person = &other;
  }
  if (!person) return false;
  draft.kill(*person, harmless(draft, *person));
  return true;
}

bool signal_someone(Draft& draft) {
  Person* person = draft.someone();
  if (!person) return false;
  draft.kill(*person, harmless(draft, *person));
  return true;
}

bool end_by_signal(Draft& draft) {
  Person* person = draft.random.chance(70) ? draft.sleeper() : draft.someone();
  if (!person || draft.world.idle() < 2) return false;
  draft.kill(*person,
             draft.random.of({Signal::kill, Signal::kill, Signal::usr1, Signal::term, Signal::alrm}));
  return true;
}

bool stop_sleeper(Draft& draft) {
  Person* person = draft.random.chance(85) ? draft.sleeper() : draft.someone();
  if (!person || person->stopped || draft.world.idle() == 0) return false;
  if (!person->waiting && draft.world.idle() < 2) return false;
  draft.kill(*person, Signal::stop);
  return true;
}

bool continue_stopped(Draft& draft) {
  for (Person& person : draft.world.people) {
    if (!person.alive || !person.stopped) continue;
    draft.kill(person, Signal::cont);
    return true;
  }
  return false;
}

bool signal_stopped(Draft& draft) {
  for (Person& person : draft.world.people) {
    if (!person.alive || !person.stopped || person.caught.empty()) continue;
    draft.kill(person, *person.caught.begin());
    return true;
  }
  return false;
}

void begin(Draft& draft) {
  add_alike_processes(draft, 2);
  std::size_t queue = create_first_queue(draft);
  if (draft.random.chance(40)) {  // senders are to sleep as well
    Setting setting = setting_of(draft.world.queues[queue]);
    setting.qbytes = 3 + draft.random.below(6);
    draft.set(draft.world.people.front(), draft.target(queue), setting);
  }
  for (Person& person : draft.world.people) {
    if (draft.random.chance(75)) prepare(draft, person);
  }
}

bool sleep_in_send(Draft& draft) {
  auto queue = draft.living_queue();
  Person* person = queue && draft.may_sleep() ? draft.permitted(*queue, 2) : nullptr;
  if (!person || draft.world.queues[*queue].qbytes > 100) return false;
  std::uint64_t size = draft.world.queues[*queue].room() + 1;
  draft.send(*person, draft.target(*queue), Message{2, text_of(draft, size), false}, size, 0);
  return true;
}

constexpr Move moves[] = {
    {6, prepare_someone},        {2, unmask_one},           {14, sleep_in_receive},
    {10, sleep_in_send},         {20, signal_sleeper},      {3, signal_someone},
    {3, end_by_signal},          {4, stop_sleeper, "stop"}, {8, continue_stopped, "stop"},
    {2, signal_stopped, "stop"},
};

}  // namespace

const Theme& signals_theme() {
  static constexpr Theme theme{"signals", 14, begin, moves, "signals"};
  return theme;
}

}  // namespace svmq::generate
