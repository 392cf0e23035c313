// A rough idea of what the steps of a scenario have done so far.
//
// Only good for choosing values near the edges: nothing is judged by it, and where it is wrong, which it may
// be, a scenario is merely less pointed. The model knows better.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "svmq/language/scenario.hpp"

namespace svmq::generate {

struct Note {  // a message
  std::int64_t type = 1;
  std::uint64_t size = 0;
};

struct Queue {
  std::int32_t key = 0;
  bool alive = true;
  std::uint32_t uid = 0, gid = 0, cuid = 0, cgid = 0;
  language::Flags mode = 0;
  std::uint64_t qbytes = 0;
  std::vector<Note> notes;

  std::uint64_t bytes() const;
  std::uint64_t room() const { return bytes() < qbytes ? qbytes - bytes() : 0; }
  bool fits(std::uint64_t size) const { return bytes() + size <= qbytes && notes.size() < qbytes; }
  std::optional<std::size_t> selected(std::int64_t type, language::Flags flags) const;
};

struct Waiting {
  std::size_t queue = 0;
  bool sends = false;
  Note note;  // the message, or the type and size asked for
  language::Flags flags = 0;
};

struct Person {  // an actor
  std::string name;
  std::string process;  // empty: it is a process
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  language::Capabilities caps = 0;
  bool alive = true, stopped = false, elsewhere = false;  // elsewhere: in a namespace of its own
  std::optional<Waiting> waiting;
  std::set<language::Signal> caught, masked, ignored;

  bool idle() const { return alive && !stopped && !waiting; }
  bool has(language::Capability capability) const {
    return caps & static_cast<language::Capabilities>(capability);
  }
};

struct Handle {  // a variable with an identifier
  std::string variable;
  std::optional<std::size_t> queue;  // unset: the call failed
};

class World {
 public:
  std::vector<Person> people;
  std::vector<Queue> queues;
  std::vector<Handle> handles;
  std::uint64_t msgmax = 8192, msgmnb = 16384;

  bool may(const Person& person, const Queue& queue, language::Flags triad) const;  // 4: read, 2: write
  bool owns(const Person& person, const Queue& queue) const;
  std::optional<std::size_t> by_key(std::int32_t key) const;
  std::size_t idle() const;

  void send(Person& person, std::size_t queue, Note note, language::Flags flags);
  void receive(Person& person, std::size_t queue, Note wanted, language::Flags flags);
  void remove(std::size_t queue);
  void set(std::size_t queue, const language::Setting& setting);
  void signal(Person& person, language::Signal signal);
  void end(const Person& person);  // of its process

 private:
  bool hand_over(std::size_t queue, Note note);
  void wake_senders(std::size_t queue);
};

}  // namespace svmq::generate
