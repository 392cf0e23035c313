// SIGKILL at any instruction, and memory that another process has damaged.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "fixture.h"

namespace svmq_test {
namespace {

class Crash : public QueueTest {};

// Each single step is two switches between processes, and sanitized code has many more of them.
constexpr long step(long instructions) {
#if defined(__SANITIZE_ADDRESS__)
  return instructions * 20;
#else
  return instructions;
#endif
}

TEST_F(Crash, KilledReceiverTakesNothingWithIt) {
  int q = queue();
  {
    Child killed([=] { return receive(q, 0, 0).error; });
    ASSERT_TRUE(killed.sleeps());
  }
  ASSERT_EQ(send(q, 1, "kept"), 0);
  EXPECT_EQ(receive(q), (Received{0, 1, "kept"}));
}

TEST_F(Crash, UnreapedReceiverIsDeadToo) {
  int q = queue();
  Child killed([=] { return receive(q, 0, 0).error; });
  ASSERT_TRUE(killed.sleeps());
  killed.signal(SIGKILL);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(killed.pid()), &info, WEXITED | WNOWAIT), 0);
  ASSERT_EQ(send(q, 1, "kept"), 0);
  EXPECT_EQ(receive(q).text, "kept");
}

TEST_F(Crash, KilledSenderSendsNothingAndTheNextOneGoesOn) {
  int q = queue();
  resize(q, 4);
  ASSERT_EQ(send(q, 1, "full"), 0);
  Child next([] { return 0; });
  {
    Child killed([=] { return send(q, 2, "dead", 0); });
    ASSERT_TRUE(killed.sleeps());
    next = Child([=] { return send(q, 3, "next", 0); });
    ASSERT_TRUE(next.sleeps());
  }
  EXPECT_EQ(receive(q).text, "full");
  EXPECT_EQ(next.wait(), 0);
  EXPECT_EQ(receive(q), (Received{0, 3, "next"}));
}

TEST_F(Crash, ManyKilledWaitersLeaveNothingBehind) {
  int q = queue();
  for (int i = 0; i < 50; ++i) {
    Child killed([=] { return receive(q, 0, 0).error; });
    ASSERT_TRUE(killed.sleeps());
  }
  for (int i = 0; i < 100; ++i) ASSERT_EQ(send(q, 1, "x"), 0);
  EXPECT_EQ(status(q).msg_qnum, 100u);
}

// Few instructions around the call itself: single steps are slow.
struct Small {
  long type;
  char text[8];
};

int plain_send(int id, long type, const char* text, std::size_t size) {
  Small sent = {type, {}};
  for (std::size_t i = 0; i < size; ++i) sent.text[i] = text[i];
  return svmq_msgsnd(id, &sent, size, IPC_NOWAIT);
}

int plain_receive(int id) {
  Small got;
  return static_cast<int>(svmq_msgrcv(id, &got, sizeof got.text, 0, IPC_NOWAIT));
}

// Runs `work` in a traced child, kills it after that many instructions. False if it ended before.
bool kill_after(long instructions, const std::function<int()>& work) {
  pid_t pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    _exit(work());
  }
  int state = 0;
  waitpid(pid, &state, 0);
  for (long i = 0; i < instructions && WIFSTOPPED(state); ++i) {
    if (ptrace(PTRACE_SINGLESTEP, pid, nullptr, nullptr) != 0) break;
    waitpid(pid, &state, 0);
  }
  bool killed = WIFSTOPPED(state);
  if (killed) {
    ::kill(pid, SIGKILL);
    waitpid(pid, &state, 0);
  }
  return killed;
}

// After each death: the queue works, holds the messages in their order, and at most the one in hand is
// missing.
TEST_F(Crash, KilledAtAnyInstructionOfSendAndReceive) {
  int q = queue();
  ASSERT_EQ(send(q, 1, "warm"), 0);
  ASSERT_EQ(receive(q).text, "warm");
  int deaths = 0;
  bool still_running = true;
  for (long instructions = 200; still_running; instructions += step(41)) {
    ASSERT_EQ(send(q, 1, "first"), 0);
    ASSERT_EQ(send(q, 2, "second"), 0);
    still_running = kill_after(instructions, [=] { return plain_send(q, 3, "third", 5) + plain_receive(q); });
    deaths += still_running;
    std::string found;
    msqid_ds seen = status(q);
    for (Received got = receive(q); got.error == 0; got = receive(q)) found += got.text + " ";
    bool sound = found == "first second " || found == "first second third " || found == "second third ";
    ASSERT_TRUE(sound) << "after " << instructions << " instructions: " << found;
    ASSERT_EQ(static_cast<std::size_t>(seen.msg_qnum), found.size() > 14 ? 3u : 2u) << instructions;
    ASSERT_EQ(status(q).__msg_cbytes, 0u) << instructions;
  }
  RecordProperty("deaths", deaths);
  EXPECT_GT(deaths, 20);
}

// A receiver waits; a sender dies somewhere in handing over. Then the receiver has it or gets the next one.
TEST_F(Crash, KilledAtAnyInstructionOfAHandOff) {
  int q = queue();
  bool still_running = true;
  for (long instructions = 200; still_running; instructions += step(41)) {
    Child taker([=] { return static_cast<int>(receive(q, 0, 0).text.size()); });
    ASSERT_TRUE(taker.sleeps());
    still_running = kill_after(instructions, [=] { return plain_send(q, 1, "1", 1); });
    // A look at the queue repairs it and passes on the wake-up that the dead one owed.
    ASSERT_EQ(send(q, 2, "22"), 0);
    int length = taker.wait();
    Received left = receive(q);
    if (length == 1) {
      ASSERT_EQ(left.text, "22") << instructions;
    } else {
      ASSERT_EQ(length, 2) << instructions;
      ASSERT_EQ(left.error, ENOMSG) << instructions;
    }
    ASSERT_EQ(status(q).msg_qnum, 0u);
  }
}

