#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "catalogue.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "explain.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "scopes.hpp"
#include "svmq/explore/conduct.hpp"
#include "svmq/explore/explorer.hpp"
#include "svmq/explore/rules.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"
#include "svmq/scope/scope.hpp"
#include "svmq/scope/show.hpp"

namespace svmq::runner {
namespace {

namespace explore = model::explore;

constexpr std::size_t most_worlds = 64;  // carried from step to step

void each_once(std::vector<std::string>& ids, const model::Clauses& clauses) {
  for (const model::Clause& clause : clauses)
    if (std::ranges::find(ids, clause.id()) == ids.end()) ids.emplace_back(clause.id());
}

// The clauses behind an ending: of the steps, and of what others had been owed.
std::vector<std::string> clauses_of(const explore::Ending& ending) {
  std::vector<std::string> ids;
  each_once(ids, ending.clauses);
  for (const explore::Reply& reply : ending.replies) each_once(ids, reply.why);
  return ids;
}

// A scenario on its way through the model: every world in which it can be.
class Walk {
 public:
  Walk(const language::Scenario& scenario, const model::Profile& profile)
      : scenario_(scenario),
        scope_(scope::bind(scenario)),
        stage_(scope_, profile),
        canon_(scope_, false),
        worlds_{stage_.origin()} {}

  // The clauses that the walk has come across; `silent`: says nothing.
  std::set<std::string> go(bool silent) {
    silent_ = silent;
    int next = 0;
    for (const language::Item& item : scenario_.items) {
      std::vector<int> calls;
      if (std::holds_alternative<language::Step>(item))
        calls = {next++};
      else
        for (std::size_t i = 0; i < std::get<language::Concurrent>(item).steps.size(); ++i)
          calls.push_back(next++);
      take(calls);
    }
    return used_;
  }

 private:
  void take(const std::vector<int>& calls) {
    std::map<std::string, std::vector<std::string>> ways;  // as shown, with the clauses
    std::vector<explore::World> after;
    std::set<explore::Fingerprint> known;
    const model::ActorIndex actor = call(calls[0]).actor;
    bool skipped = true;
    for (const explore::World& world : worlds_) {
      skipped &= !stage_.may_begin(world, actor);
      for (explore::Ending& ending : explore::conduct(stage_, world, calls)) {
        const std::vector<std::string> clauses = clauses_of(ending);
        used_.insert(clauses.begin(), clauses.end());
        if (!silent_) ways.emplace(scope::show(scope_, ending, calls.size() == 1 ? actor : -1), clauses);
        if (known.insert(canon_(ending.world)).second && after.size() < most_worlds)
          after.push_back(std::move(ending.world));
      }
    }
    worlds_ = std::move(after);
    if (!silent_) print(calls, ways, skipped);
  }

  const explore::Call& call(int index) const { return scope_.calls[static_cast<std::size_t>(index)]; }

  void print(const std::vector<int>& calls, const std::map<std::string, std::vector<std::string>>& ways,
             bool skipped) const {
    if (calls.size() > 1) say("concurrent {\n");
    for (const int index : calls) say(fmt::format("{}{}\n", calls.size() > 1 ? "  " : "", call(index).text));
    if (calls.size() > 1) say("}\n");
    if (skipped && calls.size() == 1) {
      say("    skipped: its actor sleeps, is stopped or has ended\n");
      return;
    }
    for (const auto& [shown, clauses] : ways)
      say(fmt::format("    {}  {}{}\n", ways.size() == 1 ? "=" : "|", shown,
                      clauses.empty() ? "" : fmt::format("  [{}]", fmt::join(clauses, " "))));
    for (const std::string& line : scope::show(scope_, worlds_.front())) say(fmt::format("      {}\n", line));
    if (worlds_.size() > 1)
      say(fmt::format("      (one of {}{} states)\n", worlds_.size(),
                      worlds_.size() == most_worlds ? " or more" : ""));
  }

