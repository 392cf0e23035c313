// A look at the registry and at the directory past the library: does each account for the other?
#pragma once

#include <string>
#include <vector>

namespace svmq::verify {

// What does not fit, in words; empty if the books balance. The registry is at rest and repaired. `files` are
// the names in its directory.
std::string audit_registry(void* registry, const std::vector<std::string>& files);

}  // namespace svmq::verify
