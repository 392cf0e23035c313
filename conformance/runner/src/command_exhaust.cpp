// svmq exhaust: visits every state of a small world, on the model, and on targets.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "commands.hpp"
#include "console.hpp"
#include "exhaustion.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "scopes.hpp"
#include "settings.hpp"
#include "svmq/explore/explorer.hpp"

namespace svmq::runner {
namespace {

namespace explore = model::explore;

struct ExhaustOptions : Settings {
  std::vector<std::string> scopes, profiles;
  std::optional<std::uint64_t> depth;
  std::uint64_t states = 5'000'000, together = 1, length = 200;
  bool model_only = false, asymmetric = false, witnesses = false;
};

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string symmetry(const explore::Scope& scope, const explore::Canon& canon) {
  std::vector<std::string> parts;
  for (const auto& group : canon.alike()) {
    if (group.size() < 2) continue;
    std::vector<std::string> names;
    for (const model::ActorIndex actor : group)
      names.push_back(scope.actors[static_cast<std::size_t>(actor)]);
    parts.push_back(fmt::format("{}", fmt::join(names, " ")));
  }
  if (scope.slots_alike && !canon.numbers_matter()) parts.push_back("queues");
  if (scope.types_alike) parts.push_back("types");
  if (!canon.numbers_matter()) parts.push_back("identifiers");
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

void print_witness(const explore::Stage& stage, const explore::Path& path, const std::string& name,
                   const std::string& title) {
  std::string text = explore::path_text(stage, path, name, title);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos && at + 1 < text.size(); at += 5)
    text.insert(at + 1, "    ");
  say("    " + text);
}

void print_properties(const explore::Exploration& found, const model::Profile& profile) {
  say(fmt::format("  {:<24} {:>14}  {}\n", "property", "checked", "holds"));
  for (const explore::Tally& tally : found.properties) {
    if (tally.checked == 0) continue;
    const bool violated = std::ranges::find(found.violations, tally.name, &explore::Violation::property) !=
                          found.violations.end();
    const auto property = std::ranges::find(explore::properties(), tally.name, &explore::Property::name);
    say(fmt::format("  {:<24} {:>14}  {}\n", tally.name, grouped(tally.checked),
                    !violated                    ? "yes"
                    : property->applies(profile) ? "VIOLATED"
                                                 : "not here"));
  }
}

void print_sometimes(const explore::Exploration& found, const explore::Stage& stage, bool witnesses) {
  say(fmt::format("  {:<24} {:>14}  {}\n", "sometimes", "times", "calls to the first"));
  for (const explore::Hit& hit : found.sometimes) {
    if (hit.count == 0) continue;
    const auto begins = std::ranges::count(hit.witness, explore::Label::begin, &explore::Label::kind);
    say(fmt::format("  {:<24} {:>14}  {}\n", hit.name, grouped(hit.count), begins));
    if (witnesses)
      print_witness(
          stage, hit.witness, fmt::format("{}.{}", stage.scope().name, hit.name),
          std::string(
              std::ranges::find(explore::sometimes(), hit.name, &explore::Sometimes::name)->sentence));
  }
}

// What was found wrong: violations, and what the scope demands and never happened. Returns whether there was
// any.
bool print_findings(const explore::Exploration& found, const explore::Stage& stage,
                    const model::Profile& profile) {
  bool wrong = false;
  for (const explore::Violation& violation : found.violations) {
    const auto property =
        std::ranges::find(explore::properties(), violation.property, &explore::Property::name);
    const bool demanded = property->applies(profile);
    wrong |= demanded;
    say(fmt::format("  {}: {}: {}\n",
                    demanded ? "violated" : "not so under this profile, by its variation points",
                    violation.property, property->sentence));
    print_witness(stage, violation.path,
                  fmt::format("{}.violates.{}", stage.scope().name, violation.property),
                  std::string(property->sentence));
  }
  for (const std::string& name : stage.scope().sometimes) {
    const auto hit = std::ranges::find(found.sometimes, name, &explore::Hit::name);
    const auto demanded = std::ranges::find(explore::sometimes(), name, &explore::Sometimes::name);
    if (hit->count > 0 || found.stopped || !demanded->applies(profile)) continue;
    say(fmt::format("  never: {}, which the scope demands\n", name));
    wrong = true;
  }
  return wrong;
}

struct Totals {
  std::uint64_t states = 0, transitions = 0;
  std::map<std::string_view, std::uint64_t> checked;  // by property, under one profile
  bool wrong = false, cut = false;
};

void exhaust_one(const explore::Scope& scope, const model::Profile& profile, const ExhaustOptions& options,
                 Totals& totals, std::set<std::string>& clauses) {
  const explore::Stage stage(scope, profile);
  explore::Settings settings;
  settings.depth = options.depth ? static_cast<std::size_t>(*options.depth) : scope.depth;
  settings.most_states = options.states;
  settings.symmetric = !options.asymmetric;
  settings.stop = [] { return interrupt::requested(); };
  const auto start = std::chrono::steady_clock::now();
  const explore::Exploration found = explore::explore(stage, settings);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  say(fmt::format("{} on model:{}: {}\n", scope.name, profile.name, scope.title));
  say(fmt::format(
      "  {} states, {} transitions, {} calls deep ({}), {:.1f} s, {} transitions a second\n",
      grouped(found.states), grouped(found.transitions), found.depth,
      found.complete  ? "complete"
      : found.stopped ? "stopped"
                      : "as deep as asked",
      seconds,
      grouped(static_cast<std::uint64_t>(static_cast<double>(found.transitions) / std::max(seconds, 1e-9)))));
  say(fmt::format("  taken for the same: {}\n", options.asymmetric
                                                    ? "identifiers"
                                                    : symmetry(scope, explore::Canon(scope, profile, true))));
  print_properties(found, profile);
  print_sometimes(found, stage, options.witnesses);
  totals.wrong |= print_findings(found, stage, profile);
  totals.cut |= found.stopped;
  totals.states += found.states;
  totals.transitions += found.transitions;
  for (const explore::Tally& tally : found.properties) totals.checked[tally.name] += tally.checked;
  for (const auto& [id, count] : found.clauses) clauses.emplace(id);
}

// A property that had nothing to say of any transition has shown nothing. Returns whether there is one.
bool print_vacuous(const model::Profile& profile, const Totals& totals) {
  bool vacuous = false;
  for (const explore::Property& property : explore::properties()) {
    if (!property.applies(profile) || totals.checked.at(property.name) > 0) continue;
    say(fmt::format("{}: never checked: {}: {}\n", profile.name, property.name, property.sentence));
    vacuous = true;
  }
  return vacuous;
}

// Every state in which nothing moves, and every call in it, on targets.
int exhaust_targets(const ExhaustOptions& options, const std::vector<explore::Scope>& scopes) {
  if (options.profiles.size() > 1)
    throw UsageError("--profile: targets are led through the states of one profile");
  const std::string& name = options.profiles.front();
  Plan plan;
  plan.targets = chosen_targets(options.targets, options.profile);
  const auto supply = std::make_shared<Exhaustion>(plan.targets.size(), options.length);
  for (const explore::Scope& scope : scopes) {
    const explore::Stage stage(scope, profile_named(name));
    const exhaust::Limits limits{options.depth ? static_cast<std::size_t>(*options.depth) : scope.depth,
                                 options.states, options.together, [] { return interrupt::requested(); }};
    exhaust::Graph graph = exhaust::build(stage, limits);
    if (interrupt::requested()) return interrupt::exit_status();
    say(fmt::format("{}: {}\n  {} states in which nothing moves, {} transitions ({})\n", scope.name,
                    scope.title, grouped(graph.nodes()), grouped(graph.transitions.size()),
                    graph.complete  ? "complete"
                    : graph.stopped ? "stopped"
                                    : "as deep as asked"));
    supply->add(scope, std::move(graph));
  }
  plan.supply = supply;
  return carry_out(std::move(plan), options, command_line(), false);
}

int exhaust(const ExhaustOptions& options) {
  remove_earlier(options);
  if (!options.model_only && options.targets.empty())
    throw UsageError("on what? give --target T, or --model-only");
  const std::vector<explore::Scope> scopes = read_scopes(options.scopes);
  if (!options.model_only) return exhaust_targets(options, scopes);
  Totals totals;
  for (const std::string& name : options.profiles) {
    const model::Profile& profile = profile_named(name);
    std::set<std::string> clauses;
    totals.checked.clear();
    for (const explore::Scope& scope : scopes)
      if (!interrupt::requested()) exhaust_one(scope, profile, options, totals, clauses);
    if (interrupt::requested()) return interrupt::exit_status();
    print_unused(profile, clauses, "by this exploration");
    if (options.scopes.empty()) totals.wrong |= print_vacuous(profile, totals);
  }
  const int status = totals.wrong ? nonconform : totals.cut || totals.transitions == 0 ? undecided : conform;
  say(fmt::format("{}: {} states, {} transitions\n",
                  status == conform      ? "conform"
                  : status == nonconform ? "nonconform"
                                         : "undecided",
                  grouped(totals.states), grouped(totals.transitions)));
  return status;
}

constexpr const char* exhaust_explanation = R"(
A scope is a small world: some processes and queues, and every call that they may ever make. Exploration visits each state that it
can get into, at every interleaving, and checks in each transition what must always hold. What must sometimes happen shows
that it was not in vain. conformance/scopes/README.md says how a scope is written, and what is taken for the same state.

On targets, each is led along every transition of the world: from every state in which nothing moves, every call (and
with --together 2 every two calls at the same time), in as few scenarios as can be, each of which goes on where the last call has
led. Where several outcomes are allowed, the target chooses; what was planned behind another one is planned again. It says how many
transitions were executed and how many outcomes were seen. Deviations are shrunk as those of `svmq fuzz`.

A property that is violated is shown with a shortest scenario, as `svmq run FILE` takes it.
Exit status: 0 every property holds, 1 one does not, or what a scope demands never happens, or all the scopes together leave
a property untried; 2 wrong usage or a malformed scope, 3 the budget of states ran out. On targets, as of `svmq run`; 3 also if
not every transition could be executed.

Examples:
  svmq exhaust --target linux --target impl --scope conformance/scopes/two-queues.toml
  svmq exhaust --model-only
  svmq exhaust --model-only --scope conformance/scopes/hand-off.toml --profile posix --witnesses)";

}  // namespace

