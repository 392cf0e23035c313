// Where scenarios come from: files, folders, and the generator.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "svmq/language/scenario.hpp"

namespace svmq::runner {

// Which random scenario: the same value gives the same scenario everywhere.
struct RandomId {
  std::uint64_t seed = 0, index = 0;
  std::set<std::string> without;  // needs that it must not have
  bool races = false;             // one in which all run at the same time
};

// A scenario and all that is said of it before it is conducted. A value; never changed once made.
struct Task {
  language::Scenario scenario;
  std::string text;  // as it is sent to an agent
  std::set<std::string> needs;
  std::string source;          // the file as people should see it, or "random"
  std::string reproduce;       // what follows "svmq run " to conduct it again; targets are not yet in it
  std::uint64_t choices = 0;   // decides where a model that conducts it has a choice
  std::optional<RandomId> id;  // of a random one
  bool made = false;           // by the command itself: listed only if it does not conform, and then made small
  bool random() const { return id.has_value(); }
};

// Something the user can put right: a wrong file, an unknown name, a missing program. The message is
// complete.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Every scenario of these files, and of the *.scenario files in these folders and below, by path.
// Throws UsageError: a file cannot be read or is malformed, a name occurs twice, there is none.
std::vector<Task> read_scenarios(const std::vector<std::filesystem::path>& files);

// The one scenario in this text. Throws UsageError: there is none, or several, or it is malformed.
Task given_task(const std::string& text, const std::string& source);

// What tells whether all scenarios that come with svmq are among some: their number and the sum of their
// texts.
struct Corpus {
  std::size_t scenarios = 0;
  std::string sha256;
};
// Nothing where one of them is missing, or is there with another text.
std::optional<Corpus> whole_corpus(const std::vector<Task>& tasks);

std::string read_file(const std::filesystem::path& file);  // "-" is standard input; throws UsageError

Task random_task(const RandomId& id);

Task task_of_scenario(language::Scenario scenario);  // from nowhere yet

// "impl,linux:SEED:INDEX", "impl:SEED:INDEX:races:without=caps,limits", or "impl:scenario NAME; …; end": a
// whole scenario in one line.
struct Reproduction {
  std::vector<std::string> targets;
  RandomId id;
  std::optional<Task> given;  // the scenario in one line
  Task task() const { return given ? *given : random_task(id); }
};
std::string print(const Reproduction& reproduction);
Reproduction parse_reproduction(const std::string& text);  // throws UsageError

const std::set<std::string>& all_needs();

}  // namespace svmq::runner
