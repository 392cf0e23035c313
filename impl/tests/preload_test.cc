// The drop-in library under a program that knows nothing of it: this one, which ctest starts with LD_PRELOAD.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>

#include "src/default_directory.h"

extern "C" {  // what fortified programs call
int __open_2(const char*, int);
int __open64_2(const char*, int);
int __openat_2(int, const char*, int);
int __openat64_2(int, const char*, int);
}

namespace {

namespace default_directory = svmq::default_directory;

// Namespaces of their own: each IPC namespace has a directory in a root of the test.
class Preload : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    char made[] = "/dev/shm/svmq-preload-XXXXXX";
    ASSERT_NE(mkdtemp(made), nullptr);
    chmod(made, 0755);
    root = made;
    setenv("SVMQ_ROOT", made, 1);
    unsetenv("SVMQ_DIR");
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(root); }
  static std::set<std::string> namespaces() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(root)) names.insert(entry.path().filename());
    return names;
  }
  static std::string root;
};
std::string Preload::root;

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
  for (const auto& file : std::filesystem::recursive_directory_iterator(root)) {
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

std::string limit(const char* name) {
  return text_of(open((std::string("/proc/sys/kernel/") + name).c_str(), O_RDONLY));
}

// 0, or the errno with which a limit was refused.
int set_limit(const char* name, const std::string& text) {
  int file = open((std::string("/proc/sys/kernel/") + name).c_str(), O_WRONLY);
  if (file < 0) return -errno;
  ssize_t written = write(file, text.data(), text.size());
  int error = errno;
  close(file);
  return written == static_cast<ssize_t>(text.size()) ? 0 : error;
}

// Child processes, so that what they do to themselves does not stay. Their exit status.
int in_child(const std::function<bool()>& work) {
  pid_t pid = fork();
  if (pid == 0) _exit(work() ? 0 : 1);
  int state = 0;
  waitpid(pid, &state, 0);
  return state;
}

int shell(const std::string& command) { return system(command.c_str()); }

TEST_F(Preload, LimitsAreWrittenAndChecked) {
  EXPECT_EQ(set_limit("msgmax", "100\n"), 0);
  EXPECT_EQ(limit("msgmax"), "100\n");
  int q = msgget(IPC_PRIVATE, 0600);
  char message[sizeof(long) + 101] = {1};
  EXPECT_EQ(msgsnd(q, message, 101, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(msgsnd(q, message, 100, 0), 0);
  EXPECT_EQ(msgctl(q, IPC_RMID, nullptr), 0);

  for (const char* bad : {"-1", "99999999999999", "7x", "x", " ", "+9"})
    EXPECT_EQ(set_limit("msgmax", bad), EINVAL) << bad;
  EXPECT_EQ(set_limit("msgmni", "32769"), EINVAL);
  EXPECT_EQ(set_limit("msgmax", ""), 0);
  EXPECT_EQ(limit("msgmax"), "100\n");
  for (auto [text, value] :
       {std::pair{" 0x10 ", "16\n"}, {"010", "8\n"}, {"\n9", "9\n"}, {"7 8", "7\n"}, {"8192\n", "8192\n"}}) {
    EXPECT_EQ(set_limit("msgmax", text), 0) << text;
    EXPECT_EQ(limit("msgmax"), value) << text;
  }
  EXPECT_EQ(set_limit("msgmnb", "4096\n"), 0);
  q = msgget(IPC_PRIVATE, 0600);
  msqid_ds seen = {};
  EXPECT_EQ(msgctl(q, IPC_STAT, &seen), 0);
  EXPECT_EQ(seen.msg_qbytes, 4096u);
  EXPECT_EQ(msgctl(q, IPC_RMID, nullptr), 0);
  EXPECT_EQ(set_limit("msgmnb", "16384\n"), 0);
  EXPECT_EQ(open("/proc/sys/kernel/msgmax", O_RDWR | O_CREAT | O_EXCL, 0600), -1);
  EXPECT_EQ(errno, EEXIST);
}

TEST_F(Preload, OnlyTheFirstWriteOfAnOpenLimitCounts) {
  int file = open("/proc/sys/kernel/msgmax", O_RDWR);
  ASSERT_GE(file, 0);
  EXPECT_EQ(write(file, "11", 2), 2);
  EXPECT_EQ(write(file, "12", 2), 2);
  EXPECT_EQ(write(file, nullptr, 0), 0);
  close(file);
  EXPECT_EQ(limit("msgmax"), "11\n");
  file = open("/proc/sys/kernel/msgmax", O_WRONLY);
  iovec pieces[] = {{const_cast<char*>("81"), 2}, {const_cast<char*>("92"), 2}};
  EXPECT_GT(writev(file, pieces, 2), 0);
  EXPECT_EQ(write(file, "x", 1), 1);
  close(file);
  EXPECT_EQ(limit("msgmax"), "81\n");
  EXPECT_EQ(set_limit("msgmax", "8192"), 0);
}

TEST_F(Preload, LimitsThroughEveryDoor) {
  const char* path = "/proc/sys/kernel/msgmni";
  auto set_by = [&](int file, const char* text) {
    ASSERT_GE(file, 0) << strerror(errno);
    EXPECT_EQ(write(file, text, strlen(text)), static_cast<ssize_t>(strlen(text)));
    close(file);
    EXPECT_EQ(limit("msgmni"), std::string(text) + "\n");
  };
  set_by(open64(path, O_WRONLY), "101");
  set_by(openat64(AT_FDCWD, path, O_RDWR), "102");
  set_by(creat(path, 0600), "103");
  set_by(creat64(path, 0600), "104");
  set_by(__open_2(path, O_WRONLY | O_TRUNC), "105");
  set_by(__open64_2(path, O_WRONLY), "106");
  set_by(__openat_2(AT_FDCWD, path, O_WRONLY), "107");
  set_by(__openat64_2(AT_FDCWD, path, O_WRONLY), "108");
  int folder = open("/proc/sys/kernel", O_RDONLY | O_DIRECTORY);
  set_by(openat(folder, "msgmni", O_WRONLY), "109");
  int twin = dup(openat(folder, "msgmni", O_WRONLY));
  set_by(twin, "110");
  close(folder);

  for (const char* mode : {"w", "we", "r+", "a"}) {
    FILE* stream = fopen(path, mode);
    ASSERT_NE(stream, nullptr);
    EXPECT_GT(fprintf(stream, "111\n"), 0);
    EXPECT_EQ(fflush(stream), 0);
    EXPECT_EQ(limit("msgmni"), "111\n") << mode;
    EXPECT_EQ(fclose(stream), 0);
    EXPECT_EQ(set_limit("msgmni", "112"), 0);
  }
  FILE* stream = fopen64(path, "w");
  ASSERT_NE(stream, nullptr);
  fprintf(stream, "-3\n");
  EXPECT_EQ(fclose(stream), EOF);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(limit("msgmni"), "112\n");
  stream = freopen(path, "w", fopen("/dev/null", "r"));
  ASSERT_NE(stream, nullptr);
  fprintf(stream, "113\n");
  EXPECT_EQ(fclose(stream), 0);
  EXPECT_EQ(limit("msgmni"), "113\n");
  std::ofstream(path) << 114 << std::endl;
  EXPECT_EQ(limit("msgmni"), "114\n");
  EXPECT_EQ(set_limit("msgmni", "32000"), 0);
}

// Redirections hand a limit's descriptor to other code, and to other programs.
TEST_F(Preload, LimitsInShells) {
  for (const char* with : {"dash -c", "bash -c"}) {
    auto run = [&](const char* command) {
      return shell(std::string(with) + " '" + command + "' 2>/dev/null");
    };
    EXPECT_EQ(run("echo 200 > /proc/sys/kernel/msgmni"), 0) << with;
    EXPECT_EQ(limit("msgmni"), "200\n") << with;
    EXPECT_NE(run("echo 40000 > /proc/sys/kernel/msgmni"), 0) << with;
    EXPECT_EQ(run("env echo 201 > /proc/sys/kernel/msgmni"), 0) << with;
    EXPECT_EQ(limit("msgmni"), "201\n") << with;
    EXPECT_NE(run("env printf 40000 > /proc/sys/kernel/msgmni"), 0) << with;
    EXPECT_EQ(run("echo 202 | tee /proc/sys/kernel/msgmni"), 0) << with;
    EXPECT_EQ(run("read limit < /proc/sys/kernel/msgmni; test $limit = 202"), 0) << with;
    EXPECT_EQ(run("echo 32000 | cat > /proc/sys/kernel/msgmni"), 0) << with;
    EXPECT_EQ(limit("msgmni"), "32000\n") << with;
    EXPECT_EQ(run("cat < /proc/sysvipc/msg | grep -q cbytes"), 0) << with;
  }
}

TEST_F(Preload, LimitsOfOthersAreNotToBeWritten) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  ASSERT_GE(msgget(4714, IPC_CREAT | 0600), 0);  // whose directory it is, is settled
  EXPECT_EQ(in_child([] { return setuid(7001) == 0 && set_limit("msgmax", "5") == -EACCES; }), 0);
  EXPECT_EQ(in_child([] {
              int file = open("/proc/sys/kernel/msgmax", O_WRONLY);
              return file >= 0 && setuid(7001) == 0 && write(file, "5", 1) == -1 && errno == EPERM;
            }),
            0);
  EXPECT_EQ(limit("msgmax"), "8192\n");
  EXPECT_EQ(msgctl(msgget(4714, 0), IPC_RMID, nullptr), 0);
}

TEST_F(Preload, OtherFilesAreTheSystems) {
  EXPECT_EQ(open("/nonexistent", O_RDONLY), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(open(reinterpret_cast<const char*>(8), O_RDONLY), -1);
  EXPECT_EQ(errno, EFAULT);
  EXPECT_EQ(open("/proc/sysvipc/msg", O_RDONLY | O_DIRECTORY), -1);
  EXPECT_EQ(errno, ENOTDIR);
  std::string path = root + "/msgmax";  // one of the names, elsewhere
  int file = open(path.c_str(), O_RDWR | O_CREAT, 0640);
  ASSERT_GE(file, 0);
  EXPECT_EQ(write(file, "text", 4), 4);
  struct stat status;
  EXPECT_EQ(fstat(file, &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(status.st_size, 4);
  close(file);
  unlink(path.c_str());
}

bool new_ipc_namespace() { return unshare(CLONE_NEWIPC) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0; }

TEST_F(Preload, EachIpcNamespaceHasItsOwnQueues) {
  if (in_child(new_ipc_namespace) != 0) GTEST_SKIP() << "may not make IPC namespaces";
  int here = msgget(4712, IPC_CREAT | 0600);
  ASSERT_GE(here, 0);
  EXPECT_EQ(in_child([&] {
              int before = open("/proc/self/ns/ipc", O_RDONLY);
              bool separate = new_ipc_namespace() && msgget(4712, 0) == -1 && errno == ENOENT;
              int there = msgget(4712, IPC_CREAT | 0600);
              bool kept = syscall(SYS_unshare, CLONE_NEWIPC) == 0 && msgget(4712, 0) == -1;
              // Back again; in a user namespace of its own it has not the privilege for that.
              bool back = setns(before, CLONE_NEWIPC) != 0 ? errno == EPERM : msgget(4712, 0) == here;
              return separate && there >= 0 && kept && back;
            }),
            0);
  EXPECT_EQ(msgctl(here, IPC_RMID, nullptr), 0);
}

TEST_F(Preload, ProgramsFindTheQueuesOfTheirIpcNamespace) {
  if (in_child(new_ipc_namespace) != 0) GTEST_SKIP() << "may not make IPC namespaces";
  EXPECT_EQ(
      in_child([] {
        return new_ipc_namespace() && msgget(4713, IPC_CREAT | 0600) >= 0 &&
               shell("ipcs -q | grep -q 0x00001269 && unshare -Ui sh -c '! ipcs -q | grep -q 0x00001269'") ==
                   0;
      }),
      0);
}

int key_is_absent(void* key) { return msgget(*static_cast<key_t*>(key), 0) == -1 && errno == ENOENT ? 0 : 1; }

TEST_F(Preload, CloneIntoANewIpcNamespace) {
  key_t key = 4715;
  int here = msgget(key, IPC_CREAT | 0600);
  ASSERT_GE(here, 0);
  alignas(16) static char stack[1 << 18];
  pid_t child = clone(key_is_absent, stack + sizeof stack, CLONE_NEWIPC | SIGCHLD, &key);
  if (child < 0) GTEST_SKIP() << "may not make IPC namespaces";
  int state = -1;
  waitpid(child, &state, 0);
  EXPECT_EQ(state, 0);
  EXPECT_EQ(msgctl(here, IPC_RMID, nullptr), 0);
}

// Whoever goes through many IPC namespaces leaves at most the last behind.
TEST_F(Preload, WhatIsLeftOfIpcNamespacesGoes) {
  if (in_child([] {
        return new_ipc_namespace() &&
               default_directory::find(default_directory::current()) == default_directory::Found::yes;
      }) != 0)
    GTEST_SKIP()
        << "may not make IPC namespaces, or the kernel (before Linux 6.18) does not tell which there are";
  auto before = namespaces().size();
  EXPECT_EQ(in_child([] {
              for (int i = 0; i < 20; ++i) {
                if (!new_ipc_namespace() || msgget(4716, IPC_CREAT | 0600) < 0) return false;
              }
              return true;
            }),
            0);
  EXPECT_LE(namespaces().size(), before + 2);
  // But not what somebody still uses.
  EXPECT_EQ(in_child([] {
              if (!new_ipc_namespace() || msgget(4717, IPC_CREAT | 0600) < 0) return false;
              int first = open("/proc/self/ns/ipc", O_RDONLY);
              for (int i = 0; i < 3; ++i) new_ipc_namespace();
              return setns(first, 0) == 0 && msgget(4717, 0) >= 0;
            }),
            0);
}

}  // namespace
