// What is in shared memory: the two files of a queue.
//
// head   one page that everyone may read (it holds what /proc/sysvipc/msg shows) and the queue's users may
// write:
//        permissions, counters, the lock, the ends of the lists of messages and waiters.
// arena  readable and writable for the queue's users only. A sparse file of full size from the start: memory
// comes when
//        a page is first used, so nobody's mapping ever has to follow. Regions:
//
//          0         control: free lists, the index of types, runs
//          1 KiB     journals: what the owner of the lock has changed since it last committed
//          1 MiB     members: a record for each thread that uses the queue
//          12 MiB    buckets of the index of types
//          16 MiB    tiles: messages and types, in units of 64 bytes
//
// The tiles up to `fresh` lie side by side without gaps; each starts with its length and its kind, so they
// can be walked without any list. Links are unit indexes, never pointers; 0 is none. Zeros are a valid empty
// queue.
//
// Invariants:
//   1. While the lock is free, everything is consistent: each tile is on a free list, is a type, is a message
//   on the
//      queue, or is in the hand of one member.
//   2. While it is held, undoing what is open makes it so (space.h): the journal's entries, last first, and
//   the state as
//      saved. Changed without that are only tiles in the hand of a member, by that member, and the free lists
//      in a sweep.
//   3. The tiles tile, at every instant.
#pragma once

#include <cstddef>
#include <cstdint>

#include "caller.h"
#include "seam.h"

namespace svmq {

using seam::Cell;
using Index = std::uint32_t;

inline constexpr Index none = 0;
inline constexpr std::size_t unit_size = 64;
inline constexpr std::size_t page_size = 4096;
inline constexpr std::size_t head_size = page_size;
inline constexpr std::uint32_t head_magic = 0x716d7673;  // "svmq"
inline constexpr std::uint32_t layout_version = 3;

inline constexpr std::size_t journal_offset = 1024;
inline constexpr std::size_t members_offset = std::size_t{1} << 20;
inline constexpr std::size_t buckets_offset = std::size_t{12} << 20;
inline constexpr std::size_t tiles_offset = std::size_t{16} << 20;
inline constexpr std::size_t arena_size = std::size_t{1} << 32;
inline constexpr Index first_tile = tiles_offset / unit_size;
inline constexpr std::uint32_t journal_entries = 4000;
inline constexpr std::uint32_t most_members = 1u << 16;
inline constexpr std::uint32_t most_buckets = 1u << 20;

enum class Kind : std::uint32_t { free, message, type };

struct Tile {
  Cell<std::uint32_t> units;
  Cell<Kind> kind;
  Cell<Index> next;  // of a free one: the next of its list; of a message: behind it on the queue; of a type:
                     // its bucket
  Cell<Index> previous;  // of a message
};
static_assert(sizeof(Tile) == 16);

// The messages of a queue form one list by arrival. It falls into runs of one type; the first ones of the
// runs form a list too, so that the first message of another type than the first one's is one step away.
struct Message {
  Tile tile;
  Cell<std::uint32_t> size;
  Cell<Index> group;                   // its Type
  Cell<Index> younger;                 // the next of the same type
  Cell<Index> next_run, previous_run;  // of the first of a run; else none
  std::uint32_t unused;
  Cell<std::int64_t> type;  // and behind it the text, as in the program's structure: one copy
};
static_assert(sizeof(Message) == 48);
inline constexpr std::size_t text_offset = sizeof(Message);
inline constexpr std::size_t type_offset = offsetof(Message, type);
static_assert(type_offset + sizeof(long) == text_offset);

// The messages of one type, oldest first. Kept while there are none, until its place in the index is wanted.
// In the index of types by a hash and in the tree (types.h).
struct Type {
  Tile tile;
  Cell<std::int64_t> value;
  Cell<Index> first, last;
  Cell<Index> above;             // the branch over its leaf
  Cell<std::uint32_t> bit;       // of its branch; `no_branch` where the branch is not in use
  Cell<std::uint32_t> child[2];  // of its branch: a leaf or a branch
  Cell<Index> over;              // the branch over its branch
};
static_assert(sizeof(Type) <= unit_size);
inline constexpr std::uint32_t no_branch = 64;

enum class Waits : std::uint32_t { not_at_all, to_receive, to_send };
enum class Outcome : std::uint32_t { pending, done, again, too_big };
enum class Select : std::uint32_t { any, equal, different, up_to };

// A thread that uses the queue: what is in its hand, what it waits for.
struct Member {
  seam::Waiting waiting;
  Cell<std::uint32_t> used;
  Cell<std::int32_t> process;
  Cell<std::uint64_t> space;  // its pid namespace
  Cell<Index> hand;           // a tile: the message to be sent, the one received, or a spare one
  Cell<std::uint32_t> reads;  // it has still to fetch the message in its hand, also if the queue is removed
  Cell<Waits> waits;
  Cell<Outcome> outcome;
  Cell<std::uint32_t> setting;  // the settings under which permission was found
  Cell<Select> select;
  Cell<std::int64_t> type;
  Cell<std::uint32_t> size;  // a receiver's limit, a sender's message
  Cell<Index> next, previous;
  std::uint32_t unused[7];
};
static_assert(sizeof(Member) == 128);

struct List {
  Cell<Index> first, last;
};

struct SharedPermission {
  Cell<std::uint32_t> uid, gid, cuid, cgid, mode;
  Cell<std::int32_t> key;
  Permission get() const { return {uid.get(), gid.get(), cuid.get(), cgid.get(), mode.get(), key.get()}; }
};

// What changes with the queue, of what everyone may see: first what each call changes, which shares a line of
// the processors' caches with the lock, then what few do.
struct State {
  Cell<std::uint64_t> bytes, messages;
  Cell<std::int64_t> sent_at, received_at;
  Cell<std::int32_t> sender, receiver;
  List queue;  // messages

