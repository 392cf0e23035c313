// Each target has `jobs` threads, each with an agent of its own. A thread keeps a few scenarios under way at
// its agent and judges one history while the agent conducts the next.
#include "campaign.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "child.hpp"
#include "compare.hpp"
#include "conductor.hpp"
#include "interrupt.hpp"
#include "private_folder.hpp"
#include "shell.hpp"
#include "svmq/shrink/one_line.hpp"
#include "verdict.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;
using judge::Verdict;

constexpr std::size_t under_way = 32;  // scenarios that an agent has before it

// ----------------------------------------------------------------------------------------------------
// collecting

void count(const Run& run, TargetResult& result) {
  Summary& summary = result.summary;
  ++summary.scenarios;
  summary.steps += run.judgement.steps;
  switch (run.judgement.verdict) {
    case Verdict::conform: ++summary.conform; break;
    case Verdict::nonconform: ++(run.waived() ? summary.waived : summary.nonconform); break;
    case Verdict::unknown: ++summary.unknown; break;
    case Verdict::unsupported: ++summary.unsupported, ++result.unsupported[run.judgement.reason]; break;
    case Verdict::not_run: ++summary.not_run; break;
  }
}

// A clause that a deviation offends was not conformed to in this scenario; the others that it exercised were.
void cover(const Run& run, std::map<std::string, Coverage>& coverage) {
  if (run.judgement.verdict != Verdict::conform && run.judgement.verdict != Verdict::nonconform) return;
  std::set<std::string> offended;
  for (const judge::Deviation& deviation : run.judgement.deviations)
    offended.insert(deviation.clauses.begin(), deviation.clauses.end());
  for (const std::string& clause : offended)
    ++(run.waived() ? coverage[clause].waived : coverage[clause].nonconform);
  for (const std::string& clause : run.judgement.clauses) {
    if (!offended.contains(clause)) ++coverage[clause].conform;
  }
}

bool comparable(Verdict verdict) { return verdict == Verdict::conform || verdict == Verdict::nonconform; }

class Collector {
 public:
  Collector(const Plan& plan, Schedule& schedule, Listener& listener)
      : plan_(plan), schedule_(schedule), listener_(listener) {
    results_.random = plan.random;
    if (results_.random) results_.random->count = 0;
    for (const Target& target : plan.targets) {
      results_.targets.push_back({target, {}, {}, {}});
      names_ += names_.empty() ? target.name : "," + target.name;
      options_ += " --target " + shell_word(target.name);
    }
    results_.waivers = plan.waivers;
  }

