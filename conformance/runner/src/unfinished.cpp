#include "unfinished.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <string>

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

// A process of another pid namespace looks dead too; but it writes all the time.
bool is_left_behind(const fs::directory_entry& entry, const std::string& prefix) {
  const std::string name = entry.path().filename().string();
  pid_t pid = 0;
  if (!name.starts_with(prefix)) return false;
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size() || pid <= 0) return false;
  std::error_code unknown;
  const auto age = fs::file_time_type::clock::now() - entry.last_write_time(unknown);
  return !unknown && age > std::chrono::minutes(1) && kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace

fs::path unfinished(const fs::path& file) {
  const std::string prefix = file.filename().string() + ".";
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (is_left_behind(entry, prefix)) fs::remove(entry.path(), ignored);
  return fmt::format("{}.{}", file.string(), getpid());
}

}  // namespace svmq::runner
