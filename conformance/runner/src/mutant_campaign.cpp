#include "mutant_campaign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>

#include "child.hpp"
#include "conductor.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "private_folder.hpp"
#include "settings.hpp"
#include "workshop.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

const model::Profile& reference() { return *model::find_profile("linux-6.18"); }

std::chrono::seconds usual_time(Mutant::Kind kind) { return kind == Mutant::specification ? 20s : 300s; }

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

// ------------------------------------------------------------------------------------------ what is tried

// The model as an implementation, departing from itself.
Target departing(const std::shared_ptr<const mutants::Implementation>& implementation) {
  Target target = find_target("model:linux-6.18");
  target.profile = &reference();
  target.executed = &implementation->profile();
  target.behaviour = implementation;
  probe(target);
  return target;
}

// An agent on the libsvmq of this folder.
Target on_library(const std::string& name, const fs::path& folder) {
  Target target = find_target(name);
  target.program.environment["LD_LIBRARY_PATH"] = (folder / "lib").string();
  if (name == "preload")
    target.program.environment["LD_PRELOAD"] = (folder / "lib" / "libsvmq-preload.so").string();
  probe(target);
  return target;
}

// The command behind `command`, with the programs of a build where it says @programs@, this folder where it
// says
// @mutants@.
std::string filled_in(std::string command) {
  const std::pair<std::string, std::string> places[] = {{"@programs@", locations().programs.string()},
                                                        {"@libraries@", locations().libraries.string()},
                                                        {"@mutants@", locations().mutants.string()}};
  for (const auto& [place, value] : places)
    for (std::size_t at = command.find(place); at != std::string::npos;
         at = command.find(place, at + value.size()))
      command.replace(at, place.size(), value);
  return command;
}

// A target in an environment that does not keep its word.
Target in_environment(const Mutant& mutant) {
  Target target = find_target(mutant.target);
  for (const auto& [variable, value] : mutant.variables)
    target.program.environment[variable] = filled_in(value);
  if (!mutant.command.empty()) {
    std::vector<std::string> arguments{"/bin/sh", "-c", filled_in(mutant.command) + " \"$@\"", "sh"};
    arguments.insert(arguments.end(), target.program.arguments.begin(), target.program.arguments.end());
    target.program.arguments = std::move(arguments);
  }
  probe(target);
  return target;
}

std::vector<std::string> words_of(const std::string& command) {
  std::istringstream in(command);
  return {std::istream_iterator<std::string>(in), {}};
}

// The agent cannot even say what it can do: so its user sees the fault.
Trial never_begun(const Target& target) {
  Trial trial;
  trial.killed = true;
  trial.part = "capabilities";
  trial.how = target.missing;
  return trial;
}

void demand(const Target& target) {
  if (!target.missing.empty()) throw UsageError(fmt::format("target {}: {}", target.name, target.missing));
  if (!target.refuses.empty()) throw UsageError(fmt::format("target {}: {}", target.name, target.refuses));
}

// ------------------------------------------------------------------------------------------- the campaign

class Campaign {
 public:
  explicit Campaign(const MutantPlan& plan)
      : plan_(plan),
        folder_(plan.workshop.empty() ? std::make_unique<PrivateFolder>() : nullptr),
        suite_(plan.parts, plan.seed, {}) {}

  MutantResults run(const std::function<void(const MutantResult&)>& finished) {
    const Clock::time_point began = Clock::now();
    MutantResults results;
    try {
      controls(results);
      all(results, finished);
    } catch (const Interrupted&) {
      results.interrupted = true;
    }
    results.seconds = seconds_since(began);
    results.interrupted |= interrupt::requested();
    return results;
  }

 private:
  TrialLimits limits(Mutant::Kind kind) const {
    TrialLimits limits;
    limits.time = plan_.seconds ? std::chrono::seconds(*plan_.seconds) : usual_time(kind);
    if (!plan_.shrink) limits.shrink = 0ms;
    return limits;
  }
  TrialLimits limits_of_control() const {
    TrialLimits limits;
    limits.time = 10min;
    limits.scenarios = plan_.controls;
    limits.shrink = 0ms;
    return limits;
  }

  Workshop& workshop() {
    const std::lock_guard lock(workshop_mutex_);
    if (!workshop_) workshop_ = std::make_unique<Workshop>(place());
    return *workshop_;
  }
  fs::path place() { return plan_.workshop.empty() ? folder_->make() : plan_.workshop; }
  fs::path built(const Mutant& mutant) {
    Workshop& builder = workshop();
    fs::path into;
    {
      const std::lock_guard lock(workshop_mutex_);
      if (!folder_) folder_ = std::make_unique<PrivateFolder>();
      into = folder_->make();
    }
    builder.build(mutant, into);
    return into;
  }

  // Of each thing that is changed by some mutant, as it is.
  void controls(MutantResults& results) {
    std::set<std::string> done;
    for (const Mutant& mutant : plan_.mutants) {
      if (mutant.kind == Mutant::environment && !mutant.equivalent.empty()) continue;
      const std::string subject = mutant.kind == Mutant::specification ? "model:linux-6.18"
                                  : mutant.kind == Mutant::environment ? mutant.target
                                  : !plan_.with.empty()                ? plan_.with
                                  : !mutant.test.empty()               ? mutant.test
                                                                       : "impl";
      if (!done.insert(subject).second) continue;
      results.controls.push_back({subject, control(mutant, subject)});
    }
  }

