// svmq-bench-runner: how many scenarios a second the runner makes, conducts and judges, and where the time
// goes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "campaign.hpp"
#include "console.hpp"
#include "interrupt.hpp"
#include "svmq/generate/generate.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"
#include "target.hpp"

namespace {

using namespace svmq;
using namespace svmq::runner;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// ------------------------------------------------------------------------------------ scenarios to measure
// with

bool ticks(const language::Scenario& scenario) { return print(scenario).find("tick()") != std::string::npos; }

// Random scenarios of exactly so many processes that all targets can conduct. One process: no block.
std::vector<Task> scenarios(int processes, std::size_t count, const std::vector<Target>& targets) {
  generate::Options options;
  options.processes = processes;
  if (processes == 1) options.concurrent_percent = 0;
  std::vector<Task> tasks;
  for (std::uint64_t index = 0; tasks.size() < count; ++index) {
    Task task;
    task.scenario = generate::generate(1, index, options);
    if (task.scenario.actors.size() != static_cast<std::size_t>(processes) || ticks(task.scenario)) continue;
    task.needs = needs(task.scenario);
    if (task.needs.contains("caps")) continue;  // some systems have some of them
    if (std::any_of(targets.begin(), targets.end(),
                    [&](const Target& t) { return !t.lacks(task.needs).empty(); }))
      continue;
    task.text = print(task.scenario);
    task.source = "benchmark";
    tasks.push_back(std::move(task));
  }
  return tasks;
}

// `processes` processes, each with its share of `calls` calls on two queues that change hands; at once, or in
// turn.
std::string workload(int processes, int calls, bool at_once) {
  std::string text = "scenario workload\n";
  for (int p = 0; p < processes; ++p) text += fmt::format("process P{}\n", p);
  text += "P0: q = msgget(IPC_PRIVATE, 0600)\nP0: r = msgget(IPC_PRIVATE, 0600)\n";
  if (at_once) text += "concurrent {\n";
  for (int call = 0; call < calls; ++call) {
    const int p = call % processes, turn = call / processes;
    const char* queue = (turn + p) % 2 == 0 ? "q" : "r";
    if (turn % 2 == 0)
      text += fmt::format("P{}: msgsnd({}, {{{}, \"m{}\"}}, {}, IPC_NOWAIT)\n", p, queue, 1 + call % 3, call,
                          call < 10    ? 2
                          : call < 100 ? 3
                                       : 4);
    else
      text += fmt::format("P{}: msgrcv({}, buf, 10, {}, IPC_NOWAIT)\n", p, queue, call % 3);
  }
  if (at_once) text += "}\n";
  return text + "end\n";
}

// --------------------------------------------------------------------------------------------------
// measuring

class Silent : public Listener {
 public:
  void scenario_finished(const ScenarioResult&) override {}
  void warning(const std::string& text) override { warn(text); }
};

void conducted_and_judged(const std::string& name, const Target& target, const std::vector<Task>& tasks,
                          unsigned jobs, int repetitions) {
  std::vector<double> rates;
  Summary summary;
  for (int i = 0; i < repetitions && !interrupt::requested(); ++i) {
    Plan plan;
    plan.targets = {target};
    plan.files = tasks;
    plan.jobs = jobs;
    plan.time_limit = std::chrono::milliseconds(5000);
    Silent silent;
    const Results results = conduct(plan, silent);
    summary = results.targets.front().summary;
    rates.push_back(static_cast<double>(summary.scenarios) / results.seconds);
  }
  if (rates.empty()) return;
  std::sort(rates.begin(), rates.end());
  say(fmt::format("{:<26} {:<6} {:>9.0f}   (best {:.0f}; of {} conform {}, waived {})\n", name, target.name,
                  rates[rates.size() / 2], rates.back(), summary.scenarios, summary.conform, summary.waived));
}

void generation(std::uint64_t count) {
  const auto begin = Clock::now();
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < count; ++i) bytes += random_task({1, i, {}}).text.size();
  say(fmt::format("{:<33} {:>9.0f}   ({} bytes each)\n", "scenarios generated",
                  static_cast<double>(count) / since(begin), bytes / count));
}

