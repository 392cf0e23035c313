#include "types.h"

#include <bit>

namespace svmq {
namespace {

constexpr std::uint32_t first_buckets = 64;
constexpr std::uint32_t longest_chain =
    64;  // one that is longer has been made on purpose; it is then only not split
constexpr int deepest = 64;

// A node of the trie: a leaf or a branch, and the type in which it is kept.
constexpr std::uint32_t branch_flag = 0x80000000;
constexpr bool is_branch(std::uint32_t node) { return (node & branch_flag) != 0; }
constexpr Index place(std::uint32_t node) { return node & ~branch_flag; }
constexpr std::uint32_t leaf(Index index) { return index; }
constexpr std::uint32_t branch(Index index) { return index | branch_flag; }
constexpr unsigned side(std::int64_t value, std::uint32_t bit) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(value) >> (bit & 63) & 1);
}

}  // namespace

// ---- by value

std::uint32_t Types::bucket_of(std::int64_t value) const {
  std::uint64_t hash = static_cast<std::uint64_t>(value) ^ space_.head.generation.get();
  hash *= 0x9e3779b97f4a7c15u;
  hash ^= hash >> 32;
  // Linear hashing: the buckets below the one to be split next are split already.
  std::uint32_t count = space_.control.buckets.get();
  if (count < first_buckets) count = first_buckets;
  std::uint32_t mask = static_cast<std::uint32_t>(std::bit_ceil(std::uint64_t{count}) - 1);
  auto number = static_cast<std::uint32_t>(hash) & mask;
  return number < count ? number : number & (mask >> 1);
}

Index Types::find(std::int64_t value) {
  Index recent = space_.control.recent.get();
  if (recent != none) {
    Type* type = space_.type(recent);
    if (type == nullptr || type->value.get() == value) return type == nullptr ? none : recent;
  }
  if (space_.control.types.get() == 0) return none;
  Index index = space_.bucket(bucket_of(value)).get();
  for (std::uint32_t steps = space_.control.types.get() + 1; index != none && steps != 0; --steps) {
    Type* type = space_.type(index);
    if (type == nullptr) return none;
    if (type->value.get() == value) {
      space_.control.recent.set(index);
      return index;
    }
    index = type->tile.next.get();
  }
  if (index != none) space_.damage();
  return none;
}

// One bucket more; the one that it was split from gives it what is its.
void Types::grow() {
  Control& control = space_.control;
  std::uint32_t count = control.buckets.get() < first_buckets ? first_buckets : control.buckets.get();
  if (count >= most_buckets) return;
  std::uint32_t backed = control.backed_buckets.get();
  if ((count + 1) * sizeof(Index) > backed) {
    if (backed > most_buckets * sizeof(Index) - page_size) return;
    if (!seam::reserve_memory(space_.buckets() + backed, page_size)) return;
    space_.set(control.backed_buckets, backed + static_cast<std::uint32_t>(page_size));
  }
  std::uint32_t from = count & static_cast<std::uint32_t>((std::bit_ceil(std::uint64_t{count} + 1) >> 1) - 1);
  std::uint32_t length = 0;
  for (Index index = space_.bucket(from).get(); index != none; ++length) {
    Type* type = space_.type(index);
    if (type == nullptr || length > longest_chain) return;
    index = type->tile.next.get();
  }
  space_.set(space_.bucket(count), none);
  space_.set(control.buckets, count + 1);
  Cell<Index>* link = &space_.bucket(from);
  while (link->get() != none) {
    Index index = link->get();
    Type* type = space_.type(index);
    if (type == nullptr) return;
    if (bucket_of(type->value.get()) == from) {
      link = &type->tile.next;
      continue;
    }
    Index next = type->tile.next.get();
    space_.set(type->tile.next, space_.bucket(count).get());
    space_.set(space_.bucket(count), index);
    space_.set(*link, next);
  }
}

Index Types::obtain(std::int64_t value) {
  Control& control = space_.control;
  if (Index found = find(value); found != none || space_.damaged()) return found;
  if (control.backed_buckets.get() == 0) {
    if (!seam::reserve_memory(space_.buckets(), page_size)) return none;
    space_.set(control.backed_buckets, static_cast<std::uint32_t>(page_size));
  }
  Cell<Index>& bucket = space_.bucket(bucket_of(value));
  std::uint32_t steps = 0;
  for (Index index = bucket.get(); index != none && steps < longest_chain; ++steps) {
    Type* type = space_.type(index);
    if (type == nullptr) return none;
    if (type->first.get() == none) {
      remove(index);
      break;
    }
    index = type->tile.next.get();
  }
  Index index = tiles_.take(1, Kind::type);
  if (index == none) return none;
  Type& made = *reinterpret_cast<Type*>(space_.at(index));
  // Another type may have been removed from this very tile in the change that is open.
  space_.set(made.value, value);
  space_.set(made.first, none);
  space_.set(made.last, none);
  space_.set(made.tile.next, bucket.get());
  space_.set(bucket, index);
  if (!sort(index, made)) return none;
  space_.set(control.types, control.types.get() + 1);
  if (control.types.get() > control.buckets.get()) grow();
  return space_.damaged() ? none : index;
}

