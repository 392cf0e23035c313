// Shared memory: every access, and which words are choices.
#include <algorithm>
#include <bit>
#include <cstring>

#include "machine.h"

namespace svmq::verify {
namespace {

// A word's entry in the shadow: bits that are only ever set.
constexpr std::uint32_t used_by(int process) { return 1u << process; }
constexpr std::uint32_t written_by(int process) { return 1u << (8 + process); }
constexpr std::uint32_t without_lock(std::size_t lock) { return 1u << (16 + lock); }
constexpr std::uint32_t without_locks = 0xff0000, is_contended = 1u << 24, is_learned = 1u << 25;
constexpr std::size_t most_locks = 8;

}  // namespace

// ---- choices

// Is the word used by several processes, written by some, without a lock that all of them hold?
inline bool Machine::contended(const void* address, std::size_t size, bool write) {
  std::uint32_t use = self().use | (write ? written_by(current_) : 0), all = 0;
  std::size_t place = place_of(address);
  for (std::size_t word = place / 4; word <= (place + size - 1) / 4; ++word) {
    std::uint32_t& seen = shadow_[word];
    if ((seen & use) != use) note_use(word, use);
    all |= seen;
  }
  return (all & is_contended) != 0;
}

// The same where the use has been noted before.
inline bool Machine::known_as_contended(const void* address, std::size_t size) const {
  std::size_t place = place_of(address), last = (place + size - 1) / 4;
  std::uint32_t all = 0;
  for (std::size_t word = place / 4; word <= last; ++word) all |= shadow_[word];
  return (all & is_contended) != 0;
}

void Machine::note_use(std::size_t word, std::uint32_t use) {
  std::uint32_t& seen = shadow_[word];
  seen |= use;
  bool several = !std::has_single_bit(seen & 0xff), some_write = (seen & 0xff00) != 0;
  if (several && some_write && (seen & without_locks) == without_locks && (seen & is_learned) == 0) {
    // Not before the next pass: what is a choice does not change within one.
    learned_.push_back(word);
    seen |= is_learned;
  }
}

void Machine::note_kernels_use(const void* address, bool write) {
  if (chooser_ != nullptr) contended(address, 4, write);
}

bool Machine::learn() {
  bool some = !learned_.empty();
  for (std::size_t word : learned_) shadow_[word] |= is_contended;
  learned_.clear();
  return some;
}

void Machine::hold(const void* lock) {
  Process& mine = self();
  mine.holds = lock;
  mine.use = used_by(current_) | without_locks;
  if (lock == nullptr) return;
  auto known = std::ranges::find(locks_, lock);
  if (known == locks_.end()) known = locks_.insert(known, lock);
  auto number = static_cast<std::size_t>(known - locks_.begin());
  if (number < most_locks) mine.use &= ~without_lock(number);
}

// As the kernel would see it: the lock that is pending and has this thread's id is its own.
void Machine::note_lock(const void* word, std::uint32_t value) {
  Process& mine = self();
  bool is_mine = (value & thread_bits) == static_cast<std::uint32_t>(pid_of(current_));
  if (is_mine && mine.robust != nullptr) {
    long offset;
    std::byte* pending;
    memcpy(&offset, mine.robust + 8, sizeof offset);
    memcpy(&pending, mine.robust + 16, sizeof pending);
    if (pending != nullptr && pending + offset == word) return hold(word);
  }
  if (mine.holds == word) hold(nullptr);
}

// ---- accesses

inline void Machine::before(const void* address, std::size_t size, bool write) {
  ++accesses;
  Process& mine = self();
  if (known()) {  // what `decide` would do
    if (mine.changed && (write || known_as_contended(address, size))) mine.changed = false;
  } else {
    if (accesses >= accesses_end_) fail("goes on for ever");
    if (chooser_ != nullptr) offer(address, size, write);
  }
  if (mine.fresh) begin_call();
}

void Machine::offer(const void* address, std::size_t size, bool write) {
  if (contended(address, size, write) || everywhere_) {
    decide(true);
  } else if (write && self().changed) {
    decide(false);
  }
}

void Machine::write_word(std::uint32_t* address, std::uint32_t value) {
  std::uint32_t former = *address;
  if (former == value) return;
  std::size_t place = place_of(address), page = place / page_size;
  state_.memory_hash ^= hash_of(place, former) ^ hash_of(place, value);
  undo_.push_back({address, former});
  written_pages_[page / 64] |= std::uint64_t{1} << page % 64;
  *address = value;
}

void Machine::write(void* address, unsigned size, std::uint64_t value, Order order, bool modifies) {
  auto* words = static_cast<std::uint32_t*>(address);
  const std::uint32_t former[2] = {words[0], size == 8 ? words[1] : 0};
  const std::uint32_t made[2] = {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
  for (unsigned i = 0; i < size / 4; ++i) write_word(words + i, made[i]);
  if (weak && chooser_ != nullptr)
    weak_memory_.store(current_, place_of(address) / 4, former, made, size / 4, order, modifies);
  self().changed = true;
}

// What a load of one or two words returns where memory is weak.
std::uint64_t Machine::load_weakly(const void* address, unsigned size, Order order, bool latest) {
  std::size_t word = place_of(address) / 4;
  int oldest = latest || known() ? 0 : weak_memory_.older(current_, word, size / 4), back = 0;
  if (oldest > 0) {
    Options options;
    options.passes = true;
    options.add(static_cast<Option>(current_));
    for (int i = 1; i <= oldest; ++i) {
      if (options.full()) fail("a load could return more older values than there are choices for");
      options.add(static_cast<Option>(older | i));
    }
    Option chosen = ask(options);
    if (chosen == cut) take(chosen);
    if ((chosen & older) != 0) back = chosen & ~older;
  }
  std::uint32_t values[2];
  memcpy(values, address, size);
  self().seen = mix(self().seen, weak_memory_.load(current_, word, size / 4, back, order, values));
  std::uint64_t value = size == 8 ? std::uint64_t{values[1]} << 32 | values[0] : values[0];
  if (tracing && back != 0) note("sees an older value of", address, value);
  return value;
}

std::uint64_t Machine::load(const void* at, unsigned size, Order order) {
  before(at, size, false);
  std::uint64_t value =
      size == 8 ? *static_cast<const std::uint64_t*>(at) : *static_cast<const std::uint32_t*>(at);
  if (weak && chooser_ != nullptr) value = load_weakly(at, size, order, false);
  self().seen = mix(self().seen, value);
  if (tracing) note("reads", at, value);
  return value;
}

void Machine::store(void* at, unsigned size, std::uint64_t value, Order order) {
  before(at, size, true);
  write(at, size, value, order, false);
  if (size == 4) note_lock(at, static_cast<std::uint32_t>(value));
  pass(1);
  if (tracing) note("writes", at, value);
}

std::uint64_t Machine::change(void* at, unsigned size, Change how, std::uint64_t value,
                              std::uint64_t expected, Order order) {
  before(at, size, true);
  if (weak && chooser_ != nullptr) load_weakly(at, size, order, true);
  std::uint64_t former =
      size == 8 ? *static_cast<const std::uint64_t*>(at) : *static_cast<const std::uint32_t*>(at);
  self().seen = mix(self().seen, former);
  if (how == Change::bit_or) value |= former;
  bool changes = how != Change::compare || former == expected;
  if (changes) {
    write(at, size, value, order, true);
    if (size == 4) note_lock(at, static_cast<std::uint32_t>(value));
  }
  if (tracing) note(changes ? "changes" : "fails to change", at, changes ? value : former);
  return former;
}

void Machine::copy(void* to, const void* from, std::size_t size) {
  if (is_shared(from))
    return copy_out(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), size);
  if (is_shared(to)) return copy_in(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), size);
  memcpy(to, from, size);
}

