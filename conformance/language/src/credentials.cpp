#include "src/credentials.hpp"

#include "src/arguments.hpp"

namespace svmq::language {
namespace {

std::uint32_t read_user(Cursor& at) {  // -1 means "unchanged" to the system, so it is nobody's id
  return static_cast<std::uint32_t>(read_unsigned(at, 0xfffffffe, "an id from 0 to 4294967294"));
}

std::vector<std::uint32_t> read_groups(Cursor& at) {
  std::vector<std::uint32_t> groups;
  if (at.accept("none")) return groups;
  do {
    if (groups.size() == most_groups) at.fail("at most 32 groups");
    groups.push_back(read_user(at));
  } while (at.accept(','));
  return groups;
}

Capabilities read_capabilities(Cursor& at) {
  if (at.accept("none")) return 0;
  if (at.accept("all")) return all_capabilities;
  unsigned caps = 0;
  do {
    caps |= static_cast<unsigned>(read_word(at, capability_names(), "a capability, none or all"));
  } while (at.accept(','));
  return static_cast<Capabilities>(caps);
}

// NAME= ; whether it stands here.
bool named(Cursor& at, std::string_view name) {
  if (!at.accept(name)) return false;
  at.expect('=');
  return true;
}

}  // namespace

Credentials read_credentials(Cursor& at) {
  Credentials result;
  if (named(at, "uid")) result.uid = read_user(at);
  if (named(at, "gid")) result.gid = read_user(at);
  if (named(at, "groups")) result.groups = read_groups(at);
  if (named(at, "caps")) result.caps = read_capabilities(at);
  if (named(at, "ruid")) result.ruid = read_user(at);
  if (named(at, "fsgid")) result.fsgid = read_user(at);
  return result;
}

}  // namespace svmq::language
