// Tests of one process, timed by Google Benchmark; by the processor's time, since they never sleep.
#include <benchmark/benchmark.h>

#include <functional>
#include <random>

#include "mechanisms.h"
#include "processes.h"
#include "tests.h"

namespace svmq::bench {
namespace {

struct Case {
  std::string test, mechanism;
  Json parameter;
  std::function<void(benchmark::State&)> body;
};

// Takes the time of a run to the row of its case.
class Reporter : public benchmark::BenchmarkReporter {
 public:
  Reporter(Session& session, const std::vector<Case>& cases) : session_(session), cases_(cases) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) throw std::runtime_error(run.benchmark_name() + ": " + run.error_message);
      const Case& of = cases_[std::stoul(run.run_name.function_name)];
      session_.results.add(of.test, of.mechanism, of.parameter, "ns", run.GetAdjustedCPUTime());
    }
  }

 private:
  Session& session_;
  const std::vector<Case>& cases_;
};

void time_each(Session& session, const std::vector<Case>& cases) {
  static const bool once = [&] {
    std::string program = "svmq-bench", span = "--benchmark_min_time=" + std::to_string(session.span());
    char* arguments[] = {program.data(), span.data(), nullptr};
    int count = 2;
    benchmark::Initialize(&count, arguments);
    return true;
  }();
  static_cast<void>(once);
  pin(0);
  benchmark::ClearRegisteredBenchmarks();
  for (std::size_t i = 0; i < cases.size(); ++i)
    benchmark::RegisterBenchmark(std::to_string(i).c_str(), cases[i].body);
  Reporter reporter(session, cases);
  benchmark::RunSpecifiedBenchmarks(&reporter);
}

void need(benchmark::State& state, bool good) {
  if (!good) state.SkipWithError(std::strerror(errno));
}

template <class Queue>
void pair(benchmark::State& state, std::size_t size) {
  Queue queue(size, 64);
  Message message;
  for (auto _ : state) need(state, queue.send(message, size) && queue.receive(message, size) >= 0);
}

// A queue of N messages of N types, and one way to receive from it; what was received is sent again.
enum class Choose { oldest, last_type, random_type, lowest, absent, all_but };
constexpr std::pair<Choose, const char*> ways[] = {
    {Choose::oldest, "msgtyp 0"},         {Choose::last_type, "type of the last"},
    {Choose::random_type, "random type"}, {Choose::lowest, "negative"},
    {Choose::absent, "absent type"},      {Choose::all_but, "MSG_EXCEPT, the last fits"}};
constexpr std::size_t text = 8;

template <class Queue>
void depth(benchmark::State& state, Choose way, long count) {
  Queue queue(text, static_cast<std::size_t>(count) + 16);
  Message message;
  for (long i = 0; i < count; ++i) {
    // 1 is nobody's type: the kernel's search for a low type would end at it.
    message.type = way != Choose::all_but ? i + 2 : i + 1 < count ? 5 : 7;
    need(state, queue.send(message, text));
  }
  std::minstd_rand random;
  for (auto _ : state) {
    long type = 0;
    int flags = 0;
    switch (way) {
      case Choose::oldest: break;
      case Choose::last_type: type = count + 1; break;
      case Choose::random_type: type = 2 + static_cast<long>(random()) % count; break;
      case Choose::lowest: type = -count - 5; break;
      case Choose::absent: type = count + 100, flags = IPC_NOWAIT; break;
      case Choose::all_but: type = 5, flags = MSG_EXCEPT; break;
    }
    ssize_t length = queue.receive(message, text, type, flags);
    need(state, way == Choose::absent ? length < 0 : length >= 0 && queue.send(message, text));
  }
}

template <class Queue>
void efault(benchmark::State& state) {
  Queue queue(64, 4);
  const void* bad = reinterpret_cast<const void*>(8);
  for (auto _ : state) need(state, queue.send_from(bad, 64) == -1 && errno == EFAULT);
}

}  // namespace

void measure_pair(Session& session) {
  std::vector<Case> cases;
  for (std::size_t size : {1, 64, 1024, 8192})
    for_each_mechanism([&]<class Queue> {
      cases.push_back(
          {"pair", Queue::name, {{"size", size}}, [=](auto& state) { pair<Queue>(state, size); }});
    });
  time_each(session, cases);
}

void measure_depth(Session& session) {
  std::vector<Case> cases;
  for (auto [way, name] : ways)
    for (long count : {1, 10, 100, 1000, 10000}) {
      if (session.quick && count > 10) continue;
      for_each_mechanism([&, way = way, name = name]<class Queue> {
        if constexpr (Queue::typed)
          cases.push_back({"depth", Queue::name, {{"choose", name}, {"messages", count}}, [=](auto& state) {
                             depth<Queue>(state, way, count);
                           }});
      });
    }
  time_each(session, cases);
}

void measure_efault(Session& session) {
  time_each(session, {{"efault", Kernel::name, Json::object(), efault<Kernel>},
                      {"efault", Library::name, Json::object(), efault<Library>}});
}

}  // namespace svmq::bench
