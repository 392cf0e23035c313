#include "faithful.hpp"

#include <fmt/format.h>

#include <algorithm>
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

constexpr std::string_view word_size = "word-size";

// A number that a long of 32 bits cannot hold.
bool is_wide(const language::Step& step) {
  const auto beyond = [](std::int64_t number) { return number != static_cast<std::int32_t>(number); };
  if (const auto* send = std::get_if<language::Msgsnd>(&step.action)) {
    const auto* message = std::get_if<language::Message>(&send->message);
    return beyond(static_cast<std::int64_t>(send->size)) || (message != nullptr && beyond(message->type));
  }
  if (const auto* receive = std::get_if<language::Msgrcv>(&step.action))
    return beyond(receive->type) || beyond(static_cast<std::int64_t>(receive->size));
  return false;
}

bool has_wide(const language::Scenario& scenario) {
  for (const auto& [actor, steps] : asked(scenario))
    for (const language::Step* step : steps)
      if (is_wide(*step)) return true;
  return false;
}

// Of "yes: without A, B": whether the scenario speaks of A or B.
bool speaks_of(const language::Scenario& scenario, std::string_view answer) {
  const std::string text = language::print(scenario);
  constexpr std::string_view between = " ,";
  std::size_t begin = answer.find("without ");
  if (begin == std::string_view::npos) return true;
  for (begin += std::string_view("without ").size(); begin < answer.size();) {
    const std::size_t end = std::min(answer.find_first_of(between, begin), answer.size());
    if (end > begin && text.find(answer.substr(begin, end - begin)) != std::string::npos) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::string false_excuse(const language::History& history, const language::Scenario& scenario,
                         const Target& target) {
  const language::Unsupported* excuse = nullptr;
  bool begun = false;
  for (const language::Event& event : history.events) {
    if (const auto* found = std::get_if<language::Unsupported>(&event.what)) excuse = found;
    begun = begun || step_of(event) != nullptr;
  }
  if (excuse == nullptr) return "";
  const std::string says = fmt::format("its history ends as unsupported {}", excuse->need);
  if (excuse->need == word_size)
    return !begun && has_wide(scenario) ? ""
                                        : fmt::format("{}, and no number in the scenario is too wide", says);
  if (!needs(scenario).contains(excuse->need))
    return fmt::format("{}, and the scenario does not need it", says);
  const auto answer = target.capabilities.find(excuse->need);
  if (answer == target.capabilities.end()) return "";
  if (answer->second == "yes") return fmt::format("{}, and its capabilities have it", says);
  if (answer->second.starts_with("yes") && !speaks_of(scenario, answer->second))
    return fmt::format("{}, and the scenario needs nothing of it that its capabilities lack", says);
  return "";
}

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
