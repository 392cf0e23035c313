// One queue's rules: messages, selection, members and those of them that wait. Everything here happens under
// the queue's lock (locked.h) and through the journal (space.h).
#pragma once

#include <cstddef>

#include "space.h"
#include "tiles.h"
#include "types.h"

namespace svmq {

// What a receiver asks for; `select` as in the kernel, `type` never negative there.
struct Wanted {
  Select select;
  std::int64_t type;
  static Wanted of(long type, int flags);
  bool accepts(std::int64_t message_type) const;
};

// Whom to wake once the changes of the lock's owner have happened. They are marked and, all but the last,
// woken under the lock: they find their outcome only by taking it themselves, so one that is woken for a
// change that is then undone sleeps on. The last is woken in the system call that releases the lock.
class Wakeups {
 public:
  void add(Member& member);
  void commit(Space& space);   // what is open, with the lock still held
  void release(Space& space);  // commits, releases the lock, wakes

 private:
  seam::Waiting* sleeper_ = nullptr;
};

class Queue {
 public:
  Queue(Head* head, std::byte* arena, std::size_t size, Side side)
      : space_(head, arena, size, side), tiles_(space_), types_(space_, tiles_) {}

  Space& space() { return space_; }
  Head& head() const { return space_.head; }
  bool damaged() const { return space_.damaged(); }
  bool room_for(std::size_t size) const;

  // ---- members

  Index join();              // none: no memory
  void leave(Index member);  // by its owner, whatever it holds
  // A tile that can hold a message of that size comes into the member's hand, instead of what is there.
  // False: no memory.
  bool provide(Index member, std::size_t size);
  void put_down(Index member);  // what is in its hand

  // ---- messages

  Index find(const Wanted& wanted);    // the one that a receiver gets now, or none. May commit what is open.
  Index at_place(std::int64_t place);  // counted from 0
  Message* message(Index index) { return space_.message(index); }

  // ---- the steps that others can see. Each has one time, read before it is seen who is still alive.

  // The message in the member's hand goes to a receiver that waits for it, or on the queue.
  bool send(Index member, std::int64_t time, Wakeups& wakeups);
  // Off the queue, into the member's hand, instead of what is there.
  void receive(Index index, Index member, Wakeups& wakeups);
  void set(const Permission& permission, std::uint64_t capacity, Wakeups& wakeups);
  void remove(Wakeups& wakeups);

  // ---- waiting

  void wait(Index member, Waits waits);  // at the end of the line
  void stop_waiting(Index member);
  void serve_senders(std::int64_t time, Wakeups& wakeups);

  void repair();  // after the lock's owner died
  bool owes();    // of a removed queue: somebody has yet to fetch what is in his hand
  void tidy();    // now and then, when nothing is open

 private:
  bool link(Index index);
  void unlink(Index index, Message& message);
  void link_run(Index index, Message& message);
  void unlink_run(Message& message, Message* before, Message* behind);
  bool hand_over(Index index, std::int32_t process, std::int64_t time, Wakeups& wakeups);
  void append(List& list, Index member);
  void take_out(List& list, Index member);
  void end_wait(Index index, Member& member, Outcome outcome, Wakeups& wakeups);
  void bury(Index index, Member& member);
  bool is_dead(const Member& member);
  void wake_all(const List& list, Wakeups& wakeups);
  List& list_of(Waits waits) {
    State& all = space_.state();
    return waits == Waits::to_send ? all.senders : all.receivers;
  }

  Space space_;
  Tiles tiles_;
  Types types_;
};

}  // namespace svmq
