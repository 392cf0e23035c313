// Several processes that exchange messages.
#include <algorithm>

#include "mechanisms.h"
#include "processes.h"
#include "tests.h"

namespace svmq::bench {
namespace {

const char* shown(Place place) { return place == Place::one_cpu ? "one" : "two"; }

struct Crowd {
  std::size_t producers, consumers;
};

// Messages a second through a queue with room for 64, when `total` go through it.
template <class Queue>
double flow(std::size_t size, Place place, Crowd crowd, std::size_t total) {
  struct Common {
    Gate gate;
    std::atomic<std::uint64_t> begin{0}, end{0};
    std::atomic<std::size_t> receiving;
  };
  Shared<Common> common;
  common->receiving = crowd.consumers;
  Queue queue(size, 64);
  auto all = static_cast<unsigned>(crowd.producers + crowd.consumers);
  total -= total % (crowd.producers * crowd.consumers);
  Children children;
  for (std::size_t i = 0; i < crowd.consumers; ++i)
    children.start([&, i] {
      pin_side(place, i + 1);
      Message message;
      common->gate.pass(all);
      for (std::size_t j = 0; j < total / crowd.consumers; ++j)
        if (queue.receive(message, size) < 0) fail("receive");
      if (--common->receiving == 0) common->end = nanoseconds();
    });
  for (std::size_t i = 0; i < crowd.producers; ++i)
    children.start([&, i] {
      pin_side(place, i);
      Message message;
      common->gate.pass(all);
      std::uint64_t nobody = 0;
      common->begin.compare_exchange_strong(nobody, nanoseconds());
      for (std::size_t j = 0; j < total / crowd.producers; ++j)
        if (!queue.send(message, size)) fail("send");
    });
  children.wait();
  return static_cast<double>(total) * 1e9 / static_cast<double>(common->end - common->begin);
}

// As many messages as go through in the time of a measurement.
template <class Queue>
double steady_flow(const Session& session, std::size_t size, Place place, Crowd crowd) {
  double rate = flow<Queue>(size, place, crowd, 2000);
  return flow<Queue>(size, place, crowd,
                     std::max<std::size_t>(2000, static_cast<std::size_t>(rate * session.span())));
}

struct RoundTrips {
  double median, p99;
};

// Each side waits in its receive. `nap`: how long it is busy elsewhere before it answers, so that the other
// is asleep by then; not part of the time.
template <class Queue>
RoundTrips ping_pong(std::size_t size, Place place, std::uint64_t nap, int trips) {
  Shared<Gate> gate;
  Queue there(size, 4), back(size, 4);
  int warm = trips / 5 + 1;
  std::vector<double> times;
  Children children;
  children.start([&] {
    pin_side(place, 1);
    Message message;
    gate->pass(2);
    for (int i = 0; i < trips + warm; ++i) {
      if (there.receive(message, size) < 0) fail("receive");
      if (nap != 0) busy(nap);
      if (!back.send(message, size)) fail("send");
    }
  });
  pin_side(place, 0);
  Message message;
  gate->pass(2);
  for (int i = 0; i < trips + warm; ++i) {
    if (nap != 0) busy(nap);
    std::uint64_t begin = nanoseconds();
    if (!there.send(message, size) || back.receive(message, size) < 0) fail("round trip");
    if (i >= warm) times.push_back(static_cast<double>(nanoseconds() - begin - nap));
  }
  children.wait();
  return {quantile(times, 0.5), quantile(times, 0.99)};
}

}  // namespace

void measure_streaming(Session& session) {
  for (Place place : {Place::two_cpus, Place::one_cpu})
    for (std::size_t size : {1, 64, 1024, 8192})
      for_each_mechanism([&]<class Queue> {
        session.results.add("streaming", Queue::name, {{"cpus", shown(place)}, {"size", size}}, "messages/s",
                            steady_flow<Queue>(session, size, place, {1, 1}));
      });
}

void measure_contention(Session& session) {
  constexpr Crowd crowds[] = {{1, 1}, {2, 1}, {4, 1}, {1, 2}, {1, 4}, {2, 2}, {3, 3}, {4, 4}};
  for (Crowd crowd : crowds)
    for_each_mechanism([&]<class Queue> {
      session.results.add("contention", Queue::name,
                          {{"producers", crowd.producers}, {"consumers", crowd.consumers}, {"size", 64}},
                          "messages/s", steady_flow<Queue>(session, 64, Place::two_cpus, crowd));
    });
}

void measure_ping_pong(Session& session) {
  constexpr std::uint64_t long_enough =
      100'000;  // every bounded spin is over, and the kernel's idle loop entered
  for (std::uint64_t nap : {std::uint64_t{0}, long_enough})
    for (Place place : {Place::two_cpus, Place::one_cpu})
      for (std::size_t size : {64, 1024, 8192})
        for_each_mechanism([&]<class Queue> {
          int trips = session.quick ? 20 : nap == 0 ? 2000 : 300;
          RoundTrips trip = ping_pong<Queue>(size, place, nap, trips);
          Json parameter = {
              {"partner", nap == 0 ? "at work" : "asleep"}, {"cpus", shown(place)}, {"size", size}};
          session.results.add("ping-pong", Queue::name, parameter, "ns", trip.median);
          session.results.add("ping-pong, slowest 1 %", Queue::name, parameter, "ns", trip.p99);
        });
}

}  // namespace svmq::bench