std::string history_of(const Target& target, const std::string& text) {
  Program program = program_in(target, "");
  program.arguments = {program.arguments.front(), "--isolate"};
  return converse(program, text, std::chrono::seconds(20)).output;
}

struct Judged {
  double rate = 0, worst = 0;  // histories a second; seconds
  double parsing = 0;          // its share
  std::size_t unknown = 0;
};

Judged judged(const std::string& histories) {
  Judged result;
  const auto begin = Clock::now();
  const auto parsed = language::parse_histories(histories, "history");
  const double parsing = since(begin);
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
  const auto& list = std::get<std::vector<language::History>>(parsed);
  const model::Profile& profile = *model::find_profile("linux-6.18");
  for (const language::History& history : list) {
    const auto one = Clock::now();
    if (judge::judge(history, profile).verdict == judge::Verdict::unknown) ++result.unknown;
    result.worst = std::max(result.worst, since(one));
  }
  const double all = since(begin);
  result.rate = static_cast<double>(list.size()) / all;
  result.parsing = parsing / all;
  return result;
}

void judging(const std::string& name, const std::string& histories) {
  if (interrupt::requested()) return;
  const Judged j = judged(histories);
  say(fmt::format("{:<33} {:>9.0f}   (parsing {:.0f} %, worst {:.2f} ms, undecided {})\n", name, j.rate,
                  100 * j.parsing, 1000 * j.worst, j.unknown));
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// ------------------------------------------------------------------------------------------------------
// command

struct Options {
  std::size_t scenarios = 2000;
  int repetitions = 3;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
};

int bench(const Options& options) {
  std::vector<Target> targets;
  for (const char* name : {"linux", "impl"}) {
    Target target = find_target(name);
    probe(target);
    if (!target.missing.empty())
      say(fmt::format("without {}: {}\n", name, target.missing));
    else
      targets.push_back(std::move(target));
  }
  if (targets.empty()) return 3;
  const std::vector<Task> sequential = scenarios(1, options.scenarios, targets);
  const std::vector<Task> three = scenarios(3, options.scenarios, targets);
  say(fmt::format("a second, median of {}, {} agents a target\n\n", options.repetitions, options.jobs));
  for (const Target& target : targets) {
    conducted_and_judged("one process, judged", target, sequential, options.jobs, options.repetitions);
    conducted_and_judged("three processes, judged", target, three, options.jobs, options.repetitions);
  }
  generation(options.scenarios);

  std::string texts;
  for (const Task& task : sequential) texts += task.text;
  judging("histories judged, one process", history_of(targets.front(), texts));
  judging("4 processes, 40 calls, in turn",
          history_of(targets.front(), repeated(workload(4, 40, false), 200)));
  judging("4 processes, 40 calls, at once",
          history_of(targets.front(), repeated(workload(4, 40, true), 200)));
  for (const int calls : {20, 80, 320, 1280})
    judging(fmt::format("4 processes, {} calls, in turn", calls),
            history_of(targets.front(), repeated(workload(4, calls, false), 20)));
  for (const int processes : {1, 2, 4, 8, 16})
    judging(fmt::format("{} processes, 48 calls, at once", processes),
            history_of(targets.front(), repeated(workload(processes, 48, true), 50)));
  return interrupt::requested() ? interrupt::exit_status() : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How many scenarios a second the svmq command makes, conducts and judges");
  Options options;
  app.add_option("--scenarios", options.scenarios, "Conduct so many of each kind")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--repetitions", options.repetitions, "Conduct them so often; the median is printed")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--jobs,-j", options.jobs, "Agents of each target that work at a time")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  interrupt::install();
  try {
    return bench(options);
  } catch (const std::exception& error) {
    warn(error.what());
    return 2;
  }
}
