#include "settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "commands.hpp"
#include "console.hpp"
#include "findings.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "shell.hpp"

namespace svmq::runner {
namespace {

std::uint64_t fresh_seed() { return std::random_device()(); }

std::set<std::string> lacking(const Target& target) {
  std::set<std::string> needs;
  for (const std::string& need : all_needs()) {
    if (!target.lacks({need}).empty()) needs.insert(need);
  }
  return needs;
}

std::uint64_t total_of(const Plan& plan) {
  if (!plan.random) return plan.files.size();
  return plan.random->count ? plan.files.size() + *plan.random->count : 0;
}

// CLI11 would take -1 for the largest number there is.
std::string complain_of_number(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return digits ? "" : fmt::format("{} is not a whole number", text);
}

// Where a part without a number of scenarios begins behind the one before; no time is enough for so many.
constexpr std::uint64_t far = 1'000'000'000;

// "3/8": the third of eight parts of equal size, one behind another.
void take_shard(const std::string& shard, RandomPlan& plan) {
  const std::size_t slash = std::min(shard.find('/'), shard.size() - 1);
  const auto number = [](const std::string& text) {
    return complain_of_number(text).empty() && text.size() < 7 ? std::stoull(text) : 0;
  };
  const std::uint64_t part = number(shard.substr(0, slash)), parts = number(shard.substr(slash + 1));
  if (part < 1 || part > parts)
    throw UsageError(fmt::format("--shard {}: expected I/N with I from 1 to N, as 3/8", shard));
  plan.shard = {part, parts};
  if (!plan.count) {
    plan.first += (part - 1) * far;
    return;
  }
  const std::uint64_t each = *plan.count / parts,
                      rest = *plan.count % parts;  // the first `rest` have one more
  plan.first += (part - 1) * each + std::min(part - 1, rest);
  plan.count = each + (part <= rest ? 1 : 0);
}

}  // namespace

const CLI::Validator whole_number(complain_of_number, "");

void Settings::declare_conducting(CLI::App& command) {
  // Of an option given twice the last one counts, so that a script can give defaults that its user overrides.
  command.add_option("--target,-t", targets, "Conduct on this target (repeatable); see `svmq targets`")
      ->type_name("T")
      ->allow_extra_args(false);
  command
      .add_option("--waivers", waivers,
                  "Accept the deviations that this TOML file lists; 'none' for no file (else libsvmq's own)")
      ->type_name("FILE")
      ->take_last();
  command.add_option("--json", json, "Write the results to this file")->type_name("FILE")->take_last();
  command.add_option("--report", report, "Write results.json and the reports made from it to this folder")
      ->type_name("DIR")
      ->take_last();
  command
      .add_option("--jobs,-j", jobs, "Agents of each target that work at a time; else one for each processor")
      ->type_name("N")
      ->check(whole_number)
      ->check(CLI::Validator(
          [](const std::string& text) { return text == "0" ? "at least one is needed" : ""; }, ""))
      ->take_last();
  command.add_option("--time-limit", time_limit, "How long a call may neither return nor sleep")
      ->type_name("MS")
      ->check(whole_number)
      ->check(CLI::Validator(
          [](const std::string& text) { return text == "0" ? "no call can return within 0 ms" : ""; }, ""))
      ->take_last()
      ->capture_default_str();
  command
      .add_option("--shrink", shrink,
                  "At most so long make scenarios of its own that deviate small; 0: leave them as they are")
      ->type_name("S")
      ->check(whole_number)
      ->take_last()
      ->capture_default_str();
}

void Settings::declare(CLI::App& command) {
  declare_conducting(command);
  command.add_option("--profile", profile, "Judge all targets by this profile instead of each one's own")
      ->type_name("P")
      ->take_last();
  command.add_option("--seed", seed, "Seed of the random scenarios; else one is chosen and printed")
      ->type_name("N")
      ->check(whole_number)
      ->take_last();
  command
      .add_option("--first", first,
                  "Index of the first random scenario: shards of one seed begin where others end")
      ->type_name("N")
      ->check(whole_number)
      ->take_last();
  command
      .add_option("--shard", shard,
                  "Only part I of N of the random scenarios, as 3/8: svmq report DIR DIR… merges the parts")
      ->type_name("I/N")
      ->take_last();
  command.add_option("--seconds", seconds, "Begin random scenarios for so long")
      ->type_name("S")
      ->check(whole_number)
      ->take_last();
}

std::vector<std::filesystem::path> Settings::results() const {
  std::vector<std::filesystem::path> files;
  if (!json.empty()) files.emplace_back(json);
  if (!report.empty()) files.push_back(std::filesystem::path(report) / "results.json");
  return files;
}

void remove_earlier(const Settings& settings) {
  const auto remove = [](const std::filesystem::path& file) {
    std::error_code failed;
    std::filesystem::remove(file, failed);
    if (failed) throw UsageError(fmt::format("{}: cannot be replaced: {}", file.string(), failed.message()));
  };
  for (const std::filesystem::path& file : settings.results()) {
    check_writable(file);
    remove(file);
    remove(HistoryFile::beside(file));
  }
  if (settings.report.empty()) return;
  for (const char* name : {"index.html", "summary.md", "junit.xml", "results.tap", "results.sarif",
                           "statement.md", "statement.json"})
    remove(std::filesystem::path(settings.report) / name);
}

void remove_earlier(const std::vector<std::string>& words) {
  if (words.empty() || (words[0] != "run" && words[0] != "fuzz" && words[0] != "exhaust")) return;
  if (std::ranges::any_of(words, [](const std::string& word) { return word == "--help" || word == "-h"; }))
    return;
  Settings settings;
  const auto take = [&](std::string_view option, std::string& value) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string_view word = words[i];
      if (word == option && i + 1 < words.size() && !words[i + 1].starts_with('-')) value = words[i + 1];
      if (word.starts_with(option) && word.substr(option.size()).starts_with('='))
        value = word.substr(option.size() + 1);
    }
  };
  take("--json", settings.json);
  take("--report", settings.report);
  try {
    remove_earlier(settings);
  } catch (const UsageError&) {  // whoever understands the words says so
  }
}

