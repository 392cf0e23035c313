#include "mutant_record.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "scenario_source.hpp"
#include "version.hpp"

namespace svmq::runner {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Trial& trial) {
  Json json{{"killed", trial.killed}, {"scenarios", trial.scenarios}, {"seconds", trial.seconds}};
  if (!trial.trouble.empty()) json["trouble"] = trial.trouble;
  if (!trial.killed) return json;
  json.update({{"part", trial.part},
               {"scenario", trial.scenario},
               {"how", trial.how},
               {"offended", trial.clause},
               {"steps", trial.steps},
               {"steps_left", trial.steps_left},
               {"text", trial.text}});
  return json;
}

Json to_json(const MutantResult& result, const MutantRecord& before) {
  const Mutant& mutant = result.mutant;
  Json json{{"id", mutant.id}, {"kind", name(mutant.kind)}, {"clause", mutant.clause}};
  if (!mutant.seen.empty()) json["seen"] = mutant.seen;
  if (!mutant.why.empty()) json["why"] = mutant.why;
  if (!mutant.equivalent.empty()) json["equivalent"] = mutant.equivalent;
  json.update(to_json(result.trial));
  const auto last = before.find(mutant.id);
  if (result.trial.killed)
    json["last_killed_by"] = version;
  else if (last != before.end())
    json["last_killed_by"] = last->second;
  return json;
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

// An array with an element a line, so that a change of one is a change of one line.
std::string lines(const std::string& name, const std::vector<Json>& elements) {
  std::string text = fmt::format(" \"{}\": [", name);
  for (std::size_t i = 0; i < elements.size(); ++i)
    text += (i == 0 ? "\n  " : ",\n  ") + text_of(elements[i]);
  return text + "]";
}

}  // namespace

MutantRecord read_record(const std::filesystem::path& file) {
  MutantRecord record;
  try {
    const Json json = Json::parse(read_file(file));
    for (const Json& mutant : json.at("mutants"))
      if (mutant.contains("last_killed_by"))
        record[mutant.at("id").get<std::string>()] = mutant.at("last_killed_by").get<std::string>();
  } catch (const Json::exception& error) {
    throw UsageError(fmt::format("{}: is no record of svmq mutants: {}", file.string(), error.what()));
  }
  return record;
}

void write_record(const MutantResults& results, const MutantPlan& plan, const MutantRecord& before,
                  const std::filesystem::path& file) {
  std::vector<Json> mutants, controls;
  for (const MutantResult& result : results.mutants) mutants.push_back(to_json(result, before));
  for (const Control& control : results.controls) {
    controls.push_back({{"name", control.name}});
    controls.back().update(to_json(control.trial));
  }
  Json head{{"format", "svmq-mutants"},
            {"format_version", 1},
            {"svmq_version", version},
            {"seed", plan.seed},
            {"seconds", results.seconds}};
  if (!plan.with.empty()) head["with"] = plan.with;
  std::string text = head.dump(1, ' ', true, Json::error_handler_t::replace);
  text.erase(text.rfind('\n'));  // and the brace behind it
  text += ",\n" + lines("mutants", mutants) + ",\n" + lines("controls", controls) + "\n}\n";
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw UsageError(fmt::format("{}: cannot be written", file.string()));
}

}  // namespace svmq::runner
