// The shared registry of a namespace: keys, identifiers, limits. One file, writable by every user of the
// namespace, so nothing in it is believed further than that a queue may be there: what a queue is, its own
// files say.
//
// All members of RegistryView need the registry's lock (class RegistryLock) unless they say otherwise.
#pragma once

#include <cstdint>

#include "seam.h"

namespace svmq {

using seam::Cell;

inline constexpr std::uint32_t index_count = 32768;
inline constexpr std::uint32_t bucket_count = 1u << 16;
inline constexpr std::uint32_t no_slot = 0xffffffff;
inline constexpr std::uint32_t registry_magic = 0x72676573;
inline constexpr std::uint32_t registry_version = 2;

// reserved: a queue is being made or forgotten. If who does it dies, its files are deleted
// (Namespace::clear_away).
enum class SlotState : std::uint32_t { free, used, reserved };

struct Slot {
  Cell<SlotState> state;
  Cell<std::int32_t> id;
  Cell<std::int32_t> key;
  Cell<std::uint32_t> next;  // with the same hash of the key
  Cell<std::uint64_t> generation;
  std::uint64_t unused;
};
static_assert(sizeof(Slot) == 32);

struct Limits {
  Cell<std::int32_t> msgmax, msgmnb, msgmni, next_id;
};

struct Registry {
  Cell<std::uint32_t> magic, version;
  Cell<std::uint64_t> size;
  seam::Lock lock;
  seam::Word removed;  // the whole namespace
  Limits limits;
  Cell<std::uint32_t> in_use;
  Cell<std::int32_t> sequence, last_index;
  Cell<std::uint32_t> cursor;
  Cell<std::uint32_t> end;  // no slot at or beyond it is used: reading untouched slots would give them memory
  Cell<std::uint32_t> buckets[bucket_count];
  Slot slots[index_count];
};

// A place for a new queue. `error` is 0 or an errno.
struct Allocation {
  int error;
  std::uint32_t index;
  std::int32_t id;
};

class RegistryView {
 public:
  explicit RegistryView(Registry& registry) : registry_(registry) {}
  static void initialize(Registry& registry);

  Slot* used_slot(std::uint32_t index);  // nullptr where none is used
  std::uint32_t find(std::int32_t key);  // no_slot
  Allocation allocate();                 // clauses id.*: moves sequence and cursor, uses up the wish
  void reserve(std::uint32_t index, std::int32_t id, std::int32_t key, std::uint64_t generation);
  void publish(std::uint32_t index);
  void withdraw(std::uint32_t index);  // back to reserved
  void release(std::uint32_t index);
  std::uint32_t end() const;
  std::uint32_t highest();  // index in use, 0 when there is none; needs no lock
  void repair();

 private:
  std::uint32_t first_free(std::uint32_t from, std::uint32_t end);
  void chain(std::uint32_t index);
  Registry& registry_;
};

}  // namespace svmq
