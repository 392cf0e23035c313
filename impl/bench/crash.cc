// The death of a process that was sending and receiving.
#include <algorithm>

#include "mechanisms.h"
#include "processes.h"
#include "tests.h"

namespace svmq::bench {
namespace {

// How long the call after it takes: `deaths` times a process is killed at some instant of its calls on a
// queue with `count` messages, and then another sends and receives.
template <class Queue>
std::vector<double> recover(std::size_t count, int deaths) {
  std::vector<double> times;
  for (int i = 0; i < deaths; ++i) {
    Queue queue(8, count + 16);
    Message message;
    for (std::size_t j = 0; j < count; ++j)
      if (!queue.send(message, 8)) fail("send");
    Shared<std::atomic<bool>> started;
    Children children;
    children.start([&] {
      pin(1);
      for (Message moved;; *started = true)
        if (queue.receive(moved, 8) < 0 || !queue.send(moved, 8)) fail("receive or send");
    });
    pin(0);
    while (!*started) sched_yield();
    busy(static_cast<std::uint64_t>(20'000 + i * 137));
    children.kill();
    std::uint64_t begin = nanoseconds();
    if (!queue.send(message, 8) || queue.receive(message, 8) < 0)
      fail("the queue does not go on after a death");
    times.push_back(static_cast<double>(nanoseconds() - begin));
  }
  return times;
}

}  // namespace

void measure_crash(Session& session) {
  for (std::size_t count : {10, 1000, 10000}) {
    if (session.quick && count > 1000) continue;
    for_each_mechanism([&]<class Queue> {
      if constexpr (Queue::survives) {
        if (!Queue::typed && count > 1000) return;  // more than a POSIX queue may hold here
        std::vector<double> times = recover<Queue>(count, session.quick ? 3 : 30);
        session.results.add("crash", Queue::name, {{"messages", count}}, "ns", quantile(times, 0.5));
        session.results.add("crash, the worst", Queue::name, {{"messages", count}}, "ns", quantile(times, 1));
      }
    });
  }
  session.remark("crash: Boost's queue stays locked when a process dies in it, and so is not measured");
}

}  // namespace svmq::bench
