#include "mutant_trial.hpp"

#include <fmt/format.h>

#include <deque>

#include "conductor.hpp"
#include "findings.hpp"
#include "interrupt.hpp"
#include "svmq/language/print.hpp"
#include "svmq/shrink/shrink.hpp"
#include "verdict.hpp"

namespace svmq::runner {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_ahead = 8;  // scenarios at the agent

// What a run shows of a fault; empty: nothing.
std::string symptom(const Run& run) {
  if (run.judgement.verdict == judge::Verdict::not_run) return run.judgement.reason;
  return kind_of_deviation(run);
}

void note(Trial& trial, const Suite::Item& item, const Run& run) {
  trial.killed = true;
  trial.part = name(item.part);
  trial.scenario = item.task->scenario.name;
  trial.steps = shrink::count_steps(item.task->scenario);
  trial.how = symptom(run);
  if (!run.judgement.deviations.empty() && !run.judgement.deviations.front().clauses.empty())
    trial.clause = run.judgement.deviations.front().clauses.front();
}

void make_small(Trial& trial, const Target& target, const std::vector<Waiver>& waivers,
                const language::Scenario& scenario, const TrialLimits& limits) {
  Replayer replayer(target, waivers, limits.time_limit);
  const std::optional<Finding> finding = shrink_finding(replayer, scenario, trial.how, limits.shrink, "");
  if (!finding) return;
  trial.steps_left = shrink::count_steps(finding->scenario);
  trial.text = print(finding->scenario);
}

class Attempt {
 public:
  Attempt(const Target& target, const std::vector<Waiver>& waivers, Suite& suite, const TrialLimits& limits)
      : target_(target), waivers_(waivers), suite_(suite), limits_(limits) {
    if (target_.private_folder) folder_ = std::make_unique<PrivateFolder>();
    conductor_ = make_conductor(target_, limits_.time_limit, folder_.get());
  }

  // The scenario that killed it.
  std::optional<language::Scenario> run(Trial& trial) {
    const Clock::time_point began = Clock::now();
    std::optional<language::Scenario> killer;
    for (fill(began); !killer && !under_way_.empty(); fill(began)) {
      const Run run = judged(target_, conductor_->receive(), waivers_);
      const Suite::Item item = std::move(under_way_.front());
      under_way_.pop_front();
      ++trial.scenarios;
      if (symptom(run).empty()) continue;
      note(trial, item, run);
      killer = item.task->scenario;
    }
    trial.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    return killer;
  }

 private:
  // Sends on what the target can do, while there is time.
  void fill(Clock::time_point began) {
    while (under_way_.size() < most_ahead && Clock::now() - began < limits_.time &&
           (!limits_.scenarios || submitted_ < *limits_.scenarios)) {
      if (interrupt::requested()) throw Interrupted();
      std::optional<Suite::Item> item = suite_.at(next_++);
      if (!item) return;
      if (!target_.lacks(item->task->needs).empty()) continue;
      conductor_->submit(item->task);
      under_way_.push_back(std::move(*item));
      ++submitted_;
    }
  }

  const Target& target_;
  const std::vector<Waiver>& waivers_;
  Suite& suite_;
  const TrialLimits& limits_;
  std::unique_ptr<PrivateFolder> folder_;
  std::unique_ptr<Conductor> conductor_;
  std::deque<Suite::Item> under_way_;
  std::size_t next_ = 0;
  std::uint64_t submitted_ = 0;
};

}  // namespace

Trial try_suite(const Target& target, const std::vector<Waiver>& waivers, Suite& suite,
                const TrialLimits& limits) {
  Trial trial;
  const std::optional<language::Scenario> killer = Attempt(target, waivers, suite, limits).run(trial);
  if (killer && limits.shrink.count() > 0) make_small(trial, target, waivers, *killer, limits);
  return trial;
}

}  // namespace svmq::runner
