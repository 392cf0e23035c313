#include "registry.h"

#include <errno.h>

#include <algorithm>

namespace svmq {
namespace {

constexpr std::uint32_t shortest_cycle = 64;
constexpr std::int32_t sequences = 65535;

std::uint32_t bucket_of(std::int32_t key) {
  return (static_cast<std::uint32_t>(key) * 2654435761u) >> 19;  // the top 13 bits: bucket_count values
}
static_assert(bucket_count == 1u << 13);

}  // namespace

RegistryLock::RegistryLock(Registry& registry) : registry_(registry) {
  if (seam::acquire(registry.lock) == seam::Acquired::owner_died) RegistryView(registry).repair();
}

void RegistryView::initialize(Registry& registry) {
  registry.magic = registry_magic;
  registry.version = registry_version;
  registry.size = sizeof(Registry);
  registry.limits.msgmax = 8192;
  registry.limits.msgmnb = 16384;
  registry.limits.msgmni = 32000;
  registry.limits.next_id = -1;
  registry.last_index = -1;
  std::fill(registry.buckets, registry.buckets + bucket_count, no_slot);
}

Slot* RegistryView::used_slot(std::uint32_t index) {
  if (index >= index_count || index >= registry_.end) return nullptr;
  Slot& slot = registry_.slots[index];
  bool sound = slot.used != 0 && slot.id >= 0 && static_cast<std::uint32_t>(slot.id) % index_count == index;
  return sound ? &slot : nullptr;
}

std::uint32_t RegistryView::find(std::int32_t key) {
  std::uint32_t index = registry_.buckets[bucket_of(key)];
  for (std::uint32_t steps = 0; steps < index_count; ++steps) {
    Slot* slot = used_slot(index);
    if (slot == nullptr) return no_slot;
    if (slot->key == key) return index;
    index = slot->next;
  }
  return no_slot;
}

std::uint32_t RegistryView::first_free(std::uint32_t from, std::uint32_t end) {
  for (std::uint32_t index = from; index < end; ++index) {
    if (registry_.slots[index].used == 0) return index;
  }
  return no_slot;
}

Allocation RegistryView::allocate() {
  std::int32_t limit = std::min<std::int32_t>(registry_.limits.msgmni, index_count);
  std::int64_t in_use = registry_.in_use;
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
  std::uint32_t index = first_free(std::min(registry_.cursor, cycle), cycle);
  if (index == no_slot) index = first_free(0, cycle);
  if (index == no_slot) return {ENOSPC, 0, 0};
  registry_.cursor = index + 1;
  std::int32_t sequence = registry_.sequence;
  if (static_cast<std::int32_t>(index) <= registry_.last_index && ++sequence >= sequences) sequence = 0;
  if (sequence < 0 || sequence >= sequences) sequence = 0;
  registry_.sequence = sequence;
  registry_.last_index = static_cast<std::int32_t>(index);
  return {0, index, static_cast<std::int32_t>(static_cast<std::uint32_t>(sequence) * index_count + index)};
}

void RegistryView::chain(std::uint32_t index) {
  Slot& slot = registry_.slots[index];
  std::uint32_t& bucket = registry_.buckets[bucket_of(slot.key)];
  slot.next = bucket;
  bucket = index;
}

void RegistryView::publish(std::uint32_t index, std::int32_t id, std::int32_t key, std::uint64_t generation) {
  Slot& slot = registry_.slots[index];
  slot.id = id;
  slot.key = key;
  slot.next = no_slot;
  slot.generation = generation;
  if (registry_.end <= index) registry_.end = index + 1;
  seam::order();
  slot.used = 1;  // the commit; the rest follows from it
  seam::order();
  if (key != 0) chain(index);
  ++registry_.in_use;
}

void RegistryView::withdraw(std::uint32_t index) {
  Slot& slot = registry_.slots[index];
  if (slot.key != 0) {
    std::uint32_t* link = &registry_.buckets[bucket_of(slot.key)];
    for (std::uint32_t steps = 0; *link < index_count && steps < index_count; ++steps) {
      if (*link == index) {
        *link = slot.next;
        break;
      }
      link = &registry_.slots[*link].next;
    }
  }
  seam::order();
  slot.used = 0;
  if (registry_.in_use > 0) --registry_.in_use;
  if (registry_.end == index + 1) {
    std::uint32_t highest_used = highest();
    registry_.end = registry_.slots[highest_used].used != 0 ? highest_used + 1 : 0;
  }
}

std::uint32_t RegistryView::highest() {
  for (std::uint32_t index = std::min(registry_.end, index_count); index-- > 0;) {
    if (registry_.slots[index].used != 0) return index;
  }
  return 0;
}

void RegistryView::repair() {
  std::fill(registry_.buckets, registry_.buckets + bucket_count, no_slot);
  registry_.in_use = 0;
  registry_.end = std::min(registry_.end, index_count);
  for (std::uint32_t index = 0; index < registry_.end; ++index) {
    if (used_slot(index) == nullptr) {
      registry_.slots[index].used = 0;
      continue;
    }
    if (registry_.slots[index].key != 0) chain(index);
    ++registry_.in_use;
  }
}

}  // namespace svmq
