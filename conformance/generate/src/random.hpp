// The generator's own random numbers: the standard library's distributions differ from one library to the
// next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace svmq::generate {

// Whoever draws twice in one expression must not do so in the arguments of one call or on both sides of an
// operator: compilers evaluate those in different orders.
class Random {  // splitmix64
 public:
  Random(std::uint64_t seed, std::uint64_t index) : state_(mixed(seed) ^ mixed(index + golden)) {}

  std::uint64_t next() { return mixed(state_ += golden); }

  // 0 to bound - 1; bound is small, so that the multiplication favours none noticeably.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(((next() >> 32) * bound) >> 32); }
  bool chance(int percent) { return static_cast<int>(below(100)) < percent; }

  template <class T>
  T of(std::initializer_list<T> values) {
    return *(values.begin() + below(values.size()));
  }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[below(values.size())];
  }

  // An index, each as likely as its weight; the sum of the weights is positive.
  std::size_t weighted(const std::vector<int>& weights) {
    std::size_t sum = 0;
    for (int weight : weights) sum += static_cast<std::size_t>(weight);
    std::size_t point = below(sum), index = 0;
    while (point >= static_cast<std::size_t>(weights[index]))
      point -= static_cast<std::size_t>(weights[index++]);
    return index;
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
  static constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace svmq::generate
