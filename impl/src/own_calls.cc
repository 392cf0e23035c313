// The system calls that the library makes for itself, past whatever stands in front of the C library's
// functions of these names. The linker's --wrap brings them here (CMakeLists.txt). Otherwise fakeroot, which
// asks its daemon by message what fstat should say, would be asked by the library in the midst of that
// message; and who calls would be whoever fakeroot pretends.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#define OWN(type, name, parameters, number, ...)                          \
  extern "C" type __wrap_##name parameters {                              \
    return static_cast<type>(syscall(number __VA_OPT__(, ) __VA_ARGS__)); \
  }

OWN(int, open, (const char* path, int flags, mode_t mode), SYS_openat, AT_FDCWD, path, flags, mode)
OWN(int, openat, (int directory, const char* path, int flags, mode_t mode), SYS_openat, directory, path,
    flags, mode)
OWN(int, close, (int file), SYS_close, file)
OWN(int, stat, (const char* path, struct stat* status), SYS_newfstatat, AT_FDCWD, path, status, 0)
OWN(int, lstat, (const char* path, struct stat* status), SYS_newfstatat, AT_FDCWD, path, status,
    AT_SYMLINK_NOFOLLOW)
OWN(int, fstat, (int file, struct stat* status), SYS_fstat, file, status)
OWN(int, mkdir, (const char* path, mode_t mode), SYS_mkdirat, AT_FDCWD, path, mode)
OWN(int, rmdir, (const char* path), SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR)
OWN(int, unlinkat, (int directory, const char* path, int flags), SYS_unlinkat, directory, path, flags)
OWN(int, linkat, (int from, const char* path, int to, const char* link, int flags), SYS_linkat, from, path,
    to, link, flags)
OWN(int, fchmod, (int file, mode_t mode), SYS_fchmod, file, mode)
OWN(int, fsetxattr, (int file, const char* name, const void* value, std::size_t size, int flags),
    SYS_fsetxattr, file, name, value, size, flags)
OWN(int, fremovexattr, (int file, const char* name), SYS_fremovexattr, file, name)
OWN(uid_t, geteuid, (), SYS_geteuid)
OWN(gid_t, getegid, (), SYS_getegid)
OWN(int, getgroups, (int size, gid_t* list), SYS_getgroups, size, list)
