// Targets that a file describes: conformance/targets/*.toml, and files of users. The form stands in
// target_template().
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "target.hpp"

namespace svmq::runner {

std::filesystem::path target_folder();
std::vector<std::filesystem::path> target_files();  // in that folder, by name

// Throws UsageError: unreadable, malformed, an unknown key, no command, a profile that does not exist.
Target read_target(const std::filesystem::path& file);

// A file to begin with, every key explained.
std::string target_template(const std::string& name);

// The command as the shell takes it.
Program shell_program(const std::string& command);

}  // namespace svmq::runner
