// What is in shared memory: the two files of a queue.
//
// head   one page that everyone may read (it holds what /proc/sysvipc/msg shows) and the queue's users may
// write:
//        permissions, counters, the lock, the ends of all lists.
// arena  readable and writable for the queue's users only: messages and waiters, in units of 64 bytes.
//
// The arena below `fresh` is tiled without gaps by extents; each starts with its kind and its length in
// units, so it can be walked without any list. A message is a chain of extents, mostly one. Links are unit
// indexes, never pointers.
//
// Invariants, true at every instant, also between two instructions of an owner that dies:
//   1. The tiles tile: a split writes the second tile's header before it shortens the first.
//   2. A message is on the queue if and only if the kind of its first extent is `queued`; `position` orders
//   them.
//   3. Lists, counts and the free list follow from tiles, waiting words and the intent; repair rebuilds them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "caller.h"
#include "seam.h"

namespace svmq {

inline constexpr std::uint32_t none = 0xffffffff;
inline constexpr std::size_t unit_size = 64;
inline constexpr std::size_t head_size = 4096;
inline constexpr std::uint32_t head_magic = 0x716d7673;  // "svmq"
inline constexpr std::uint32_t layout_version = 1;
inline constexpr std::uint32_t most_units = 1u << 26;
// For messages of blocked senders, messages handed over and waiters, beyond what msg_qbytes lets onto the
// queue.
inline constexpr std::uint32_t spare_units = 1u << 18;

enum class Kind : std::uint32_t { free, held, queued, handed, part, waiter };

struct Extent {
  Kind kind;
  std::uint32_t units;
  std::uint32_t next;    // of a free extent: the next free one; of a message's: its continuation
  std::uint32_t marked;  // used by repair only
};
static_assert(sizeof(Extent) == 16);

struct Message {
  Extent extent;
  std::int64_t type;
  std::uint32_t size;
  std::uint32_t receiver;  // of a handed one: the waiter who has it
  std::uint32_t next, previous;
  std::uint64_t position;
};
static_assert(sizeof(Message) == 48);

enum class Outcome : std::uint32_t { pending, done, again, too_big, removed };
enum class Select : std::uint32_t { any, equal, different, up_to };

struct Waiter {
  Extent extent;
  seam::WaitingWord word;
  std::int64_t type;
  std::uint64_t position;
  std::uint32_t next, previous;
  std::int32_t process, thread;
  std::uint32_t message;  // a sender's own; a receiver's once it is handed one
  std::uint32_t limit;    // a receiver's size
  Outcome outcome;
  Select select;
  std::uint16_t sender;     // 1: waits to send, 0: to receive
  std::uint16_t ask_again;  // a sender whose permission may have changed
};
inline constexpr std::uint32_t waiter_units = 3;
static_assert(sizeof(Waiter) <= waiter_units * unit_size);

struct List {
  std::uint32_t first, last;
};

// What the owner of the lock is about to do; repair completes it if its commit has happened (see
// Queue::repair).
enum class Step : std::uint32_t { nothing, send, receive, set };
struct Intent {
  Step step;
  std::uint32_t message;
  std::uint32_t sender;  // the waiting sender it is done for, or none
  std::int32_t process;
  std::int64_t time;
  Permission permission;
  std::uint64_t capacity;
};

struct Head {
  std::uint32_t magic, version;
  std::uint64_t generation;
  std::uint64_t arena_size;
  std::int32_t id;
  std::uint32_t removed;
  seam::Word lock;
  seam::Word change;  // odd while the owner of the lock may be writing: for readers who cannot lock
  std::uint64_t unused[4];

  Permission permission;
  std::uint64_t capacity;  // msg_qbytes
  std::uint64_t bytes, messages;
  std::int64_t sent_at, received_at, changed_at;
  std::int32_t sender, receiver;

  List queue, receivers, senders, claimed;
  std::uint32_t free_extents;
  std::uint32_t fresh;     // units in use by tiles; all beyond have never been touched since the last reset
  std::uint32_t reserved;  // units known to have memory
  std::uint32_t live;      // extents that are not free
  std::uint64_t position;
  Intent intent;
};
static_assert(sizeof(Head) <= head_size);

}  // namespace svmq
