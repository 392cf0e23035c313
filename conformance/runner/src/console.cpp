#include "console.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <vector>

#include "clause_coverage.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;
using judge::Verdict;

constexpr int context_lines = 4;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of("( ")); }

// What is alike in findings that have one cause, as far as that can be told.
std::string kind_of(const Run& run) {
  const judge::Judgement& judgement = run.judgement;
  std::string kind = fmt::format("{} {} ", run.target, judge::name(judgement.verdict));
  if (judgement.deviations.empty()) return kind + judgement.reason.substr(0, 40);
  const judge::Deviation& first = judgement.deviations.front();
  const std::size_t call = first.step.find(": ");
  return kind + fmt::format("{} {} {}",
                            first_word(call == std::string::npos ? first.step : first.step.substr(call + 2)),
                            first_word(first.observed), fmt::join(first.clauses, " "));
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("{:<{}}", row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) text += fmt::format("  {:>{}}", row[i], widths[i]);
    text += '\n';
  }
  return text;
}

std::string summary_table(const Results& results) {
  std::vector<std::vector<std::string>> rows{{"target", "scenarios", "steps", "conform", "nonconform",
                                              "unknown", "unsupported", "not run", "waived"}};
  for (const TargetResult& result : results.targets) {
    const Summary& s = result.summary;
    std::vector<std::string> row{result.target.name};
    for (const std::uint64_t n :
         {s.scenarios, s.steps, s.conform, s.nonconform, s.unknown, s.unsupported, s.not_run, s.waived}) {
      row.push_back(std::to_string(n));
    }
    rows.push_back(std::move(row));
  }
  return table(rows);
}

std::string unsupported_lines(const Results& results) {
  std::string text;
  for (const TargetResult& result : results.targets) {
    for (const auto& [reason, count] : result.unsupported) {
      text += fmt::format("{}: {} unsupported: {}\n", result.target.name, count, reason);
    }
  }
  return text;
}

std::string waiver_lines(const Results& results) {
  std::string text;
  std::vector<std::string> unused;
  for (const Waiver& waiver : results.waivers) {
    const auto uses = results.waiver_uses.find(waiver.id);
    if (waiver.expired) {
      text += fmt::format("waiver {}: expired on {}, covers nothing any more\n", waiver.id, waiver.expires);
    } else if (uses == results.waiver_uses.end()) {
      const auto concerned = [&](const TargetResult& t) {
        return waiver.target.empty() || waiver.target == t.target.name;
      };
      if (std::ranges::any_of(results.targets, concerned)) unused.push_back(waiver.id);
    } else {
      text += fmt::format("waiver {}: covered {}", waiver.id, uses->second);
      if (!waiver.expires.empty()) text += fmt::format(", until {}", waiver.expires);
      text += waiver.notice.empty() ? "\n" : fmt::format(": {}\n", waiver.notice);
    }
  }
  if (!unused.empty()) text += fmt::format("waivers unused: {}\n", fmt::join(unused, " "));
  return text;
}

std::string comparison_lines(const Results& results) {
  struct Count {
    std::uint64_t all = 0, waived = 0;
  };
  std::map<std::pair<std::string, std::string>, Count> pairs;
  for (const Disagreement& d : results.disagreements) {
    Count& count = pairs[{d.left, d.right}];
    ++count.all;
    if (d.left_verdict != "nonconform" && d.right_verdict != "nonconform") ++count.waived;
  }
  std::string text;
  for (const auto& [pair, count] : pairs)
    text += fmt::format("{} and {}: disagree in {} scenarios, {} of them under waivers\n", pair.first,
                        pair.second, count.all,
                        count.waived == count.all ? "all" : fmt::format("{}", count.waived));
  for (const auto& [pair, count] : results.allowed_differences) {
    text += fmt::format("{} and {}: differ in {} scenarios within what is allowed\n", pair.first, pair.second,
                        count);
  }
  return text;
}

std::string outcome(const Results& results) {
  if (results.interrupted) return "interrupted; the results are those of the scenarios finished before";
  switch (exit_status(results)) {
    case 0: return "conform";
    case 1: return "nonconform";
    default: break;
  }
  for (const TargetResult& result : results.targets) {
    if (result.summary.executed() == 0)
      return fmt::format("undecided: nothing was executed on {}", result.target.name);
  }
  return !results.incomplete.empty() ? "undecided: not all was executed"
                                     : "undecided: see unknown and not run";
}

