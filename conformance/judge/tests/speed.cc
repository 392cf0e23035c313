// How fast the judge is, in CPU time: build/bin/judge_speed. Histories are the model's own, so that all of
// them conform.
//
// The exit status is 1 if one is judged otherwise, if more than 1 in 1,000 are unknown, or if one takes
// longer than 100 ms.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>

#include "svmq/generate/generate.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/judge/judge.hpp"

namespace {

using namespace svmq;

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

bool measure(const char* what, const std::vector<language::History>& histories,
             const model::Profile& profile) {
  std::size_t unknown = 0, wrong = 0, steps = 0;
  std::uint64_t states = 0, most_states = 0;
  double longest = 0;
  const double began = seconds();
  for (const language::History& history : histories) {
    const double start = seconds();
    const judge::Judgement judgement = judge::judge(history, profile);
    longest = std::max(longest, seconds() - start);
    steps += judgement.steps;
    states += judgement.states;
    most_states = std::max(most_states, judgement.states);
    unknown += judgement.verdict == judge::Verdict::unknown;
    wrong += judgement.verdict != judge::Verdict::unknown && judgement.verdict != judge::Verdict::conform;
  }
  const double taken = seconds() - began;
  fmt::print(
      "{:<10} {:>7.0f} histories/s ({} of {:.1f} steps; {:.0f} states each, {} at most); longest {:.1f} ms; "
      "{} unknown, {} wrong\n",
      what, static_cast<double>(histories.size()) / taken, histories.size(),
      static_cast<double>(steps) / static_cast<double>(histories.size()),
      static_cast<double>(states) / static_cast<double>(histories.size()), most_states, longest * 1e3,
      unknown, wrong);
  return wrong == 0 && unknown * 1000 <= histories.size() && longest < 0.1;
}

std::vector<language::History> made(std::size_t count, const generate::Options& options,
                                    const model::Profile& profile) {
  std::vector<language::History> histories;
  for (std::uint64_t index = 0; histories.size() < count; ++index)
    histories.push_back(judge::execute(generate::generate(1, index, options), profile, index));
  return histories;
}

// Four processes, ten calls each, all at once.
language::Scenario forty_calls(std::uint64_t seed) {
  std::uint64_t x = seed;
  const auto below = [&](std::uint64_t bound) {
    return (x = x * 6364136223846793005u + 1442695040888963407u, x >> 33) % bound;
  };
  language::Scenario scenario{"forty", 1, "", {}, {}, {}, {}};
  for (const char* name : {"A", "B", "C", "D"}) scenario.actors.push_back({name, "", {}, {}});
  scenario.items.emplace_back(language::Step{"A", "q", language::Msgget{{}, 0600}, {}});
  language::Concurrent block;
  for (int i = 0; i < 40; ++i) {
    const std::string actor(1, static_cast<char>('A' + i % 4));
    const language::IdExpr q{"q", 0};
    if (below(2) == 0) {
      const language::Message message{static_cast<std::int64_t>(1 + below(3)),
                                      language::Text::of(std::string(1, static_cast<char>('a' + i % 26))),
                                      false};
      block.steps.push_back({actor, "", language::Msgsnd{q, message, 1, 0}, {}});
    } else {
      const auto type = static_cast<std::int64_t>(below(3));
      block.steps.push_back(
          {actor, "", language::Msgrcv{q, language::Buffer{}, 9, type, language::flag::ipc_nowait}, {}});
    }
  }
  scenario.items.emplace_back(std::move(block));
  return scenario;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How fast the judge is");
  std::size_t count = 2000;
  std::string profile_name = "linux-6.18";
  app.add_option("--histories", count, "Of each sort")->capture_default_str();
  app.add_option("--profile", profile_name, "Of the model")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const model::Profile& profile = *model::find_profile(profile_name);
  generate::Options sequential, mixed, races;
  sequential.concurrent_percent = 0;
  races.races = true;
  std::vector<language::History> forty;
  for (std::size_t i = 0; i < count; ++i) forty.push_back(judge::execute(forty_calls(i), profile, i));
  bool good = measure("sequential", made(count, sequential, profile), profile);
  good = measure("usual", made(count, mixed, profile), profile) && good;
  good = measure("races", made(count, races, profile), profile) && good;
  good = measure("4 x 10", forty, profile) && good;
  return good ? 0 : 1;
}