// From shared memory, in one step; the library copies out of it what no one else may change.
void Machine::copy_out(std::byte* to, const std::byte* from, std::size_t size) {
  before(from, size, false);
  if (tracing) note("reads", from, size);
  std::vector<std::byte>& read = copied_;
  read.assign(from, from + size);
  for (std::size_t done = 0; weak && chooser_ != nullptr && done < size; done += 4) {
    auto word = static_cast<std::uint32_t>(load_weakly(from + done, 4, Order::relaxed, false));
    memcpy(read.data() + done, &word, std::min<std::size_t>(4, size - done));
  }
  std::uint64_t hash = self().seen;
  for (std::size_t done = 0; done < size; done += 8) {
    std::uint64_t piece = 0;
    memcpy(&piece, read.data() + done, std::min<std::size_t>(8, size - done));
    hash = mix(hash, piece);
  }
  self().seen = hash;
  if (is_shared(to)) {
    copy_in(to, read.data(), size);
  } else {
    memcpy(to, read.data(), size);
  }
}

// Into shared memory, in pieces as of a register; a piece at the end lies within a word that is there
// already.
void Machine::copy_in(std::byte* to, const std::byte* from, std::size_t size) {
  if (tracing) note("writes", to, size);
  for (std::size_t done = 0; done < size; done += 8) {
    std::size_t here = std::min<std::size_t>(8, size - done);
    before(to + done, here, true);
    unsigned whole = here > 4 ? 8 : 4;
    std::uint64_t value = 0;
    memcpy(&value, to + done, whole);
    memcpy(&value, from + done, here);
    write(to + done, whole, value, Order::relaxed, false);
    pass(2);
  }
}

// Its memory is given back: from now on it reads as zeros.
void Machine::clear(void* begin, std::size_t size) {
  std::size_t first = place_of(begin) / page_size, end = first + size / page_size;
  for (std::size_t page = first; page < end; ++page) {
    if (page % 64 == 0 && written_pages_[page / 64] == 0) {
      page += 63;
      continue;
    }
    if ((written_pages_[page / 64] >> page % 64 & 1) == 0) continue;
    auto* words = reinterpret_cast<std::uint32_t*>(memory_ + page * page_size);
    for (std::size_t i = 0; i < page_size / 4; ++i) {
      if (words[i] == 0) continue;
      note_kernels_use(words + i, true);
      write(words + i, 4, 0, Order::relaxed, false);
    }
  }
}

}  // namespace svmq::verify