TEST_F(Crash, KilledAtAnyInstructionOfCreationAndRemoval) {
  bool still_running = true;
  for (long instructions = 200; still_running; instructions += step(997)) {
    still_running = kill_after(instructions, [] {
      int q = svmq_msgget(77, IPC_CREAT | 0600);
      return plain_send(q, 1, "x", 1) + svmq_msgctl(q, IPC_RMID, nullptr);
    });
    int q = svmq_msgget(77, IPC_CREAT | 0600);
    ASSERT_GE(q, 0) << strerror(errno) << " after " << instructions;
    int error = receive(q).error;
    ASSERT_TRUE(error == 0 || error == ENOMSG) << strerror(error);
    ASSERT_EQ(send(q, 1, "y"), 0);
    ASSERT_EQ(svmq_msgctl(q, IPC_RMID, nullptr), 0) << strerror(errno);
    msginfo info = {};
    svmq_msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&info));
    ASSERT_EQ(info.msgpool, 0) << "after " << instructions;
  }
}

// Processes that send and receive without end, blocking, are killed and replaced at random moments. Whatever
// state that leaves, the queue goes on, and its counters agree with what is on it.
TEST_F(Crash, KilledUnderContention) {
  int q = queue();
  resize(q, 40);
  auto work = [q](int number) {
    return Child([=] {
      for (int i = 0;; ++i) {
        if ((i + number) % 2 == 0) {
          send(q, 1 + number % 3, std::string(static_cast<std::size_t>(i % 17), 'x'), 0);
        } else {
          receive(q, number % 2 == 0 ? 0 : -3, 0);
        }
      }
      return 0;
    });
  };
  std::vector<Child> workers;
  for (int i = 0; i < 6; ++i) workers.push_back(work(i));
  unsigned seed = 3;
  for (int round = 0; round < 400; ++round) {
    seed = seed * 1103515245 + 12345;
    usleep((seed >> 8) % 1500);
    workers[(seed >> 20) % workers.size()] = work(round);
  }
  workers.clear();
  std::size_t messages = status(q).msg_qnum, found = 0;
  while (receive(q).error == 0) ++found;
  EXPECT_EQ(found, messages);
  EXPECT_EQ(status(q).__msg_cbytes, 0u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(send(q, 1, "y"), 0);
  EXPECT_EQ(send(q, 1, ""), EAGAIN);
}

class Damage : public QueueTest {
 protected:
  std::vector<std::string> files(const std::string& extension) {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (file.path().extension() == extension) found.push_back(file.path());
    }
    return found;
  }
};

// A user of the queue cuts its files short under a process that has them mapped.
TEST_F(Damage, TruncatedFilesGiveErrors) {
  for (const char* extension : {".arena", ".head"}) {
    int q = queue();
    ASSERT_EQ(send(q, 1, "x"), 0);
    for (const std::string& file : files(extension)) ASSERT_EQ(truncate(file.c_str(), 0), 0);
    Child victim([=] {
      send(q, 1, "y");
      receive(q);
      msqid_ds seen;
      svmq_msgctl(q, IPC_STAT, &seen);
      return 0;
    });
    EXPECT_EQ(victim.wait(), 0) << extension;
    Received got = receive(q);
    EXPECT_TRUE(got.error == EIDRM || got.error == EINVAL) << strerror(got.error);
    svmq_msgctl(q, IPC_RMID, nullptr);
    EXPECT_GE(queue(), 0);
  }
}

// Random words in the queue's memory, but for the lock: every call still returns, within the segment.
TEST_F(Damage, ScribbledMemoryNeverCrashes) {
  unsigned seed = 7;
  auto random = [&] { return seed = seed * 1103515245 + 12345, seed >> 8; };
  for (int round = 0; round < 300; ++round) {
    int q = queue();
    for (int i = 0; i < 5; ++i)
      ASSERT_EQ(send(q, 1 + i % 2, std::string(static_cast<std::size_t>(i) * 40, 'x')), 0);
    ASSERT_EQ(receive(q).error, 0);
    for (const char* extension : {".arena", ".head"}) {
      for (const std::string& file : files(extension)) {
        int opened = open(file.c_str(), O_RDWR | O_CLOEXEC);
        ASSERT_GE(opened, 0);
        for (int i = 0; i < 3; ++i) {
          // In the head: behind the fields that say what it is, and the lock.
          off_t from = strcmp(extension, ".head") == 0 ? 112 : 0;
          off_t at = from + static_cast<off_t>(random() % (strcmp(extension, ".head") == 0 ? 70 : 160)) * 4;
          unsigned word = round % 2 == 0 ? random() % 64 : random() * 7919;
          ASSERT_EQ(pwrite(opened, &word, sizeof word, at), static_cast<ssize_t>(sizeof word));
        }
        close(opened);
      }
    }
    Child victim([=] {
      alarm(20);
      for (int i = 0; i < 4; ++i) {
        send(q, 1, std::string(static_cast<std::size_t>(i) * 50, 'y'));
        receive(q, i % 2 == 0 ? 0 : -9);
      }
      msqid_ds setting = {};
      svmq_msgctl(q, IPC_STAT, &setting);
      setting.msg_qbytes = 100;
      svmq_msgctl(q, IPC_SET, &setting);
      svmq_msgctl(q, IPC_RMID, nullptr);
      return 0;
    });
    ASSERT_EQ(victim.wait(), 0) << "round " << round;
    svmq_msgctl(q, IPC_RMID, nullptr);
  }
}

}  // namespace
}  // namespace svmq_test
