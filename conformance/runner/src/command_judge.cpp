// svmq judge: judges histories that were made elsewhere or earlier.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <sstream>
#include <utility>

#include "commands.hpp"
#include "console.hpp"
#include "dialogue.hpp"
#include "interrupt.hpp"
#include "replay.hpp"
#include "results.hpp"
#include "scenario_source.hpp"
#include "strace.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"
#include "verdict.hpp"

namespace svmq::runner {
namespace {

using judge::Verdict;

struct JudgeOptions {
  std::vector<std::string> files;
  std::string results, profile, target, waivers, date, json;
};

constexpr const char* usual_profile = "linux-6.18";

// The lines of a file on which histories begin.
std::vector<int> beginnings(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.starts_with("history ")) numbers.push_back(number);
  }
  return numbers;
}

// The target that the histories are from, as far as waivers need to know it.
Target origin(const JudgeOptions& options) {
  Target target;
  target.name = options.target;
  const std::string profile = options.profile.empty() ? usual_profile : options.profile;
  target.profile = model::find_profile(profile);
  if (target.profile == nullptr)
    throw UsageError(fmt::format("there is no profile {}; there are: {}", profile,
                                 fmt::join(model::profile_names(), " ")));
  return target;
}

void report(const std::string& file, const std::string& text, const language::History& history,
            const Run& run) {
  const judge::Judgement& judgement = run.judgement;
  say(fmt::format("{}: {} ({}, {} steps)\n", run.waived() ? "waived" : judge::name(judgement.verdict),
                  history.name, file, judgement.steps));
  if (!judgement.reason.empty()) say(fmt::format("  reason    {}\n", judgement.reason));
  if (run.waived()) say(fmt::format("  waived by {}\n", fmt::join(run.waivers, " ")));
  for (std::size_t i = 0; i < judgement.deviations.size(); ++i)
    say(fmt::format("  {}:{}\n{}", file, run.lines[i],
                    describe(judgement.deviations[i], text, run.lines[i])));
}

// What is to be judged of a file.
struct Given {
  std::vector<language::History> histories;
  std::map<std::string, std::size_t> left_out;  // calls of a log of strace, by reason
  judge::Budget budget;
};

Given read_given(const std::string& text, const std::string& file) {
  if (is_strace(text)) {
    Traced traced = read_strace(text, file);
    return {{std::move(traced.history)},
            std::move(traced.left_out),
            judge::Budget{.states = 50'000'000}};  // a log may be long
  }
  auto parsed = language::parse_histories(text, file);
  if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
  Given given{std::move(std::get<std::vector<language::History>>(parsed)), {}, {}};
  if (given.histories.empty()) throw UsageError(fmt::format("{}: no history in it", file));
  return given;
}

int judge_files(const JudgeOptions& options) {
  const Target target = origin(options);
  std::vector<Waiver> waivers;
  if (!options.waivers.empty())
    waivers = read_waivers(options.waivers, options.date.empty() ? today() : options.date);
  if (options.files.empty() && options.waivers.empty()) throw UsageError("name a file: svmq judge HISTORY");
  if (!options.json.empty()) check_writable(options.json);
  std::vector<std::pair<std::string, Run>> runs;
  bool deviates = false, all_conform = true;
  for (const std::string& file : options.files) {
    const std::string text = without_markers(read_file(file));
    const Given given = read_given(text, file);
    const std::vector<int> begins = beginnings(text);
    for (std::size_t i = 0; i < given.histories.size(); ++i) {
      const language::History& history = given.histories[i];
      Run run = judged(target, {nullptr, history, "", ""}, waivers, given.budget);
      if (options.json.empty()) report(file, text, history, run);
      deviates = deviates || (run.judgement.verdict == Verdict::nonconform && !run.waived());
      all_conform = all_conform && (run.judgement.verdict == Verdict::conform || run.waived());
      if (options.json.empty()) continue;
      for (int& line : run.lines)
        line -= line > 0 && i < begins.size() ? begins[i] - 1 : 0;  // within the history
      runs.emplace_back(history.name, std::move(run));
    }
    if (!options.json.empty()) continue;
    for (const auto& [reason, count] : given.left_out)
      say(fmt::format("  not judged {:>6} calls {}\n", count, reason));
  }
  if (!options.json.empty()) write_json(runs, options.json);
  return deviates ? nonconform : all_conform ? conform : undecided;
}

int judge_results(const JudgeOptions& options) {
  if (!options.files.empty() || !options.target.empty())
    throw UsageError("--results judges all that the results hold: name neither a HISTORY nor a --target");
  if (options.json.empty()) throw UsageError("--results needs --json FILE, where the results judged anew go");
  check_writable(options.json);
  const Results results =
      replay({options.results, options.profile, options.waivers, options.date, options.json});
  return results.interrupted ? interrupt::exit_status() : exit_status(results);
}

constexpr const char* judge_explanation = R"(
A history is what svmq-agent prints. It is judged alone: neither the scenario nor the system that it came from is needed.
A log of `strace -f -ttt -e trace=msgget,msgsnd,msgrcv,msgctl -o LOG PROGRAM` is judged too; what it does not tell (credentials,
queues from before, the end of long texts) is taken to be right.
Waivers may be for a target: --target says which one the histories are from. Without a HISTORY the waivers are only checked.
--results judges all histories of an earlier run, each target by its own profile, and writes what `svmq run` would have
written of them; random scenarios are generated again, and the model conducts them again.
Exit status: 0 all conform, 1 one does not, 2 wrong usage or a malformed file, 3 undecided.

Example:
  svmq-agent < some.scenario > some.history; svmq judge some.history --profile posix
  strace -f -ttt -e trace=msgget,msgsnd,msgrcv,msgctl -o log ipcmk -Q; svmq judge log)";

}  // namespace

void add_judge(CLI::App& app, int& status) {
  const auto options = std::make_shared<JudgeOptions>();
  CLI::App* command = app.add_subcommand("judge", "Judges histories, or logs of strace, from files");
  command->add_option("HISTORY", options->files, "Files of histories, or of strace; - is standard input");
  command
      ->add_option("--results", options->results,
                   "Judge what `svmq run --json` wrote to this file; needs --json")
      ->type_name("FILE")
      ->take_last();
  command->add_option("--profile", options->profile, "What to judge by; else linux-6.18")
      ->type_name("P")
      ->take_last();
  command->add_option("--waivers", options->waivers, "Accept the deviations that this TOML file lists")
      ->type_name("FILE")
      ->take_last();
  command->add_option("--target", options->target, "The target that the histories are from")
      ->type_name("T")
      ->take_last();
  command
      ->add_option("--date", options->date, "Take waivers as they were on this day, YYYY-MM-DD; else today")
      ->type_name("DAY")
      ->take_last();
  command->add_option("--json", options->json, "Write the verdicts to this file instead")
      ->type_name("FILE")
      ->take_last();
  command->footer(judge_explanation);
  command->callback([options, &status] {
    status = options->results.empty() ? judge_files(*options) : judge_results(*options);
  });
}

}  // namespace svmq::runner
