#include "registry.h"

#include <errno.h>

#include <algorithm>

namespace svmq {
namespace {

constexpr std::uint32_t shortest_cycle = 64;
constexpr std::int32_t sequences = 65535;

std::uint32_t bucket_of(std::int32_t key) {
  return (static_cast<std::uint32_t>(key) * 2654435761u) >> 16;  // the top 16 bits: bucket_count values
}
static_assert(bucket_count == 1u << 16);

}  // namespace

void RegistryView::initialize(Registry& registry) {
  registry.magic.set(registry_magic);
  registry.version.set(registry_version);
  registry.size.set(sizeof(Registry));
  registry.limits.msgmax.set(8192);
  registry.limits.msgmnb.set(16384);
  registry.limits.msgmni.set(32000);
  registry.limits.next_id.set(-1);
  registry.last_index.set(-1);
}

std::uint32_t RegistryView::end() const { return std::min(registry_.end.get(), index_count); }

Slot* RegistryView::used_slot(std::uint32_t index) {
  if (index >= end()) return nullptr;
  Slot& slot = registry_.slots[index];
  std::int32_t id = slot.id.get();
  bool sound =
      slot.state.get() == SlotState::used && id >= 0 && static_cast<std::uint32_t>(id) % index_count == index;
  return sound ? &slot : nullptr;
}

std::uint32_t RegistryView::find(std::int32_t key) {
  // A bucket's link is the index + 1, so that zeros are an empty table.
  std::uint32_t link = registry_.buckets[bucket_of(key)].get();
  for (std::uint32_t steps = 0; link != 0 && steps < index_count; ++steps) {
    Slot* slot = used_slot(link - 1);
    if (slot == nullptr) return no_slot;
    if (slot->key.get() == key) return link - 1;
    link = slot->next.get();
  }
  return no_slot;
}

std::uint32_t RegistryView::first_free(std::uint32_t from, std::uint32_t end) {
  for (std::uint32_t index = from; index < end; ++index) {
    if (registry_.slots[index].state.get() == SlotState::free) return index;
  }
  return no_slot;
}

Allocation RegistryView::allocate() {
  std::int32_t limit = std::min<std::int32_t>(registry_.limits.msgmni.get(), index_count);
  std::int64_t in_use = registry_.in_use.get();
  if (in_use >= limit) return {ENOSPC, 0, 0};

  std::int32_t wish = registry_.limits.next_id.exchange(-1);
  if (wish >= 0) {
    auto wished = static_cast<std::uint32_t>(wish);
    std::uint32_t index = first_free(wished % index_count, index_count);
    if (index == no_slot) return {ENOSPC, 0, 0};
    return {0, index, static_cast<std::int32_t>(wished / index_count * index_count + index)};
  }

  std::uint32_t cycle = static_cast<std::uint32_t>(std::max<std::int64_t>(in_use * 3 / 2, shortest_cycle));
  cycle = std::min(cycle, index_count);
  std::uint32_t index = first_free(std::min(registry_.cursor.get(), cycle), cycle);
  if (index == no_slot) index = first_free(0, cycle);
  if (index == no_slot) return {ENOSPC, 0, 0};
  registry_.cursor.set(index + 1);
  std::int32_t sequence = registry_.sequence.get();
  if (static_cast<std::int32_t>(index) <= registry_.last_index.get() && ++sequence >= sequences) sequence = 0;
  if (sequence < 0 || sequence >= sequences) sequence = 0;
  registry_.sequence.set(sequence);
  registry_.last_index.set(static_cast<std::int32_t>(index));
  return {0, index, static_cast<std::int32_t>(static_cast<std::uint32_t>(sequence) * index_count + index)};
}

void RegistryView::chain(std::uint32_t index) {
  Slot& slot = registry_.slots[index];
  auto& bucket = registry_.buckets[bucket_of(slot.key.get())];
  slot.next.set(bucket.get());
  seam::order();
  bucket.set(index + 1);
}

void RegistryView::reserve(std::uint32_t index, std::int32_t id, std::int32_t key, std::uint64_t generation) {
  Slot& slot = registry_.slots[index];
  slot.id.set(id);
  slot.key.set(key);
  slot.next.set(0);
  slot.generation.set(generation);
  if (registry_.end.get() <= index) registry_.end.set(index + 1);
  seam::order();
  slot.state.set(SlotState::reserved);
  seam::order();
}

void RegistryView::publish(std::uint32_t index) {
  Slot& slot = registry_.slots[index];
  seam::order();
  slot.state.set(SlotState::used);  // the commit; the rest follows from it
  seam::order();
  if (slot.key.get() != 0) chain(index);
  registry_.in_use.set(registry_.in_use.get() + 1);
}

void RegistryView::withdraw(std::uint32_t index) {
  Slot& slot = registry_.slots[index];
  if (slot.key.get() != 0) {
    Cell<std::uint32_t>* link = &registry_.buckets[bucket_of(slot.key.get())];
    for (std::uint32_t steps = 0; link->get() - 1 < index_count && steps < index_count; ++steps) {
      if (link->get() == index + 1) {
        link->set(slot.next.get());
        break;
      }
      link = &registry_.slots[link->get() - 1].next;
    }
  }
  seam::order();
  slot.state.set(SlotState::reserved);
  if (registry_.in_use.get() > 0) registry_.in_use.set(registry_.in_use.get() - 1);
}

void RegistryView::release(std::uint32_t index) {
  seam::order();
  registry_.slots[index].state.set(SlotState::free);
  if (registry_.end.get() == index + 1) {
    std::uint32_t left = index;
    while (left > 0 && registry_.slots[left - 1].state.get() == SlotState::free) --left;
    registry_.end.set(left);
  }
}

std::uint32_t RegistryView::highest() {
  for (std::uint32_t index = end(); index-- > 0;) {
    if (registry_.slots[index].state.get() == SlotState::used) return index;
  }
  return 0;
}

void RegistryView::repair() {
  for (auto& bucket : registry_.buckets) {
    if (bucket.get() != 0) bucket.set(0);
  }
  std::uint32_t in_use = 0;
  for (std::uint32_t index = 0; index < end(); ++index) {
    Slot& slot = registry_.slots[index];
    if (slot.state.get() == SlotState::reserved) continue;
    if (used_slot(index) == nullptr) {
      slot.state.set(SlotState::free);
      continue;
    }
    if (slot.key.get() != 0) chain(index);
    ++in_use;
  }
  registry_.in_use.set(in_use);
}

}  // namespace svmq
