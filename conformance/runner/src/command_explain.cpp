// svmq explain: what a clause, a scenario or a profile means.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.hpp"
#include "explain.hpp"
#include "scenario_source.hpp"
#include "scopes.hpp"
#include "settings.hpp"

namespace svmq::runner {
namespace {

struct ExplainOptions {
  std::vector<std::string> subjects;
  std::string profile;
  std::vector<std::string> diff;
  bool envelope = false;
  SearchBudget budget;
};

int explain(const ExplainOptions& options) {
  const int questions =
      !options.diff.empty() + options.envelope + (!options.subjects.empty() && !options.envelope);
  if (questions > 1)
    throw UsageError("one question at a time: a CLAUSE or SCENARIO, --profile, --diff or --envelope");
  if (!options.diff.empty())
    return explain_difference(profile_named(options.diff[0]), profile_named(options.diff[1]), options.budget);
  if (options.envelope) {
    std::vector<std::string> names = options.subjects;
    if (names.empty())
      for (const std::string_view name : model::profile_names())
        if (name != "posix") names.emplace_back(name);
    return explain_envelope(names, options.budget);
  }
  const model::Profile& profile = profile_named(options.profile.empty() ? "linux-6.18" : options.profile);
  if (options.subjects.empty()) {
    if (options.profile.empty())
      throw UsageError("nothing to explain: give a CLAUSE, a SCENARIO file, --profile, --diff or --envelope");
    return explain_profile(profile);
  }
  int status = conform;
  for (const std::string& subject : options.subjects) {
    const bool file =
        subject == "-" || subject.ends_with(".scenario") || std::filesystem::is_regular_file(subject);
    status = std::max(status, file ? explain_scenarios(subject, profile)
                                   : explain_clause(subject, profile, options.budget));
  }
  return status;
}

constexpr const char* explain_explanation = R"(
CLAUSE      its statement, level and sources, the profiles in which it holds, where the model states it, a smallest scenario in
            which it decides, and how that would end where the clause does not hold
SCENARIO    a file: each step with every outcome that is allowed, the clauses behind it, and the state that it leaves
--profile   alone: the profile's value of each variation point, and what that is known from
--diff      for each point in which two profiles differ, the clauses that it is about, a shortest scenario that tells the two apart
            because of it, and what each allows; in what they have differed before, if they have; where none does, one that tells
            a profile from itself with that point changed, and why it does not tell the two
--envelope  each point (or points that have to come together) by which a profile, every one or those named, leaves what
            posix allows: the clauses that it is about, and a shortest scenario; at the end, who leaves it by what

Scenarios are searched breadth first in the small worlds of conformance/scopes; --depth and --states bound the search. Every one that
is shown can be given to svmq run.

Exit status: 0 explained, 2 wrong usage, 3 no example was found.

Examples:
  svmq explain msgrcv.select.negative
  svmq explain conformance/corpus/msgrcv/msgrcv.select.negative.scenario --profile posix
  svmq explain --diff linux-6.18 posix)";

}  // namespace

void add_explain(CLI::App& app, int& status) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* command = app.add_subcommand("explain", "Explains clauses, scenarios and profiles by example");
  command->add_option("SUBJECT", options->subjects,
                      "Clauses, or files of scenarios; with --envelope, profiles");
  command->add_option("--profile", options->profile, "Of what to speak (linux-6.18 where none is named)")
      ->type_name("P")
      ->take_last();
  command->add_option("--diff", options->diff, "What tells profile B from profile A")
      ->type_name("A B")
      ->expected(2);
  command->add_flag("--envelope", options->envelope, "Where profiles leave posix");
  command->add_option("--depth", options->budget.depth, "Search scenarios of at most so many calls")
      ->type_name("N")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
  command->add_option("--states", options->budget.states, "Search at most so many states of each scope")
      ->type_name("N")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
  command->footer(explain_explanation);
  command->callback([options, &status] { status = explain(*options); });
}

}  // namespace svmq::runner
