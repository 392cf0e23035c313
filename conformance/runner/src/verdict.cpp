#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "faithful.hpp"

namespace svmq::runner {
namespace {

using judge::Verdict;

constexpr std::string_view envelope = "posix";

// What the waivers cannot excuse; empty: nothing.
std::string beyond_envelope(const Target& target, const language::History& history) {
  if (!target.bound_to_posix() || target.profile->name == envelope) return "";
  const judge::Judgement judgement = judge::judge(history, *model::find_profile(envelope));
  if (judgement.verdict == Verdict::conform || judgement.verdict == Verdict::unsupported) return "";
  if (judgement.verdict != Verdict::nonconform)
    return fmt::format("waived, but undecided by profile posix: {}", judgement.reason);
  const judge::Deviation& first = judgement.deviations.front();
  return fmt::format("waived, but outside profile posix too: {} gave {}", first.step, first.observed);
}

// The line of an event in the text, from 1; 0: unknown. Histories of the model were never parsed, so that
// their events have no place; but each event is a line, and behind the last there is only `end`.
int line_of(const Conducted& conducted, std::size_t event) {
  const auto& events = conducted.history.events;
  if (event >= events.size()) return 0;
  if (events[event].place.line > 0) return events[event].place.line;
  const auto lines = static_cast<std::size_t>(std::count(conducted.text.begin(), conducted.text.end(), '\n'));
  return lines > events.size() ? static_cast<int>(lines - 1 - events.size() + event + 1) : 0;
}

void apply_waivers(const Target& target, const language::History& history, const std::vector<Waiver>& waivers,
                   Run& run) {
  const auto covered = covering(waivers, target.name, *target.profile, history, run.judgement.deviations);
  if (!covered) return;
  run.judgement.reason = beyond_envelope(target, history);
  if (!run.judgement.reason.empty()) return;
  for (const Waiver* waiver : *covered) run.waivers.push_back(waiver->id);
}

}  // namespace

Run judged(const Target& target, const Conducted& conducted, const std::vector<Waiver>& waivers,
           const judge::Budget& budget) {
  Run run;
  run.target = target.name;
  if (!conducted.failure.empty()) {
    run.judgement.verdict = Verdict::not_run;
    run.judgement.reason = conducted.failure;
    return run;
  }
  run.judgement = judge::judge(conducted.history, *target.profile, budget);
  run.history = conducted.text;
  if (run.judgement.verdict == Verdict::conform) return run;
  for (const judge::Deviation& deviation : run.judgement.deviations)
    run.lines.push_back(line_of(conducted, deviation.event));
  const std::string wrong =
      conducted.task ? false_excuse(conducted.history, conducted.task->scenario, target) : "";
  if (!wrong.empty()) {  // nobody knows what the rest would have shown: no waiver counts
    run.judgement.reason = wrong;
    if (run.judgement.verdict == Verdict::unsupported) run.judgement.verdict = Verdict::not_run;
  } else if (run.judgement.verdict == Verdict::nonconform) {
    apply_waivers(target, conducted.history, waivers, run);
  } else if (run.judgement.reason.empty()) {
    run.judgement.reason = "the judge gave no reason";
  }
  return run;
}

Run unsupported(const Target& target, const std::string& reason) {
  Run run;
  run.target = target.name;
  run.judgement.verdict = Verdict::unsupported;
  run.judgement.reason = reason;
  return run;
}

}  // namespace svmq::runner
