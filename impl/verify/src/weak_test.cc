// The litmus tests of memory models on WeakMemory: what loads may return, in all interleavings together.
#include "weak.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace svmq::verify {
namespace {

constexpr Order relaxed = Order::relaxed, acquire = Order::acquire, release = Order::release,
                both = Order::both;
constexpr std::size_t x = 2, y = 4;  // words that are no neighbours

struct Op {
  enum Kind { store, load, fence } kind;
  std::size_t word = 0;
  std::uint32_t value = 0;
  Order order = relaxed;
};
Op write(std::size_t word, std::uint32_t value, Order order) { return {Op::store, word, value, order}; }
Op read(std::size_t word, Order order) { return {Op::load, word, 0, order}; }
Op fence(Order order) { return {Op::fence, 0, 0, order}; }

using Program = std::vector<std::vector<Op>>;   // a list of steps a process
using Values = std::vector<std::uint32_t>;      // what the loads return, process by process
using Path = std::vector<std::pair<int, int>>;  // choices made, out of how many

// One execution along the path, which is made longer by first choices.
Values run(WeakMemory& memory, const Program& program, Path& path) {
  std::size_t depth = 0;
  auto choose = [&](int count) {
    if (depth == path.size()) path.emplace_back(0, count);
    return path[depth++].first;
  };
  std::uint32_t words[8] = {};
  std::vector<std::size_t> at(program.size());
  std::vector<Values> loaded(program.size());
  memory.forget();
  for (;;) {
    std::vector<int> going;
    for (std::size_t i = 0; i < program.size(); ++i)
      if (at[i] < program[i].size()) going.push_back(static_cast<int>(i));
    if (going.empty()) break;
    int process = going[static_cast<std::size_t>(choose(static_cast<int>(going.size())))];
    auto me = static_cast<std::size_t>(process);
    const Op& op = program[me][at[me]++];
    std::uint32_t value = words[op.word];
    if (op.kind == Op::fence) memory.fence(process, op.order);
    if (op.kind == Op::store) {
      memory.store(process, op.word, &value, &op.value, 1, op.order, false);
      words[op.word] = op.value;
    }
    if (op.kind == Op::load) {
      int back = choose(memory.older(process, op.word, 1) + 1);
      memory.load(process, op.word, 1, back, op.order, &value);
      loaded[me].push_back(value);
    }
  }
  Values all;
  for (const Values& values : loaded) all.insert(all.end(), values.begin(), values.end());
  return all;
}

std::set<Values> outcomes(const Program& program) {
  WeakMemory memory(8);
  std::set<Values> found;
  for (Path path;;) {
    found.insert(run(memory, program, path));
    while (!path.empty() && path.back().first + 1 == path.back().second) path.pop_back();
    if (path.empty()) return found;
    ++path.back().first;
  }
}

std::set<Values> message_passing(Order stored, Order loaded) {
  return outcomes({{write(x, 1, relaxed), write(y, 1, stored)}, {read(y, loaded), read(x, relaxed)}});
}
const std::set<Values> in_order = {{0, 0}, {0, 1}, {1, 1}}, in_any_order = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};

TEST(Litmus, MessagePassingNeedsReleaseAndAcquire) {
  EXPECT_EQ(message_passing(release, acquire), in_order);
  EXPECT_EQ(message_passing(both, both), in_order);
  EXPECT_EQ(message_passing(relaxed, relaxed), in_any_order);
  EXPECT_EQ(message_passing(release, relaxed), in_any_order);
  EXPECT_EQ(message_passing(relaxed, acquire), in_any_order);
}

TEST(Litmus, MessagePassingByFences) {
  auto fenced = [](Order first, Order second) {
    return outcomes({{write(x, 1, relaxed), fence(first), write(y, 1, relaxed)},
                     {read(y, relaxed), fence(second), read(x, relaxed)}});
  };
  EXPECT_EQ(fenced(release, acquire), in_order);
  EXPECT_EQ(fenced(acquire, acquire), in_any_order);
  EXPECT_EQ(fenced(release, release), in_any_order);
}

TEST(Litmus, StoreBufferingNeedsFencesOfSequentialConsistency) {
  auto buffering = [](Order order) {
    return outcomes({{write(x, 1, relaxed), fence(order), read(y, relaxed)},
                     {write(y, 1, relaxed), fence(order), read(x, relaxed)}});
  };
  EXPECT_EQ(buffering(both), (std::set<Values>{{0, 1}, {1, 0}, {1, 1}}));
  EXPECT_EQ(buffering(release), in_any_order);
  EXPECT_EQ(buffering(acquire), in_any_order);
}

TEST(Litmus, OneWordIsCoherent) {
  // Two loads of one word never go back, nor behind the process's own store.
  EXPECT_EQ(outcomes({{write(x, 1, relaxed)}, {read(x, relaxed), read(x, relaxed)}}), in_order);
  EXPECT_EQ(outcomes({{write(x, 1, relaxed), read(x, relaxed)}}), (std::set<Values>{{1}}));
  EXPECT_FALSE(outcomes({{write(x, 1, relaxed)}, {write(x, 2, relaxed), read(x, relaxed)}}).contains({0}));
}

// As README says: nothing is loaded before it is stored.
TEST(Litmus, LoadsAreNotDelayed) {
  EXPECT_FALSE(outcomes({{read(x, relaxed), write(y, 1, relaxed)}, {read(y, relaxed), write(x, 1, relaxed)}})
                   .contains({1, 1}));
}

// Two states that go on differently have different hashes, though all values, and what is known, are the
// same.
TEST(Hash, HasWhatAStoreReleases) {
  WeakMemory one(8), other(8);
  std::uint32_t before = 0, value = 1;
  for (WeakMemory* memory : {&one, &other}) memory->store(0, x, &before, &value, 1, relaxed, false);
  one.store(0, y, &before, &value, 1, release, false);
  other.store(0, y, &before, &value, 1, relaxed, false);
  EXPECT_NE(one.hash(), other.hash());
}

TEST(Hash, HasHowOftenAnOlderValueWasSeen) {
  WeakMemory one(8), other(8);
  std::uint32_t before = 0, value = 1, seen = 0;
  for (WeakMemory* memory : {&one, &other}) {
    memory->store(0, x, &before, &value, 1, relaxed, false);
    memory->load(1, x, 1, 1, relaxed, &seen);
  }
  EXPECT_EQ(one.hash(), other.hash());
  one.load(1, x, 1, 1, relaxed, &seen);
  EXPECT_NE(one.hash(), other.hash());
}

TEST(Hash, HasWhatAFenceReleases) {
  WeakMemory one(8), other(8);
  std::uint32_t before = 0, value = 1;
  for (WeakMemory* memory : {&one, &other}) memory->store(0, x, &before, &value, 1, relaxed, false);
  one.fence(0, release);
  EXPECT_NE(one.hash(), other.hash());
}

}  // namespace
}  // namespace svmq::verify
