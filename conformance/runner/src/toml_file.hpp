// Reading a TOML file so that an error names file, line and column.
#pragma once

#include <toml++/toml.h>

#include <filesystem>

namespace svmq::runner {

toml::table read_toml(const std::filesystem::path& file);  // throws UsageError

}  // namespace svmq::runner
