// Which values a load may return: besides the latest one, older ones, as far as the declared orders allow it.
// This is C++'s happens-before, with release, acquire, relaxed, release sequences and fences, kept as clocks.
//
// Stronger than C++: a load returns nothing that has not been stored yet, fences of sequential consistency
// are in one order with all that they know, and a process sees the same older value of a word twice at the
// most before it sees a later one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hooks.h"

namespace svmq::verify {

constexpr int most_processes = 5;

class WeakMemory {
 public:
  explicit WeakMemory(std::size_t words);
  void forget();  // an execution begins: what is in memory is known to all

  // One store to `words` neighbours at once; `before` is what the first one held. A read-modify-write carries
  // on what the store before it released.
  void store(int process, std::size_t word, const std::uint32_t* before, const std::uint32_t* values,
             unsigned words, Order order, bool modifies);
  // How many older values a load may return.
  int older(int process, std::size_t word, unsigned words) const;
  // It returns the one before the `back` latest stores. The result says which stores these values are of; 0:
  // of none, they are what is in memory.
  std::uint64_t load(int process, std::size_t word, unsigned words, int back, Order order,
                     std::uint32_t* values);
  void fence(int process, Order order);
  // What is known to who tells it is known to all who are told from then on.
  enum Means { by_return, by_kernel };  // of a call, to later calls; what system calls show
  void tell(int process, Means means) { join(told_[means], known_[static_cast<std::size_t>(process)]); }
  void be_told(int process, Means means) { join(known_[static_cast<std::size_t>(process)], told_[means]); }

  std::uint64_t hash() const;

 private:
  // How many reads and writes of each process are known.
  using Clock = std::array<std::uint32_t, most_processes>;
  struct Write {
    std::uint32_t value;
    int process;  // -1: it was there
    std::uint32_t time, event;
    Clock released;  // what an acquiring reader of it learns
  };
  struct Read {
    int process;
    std::uint32_t time, index;
  };
  struct History {
    std::vector<Write> writes;
    std::vector<Read> reads;  // each later in the list of writes than its process's last
    std::array<std::uint32_t, most_processes> seen{};  // no process goes back behind what it has read
    std::array<std::uint8_t, most_processes> stale{};  // times that it has seen the same older value
  };
  struct Cut {
    std::size_t index[2];  // in the histories of a load's words
  };

  History* history(std::size_t word) { return slots_[word] == 0 ? nullptr : &histories_[slots_[word] - 1]; }
  const History* history(std::size_t word) const {
    return slots_[word] == 0 ? nullptr : &histories_[slots_[word] - 1];
  }
  History& make_history(std::size_t word);
  std::size_t oldest(int process, const History& history) const;
  bool cut(int process, std::size_t word, unsigned words, int back, Cut& found) const;
  static void join(Clock& into, const Clock& from);
  void note_seen(int process, std::size_t word, std::size_t index, std::uint8_t stale);

  std::uint32_t* slots_;  // of each word: its history's number + 1
  std::vector<History> histories_;
  std::vector<std::size_t> touched_;
  std::array<Clock, most_processes> known_{}, acquirable_{}, released_{};
  Clock fenced_{};
  std::array<Clock, 2> told_{};
  std::uint32_t events_ = 0;
  std::uint64_t histories_hash_ = 0;
};

}  // namespace svmq::verify
