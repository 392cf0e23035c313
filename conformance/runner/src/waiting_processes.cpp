#include "waiting_processes.hpp"

#include <sys/syscall.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

// libsvmq's waiters sleep in a futex call with this bit set, and only they do (impl/README.md).
constexpr std::uint64_t queue_wait_bitset = 0x53564d51;

std::optional<pid_t> number(const fs::path& entry) {
  const std::string name = entry.filename().string();
  pid_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return value;
}

// The word that a thread sleeps on; 0: it does not wait for a queue, or we may not know.
std::uint64_t word_of(const fs::path& thread) {
  std::ifstream file(thread / "syscall");
  long call = 0;
  std::uint64_t arguments[6] = {};
  file >> call >> std::hex;
  for (std::uint64_t& argument : arguments) {
    std::string text;
    file >> text;
    argument = std::strtoull(text.c_str(), nullptr, 16);
  }
  if (!file || (call != SYS_futex && call != SYS_restart_syscall)) return 0;
  return (arguments[5] & 0xffffffff) == queue_wait_bitset ? arguments[0] : 0;
}

// The file that is mapped at that address.
std::string file_at(const fs::path& process, std::uint64_t address) {
  std::ifstream maps(process / "maps");
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream words(line);
    words >> std::hex >> begin >> dash >> end;
    if (address < begin || address >= end) continue;
    const std::size_t path = line.find('/');
    return path == std::string::npos ? "" : line.substr(path);
  }
  return "";
}

}  // namespace

std::map<int, std::vector<pid_t>> waiting_processes(const fs::path& directory) {
  std::map<int, std::vector<pid_t>> found;
  std::error_code gone;  // processes end while we look
  for (const fs::directory_entry& process : fs::directory_iterator("/proc", gone)) {
    const std::optional<pid_t> pid = number(process.path());
    if (!pid) continue;
    fs::directory_iterator threads(process.path() / "task", gone), none;
    for (; threads != none && !gone; threads.increment(gone)) {
      const std::uint64_t word = word_of(threads->path());
      const fs::path file = word != 0 ? file_at(process.path(), word) : "";
      if (file.parent_path() == directory)
        found[static_cast<int>(std::strtol(file.filename().c_str(), nullptr, 16))].push_back(*pid);
    }
  }
  return found;
}

}  // namespace svmq::runner