  Trial control(const Mutant& mutant, const std::string& subject) {
    if (mutant.kind == Mutant::implementation && (!plan_.with.empty() || !mutant.test.empty())) {
      Mutant sound;
      sound.id = "none";
      sound.kind = Mutant::implementation;
      sound.test = mutant.test;
      return plan_.with.empty() ? tested(sound) : tried_with(sound);
    }
    Target target = find_target(subject);
    probe(target);
    demand(target);
    return try_suite(target, chosen_waivers("", {target}), suite_, limits_of_control());
  }

  void all(MutantResults& results, const std::function<void(const MutantResult&)>& finished) {
    std::vector<std::size_t> order(plan_.mutants.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::mt19937_64 random(plan_.seed);
    for (std::size_t left = order.size(); left > 1; --left)
      std::swap(order[left - 1], order[random() % left]);
    std::map<std::size_t, MutantResult> done;
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    const auto work = [&] {
      for (std::size_t i = next++; i < order.size() && !interrupt::requested(); i = next++) {
        try {
          MutantResult result = tried(plan_.mutants[order[i]]);
          const std::lock_guard lock(mutex);
          finished(done[order[i]] = std::move(result));
        } catch (const Interrupted&) {
          return;
        }
      }
    };
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < plan_.jobs; ++i) threads.emplace_back(work);
    }
    for (auto& [index, result] : done) results.mutants.push_back(std::move(result));
  }

  MutantResult tried(const Mutant& mutant) {
    MutantResult result;
    result.mutant = mutant;
    try {
      switch (mutant.kind) {
        case Mutant::specification: specification(result); break;
        case Mutant::implementation: result.trial = implementation(mutant); break;
        case Mutant::environment: result.trial = environment(mutant); break;
      }
    } catch (const std::exception& error) {
      result.trial.trouble = error.what();
    }
    return result;
  }

  void specification(MutantResult& result) {
    const auto departing_model =
        std::make_shared<const mutants::Implementation>(reference(), result.mutant.departure);
    result.trial = try_suite(departing(departing_model), {}, suite_, limits(Mutant::specification));
    result.reached = !result.mutant.departure.point.empty() || departing_model->departed();
  }

  Trial implementation(const Mutant& mutant) {
    if (!plan_.with.empty()) return tried_with(mutant);
    if (!mutant.test.empty()) return tested(mutant);
    const fs::path folder = built(mutant);
    const Target target = on_library("impl", folder);
    if (!target.missing.empty()) return never_begun(target);
    Trial trial = try_suite(target, chosen_waivers("", {target}), suite_, limits(mutant.kind));
    fs::remove_all(folder);
    return trial;
  }

  // With the test of libsvmq that is to find it.
  Trial tested(const Mutant& mutant) {
    const fs::path folder = built(mutant);
    Program program{words_of(mutant.test), {{"LD_LIBRARY_PATH", (folder / "lib").string()}}};
    program.arguments.front() = (folder / "bin" / program.arguments.front()).string();
    return ended(program, mutant.test, limits(mutant.kind).time, folder);
  }

  // With a command of the user, which runs on libsvmq by preloading.
  Trial tried_with(const Mutant& mutant) {
    const fs::path folder = built(mutant);
    Program program{
        {"/bin/sh", "-c", plan_.with},
        {{"LD_PRELOAD", (folder / "lib" / "libsvmq-preload.so").string()}, {"SVMQ_ROOT", folder.string()}}};
    return ended(program, "command", limits(mutant.kind).time, folder);
  }

  static Trial ended(const Program& program, const std::string& name, std::chrono::milliseconds time,
                     const fs::path& folder) {
    Trial trial;
    const Clock::time_point began = Clock::now();
    const Finished done = run_to_end(program, time);
    if (interrupt::requested()) throw Interrupted();
    trial.seconds = seconds_since(began);
    trial.killed = !done.death.empty();
    trial.part = trial.scenario = name;
    trial.how = done.death;
    fs::remove_all(folder);
    return trial;
  }

  Trial environment(const Mutant& mutant) {
    const Target target = in_environment(mutant);
    if (!target.missing.empty()) return never_begun(target);
    demand(target);
    TrialLimits bounds = limits(mutant.kind);
    if (!mutant.equivalent.empty()) bounds.scenarios = plan_.controls;
    return try_suite(target, chosen_waivers("", {target}), suite_, bounds);
  }

  const MutantPlan& plan_;
  std::unique_ptr<PrivateFolder> folder_;
  Suite suite_;
  std::mutex workshop_mutex_;
  std::unique_ptr<Workshop> workshop_;
};

}  // namespace

MutantResults try_mutants(const MutantPlan& plan, const std::function<void(const MutantResult&)>& finished) {
  return Campaign(plan).run(finished);
}

}  // namespace svmq::runner