  // One target is done with a scenario. `history` is kept only until all are.
  void deliver(const Schedule::Item& item, std::size_t target, Run run, language::History history) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    Partial& partial = partial_[item.index];
    partial.done.resize(plan_.targets.size());
    partial.done[target].emplace(std::move(run), std::move(history));
    if (++partial.count < plan_.targets.size()) return;
    finish(item, std::move(partial));
    partial_.erase(item.index);
    schedule_.finished(item.index);
  }

  // An agent ended otherwise than it should: what it said before may be as wrong.
  void ended_badly(std::string text) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    listener_.warning(text);
    results_.bad_ends.push_back(std::move(text));
  }

  // Whatever comes later is ignored.
  Results close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    return std::move(results_);
  }

 private:
  struct Partial {
    std::vector<std::optional<std::pair<Run, language::History>>> done;  // by target
    std::size_t count = 0;
  };

  void finish(const Schedule::Item& item, Partial partial) {
    compare(*item.task, partial);
    if (plan_.supply && item.task->made) tell_supply(*item.task, partial);
    ScenarioResult result{item.task, {}, {}};
    bool conform = true;
    for (std::size_t i = 0; i < partial.done.size(); ++i) {
      Run& run = partial.done[i]->first;
      TargetResult& target = results_.targets[i];
      count(run, target);
      cover(run, target.coverage);
      for (const std::string& id : run.waivers) ++results_.waiver_uses[id];
      if (target.target.agent.empty()) target.target.agent = partial.done[i]->second.agent;
      conform = conform && run.judgement.verdict == Verdict::conform;
      result.runs.push_back(std::move(run));
    }
    if (!conform || !item.task->made) result.reproduce = reproduce(item);
    listener_.scenario_finished(result);
    if (item.task->random() && results_.random) ++*results_.random->count;
    if (!item.task->made || !conform) {
      results_.scenarios.emplace(item.index, std::move(result));
    } else if (plan_.histories) {
      for (const Run& run : result.runs) plan_.histories->add(run.target, run.history);
    }
  }

  void tell_supply(const Task& task, const Partial& partial) {
    std::vector<Supply::Seen> seen;
    for (const auto& done : partial.done) seen.push_back({done->first, done->second});
    plan_.supply->finished(task, seen);
  }

  void compare(const Task& task, const Partial& partial) {
    for (std::size_t i = 0; i < partial.done.size(); ++i) {
      for (std::size_t j = i + 1; j < partial.done.size(); ++j) {
        const bool alike = plan_.targets[i].profile == plan_.targets[j].profile;
        compare(task, *partial.done[i], *partial.done[j], alike);
      }
    }
  }

  // `alike`: both are judged by the same profile.
  void compare(const Task& task, const std::pair<Run, language::History>& left,
               const std::pair<Run, language::History>& right, bool alike) {
    const Verdict a = left.first.judgement.verdict, b = right.first.judgement.verdict;
    if (!comparable(a) || !comparable(b)) return;
    const std::optional<Difference> difference = first_difference(left.second, right.second);
    if (a == Verdict::conform && b == Verdict::conform) {
      if (difference && alike) ++results_.allowed_differences[{left.first.target, right.first.target}];
      return;
    }
    if (a == b && !difference) return;  // both deviate in the same way
    const auto verdict = [](const Run& run) {
      return run.waived() ? "waived" : judge::name(run.judgement.verdict);
    };
    Disagreement disagreement{task.scenario.name,
                              left.first.target,
                              right.first.target,
                              verdict(left.first),
                              verdict(right.first),
                              "",
                              "",
                              ""};
    if (difference) {
      disagreement.step = difference->step;
      disagreement.left_result = difference->left;
      disagreement.right_result = difference->right;
    }
    results_.disagreements.push_back(std::move(disagreement));
  }

  std::string reproduce(const Schedule::Item& item) const {
    if (!item.task->made)
      return fmt::format("svmq run {}{}{}", item.task->reproduce, options_, plan_.judged_by);
    if (!item.task->random())
      return fmt::format("svmq run --reproduce {}{}",
                         shell_word(names_ + ":" + shrink::one_line(item.task->scenario)), plan_.judged_by);
    const Reproduction reproduction{{names_}, *item.task->id, std::nullopt};
    return fmt::format("svmq run --reproduce {}{}", shell_word(print(reproduction)), plan_.judged_by);
  }

  const Plan& plan_;
  Schedule& schedule_;
  Listener& listener_;
  std::string names_, options_;
  std::mutex mutex_;
  std::map<std::size_t, Partial> partial_;
  Results results_;
  bool closed_ = false;
};

// -------------------------------------------------------------------------------------------------------
// working

