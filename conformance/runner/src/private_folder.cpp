#include "private_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "scenario_source.hpp"

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "svmq-run-";

fs::path shared_memory() {
  std::error_code ignored;
  return fs::is_directory("/dev/shm", ignored) ? fs::path("/dev/shm") : fs::temp_directory_path();
}

// The lock of a folder, held; -1: another process holds it, or the folder is gone or not to be had.
int lock_of(const fs::path& folder) {
  const int lock = open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return -1;
  struct stat held {
  }, named{};
  // Whoever held it before may have removed the folder meanwhile; then the lock is on a file without a name.
  if (flock(lock, LOCK_EX | LOCK_NB) == 0 && fstat(lock, &held) == 0 &&
      stat((folder / "lock").c_str(), &named) == 0 && held.st_ino == named.st_ino) {
    return lock;
  }
  close(lock);
  return -1;
}

// The lock file goes last: until then nobody else can take the folder for a new one's.
void remove_locked(const fs::path& folder, int lock) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename() != "lock") fs::remove_all(entry.path(), ignored);
  }
  fs::remove_all(folder, ignored);
  close(lock);
}

}  // namespace

int remove_stale_folders() {
  int removed = 0;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(shared_memory(), ignored)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    struct stat status {};
    if (lstat(entry.path().c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid())
      continue;
    const int lock = lock_of(entry.path());
    if (lock < 0) continue;
    remove_locked(entry.path(), lock);
    ++removed;
  }
  return removed;
}

PrivateFolder::PrivateFolder() {
  remove_stale_folders();
  const std::string pattern = (shared_memory() / fmt::format("{}XXXXXX", prefix)).string();
  // Somebody who removes stale folders may be faster than our lock on a new one: then another is made.
  while (lock_ < 0) {
    std::string name = pattern;
    if (mkdtemp(name.data()) == nullptr)
      throw UsageError(fmt::format("{}: {}", pattern, std::strerror(errno)));
    path_ = name;
    lock_ = lock_of(path_);
  }
  chmod(path_.c_str(), 0711);
}

void PrivateFolder::remove() {
  const std::lock_guard lock(mutex_);
  if (lock_ >= 0) remove_locked(path_, std::exchange(lock_, -1));
}

fs::path PrivateFolder::make() {
  const std::lock_guard lock(mutex_);
  const fs::path folder = path_ / std::to_string(made_++);
  if (mkdir(folder.c_str(), 0700) != 0 || chmod(folder.c_str(), 01777) != 0) {
    throw UsageError(fmt::format("{}: {}", folder.string(), std::strerror(errno)));
  }
  return folder;
}

}  // namespace svmq::runner
