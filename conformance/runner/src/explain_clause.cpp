#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "catalogue.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "explain.hpp"
#include "explain_compare.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "scopes.hpp"
#include "svmq/explore/compare.hpp"
#include "svmq/explore/explorer.hpp"
#include "svmq/explore/rules.hpp"
#include "svmq/language/print.hpp"
#include "svmq/scope/show.hpp"

namespace svmq::runner {
namespace {

namespace explore = model::explore;

std::size_t steps(const language::Scenario& scenario) {
  std::size_t count = 0;
  for (const language::Item& item : scenario.items)
    count +=
        std::holds_alternative<language::Step>(item) ? 1 : std::get<language::Concurrent>(item).steps.size();
  return count;
}

// A scenario that shows the clause, and what would be otherwise without it, if that is known.
struct Example {
  language::Scenario scenario;
  std::vector<std::string>
      otherwise;  // one for each value of a variation point without which it would end otherwise
};

bool better(const language::Scenario& scenario, const std::optional<Example>& than) {
  return !than || steps(scenario) < steps(than->scenario);
}

bool credits(const model::Clauses& clauses, const std::string& id) {
  return std::any_of(clauses.begin(), clauses.end(), [&](model::Clause clause) { return clause.id() == id; });
}

bool credits(const explore::Ending& ending, const std::string& id) {
  return credits(ending.clauses, id) || std::ranges::any_of(ending.replies, [&](const explore::Reply& reply) {
           return credits(reply.why, id);
         });
}

// What the profile would be with a point as the clause does not have it.
struct Without {
  model::Profile profile;
  std::string variation;
};

std::vector<Without> without(const std::string& id, const model::Profile& profile) {
  std::vector<Without> others;
  for (const model::ClauseCondition& condition : model::clause_conditions) {
    if (model::clause_ids[condition.clause] != id) continue;
    const std::string_view name = condition.where.substr(0, condition.where.find('='));
    for (const model::VariationPoint& point : model::variation_points())
      for (std::size_t value = 0; point.name == name && value < point.values.size(); ++value) {
        Without other{profile, fmt::format("{}={}", name, point.values[value])};
        point.set(other.profile, value);
        if (!model::holds(other.profile, model::Clause::at(condition.clause)))
          others.push_back(std::move(other));
      }
  }
  return others;
}

// How the calls would end where the clause does not hold: a line for each such profile that makes a
// difference.
std::vector<std::string> otherwise(const explore::Scope& scope, const std::vector<int>& calls,
                                   const model::Profile& profile, const std::vector<Without>& others) {
  std::vector<std::string> lines;
  explore::CompareSettings settings;
  settings.only = calls;
  const model::ActorIndex last = scope.calls[static_cast<std::size_t>(calls.back())].actor;
  const explore::Stage stage(scope, profile);
  for (const Without& other : others)
    (void)explore::compare(stage, explore::Stage(scope, other.profile), settings,
                           [&](const explore::Difference& difference) {
                             if (difference.calls.size() < calls.size()) return false;
                             std::set<std::string> allowed;
                             for (const explore::Ending& ending : difference.allowed)
                               allowed.insert(scope::show(scope, ending, last));
                             lines.push_back(fmt::format("with {} the last step would end so: {}",
                                                         other.variation, fmt::join(allowed, "; or so: ")));
                             return false;
                           });
  return lines;
}

// The smallest scenario whose last answer is owed to the clause, and is not allowed where the clause does not
// hold.
void by_contrast(const explore::Scope& scope, const std::string& id, const model::Profile& profile,
                 const std::vector<Without>& others, const SearchBudget& budget,
                 std::optional<Example>& best) {
  const explore::Stage stage(scope, profile);
  for (const Without& other : others)
    (void)explore::compare(
        stage, explore::Stage(scope, other.profile), compare_settings(budget, explore::Open::differs),
        [&](const explore::Difference& difference) {
          if (!credits(difference.seen, id)) return true;
          language::Scenario scenario =
              parse_all(explore::calls_text(scope, difference.calls, "example", "searched in " + scope.name),
                        scope.name)
                  .front();
          scenario.clauses = {id};
          if (better(scenario, best))
            best = {std::move(scenario), otherwise(scope, difference.calls, profile, others)};
          return false;
        });
}

// A clause about a choice among messages, or among waiters.
bool is_choice(const std::string& id) {
  return id == "wait.rcv.order" || id == "wait.rcv.one" ||
         (id.starts_with("msgrcv.select.") && !id.ends_with(".none"));
}

// Could a rule other than this have chosen another message, or another waiter?
bool decides(const explore::Transition& t, const std::string& id) {
  if (id == "wait.rcv.order" || id == "wait.rcv.one")
    return t.sent() && t.was(t.sent_to()).receivers.size() > 1;
  if (!is_choice(id)) return true;
  return std::ranges::any_of(t.changed(), [&](model::QueueIndex q) {
    const auto &was = t.was(q).messages, &is = t.is(q).messages;
    if (was.size() < 2 || is.size() + 1 != was.size()) return false;
    const bool passes_head = t.answer() && t.answer()->message.type != was.front().type;
    const bool head_is_due = id == "msgrcv.select.zero" || id.starts_with("msgrcv.select.except.ignored");
    return head_is_due ? was[0].type != was[1].type : passes_head;
  });
}

void by_use(explore::Scope scope, const std::string& id, const model::Profile& profile,
            const std::vector<Without>& others, const SearchBudget& budget, std::optional<Example>& best) {
  scope.overlap = 1;
  const explore::Stage stage(scope, profile);
  explore::Settings settings;
  settings.check = false;
  settings.depth = budget.depth;
  settings.most_states = budget.states;
  settings.stop = [] { return interrupt::requested(); };
  settings.goal = [&](const explore::Transition& t) { return credits(t.clauses, id) && decides(t, id); };
  const explore::Exploration found = explore::explore(stage, settings);
  if (!found.goal) return;
  language::Scenario scenario =
      parse_all(explore::path_text(stage, *found.goal, "example", "searched in " + scope.name, {id}),
                scope.name)
          .front();
  if (!better(scenario, best)) return;
  std::vector<int> calls;
  for (const explore::Label label : *found.goal)
    if (label.kind == explore::Label::begin) calls.push_back(label.which);
  best = {std::move(scenario), otherwise(scope, calls, profile, others)};
}

// The scenario of the fewest steps, of those that the scopes hold, in which the clause decides.
std::optional<Example> searched(const std::string& id, const model::Profile& profile,
                                const SearchBudget& budget) {
  const std::vector<explore::Scope> scopes = read_scopes({});
  const std::vector<Without> others = without(id, profile);
  std::optional<Example> best;
  for (const explore::Scope& scope : scopes)
    if (!interrupt::requested() && !is_choice(id)) by_contrast(scope, id, profile, others, budget, best);
  if (best) return best;
  for (const explore::Scope& scope : scopes)
    if (!interrupt::requested()) by_use(scope, id, profile, others, budget, best);
  return best;
}

// The shortest scenario of the corpus about the clause that uses it under this profile.
std::optional<language::Scenario> of_corpus(const std::string& id, const model::Profile& profile) {
  std::optional<language::Scenario> best;
  for (const Task& task : read_scenarios({locations().corpus})) {
    if (std::ranges::find(task.scenario.clauses, id) == task.scenario.clauses.end()) continue;
    if (best && steps(task.scenario) >= steps(*best)) continue;
    if (clauses_on_the_way(task.scenario, profile).contains(id)) best = task.scenario;
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

// The conditions of the clause that the profile does not meet.
std::vector<std::string_view> unmet(const std::string& id, const model::Profile& profile) {
  std::vector<std::string_view> conditions;
  for (const model::ClauseCondition& condition : model::clause_conditions) {
    if (model::clause_ids[condition.clause] != id) continue;
    for (const model::VariationPoint& point : model::variation_points()) {
      const std::string values = fmt::format("|{}|", condition.where.substr(condition.where.find('=') + 1));
      if (point.name == condition.where.substr(0, condition.where.find('=')) &&
          values.find(fmt::format("|{}|", point.values[point.value(profile)])) == std::string::npos)
        conditions.push_back(condition.where);
    }
  }
  return conditions;
}

std::string profiles_where_it_holds(const std::string& id) {
  const auto number = std::ranges::find(model::clause_ids, id) - std::begin(model::clause_ids);
  std::vector<std::string> in, out;
  for (const std::string_view name : model::profile_names())
    (model::holds(*model::find_profile(name), model::Clause::at(static_cast<std::size_t>(number))) ? in : out)
        .emplace_back(name);
  if (out.empty()) return "all";
  return in.size() > out.size() ? fmt::format("all but {}", fmt::join(out, " "))
                                : fmt::format("{}", fmt::join(in, " "));
}

void print_clause(const std::string& id, const ClauseEntry& entry) {
  say(fmt::format("{}\n  {}\n", id, entry.statement));
  say(fmt::format("  call        {}\n  level       {}\n", entry.call, entry.level));
  say(fmt::format("  holds in    {}\n", profiles_where_it_holds(id)));
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

int explain_clause(const std::string& id, const model::Profile& profile, const SearchBudget& budget) {
  const std::map<std::string, ClauseEntry> catalogue = read_catalogue(locations().catalogue);
  const auto entry = catalogue.find(id);
  if (entry == catalogue.end())
    throw UsageError(fmt::format("{} is neither a file nor a clause{}", id, closest(id, catalogue)));
  print_clause(id, entry->second);
  if (const auto conditions = unmet(id, profile); !conditions.empty()) {
    say(fmt::format("  example     none: under {} it does not hold, which takes {}\n", profile.name,
                    fmt::join(conditions, " and ")));
    return undecided;
  }
  const auto rule = std::ranges::find(explore::rules(), std::string_view(id), &explore::Rule::clause);
  std::optional<Example> example;
  if (rule != explore::rules().end() && rule->given) example = searched(id, profile, budget);
  if (interrupt::requested()) return interrupt::exit_status();
  if (!example)
    if (std::optional<language::Scenario> known = of_corpus(id, profile)) example = {std::move(*known), {}};
  if (!example) {
    say(fmt::format("  example     none found under {}, neither by search nor in the corpus\n",
                    profile.name));
    return undecided;
  }
  say(fmt::format("\n{}\n", language::print(example->scenario)));
  walk(example->scenario, profile);
  for (const std::string& line : example->otherwise) say(line + "\n");
  return conform;
}

}  // namespace svmq::runner