// Something that happens once, and that poll() can wait for together with an interrupt.
class Event {
 public:
  Event() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~Event() { close(descriptor_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void happen() { eventfd_write(descriptor_, 1); }

  // Waits for it, and at most until an interrupt or for `patience`, if not negative. Has it happened?
  bool wait(int or_interrupt, std::chrono::milliseconds patience) {
    std::array<pollfd, 2> descriptors{pollfd{descriptor_, POLLIN, 0}, pollfd{or_interrupt, POLLIN, 0}};
    while (poll(descriptors.data(), descriptors.size(), static_cast<int>(patience.count())) < 0 &&
           errno == EINTR) {
    }
    return (descriptors[0].revents & POLLIN) != 0;
  }

 private:
  int descriptor_;
};

// All that the threads share. They own it together, for a thread that judges when an interrupt comes is not
// waited for.
struct Shared {
  Shared(const Plan& p, Listener& listener)
      : plan(p),
        schedule(plan.files, plan.random, plan.supply, plan.targets.size()),
        collector(plan, schedule, listener) {
    for (const Target& target : plan.targets) {
      if (target.private_folder && !folder) folder.emplace();
    }
  }

  const Plan plan;
  Schedule schedule;
  Collector collector;
  std::optional<PrivateFolder> folder;

  std::atomic<std::size_t> working = 0;  // threads
  Event all_done;                        // none of them works any more
  std::mutex error_mutex;
  std::exception_ptr error;  // what stopped one of them
};

class Worker {
 public:
  Worker(std::shared_ptr<Shared> shared, std::size_t target) : shared_(std::move(shared)), target_(target) {}

  void work() {
    const Target& target = shared_->plan.targets[target_];
    PrivateFolder* folder = shared_->folder ? &*shared_->folder : nullptr;
    const std::unique_ptr<Conductor> conductor =
        shared_->plan.conductor ? shared_->plan.conductor(target)
                                : make_conductor(target, shared_->plan.time_limit, folder);
    for (;;) {
      fill(*conductor, true);
      if (conductor->pending() == 0) break;
      const auto began = std::chrono::steady_clock::now();
      Conducted conducted = conductor->receive();
      fill(*conductor, false);  // others may wait for the one at hand
      Run run = judged(target, conducted, shared_->plan.waivers);
      run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
      shared_->collector.deliver(items_.front(), target_, std::move(run), std::move(conducted.history));
      items_.pop_front();
    }
    const std::string complaint = conductor->finish();
    if (!complaint.empty()) shared_->collector.ended_badly(fmt::format("{}: {}", target.name, complaint));
  }

 private:
  // Blocks only if nothing is under way, and it may.
  void fill(Conductor& conductor, bool may_block) {
    const Target& target = shared_->plan.targets[target_];
    while (conductor.pending() < under_way) {
      std::optional<Schedule::Item> item =
          shared_->schedule.next(target_, may_block && conductor.pending() == 0);
      if (!item) return;
      if (const std::string lacking = target.lacks(item->task->needs); !lacking.empty()) {
        shared_->collector.deliver(*item, target_, unsupported(target, lacking), {});
        continue;
      }
      conductor.submit(item->task);
      items_.push_back(std::move(*item));
    }
  }

  std::shared_ptr<Shared> shared_;
  std::size_t target_;
  std::deque<Schedule::Item> items_;  // under way, in order
};

void work(const std::shared_ptr<Shared>& shared, std::size_t target) {
  try {
    Worker(shared, target).work();
  } catch (const Interrupted&) {
  } catch (...) {
    const std::lock_guard lock(shared->error_mutex);
    shared->error = std::current_exception();
    shared->schedule.stop();
  }
  if (--shared->working == 0) shared->all_done.happen();
}

// At an interrupt: a thread that judges is not waited for; it ends with the process.
bool cut_short(Shared& shared) {
  shared.schedule.stop();
  Child::kill_all();
  return shared.all_done.wait(-1, 200ms);
}

}  // namespace

Results conduct(const Plan& plan, Listener& listener) {
  const auto began = std::chrono::steady_clock::now();
  const std::time_t started = std::time(nullptr);
  const auto shared = std::make_shared<Shared>(plan, listener);
  std::vector<std::thread> threads;
  const auto agents = [&](const Target& target) {
    return target.agents == 0 ? plan.jobs : std::min(plan.jobs, target.agents);
  };
  for (const Target& target : plan.targets) shared->working += agents(target);
  for (unsigned job = 0; job < plan.jobs; ++job) {
    for (std::size_t target = 0; target < plan.targets.size(); ++target)
      if (job < agents(plan.targets[target])) threads.emplace_back(work, shared, target);
  }
  const bool all_ended = shared->all_done.wait(interrupt::descriptor(), -1ms) || cut_short(*shared);
  for (std::thread& thread : threads) all_ended ? thread.join() : thread.detach();

  Results results = shared->collector.close();
  if (shared->folder) shared->folder->remove();
  {
    const std::lock_guard lock(shared->error_mutex);
    if (shared->error && !interrupt::requested()) std::rethrow_exception(shared->error);
  }
  results.interrupted = interrupt::requested();
  results.started = started;
  results.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (plan.histories) plan.histories->finish();
  results.histories = plan.histories;
  return results;
}

}  // namespace svmq::runner
