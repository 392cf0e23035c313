// The name under which a file is written until it is complete and takes its own name.
#pragma once

#include <filesystem>

namespace svmq::runner {

// Beside `file`, by this process's id, so that two commands may write at a time. Removes what a command that
// was killed left under such a name.
std::filesystem::path unfinished(const std::filesystem::path& file);

}  // namespace svmq::runner
