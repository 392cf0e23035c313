// svmq judge: judges histories that were made elsewhere or earlier.
#include <fmt/format.h>

#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "dialogue.hpp"
#include "scenario_source.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"

namespace svmq::runner {
namespace {

using judge::Verdict;

struct JudgeOptions {
  std::vector<std::string> files;
  std::string profile = "linux-6.18";
};

void report(const std::string& file, const std::string& text, const language::History& history,
            const judge::Judgement& judgement) {
  say(fmt::format("{}: {} ({}, {} steps)\n", judge::name(judgement.verdict), history.name, file,
                  judgement.steps));
  if (!judgement.reason.empty()) say(fmt::format("  reason    {}\n", judgement.reason));
  for (const judge::Deviation& deviation : judgement.deviations) {
    const bool known = deviation.event < history.events.size();
    const int line = known ? history.events[deviation.event].place.line : 0;
    say(fmt::format("  {}:{}\n{}", file, line, describe(deviation, text, line)));
  }
}

int judge_files(const JudgeOptions& options) {
  const model::Profile* profile = model::find_profile(options.profile);
  if (profile == nullptr) throw UsageError(fmt::format("there is no profile {}", options.profile));
  bool deviates = false, all_conform = true;
  for (const std::string& file : options.files) {
    const std::string text = without_markers(read_file(file));
    auto parsed = language::parse_histories(text, file);
    if (const auto* error = std::get_if<language::ParseError>(&parsed)) throw UsageError(error->message());
    const auto& histories = std::get<std::vector<language::History>>(parsed);
    if (histories.empty()) throw UsageError(fmt::format("{}: no history in it", file));
    for (const language::History& history : histories) {
      const judge::Judgement judgement = judge::judge(history, *profile);
      report(file, text, history, judgement);
      deviates = deviates || judgement.verdict == Verdict::nonconform;
      all_conform = all_conform && judgement.verdict == Verdict::conform;
    }
  }
  return deviates ? nonconform : all_conform ? conform : undecided;
}

constexpr const char* judge_explanation = R"(
A history is what svmq-agent prints. It is judged alone: neither the scenario nor the system that it came from is needed.
Exit status: 0 all conform, 1 one does not, 2 wrong usage or a malformed file, 3 undecided.

Example:
  svmq-agent < some.scenario > some.history; svmq judge some.history --profile posix)";

}  // namespace

void add_judge(CLI::App& app, int& status) {
  const auto options = std::make_shared<JudgeOptions>();
  CLI::App* command = app.add_subcommand("judge", "Judges histories from files");
  command->add_option("HISTORY", options->files, "Files of histories; - is standard input")->required();
  command->add_option("--profile", options->profile, "What to judge by")
      ->type_name("P")
      ->take_last()
      ->capture_default_str();
  command->footer(judge_explanation);
  command->callback([options, &status] { status = judge_files(*options); });
}

}  // namespace svmq::runner
