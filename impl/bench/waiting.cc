// Many processes that wait on one queue.
#include "mechanisms.h"
#include "processes.h"
#include "tests.h"

namespace svmq::bench {
namespace {

constexpr std::uint64_t until_asleep_again = 60'000;

struct Cost {
  double call, wakeups;
};

// Each of `count` receivers waits for its own type; one message is under way at a time.
template <class Queue>
Cost wake_receivers(std::size_t count, bool in_turn, int messages) {
  Shared<std::atomic<unsigned>> received;
  Queue queue(8, 64);
  Children children;
  for (std::size_t i = 0; i < count; ++i)
    children.start([&, i] {
      pin(1);
      for (Message message;;) {
        if (queue.receive(message, 8, static_cast<long>(i) + 10) < 0) fail("receive");
        ++*received;
      }
    });
  children.await_asleep();
  pin(0);
  Message message;
  std::uint64_t sending = 0, before = children.sleeps();
  for (int i = 0; i < messages; ++i) {
    unsigned seen = *received;
    message.type = 10 + static_cast<long>(in_turn ? static_cast<std::size_t>(i) % count : count - 1);
    std::uint64_t begin = nanoseconds();
    if (!queue.send(message, 8)) fail("send");
    sending += nanoseconds() - begin;
    while (*received == seen) __builtin_ia32_pause();
    busy(until_asleep_again);
  }
  children.await_asleep();
  return {static_cast<double>(sending) / messages,
          static_cast<double>(children.sleeps() - before) / messages};
}

// Each of `count` senders waits for room in a queue for four messages; one process receives.
template <class Queue>
Cost wake_senders(std::size_t count, int messages) {
  Queue queue(64, 4);
  Children children;
  for (std::size_t i = 0; i < count; ++i)
    children.start([&] {
      pin(1);
      for (Message message;;)
        if (!queue.send(message, 64)) fail("send");
    });
  pin(0);
  Message message;
  children.await_asleep();
  std::uint64_t receiving = 0, before = children.sleeps();
  for (int i = 0; i < messages; ++i) {
    std::uint64_t begin = nanoseconds();
    if (queue.receive(message, 64) < 0) fail("receive");
    receiving += nanoseconds() - begin;
    busy(until_asleep_again);
  }
  return {static_cast<double>(receiving) / messages,
          static_cast<double>(children.sleeps() - before) / messages};
}

void add(Session& session, const std::string& test, const char* mechanism, const Json& parameter, Cost cost) {
  session.results.add(test, mechanism, parameter, "ns", cost.call);
  session.results.add(test + ", wake-ups a message", mechanism, parameter, "wake-ups", cost.wakeups);
}

}  // namespace

void measure_waiters(Session& session) {
  int messages = session.quick ? 10 : 400;
  for (std::size_t count : {2, 16, 64, 256})
    for (bool in_turn : {true, false})
      for_each_mechanism([&]<class Queue> {
        if constexpr (Queue::typed) {
          Json parameter = {{"waiters", count}, {"woken", in_turn ? "in turn" : "the last"}};
          add(session, "waiters", Queue::name, parameter, wake_receivers<Queue>(count, in_turn, messages));
        }
      });
}

void measure_blocked_senders(Session& session) {
  int messages = session.quick ? 10 : 400;
  for (std::size_t count : {1, 4, 16, 64, 256})
    for_each_mechanism([&]<class Queue> {
      // Whoever is killed in Boost's queue leaves it locked, but this queue is not used again.
      add(session, "blocked-senders", Queue::name, {{"senders", count}},
          wake_senders<Queue>(count, messages));
    });
}

}  // namespace svmq::bench
