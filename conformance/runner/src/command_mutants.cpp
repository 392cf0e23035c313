// svmq mutants: how many of the faults of a catalogue the suite finds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "commands.hpp"
#include "console.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "mutant_campaign.hpp"
#include "mutant_record.hpp"
#include "results.hpp"
#include "settings.hpp"

namespace svmq::runner {
namespace {

struct MutantOptions {
  std::vector<std::string> only, kinds, parts;
  std::string catalogue, json, baseline, workshop, with;
  std::optional<std::uint64_t> seconds, seed;
  std::uint64_t controls = 1000;
  unsigned jobs = 0;
  bool list = false, each_part = false, no_shrink = false;
};

// ------------------------------------------------------------------------------------------------- choice

std::filesystem::path folder_of(const MutantOptions& options) {
  return options.catalogue.empty() ? locations().mutants : std::filesystem::path(options.catalogue);
}

bool asked_for(const Mutant& mutant, const MutantOptions& options) {
  const auto begins = [&](const std::string& word) { return mutant.id.starts_with(word); };
  const bool kind =
      options.kinds.empty() || std::ranges::find(options.kinds, name(mutant.kind)) != options.kinds.end();
  return kind && (options.only.empty() || std::ranges::any_of(options.only, begins));
}

std::vector<Mutant> chosen(const MutantOptions& options) {
  for (const std::string& kind : options.kinds)
    if (kind != "specification" && kind != "implementation" && kind != "environment")
      throw UsageError(
          fmt::format("--kind {}: there are specification, implementation and environment", kind));
  std::vector<Mutant> mutants = read_mutants(folder_of(options));
  for (const std::string& word : options.only)
    if (std::ranges::none_of(mutants, [&](const Mutant& mutant) { return mutant.id.starts_with(word); }))
      throw UsageError(fmt::format("--only {}: no mutant's id begins so; see svmq mutants --list", word));
  std::erase_if(mutants, [&](const Mutant& mutant) { return !asked_for(mutant, options); });
  if (!options.with.empty())
    std::erase_if(mutants, [](const Mutant& m) { return m.kind != Mutant::implementation; });
  if (mutants.empty()) throw UsageError("no mutant is left to be tried");
  return mutants;
}

int list(const std::vector<Mutant>& mutants) {
  for (const Mutant& mutant : mutants)
    say(fmt::format("{:<14} {:<34} {:<26} {}{}\n", name(mutant.kind), mutant.id, mutant.clause,
                    mutant.seen.empty() ? mutant.why : mutant.seen,
                    mutant.equivalent.empty() ? "" : " [equivalent]"));
  return conform;
}

// ---------------------------------------------------------------------------------------------- what is said

const char* verdict(const MutantResult& result) {
  if (!result.trial.trouble.empty()) return "untried";
  if (result.trial.killed) return result.mutant.equivalent.empty() ? "killed" : "KILLED";
  return result.mutant.equivalent.empty() ? "SURVIVED" : "equivalent";
}

std::string line(const MutantResult& result) {
  const Trial& trial = result.trial;
  std::string text = fmt::format("{:<10} {:<34} ", verdict(result), result.mutant.id);
  if (!trial.trouble.empty()) return text + trial.trouble + "\n";
  if (!trial.killed && !result.reached) return text + "what it changes was never reached\n";
  if (!trial.killed) return text + fmt::format("{} scenarios, {:.1f} s\n", trial.scenarios, trial.seconds);
  text += fmt::format("{:<10} {:>6} scenarios {:>7.2f} s ", trial.part, trial.scenarios, trial.seconds);
  if (trial.steps_left > 0) text += fmt::format("{:>2} steps ", trial.steps_left);
  return text + fmt::format(" {}: {}\n", trial.scenario, trial.how);
}

struct Count {
  std::size_t tried = 0, killed = 0, survived = 0, equivalent = 0, denied = 0, untried = 0;
  double seconds = 0;
  std::vector<std::size_t> steps;
};

Count count(const std::vector<MutantResult>& results, Mutant::Kind kind) {
  Count count;
  for (const MutantResult& result : results) {
    if (result.mutant.kind != kind) continue;
    ++count.tried;
    count.seconds += result.trial.seconds;
    if (!result.trial.trouble.empty())
      ++count.untried;
    else if (!result.mutant.equivalent.empty())
      ++(result.trial.killed ? count.denied : count.equivalent);
    else
      ++(result.trial.killed ? count.killed : count.survived);
    if (result.trial.steps_left > 0) count.steps.push_back(result.trial.steps_left);
  }
  std::ranges::sort(count.steps);
  return count;
}

constexpr Mutant::Kind all_kinds[] = {Mutant::specification, Mutant::implementation, Mutant::environment};

void say_summary(const MutantResults& results) {
  say(fmt::format("\n{:<15} {:>7} {:>7} {:>9} {:>11} {:>8} {:>13} {:>11}\n", "kind", "mutants", "killed",
                  "survived", "equivalent", "untried", "median steps", "seconds"));
  for (const Mutant::Kind kind : all_kinds) {
    const Count counted = count(results.mutants, kind);
    if (counted.tried == 0) continue;
    const std::string median =
        counted.steps.empty() ? "-" : std::to_string(counted.steps[counted.steps.size() / 2]);
    say(fmt::format("{:<15} {:>7} {:>7} {:>9} {:>11} {:>8} {:>13} {:>11.1f}\n", name(kind), counted.tried,
                    counted.killed, counted.survived + counted.denied, counted.equivalent, counted.untried,
                    median, counted.seconds));
  }
  for (const Control& control : results.controls) {
    const Trial& trial = control.trial;
    say(fmt::format("control         {}: {}\n", control.name,
                    trial.killed ? fmt::format("FALSE ALARM in {}: {}", trial.scenario, trial.how)
                                 : fmt::format("{} scenarios, no alarm", trial.scenarios)));
  }
  say(fmt::format("{:.1f} s in all\n", results.seconds));
}

// Those that fail the command.
std::vector<const MutantResult*> failures(const MutantResults& results) {
  std::vector<const MutantResult*> failing;
  for (const MutantResult& result : results.mutants)
    if (result.trial.killed != result.mutant.equivalent.empty() || !result.trial.trouble.empty())
      failing.push_back(&result);
  return failing;
}

std::size_t say_regressions(const MutantResults& results, const MutantRecord& before) {
  std::size_t regressions = 0;
  for (const MutantResult& result : results.mutants) {
    const auto last = before.find(result.mutant.id);
    if (result.trial.killed || last == before.end()) continue;
    ++regressions;
    say(fmt::format("regression: {} was killed by svmq {} and survives now\n", result.mutant.id,
                    last->second));
  }
  return regressions;
}

// What the suite makes of the mutants that somebody else's was tried with.
void say_comparison(const MutantResults& results, const MutantRecord& suite) {
  std::size_t by_command = 0, by_suite = 0, able = 0;
  for (const MutantResult& result : results.mutants) {
    if (!result.mutant.equivalent.empty() || !result.trial.trouble.empty()) continue;
    ++able;
    by_command += result.trial.killed ? 1 : 0;
    by_suite += suite.contains(result.mutant.id) ? 1 : 0;
  }
  const auto share = [&](std::size_t count) {
    return fmt::format("{} of {} ({:.0f} %)", count, able,
                       able == 0 ? 0.0 : 100.0 * static_cast<double>(count) / static_cast<double>(able));
  };
  say(fmt::format("the command kills {}, the suite {}\n", share(by_command), share(by_suite)));
}

// ------------------------------------------------------------------------------------------------- the
// command

int status_of(const MutantResults& results, std::size_t regressions, bool with) {
  if (results.interrupted) return interrupt::exit_status();
  const bool alarm =
      std::ranges::any_of(results.controls, [](const Control& control) { return control.trial.killed; });
  if (alarm || regressions > 0) return nonconform;
  auto failing = failures(results);
  // Somebody else's suite does not have to find everything.
  if (with) std::erase_if(failing, [](const MutantResult* result) { return result->trial.trouble.empty(); });
  const bool survived =
      std::ranges::any_of(failing, [](const MutantResult* r) { return r->trial.trouble.empty(); });
  if (survived) return nonconform;
  return failing.empty() && !results.mutants.empty() ? conform : undecided;
}

MutantPlan plan_of(const MutantOptions& options) {
  MutantPlan plan;
  plan.mutants = chosen(options);
  for (const std::string& part : options.parts) plan.parts.insert(part_named(part));
  if (plan.parts.empty()) plan.parts = {std::begin(all_parts), std::end(all_parts)};
  plan.seed = options.seed.value_or(1);
  plan.seconds = options.seconds;
  plan.controls = options.controls;
  plan.jobs = options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  plan.shrink = !options.no_shrink;
  plan.workshop = options.workshop;
  plan.with = options.with;
  return plan;
}

// The one that was named, or of the catalogue.
MutantRecord record_of_before(const MutantOptions& options) {
  if (!options.baseline.empty()) return read_record(options.baseline);
  const std::filesystem::path own = folder_of(options) / "record.json";
  return std::filesystem::exists(own) ? read_record(own) : MutantRecord{};
}

// How many each part finds by itself.
int compare_parts(MutantPlan plan) {
  plan.shrink = false;
  plan.controls = 0;
  std::map<Part, std::map<Mutant::Kind, Count>> counts;
  for (const Part part : all_parts) {
    plan.parts = {part};
    const MutantResults results = try_mutants(plan, [](const MutantResult&) {});
    if (results.interrupted) return interrupt::exit_status();
    for (const Mutant::Kind kind : all_kinds) counts[part][kind] = count(results.mutants, kind);
    say(fmt::format("{:<12}", name(part)));
    for (const Mutant::Kind kind : all_kinds) {
      const Count& counted = counts[part][kind];
      const std::size_t able = counted.killed + counted.survived;
      if (able > 0)
        say(fmt::format("  {} {} of {} ({:.0f} %)", name(kind), counted.killed, able,
                        100.0 * static_cast<double>(counted.killed) / static_cast<double>(able)));
    }
    say(fmt::format("  {:.1f} s\n", results.seconds));
  }
  return conform;
}

int run(const MutantOptions& options) {
  MutantPlan plan = plan_of(options);
  if (options.list) return list(plan.mutants);
  if (!options.json.empty()) check_writable(options.json);
  const MutantRecord before = record_of_before(options);
  if (options.each_part) return compare_parts(std::move(plan));
  const MutantResults results = try_mutants(plan, [](const MutantResult& result) { say(line(result)); });
  say_summary(results);
  const std::size_t regressions = options.with.empty() ? say_regressions(results, before) : 0;
  if (!options.with.empty()) say_comparison(results, before);
  if (!options.json.empty()) write_record(results, plan, before, options.json);
  return status_of(results, regressions, !options.with.empty());
}

constexpr const char* explanation = R"(
Each mutant is an implementation with one fault, from the catalogue in conformance/mutants: the model with one rule
changed (specification), libsvmq with one line changed and built anew (implementation), or a sound implementation in
an environment that does not keep its word (environment). The suite's scenarios are conducted on it, in an order
that --seed decides, until one deviates: then it is killed, and that scenario is made small. Beside them the
sound product is tried, which must raise no alarm.

With --with COMMAND a shell command is run on each of libsvmq's mutants, by the drop-in library, instead of the
scenarios: a mutant is killed if the command fails.

Exit status: 0 every mutant that can be told from the sound product was killed; 1 one survived, one that is called
equivalent was killed, there was a false alarm, or one survives that an earlier version killed (by --baseline, or
the catalogue's record.json); 2 wrong usage; 3 one could not be tried. With --with: 1 if the command fails on the sound
library, else 0, or 3.

Examples:
  svmq mutants                                      all of them: some minutes
  svmq mutants --kind specification                 less than a minute
  svmq mutants --only msgrcv. --part random         those whose id begins so, by random scenarios alone
  svmq mutants --each-part --kind specification     what each part of the suite is worth
  svmq mutants --with 'prove t/' --json with.json   what another test suite finds)";

}  // namespace

void add_mutants(CLI::App& app, int& status) {
  const auto options = std::make_shared<MutantOptions>();
  CLI::App* command = app.add_subcommand("mutants", "Tries the suite on implementations with known faults");
  command->add_flag("--list", options->list, "Only list the catalogue");
  command->add_option("--only", options->only, "Mutants whose id begins so (repeatable)")
      ->type_name("ID")
      ->allow_extra_args(false);
  command
      ->add_option("--kind", options->kinds,
                   "Mutants of this kind (repeatable): specification, implementation or environment")
      ->type_name("KIND")
      ->allow_extra_args(false);
  command
      ->add_option("--part", options->parts,
                   "Only this part of the suite (repeatable): corpus, exhaustive, random or concurrent")
      ->type_name("PART")
      ->allow_extra_args(false);
  command->add_flag("--each-part", options->each_part, "How many each part of the suite finds by itself");
  command
      ->add_option("--with", options->with,
                   "Run this shell command on libsvmq's mutants instead of the suite")
      ->type_name("COMMAND");
  command
      ->add_option("--seconds", options->seconds,
                   "At most so long for finding one mutant (else 20 for one of the model, 300 for others)")
      ->type_name("S")
      ->check(whole_number);
  command->add_option("--seed", options->seed, "Decides order and random scenarios (else 1)")
      ->type_name("N")
      ->check(whole_number);
  command->add_option("--controls", options->controls, "Scenarios that the sound product is tried with")
      ->type_name("N")
      ->check(whole_number)
      ->capture_default_str();
  command->add_flag("--no-shrink", options->no_shrink, "Leave the scenarios that kill as they are");
  command->add_option("--jobs,-j", options->jobs, "Mutants tried at a time; else one for each processor")
      ->type_name("N")
      ->check(whole_number);
  command->add_option("--catalogue", options->catalogue, "Folder of another catalogue")->type_name("DIR");
  command
      ->add_option("--workshop", options->workshop,
                   "Build libsvmq in this folder and leave it there: the next time takes less")
      ->type_name("DIR");
  command->add_option("--json", options->json, "Write what became of each to this file")->type_name("FILE");
  command
      ->add_option("--baseline", options->baseline,
                   "Such a file of before: what was killed then must be killed now")
      ->type_name("FILE");
  command->footer(explanation);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace svmq::runner
