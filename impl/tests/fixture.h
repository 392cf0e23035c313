// What the tests of libsvmq share: a namespace of their own, child processes, and watching them fall asleep.
#pragma once

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <utility>

#include "svmq/svmq.h"

namespace svmq_test {

struct Packet {
  long type;
  char text[8192];
};

inline Packet packet(long type, const std::string& text) {
  Packet made = {};
  made.type = type;
  text.copy(made.text, sizeof made.text);
  return made;
}

// 0 or the errno of the call.
inline int send(int id, long type, const std::string& text, int flags = IPC_NOWAIT) {
  Packet sent = packet(type, text);
  return svmq_msgsnd(id, &sent, text.size(), flags) == 0 ? 0 : errno;
}

struct Received {
  int error;
  long type;
  std::string text;
  bool operator==(const Received&) const = default;
};

inline Received receive(int id, long type = 0, int flags = IPC_NOWAIT,
                        std::size_t size = sizeof(Packet::text)) {
  Packet got = {};
  ssize_t length = svmq_msgrcv(id, &got, size, type, flags);
  if (length < 0) return {errno, 0, ""};
  return {0, got.type, std::string(got.text, static_cast<std::size_t>(length))};
}

inline void PrintTo(const Received& received, std::ostream* out) {
  if (received.error != 0) {
    *out << strerror(received.error);
  } else {
    *out << "{" << received.type << ", \"" << received.text << "\"}";
  }
}

inline msqid_ds status(int id) {
  msqid_ds seen = {};
  EXPECT_EQ(svmq_msgctl(id, IPC_STAT, &seen), 0) << strerror(errno);
  return seen;
}

inline int failure(long result) { return result == -1 ? errno : 0; }

// Is that thread asleep in a queue wait? This is the library's promise to whoever watches: see seam.h.
inline bool asleep_in_queue(pid_t thread) {
  std::ifstream file("/proc/" + std::to_string(thread) + "/syscall");
  std::string word, number;
  file >> number;
  for (int i = 0; i < 6; ++i) file >> word;
  return (number == std::to_string(SYS_futex) || number == std::to_string(SYS_restart_syscall)) &&
         word == "0x53564d51";
}

// False if it does not fall asleep within ten seconds.
inline bool await_sleep(pid_t thread) {
  for (int i = 0; i < 10'000; ++i) {
    if (asleep_in_queue(thread)) return true;
    usleep(1000);
  }
  return false;
}

// A child process that does `work` and exits with what it returns.
class Child {
 public:
  explicit Child(const std::function<int()>& work) : pid_(fork()) {
    if (pid_ == 0) _exit(work());
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }

  pid_t pid() const { return pid_; }
  bool sleeps() const { return await_sleep(pid_); }
  bool still_sleeps() const { return asleep_in_queue(pid_); }
  void signal(int number) const { ::kill(pid_, number); }
  void forget() { pid_ = -1; }  // it has been reaped
  // Its exit status, or minus the signal that ended it.
  int wait() {
    int state = 0;
    waitpid(std::exchange(pid_, -1), &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
  }

 private:
  pid_t pid_;
};

class QueueTest : public testing::Test {
 protected:
  void SetUp() override {
    char made[] = "/dev/shm/svmq-test-XXXXXX";
    ASSERT_NE(mkdtemp(made), nullptr);
    ASSERT_EQ(rmdir(made), 0);
    directory_ = made;
    ASSERT_EQ(svmq_namespace_enter(directory_.c_str()), 0) << strerror(errno);
  }
  void TearDown() override { EXPECT_EQ(svmq_namespace_remove(directory_.c_str()), 0) << strerror(errno); }

  int queue(int mode = 0600) {
    int id = svmq_msgget(IPC_PRIVATE, mode);
    EXPECT_GE(id, 0) << strerror(errno);
    return id;
  }
  void resize(int id, unsigned long bytes) {
    msqid_ds setting = status(id);
    setting.msg_qbytes = bytes;
    ASSERT_EQ(svmq_msgctl(id, IPC_SET, &setting), 0) << strerror(errno);
  }

  std::string directory_;
};

}  // namespace svmq_test
