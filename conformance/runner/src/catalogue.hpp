// The clause catalogue, as far as results need it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace svmq::runner {

struct ClauseEntry {
  std::string call, statement, level;
  std::vector<std::string> sources;
  std::string observed, unobservable, note;
};

// By clause id. Throws UsageError if the file cannot be read or is malformed.
std::map<std::string, ClauseEntry> read_catalogue(const std::filesystem::path& file);

}  // namespace svmq::runner
