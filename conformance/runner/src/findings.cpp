#include "findings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "console.hpp"
#include "interrupt.hpp"
#include "shell.hpp"
#include "svmq/language/print.hpp"
#include "svmq/shrink/c_program.hpp"
#include "svmq/shrink/one_line.hpp"
#include "svmq/shrink/shrink.hpp"
#include "verdict.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;
using judge::Verdict;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_runs = 200;     // of one candidate, however seldom the scenario fails
constexpr std::size_t replays = 20;        // that a score counts
constexpr std::size_t most_ahead = 8;      // at the agent
constexpr std::size_t most_findings = 12;  // of one command
constexpr std::chrono::milliseconds time_for_one = 20s;

// "EAGAIN", "success", "asleep", "killed by SIGSEGV".
std::string sort_of(const std::string& result) {
  if (result.starts_with("-1 ")) return result.substr(3, result.find(' ', 3) - 3);
  const bool number = !result.empty() && (result[0] == '-' || (result[0] >= '0' && result[0] <= '9'));
  return number ? "success" : result.substr(0, result.find(':'));
}

// The fields of "0 {qnum=1, lrpid=A}".
std::map<std::string, std::string> fields_of(const std::string& result) {
  std::map<std::string, std::string> fields;
  const std::size_t open = result.find('{'), close = result.rfind('}');
  for (std::size_t at = open; at != std::string::npos && at < close;) {
    const std::size_t begin = at + (result[at] == '{' ? 1 : 2),
                      end = std::min(result.find(", ", begin), close);
    const std::string field = result.substr(begin, end - begin);
    if (const std::size_t equals = field.find('='); equals != std::string::npos)
      fields[field.substr(0, equals)] = field.substr(equals);
    at = end;
  }
  return fields;
}

std::set<std::string> differing_fields(const judge::Deviation& deviation) {
  std::set<std::string> names;
  const auto observed = fields_of(deviation.observed);
  for (const judge::Allowed& allowed : deviation.allowed) {
    for (const auto& [name, value] : fields_of(allowed.result)) {
      const auto other = observed.find(name);
      if (other != observed.end() && other->second != value && !name.ends_with("time")) names.insert(name);
    }
  }
  return names;
}

std::string call_of(const judge::Deviation& deviation) {
  const std::size_t colon = deviation.step.find(": ");
  const std::string call = colon == std::string::npos ? deviation.step : deviation.step.substr(colon + 2);
  const std::size_t open = call.find('(');
  if (open == std::string::npos) return "";
  const std::size_t equals = call.rfind(" = ", open);
  const std::string name =
      equals == std::string::npos ? call.substr(0, open) : call.substr(equals + 3, open - equals - 3);
  if (name != "msgctl") return name;
  return name + " " +
         call.substr(call.find(", ") + 2,
                     call.find_first_of(",)", call.find(", ") + 2) - call.find(", ") - 2);
}

Task task_of(const language::Scenario& scenario, std::uint64_t choices) {
  Task task;
  task.scenario = scenario;
  task.text = print(scenario);
  task.needs = needs(scenario);
  task.source = "replay";
  task.choices = choices;
  return task;
}

std::string file_name(std::string name) {
  for (char& c : name)
    if (c == ':' || c == '/') c = '-';
  return name;
}

}  // namespace

std::string kind_of_deviation(const Run& run) {
  if (run.waived()) return "";
  if (run.judgement.verdict == Verdict::not_run)
    return run.judgement.reason.find("died") != std::string::npos ? "the agent died" : "";
  if (run.judgement.verdict != Verdict::nonconform || run.judgement.deviations.empty()) return "";
  const judge::Deviation& first = run.judgement.deviations.front();
  std::set<std::string> allowed;
  for (const judge::Allowed& one : first.allowed) allowed.insert(sort_of(one.result));
  const std::set<std::string> fields = differing_fields(first);
  return fmt::format("{}: {} instead of {}{} [{}]", call_of(first), sort_of(first.observed),
                     allowed.empty() ? "nothing" : fmt::format("{}", fmt::join(allowed, " or ")),
                     fields.empty() ? "" : fmt::format(" in {}", fmt::join(fields, ", ")),
                     first.clauses.empty() ? "" : first.clauses.front());
}

Replayer::Replayer(Target target, std::vector<Waiver> waivers, std::chrono::milliseconds time_limit)
    : target_(std::move(target)), waivers_(std::move(waivers)) {
  if (target_.private_folder) folder_ = std::make_unique<PrivateFolder>();
  conductor_ = make_conductor(target_, time_limit, folder_.get());
}

Replayer::~Replayer() {
  if (!interrupt::requested()) conductor_->finish();
}

Replayer::Seen Replayer::receive() {
  Seen seen;
  seen.conducted = conductor_->receive();
  seen.run = judged(target_, seen.conducted, waivers_);
  return seen;
}

