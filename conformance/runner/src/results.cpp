#include "results.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <linux/capability.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "catalogue.hpp"
#include "locations.hpp"
#include "sha256.hpp"
#include "unfinished.hpp"
#include "version.hpp"

namespace svmq::runner {
namespace {

using Json = nlohmann::ordered_json;
using judge::Verdict;

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// Those of this process that queues ask for, of all that it has.
Json privileges() {
  const std::pair<const char*, int> asked_for[] = {{"dac_override", CAP_DAC_OVERRIDE},
                                                   {"ipc_owner", CAP_IPC_OWNER},
                                                   {"sys_admin", CAP_SYS_ADMIN},
                                                   {"sys_resource", CAP_SYS_RESOURCE},
                                                   {"checkpoint_restore", CAP_CHECKPOINT_RESTORE}};
  std::ifstream status("/proc/self/status");
  std::uint64_t effective = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("CapEff:")) effective = std::strtoull(line.c_str() + 7, nullptr, 16);
  }
  Json names = Json::array();
  for (const auto& [name, bit] : asked_for)
    if ((effective >> bit & 1) != 0) names.push_back(name);
  return names;
}

Json limits() {
  Json values = Json::object();
  for (const char* name : {"msgmax", "msgmnb", "msgmni"}) {
    std::uint64_t value = 0;
    if (std::ifstream(fmt::format("/proc/sys/kernel/{}", name)) >> value) values[name] = value;
  }
  return values;
}

Json namespaces() {
  Json names = Json::object();
  for (const char* kind : {"ipc", "user"}) {
    std::error_code failed;
    const auto link = std::filesystem::read_symlink(fmt::format("/proc/self/ns/{}", kind), failed);
    if (!failed) names[kind] = link.string();
  }
  return names;
}

Json environment() {
  utsname system{};
  uname(&system);
  return {{"system", fmt::format("{} {}", system.sysname, system.release)},
          {"kernel", system.version},
          {"machine", system.machine},
          {"libc", fmt::format("glibc {}", gnu_get_libc_version())},
          {"cpus", std::thread::hardware_concurrency()},
          {"user", getuid()},
          {"privileges", privileges()},
          {"limits", limits()},
          {"namespaces", namespaces()}};
}

Json to_json(const Summary& s) {
  return {{"scenarios", s.scenarios},   {"steps", s.steps},     {"conform", s.conform},
          {"nonconform", s.nonconform}, {"unknown", s.unknown}, {"unsupported", s.unsupported},
          {"not_run", s.not_run},       {"waived", s.waived}};
}

Json to_json(const TargetResult& result) {
  Json capabilities = Json::object();
  for (const auto& [need, answer] : result.target.capabilities) capabilities[need] = answer;
  Json json{{"name", result.target.name},
            {"profile", result.target.profile->name},
            {"agent", result.target.agent},
            {"capabilities", std::move(capabilities)},
            {"summary", to_json(result.summary)}};
  if (!result.target.refuses.empty()) json["refuses"] = result.target.refuses;
  return json;
}

Json coverage_of(const TargetResult& result) {
  Json clauses = Json::object();
  for (const auto& [id, count] : result.coverage) {
    clauses[id] = {{"conform", count.conform}, {"nonconform", count.nonconform}, {"waived", count.waived}};
  }
  return clauses;
}

Json to_json(const judge::Deviation& deviation, int line) {
  Json allowed = Json::array();
  for (const judge::Allowed& outcome : deviation.allowed) {
    allowed.push_back({{"result", outcome.result}, {"clauses", outcome.clauses}});
  }
  Json json{{"event", deviation.event}};
  if (line > 0) json["line"] = line;
  json["step"] = deviation.step;
  json["observed"] = deviation.observed;
  json["allowed"] = std::move(allowed);
  json["clauses"] = deviation.clauses;
  return json;
}

Json to_json(const Run& run) {
  const judge::Judgement& judgement = run.judgement;
  Json json{{"target", run.target}, {"verdict", judge::name(judgement.verdict)}};
  if (!judgement.reason.empty()) json["reason"] = judgement.reason;
  json["steps"] = judgement.steps;
  json["seconds"] = std::round(run.seconds * 1e6) / 1e6;
  json["clauses"] = judgement.clauses;
  if (!run.history.empty()) json["history"] = run.history;
  json["deviations"] = Json::array();
  if (judgement.verdict == Verdict::nonconform) {
    for (std::size_t i = 0; i < judgement.deviations.size(); ++i) {
      json["deviations"].push_back(to_json(judgement.deviations[i], i < run.lines.size() ? run.lines[i] : 0));
    }
  }
  if (run.waived()) json["waivers"] = run.waivers;
  if (run.minimal) {
    json["minimal"] = {{"text", run.minimal->text},
                       {"reproduce", run.minimal->reproduce},
                       {"failed", run.minimal->failed},
                       {"runs", run.minimal->runs}};
  }
  return json;
}

Json to_json(const ScenarioResult& result) {
  const language::Scenario& scenario = result.task->scenario;
  Json runs = Json::array();
  for (const Run& run : result.runs) runs.push_back(to_json(run));
  return {{"name", scenario.name},         {"title", scenario.title},     {"source", result.task->source},
          {"reproduce", result.reproduce}, {"clauses", scenario.clauses}, {"seeds", scenario.seeds},
          {"text", result.task->text},     {"runs", std::move(runs)}};
}

Json to_json(const Disagreement& d) {
  Json json{{"scenario", d.scenario},
            {"targets", {d.left, d.right}},
            {"verdicts", {{d.left, d.left_verdict}, {d.right, d.right_verdict}}}};
  if (!d.step.empty()) {
    json["step"] = d.step;
    json["results"] = {{d.left, d.left_result}, {d.right, d.right_result}};
  }
  return json;
}

