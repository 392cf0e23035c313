#include "replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "campaign.hpp"
#include "exhaustion.hpp"
#include "faithful.hpp"
#include "findings.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "shell.hpp"
#include "svmq/language/parse.hpp"

namespace svmq::runner {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// What is recorded of a scenario on a target: its history, or why there is none.
struct Record {
  std::string history, reason;
};
using Records = std::map<std::pair<std::string, std::string>, Record>;  // by target and scenario

class RecordedConductor : public Conductor {
 public:
  RecordedConductor(const Target& target, std::shared_ptr<const Records> records)
      : target_(target), records_(std::move(records)) {}

  void submit(std::shared_ptr<const Task> task) override { waiting_.push_back(std::move(task)); }
  std::size_t pending() const override { return waiting_.size(); }
  std::string finish() override { return ""; }

  Conducted receive() override {
    if (interrupt::requested()) throw Interrupted();
    const std::shared_ptr<const Task> task = std::move(waiting_.front());
    waiting_.pop_front();
    const auto found = records_->find({target_.name, task->scenario.name});
    if (found == records_->end()) return {task, {}, "", "nothing is recorded of it"};
    const Record& record = found->second;
    if (record.history.empty())
      return {task, {}, "", record.reason.empty() ? "no history is recorded of it" : record.reason};
    auto read = read_history(record.history, task->scenario);
    if (const auto* wrong = std::get_if<std::string>(&read))
      return {task, {}, "", fmt::format("recorded is {}", *wrong)};
    return {task, std::move(std::get<language::History>(read)), record.history, ""};
  }

