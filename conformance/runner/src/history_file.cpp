#include "history_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "scenario_source.hpp"
#include "unfinished.hpp"

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& file) {
  throw UsageError(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(errno)));
}

}  // namespace

fs::path HistoryFile::beside(fs::path results) { return results.replace_extension(".histories"); }

HistoryFile::HistoryFile(const fs::path& results) : file_(beside(results)), unfinished_(unfinished(file_)) {
  std::error_code ignored;
  if (file_.has_parent_path()) fs::create_directories(file_.parent_path(), ignored);
  stream_.open(unfinished_, std::ios::binary | std::ios::trunc);
  if (!stream_) fail(file_);
}

HistoryFile::~HistoryFile() {
  std::error_code ignored;
  if (stream_.is_open()) fs::remove(unfinished_, ignored);
}

void HistoryFile::add(const std::string& target, const std::string& history) {
  const std::string text = fmt::format("# target {}\n{}", target, history);
  stream_ << text;
  sum_.add(text);
  ++count_;
}

void HistoryFile::finish() {
  stream_.close();
  std::error_code failed;
  if (count_ == 0) {
    fs::remove(unfinished_, failed);
    fs::remove(file_, failed);  // of an earlier run
    return;
  }
  if (!stream_ || std::rename(unfinished_.c_str(), file_.c_str()) != 0) {
    const int error = errno;
    fs::remove(unfinished_, failed);
    errno = error;
    fail(file_);
  }
  digest_ = std::move(sum_).hex();
}

void HistoryFile::copy_beside(const fs::path& results) const {
  const fs::path copy = beside(results);
  if (count_ == 0 || copy == file_) return;
  std::error_code failed;
  fs::copy_file(file_, copy, fs::copy_options::overwrite_existing, failed);
  if (failed) throw UsageError(fmt::format("{}: cannot be written: {}", copy.string(), failed.message()));
}

}  // namespace svmq::runner
