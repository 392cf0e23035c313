#include "exhaustion.hpp"

#include <fmt/format.h>

#include <utility>

#include "results.hpp"
#include "shell.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"
#include "svmq/shrink/one_line.hpp"

namespace svmq::runner {
namespace {

constexpr std::size_t most_shown = 3;  // of the transitions that were not executed

}  // namespace

void Exhaustion::add(const model::explore::Scope& scope, exhaust::Graph graph) {
  worlds_.emplace_back(scope, std::move(graph), targets_, longest_);
}

Task Exhaustion::task_of(const World& world, const exhaust::Cover::Path& path) {
  const model::explore::Scope& scope = world.scope;
  const auto line = [&](int call) { return scope.calls[static_cast<std::size_t>(call)].text + "\n"; };
  std::string text = fmt::format("scenario exhaust-{}-{}\n{}", scope.name, world.paths, scope.header);
  for (const int call : scope.before) text += line(call);
  for (const std::uint32_t move : path.moves) {
    const std::vector<int>& calls = world.graph.moves[move];
    if (calls.size() > 1) text += "concurrent {\n";
    for (const int call : calls) text += line(call);
    if (calls.size() > 1) text += "}\n";
  }
  auto parsed = language::parse_scenarios(text + "end\n", scope.name);
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
  Task task = task_of_scenario(std::move(std::get<std::vector<language::Scenario>>(parsed).front()));
  task.source = source + scope.name;
  task.made = true;
  return task;
}

std::optional<Task> Exhaustion::next() {
  const std::lock_guard lock(mutex_);
  for (World& world : worlds_) {
    exhaust::Cover::Path path = world.cover.plan();
    if (path.moves.empty()) continue;
    ++world.paths;
    Task task = task_of(world, path);
    under_way_.emplace(task.scenario.name, UnderWay{&world, std::move(path)});
    return task;
  }
  return std::nullopt;
}

void Exhaustion::finished(const Task& task, const std::vector<Seen>& seen) {
  const std::lock_guard lock(mutex_);
  const auto place = under_way_.find(task.scenario.name);
  const UnderWay done = std::move(place->second);
  under_way_.erase(place);
  World& world = *done.world;
  for (std::size_t target = 0; target < seen.size(); ++target) {
    const judge::Judgement& judgement = seen[target].run.judgement;
    if (judgement.verdict != judge::Verdict::conform && judgement.verdict != judge::Verdict::nonconform)
      continue;
    const std::size_t end = judgement.deviations.empty() ? SIZE_MAX : judgement.deviations.front().event;
    world.cover.executed(target, exhaust::follow(world.graph, world.scope.before.size(), done.path.moves,
                                                 seen[target].history, end));
  }
  world.cover.finished(done.path);
}

Supply::Account Exhaustion::account(const std::vector<std::string>& targets) const {
  const std::lock_guard lock(mutex_);
  Account account;
  for (const World& world : worlds_) {
    const std::size_t all = world.graph.transitions.size();
    if (world.graph.stopped)
      account.missing.push_back(
          fmt::format("{}: the budget of states ran out before every state was found", world.scope.name));
    for (std::size_t target = 0; target < targets.size(); ++target) {
      account.text += fmt::format("{} on {}: {} of {} transitions executed in {} scenarios", world.scope.name,
                                  targets[target], world.cover.done(target), all, world.paths);
      if (world.cover.several() > 0)
        account.text += fmt::format("; where several outcomes are allowed, {} of {} were seen",
                                    world.cover.seen(target), world.cover.several());
      const exhaust::Cover::Missing missing = world.cover.missing(target);
      if (missing.alike > 0)
        account.text +=
            fmt::format("; {} may have been, in states that its answers do not tell apart", missing.alike);
      if (missing.elsewhere > 0)
        account.text +=
            fmt::format("; {} are in states behind outcomes that it never showed", missing.elsewhere);
      account.text += "\n";
      if (!missing.reachable.empty())
        account.missing.push_back(fmt::format("{} on {}: {} of {} transitions were not executed",
                                              world.scope.name, targets[target], missing.reachable.size(),
                                              all));
      for (std::size_t i = 0; i < missing.reachable.size() && i < most_shown; ++i) {
        const std::size_t transition = missing.reachable[i];
        std::string calls;
        for (const int call : world.graph.moves[world.graph.transitions[transition].move])
          calls += (calls.empty() ? "" : " with ") + world.scope.calls[static_cast<std::size_t>(call)].text;
        account.text +=
            fmt::format("  not executed: {}, in state {}\n", calls, world.graph.transitions[transition].from);
      }
    }
  }
  return account;
}

}  // namespace svmq::runner
