// Where a namespace is when nobody has named one: a directory for each IPC namespace, in one root.
//
// Stateless and thread-safe. The directory's name holds the inode number of the IPC namespace and, where the
// kernel has one (Linux 6.18), the identifier that is never used again; without it a new IPC namespace may
// find what an old one has left.
#pragma once

#include <cstddef>
#include <cstdint>

namespace svmq::default_directory {

struct IpcNamespace {
  std::uint64_t inode, identifier;  // identifier 0: the kernel has none
};

IpcNamespace current();  // the calling thread's
// The root: SVMQ_ROOT of the environment, but not in programs that run with more rights than their starter;
// else /dev/shm. False: `size` is too small.
bool path_of(const IpcNamespace& ipc, char* path, std::size_t size);
bool root(char* path, std::size_t size);
// Makes it unless it is there. Does it belong to root or to the caller?
bool make(const IpcNamespace& ipc);
// Is this the name of such a directory, without the root before it?
bool parse(const char* name, IpcNamespace& ipc);

// Does the kernel find that IPC namespace? It finds those that the caller controls and its own. So `no` means
// that it is gone if the caller would control it: if root of the first user namespace asks, or whoever made
// it.
enum class Found { yes, no, cannot_tell };
Found find(const IpcNamespace& ipc);
bool sees_all();  // is the caller root of the first user namespace?

}  // namespace svmq::default_directory