Replayer::Seen Replayer::once(const language::Scenario& scenario) {
  conductor_->submit(std::make_shared<const Task>(task_of(scenario, replays_++)));
  return receive();
}

Replayer::Score Replayer::count(const language::Scenario& scenario, const std::string& kind, std::size_t n,
                                std::optional<std::size_t> enough) {
  Score score;
  if (!target_.lacks(needs(scenario)).empty()) return score;
  std::size_t submitted = 0;
  const auto undecided = [&] {
    return !enough || (score.failed < *enough && score.failed + (n - score.runs) >= *enough);
  };
  for (;;) {
    // The first alone: most candidates are decided by it.
    const std::size_t ahead = score.runs == 0 ? 1 : most_ahead;
    while (undecided() && submitted < n && conductor_->pending() < ahead) {
      conductor_->submit(std::make_shared<const Task>(task_of(scenario, replays_++)));
      ++submitted;
    }
    if (conductor_->pending() == 0) break;
    Seen seen = receive();
    ++score.runs;
    if (kind_of_deviation(seen.run) != kind) continue;
    ++score.failed;
    last_failure_ = std::move(seen);
  }
  return score;
}

// -------------------------------------------------------------------------------------------------------
// shrinking

namespace {

// How often a candidate must fail to count: as good as always where the scenario itself always does; else
// half as often.
struct Demand {
  std::size_t runs = 2, failures = 2;
};

std::optional<Demand> demand_of(Replayer& replayer, const language::Scenario& scenario,
                                const std::string& kind, Clock::time_point until) {
  Replayer::Score score = replayer.count(scenario, kind, 10, 10);
  while (score.failed < 3 && Clock::now() < until && score.runs < 100'000) {
    const Replayer::Score more = replayer.count(scenario, kind, 50, 3);
    score.failed += more.failed;
    score.runs += more.runs;
  }
  if (score.failed == 0) return std::nullopt;
  if (score.failed == score.runs) return Demand{2, 2};
  const std::size_t runs = std::min(most_runs, (4 * score.runs + score.failed - 1) / score.failed);
  return Demand{runs, std::max<std::size_t>(1, runs * score.failed / score.runs / 2)};
}

}  // namespace

std::optional<Finding> shrink_finding(Replayer& replayer, const language::Scenario& scenario,
                                      const std::string& kind, std::chrono::milliseconds time,
                                      const std::string& judged_by) {
  const Clock::time_point until = Clock::now() + time;
  Finding finding{file_name(scenario.name + "." + replayer.target().name),
                  replayer.target().name,
                  kind,
                  scenario,
                  shrink::count_steps(scenario),
                  0,
                  {},
                  false,
                  {},
                  ""};
  try {
    std::optional<Demand> demand = demand_of(replayer, scenario, kind, Clock::now() + time / 3);
    if (!demand) return std::nullopt;
    const auto stop = [&] { return Clock::now() > until || interrupt::requested(); };
    const bool always = demand->runs == demand->failures;
    for (;;) {
      const auto fails = [&](const language::Scenario& candidate) {
        return replayer.count(candidate, kind, demand->runs, demand->failures).failed >= demand->failures;
      };
      const shrink::Shrunk shrunk = shrink::shrink(scenario, fails, stop);
      finding.scenario = shrunk.scenario;
      finding.tried += shrunk.tried;
      finding.minimal = shrunk.minimal;
      finding.score = replayer.count(finding.scenario, kind, replays);
      if (!always || finding.score.failed + 1 >= replays || demand->runs > 2 || stop()) break;
      demand = Demand{8, 8};  // some step fewer made it fail only now and then
    }
    for (int tries = 0; finding.score.failed == 0 && tries < 100 && !stop(); ++tries) {
      const Replayer::Score more = replayer.count(finding.scenario, kind, demand->runs, 1);
      finding.score.failed += more.failed;
      finding.score.runs += more.runs;
    }
    finding.example = replayer.last_failure();
  } catch (const Interrupted&) {
    finding.example = replayer.last_failure();
  }
  finding.reproduce = command_for(finding.scenario, replayer.target().name, judged_by);
  return finding;
}

std::string command_for(const language::Scenario& scenario, const std::string& target,
                        const std::string& judged_by) {
  return fmt::format("svmq run --reproduce {}{}",
                     shell_word(fmt::format("{}:{}", target, shrink::one_line(scenario))), judged_by);
}

// ---------------------------------------------------------------------------------------------------------
// writing

std::string scenario_text(const Finding& finding) {
  language::Scenario scenario = finding.scenario;
  scenario.title = fmt::format("{}: {}; fails {} of {} times", finding.target, finding.kind,
                               finding.score.failed, finding.score.runs);
  if (finding.example && !finding.example->run.judgement.deviations.empty())
    scenario.clauses = finding.example->run.judgement.deviations.front().clauses;
  return print(scenario);
}