void write(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace

void say(const std::string& text) { write(stdout, text); }
void warn(const std::string& text) { write(stderr, fmt::format("svmq: {}\n", text)); }

std::string describe(const judge::Deviation& deviation, const std::string& history, int line) {
  std::string text;
  const std::vector<std::string> lines = lines_of(history);
  if (line > 0 && line <= static_cast<int>(lines.size())) {
    for (int i = std::max(1, line - context_lines); i <= line; ++i) {
      text +=
          fmt::format("  {}{:>4}  {}\n", i == line ? '>' : ' ', i, lines[static_cast<std::size_t>(i - 1)]);
    }
  }
  text += fmt::format("  step      {}\n  observed  {}\n", deviation.step, deviation.observed);
  if (deviation.allowed.empty()) text += "  allowed   nothing\n";
  const char* label = "allowed";
  for (const judge::Allowed& allowed : deviation.allowed) {
    text += fmt::format("  {:<8}  {}  [{}]\n", label, allowed.result, fmt::join(allowed.clauses, " "));
    label = "or";
  }
  if (deviation.allowed.size() != 1)
    text += fmt::format("  clauses   {}\n", fmt::join(deviation.clauses, " "));
  return text;
}

void Console::scenario_finished(const ScenarioResult& result) {
  ++done_;
  bool failing = false;
  for (const Run& run : result.runs) {
    const Verdict verdict = run.judgement.verdict;
    if (verdict == Verdict::conform || verdict == Verdict::unsupported || run.waived()) continue;
    failing = true;
    report(result, run);
  }
  failing_ += failing ? 1 : 0;
  progress();
}

void Console::report(const ScenarioResult& result, const Run& run) {
  const std::string kind = kind_of(run);
  const std::string& name = result.task->scenario.name;
  const char* verdict = judge::name(run.judgement.verdict);
  if (seen_[kind]++ > 0) {
    if (!each_) return;
    clear_progress();
    say(fmt::format("{}: {} {}, as in {}\n  reproduce {}\n", verdict, run.target, name, first_[kind],
                    result.reproduce));
    return;
  }
  first_[kind] = name;
  clear_progress();
  std::string text = fmt::format("{}: {} {} ({})\n", verdict, run.target, name, result.task->source);
  if (!result.task->scenario.title.empty()) text += fmt::format("  {}\n", result.task->scenario.title);
  if (!run.judgement.deviations.empty()) {
    text +=
        describe(run.judgement.deviations.front(), run.history, run.lines.empty() ? 0 : run.lines.front());
    const std::size_t more = run.judgement.deviations.size() - 1;
    if (more > 0) text += fmt::format("  and {} further deviations\n", more);
  }
  if (!run.judgement.reason.empty()) text += fmt::format("  reason    {}\n", run.judgement.reason);
  say(text + fmt::format("  reproduce {}\n\n", result.reproduce));
}

void Console::warning(const std::string& text) {
  clear_progress();
  warn(text);
}

void Console::progress() {
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  const auto now = std::chrono::steady_clock::now();
  if (!terminal || now - last_progress_ < 100ms) return;
  last_progress_ = now;
  progress_shown_ = true;
  const std::string of = total_ > 0 ? fmt::format(" of {}", total_) : "";
  write(stderr, fmt::format("\r\033[K{}{} scenarios, {} failing", done_, of, failing_));
}

void Console::clear_progress() {
  if (progress_shown_) write(stderr, "\r\033[K");
  progress_shown_ = false;
}

void Console::summary(const Results& results) {
  clear_progress();
  for (const auto& [kind, count] : seen_) {
    if (count > 1 && !each_) say(fmt::format("{} scenarios fail like {}: {}\n", count, first_[kind], kind));
  }
  say(summary_table(results));
  if (results.random)  // else the scenarios were chosen, and their clauses with them
    for (const TargetResult& result : results.targets) say(coverage_line(result));
  say(unsupported_lines(results) + waiver_lines(results) + comparison_lines(results));
  const std::string seed = results.random ? fmt::format(", seed {}", results.random->seed) : "";
  say(fmt::format("{} ({:.1f} s{})\n", outcome(results), results.seconds, seed));
}

}  // namespace svmq::runner
