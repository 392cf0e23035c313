// Random scenarios that go deep: each has a theme, and its values are chosen from what its steps have done so
// far.
//
// Pure and deterministic: the same seed, index and options give the same scenario on every machine and with
// every compiler. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "svmq/language/scenario.hpp"

namespace svmq::generate {

struct Options {
  int processes = 4;            // at most; 1 to 26
  int steps = 14;               // at most, those of concurrent blocks included; from 8 on
  int concurrent_percent = 15;  // of the scenarios have a concurrent block
  bool races = false;           // each is a short beginning and then one block in which all run, of up to 40 steps
  std::set<std::string> available = {"uids",    "caps", "privilege-drop", "namespaces", "limits",
                                     "threads", "exec", "stop",           "signals",    "files",
                                     "table",   "shm",  "next_id"};
  std::map<std::string, int> weights = {};  // of themes; one that is not named has its usual weight
};

// The scenario "random-SEED-INDEX". It is valid, needs nothing but what is available, and can end: whoever is
// asleep in the end may be killed. It states no expectation, and most of its steps are meant to succeed or to
// fail for one reason.
language::Scenario generate(std::uint64_t seed, std::uint64_t index, const Options& options = {});

// The names of the themes.
std::vector<std::string> themes();

}  // namespace svmq::generate
