#include "space.h"

namespace svmq {

// Beyond its first page the journal has memory only once somebody needed it.
bool Space::back_journal() {
  if (entries_ >= journal_entries) {
    damage();
    return false;
  }
  bool first = entries_ % (page_size / sizeof(JournalEntry)) == backed_entries % (page_size / sizeof(JournalEntry));
  if (first && !seam::reserve_memory(reinterpret_cast<std::byte*>(journal() + entries_), page_size)) {
    damage();
    return false;
  }
  return true;
}

void Space::undo() {
  std::uint64_t open = head.lock.open.get();
  std::uint64_t count = open & 0xffff;
  if (count > journal_entries) count = 0;
  while (count != 0) {
    JournalEntry& entry = journal()[--count];
    std::uint64_t where = entry.where.get();
    bool eight = (where & is_long) != 0;
    bool of_head = (where & in_head) != 0;
    std::uint64_t offset = where & ~(is_long | in_head);
    std::byte* base = of_head ? reinterpret_cast<std::byte*>(&head) : arena_;
    std::uint64_t limit = of_head ? head_size : size_;
    std::uint64_t alignment = eight ? 8 : 4;
    if (offset % alignment == 0 && offset <= limit - 8) {
      if (eight) {
        reinterpret_cast<Cell<std::uint64_t>*>(base + offset)->set(entry.old.get());
      } else {
        reinterpret_cast<Cell<std::uint32_t>*>(base + offset)->set(static_cast<std::uint32_t>(entry.old.get()));
      }
    }
    seam::order();
    head.lock.open.set((open & ~std::uint64_t{0xffff}) | count);
    seam::order();
  }
  begin();
}

}  // namespace svmq
