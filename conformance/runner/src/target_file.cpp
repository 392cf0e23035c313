#include "target_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "locations.hpp"
#include "scenario_source.hpp"
#include "toml_file.hpp"

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view known_keys[] = {"summary",  "command", "profile", "console",  "start_limit",
                                           "slowness", "agents",  "lacks",   "deviation"};

template <typename Value>
Value read(const toml::table& table, const std::string& file, std::string_view key, Value otherwise,
           const char* what) {
  const toml::node_view node = table[key];
  if (!node) return otherwise;
  const auto value = node.value_exact<Value>();
  if (!value) throw UsageError(fmt::format("{}: {} must be {}", file, key, what));
  return *value;
}

std::int64_t read_number(const toml::table& table, const std::string& file, std::string_view key,
                         std::int64_t otherwise, std::int64_t most) {
  const std::int64_t number = read<std::int64_t>(table, file, key, otherwise, "a whole number");
  if (number < 1 || number > most)
    throw UsageError(fmt::format("{}: {} must be from 1 to {}", file, key, most));
  return number;
}

std::map<std::string, std::string> read_lacks(const toml::table& table, const std::string& file) {
  std::map<std::string, std::string> lacks;
  if (!table["lacks"]) return lacks;
  const toml::table* entries = table["lacks"].as_table();
  if (entries == nullptr) throw UsageError(fmt::format("{}: lacks must be a table: NEED = \"why\"", file));
  for (const auto& [need, reason] : *entries) {
    if (!all_needs().contains(std::string(need.str())))
      throw UsageError(fmt::format("{}: lacks: there is no need {}; there are: {}", file, need.str(),
                                   fmt::join(all_needs(), " ")));
    if (!reason.is_string())
      throw UsageError(fmt::format("{}: lacks: {} must give the reason", file, need.str()));
    lacks[std::string(need.str())] = fmt::format("no: {}", reason.as_string()->get());
  }
  return lacks;
}

}  // namespace

fs::path target_folder() { return fs::path(SVMQ_SOURCE_DIR) / "conformance" / "targets"; }

std::vector<fs::path> target_files() {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(target_folder(), ignored))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

Program shell_program(const std::string& command) {
  Program program;
  program.arguments = {"/bin/sh", "-c", command};
  program.environment["SVMQ_PROGRAMS"] = locations().programs.string();
  program.environment["SVMQ_SOURCE"] = SVMQ_SOURCE_DIR;
  return program;
}

Target read_target(const fs::path& path) {
  const std::string file = path.string();
  const toml::table table = read_toml(path);
  for (const auto& [key, value] : table) {
    if (std::find(std::begin(known_keys), std::end(known_keys), key.str()) == std::end(known_keys))
      throw UsageError(
          fmt::format("{}: there is no key {}; there are: {}", file, key.str(), fmt::join(known_keys, " ")));
  }
  Target target;
  target.name = path.stem().string();
  target.summary = read<std::string>(table, file, "summary", "", "a text");
  const std::string command = read<std::string>(table, file, "command", "", "a text");
  if (command.empty()) throw UsageError(fmt::format("{}: command is missing: what starts the agent", file));
  target.program = shell_program(command);
  const std::string profile =
      read<std::string>(table, file, "profile", "linux-6.18", "the name of a profile");
  target.profile = model::find_profile(profile);
  if (target.profile == nullptr)
    throw UsageError(fmt::format("{}: there is no profile {}; there are: {}", file, profile,
                                 fmt::join(model::profile_names(), " ")));
  target.by_command = true;
  target.console = read<bool>(table, file, "console", false, "true or false");
  target.start_limit = std::chrono::seconds(read_number(table, file, "start_limit", 30, 3600));
  target.slowness = static_cast<int>(read_number(table, file, "slowness", 1, 1000));
  if (table["agents"]) target.agents = static_cast<unsigned>(read_number(table, file, "agents", 1, 1000));
  target.never = read_lacks(table, file);
  if (table["deviation"] && !table["deviation"].is_array())
    throw UsageError(fmt::format("{}: expected [[deviation]] tables", file));
  target.deviations = read_waivers(table["deviation"].as_array(), file, today());
  for (Waiver& deviation : target.deviations) {
    if (deviation.clause.empty() || deviation.reference.empty())
      throw UsageError(fmt::format("{}: deviation {}: clause and reference are needed", file, deviation.id));
    deviation.target = target.name;
    deviation.id = fmt::format("{}.{}", target.name, deviation.id);
  }
  return target;
}

std::string target_template(const std::string& name) {
  return fmt::format(
      R"(# The target {0}. `svmq targets {0}.toml` shows what it can do, `svmq run --target {0}.toml` judges it.
# What can be found out by trying is not said here: the agent is asked. conformance/GUIDE.md explains each step.

summary = "one line for people"

# For the shell; it must speak conformance/PROTOCOL.md on its standard input and output. $SVMQ_PROGRAMS is the folder of
# svmq's programs, $SVMQ_SOURCE that of its sources. `exec` before a program of your own lets a death be named as it was.
command = "ssh board ./svmq-agent --isolate"

# What it is judged by: one of {1}
profile = "posix"

# Its standard output is a console, on which a system boots (the agent is then started with --console):
# console = true
# start_limit = 30      # seconds until it is ready
# slowness = 1          # so many times longer than on this machine may it take
# agents = 1            # that may run at a time; without this line as many as --jobs

# What it lacks although the agent would find it, and why:
# [lacks]
# limits = "they belong to the host, not to the system under test"

# Deviations that are known; they are reported as waived.
# [[deviation]]
# id = "stat-any"
# clause = "msgctl.mstat.any"
# reason = "MSG_STAT_ANY is not offered"
# reference = "where that is written"
# expires = 2027-12-31
)",
      name, fmt::join(model::profile_names(), ", "));
}

}  // namespace svmq::runner
