// Storage in units of 64 bytes: tiles of exactly the length asked for.
//
// A tile given back goes on the free list of its length, from which the next of that length is taken. Where
// that is empty a longer free one is split, or memory beyond the last tile is taken; when much has been given
// back since the last time, a sweep joins neighbours first. The work of a sweep is thus paid by those who
// gave the units back.
#pragma once

#include "space.h"

namespace svmq {

inline std::uint32_t units_for(std::size_t bytes) {
  return static_cast<std::uint32_t>((bytes + unit_size - 1) / unit_size);
}

class Tiles {
 public:
  explicit Tiles(Space& space) : space_(space) {}

  Index take(std::uint32_t units, Kind kind);  // none: no memory
  void give_back(Index index);

  // Joins free neighbours and makes the free lists anew; all that is open is committed first. If its owner
  // dies in it, it is begun again. Memory beyond the last tile goes back to the system where that is much.
  void sweep();
  bool worth_sweeping() const;

 private:
  Index take_listed(std::uint32_t units);
  Index take_fresh(std::uint32_t units);
  Index cut(Index found, Tile& tile, std::uint32_t units);
  Index first_listed(std::uint32_t number);
  void list(Index index, Tile& tile, std::uint32_t units);
  void unlist_first(std::uint32_t number, const Tile& first);
  Space& space_;
};

}  // namespace svmq
