// How fast the model steps, exploration goes and the judge judges; and how that grows with what they work on.
//
//   build/bin/bench_model                             all of it
//   build/bin/bench_model --benchmark_filter=steps    one of them
#include <benchmark/benchmark.h>

#include <fstream>
#include <sstream>

#include "svmq/explore/explorer.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/model/model.hpp"
#include "svmq/scope/scope.hpp"

namespace {

using namespace svmq;

const model::Profile& profile() { return *model::find_profile("linux-6.18"); }

model::Request send(std::int64_t id, const std::string& text) {
  return model::SendRequest{
      .id = id, .memory = {}, .type = 1, .text = model::Bytes(text), .size = text.size(), .flags = 0};
}

// One call, whole: begins, acts, returns.
void call(model::State& state, model::ActorIndex actor,
          const std::shared_ptr<const model::Request>& request) {
  model::begin(profile(), state, actor, request);
  model::Outcomes outcomes = model::steps(profile(), state, actor);
  state = std::move(outcomes.front().next);
  model::finish(state, actor);
}

std::shared_ptr<const model::Request> share(model::Request request) {
  return std::make_shared<const model::Request>(std::move(request));
}

// So many processes and queues, with so many messages in the first.
model::State state_of(std::int64_t processes, std::int64_t queues, std::int64_t messages) {
  model::State state;
  state.spaces.emplace_back();
  state.spaces[0].limits.msgmnb = 1 << 30;
  for (int p = 0; p < processes; ++p) {
    state.processes.emplace_back();
    state.actors.push_back({.process = p});
  }
  for (std::int64_t q = 0; q < queues; ++q) call(state, 0, share(model::GetRequest{0, 0600}));
  for (std::int64_t m = 0; m < messages; ++m) call(state, 0, share(send(0, "text")));
  return state;
}

// A step: one call, msgsnd or msgrcv, from its begin over every outcome that the model allows to its end.
void steps(benchmark::State& bench, std::int64_t processes, std::int64_t queues, std::int64_t messages) {
  model::State state = state_of(processes, queues, messages);
  const auto put = share(send(0, "text"));
  const auto take = share(model::ReceiveRequest{.id = 0, .memory = {}, .size = 4, .type = 0, .flags = 0});
  for (auto _ : bench) {
    call(state, 0, put);
    call(state, 0, take);
  }
  bench.SetItemsProcessed(2 * bench.iterations());
}
void steps_by_messages(benchmark::State& bench) { steps(bench, 2, 1, bench.range(0)); }
void steps_by_processes(benchmark::State& bench) { steps(bench, bench.range(0), 1, 1); }
void steps_by_queues(benchmark::State& bench) { steps(bench, 2, bench.range(0), 1); }
BENCHMARK(steps_by_messages)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK(steps_by_processes)->Arg(1)->Arg(2)->Arg(4)->Arg(8)->Arg(16);
BENCHMARK(steps_by_queues)->Arg(1)->Arg(2)->Arg(4)->Arg(8)->Arg(16);

// Transitions of a world that comes with svmq, with and without the properties. A transition: a call begins,
// or goes on in one of the ways that the model allows; who was answered returns; and the state is looked up.
void explore(benchmark::State& bench, bool check) {
  const std::string file = std::string(SVMQ_SOURCE_DIR) + "/conformance/scopes/hand-off.toml";
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  const model::explore::Scope scope = scope::read(text.str(), file);
  const model::explore::Stage stage(scope, profile());
  model::explore::Settings settings;
  settings.check = check;
  settings.depth = 6;
  std::int64_t transitions = 0;
  for (auto _ : bench)
    transitions += static_cast<std::int64_t>(model::explore::explore(stage, settings).transitions);
  bench.SetItemsProcessed(transitions);
}
void explore_and_check(benchmark::State& bench) { explore(bench, true); }
void explore_only(benchmark::State& bench) { explore(bench, false); }
BENCHMARK(explore_only)->Unit(benchmark::kMillisecond);
BENCHMARK(explore_and_check)->Unit(benchmark::kMillisecond);

// A sequential history of so many calls. Items are calls: a judge that is linear judges as many a second
// whatever the length.
void judge_sequential(benchmark::State& bench) {
  std::string text = "scenario s\nprocess A\nA: q = msgget(IPC_PRIVATE, 0600)\n";
  for (std::int64_t i = 0; i < bench.range(0) / 2; ++i)
    text += "A: msgsnd(q, {1, \"text\"}, 4, 0)\nA: msgrcv(q, buf, 4, 0, 0)\n";
  const auto scenarios =
      std::get<std::vector<language::Scenario>>(language::parse_scenarios(text + "end\n", "bench"));
  const language::History history = judge::execute(scenarios.front(), profile(), 1);
  for (auto _ : bench) {
    const judge::Judgement judgement = judge::judge(history, profile());
    if (judgement.verdict != judge::Verdict::conform) bench.SkipWithError("does not conform");
  }
  bench.SetItemsProcessed(bench.iterations() * bench.range(0));
}
BENCHMARK(judge_sequential)->Arg(64)->Arg(256)->Arg(1024)->Arg(4000)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::AddCustomContext(
      "steps", "items are calls of msgsnd and msgrcv, each from begin over all outcomes to end");
  benchmark::AddCustomContext(
      "explore", "items are transitions, of conformance/scopes/hand-off.toml up to 6 calls deep");
  benchmark::AddCustomContext("judge", "items are calls of a sequential history");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
