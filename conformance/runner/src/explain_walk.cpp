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

constexpr std::size_t most_worlds = 1000;  // carried from step to step; who reads it is told of a cut

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
        canon_(scope_, profile, false),
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
        if (!known.insert(canon_(ending.world)).second) continue;
        cut_ |= after.size() == most_worlds;
        if (after.size() < most_worlds) after.push_back(std::move(ending.world));
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
    if (worlds_.size() > 1) say(fmt::format("      (one of {} states)\n", worlds_.size()));
    if (cut_)
      say(fmt::format(
          "      (of more than {} states the others were left out: ways may be missing from here on)\n",
          most_worlds));
  }

  const language::Scenario& scenario_;
  const explore::Scope scope_;
  const explore::Stage stage_;
  const explore::Canon canon_;
  std::vector<explore::World> worlds_;
  std::set<std::string> used_;
  bool silent_ = false;
  bool cut_ = false;
};

}  // namespace

std::vector<language::Scenario> parse_all(const std::string& text, const std::string& file) {
  auto parsed = language::parse_scenarios(text, file);
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
  return std::get<std::vector<language::Scenario>>(std::move(parsed));
}

void walk(const language::Scenario& scenario, const model::Profile& profile) {
  say(fmt::format("{} under {}{}{}\n", scenario.name, profile.name, scenario.title.empty() ? "" : ": ",
                  scenario.title));
  Walk(scenario, profile).go(false);
}

std::set<std::string> clauses_on_the_way(const language::Scenario& scenario, const model::Profile& profile) {
  return Walk(scenario, profile).go(true);
}

int explain_scenarios(const std::string& file, const model::Profile& profile) {
  const std::vector<language::Scenario> scenarios = parse_all(read_file(file), file);
  if (scenarios.empty()) throw UsageError(fmt::format("{}: no scenario in it", file));
  for (const language::Scenario& scenario : scenarios) walk(scenario, profile);
  return conform;
}

}  // namespace svmq::runner
