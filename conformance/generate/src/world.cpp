#include "src/world.hpp"

#include <algorithm>

namespace svmq::generate {

using namespace language;

std::uint64_t Queue::bytes() const {
  std::uint64_t sum = 0;
  for (const Note& note : notes) sum += note.size;
  return sum;
}

std::optional<std::size_t> Queue::selected(std::int64_t type, Flags flags) const {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    std::int64_t t = notes[i].type;
    if (flags & flag::msg_copy) {
      if (static_cast<std::int64_t>(i) == type) return i;
    } else if (type == 0 || (type > 0 && (t == type) != ((flags & flag::msg_except) != 0))) {
      return i;
    } else if (type < 0 && t + type <= 0 && (!best || t < notes[*best].type)) {
      best = i;
    }
  }
  return best;
}

// ---------------------------------------------------------------------------------------------------
// permission

bool World::may(const Person& person, const Queue& queue, Flags triad) const {
  if (person.has(Capability::ipc_owner)) return true;
  Flags granted = queue.mode;
  auto in_group = [&](std::uint32_t gid) {
    return person.gid == gid || std::count(person.groups.begin(), person.groups.end(), gid) > 0;
  };
  if (person.uid == queue.uid || person.uid == queue.cuid) {
    granted >>= 6;
  } else if (in_group(queue.gid) || in_group(queue.cgid)) {
    granted >>= 3;
  }
  return (granted & triad) == triad;
}

bool World::owns(const Person& person, const Queue& queue) const {
  return person.uid == queue.uid || person.uid == queue.cuid || person.has(Capability::sys_admin);
}

std::optional<std::size_t> World::by_key(std::int32_t key) const {
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (queues[i].alive && queues[i].key == key && key != 0) return i;
  }
  return std::nullopt;
}

std::size_t World::idle() const {
  return static_cast<std::size_t>(
      std::count_if(people.begin(), people.end(), [](const Person& p) { return p.idle(); }));
}

// ----------------------------------------------------------------------------------------------------
// messages

void World::send(Person& person, std::size_t queue, Note note, Flags flags) {
  Queue& q = queues[queue];
  if (note.type < 1 || note.size > msgmax || !q.alive || person.elsewhere || !may(person, q, 2)) return;
  if (!q.fits(note.size)) {
    if (!(flags & flag::ipc_nowait)) person.waiting = Waiting{queue, true, note, flags};
  } else if (!hand_over(queue, note)) {
    q.notes.push_back(note);
  }
}

// To the first receiver that waits for such a message; those whose room is too small fail.
bool World::hand_over(std::size_t queue, Note note) {
  for (Person& person : people) {
    if (!person.waiting || person.stopped || person.waiting->queue != queue || person.waiting->sends)
      continue;
    Queue one;
    one.notes = {note};
    if (!one.selected(person.waiting->note.type, person.waiting->flags)) continue;
    bool fits = note.size <= person.waiting->note.size || (person.waiting->flags & flag::msg_noerror);
    person.waiting.reset();
    if (fits) return true;
  }
  return false;
}

void World::receive(Person& person, std::size_t queue, Note wanted, Flags flags) {
  Queue& q = queues[queue];
  bool copy = flags & flag::msg_copy;
  if (!q.alive || person.elsewhere || wanted.size > INT64_MAX || !may(person, q, 4)) return;
  if (copy && (!(flags & flag::ipc_nowait) || (flags & flag::msg_except))) return;
  auto chosen = q.selected(wanted.type, flags);
  if (!chosen) {
    if (!(flags & flag::ipc_nowait)) person.waiting = Waiting{queue, false, wanted, flags};
    return;
  }
  if (copy || (q.notes[*chosen].size > wanted.size && !(flags & flag::msg_noerror))) return;
  q.notes.erase(q.notes.begin() + static_cast<std::ptrdiff_t>(*chosen));
  wake_senders(queue);
}

void World::wake_senders(std::size_t queue) {
  for (Person& person : people) {
    if (!person.waiting || person.stopped || person.waiting->queue != queue || !person.waiting->sends)
      continue;
    Waiting waiting = *person.waiting;
    if (!queues[queue].fits(waiting.note.size)) continue;
    person.waiting.reset();
    send(person, queue, waiting.note, waiting.flags);
  }
}

// --------------------------------------------------------------------------------------------------------
// queues

void World::remove(std::size_t queue) {
  queues[queue].alive = false;
  queues[queue].notes.clear();
  for (Person& person : people) {
    if (person.waiting && person.waiting->queue == queue) person.waiting.reset();
  }
}

void World::set(std::size_t queue, const Setting& setting) {
  Queue& q = queues[queue];
  q.uid = setting.uid;
  q.gid = setting.gid;
  q.mode = setting.mode & 0777;
  q.qbytes = setting.qbytes;
  for (Person& person : people) {
    bool waits = person.waiting && person.waiting->queue == queue && !person.stopped;
    if (waits && !person.waiting->sends && !may(person, q, 4)) person.waiting.reset();
  }
  wake_senders(queue);
}

// -----------------------------------------------------------------------------------------------------
// processes

void World::signal(Person& person, Signal signal) {
  const std::string& process = person.process.empty() ? person.name : person.process;
  auto each_thread = [&](auto action) {
    for (Person& p : people) {
      if (p.name == process || p.process == process) action(p);
    }
  };
  bool deadly = signal == Signal::usr1 || signal == Signal::usr2 || signal == Signal::alrm ||
                signal == Signal::term || signal == Signal::hup;
  if (signal == Signal::stop) {
    each_thread([](Person& p) { p.stopped = true; });
  } else if (signal == Signal::cont) {
    each_thread([](Person& p) { p.stopped = false; });
  } else if (signal == Signal::kill) {
    end(person);
  } else if (person.masked.count(signal)) {
    return;
  } else if (person.caught.count(signal)) {
    person.waiting.reset();
  } else if (deadly && !person.ignored.count(signal)) {
    end(person);
  }
}

void World::end(const Person& person) {
  std::string process = person.process.empty() ? person.name : person.process;
  for (Person& p : people) {
    if (p.name != process && p.process != process) continue;
    p.alive = false;
    p.waiting.reset();
  }
}

}  // namespace svmq::generate
