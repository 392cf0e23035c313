// ftok(), and the files it looks at: POSIX.1-2017 XSH ftok; glibc sysvipc/ftok.c.
#include <optional>
#include <string>
#include <string_view>

#include "rule.hpp"

namespace svmq::model {
namespace {

constexpr int longest_chain = 40;  // of symbolic links, as on Linux

struct Found {
  Errno error = Errno::none;
  const File* file = nullptr;
};

bool searchable(const File& folder, const Credentials& who) {
  if (who.uid == 0) return true;
  const bool in_group =
      folder.group == who.fsgid || std::ranges::find(who.groups, folder.group) != who.groups.end();
  return (folder.mode & (who.uid == folder.owner ? 0100u : in_group ? 0010u : 0001u)) != 0;
}

// ftok.perm: what stat() needs: search permission on the way, none on the file. POSIX ftok(), stat().
Found resolve(const Files& files, const Credentials& who, std::string path, int links = 0) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const Found folder = resolve(files, who, path.substr(0, slash), links);
    if (folder.error != Errno::none) return folder;
    if (folder.file->kind != File::folder) return {Errno::enotdir, nullptr};
    if (!searchable(*folder.file, who)) return {Errno::eacces, nullptr};
  }
  const auto named = files.names.find(path);
  if (named == files.names.end()) return {Errno::enoent, nullptr};
  if (named->second.kind != File::symlink) return {Errno::none, &named->second};
  if (links >= longest_chain) return {Errno::eloop, nullptr};
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  return resolve(files, who, folder + named->second.target, links + 1);
}

// Without "." components.
std::string plain(std::string path) {
  for (std::size_t dot; path.starts_with("./");)
    path.erase(0, (dot = path.find_first_not_of('/', 1)) == std::string::npos ? path.size() : dot);
  for (std::size_t dot = path.find("/./"); dot != std::string::npos; dot = path.find("/./"))
    path.erase(dot, 2);
  return path;
}

// ftok.recreate: some file was there before this one, and has no name any more. glibc ftok.
bool replaces(const Files& files, const File& file) {
  for (int inode = 0; inode < file.inode; ++inode)
    if (std::ranges::none_of(files.names, [&](const auto& named) { return named.second.inode == inode; }))
      return true;
  return false;
}

// ftok.formula: 8 bits of the id, 8 of the device, 16 of the inode. glibc ftok.
// ftok.lowbits: of the id only these count. POSIX ftok(); glibc ftok.
// ftok.zero: and they may be 0. glibc ftok.
// ftok.negative: from 128 on the key is negative. glibc ftok.
std::int32_t key_of(std::int64_t id, std::uint64_t device, std::uint64_t inode) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(id & 0xff) << 24 |
                                   static_cast<std::uint32_t>(device & 0xff) << 16 |
                                   static_cast<std::uint32_t>(inode & 0xffff));
}

}  // namespace

// ftok.same: the same file by whatever name, and the same id: the same key. POSIX ftok().
Outcomes step(const View& view, const FtokRequest& request) {
  if (request.path.starts_with('/'))
    return {answered(view.state, view.actor, Result::anything(), {"ftok.formula"})};
  const Found found = resolve(*view.state.files, view.credentials(), plain(request.path));
  // ftok.E: -1, and the error of stat. POSIX ftok(); glibc ftok.
  if (found.error != Errno::none) return {failed(view, found.error, {"ftok.E"})};
  const Inode& inode = view.state.files->inodes[static_cast<std::size_t>(found.file->inode)];
  if (!inode.device || !inode.number)
    return {answered(view.state, view.actor, Result::anything(), {"ftok.formula"})};
  Clauses why{"ftok.formula", "ftok.same", "ftok.perm"};
  if ((request.id & 0xff) != request.id) why.add("ftok.lowbits");
  if ((request.id & 0xff) == 0) why.add("ftok.zero");
  if ((request.id & 0xff) >= 128) why.add("ftok.negative");
  if (replaces(*view.state.files, *found.file)) why.add("ftok.recreate");
  Result result = Result::of(key_of(request.id, *inode.device, *inode.number));
  result.kind = Result::key;
  return {answered(view.state, view.actor, std::move(result), std::move(why))};
}

Outcomes step(const View& view, const FileRequest& request) {
  State next = view.state;
  Files& files = next.files.write();
  const Credentials& who = view.credentials();
  Result result = Result::of(0);
  switch (request.operation) {
    case FileOperation::create:
      files.inodes.emplace_back();
      files.names[request.path] = {
          File::regular, static_cast<int>(files.inodes.size() - 1), "", 0666, who.uid, who.gid};
      result.kind = Result::file;
      result.path = request.path;
      break;
    case FileOperation::mkdir:
      files.inodes.emplace_back();
      files.names[request.path] = {
          File::folder, static_cast<int>(files.inodes.size() - 1), "", request.mode & 0777, who.uid, who.gid};
      break;
    case FileOperation::link:
      if (!files.names.contains(request.path)) return {failed(view, Errno::enoent, {})};
      files.names[request.to] = files.names[request.path];
      break;
    case FileOperation::symlink:
      files.inodes.emplace_back();
      files.names[request.to] = {
          File::symlink, static_cast<int>(files.inodes.size() - 1), request.path, 0777, who.uid, who.gid};
      break;
    case FileOperation::unlink:
      if (files.names.erase(request.path) == 0) return {failed(view, Errno::enoent, {})};
      break;
  }
  return {answered(std::move(next), view.actor, std::move(result), {})};
}

}  // namespace svmq::model
