#include "tiles.h"

#include <bit>

namespace svmq {
namespace {

constexpr std::uint32_t backing_step = 256;      // units whose memory is asked for at once: 16 KiB
constexpr std::uint32_t least_sweep = 1024;      // units given back before a sweep is thought of: 64 KiB
constexpr std::uint32_t kept_memory = 1u << 12;  // units beyond the last tile that keep their memory: 256 KiB
constexpr int probes = 16;

// The free list for tiles of that length: one for each short length, one for each power of two of the others.
std::uint32_t class_of(std::uint32_t units) {
  if (units < small_classes) return units;
  auto power = static_cast<std::uint32_t>(std::bit_width(units)) - 8;  // 128 to 255: 0
  return power < classes - small_classes ? small_classes + power : classes - 1;
}

}  // namespace

Index Tiles::first_listed(std::uint32_t number) { return space_.control.free_list[number].get(); }

void Tiles::list(Index index, Tile& tile, std::uint32_t units) {
  Control& control = space_.control;
  std::uint32_t number = class_of(units);
  Index first = first_listed(number);
  space_.set(tile.next, first);
  space_.set(tile.kind, Kind::free);
  space_.set(control.free_list[number], index);
  if (first == none) {
    Cell<std::uint32_t>& word = control.filled[number / 32];
    space_.set(word, word.get() | 1u << (number % 32));
  }
}

void Tiles::unlist_first(std::uint32_t number, const Tile& first) {
  Control& control = space_.control;
  Index next = first.next.get();
  space_.expect(next);
  space_.set(control.free_list[number], next);
  if (next == none) {
    Cell<std::uint32_t>& word = control.filled[number / 32];
    space_.set(word, word.get() & ~(1u << (number % 32)));
  }
}

// A free tile off its list becomes one of `units`; the rest stays free.
Index Tiles::cut(Index found, Tile& tile, std::uint32_t units) {
  std::uint32_t whole = tile.units.get();
  if (whole < units || whole > space_.units() - found) {
    space_.damage();
    return none;
  }
  if (whole > units) {
    Tile* rest = space_.tile(found + units);
    if (rest == nullptr) return none;
    rest->units.set(whole - units);  // inside a free tile until the next store
    rest->kind.set(Kind::free);
    space_.set(tile.units, units);
    list(found + units, *rest, whole - units);
  }
  return found;
}

Index Tiles::take_listed(std::uint32_t units) {
  Control& control = space_.control;
  std::uint32_t exact = class_of(units);
  for (std::uint32_t number = exact; number < classes;) {
    std::uint32_t word = control.filled[number / 32].get() >> (number % 32);
    if (word == 0) {
      number = (number / 32 + 1) * 32;
      continue;
    }
    number += static_cast<std::uint32_t>(std::countr_zero(word));
    if (number >= classes) break;
    // Only the list of its own power of two can hold shorter ones.
    Cell<Index>* link = &control.free_list[number];
    for (int i = 0; i < probes && link->get() != none; ++i) {
      Index found = link->get();
      Tile* tile = space_.tile(found);
      if (tile == nullptr || tile->kind.get() != Kind::free) {
        space_.damage();
        return none;
      }
      if (tile->units.get() >= units) {
        if (i == 0) {
          unlist_first(number, *tile);
        } else {
          space_.set(*link, tile->next.get());
        }
        return cut(found, *tile, units);
      }
      link = &tile->next;
    }
    ++number;
  }
  return none;
}

Index Tiles::take_fresh(std::uint32_t units) {
  Control& control = space_.control;
  Index index = space_.fresh();
  if (index > space_.units() || units > space_.units() - index) return none;
  Index end = index + units;
  Index backed = control.backed.get() < first_tile ? first_tile : control.backed.get();
  if (end > backed) {
    std::uint32_t more = end - backed;
    more = (more + backing_step - 1) / backing_step * backing_step;
    if (more > space_.units() - backed) more = static_cast<std::uint32_t>(space_.units()) - backed;
    if (!seam::reserve_memory(space_.at(backed), std::size_t{more} * unit_size)) return none;
    space_.set(control.backed, backed + more);
  }
  Tile* made = space_.tile(index);
  if (made == nullptr) return none;
  // It may have been given back in the change that is open.
  space_.set(made->units, units);
  space_.set(control.fresh, end);
  return index;
}

bool Tiles::worth_sweeping() const {
  const Control& control = space_.control;
  std::uint32_t used = space_.fresh() - first_tile;
  std::uint32_t freed = control.freed.get();
  return freed >= least_sweep && freed >= used / 2 && control.free_units.get() >= used / 2;
}

Index Tiles::take(std::uint32_t units, Kind kind) {
  Control& control = space_.control;
  Index index = take_listed(units);
  bool listed = index != none;
  if (!listed) {
    if (space_.damaged()) return none;
    index = take_fresh(units);
  }
  if (index == none) return none;
  Tile* tile = space_.tile(index);
  if (tile == nullptr) return none;
  if (listed) space_.set(control.free_units, control.free_units.get() - units);
  space_.set(tile->kind, kind);
  return index;
}

void Tiles::give_back(Index index) {
  Control& control = space_.control;
  Tile* tile = space_.tile(index);
  if (tile == nullptr) return;
  std::uint32_t units = tile->units.get();
  Index fresh = space_.fresh();
  if (tile->kind.get() == Kind::free || units == 0 || index >= fresh || units > fresh - index)
    return space_.damage();
  space_.set(control.freed, control.freed.get() + units);
  if (index + units == fresh) {
    space_.set(tile->kind, Kind::free);
    space_.set(control.fresh, index);
    return;
  }
  space_.set(control.free_units, control.free_units.get() + units);
  list(index, *tile, units);
}

void Tiles::sweep() {
  space_.commit();
  Control& control = space_.control;
  control.sweeping.set(1);
  seam::order();
  for (auto& first : control.free_list) first.set(none);
  for (auto& word : control.filled) word.set(0);
  Index fresh = space_.fresh();
  if (fresh > space_.units()) fresh = static_cast<Index>(space_.units());
  std::uint32_t total = 0;
  auto list_run = [&](Index index, std::uint32_t units) {
    Tile* tile = space_.tile(index);
    std::uint32_t number = class_of(units);
    tile->units.set(units);  // the free tiles behind it have become its inside
    tile->next.set(control.free_list[number].get());
    control.free_list[number].set(index);
    control.filled[number / 32].set(control.filled[number / 32].get() | 1u << (number % 32));
    total += units;
  };
  Index run = none;  // the first of free neighbours
  Index index = first_tile;
  while (index < fresh) {
    Tile* tile = space_.tile(index);
    std::uint32_t units = tile->units.get();
    if (units == 0 || units > fresh - index) {
      space_.damage();
      return;
    }
    bool is_free = tile->kind.get() == Kind::free;
    if (is_free && run == none) run = index;
    if (!is_free && run != none) {
      list_run(run, index - run);
      run = none;
    }
    index += units;
  }
  Index end = run != none ? run : fresh;
  control.fresh.set(end);
  control.free_units.set(total);
  control.freed.set(0);
  Index backed = control.backed.get();
  if (backed > end && backed - end > kept_memory && backed <= space_.units()) {
    std::size_t page_units = page_size / unit_size;
    Index keep = static_cast<Index>((end + kept_memory / 2 + page_units - 1) / page_units * page_units);
    control.backed.set(keep);
    seam::order();
    seam::return_memory(space_.at(keep), std::size_t{backed - keep} * unit_size);
  }
  seam::order();
  control.sweeping.set(0);
  seam::order();
}

}  // namespace svmq
