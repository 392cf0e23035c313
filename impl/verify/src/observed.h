// The library's side of verification: std::atomic and the fences, each access shown to the scheduler.
#pragma once

#include <atomic>
#include <type_traits>

#include "hooks.h"

namespace svmq::verify {

extern Hooks* hooks;  // set before anything else in this copy of the library runs

inline Order order_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed: return Order::relaxed;
    case std::memory_order_acquire:
    case std::memory_order_consume: return Order::acquire;
    case std::memory_order_release: return Order::release;
    default: return Order::both;
  }
}

template <class T>
class Atomic {
 public:
  static constexpr bool is_always_lock_free = std::atomic<T>::is_always_lock_free;

  T load(std::memory_order order) const {
    return static_cast<T>(hooks->load(&value_, sizeof(T), order_of(order)));
  }
  void store(T value, std::memory_order order) {
    hooks->store(&value_, sizeof(T), bits(value), order_of(order));
  }
  T exchange(T value, std::memory_order order) { return change(Change::exchange, value, T{}, order); }
  T fetch_or(T value, std::memory_order order) { return change(Change::bit_or, value, T{}, order); }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order) {
    T former = change(Change::compare, value, expected, order);
    bool same = former == expected;
    expected = former;
    return same;
  }

 private:
  static std::uint64_t bits(T value) {
    if constexpr (sizeof(T) == 4)
      return static_cast<std::uint32_t>(value);
    else
      return static_cast<std::uint64_t>(value);
  }
  T change(Change how, T value, T expected, std::memory_order order) {
    return static_cast<T>(
        hooks->change(&value_, sizeof(T), how, bits(value), bits(expected), order_of(order)));
  }
  T value_;
};

inline void order() { hooks->order(); }
inline void order_stores() {
  hooks->order();
  hooks->fence(Order::release);
}
inline void order_loads() { hooks->fence(Order::acquire); }
inline bool replace(void* at, std::uint64_t expected, std::uint64_t value) {
  return hooks->change(at, sizeof value, Change::compare, value, expected, Order::both) == expected;
}
inline void copy(void* to, const void* from, std::size_t size) { hooks->copy(to, from, size); }
inline void relax() { hooks->relax(); }
inline std::uint32_t cpu() { return hooks->cpu(); }
inline long system_call(long number, long a, long b, long c, long d, long e, long f) {
  const long arguments[] = {a, b, c, d, e, f};
  return hooks->system_call(number, arguments);
}

}  // namespace svmq::verify
