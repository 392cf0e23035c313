// The catalogue of mutants: faults, each of which the suite must find (conformance/mutants/README.md).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "svmq/mutants/departure.hpp"

namespace svmq::runner {

// One change of a source file: this text, which occurs once, becomes that.
struct SourceChange {
  std::string file, old_text, new_text;  // the file below impl/src
};

struct Mutant {
  enum Kind { specification, implementation, environment } kind = specification;
  std::string id, clause;
  std::string seen, why;              // where it was seen; why it is plausible
  std::string equivalent;             // why nobody can tell it from the sound one; empty: somebody can
  mutants::Departure departure;       // specification
  std::vector<SourceChange> changes;  // implementation
  std::string
      test;  // implementation: the test of libsvmq that finds it, with its arguments; empty: the scenarios do
  std::string target, command;  // environment: what runs in it, and the shell command in front of its agent
  std::map<std::string, std::string> variables;  // environment
};
const char* name(Mutant::Kind kind);

// Of the files specification.toml, implementation.toml and environment.toml of this folder, in their order.
// Throws UsageError: unreadable, malformed, an unknown key or word, an id twice, a clause that is none,
// neither `seen` nor `why`.
std::vector<Mutant> read_mutants(const std::filesystem::path& folder);

}  // namespace svmq::runner