 private:
  const Target& target_;
  const std::shared_ptr<const Records> records_;
  std::deque<std::shared_ptr<const Task>> waiting_;
};

// ------------------------------------------------------------------------------------------ reading results

std::string text_of(const Json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// The histories that stand beside the results.
void read_beside(const fs::path& file, Records& records) {
  constexpr std::string_view mark = "# target ", first = "history ";
  std::istringstream lines(read_file(file));
  std::string target, name, text;
  for (std::string line; std::getline(lines, line);) {
    if (name.empty() && line.starts_with(mark)) target = line.substr(mark.size());
    if (name.empty() && line.starts_with(first)) name = line.substr(first.size());
    if (name.empty()) continue;
    text += line + '\n';
    if (line != "end") continue;
    records.try_emplace({target, name}, Record{std::move(text), ""});
    text.clear();
    name.clear();
  }
}

Records read_records(const Json& results, const fs::path& file) {
  Records records;
  for (const Json& scenario : results.at("scenarios")) {
    for (const Json& run : scenario.at("runs")) {
      const bool not_run = run.at("verdict") == "not-run";
      records[{run.at("target"), scenario.at("name")}] = {text_of(run, "history"),
                                                          not_run ? text_of(run, "reason") : ""};
    }
  }
  if (results.contains("histories") && results["histories"].is_object())
    read_beside(file.parent_path() / fs::path(results["histories"].at("file").get<std::string>()).filename(),
                records);
  return records;
}

Target read_target(const Json& json, const std::string& profile) {
  const std::string name = json.at("name");
  Target target;
  if (name.starts_with("model:")) {
    target = find_target(name);
    probe(target);
  } else {
    target.name = name;
    target.agent = text_of(json, "agent");
    target.refuses = text_of(json, "refuses");
    for (const auto& [need, answer] : json.at("capabilities").items()) target.capabilities[need] = answer;
  }
  const std::string judged_by = profile.empty() ? json.at("profile").get<std::string>() : profile;
  target.profile = model::find_profile(judged_by);
  if (target.profile == nullptr) throw UsageError(fmt::format("there is no profile {}", judged_by));
  return target;
}

Waiver read_waiver(const Json& json, const std::string& date) {
  Waiver waiver{.id = text_of(json, "id"),
                .clause = text_of(json, "clause"),
                .scenario = text_of(json, "scenario"),
                .target = text_of(json, "target"),
                .reason = text_of(json, "reason"),
                .owner = text_of(json, "owner"),
                .expires = text_of(json, "expires"),
                .notice = text_of(json, "notice"),
                .variation = text_of(json, "variation"),
                .reference = ""};
  waiver.expired = !waiver.expires.empty() && waiver.expires < date;
  return waiver;
}

// The scenarios that are not random: all that come with svmq, where the results say that those were
// conducted, and whatever else is listed. One whose text is no scenario is left out.
std::vector<Task> read_files(const Json& results) {
  std::vector<Task> tasks, corpus = read_scenarios({locations().corpus});
  std::map<std::string, const Task*> of_corpus;
  for (const Task& task : corpus) of_corpus[task.scenario.name] = &task;
  std::set<std::string> taken;
  for (const Json& scenario : results.at("scenarios")) {
    const std::string name = scenario.at("name"), source = scenario.at("source");
    if (source == "random") continue;
    const auto known = of_corpus.find(name);
    const bool is_it = known != of_corpus.end() &&
                       (known->second->source == source || known->second->text == text_of(scenario, "text"));
    if (is_it) {
      tasks.push_back(*known->second);
    } else {
      try {
        tasks.push_back(given_task(text_of(scenario, "text"), source));
        tasks.back().reproduce = fmt::format("{} --only {}", shell_word(source), name);
        tasks.back().made = source.starts_with(Exhaustion::source);
        if (tasks.back().scenario.name != name) tasks.pop_back();
      } catch (const UsageError&) {
        continue;
      }
    }
    taken.insert(name);
  }
  if (results.contains("corpus")) {
    for (const Task& task : corpus)
      if (!taken.contains(task.scenario.name)) tasks.push_back(task);
  }
  return tasks;
}

// The random scenarios of which something is recorded.
std::vector<Task> read_random(const Json& results, const Records& records) {
  if (!results.contains("random") || !results["random"].is_object()) return {};
  const Json& json = results["random"];
  RandomPlan plan;
  plan.seed = json.at("seed");
  plan.races = json.value("races", false);
  plan.without.clear();
  for (const Json& needs : json.at("without")) plan.without.push_back(needs.get<std::set<std::string>>());
  if (plan.without.empty()) plan.without.emplace_back();
  const std::string named = fmt::format("random-{}-", plan.seed);
  std::set<std::uint64_t> indexes;
  for (const auto& [key, record] : records) {
    const std::string& name = key.second;
    if (!name.starts_with(named) || name.size() > named.size() + 18) continue;
    const std::string number = name.substr(named.size());
    if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) continue;
    indexes.insert(std::stoull(number));
  }
  std::vector<Task> tasks;
  for (const std::uint64_t index : indexes) tasks.push_back(random_task(plan.id(index)));
  return tasks;
}

// A scenario in which each actor does what it did in this history.
language::Scenario scenario_of(const language::History& history) {
  language::Scenario scenario;
  scenario.name = history.name;
  scenario.actors = history.actors;
  for (const language::Event& event : history.events) {
    if (const auto* call = std::get_if<language::Call>(&event.what)) scenario.items.emplace_back(call->step);
    if (const auto* complete = std::get_if<language::Complete>(&event.what))
      scenario.items.emplace_back(complete->step);
    if (const auto* skipped = std::get_if<language::Skipped>(&event.what))
      scenario.items.emplace_back(skipped->step);
  }
  return scenario;
}

// The scenarios through worlds that are not listed. Which way one took was decided while it was conducted, so
// that only its histories tell: one target's gives the scenario, and those of the others must be of it too.
std::vector<Task> read_worlds(const Json& results, const Records& records) {
  constexpr std::string_view begins = "exhaust-";
  std::set<std::string> known;
  for (const Json& scenario : results.at("scenarios")) known.insert(scenario.at("name"));
  std::vector<Task> tasks;
  for (const auto& [key, record] : records) {
    const std::string& name = key.second;
    if (!name.starts_with(begins) || known.contains(name)) continue;
    const auto parsed = language::parse_histories(record.history, "history");
    const auto* histories = std::get_if<std::vector<language::History>>(&parsed);
    if (histories == nullptr || histories->size() != 1) continue;
    known.insert(name);
    tasks.push_back(task_of_scenario(scenario_of(histories->front())));
    tasks.back().source = Exhaustion::source + name.substr(begins.size(), name.rfind('-') - begins.size());
    tasks.back().made = true;
    tasks.back().needs.clear();  // a history names all credentials; what was conducted could be
  }
  return tasks;
}

// The smaller scenarios that the run made; that they deviate is not known without conducting them.
void add_minimal(const Json& earlier, Results& results) {
  std::map<std::pair<std::string, std::string>, Run*> runs;
  for (auto& [index, scenario] : results.scenarios)
    for (Run& run : scenario.runs) runs[{run.target, scenario.task->scenario.name}] = &run;
  for (const Json& scenario : earlier.at("scenarios")) {
    for (const Json& json : scenario.at("runs")) {
      const auto found = runs.find({json.at("target"), scenario.at("name")});
      if (!json.contains("minimal") || found == runs.end()) continue;
      const Json& minimal = json["minimal"];
      try {
        const Task task = given_task(minimal.at("text"), "a smaller scenario");
        found->second->minimal = {task.text, command_for(task.scenario, found->second->target, ""),
                                  minimal.at("failed"), minimal.at("runs")};
      } catch (const UsageError&) {  // then there is none
      }
    }
  }
}

class Silent : public Listener {
  void scenario_finished(const ScenarioResult&) override {}
  void warning(const std::string&) override {}
};

Results replay(const Json& earlier, const ReplayOptions& options) {
  Plan plan;
  const auto records = std::make_shared<const Records>(read_records(earlier, options.results));
  for (const Json& target : earlier.at("targets"))
    plan.targets.push_back(read_target(target, options.profile));
  plan.files = read_files(earlier);
  const std::optional<Corpus> corpus = whole_corpus(plan.files);
  std::ranges::move(read_random(earlier, *records), std::back_inserter(plan.files));
  std::ranges::move(read_worlds(earlier, *records), std::back_inserter(plan.files));
  const std::string date =
      options.date.empty() ? earlier.at("started").get<std::string>().substr(0, 10) : options.date;
  if (options.waivers.empty()) {
    for (const Json& waiver : earlier.at("waivers")) plan.waivers.push_back(read_waiver(waiver, date));
  } else if (options.waivers != "none") {
    plan.waivers = read_waivers(options.waivers, date);
  }
  plan.histories = std::make_shared<HistoryFile>(options.json);
  plan.jobs = std::max(1U, std::thread::hardware_concurrency());
  plan.conductor = [records](const Target& target) -> std::unique_ptr<Conductor> {
    if (target.is_model()) return make_conductor(target, {}, nullptr);
    return std::make_unique<RecordedConductor>(target, records);
  };
  Silent silent;
  Results results = conduct(plan, silent);
  if (results.interrupted) return results;
  results.corpus = corpus;
  add_minimal(earlier, results);
  write_json(results, earlier, options.json);
  return results;
}

}  // namespace

Results replay(const ReplayOptions& options) {
  try {
    return replay(Json::parse(read_file(options.results)), options);
  } catch (const Json::exception& error) {
    throw UsageError(fmt::format("{}: no results of svmq: {}", options.results.string(), error.what()));
  }
}

}  // namespace svmq::runner
