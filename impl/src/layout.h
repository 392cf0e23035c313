// What is in shared memory: the two files of a queue.
//
// head   one page that everyone may read (it holds what /proc/sysvipc/msg shows) and the queue's users may
// write:
//        permissions, counters, the lock, the ends of the lists of messages and waiters.
// arena  readable and writable for the queue's users only. A sparse file of full size from the start: memory
// comes when
//        a page is first used, so nobody's mapping ever has to follow. Regions:
//
//          0         control: free lists, the index of types
//          1 KiB     journal: what the owner of the lock has changed since it last committed
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
inline constexpr std::uint32_t layout_version = 2;

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

// The messages of a queue form one list by arrival. It falls into runs of one type; the first and the last of
// a run know each other, so that the first message of another type than the first one's is two steps away.
struct Message {
  Tile tile;
  Cell<std::uint32_t> size;
  Cell<Index> group;    // its Type
  Cell<Index> younger;  // the next of the same type
  Cell<Index> partner;  // of the first of a run: the last; of the last: the first
  std::uint64_t unused;
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
  Cell<std::uint32_t> asleep;   // or soon; else it spins, until poked with `serial`
  Cell<std::uint32_t> serial;   // of its wait
  Cell<std::uint32_t> setting;  // the settings under which permission was found
  Cell<Select> select;
  Cell<std::int64_t> type;
  Cell<std::uint32_t> size;  // a receiver's limit, a sender's message
  Cell<Index> next, previous;
  std::uint32_t unused[5];
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

// What changes with the queue, of what everyone may see.
struct State {
  Cell<std::uint64_t> capacity;  // msg_qbytes
  Cell<std::uint64_t> bytes, messages;
  Cell<std::int64_t> sent_at, received_at, changed_at;
  Cell<std::int32_t> sender, receiver;
  List queue, receivers, senders;  // messages; members
  Cell<std::uint32_t> removed;
  Cell<std::uint32_t> settings;  // counts IPC_SETs
  SharedPermission permission;
  std::uint64_t unused[2];
};
static_assert(sizeof(State) == 128);

struct Head {
  Cell<std::uint32_t> magic, version;
  Cell<std::uint64_t> generation;
  Cell<std::int32_t> id;
  Cell<std::uint32_t> sender_cpu, receiver_cpu;  // on which they were last seen, + 1: for who decides to spin
  Cell<std::uint32_t> unused[9];
  alignas(64) seam::Lock lock;
  Cell<std::uint32_t> change;  // odd while the owner of the lock may be writing: for readers who cannot lock
  alignas(64) State state;
  State saved;  // the state when the change that is open began
};
static_assert(sizeof(Head) <= head_size);

inline constexpr std::uint32_t small_classes = 136;  // free lists for exactly 1 to 135 units
inline constexpr std::uint32_t classes = small_classes + 20;

struct Control {
  Cell<Index> fresh;   // the first unit that is no tile; 0 stands for first_tile
  Cell<Index> backed;  // units below it have memory
  Cell<std::uint32_t> free_units;
  Cell<std::uint32_t> freed;     // units, since the last sweep
  Cell<std::uint32_t> sweeping;  // the free lists are being made anew
  Cell<std::uint32_t> members, next_checked;
  Cell<std::uint32_t> root;  // of the tree of types
  Cell<std::uint32_t> types, buckets;
  Cell<std::uint32_t> backed_buckets;  // bytes
  Cell<Index> recent;                  // the type looked for last, if it is still one
  Cell<std::uint32_t> filled[5];       // which free lists are not empty
  Cell<Index> free_list[classes];
};
static_assert(sizeof(Control) <= journal_offset);

// A word of the arena and what it was: its offset in words, and above that its former value.
using JournalEntry = Cell<std::uint64_t>;
static_assert(journal_offset + journal_entries * sizeof(JournalEntry) <= members_offset);

}  // namespace svmq
