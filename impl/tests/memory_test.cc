// Bad pointers: EFAULT instead of a crash, with the kernel's effects; and the program's own fault handlers go
// on working.
#include <setjmp.h>
#include <sys/mman.h>

#include "fixture.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

namespace svmq_test {
namespace {

// A page that may be used and one after it that may not: `end(n)` has n usable bytes.
class Edge {
 public:
  explicit Edge(int protection = PROT_READ | PROT_WRITE)
      : page_(static_cast<char*>(
            mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    mprotect(page_ + size, size, PROT_NONE);
    long type = 1;
    memcpy(page_, &type, sizeof type);
    mprotect(page_, size, protection);
  }
  ~Edge() { munmap(page_, 2 * size); }
  char* start() const { return page_; }
  char* end(std::size_t usable) const { return page_ + size - usable; }
  char* beyond() const { return page_ + size; }

 private:
  static constexpr std::size_t size = 4096;
  char* page_;
};

void* all_ones() { return reinterpret_cast<void*>(-1L); }

class Memory : public QueueTest {};

TEST_F(Memory, SendFromBadMemoryChangesNothing) {
  int q = queue();
  Edge edge;
  char* text_unreadable = edge.end(sizeof(long));
  long type = 1;
  memcpy(text_unreadable, &type, sizeof type);
  for (const void* bad : {static_cast<void*>(nullptr), all_ones(), static_cast<void*>(edge.beyond()),
                          static_cast<void*>(edge.end(4)), static_cast<void*>(text_unreadable)}) {
    EXPECT_EQ(failure(svmq_msgsnd(q, bad, 1, IPC_NOWAIT)), EFAULT) << bad;
  }
  EXPECT_EQ(failure(svmq_msgsnd(q + 1, text_unreadable, 1, IPC_NOWAIT)), EFAULT);
  EXPECT_EQ(status(q).msg_qnum, 0u);
  EXPECT_EQ(status(q).msg_lspid, 0);
  EXPECT_EQ(svmq_msgsnd(q, text_unreadable, 0, IPC_NOWAIT), 0);
}

TEST_F(Memory, ReceiveIntoBadMemoryLosesTheMessage) {
  int q = queue();
  Edge edge, read_only(PROT_READ);
  for (void* bad : {static_cast<void*>(nullptr), all_ones(), static_cast<void*>(edge.beyond()),
                    static_cast<void*>(read_only.start())}) {
    ASSERT_EQ(send(q, 1, "lost"), 0);
    EXPECT_EQ(failure(svmq_msgrcv(q, bad, 100, 0, IPC_NOWAIT)), EFAULT) << bad;
    EXPECT_EQ(status(q).msg_qnum, 0u);
    EXPECT_EQ(status(q).msg_lrpid, getpid());
  }
}

TEST_F(Memory, FaultInTheTextLeavesTypeAndPrefix) {
  int q = queue();
  Edge edge;
  ASSERT_EQ(send(q, 77, "abcdef"), 0);
  char* buffer = edge.end(sizeof(long) + 3);
  EXPECT_EQ(failure(svmq_msgrcv(q, buffer, 100, 0, IPC_NOWAIT)), EFAULT);
  long type;
  memcpy(&type, buffer, sizeof type);
  EXPECT_EQ(type, 77);
  EXPECT_EQ(std::string(buffer + sizeof type, 3), "abc");
}

// Texts of each length are copied in another way.
TEST_F(Memory, EveryLengthArrivesWholeOrUpToTheFault) {
  int q = queue();
  Edge edge;
  for (std::size_t size :
       {1, 7, 8, 9, 23, 24, 25, 55, 57, 119, 120, 121, 184, 185, 248, 1000, 2039, 2040, 2041, 4000}) {
    std::string text(size, 0);
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('!' + i % 89);
    for (std::size_t missing : {0, 1, 5, 40, 100}) {
      if (missing > size) break;
      ASSERT_EQ(send(q, 5, text), 0);
      char* buffer = edge.end(sizeof(long) + size - missing);
      ssize_t result = svmq_msgrcv(q, buffer, 5000, 0, IPC_NOWAIT);
      EXPECT_EQ(result, missing == 0 ? static_cast<ssize_t>(size) : -1) << size << " " << missing;
      EXPECT_EQ(std::string(buffer + sizeof(long), size - missing), text.substr(0, size - missing)) << size;
    }
  }
}

TEST_F(Memory, ExactlyEnoughMemoryIsEnough) {
  int q = queue();
  Edge edge;
  char* buffer = edge.end(sizeof(long) + 3);
  ASSERT_EQ(send(q, 1, "abc"), 0);
  EXPECT_EQ(svmq_msgrcv(q, buffer, 100, 0, IPC_NOWAIT), 3);
  EXPECT_EQ(svmq_msgsnd(q, buffer, 3, IPC_NOWAIT), 0);
  EXPECT_EQ(failure(svmq_msgrcv(q, buffer, 100, 0, IPC_NOWAIT | MSG_COPY)), EFAULT);
  EXPECT_EQ(status(q).msg_qnum, 1u);
}

TEST_F(Memory, HandOffIntoBadMemoryLosesTheMessage) {
  int q = queue();
  Child taker([=] { return failure(svmq_msgrcv(q, nullptr, 100, 0, 0)); });
  ASSERT_TRUE(taker.sleeps());
  EXPECT_EQ(send(q, 1, "x"), 0);
  EXPECT_EQ(taker.wait(), EFAULT);
  EXPECT_EQ(receive(q).error, ENOMSG);
}

TEST_F(Memory, ControlWithBadBuffers) {
  int q = queue();
  Edge edge, read_only(PROT_READ);
  auto as_buffer = [](void* address) { return static_cast<msqid_ds*>(address); };
  for (void* bad : {static_cast<void*>(nullptr), all_ones(), static_cast<void*>(edge.beyond()),
                    static_cast<void*>(edge.end(16))}) {
    for (int command : {IPC_STAT, IPC_SET, IPC_INFO, MSG_INFO, MSG_STAT}) {
      EXPECT_EQ(failure(svmq_msgctl(q, command, as_buffer(bad))), EFAULT) << command << " " << bad;
    }
  }
  EXPECT_EQ(failure(svmq_msgctl(q, IPC_STAT, as_buffer(read_only.start()))), EFAULT);
  EXPECT_EQ(failure(svmq_limit_get("msgmax", nullptr)), EFAULT);
  EXPECT_EQ(failure(svmq_limit_get(nullptr, nullptr)), EFAULT);
  EXPECT_EQ(failure(svmq_table(static_cast<char*>(edge.end(16)), 1000)), EFAULT);
  EXPECT_EQ(svmq_msgctl(q, IPC_RMID, as_buffer(all_ones())), 0);
}

TEST_F(Memory, BlockedFaultSignalsDoNotMatter) {
  int q = queue();
  Child child([=] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    return failure(svmq_msgsnd(q, nullptr, 1, IPC_NOWAIT));
  });
  EXPECT_EQ(child.wait(), EFAULT);
}

sigjmp_buf escape;
volatile int seen_signal;

bool fault_reaches_the_program() {
  Edge edge;
  seen_signal = 0;
  if (sigsetjmp(escape, 1) == 0) *const_cast<volatile char*>(edge.beyond()) = 1;
  return seen_signal == SIGSEGV;
}

TEST_F(Memory, TheProgramsOwnHandlerStillGetsItsFaults) {
  int q = queue();
  Child child([=] {
    auto send_faults = [=] { return failure(svmq_msgsnd(q, nullptr, 1, IPC_NOWAIT)) == EFAULT; };
    auto handle = [](int signal) {
      seen_signal = signal;
      siglongjmp(escape, 1);
    };
    struct sigaction action = {};
    action.sa_handler = handle;
    sigaction(SIGSEGV, &action, nullptr);  // before the library's first call
    if (!fault_reaches_the_program() || !send_faults() || !fault_reaches_the_program()) return 1;
    sigaction(SIGSEGV, &action, nullptr);  // and after it
    if (!fault_reaches_the_program() || !send_faults() || !fault_reaches_the_program()) return 2;
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Memory, FaultsWithoutHandlerStillKill) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer has its own handler and exits";
#endif
  int q = queue();
  Child child([=] {
    if (failure(svmq_msgsnd(q, nullptr, 1, IPC_NOWAIT)) != EFAULT) return 1;
    Edge edge;
    *const_cast<volatile char*>(edge.beyond()) = 1;
    return 2;
  });
  EXPECT_EQ(child.wait(), -SIGSEGV);
}

}  // namespace
}  // namespace svmq_test
