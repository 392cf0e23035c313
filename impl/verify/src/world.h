// A world: a scenario of conformance/LANGUAGE.md whose one concurrent block is explored. The steps before it
// are the past, the same in each execution. Comment lines of the form `# verify: NAME=VALUE…` say how.
#pragma once

#include <string>
#include <vector>

#include "machine.h"
#include "svmq/language/scenario.hpp"

namespace svmq::verify {

struct World {
  language::Scenario scenario;
  std::string text;  // about it, from its comments
  Budget bounds{2, 1};
  bool quick = false;  // in the fixed subset of the tests
  bool spins = false;  // the processes are on different cpus: a waiter spins first
  bool weak = false;   // loads may return older values
};

// The worlds of one file, or of all files of a directory. Throws std::runtime_error.
std::vector<World> load_worlds(const std::string& path);

}  // namespace svmq::verify