CText c_text(const Finding& finding, const model::Profile& profile) {
  if (!finding.example || finding.example->run.judgement.deviations.empty())
    return {"", "there is no deviation of a call to show"};
  const auto written = shrink::c_program({finding.scenario, finding.example->conducted.history,
                                          finding.example->run.judgement.deviations.front(), profile,
                                          fmt::format("{}: {}; fails {} of {} times", finding.target,
                                                      finding.kind, finding.score.failed, finding.score.runs),
                                          finding.reproduce});
  if (const auto* not_in_c = std::get_if<shrink::NotInC>(&written)) return {"", not_in_c->reason};
  return {std::get<std::string>(written), ""};
}

namespace {

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw UsageError(fmt::format("{}: cannot be written", path.string()));
}

}  // namespace

std::vector<std::filesystem::path> write_finding(const Finding& finding, const model::Profile& profile,
                                                 const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw UsageError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
  std::vector<std::filesystem::path> files{folder / (finding.name + ".scenario")};
  write_file(files.front(), scenario_text(finding));
  const CText c = c_text(finding, profile);
  if (c.program.empty()) return files;
  files.push_back(folder / (finding.name + ".c"));
  write_file(files.back(), c.program);
  return files;
}

void say_finding(const Finding& finding) {
  std::string text = fmt::format("shrunk: {} from {} to {} steps{}; fails {} of {}\n  {}\n", finding.name,
                                 finding.steps_before, shrink::count_steps(finding.scenario),
                                 finding.minimal ? "" : " (time was up)", finding.score.failed,
                                 finding.score.runs, finding.kind);
  const std::string scenario = print(finding.scenario);
  for (std::size_t at = 0; at < scenario.size();) {
    const std::size_t end = scenario.find('\n', at);
    text += "  " + scenario.substr(at, end - at) + "\n";
    at = end + 1;
  }
  say(text + fmt::format("  reproduce {}\n", finding.reproduce));
}

void shrink_all(Results& results, const std::vector<Waiver>& waivers, std::chrono::milliseconds time_limit,
                std::chrono::seconds time, const std::string& judged_by,
                const std::filesystem::path& folder) {
  struct Smallest {
    const language::Scenario* scenario;
    std::size_t steps;
    Run* run;
  };
  std::map<std::pair<std::string, std::string>, Smallest> kinds;  // by target and kind
  for (auto& [index, result] : results.scenarios) {
    if (!result.task->made) continue;  // who wrote it made it as small as it should be
    for (Run& run : result.runs) {
      const std::string kind = kind_of_deviation(run);
      if (kind.empty()) continue;
      const std::size_t steps = shrink::count_steps(result.task->scenario);
      const auto [place, is_new] =
          kinds.emplace(std::pair(run.target, kind), Smallest{&result.task->scenario, steps, &run});
      if (!is_new && steps < place->second.steps) place->second = {&result.task->scenario, steps, &run};
    }
  }
  if (kinds.empty()) return;
  const Clock::time_point until = Clock::now() + time;
  std::map<std::string, std::unique_ptr<Replayer>> replayers;
  std::set<std::string> done;  // what shrinks to the same scenario has one cause
  std::size_t shrunk = 0, left = kinds.size();
  for (const auto& [key, smallest] : kinds) {
    const auto& [target_name, kind] = key;
    if (interrupt::requested() || shrunk == most_findings || Clock::now() > until) break;
    --left;
    std::unique_ptr<Replayer>& replayer = replayers[target_name];
    if (!replayer) {
      const auto target = std::ranges::find(results.targets, target_name,
                                            [](const TargetResult& t) { return t.target.name; });
      replayer = std::make_unique<Replayer>(target->target, waivers, time_limit);
    }
    const auto remaining = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    const std::optional<Finding> finding =
        shrink_finding(*replayer, *smallest.scenario, kind, std::min(time_for_one, remaining), judged_by);
    if (!finding) {
      say(fmt::format("not shrunk: {} on {} did not fail again ({})\n", smallest.scenario->name, target_name,
                      kind));
      continue;
    }
    language::Scenario nameless = finding->scenario;
    nameless.name = "x";
    if (!done.insert(target_name + shrink::one_line(nameless)).second) continue;
    ++shrunk;
    say_finding(*finding);
    if (finding->score.failed > 0)
      smallest.run->minimal =
          Minimal{print(finding->scenario), finding->reproduce, finding->score.failed, finding->score.runs};
    if (folder.empty()) continue;
    const auto files = write_finding(*finding, *replayer->target().profile, folder);
    for (const std::filesystem::path& file : files) say(fmt::format("  written {}\n", file.string()));
    if (files.size() == 1)
      say(fmt::format("  no C program: {}\n", c_text(*finding, *replayer->target().profile).why_not));
  }
  if (left > 0)
    say(fmt::format("{} further kinds of deviation were not shrunk: {}\n", left,
                    interrupt::requested() ? "interrupted" : "time or number was up"));
}

}  // namespace svmq::runner