std::vector<Target> chosen_targets(const std::vector<std::string>& names, const std::string& profile) {
  std::vector<Target> targets;
  for (const std::string& name :
       names.empty() ? std::vector<std::string>{"linux", "impl", "model:linux-6.18"} : names) {
    const bool twice = std::any_of(targets.begin(), targets.end(),
                                   [&](const Target& target) { return target.name == name; });
    if (twice) continue;
    Target target = find_target(name);
    if (!profile.empty()) {
      target.profile = model::find_profile(profile);
      if (target.profile == nullptr) throw UsageError(fmt::format("there is no profile {}", profile));
    }
    probe(target);
    if (!target.missing.empty() && !names.empty())
      throw UsageError(fmt::format("target {}: {}", name, target.missing));
    if (!target.missing.empty())
      warn(fmt::format("without target {}: {}", name, target.missing));
    else
      targets.push_back(std::move(target));
  }
  return targets;
}

RandomPlan random_plan(const Settings& settings, const std::vector<Target>& targets,
                       std::optional<std::uint64_t> count) {
  RandomPlan plan;
  plan.seed = settings.seed ? *settings.seed : fresh_seed();
  plan.first = settings.first;
  plan.count = count;
  if (!settings.shard.empty()) take_shard(settings.shard, plan);
  if (settings.seconds) plan.time = std::chrono::seconds(*settings.seconds);
  // The model can do everything: what only it could be conducted on would be made for nothing.
  const bool models_alone =
      std::ranges::all_of(targets, [](const Target& t) { return t.is_model() || !t.refuses.empty(); });
  std::set<std::string> nobody_has = all_needs(), somebody_lacks;
  for (const Target& target : targets) {
    if ((target.is_model() && !models_alone) || !target.refuses.empty()) continue;
    const std::set<std::string> lacks = lacking(target);
    somebody_lacks.insert(lacks.begin(), lacks.end());
    std::erase_if(nobody_has, [&](const std::string& need) { return !lacks.contains(need); });
  }
  plan.without = {nobody_has};
  if (somebody_lacks != nobody_has) plan.without.push_back(somebody_lacks);
  return plan;
}

std::vector<Waiver> chosen_waivers(const std::string& file, const std::vector<Target>& targets) {
  std::vector<Waiver> waivers;
  if (file.empty() && std::filesystem::exists(locations().waivers))
    waivers = read_waivers(locations().waivers, today());
  else if (!file.empty() && file != "none")
    waivers = read_waivers(file, today());
  for (const Target& target : targets)
    waivers.insert(waivers.end(), target.deviations.begin(), target.deviations.end());
  return waivers;
}

std::string judging_options(const std::string& profile, const std::string& waivers) {
  return (profile.empty() ? "" : " --profile " + profile) +
         (waivers.empty() ? "" : " --waivers " + shell_word(waivers));
}

int carry_out(Plan plan, const Settings& settings, const std::vector<std::string>& command, bool each) {
  plan.waivers = chosen_waivers(settings.waivers, plan.targets);
  plan.judged_by = judging_options(settings.profile, settings.waivers);
  const std::vector<std::filesystem::path> files = settings.results();
  if ((plan.random || plan.supply) && !files.empty()) plan.histories = std::make_shared<HistoryFile>(files.front());
  plan.jobs = settings.jobs > 0 ? settings.jobs : std::max(1U, std::thread::hardware_concurrency());
  plan.time_limit = std::chrono::milliseconds(settings.time_limit);
  if (plan.random && !settings.seed) say(fmt::format("seed {}\n", plan.random->seed));

  Console console(total_of(plan), each);
  Results results = conduct(plan, console);
  results.command = command;
  if (!results.interrupted) results.corpus = whole_corpus(plan.files);
  if (plan.supply) {
    std::vector<std::string> names;
    for (const Target& target : plan.targets) names.push_back(target.name);
    const Supply::Account account = plan.supply->account(names);
    say(account.text);
    results.incomplete = account.missing;
  }
  if (settings.shrink > 0 && !results.interrupted) {
    const std::filesystem::path folder =
        settings.report.empty() ? "" : std::filesystem::path(settings.report) / "findings";
    shrink_all(results, plan.waivers, plan.time_limit, std::chrono::seconds(settings.shrink), plan.judged_by,
               folder);
    results.interrupted = interrupt::requested();
  }
  console.summary(results);
  for (const std::filesystem::path& file : files) write_json(results, file);
  int status = results.interrupted ? interrupt::exit_status() : exit_status(results);
  if (!settings.report.empty()) {
    const std::filesystem::path& report = files.back();
    const int made = results.interrupted ? 0 : make_report(report, settings.report);
    if (results.interrupted)
      say(fmt::format("the reports of this part: svmq report {} --output {}\n", shell_word(report.string()),
                      shell_word(settings.report)));
    if (made != 0 && status != nonconform) status = made;
  }
  return status;
}

std::vector<std::string>& command_line() {
  static std::vector<std::string> words;
  return words;
}

}  // namespace svmq::runner
