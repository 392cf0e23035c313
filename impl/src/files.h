// Files and mappings of a namespace: how they are created, checked, opened and protected.
//
// Stateless and thread-safe. No path below the directory is ever followed by name alone: everything is opened
// relative to a directory that was checked, without following links, and checked again when open.
#pragma once

#include <cstddef>
#include <cstdint>

#include "caller.h"

namespace svmq::files {

// An open descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  explicit operator bool() const { return value_ >= 0; }

 private:
  int value_;
};

struct DirectoryStatus {
  std::uint64_t device, inode;
  std::uint32_t owner;
};

// The directory, made with mode 1777 where `create` says so. `own_or_roots` refuses those of other users.
Descriptor open_directory(const char* path, bool create, bool own_or_roots, DirectoryStatus& status);

struct Name {
  char text[40];
};
Name head_name(std::int32_t id, std::uint64_t generation);
Name arena_name(std::int32_t id, std::uint64_t generation);

struct Mapping {
  void* address = nullptr;
  std::size_t size = 0;
  bool writable = false;
  std::uint32_t owner = 0;
};
// A new file of that size, all zeros, mapped, the first `backed` bytes with memory; nobody else may open it
// yet. errno on failure. Shorter where the process may not make it so long.
Mapping create(int directory, const char* name, std::size_t size, std::size_t backed);
// An existing regular file, at least `least` bytes long; read-only where that is all we may and
// `read_only_too`. Only the beginning of a long one where there are no addresses for all of it.
Mapping open(int directory, const char* name, std::size_t least, bool read_only_too);
void unmap(Mapping& mapping);

// Gives the two files of a queue the protection that follows from its permissions, as far as the caller may:
// only the owner of the files may change it. 0 or an errno.
int protect(int directory, std::int32_t id, std::uint64_t generation, const Permission& permission);

// Deletes the directory and all files in it. 0 or an errno.
int remove_directory(const char* path);

std::uint64_t random();

}  // namespace svmq::files
