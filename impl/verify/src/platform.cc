// What a copy of the library finds instead of the operating system: each function asks the explorer. Takes
// the place of guarded.cc and interpose.cc; the functions of the C library come here by the linker's --wrap.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "observed.h"
#include "src/calls.h"
#include "src/guarded.h"
#include "src/interpose.h"
#include "src/signals.h"

namespace svmq::verify {

Hooks* hooks = nullptr;

namespace {

__attribute__((constructor(101))) void find_hooks() {
  hooks = svmq_verify_hooks();
  interpose::effective = true;
  signals::blocks_always = false;
}

template <class T>
T answer(T result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

int mask_signals(int, const sigset_t*, sigset_t* former) {
  if (former != nullptr) sigemptyset(former);
  return 0;
}
int set_handler(int number, const struct sigaction* wanted, struct sigaction* former) {
  return answer(hooks->set_handler(number, wanted, former));
}

}  // namespace
}  // namespace svmq::verify

using svmq::verify::answer;
using svmq::verify::hooks;

namespace svmq::interpose {
bool effective = true;
void* plain(const char* name) {
  if (strcmp(name, "sigaction") == 0) return reinterpret_cast<void*>(&verify::set_handler);
  if (strcmp(name, "pthread_sigmask") == 0) return reinterpret_cast<void*>(&verify::mask_signals);
  return nullptr;
}
}  // namespace svmq::interpose

// All memory of a world's programs is there.
namespace svmq::guarded {
std::size_t unread(void* to, const void* from_program, std::size_t size) {
  hooks->copy(to, from_program, size);
  return 0;
}
bool read(void* to, const void* from_program, std::size_t size) {
  return unread(to, from_program, size) == 0;
}
bool write(void* to_program, const void* from, std::size_t size) {
  return unread(to_program, from, size) == 0;
}
bool readable(const void*, std::size_t) { return true; }
bool handle(int, const siginfo_t*, void*) { return false; }
void watch(void*, std::size_t) {}
void unwatch(void*) {}
}  // namespace svmq::guarded

#define EXPORTED extern "C" __attribute__((visibility("default")))

// The program's own wish for a signal, as sigaction brings it to the library.
EXPORTED int svmq_verify_sigaction(int number, const struct sigaction* wanted) {
  return svmq::signals::action(number, wanted, nullptr);
}

extern "C" {

int __wrap_open(const char* path, int flags, ...) { return answer(hooks->open(path, flags)); }
int __wrap_openat(int, const char* path, int flags, ...) { return answer(hooks->open(path, flags)); }
int __wrap_close(int file) { return answer(hooks->close(file)); }
int __wrap_fstat(int file, struct stat* status) { return answer(hooks->status(file, status)); }
int __wrap_stat(const char*, struct stat* status) {  // of /proc/self/ns only
  *status = {};
  status->st_ino = 0xEFFFFFFD;
  return 0;
}
int __wrap_mkdir(const char*, mode_t) { return answer(-EEXIST); }
int __wrap_unlinkat(int, const char* path, int) { return answer(hooks->unlink(path)); }
int __wrap_linkat(int, const char* from, int, const char* to, int) { return answer(hooks->link(from, to)); }
int __wrap_ftruncate(int file, off_t size) { return answer(hooks->resize(file, size)); }
int __wrap_fchmod(int, mode_t) { return 0; }
int __wrap_fsetxattr(int, const char*, const void*, size_t, int) { return 0; }
int __wrap_fremovexattr(int, const char*) { return 0; }
int __wrap_getrlimit(int, struct rlimit* limit) {
  *limit = {rlim_t{32} << 20, RLIM_INFINITY};  // so long are the files of a queue here
  return 0;
}
FILE* __wrap_fopen(const char*, const char*) { return nullptr; }

void* __wrap_mmap(void*, size_t size, int, int, int file, off_t) { return hooks->map(file, size); }
int __wrap_munmap(void*, size_t) { return 0; }
int __wrap_madvise(void*, size_t, int) { return 0; }
void* __wrap_calloc(size_t count, size_t size) { return hooks->allocate(count * size, 16); }
void* __wrap_malloc(size_t size) { return hooks->allocate(size, 16); }
void __wrap_free(void*) {}

uid_t __wrap_geteuid() {
  const long none[6] = {};
  return static_cast<uid_t>(hooks->system_call(107, none));
}
gid_t __wrap_getegid() {
  const long none[6] = {};
  return static_cast<gid_t>(hooks->system_call(108, none));
}
int __wrap_getgroups(int, gid_t*) { return 0; }
time_t __wrap_time(time_t*) { return hooks->time(); }
int __wrap_clock_gettime(clockid_t, timespec* out) {
  std::uint64_t now = hooks->ticks();
  *out = {static_cast<time_t>(now / 1'000'000'000), static_cast<long>(now % 1'000'000'000)};
  return 0;
}
ssize_t __wrap_getrandom(void* out, size_t size, unsigned) {
  std::uint64_t value = hooks->random();
  memcpy(out, &value, size < sizeof value ? size : sizeof value);
  return static_cast<ssize_t>(size);
}

namespace {
void (*end_of_thread)(void*);
}
int __wrap_pthread_key_create(pthread_key_t* key, void (*end)(void*)) {
  *key = 0;
  end_of_thread = end;
  return 0;
}
int __wrap_pthread_setspecific(pthread_key_t, const void* value) {
  hooks->note_thread_end(end_of_thread, const_cast<void*>(value));
  return 0;
}
int __wrap_pthread_atfork(void (*)(), void (*)(), void (*)()) { return 0; }
int __wrap_pthread_setcanceltype(int, int* before) {
  if (before != nullptr) *before = 0;
  return 0;
}
int __wrap_pthread_setcancelstate(int, int* before) {
  if (before != nullptr) *before = 0;
  return 0;
}
int __wrap_pthread_sigmask(int how, const sigset_t* wanted, sigset_t* former) {
  return svmq::verify::mask_signals(how, wanted, former);
}
}
