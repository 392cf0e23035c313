// What the files of the drop-in library share.
#pragma once

#include <dlfcn.h>
#include <errno.h>

#include <atomic>

#define INTERPOSED extern "C" __attribute__((visibility("default")))

namespace svmq::preload {

inline long answer(long result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

// To be called before any of `calls`: enters the namespace of the IPC namespace that the process has come to.
// False: it cannot be had, and the old one must not be used.
bool arrive();

// The address of that name without this library; looked up once for each place of use, whose `cache` it is.
inline void* next(std::atomic<void*>& cache, const char* name) {
  void* found = cache.load(std::memory_order_relaxed);
  if (found == nullptr) cache.store(found = dlsym(RTLD_NEXT, name), std::memory_order_relaxed);
  return found;
}

}  // namespace svmq::preload

// NEXT(close)(file) calls the C library's close.
#define NEXT(function)                                                                     \
  ([] {                                                                                    \
    static std::atomic<void*> cache{nullptr};                                              \
    return reinterpret_cast<decltype(&::function)>(svmq::preload::next(cache, #function)); \
  }())
