// A folder in shared memory for the queues of one run of the command, which vanishes with it.
//
// Its name cannot be guessed, its mode lets other users reach known names in it but not list it. A lock on a
// file inside shows that its command lives: whoever starts later removes the folders of its own user whose
// lock nobody holds, so that even a command that was killed leaves nothing for long. Thread-safe.
#pragma once

#include <filesystem>
#include <mutex>

namespace svmq::runner {

class PrivateFolder {
 public:
  // Removes stale folders and makes a new one. Throws UsageError when it cannot.
  PrivateFolder();
  ~PrivateFolder() { remove(); }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  // A new folder in it, for one agent; every user may make files there. Throws UsageError.
  std::filesystem::path make();

  // From now on it is gone.
  void remove();

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
  int lock_ = -1;  // -1: it is gone
  unsigned made_ = 0;
};

// Removes the folders of this user whose command lives no more; says how many.
int remove_stale_folders();

}  // namespace svmq::runner
