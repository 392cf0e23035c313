#include "space.h"

namespace svmq {

// Beyond its first page the journal has memory only once somebody needed it.
bool Space::back_journal() {
  if (entries_ > journal_entries) {
    damage();
    return false;
  }
  auto* entry = reinterpret_cast<std::byte*>(journal() + entries_ - 1);
  bool first_in_page = reinterpret_cast<std::uintptr_t>(entry) % page_size == 0;
  if (first_in_page && !seam::reserve_memory(entry, page_size)) {
    damage();
    return false;
  }
  return true;
}

void Space::undo() {
  std::uint64_t open = head.lock.open.get();
  std::uint64_t serial = open & ~std::uint64_t{0xffff}, count = open & 0xffff;
  if (count > journal_entries + 1) count = 1;
  for (; count > 1; --count) {
    std::uint64_t entry = journal()[count - 2].get();
    std::uint64_t offset = (entry & 0xffffffff) * 4;
    if (offset < size_)
      reinterpret_cast<Cell<std::uint32_t>*>(arena_ + offset)->set(static_cast<std::uint32_t>(entry >> 32));
    seam::order();
    head.lock.open.set(serial | (count - 1));
    seam::order();
  }
  if (count == 1) copy_state(head.state, head.saved);
  control.recent.set(none);  // may have been made by what is undone
  seam::order();
  head.lock.open.set(serial);
  seam::order();
  begin();
}

}  // namespace svmq
