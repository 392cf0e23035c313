// The implementations that scenarios are conducted on, by name.
//
// linux         the agent on the C library's calls, in fresh IPC namespaces
// impl          the same agent on libsvmq
// preload       the agent of linux with libsvmq's drop-in library in front of the C library
// model:PROFILE the model, executed as if it were an implementation
// exec:COMMAND  a command for the shell that speaks the agent's protocol (conformance/PROTOCOL.md)
// NAME, or a path that ends in .toml: the target that conformance/targets/NAME.toml, or that file, describes
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "child.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/model/profile.hpp"
#include "waivers.hpp"

namespace svmq::runner {

struct Target {
  std::string name, summary;
  const model::Profile* profile = nullptr;     // what it is judged by
  const model::Profile* executed = nullptr;    // of model:PROFILE; nullptr: an agent
  std::shared_ptr<const judge::Behaviour> behaviour;  // of a model that is executed; null: as specified
  Program program;                             // the agent
  bool private_folder = false;                 // its queues live in a folder that each agent gets
  std::string folder_option, folder_variable;  // how the agent is told of it: an option, or a variable
  std::map<std::string, std::string> never;    // need: why it lacks that whatever the agent finds out
  std::string missing;                         // why it cannot be had here; empty: it can
  std::string refuses;                         // why it can conduct nothing here though it is there; empty: it can
  // Of exec:COMMAND and of target files:
  bool by_command = false;                   // the program is a command of the user: no options are added
  bool console = false;                      // it speaks on a console: see dialogue.hpp
  std::chrono::seconds start_limit{30};      // until it is ready
  int slowness = 1;                          // so many times longer than on Linux itself may it take
  unsigned agents = 0;                       // that may run at a time; 0: any number
  std::vector<Waiver> deviations;            // that are known

  // Filled by probe().
  std::string agent;                                // what the agent says of itself
  std::map<std::string, std::string> capabilities;  // need: "yes…", "no" or "no: reason"

  bool is_model() const { return executed != nullptr; }
  // Must every deviation that is waived still be inside profile posix?
  bool bound_to_posix() const { return name == "impl" || name == "preload"; }
  // The first of these needs that it lacks, as "NEED: reason"; empty: it has them all.
  std::string lacks(const std::set<std::string>& needs) const;
};

// The target's agent with its queues in this folder, if it needs one.
Program program_in(const Target& target, const std::string& folder);

// Those that exist, whether they can be had here or not; preload only where its library was built.
std::vector<std::string> target_names();

// Throws UsageError for a name that is none.
Target find_target(const std::string& name);

// Finds out what it can do, by asking its agent. Sets `missing` if that does not answer, `refuses` if it says why not. Blocks for as long as it may
// take to start, and some seconds.
void probe(Target& target);

}  // namespace svmq::runner
