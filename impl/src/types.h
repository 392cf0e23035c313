// The types of a queue's messages: found by value through a hash, and in order of value for negative msgtyp.
//
// A type without messages is kept, so that a queue on which they come and go does not make it again and
// again. It goes when the search for the lowest meets it, or when a new type comes into its bucket: there are
// never more of them than buckets.
//
// The order by value is a binary trie (crit-bit): a branch for each bit in which its two sides first differ.
// Each type has room for its leaf and for one branch, not necessarily the one over it.
#pragma once

#include "space.h"
#include "tiles.h"

namespace svmq {

class Types {
 public:
  Types(Space& space, Tiles& tiles) : space_(space), tiles_(tiles) {}

  Index find(std::int64_t value);    // none
  Index obtain(std::int64_t value);  // none: no memory
  Index lowest();                    // that has messages; none. May commit what is open.

 private:
  std::uint32_t bucket_of(std::int64_t value) const;
  void grow();
  void remove(Index index);
  void unhash(Index index, Type& type);

  bool sort(Index index, Type& type);
  void unsort(Index index, Type& type);
  void replace_child(Index branch, std::uint32_t former, std::uint32_t present);
  void set_over(std::uint32_t node, Index branch);
  Index leftmost();
  Space& space_;
  Tiles& tiles_;
};

}  // namespace svmq