  const language::Scenario& scenario_;
  const explore::Scope scope_;
  const explore::Stage stage_;
  const explore::Canon canon_;
  std::vector<explore::World> worlds_;
  std::set<std::string> used_;
  bool silent_ = false;
};

std::size_t steps(const language::Scenario& scenario) {
  std::size_t count = 0;
  for (const language::Item& item : scenario.items)
    count +=
        std::holds_alternative<language::Step>(item) ? 1 : std::get<language::Concurrent>(item).steps.size();
  return count;
}

std::vector<language::Scenario> parse(const std::string& text, const std::string& file) {
  auto parsed = language::parse_scenarios(text, file);
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
  return std::get<std::vector<language::Scenario>>(std::move(parsed));
}

void explain_one(const language::Scenario& scenario, const model::Profile& profile) {
  say(fmt::format("{} under {}{}{}\n", scenario.name, profile.name, scenario.title.empty() ? "" : ": ",
                  scenario.title));
  Walk(scenario, profile).go(false);
}

// The scenario of the fewest steps, of those that the scopes hold, that uses the clause.
std::optional<language::Scenario> searched(const std::string& id, const model::Profile& profile,
                                           const SearchBudget& budget) {
  std::optional<language::Scenario> best;
  for (explore::Scope& scope : read_scopes({})) {
    scope.overlap = 1;
    const explore::Stage stage(scope, profile);
    explore::Settings settings;
    settings.check = false;
    settings.depth = budget.depth;
    settings.most_states = budget.states;
    settings.stop = [] { return interrupt::requested(); };
    settings.goal = [&](const explore::Transition& t) {
      return std::ranges::any_of(t.clauses, [&](model::Clause clause) { return clause.id() == id; });
    };
    const explore::Exploration found = explore::explore(stage, settings);
    if (interrupt::requested()) return best;
    if (!found.goal) continue;
    language::Scenario scenario =
        parse(explore::path_text(stage, *found.goal, "example", "searched in " + scope.name, {id}),
              scope.name)
            .front();
    if (!best || steps(scenario) < steps(*best)) best = std::move(scenario);
  }
  return best;
}

// The shortest scenario of the corpus about the clause that uses it under this profile.
std::optional<language::Scenario> of_corpus(const std::string& id, const model::Profile& profile) {
  std::optional<language::Scenario> best;
  for (const Task& task : read_scenarios({locations().corpus})) {
    if (std::ranges::find(task.scenario.clauses, id) == task.scenario.clauses.end()) continue;
    if (best && steps(task.scenario) >= steps(*best)) continue;
    if (Walk(task.scenario, profile).go(true).contains(id)) best = task.scenario;
  }
  return best;
}

std::string closest(const std::string& id, const std::map<std::string, ClauseEntry>& catalogue) {
  std::string list;
  for (const auto& [known, entry] : catalogue)
    if (known.find(id) != std::string::npos || known.starts_with(id.substr(0, id.rfind('.'))))
      list += " " + known;
  return list.empty() ? "; model/clauses.toml lists them" : "; similar:" + list;
}

// The profiles under which some scenario of the catalogue's kind can use it: those in which a rule gives it,
// found by search.
void print_clause(const std::string& id, const ClauseEntry& entry) {
  say(fmt::format("{}\n  {}\n", id, entry.statement));
  say(fmt::format("  call        {}\n  level       {}\n", entry.call, entry.level));
  for (const std::string& source : entry.sources) say(fmt::format("  source      {}\n", source));
  if (!entry.observed.empty()) say(fmt::format("  observed    {}\n", entry.observed));
  if (!entry.unobservable.empty()) say(fmt::format("  observed    not: {}\n", entry.unobservable));
  if (!entry.note.empty()) say(fmt::format("  note        {}\n", entry.note));
  const auto rule = std::ranges::find(explore::rules(), std::string_view(id), &explore::Rule::clause);
  if (rule == explore::rules().end() || rule->file.empty())
    say("  rule        none: no function of the model states it\n");
  else
    say(fmt::format("  rule        {}:{}{}\n", rule->file, rule->line,
                    rule->given ? "" : " (mentioned; never given as a reason)"));
}

}  // namespace

int explain_scenarios(const std::string& file, const model::Profile& profile) {
  const std::vector<language::Scenario> scenarios = parse(read_file(file), file);
  if (scenarios.empty()) throw UsageError(fmt::format("{}: no scenario in it", file));
  for (const language::Scenario& scenario : scenarios) explain_one(scenario, profile);
  return conform;
}

int explain_clause(const std::string& id, const model::Profile& profile, const SearchBudget& budget) {
  const std::map<std::string, ClauseEntry> catalogue = read_catalogue(locations().catalogue);
  const auto entry = catalogue.find(id);
  if (entry == catalogue.end())
    throw UsageError(fmt::format("{} is neither a file nor a clause{}", id, closest(id, catalogue)));
  print_clause(id, entry->second);
  const auto rule = std::ranges::find(explore::rules(), std::string_view(id), &explore::Rule::clause);
  std::optional<language::Scenario> example;
  if (rule != explore::rules().end() && rule->given) example = searched(id, profile, budget);
  if (interrupt::requested()) return interrupt::exit_status();
  if (!example) example = of_corpus(id, profile);
  if (!example) {
    say(fmt::format("  example     none found under {}, neither by search nor in the corpus\n",
                    profile.name));
    return undecided;
  }
  say(fmt::format("\n{}\n", language::print(*example)));
  explain_one(*example, profile);
  return conform;
}

}  // namespace svmq::runner
