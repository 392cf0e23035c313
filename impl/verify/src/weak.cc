#include "weak.h"

#include <sys/mman.h>

#include <algorithm>
#include <stdexcept>

#include "mix.h"

namespace svmq::verify {
namespace {

constexpr std::uint8_t most_stale = 2;

bool acquires(Order order) { return order == Order::acquire || order == Order::both; }
bool releases(Order order) { return order == Order::release || order == Order::both; }

}  // namespace

WeakMemory::WeakMemory(std::size_t words) {
  void* memory = mmap(nullptr, words * sizeof *slots_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("not enough addresses for the simulated memory");
  slots_ = static_cast<std::uint32_t*>(memory);
}

void WeakMemory::forget() {
  for (std::size_t word : touched_) {
    History& one = histories_[slots_[word] - 1];
    one.writes.clear();
    one.reads.clear();
    one.seen = {};
    one.stale = {};
    slots_[word] = 0;
  }
  touched_.clear();
  known_ = acquirable_ = released_ = {};
  fenced_ = {};
  told_ = {};
  events_ = 0;
  histories_hash_ = 0;
}

WeakMemory::History& WeakMemory::make_history(std::size_t word) {
  if (slots_[word] == 0) {
    touched_.push_back(word);
    slots_[word] = static_cast<std::uint32_t>(touched_.size());
    if (histories_.size() < touched_.size()) histories_.emplace_back();
  }
  return histories_[slots_[word] - 1];
}

void WeakMemory::join(Clock& into, const Clock& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], from[i]);
}

void WeakMemory::store(int process, std::size_t word, const std::uint32_t* before,
                       const std::uint32_t* values, unsigned words, Order order, bool modifies) {
  auto me = static_cast<std::size_t>(process);
  Clock& mine = known_[me];
  ++mine[me];
  ++events_;
  for (unsigned i = 0; i < words; ++i) {
    History& all = make_history(word + i);
    if (all.writes.empty()) all.writes.push_back({before[i], -1, 0, 0, {}});
    Write made{values[i], process, mine[me], events_, releases(order) ? mine : released_[me]};
    if (modifies) join(made.released, all.writes.back().released);
    // Of a load of two words it matters which was stored first: that is how many stores the other has had.
    const History* other = history((word + i) ^ 1);
    std::uint64_t hash = mix(mix(word + i, all.writes.size()), other == nullptr ? 0 : other->writes.size());
    hash = mix(mix(hash, std::uint64_t{made.value} << 8 | me), made.time);
    for (std::uint32_t time : made.released) hash = mix(hash, time);
    histories_hash_ ^= hash;
    note_seen(process, word + i, all.writes.size(), 0);
    all.writes.push_back(made);
  }
}

// Where the process is in the word's history, for the hash: what was there before is taken out.
void WeakMemory::note_seen(int process, std::size_t word, std::size_t index, std::uint8_t stale) {
  auto me = static_cast<std::size_t>(process);
  History& all = *history(word);
  auto hash = [&] {
    return hash_of(word * most_processes + me, all.seen[me] * (most_stale + 1) + all.stale[me]);
  };
  histories_hash_ ^= hash();
  all.seen[me] = static_cast<std::uint32_t>(index);
  all.stale[me] = stale;
  histories_hash_ ^= hash();
}

// The first of the word's writes that the process may still see.
std::size_t WeakMemory::oldest(int process, const History& all) const {
  auto me = static_cast<std::size_t>(process);
  std::size_t latest = all.writes.size() - 1, found = latest;
  if (all.stale[me] >= most_stale) return latest;
  auto known = [&](int by, std::uint32_t time) {
    return by < 0 || known_[me][static_cast<std::size_t>(by)] >= time;
  };
  while (found > all.seen[me] && !known(all.writes[found].process, all.writes[found].time)) --found;
  for (const Read& read : all.reads)
    if (read.index > found && known(read.process, read.time)) found = read.index;
  return found;
}

// The words as they were before the `back` latest stores to any of them. False if the process cannot see
// that.
bool WeakMemory::cut(int process, std::size_t word, unsigned words, int back, Cut& found) const {
  const History* all[2] = {};
  for (unsigned i = 0; i < words; ++i) {
    all[i] = history(word + i);
    found.index[i] = all[i] == nullptr ? 0 : all[i]->writes.size() - 1;
  }
  for (; back > 0; --back) {
    std::uint32_t latest = 0;
    for (unsigned i = 0; i < words; ++i)
      if (all[i] != nullptr) latest = std::max(latest, all[i]->writes[found.index[i]].event);
    if (latest == 0) return false;
    for (unsigned i = 0; i < words; ++i)
      if (all[i] != nullptr && all[i]->writes[found.index[i]].event == latest) --found.index[i];
  }
  for (unsigned i = 0; i < words; ++i)
    if (all[i] != nullptr && found.index[i] < oldest(process, *all[i])) return false;
  return true;
}

int WeakMemory::older(int process, std::size_t word, unsigned words) const {
  if (history(word) == nullptr && (words == 1 || history(word + 1) == nullptr)) return 0;
  int back = 0;
  for (Cut found; cut(process, word, words, back + 1, found);) ++back;
  return back;
}

std::uint64_t WeakMemory::load(int process, std::size_t word, unsigned words, int back, Order order,
                               std::uint32_t* values) {
  auto me = static_cast<std::size_t>(process);
  Cut found;
  cut(process, word, words, back, found);
  std::uint64_t stores = 0;
  for (unsigned i = 0; i < words; ++i) {
    History* all = history(word + i);
    if (all == nullptr) continue;
    std::size_t index = found.index[i];
    const Write& write = all->writes[index];
    bool last = index + 1 == all->writes.size(), moves = index > all->seen[me];
    note_seen(process, word + i, moves ? index : all->seen[me],
              last ? 0 : static_cast<std::uint8_t>(moves ? 1 : all->stale[me] + 1));
    if (moves) {
      all->reads.push_back({process, ++known_[me][me], all->seen[me]});
      std::uint64_t read = mix(mix(word + i, known_[me][me]), std::uint64_t{all->seen[me]} << 8 | me);
      histories_hash_ ^= mix(read, 0x4ead);
    }
    join(acquires(order) ? known_[me] : acquirable_[me], write.released);
    values[i] = write.value;
    stores += (index + 1) << 32 * i;
  }
  return stores;
}

void WeakMemory::fence(int process, Order order) {
  auto me = static_cast<std::size_t>(process);
  if (acquires(order)) join(known_[me], acquirable_[me]);
  if (order == Order::both) {
    join(known_[me], fenced_);
    join(fenced_, known_[me]);
  }
  if (releases(order)) released_[me] = known_[me];
}

// All of it. Of `events_` only the order of neighbours matters, which is in the histories' hash.
std::uint64_t WeakMemory::hash() const {
  std::uint64_t hash = histories_hash_;
  for (const auto& clocks : {known_, acquirable_, released_})
    for (const Clock& clock : clocks)
      for (std::uint32_t time : clock) hash = mix(hash, time);
  for (const Clock& clock : {fenced_, told_[by_return], told_[by_kernel]})
    for (std::uint32_t time : clock) hash = mix(hash, time);
  return hash;
}

}  // namespace svmq::verify
