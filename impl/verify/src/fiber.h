// A stack of its own, switched to and from by hand: a simulated process between two accesses.
#pragma once

#include <cstddef>

namespace svmq::verify {

struct Fiber {
  void* at = nullptr;  // its stack pointer while it does not run
  std::byte* stack = nullptr;
  std::size_t size = 0;

  void prepare(void (*entry)(void*), void* argument);  // to begin anew
  std::byte* top() const { return stack + size; }
};

// Leaves the running fiber `from`, goes on with `to`.
extern "C" void svmq_verify_switch(void** from, void* to);

}  // namespace svmq::verify
