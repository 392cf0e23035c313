#include "target.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <sstream>
#include <system_error>

#include "dialogue.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "private_folder.hpp"
#include "scenario_source.hpp"
#include "target_file.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view model_prefix = "model:", command_prefix = "exec:";

const model::Profile* profile(std::string_view name) {
  const model::Profile* found = model::find_profile(name);
  if (found == nullptr) {
    throw UsageError(
        fmt::format("there is no profile {}; there are: {}", name, fmt::join(model::profile_names(), " ")));
  }
  return found;
}

fs::path preload_library() { return locations().libraries / "libsvmq-preload.so"; }

Target linux_target() {
  Target target;
  target.name = "linux";
  target.summary = "the system calls of this kernel, in fresh IPC namespaces";
  target.profile = profile("linux-6.18");
  target.program.arguments = {(locations().programs / "svmq-agent").string(), "--isolate"};
  return target;
}

Target impl_target() {
  Target target;
  target.name = "impl";
  target.summary = "libsvmq, linked to the agent";
  target.profile = profile("linux-6.18");
  target.program.arguments = {(locations().programs / "svmq-agent-impl").string(), "--isolate"};
  target.private_folder = true;
  target.folder_option = "--directory";
  return target;
}

Target preload_target() {
  Target target;
  target.name = "preload";
  target.summary = "the agent of linux with libsvmq preloaded";
  target.profile = profile("linux-6.18");
  target.program.arguments = {(locations().programs / "svmq-agent").string(), "--isolate"};
  target.program.environment["LD_PRELOAD"] = preload_library().string();
  target.private_folder = true;
  target.folder_variable = "SVMQ_ROOT";
  if (!fs::exists(preload_library()))
    target.missing = fmt::format("{} was not built", preload_library().string());
  return target;
}

Target model_target(const std::string& name) {
  Target target;
  target.name = name;
  target.executed = profile(std::string_view(name).substr(model_prefix.size()));
  target.profile = target.executed;
  target.summary = "the model, executed";
  return target;
}

Target command_target(const std::string& name) {
  Target target;
  target.name = name;
  target.summary = "a command of yours";
  target.profile = profile("linux-6.18");
  target.program = shell_program(name.substr(command_prefix.size()));
  target.by_command = true;
  return target;
}

void read_capabilities(Target& target, const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    const std::string word = line.substr(0, space), rest = line.substr(space + 1);
    if (word == "agent")
      target.agent = rest;
    else if (all_needs().contains(word))
      target.capabilities[word] = rest;
  }
}

}  // namespace

std::string Target::lacks(const std::set<std::string>& needs) const {
  if (!refuses.empty()) return refuses;
  for (const std::string& need : needs) {
    const auto found = capabilities.find(need);
    if (found == capabilities.end()) return fmt::format("{}: the agent does not know this need", need);
    if (found->second.starts_with("yes")) continue;
    const std::size_t reason = found->second.find(": ");
    return fmt::format("{}: {}", need,
                       reason == std::string::npos ? "not available" : found->second.substr(reason + 2));
  }
  return "";
}

Program program_in(const Target& target, const std::string& folder) {
  Program program = target.program;
  if (!target.folder_option.empty()) {
    program.arguments.insert(program.arguments.end(), {target.folder_option, folder});
  }
  if (!target.folder_variable.empty()) program.environment[target.folder_variable] = folder;
  return program;
}

std::vector<std::string> target_names() {
  std::vector<std::string> names{"linux", "impl"};
  if (fs::exists(preload_library())) names.emplace_back("preload");
  for (const std::string_view name : model::profile_names())
    names.push_back(fmt::format("{}{}", model_prefix, name));
  for (const fs::path& file : target_files()) names.push_back(file.stem().string());
  return names;
}

Target find_target(const std::string& name) {
  if (name == "linux") return linux_target();
  if (name == "impl") return impl_target();
  if (name == "preload") return preload_target();
  if (name.starts_with(model_prefix)) return model_target(name);
  if (name.starts_with(command_prefix)) return command_target(name);
  if (name.ends_with(".toml")) return read_target(name);
  if (const fs::path file = target_folder() / (name + ".toml"); fs::exists(file)) return read_target(file);
  throw UsageError(fmt::format("there is no target {}; there are: {}, exec:COMMAND, and FILE.toml", name,
                               fmt::join(target_names(), " ")));
}

namespace {

// The answer to the request `capabilities`; empty, with `missing` set: there is none.
std::string asked(Target& target) {
  const auto patience = std::chrono::seconds(10) * target.slowness;
  Dialogue agent(target.program, target.console);
  agent.send("capabilities\n");
  bool was_ready = agent.ready();
  auto deadline =
      std::chrono::steady_clock::now() + (was_ready ? target.start_limit + patience : target.start_limit);
  std::optional<std::string> answer;
  while (!(answer = agent.next_block()) && !agent.closed() && !interrupt::requested()) {
    if (agent.ready() && !was_ready) deadline = std::chrono::steady_clock::now() + patience;
    was_ready = agent.ready();
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) break;
    agent.move(left);
  }
  const bool late = !agent.closed();
  const std::string death = agent.end(answer && !target.console ? 5s : 0ms);
  if (answer && answer->starts_with("capabilities\n")) return *answer;
  std::string reason = answer      ? "did not answer the request `capabilities`"
                       : !late     ? (death.empty() ? "ended" : death)
                       : was_ready ? "gave no answer"
                                   : "did not become ready";
  if (!agent.last_error().empty())
    reason += fmt::format("; it said: {}", agent.last_error());
  else if (!agent.last_output().empty())
    reason += fmt::format("; it wrote: {}", agent.last_output());
  target.missing = fmt::format("its command {}", reason);
  return "";
}

// By the option of that name.
std::string asked_by_option(Target& target) {
  const std::string& path = target.program.arguments.front();
  if (access(path.c_str(), X_OK) != 0) {
    target.missing = fmt::format("{} was not built", path);
    return "";
  }
  std::optional<PrivateFolder> folder;
  if (target.private_folder) folder.emplace();
  Program question = program_in(target, folder ? folder->make().string() : "");
  question.arguments.emplace_back("--capabilities");
  const Finished answer = run_to_end(question, 10s);
  if (answer.death == "exited with 2" && !answer.errors.empty())
    target.refuses = std::string(std::string_view(answer.errors).substr(0, answer.errors.find('\n')));
  else if (!answer.death.empty())
    target.missing = fmt::format("{} --capabilities {}; it said: {}", path, answer.death, answer.errors);
  return answer.output;
}

}  // namespace

void probe(Target& target) {
  if (!target.missing.empty()) return;
  if (target.is_model()) {
    for (const std::string& need : all_needs()) target.capabilities[need] = "yes";
    return;
  }
  try {
    read_capabilities(target, target.by_command ? asked(target) : asked_by_option(target));
  } catch (const std::system_error& error) {
    target.missing = fmt::format("{}: {}", target.program.arguments.front(), error.what());
  }
  if (target.missing.empty() && target.refuses.empty() && target.capabilities.empty())
    target.missing = fmt::format("{} names no capability", target.program.arguments.front());
  for (const auto& [need, reason] : target.never) target.capabilities[need] = reason;
}

}  // namespace svmq::runner
