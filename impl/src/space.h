// A queue's shared memory while its lock is held: checked access, and changes that can be undone.
//
// Each change of something shared is preceded by an entry in the journal with the former value. Releasing the
// lock, or `commit`, is the one store by which all changes since happen at once; the next owner of a lock
// whose owner died undoes the open ones instead. So nobody ever sees half a change, wherever its maker was
// killed.
//
// Nothing read from the mapping is trusted: an index leads to something only if that lies inside the arena;
// whatever does not fit sets `damaged`, the call ends with EIDRM, and what it did is undone.
#pragma once

#include <bit>
#include <type_traits>

#include "layout.h"

namespace svmq {

class Space {
 public:
  Space(Head* head_page, std::byte* arena, std::size_t size, Side side)
      : head(*head_page),
        control(*reinterpret_cast<Control*>(arena)),
        arena_(arena),
        size_(size),
        side_(static_cast<std::uint32_t>(side)) {}
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  Head& head;
  Control& control;

  // ---- access

  // A tile of that kind at that index; nullptr, and damage, where there is none.
  Message* message(Index index) { return reinterpret_cast<Message*>(tile_of(index, Kind::message)); }
  Type* type(Index index) { return reinterpret_cast<Type*>(tile_of(index, Kind::type)); }
  Tile* tile(Index index) {
    if (index >= first_tile && index < size_ / unit_size) return reinterpret_cast<Tile*>(at(index));
    return damaged_tile();
  }
  Member* member(Index index) {
    if (index != none && index <= most_members && index <= control.members.get()) return member_at(index);
    damage();
    return nullptr;
  }
  Member* member_at(Index index) { return reinterpret_cast<Member*>(arena_ + members_offset) + index; }
  Cell<Index>& bucket(std::uint32_t number) {
    return reinterpret_cast<Cell<Index>*>(arena_ + buckets_offset)[number % most_buckets];
  }
  std::byte* at(Index index) const { return arena_ + std::size_t{index} * unit_size; }
  std::byte* buckets() const { return arena_ + buckets_offset; }
  std::size_t units() const { return size_ / unit_size; }
  Index fresh() const { return control.fresh.get() < first_tile ? first_tile : control.fresh.get(); }

  // This tile is likely to be wanted next, and likely to be in another processor's cache.
  void expect(Index index) const {
    if (index == none) return;
    __builtin_prefetch(at(index), 1);
    __builtin_prefetch(at(index + 1), 1);
  }

  bool damaged() const { return damaged_; }
  void damage() { damaged_ = true; }

  // ---- change

  // Call before the first change under a lock.
  void begin() {
    open_ = (head.lock.open.get() & ~std::uint64_t{0xffff}) | side_ * sides_bit;
    entries_ = 0;
  }
  // To change the state, directly.
  State& state() {
    if (entries_ == 0) save_state();
    return head.state;
  }
  // Changes a word of the arena, or two.
  template <class T>
  __attribute__((always_inline)) void set(Cell<T>& cell, std::type_identity_t<T> value) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    auto* words = reinterpret_cast<Cell<std::uint32_t>*>(&cell);
    if (!note(words[0]) || (sizeof(T) == 8 && !note(words[1]))) return;
    cell.set(value);
  }
  // Room for as many changes as one step makes at the most, or it is time to commit.
  bool nearly_full() const { return entries_ > journal_entries - 500; }

  // All changes so far have happened, with the lock still held.
  void commit() {
    if (entries_ == 0) return;
    seam::order();
    open_ += 1u << 16;
    head.lock.open.set(open_);
    seam::order();
    entries_ = 0;
  }
  // As if nothing had been changed since the last commit; also what a dead owner left.
  void undo();

 private:
  static constexpr std::uint32_t backed_entries = (page_size - journal_offset) / 2 / sizeof(JournalEntry);
  static constexpr std::uint64_t sides_bit = 0x8000, count_bits = 0x7fff;  // of what is open

  JournalEntry& entry(std::uint32_t side, std::uint32_t number) const {
    constexpr std::uint32_t in_line = journal_line / sizeof(JournalEntry);
    std::byte* line = arena_ + journal_offset + (number / in_line * 2 + side) * journal_line;
    return reinterpret_cast<JournalEntry*>(line)[number % in_line];
  }
  __attribute__((always_inline)) bool note(const Cell<std::uint32_t>& word) {
    if (entries_ == 0) save_state();
    if (entries_ > backed_entries && !back_journal()) return false;
    auto offset = static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&word) - arena_) / 4;
    next_->set(std::uint64_t{word.get()} << 32 | offset);
    if (reinterpret_cast<std::uintptr_t>(++next_) % journal_line == 0)
      next_ += journal_line / sizeof(JournalEntry);
    seam::order();
    head.lock.open.set(open_ | ++entries_);
    seam::order();
    return true;
  }
  static void copy_state(State& to, const State& from) { seam::copy(&to, &from, sizeof(State)); }
  // `open` counts one more than the journal's entries: first of all the state is saved.
  void save_state() {
    copy_state(head.saved[side_].state, head.state);
    next_ = &entry(side_, 0);
    seam::order();
    open_ += 1u << 16;
    head.lock.open.set(open_ | ++entries_);
    seam::order();
  }
  Tile* tile_of(Index index, Kind kind) {
    if (index >= first_tile && index < size_ / unit_size) {
      auto* found = reinterpret_cast<Tile*>(at(index));
      if (found->kind.get() == kind) return found;
    }
    return damaged_tile();
  }
  Tile* damaged_tile() {
    damage();
    return nullptr;
  }
  bool back_journal();

  std::byte* arena_;
  std::size_t size_;
  std::uint32_t side_;
  std::uint32_t entries_ = 0;
  JournalEntry* next_ = nullptr;  // in the journal, while there are entries
  std::uint64_t open_ = 0;
  bool damaged_ = false;
};

}  // namespace svmq