void add_exhaust(CLI::App& app, int& status) {
  const auto options = std::make_shared<ExhaustOptions>();
  options->profiles = {"linux-6.18"};
  CLI::App* command = app.add_subcommand("exhaust", "Visits every state of a small world");
  command
      ->add_option("--scope", options->scopes,
                   "The world (repeatable); without, every scope that comes with svmq")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_flag("--model-only", options->model_only, "On the model alone");
  options->declare_conducting(*command);
  command->add_option("--profile", options->profiles, "Under this profile (repeatable with --model-only)")
      ->type_name("P")
      ->allow_extra_args(false)
      ->capture_default_str();
  command->add_option("--together", options->together, "On targets: up to so many calls at the same time")
      ->type_name("N")
      ->check(CLI::Range(1, 4))
      ->take_last()
      ->capture_default_str();
  command->add_option("--length", options->length, "On targets: about so many calls a scenario")
      ->type_name("N")
      ->check(CLI::Range(1, 3000))
      ->take_last()
      ->capture_default_str();
  command
      ->add_option("--depth", options->depth, "At most so many calls, whatever the scope says; 0: no bound")
      ->type_name("N")
      ->check(whole_number)
      ->take_last();
  command->add_option("--states", options->states, "At most so many states of each scope")
      ->type_name("N")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
  command->add_flag("--no-symmetry", options->asymmetric, "Tell equal processes, queues and types apart");
  command->add_flag("--witnesses", options->witnesses,
                    "Show the scenario that first led to each thing that happens sometimes");
  command->footer(exhaust_explanation);
  command->callback([options, command, &status] {
    if (command->count("--profile") > 0) options->profile = options->profiles.front();
    status = exhaust(*options);
  });
}

}  // namespace svmq::runner
