#include "toml_file.hpp"

#include <fmt/format.h>

#include "scenario_source.hpp"

namespace svmq::runner {

toml::table read_toml(const std::filesystem::path& file) {
  try {
    return toml::parse(read_file(file), file.string());
  } catch (const toml::parse_error& error) {
    const toml::source_position place = error.source().begin;
    throw UsageError(
        fmt::format("{}:{}:{}: {}", file.string(), place.line, place.column, error.description()));
  }
}

}  // namespace svmq::runner
