// Where the things are that the command needs, found relative to the executable.
//
// In a build tree the programs stand beside `svmq` in bin/ and the libraries in ../lib; corpus, catalogue and
// report package stand in the source tree whose path was compiled in.
// Thread-safe: nothing is written after the first call.
#pragma once

#include <filesystem>
#include <string>

namespace svmq::runner {

struct Locations {
  std::filesystem::path programs;   // svmq-agent, svmq-agent-impl
  std::filesystem::path libraries;  // libsvmq-preload.so
  std::filesystem::path corpus;     // the scenarios that come with svmq
  std::filesystem::path scopes;     // the small worlds that come with svmq
  std::filesystem::path catalogue;  // clauses.toml
  std::filesystem::path waivers;    // of libsvmq
  std::filesystem::path mutants;    // the catalogue of faults that the suite must find
  std::filesystem::path source;     // the tree that svmq was built from
  std::filesystem::path reports;    // the folder that holds the Python package svmq_report
};

const Locations& locations();

// The path as people should see it: relative to the source tree for files in it, else as it was given.
std::string shown(const std::filesystem::path& file);

// The path as one would type it here: relative to the current folder for files below it, else as it was
// given.
std::string nearest(const std::filesystem::path& file);

}  // namespace svmq::runner
