#include "locations.hpp"

#include <system_error>

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

Locations find() {
  std::error_code ignored;
  const fs::path executable = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path programs = executable.parent_path();
  const fs::path source = SVMQ_SOURCE_DIR;
  return {programs, programs.parent_path() / "lib", source / "conformance" / "corpus",
          source / "conformance" / "scopes",
          source / "model" / "clauses.toml", source / "impl" / "waivers.toml",
          source / "conformance" / "mutants", source, source / "reports"};
}

}  // namespace

const Locations& locations() {
  static const Locations found = find();
  return found;
}

std::string shown(const fs::path& file) {
  std::error_code failed;
  const fs::path conformance = fs::path(SVMQ_SOURCE_DIR) / "conformance";
  const fs::path relative = fs::relative(file, conformance, failed);
  if (failed || relative.empty() || *relative.begin() == "..") return file.string();
  return relative.string();
}

std::string nearest(const fs::path& file) {
  std::error_code failed;
  const std::string relative = fs::proximate(file, failed).string();
  return failed || relative.empty() || relative.starts_with("..") ? file.string() : relative;
}

}  // namespace svmq::runner
