#include "shared.h"

static int shared_file(void) {
#if defined(AGENT_LINUX) && defined(SYS_memfd_create)
  long memory = syscall(SYS_memfd_create, "svmq-agent", 0L);
  if (memory >= 0) return (int)memory;
#endif
  const char* folder = getenv("TMPDIR");
  char path[256];
  snprintf(path, sizeof path, "%s/svmq-agent-XXXXXX", folder && *folder ? folder : "/tmp");
  int file = mkstemp(path);
  if (file >= 0) unlink(path);
  return file;
}

struct shared* shared_create(int* file) {
  *file = shared_file();
  if (*file < 0 || ftruncate(*file, sizeof(struct shared)) != 0) return NULL;
  void* memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
  if (memory == MAP_FAILED) return NULL;
  struct shared* shared = memory;
  shared->magic = SHARED_MAGIC;
  shared->conductor = getpid();
  return shared;
}

struct shared* shared_attach(int file) {
  struct stat status;
  if (fstat(file, &status) != 0 || status.st_size != (off_t)sizeof(struct shared)) return NULL;
  void* memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return NULL;
  struct shared* shared = memory;
  return shared->magic == SHARED_MAGIC ? shared : NULL;
}

void shared_stay_attached(const struct shared* shared) {
#if defined(AGENT_LINUX)
  prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L); /* or the conductor could no longer look at its system calls */
  prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L);
#endif
  if (getppid() != shared->conductor) _exit(0);
}

struct stamp stamp_now(void) {
  struct stamp stamp;
  struct timespec monotonic;
  stamp.seconds = (long long)time(NULL);
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  stamp.nanoseconds = monotonic.tv_sec * 1000000000LL + monotonic.tv_nsec;
  return stamp;
}