  Cell<std::uint64_t> capacity;  // msg_qbytes
  Cell<std::int64_t> changed_at;
  List receivers, senders;  // members
  Cell<std::uint32_t> removed;
  Cell<std::uint32_t> settings;  // counts IPC_SETs
  SharedPermission permission;
};
static_assert(sizeof(State) == 112);

// Who changes a queue. Each has a journal, so that a sender and a receiver on two processors do not have to
// pass that to and fro, too.
enum class Side : std::uint32_t { receiving, sending };

struct Head {
  Cell<std::uint32_t> magic, version;
  Cell<std::uint64_t> generation;
  Cell<std::int32_t> id;
  Cell<std::uint32_t> sender_cpu, receiver_cpu;  // on which they were last seen, + 1: for who looks out
  Cell<std::uint32_t> unused[9];
  alignas(64) seam::Lock lock;
  State state;
  // The state when the change that is open began.
  struct alignas(64) Saved {
    State state;
  } saved[2];
  alignas(64) Cell<std::uint64_t> lookout[2];  // until when (ticks) somebody of that side looks out
};
static_assert(sizeof(Head) <= head_size && offsetof(Head, state) + offsetof(State, capacity) == 128);

inline constexpr std::uint32_t small_classes = 136;  // free lists for exactly 1 to 135 units
inline constexpr std::uint32_t classes = small_classes + 20;

// What each call changes comes first, and with it the free lists for short messages.
struct Control {
  Cell<Index> fresh;  // the first unit that is no tile; 0 stands for first_tile
  Cell<std::uint32_t> free_units;
  Cell<std::uint32_t> freed;  // units, since the last sweep
  Cell<std::uint32_t> types, buckets;
  Cell<Index> recent;             // the type looked for last, if it is still one
  Cell<Index> last_run;           // the first message of the youngest run, if there are messages
  Cell<std::uint32_t> filled[5];  // which free lists are not empty
  Cell<Index> free_list[classes];

  Cell<Index> backed;            // units below it have memory
  Cell<std::uint32_t> sweeping;  // the free lists are being made anew
  Cell<std::uint32_t> members, next_checked;
  Cell<std::uint32_t> root;            // of the tree of types
  Cell<std::uint32_t> backed_buckets;  // bytes
};
static_assert(sizeof(Control) <= journal_offset && offsetof(Control, free_list) == 48);

// A word of the arena and what it was: its offset in words, and above that its former value. The journals of
// the two sides alternate by lines of the processors' caches.
using JournalEntry = Cell<std::uint64_t>;
inline constexpr std::size_t journal_line = 64;
static_assert(journal_offset + 2 * journal_entries * sizeof(JournalEntry) <= members_offset);

}  // namespace svmq
