#include "faithful.hpp"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::runner {
namespace {

using Steps = std::map<std::string, std::deque<const language::Step*>>;  // by actor, in order

Steps asked(const language::Scenario& scenario) {
  Steps steps;
  const auto add = [&](const language::Step& step) { steps[step.actor].push_back(&step); };
  for (const language::Item& item : scenario.items) {
    if (const auto* step = std::get_if<language::Step>(&item)) add(*step);
    if (const auto* block = std::get_if<language::Concurrent>(&item))
      for (const language::Step& step : block->steps) add(step);
  }
  return steps;
}

const language::Step* step_of(const language::Event& event) {
  if (const auto* call = std::get_if<language::Call>(&event.what)) return &call->step;
  if (const auto* complete = std::get_if<language::Complete>(&event.what)) return &complete->step;
  if (const auto* skipped = std::get_if<language::Skipped>(&event.what)) return &skipped->step;
  return nullptr;
}

bool ends_early(const language::Event& event) {
  return std::holds_alternative<language::Hung>(event.what) ||
         std::holds_alternative<language::Unsupported>(event.what) ||
         std::holds_alternative<language::Failed>(event.what);
}

// What is wrong, as "leaves out A: msgrcv(…)"; empty: nothing.
std::string unfaithful(const language::Scenario& scenario, const language::History& history) {
  Steps left = asked(scenario);
  bool early = false;
  for (const language::Event& event : history.events) {
    early = early || ends_early(event);
    const language::Step* step = step_of(event);
    if (step == nullptr) continue;
    auto& next = left[step->actor];
    if (next.empty()) return fmt::format("has {}, which was not asked for", language::print(*step));
    // Two ways to write the same are printed alike; values are compared first, for that is much faster.
    if (!(*next.front() == *step)) {
      const std::string done = language::print(*step), asked = language::print(*next.front());
      if (done != asked) return fmt::format("has {} where {} was to come", done, asked);
    }
    next.pop_front();
  }
  for (const auto& [actor, steps] : left)
    if (!early && !steps.empty()) return fmt::format("leaves out {}", language::print(*steps.front()));
  return "";
}

}  // namespace

std::variant<language::History, std::string> read_history(const std::string& text,
                                                          const language::Scenario& scenario) {
  auto parsed = language::parse_histories(text, "history");
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) {
    const std::string message = error->message();
    return fmt::format("what is no history: {}", message.substr(0, message.find('\n')));
  }
  auto& histories = std::get<std::vector<language::History>>(parsed);
  if (histories.size() != 1 || histories.front().name != scenario.name)
    return fmt::format("a history of something else than {}", scenario.name);
  if (const std::string wrong = unfaithful(scenario, histories.front()); !wrong.empty())
    return fmt::format("a history that {}", wrong);
  return std::move(histories.front());
}

}  // namespace svmq::runner
