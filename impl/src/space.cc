#include "space.h"

namespace svmq {

// Beyond its first page the journal has memory only once somebody needed it.
bool Space::back_journal() {
  if (entries_ > journal_entries) {
    damage();
    return false;
  }
  auto* next = reinterpret_cast<std::byte*>(next_) - side_ * journal_line;
  bool first_in_page = reinterpret_cast<std::uintptr_t>(next) % page_size == 0;
  if (first_in_page && !seam::reserve_memory(next, page_size)) {
    damage();
    return false;
  }
  return true;
}

void Space::undo() {
  std::uint64_t open = head.lock.open.get();
  std::uint64_t serial = open & ~count_bits;
  auto count = static_cast<std::uint32_t>(open & count_bits);
  std::uint32_t side = (open & sides_bit) != 0 ? 1 : 0;
  if (count > journal_entries + 1) count = 1;
  for (; count > 1; --count) {
    std::uint64_t change = entry(side, count - 2).get();
    std::uint64_t offset = (change & 0xffffffff) * 4;
    if (offset < size_)
      reinterpret_cast<Cell<std::uint32_t>*>(arena_ + offset)->set(static_cast<std::uint32_t>(change >> 32));
    seam::order();
    head.lock.open.set(serial | (count - 1));
    seam::order();
  }
  if (count == 1) copy_state(head.state, head.saved[side].state);
  control.recent.set(none);  // may have been made by what is undone
  seam::order();
  head.lock.open.set(serial);
  seam::order();
  begin();
}

}  // namespace svmq
