// Files: a directory of names, and memory behind them.
#include <errno.h>
#include <fcntl.h>

#include <cstring>
#include <map>

#include "machine.h"

namespace svmq::verify {
namespace {

constexpr int directory = 99, first_file = 100;

}  // namespace

// Who looks up a name sees what those have done who changed the directory before.
void Machine::begin_file_call(bool changes) {
  before_system_call();
  if (!weak) return;
  weak_memory_.be_told(current_, WeakMemory::by_kernel);
  if (changes) weak_memory_.tell(current_, WeakMemory::by_kernel);
}

void* Machine::allocate(std::size_t size, std::size_t alignment) {
  return copies_[static_cast<std::size_t>(current_)]->allocate(size, alignment);
}

int Machine::open(const char* path, int flags) {
  if (path[0] == '/') return directory;
  begin_file_call((flags & O_CREAT) != 0);
  for (int i = 0; i < state_.file_count; ++i) {
    File& file = state_.files[static_cast<std::size_t>(i)];
    if (!file.linked || strcmp(file.name, path) != 0) continue;
    return static_cast<int>(answered((flags & O_EXCL) != 0 ? -EEXIST : first_file + i));
  }
  if ((flags & O_CREAT) == 0) return static_cast<int>(answered(-ENOENT));
  if (state_.file_count == static_cast<int>(state_.files.size())) fail("too many files in a world");
  File& made = state_.files[static_cast<std::size_t>(state_.file_count)];
  made = {{}, nullptr, 0, true, self().uid};
  strncpy(made.name, path, sizeof made.name - 1);
  if (tracing) note("makes a file", nullptr, static_cast<std::uint64_t>(state_.file_count));
  return static_cast<int>(answered(first_file + state_.file_count++));
}

int Machine::resize(int file, off_t size) {
  File& made = state_.files[static_cast<std::size_t>(file - first_file)];
  if (state_.memory_used + static_cast<std::size_t>(size) > memory_size) return -ENOSPC;
  made.memory = memory_ + state_.memory_used;
  made.size = static_cast<std::size_t>(size);
  state_.memory_used += (made.size + page_size - 1) / page_size * page_size;
  return 0;
}

int Machine::status(int file, struct stat* out) {
  *out = {};
  out->st_mode = S_IFDIR | 01777;
  if (file == directory) return 0;
  const File& found = state_.files[static_cast<std::size_t>(file - first_file)];
  out->st_mode = S_IFREG | 0600;
  out->st_size = static_cast<off_t>(found.size);
  out->st_uid = found.uid;
  return 0;
}

int Machine::unlink(const char* path) {
  begin_file_call(true);
  for (int i = 0; i < state_.file_count; ++i) {
    File& file = state_.files[static_cast<std::size_t>(i)];
    if (!file.linked || strcmp(file.name, path) != 0) continue;
    file.linked = false;
    if (tracing) note("deletes a file", nullptr, static_cast<std::uint64_t>(i));
    return static_cast<int>(answered(0));
  }
  return static_cast<int>(answered(-ENOENT));
}

int Machine::link(const char* from, const char* to) {
  begin_file_call(true);
  File* source = nullptr;
  for (int i = 0; i < state_.file_count; ++i) {
    File& file = state_.files[static_cast<std::size_t>(i)];
    if (file.linked && strcmp(file.name, to) == 0) return static_cast<int>(answered(-EEXIST));
    if (file.linked && strcmp(file.name, from) == 0) source = &file;
  }
  if (source == nullptr) return static_cast<int>(answered(-ENOENT));
  File made = *source;
  strncpy(made.name, to, sizeof made.name - 1);
  if (state_.file_count == static_cast<int>(state_.files.size())) fail("too many files in a world");
  state_.files[static_cast<std::size_t>(state_.file_count++)] = made;
  return static_cast<int>(answered(0));
}

void* Machine::map(int file, std::size_t size) {
  if (file < 0) return allocate(size, page_size);
  return state_.files[static_cast<std::size_t>(file - first_file)].memory;
}

std::vector<std::string> Machine::linked() const {
  std::vector<std::string> names;
  for (int i = 0; i < state_.file_count; ++i)
    if (const File& file = state_.files[static_cast<std::size_t>(i)]; file.linked)
      names.emplace_back(file.name);
  return names;
}

void* Machine::memory_of(const std::string& name) const {
  for (int i = 0; i < state_.file_count; ++i)
    if (const File& file = state_.files[static_cast<std::size_t>(i)]; file.linked && name == file.name)
      return file.memory;
  return nullptr;
}

// A queue's two files have one name with two suffixes, which begins with its identifier.
std::vector<Machine::Queue> Machine::queues() const {
  std::map<std::string, Queue> found;
  for (int i = 0; i < state_.file_count; ++i) {
    const File& file = state_.files[static_cast<std::size_t>(i)];
    std::string name = file.name;
    auto dot = name.rfind('.');
    if (!file.linked || dot == std::string::npos) continue;
    bool head = name.ends_with(".head");
    if (!head && !name.ends_with(".arena")) continue;
    auto id = static_cast<std::int32_t>(std::stoul(name, nullptr, 16));
    Queue& queue = found.try_emplace(name.substr(0, dot), Queue{id, nullptr, nullptr}).first->second;
    (head ? queue.head : queue.arena) = file.memory;
  }
  std::vector<Queue> all;
  for (const auto& [name, queue] : found) all.push_back(queue);
  return all;
}

}  // namespace svmq::verify
