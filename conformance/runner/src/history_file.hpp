// The histories that the results do not hold themselves, one after another, in a file beside them.
//
// Scenarios made by the command that conformed everywhere are only counted in the results; what happened in
// them stands here, so that whoever doubts a count can judge it again (`svmq judge FILE` reads it as it is).
// Before each history a comment names its target. Not thread-safe.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "sha256.hpp"

namespace svmq::runner {

class HistoryFile {
 public:
  // Begins the file that belongs to this results file, "out/results.histories" to "out/results.json". Throws
  // UsageError: it cannot be written.
  explicit HistoryFile(const std::filesystem::path& results);
  ~HistoryFile();  // what was not finished goes
  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;

  static std::filesystem::path beside(std::filesystem::path results);

  void add(const std::string& target, const std::string& history);

  // Puts it into its place, or nothing where nothing was added. Throws UsageError.
  void finish();

  // Once finished:
  std::size_t count() const { return count_; }
  std::string name() const { return file_.filename().string(); }
  const std::string& sum() const { return digest_; }
  void copy_beside(
      const std::filesystem::path& results) const;  // for results written twice; throws UsageError

 private:
  std::filesystem::path file_, unfinished_;
  std::ofstream stream_;
  Sha256 sum_;
  std::string digest_;
  std::size_t count_ = 0;
};

}  // namespace svmq::runner
