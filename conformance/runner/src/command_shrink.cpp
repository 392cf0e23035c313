// svmq shrink: makes a scenario that deviates as small as it can be.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "findings.hpp"
#include "interrupt.hpp"
#include "settings.hpp"
#include "svmq/language/print.hpp"
#include "svmq/shrink/shrink.hpp"

namespace svmq::runner {
namespace {

struct ShrinkOptions {
  std::string file, only, reproduce, target, profile, waivers, out;
  std::uint64_t seconds = 60;
  unsigned time_limit = 5000;
  bool emit_c = false;
};

language::Scenario wanted_scenario(const ShrinkOptions& options, std::string& target) {
  if (!options.reproduce.empty()) {
    const Reproduction reproduction = parse_reproduction(options.reproduce);
    if (target.empty()) target = reproduction.targets.front();
    return reproduction.task().scenario;
  }
  if (options.file.empty()) throw UsageError("expected a FILE or --reproduce STRING; see svmq shrink --help");
  std::vector<Task> tasks = read_scenarios({options.file});
  if (!options.only.empty())
    std::erase_if(tasks, [&](const Task& task) { return task.scenario.name != options.only; });
  if (tasks.empty())
    throw UsageError(fmt::format("there is no scenario {} in {}", options.only, options.file));
  if (tasks.size() > 1)
    throw UsageError(
        fmt::format("{} holds {} scenarios: choose one with --only", options.file, tasks.size()));
  return tasks.front().scenario;
}

// The first of a few runs that is a finding.
std::optional<Replayer::Seen> first_failure(Replayer& replayer, const language::Scenario& scenario,
                                            std::uint64_t seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds) / 4;
  for (int i = 0; i < 20 || std::chrono::steady_clock::now() < until; ++i) {
    Replayer::Seen seen = replayer.once(scenario);
    if (!kind_of_deviation(seen.run).empty()) return seen;
    const bool never =
        seen.run.judgement.verdict == judge::Verdict::unsupported || replayer.target().is_model();
    if (never && i > 200) break;
  }
  return std::nullopt;
}

int shrink_one(const ShrinkOptions& options) {
  std::string target = options.target;
  const language::Scenario scenario = wanted_scenario(options, target);
  if (target.empty()) throw UsageError("expected --target T: where does the scenario deviate?");
  std::vector<Target> targets = chosen_targets({target}, options.profile);
  const model::Profile& profile = *targets.front().profile;
  std::vector<Waiver> waivers = chosen_waivers(options.waivers, targets);
  Replayer replayer(std::move(targets.front()), std::move(waivers),
                    std::chrono::milliseconds(options.time_limit));
  try {
    if (const std::string lacking = replayer.target().lacks(needs(scenario)); !lacking.empty()) {
      warn(fmt::format("{} cannot conduct {}: {}", target, scenario.name, lacking));
      return undecided;
    }
    const auto failure = first_failure(replayer, scenario, options.seconds);
    if (!failure) {
      warn(fmt::format("{} does not deviate on {}: there is nothing to shrink", scenario.name, target));
      return conform;
    }
    const auto finding = shrink_finding(replayer, scenario, kind_of_deviation(failure->run),
                                        std::chrono::seconds(options.seconds),
                                        judging_options(options.profile, options.waivers));
    if (!finding) {
      warn(fmt::format("{} deviated on {} once and then never again", scenario.name, target));
      return undecided;
    }
    if (!options.out.empty())
      for (const auto& file : write_finding(*finding, profile, options.out))
        warn(fmt::format("written {}", file.string()));
    if (!options.emit_c) {
      say_finding(*finding);
      return nonconform;
    }
    const CText c = c_text(*finding, profile);
    if (c.program.empty()) throw UsageError(fmt::format("no C program: {}", c.why_not));
    say(c.program);
    return nonconform;
  } catch (const Interrupted&) {
    return interrupt::exit_status();
  }
}

constexpr const char* shrink_explanation = R"(
Takes away processes, then steps, then what is special in arguments, then size, as long as the same call still deviates in the
same way. Of a deviation that shows only now and then, a smaller scenario must show it about half as often.

Exit status: 1 shrunk, 0 it does not deviate, 2 wrong usage, 3 it did not deviate again.

Examples:
  svmq shrink some.scenario --target impl
  svmq shrink --reproduce impl:7:421 --emit-c > x.c; cc x.c -o x; LD_PRELOAD=build/lib/libsvmq-preload.so ./x)";

}  // namespace

void add_shrink(CLI::App& app, int& status) {
  const auto options = std::make_shared<ShrinkOptions>();
  CLI::App* command = app.add_subcommand("shrink", "Makes a scenario that deviates as small as it can be");
  command->add_option("FILE", options->file, "A file of one scenario")->type_name("");
  command->add_option("--only", options->only, "The scenario of this name in FILE")
      ->type_name("NAME")
      ->take_last();
  command->add_option("--reproduce", options->reproduce, "The scenario of a reproduce string")
      ->type_name("STRING")
      ->take_last();
  command->add_option("--target,-t", options->target, "Where it deviates; else the first of the string")
      ->type_name("T")
      ->take_last();
  command->add_option("--profile", options->profile, "Judge by this profile instead of the target's own")
      ->type_name("P")
      ->take_last();
  command->add_option("--waivers", options->waivers, "Deviations that do not count, as of svmq run")
      ->type_name("FILE")
      ->take_last();
  command->add_option("--seconds", options->seconds, "At most so long")
      ->type_name("S")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
  command->add_option("--time-limit", options->time_limit, "How long a call may neither return nor sleep")
      ->type_name("MS")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
  command->add_flag("--emit-c", options->emit_c,
                    "Print a C program that shows the deviation, instead of the scenario");
  command->add_option("--out", options->out, "Write NAME.scenario and NAME.c to this folder")
      ->type_name("DIR")
      ->take_last();
  command->footer(shrink_explanation);
  command->callback([options, &status] { status = shrink_one(*options); });
}

}  // namespace svmq::runner
