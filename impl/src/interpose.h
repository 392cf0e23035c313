// The functions of the C library that the library stands in front of, in both of its forms: those that
// install signal handlers (signals.h) and those that change credentials (caller.h). Each does what the C
// library's does.
#pragma once

namespace svmq::interpose {

// Whether the program's calls come here: not where the library was loaded by dlopen. Fixed before main.
extern bool effective;

// The C library's function of that name.
void* plain(const char* name);
template <class Function>
Function plain_function(const char* name) {
  return reinterpret_cast<Function>(plain(name));
}

}  // namespace svmq::interpose
