// The drop-in library under a program that knows nothing of it: this one, which ctest starts with LD_PRELOAD.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace {

class Preload : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    char made[] = "/dev/shm/svmq-preload-XXXXXX";
    ASSERT_NE(mkdtemp(made), nullptr);
    directory = made;
    setenv("SVMQ_DIR", made, 1);
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(directory); }
  static std::string directory;
};
std::string Preload::directory;

struct Packet {
  long type;
  char text[16];
};

std::string text_of(int file) {
  char text[2000] = {};
  EXPECT_GT(read(file, text, sizeof text - 1), 0);
  close(file);
  return text;
}

TEST_F(Preload, TheCallsAreAnsweredHere) {
  int q = msgget(4711, IPC_CREAT | 0600);
  ASSERT_GE(q, 0) << strerror(errno);
  bool has_arena = false;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    has_arena = has_arena || file.path().extension() == ".arena";
  }
  ASSERT_TRUE(has_arena) << "the kernel's queue, not ours: LD_PRELOAD is not set";
  Packet sent = {3, "text"}, got = {};
  EXPECT_EQ(msgsnd(q, &sent, 4, 0), 0);
  EXPECT_EQ(msgrcv(q, &got, sizeof got.text, -5, 0), 4);
  EXPECT_EQ(memcmp(&got, &sent, sizeof(long) + 4), 0);
  EXPECT_EQ(msgsnd(q, nullptr, 4, 0), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(msgctl(q, IPC_RMID, nullptr), 0);
}

TEST_F(Preload, SystemCallsByNumber) {
  long q = syscall(SYS_msgget, IPC_PRIVATE, 0600);
  ASSERT_GE(q, 0);
  Packet sent = {3, "text"}, got = {};
  EXPECT_EQ(syscall(SYS_msgsnd, q, &sent, 4ul, 0), 0);
  msqid_ds seen = {};
  EXPECT_EQ(syscall(SYS_msgctl, q, IPC_STAT, &seen), 0);
  EXPECT_EQ(seen.msg_qnum, 1u);
  EXPECT_EQ(syscall(SYS_msgrcv, q, &got, sizeof got.text, 0l, 0), 4);
  EXPECT_EQ(syscall(SYS_msgctl, q, IPC_STAT | 0x100, &seen), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(syscall(SYS_msgctl, q, IPC_RMID, 0), 0);
  EXPECT_EQ(syscall(SYS_getpid), getpid());
}

TEST_F(Preload, TableAndLimits) {
  int q = msgget(IPC_PRIVATE, 0600);
  ASSERT_GE(q, 0);
  std::string table = text_of(open("/proc/sysvipc/msg", O_RDONLY));
  EXPECT_NE(table.find(std::to_string(q) + "   600 "), std::string::npos) << table;
  EXPECT_EQ(text_of(openat(AT_FDCWD, "/proc/sys/kernel/msgmni", O_RDONLY)), "32000\n");
  FILE* limit = fopen("/proc/sys/kernel/msgmax", "r");
  ASSERT_NE(limit, nullptr);
  long value = 0;
  EXPECT_EQ(fscanf(limit, "%ld", &value), 1);
  EXPECT_EQ(value, 8192);
  fclose(limit);
  FILE* other = fopen("/proc/self/stat", "r");
  ASSERT_NE(other, nullptr);
  fclose(other);
  EXPECT_EQ(open("/nonexistent", O_RDONLY), -1);
  EXPECT_EQ(msgctl(q, IPC_RMID, nullptr), 0);
}

// The directories in /dev/shm that are named by the IPC namespace this process is in.
std::vector<std::filesystem::path> default_directories() {
  struct stat status;
  std::string prefix = "svmq-";
  prefix += std::to_string(stat("/proc/self/ns/ipc", &status) == 0 ? status.st_ino : 0);
  std::vector<std::filesystem::path> found;
  for (const auto& file : std::filesystem::directory_iterator("/dev/shm")) {
    if (file.path().filename().string().starts_with(prefix)) found.push_back(file.path());
  }
  return found;
}

TEST_F(Preload, EachIpcNamespaceHasItsOwnQueues) {
  pid_t pid = fork();
  if (pid == 0) {
    unsetenv("SVMQ_DIR");
    if (unshare(CLONE_NEWIPC) != 0) _exit(2);
    bool made = msgget(4712, IPC_CREAT | 0600) == 0;
    auto first = default_directories();
    if (unshare(CLONE_NEWIPC) != 0) _exit(3);
    bool separate = msgget(4712, 0) == -1 && errno == ENOENT;
    auto second = default_directories();
    for (const auto& directory_made : first) std::filesystem::remove_all(directory_made);
    for (const auto& directory_made : second) std::filesystem::remove_all(directory_made);
    _exit(made && separate && !first.empty() && first != second ? 0 : 4);
  }
  int state = 0;
  waitpid(pid, &state, 0);
  if (WEXITSTATUS(state) == 2) GTEST_SKIP() << "may not make IPC namespaces";
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

}  // namespace