Json to_json(const Waiver& waiver, std::uint64_t used) {
  return {{"id", waiver.id},
          {"clause", or_null(waiver.clause)},
          {"scenario", or_null(waiver.scenario)},
          {"variation", or_null(waiver.variation)},
          {"target", or_null(waiver.target)},
          {"reason", waiver.reason},
          {"notice", or_null(waiver.notice)},
          {"owner", or_null(waiver.owner)},
          {"expires", or_null(waiver.expires)},
          {"used", used}};
}

Json to_json(const ClauseEntry& entry) {
  Json json{{"call", entry.call},
            {"statement", entry.statement},
            {"level", entry.level},
            {"sources", entry.sources}};
  if (!entry.unobservable.empty()) json["unobservable"] = entry.unobservable;
  if (!entry.note.empty()) json["note"] = entry.note;
  return json;
}

Json to_json(const RandomPlan& plan) {
  Json json{{"seed", plan.seed},
            {"without", plan.without},
            {"ranges", Json::array({Json::array({plan.first, plan.count.value_or(0)})})}};
  if (plan.races) json["races"] = true;
  return json;
}

Json to_json(const Results& results) {
  Json json{{"schema", "svmq-results/2"},
            {"svmq", {{"version", version}}},
            {"started",
             fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(results.started)))},
            {"seconds", results.seconds},
            {"interrupted", results.interrupted},
            {"bad_ends", results.bad_ends},
            {"incomplete", results.incomplete},
            {"command", results.command},
            {"seed", results.random ? Json(results.random->seed) : Json(nullptr)},
            {"random", results.random ? to_json(*results.random) : Json(nullptr)},
            {"environment", environment()},
            {"catalogue", {{"sha256", sha256(read_file(locations().catalogue))}}}};
  if (results.random && results.random->shard)
    json["shard"] = {{"parts", {results.random->shard->part}}, {"of", results.random->shard->of}};
  if (results.histories && results.histories->count() > 0) {
    json["histories"] = {{"file", results.histories->name()},
                         {"sha256", results.histories->sum()},
                         {"count", results.histories->count()}};
  }
  if (results.corpus)
    json["corpus"] = {{"scenarios", results.corpus->scenarios}, {"sha256", results.corpus->sha256}};
  json["targets"] = Json::array();
  for (const TargetResult& result : results.targets) json["targets"].push_back(to_json(result));
  json["clauses"] = Json::object();
  for (const auto& [id, entry] : read_catalogue(locations().catalogue)) {
    json["clauses"][id] = to_json(entry);
  }
  json["coverage"] = Json::object();
  for (const TargetResult& result : results.targets)
    json["coverage"][result.target.name] = coverage_of(result);
  json["scenarios"] = Json::array();
  for (const auto& [index, scenario] : results.scenarios) json["scenarios"].push_back(to_json(scenario));
  json["disagreements"] = Json::array();
  for (const Disagreement& disagreement : results.disagreements)
    json["disagreements"].push_back(to_json(disagreement));
  json["waivers"] = Json::array();
  for (const Waiver& waiver : results.waivers) {
    const auto used = results.waiver_uses.find(waiver.id);
    json["waivers"].push_back(to_json(waiver, used == results.waiver_uses.end() ? 0 : used->second));
  }
  return json;
}

}  // namespace

int exit_status(const Results& results) {
  const auto any = [&](auto condition) {
    return std::any_of(results.targets.begin(), results.targets.end(), condition);
  };
  if (any([](const TargetResult& t) { return t.summary.nonconform > 0; })) return 1;
  if (!results.bad_ends.empty() || results.targets.empty() ||
      any([](const TargetResult& t) { return t.summary.executed() == 0; }))
    return 3;
  if (!results.incomplete.empty()) return 3;
  return any([](const TargetResult& t) { return t.summary.unknown + t.summary.not_run > 0; }) ? 3 : 0;
}

namespace {

void write(const Json& json, const std::filesystem::path& file) {
  std::error_code ignored;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  const std::filesystem::path part = unfinished(file);
  std::ofstream stream(part, std::ios::binary);
  stream << json.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  stream.close();
  if (!stream || std::rename(part.c_str(), file.c_str()) != 0) {
    const int error = errno;
    std::filesystem::remove(part, ignored);
    throw UsageError(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(error)));
  }
}

}  // namespace

void check_writable(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto fail = [&](const char* why) {
    throw UsageError(fmt::format("{}: cannot be written: {}", file.string(), why));
  };
  if (std::filesystem::is_directory(file, ignored)) fail(std::strerror(EISDIR));
  if (std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored))
    fail("it is no file, and would be replaced by one");
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  const std::filesystem::path trial = unfinished(file);
  if (!std::ofstream(trial).is_open()) fail(std::strerror(errno));
  std::filesystem::remove(trial, ignored);
}

void write_json(const Results& results, const std::filesystem::path& file) {
  if (results.histories) results.histories->copy_beside(file);
  write(to_json(results), file);
}

void write_json(const Results& results, const Json& earlier, const std::filesystem::path& file) {
  Json json = to_json(results);
  for (const char* member : {"started", "seconds", "interrupted", "bad_ends", "incomplete", "shard",
                             "command", "seed", "random", "environment"}) {
    json.erase(member);
    if (earlier.contains(member)) json[member] = earlier[member];
  }
  if (results.histories) results.histories->copy_beside(file);
  write(json, file);
}

void write_json(const std::vector<std::pair<std::string, Run>>& runs, const std::filesystem::path& file) {
  Json json = Json::array();
  for (const auto& [scenario, run] : runs) {
    json.push_back(to_json(run));
    json.back()["scenario"] = scenario;
  }
  write(json, file);
}

}  // namespace svmq::runner