void Types::unhash(Index index, Type& type) {
  Cell<Index>* link = &space_.bucket(bucket_of(type.value.get()));
  for (std::uint32_t steps = space_.control.types.get() + 1; link->get() != index; --steps) {
    Type* passed = link->get() == none || steps == 0 ? nullptr : space_.type(link->get());
    if (passed == nullptr) return space_.damage();
    link = &passed->tile.next;
  }
  space_.set(*link, type.tile.next.get());
}

void Types::remove(Index index) {
  Type* type = space_.type(index);
  if (type == nullptr) return;
  if (space_.control.recent.get() == index) space_.control.recent.set(none);
  unhash(index, *type);
  unsort(index, *type);
  space_.set(space_.control.types, space_.control.types.get() - 1);
  tiles_.give_back(index);
}

// ---- in order

void Types::set_over(std::uint32_t node, Index over) {
  Type* type = space_.type(place(node));
  if (type != nullptr) space_.set(is_branch(node) ? type->over : type->above, over);
}

// `former` below that branch, or at the root where that is none, becomes `present`.
void Types::replace_child(Index over, std::uint32_t former, std::uint32_t present) {
  if (over == none) return space_.set(space_.control.root, present);
  Type* type = space_.type(over);
  if (type == nullptr) return;
  bool second = type->child[1].get() == former;
  if (!second && type->child[0].get() != former) return space_.damage();
  space_.set(type->child[second ? 1 : 0], present);
}

bool Types::sort(Index index, Type& type) {
  std::int64_t value = type.value.get();
  std::uint32_t node = space_.control.root.get();
  space_.set(type.bit, no_branch);
  space_.set(type.above, none);
  if (node == none) {
    space_.set(space_.control.root, leaf(index));
    return !space_.damaged();
  }
  int steps = 0;
  for (; is_branch(node) && steps < deepest; ++steps) {
    Type* passed = space_.type(place(node));
    if (passed == nullptr) return false;
    node = passed->child[side(value, passed->bit.get())].get();
  }
  Type* nearest = is_branch(node) ? nullptr : space_.type(node);
  if (nearest == nullptr || nearest->value.get() == value) {
    space_.damage();
    return false;
  }
  auto differing = static_cast<std::uint64_t>(nearest->value.get() ^ value);
  auto bit = static_cast<std::uint32_t>(std::bit_width(differing)) - 1;

  // The branch goes in where the bits become less significant than its own.
  node = space_.control.root.get();
  Index over = none;
  for (steps = 0; is_branch(node) && steps < deepest; ++steps) {
    Type* passed = space_.type(place(node));
    if (passed == nullptr) return false;
    if (passed->bit.get() < bit) break;
    over = place(node);
    node = passed->child[side(value, passed->bit.get())].get();
  }
  unsigned own = side(value, bit);
  space_.set(type.bit, bit);
  space_.set(type.child[own], leaf(index));
  space_.set(type.child[1 - own], node);
  space_.set(type.over, over);
  space_.set(type.above, index);
  replace_child(over, node, branch(index));
  set_over(node, index);
  return !space_.damaged();
}

void Types::unsort(Index index, Type& type) {
  Index over = type.above.get();
  if (over == none) {
    if (space_.control.root.get() != leaf(index)) return space_.damage();
    return space_.set(space_.control.root, none);
  }
  Type* spare = space_.type(over);  // its branch goes: the other side takes its place
  if (spare == nullptr) return;
  bool second = spare->child[1].get() == leaf(index);
  std::uint32_t other = spare->child[second ? 0 : 1].get();
  Index above = spare->over.get();
  replace_child(above, branch(over), other);
  set_over(other, above);
  space_.set(spare->bit, no_branch);
  if (over == index || type.bit.get() == no_branch) return;
  // The branch that is kept in this type moves to where one has become free.
  space_.set(spare->bit, type.bit.get());
  space_.set(spare->child[0], type.child[0].get());
  space_.set(spare->child[1], type.child[1].get());
  space_.set(spare->over, type.over.get());
  replace_child(type.over.get(), branch(index), branch(over));
  set_over(type.child[0].get(), over);
  set_over(type.child[1].get(), over);
}

Index Types::leftmost() {
  std::uint32_t node = space_.control.root.get();
  for (int steps = 0; is_branch(node); ++steps) {
    Type* passed = steps < deepest ? space_.type(place(node)) : nullptr;
    if (passed == nullptr) {
      space_.damage();
      return none;
    }
    node = passed->child[0].get();
  }
  return node;
}

Index Types::lowest() {
  for (Index index = leftmost(); index != none; index = leftmost()) {
    Type* type = space_.type(index);
    if (type == nullptr) return none;
    if (type->first.get() != none) return index;
    remove(index);
    if (space_.nearly_full()) space_.commit();
    if (space_.damaged()) return none;
  }
  return none;
}

}  // namespace svmq
