// One queue's rules and its shared structures: everything that happens under the queue's lock.
//
// A Queue is a view of a mapped head and arena. All members need the lock (class Locked) unless they say
// otherwise. Nothing read from the mapping is trusted: an index leads to an extent only if it and its length
// lie inside the arena; walks are bounded; whatever does not fit sets `damaged`, and the call ends with
// EIDRM.
#pragma once

#include <cstddef>

#include "layout.h"

namespace svmq {

// What a receiver asks for; `select` as in the kernel, `type` never negative there.
struct Wanted {
  Select select;
  std::int64_t type;
  static Wanted of(long type, int flags);
  bool accepts(std::int64_t message_type) const;
};

// Whom to wake: all but the last under the lock, the last together with its release. What the holder of the
// lock leaves undone by dying, the next one does in repairing (see Queue::collect_waiter).
class Wakeups {
 public:
  void add(seam::WaitingWord& word);
  void deliver_and_release(seam::Word& lock);

 private:
  static constexpr int most = 32;
  seam::WaitingWord* words_[most];
  int count_ = 0;
};

class Queue {
 public:
  Queue() = default;
  Queue(Head* head, std::byte* arena, std::uint32_t units) : head_(head), arena_(arena), units_(units) {}

  Head& head() const { return *head_; }
  bool damaged() const { return damaged_; }
  bool room_for(std::size_t size) const;

  // Storage. `none` when there is no memory.
  std::uint32_t store(std::int64_t type, const void* text, std::size_t size);
  void load(std::uint32_t message, void* text, std::size_t size);  // the first `size` bytes
  void discard(std::uint32_t message);
  Message* message(std::uint32_t index, Kind kind);
  std::uint32_t find(const Wanted& wanted);    // the message a receiver gets now, or none
  std::uint32_t at_place(std::int64_t place);  // counted from 0

  // Waiting. The waiter is armed and in its list.
  std::uint32_t wait_to_send(std::uint32_t message, seam::WaitingWord::Place& place);
  std::uint32_t wait_to_receive(const Wanted& wanted, std::uint32_t limit, seam::WaitingWord::Place& place);
  Waiter* waiter(std::uint32_t index);
  void leave(std::uint32_t waiter);  // by its owner, disarmed: out of its list, freed (not its message)

  // The steps that others can see.
  void send(std::uint32_t message, std::int32_t process, std::uint32_t sender, Wakeups& wakeups);
  void receive(std::uint32_t message, std::int32_t process,
               Wakeups& wakeups);  // taken off; now held by the caller
  void serve_senders(Wakeups& wakeups);
  void set(const Permission& permission, std::uint64_t capacity, Wakeups& wakeups);
  void remove(Wakeups& wakeups);
  // Of a removed queue: somebody has yet to fetch what was decided for it before the removal.
  bool owes();

  void repair(Wakeups& wakeups);  // after the lock's owner died

  static void initialize(Head& head, std::size_t arena_size);  // no lock: nobody else knows the queue yet

 private:
  Extent* extent(std::uint32_t index);
  std::uint32_t take_extent(std::uint32_t wanted_units);
  void release_extent(std::uint32_t index);
  std::uint32_t bump(std::uint32_t wanted_units);
  template <class Node>
  void append(List& list, std::uint32_t index);
  template <class Node>
  void unlink(List& list, std::uint32_t index);
  template <class Node>
  Node* node(std::uint32_t index);
  template <class Node>
  void sort(List& list);
  template <class Node>
  std::uint32_t merge(std::uint32_t left, std::uint32_t right);
  template <class Node>
  std::uint32_t sort_chain(std::uint32_t& rest, std::uint32_t count);

  std::uint32_t add_waiter(bool sender, seam::WaitingWord::Place& place);
  List& list_of(const Waiter& waiter);
  bool claim(std::uint32_t index, Waiter& waiter);
  void end_wait(std::uint32_t index, Waiter& waiter, Outcome outcome, Wakeups& wakeups);
  void end_all(List& list, Outcome outcome, Wakeups& wakeups);
  bool hand_over(std::uint32_t message, Wakeups& wakeups);
  void bury(std::uint32_t index, Waiter& waiter);
  void bury_dead(List& list);
  void settle_intent();
  bool tiles_are_valid();
  void collect_tiles(Wakeups& wakeups);
  void collect_waiter(std::uint32_t index, Waiter& waiter, Wakeups& wakeups);
  void mark_message(std::uint32_t index);
  void sweep_tiles();

  Head* head_ = nullptr;
  std::byte* arena_ = nullptr;
  std::uint32_t units_ = 0;  // of the mapping
  bool damaged_ = false;
};

template <>
Message* Queue::node<Message>(std::uint32_t index);
template <>
Waiter* Queue::node<Waiter>(std::uint32_t index);

}  // namespace svmq
