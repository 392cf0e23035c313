// msgrcv.select.*: every queue of up to four messages over five types, every selector around them.
#include <algorithm>

#include "world.hpp"

namespace svmq::model {
namespace {

// The standard's sentence, word by word, slowly.
std::optional<std::size_t> wanted(const std::vector<std::int64_t>& types, std::int64_t msgtyp, bool except) {
  if (types.empty()) return std::nullopt;
  if (msgtyp == 0) return 0;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const bool fits = msgtyp < 0 ? (msgtyp == INT64_MIN || types[i] <= -msgtyp)
                      : except   ? types[i] != msgtyp
                                 : types[i] == msgtyp;
    if (fits && (!best || (msgtyp < 0 && types[i] < types[*best]))) best = i;
  }
  return best;
}

// Turns red for a wrong bound in a negative selection, first fitting for lowest, an inverted MSG_EXCEPT.
TEST(Select, AgreesWithTheSentenceOfTheStandard) {
  const std::vector<std::int64_t> kinds{1, 2, 3, 4, INT64_MAX};
  const std::vector<std::int64_t> selectors{0,  1,  2,  3,  5,          INT64_MAX, -1,
                                            -2, -3, -4, -5, -INT64_MAX, INT64_MIN};
  int cases = 0;
  std::vector<std::vector<std::int64_t>> queues{{}};
  for (std::size_t i = 0; i < queues.size() && queues[i].size() < 4; ++i)
    for (const std::int64_t kind : kinds) {
      queues.push_back(queues[i]);
      queues.back().push_back(kind);
    }
  for (const auto& types : queues) {
    World world("linux-6.18");
    const std::int64_t id = world.make(0);
    for (std::size_t i = 0; i < types.size(); ++i) {
      Queue& queue = world.state.change(0);
      queue.messages.push_back({types[i], Bytes(std::string(1, static_cast<char>('a' + i)))});
      ++queue.cbytes;
    }
    for (const std::int64_t selector : selectors)
      for (const std::uint32_t flags : {IPC_NOWAIT_, IPC_NOWAIT_ | MSG_EXCEPT_}) {
        const auto expected = wanted(types, selector, (flags & MSG_EXCEPT_) != 0 && selector > 0);
        const std::string answer = expected ? "1 {" + std::to_string(types[*expected]) + ", " +
                                                  static_cast<char>('a' + *expected) + "}"
                                            : "ENOMSG";
        ASSERT_EQ(world.allowed(0, receive(id, 10, selector, flags)), std::set{answer})
            << "selector " << selector;
        ++cases;
      }
  }
  EXPECT_EQ(cases, 781 * 13 * 2);
}

// Turns red for MSG_COPY counting from 1, or per type.
TEST(Select, CopyTakesAPosition) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0);
  world.call(0, send(id, 3, "x"));
  world.call(0, send(id, 1, "y"));
  const std::uint32_t copy = MSG_COPY_ | IPC_NOWAIT_;
  EXPECT_EQ(world.call(0, receive(id, 10, 0, copy)), "1 {3, x}");
  EXPECT_EQ(world.call(0, receive(id, 10, 1, copy)), "1 {1, y}");
  EXPECT_EQ(world.call(0, receive(id, 10, 2, copy)), "ENOMSG");
  EXPECT_EQ(world.call(0, receive(id, 10, -1, copy)), "ENOMSG");
  EXPECT_EQ(world.queue().messages.size(), 2u);
  EXPECT_EQ(world.call(0, receive(id, 10, 0, MSG_COPY_)), "EINVAL");
  EXPECT_EQ(world.call(0, receive(id, 10, 0, copy | MSG_EXCEPT_)), "EINVAL");
}

}  // namespace
}  // namespace svmq::model
