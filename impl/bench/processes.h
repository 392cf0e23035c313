// Processes of a measurement: children on chosen cpus that start together, and what of theirs is counted.
#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <new>
#include <vector>

namespace svmq::bench {

inline std::uint64_t nanoseconds(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

inline void busy(std::uint64_t duration) {
  for (std::uint64_t end = nanoseconds() + duration; nanoseconds() < end;) __builtin_ia32_pause();
}

// The cpus that this program may use, at its start.
const std::vector<int>& cpus();
void pin(std::size_t which);  // to one of those, counted round and round

// Which processes run where: all on one cpu, or the two sides of an exchange on two.
enum class Place { one_cpu, two_cpus };
inline void pin_side(Place place, std::size_t side) { pin(place == Place::one_cpu ? 0 : side); }

// Memory that a process shares with its children.
template <class T>
class Shared {
 public:
  Shared() {
    void* memory =
        mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    value_ = new (memory) T();
  }
  ~Shared() { munmap(static_cast<void*>(value_), sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

// All come, then all go.
class Gate {
 public:
  void pass(unsigned count) {
    come_.fetch_add(1);
    while (come_.load() < count) sched_yield();
  }

 private:
  std::atomic<unsigned> come_{0};
};

class Children {
 public:
  ~Children() { kill(); }
  pid_t start(const std::function<void()>& work);
  void wait();  // until all have ended; throws if one failed
  void kill();  // ends all at once
  // How often they have gone to sleep so far, together.
  std::uint64_t sleeps() const;
  // Waits until each has been asleep for a moment.
  void await_asleep() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace svmq::bench
