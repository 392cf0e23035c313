#include <algorithm>

#include "svmq/judge/cast.hpp"
#include "svmq/language/print.hpp"
#include "svmq/scope/scope.hpp"

namespace svmq::scope {
namespace {

using model::explore::Call;
using model::explore::Scope;
using model::explore::Values;

int variable(Scope& scope, const std::string& name) {
  if (name.empty()) return -1;
  const auto found = std::ranges::find(scope.variables, name);
  if (found != scope.variables.end()) return static_cast<int>(found - scope.variables.begin());
  scope.variables.push_back(name);
  return static_cast<int>(scope.variables.size() - 1);
}

std::string used_variable(const language::Action& action) {
  return std::visit(
      [](const auto& a) -> std::string {
        if constexpr (requires { a.key.variable; })
          return a.key.variable;
        else if constexpr (requires { a.id.variable; })
          return a.id.variable;
        else
          return {};
      },
      action);
}

Call call_of(Scope& scope, const judge::Cast& cast, const language::Step& step) {
  Call call;
  call.actor = cast.index(step.actor);
  call.text = language::print(step);
  call.sets = variable(scope, step.variable);
  call.once = true;
  call.fixed = !std::holds_alternative<language::Become>(step.action);
  if (const auto* kill = std::get_if<language::Kill>(&step.action)) call.target = cast.index(kill->actor);
  const std::string used = used_variable(step.action);
  const int index = variable(scope, used);
  if (index >= 0) call.uses.push_back(index);
  call.make = [cast, step, used, index](const Values& values, const model::State& state) {
    judge::Cast now = cast;
    if (index >= 0) now.set(used, values[static_cast<std::size_t>(index)]);
    return now.request(step, state);
  };
  return call;
}

}  // namespace

Scope bind(const language::Scenario& scenario) {
  Scope scope;
  scope.name = scenario.name;
  scope.title = scenario.title;
  const judge::Cast cast({}, scenario.actors, scope.origin);
  scope.origin.spaces.emplace_back();
  scope.origin.clock = 1;
  for (std::size_t a = 0; a < cast.count(); ++a)
    scope.actors.push_back(cast.name(static_cast<model::ActorIndex>(a)));
  for (const language::Actor& actor : scenario.actors) {
    const std::string who = language::print(actor.credentials);
    if (!actor.process.empty())
      scope.header += "thread " + actor.name + " of " + actor.process + "\n";
    else
      scope.header += "process " + actor.name + (who.empty() ? "" : " " + who) + "\n";
  }
  for (const language::Item& item : scenario.items) {
    if (const auto* step = std::get_if<language::Step>(&item)) {
      scope.calls.push_back(call_of(scope, cast, *step));
      continue;
    }
    for (const language::Step& step : std::get<language::Concurrent>(item).steps)
      scope.calls.push_back(call_of(scope, cast, step));
  }
  return scope;
}

}  // namespace svmq::scope
