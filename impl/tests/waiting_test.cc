// Blocking, hand-off, wake-up, signals, removal, cancellation: several processes, no sleeps but in falling
// asleep.
#include <pthread.h>
#include <setjmp.h>
#include <sys/time.h>

#include <atomic>
#include <thread>
#include <vector>

#include "fixture.h"

namespace svmq_test {
namespace {

class Waiting : public QueueTest {
 protected:
  // A child that waits for that type and exits 0 if it gets `text`, else with the errno (200: another text).
  Child receiver(int q, long type, const std::string& text, int flags = 0, std::size_t size = 8192) {
    return Child([=] {
      Received got = receive(q, type, flags, size);
      return got.error != 0 ? got.error : got.text == text ? 0 : 200;
    });
  }
  Child sender(int q, long type, const std::string& text) {
    return Child([=] { return send(q, type, text, 0); });
  }
};

TEST_F(Waiting, HandOffGoesToTheOldestThatMatches) {
  int q = queue();
  Child wrong = receiver(q, 5, "");
  ASSERT_TRUE(wrong.sleeps());
  Child first = receiver(q, -4, "one");
  ASSERT_TRUE(first.sleeps());
  Child second = receiver(q, 3, "two");
  ASSERT_TRUE(second.sleeps());
  pid_t first_pid = first.pid();
  ASSERT_EQ(send(q, 3, "one"), 0);
  EXPECT_EQ(status(q).msg_qnum, 0u);
  EXPECT_EQ(status(q).msg_lrpid, first_pid);
  EXPECT_EQ(first.wait(), 0);
  EXPECT_TRUE(second.still_sleeps());
  ASSERT_EQ(send(q, 3, "two"), 0);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_TRUE(wrong.still_sleeps());
}

TEST_F(Waiting, TooSmallReceiversFailAndTheMessageGoesOn) {
  int q = queue();
  Child small = receiver(q, 0, "", 0, 2);
  ASSERT_TRUE(small.sleeps());
  Child cutting = receiver(q, 0, "lo", MSG_NOERROR, 2);
  ASSERT_TRUE(cutting.sleeps());
  ASSERT_EQ(send(q, 1, "long"), 0);
  EXPECT_EQ(small.wait(), E2BIG);
  EXPECT_EQ(cutting.wait(), 0);
  Child alone = receiver(q, 0, "", 0, 2);
  ASSERT_TRUE(alone.sleeps());
  ASSERT_EQ(send(q, 1, "stays"), 0);
  EXPECT_EQ(alone.wait(), E2BIG);
  EXPECT_EQ(receive(q).text, "stays");
}

TEST_F(Waiting, SendersWaitForRoomAndOnlyThoseThatFitGoOn) {
  int q = queue();
  resize(q, 10);
  ASSERT_EQ(send(q, 1, "12345"), 0);
  ASSERT_EQ(send(q, 1, "67890"), 0);
  Child large = sender(q, 2, "ABCDEFG");
  ASSERT_TRUE(large.sleeps());
  Child small = sender(q, 3, "abc");
  ASSERT_TRUE(small.sleeps());
  EXPECT_EQ(receive(q).text, "12345");
  EXPECT_EQ(small.wait(), 0);
  EXPECT_TRUE(large.still_sleeps());
  EXPECT_EQ(status(q).msg_qnum, 2u);
  EXPECT_EQ(receive(q).text, "67890");
  EXPECT_EQ(large.wait(), 0);
  EXPECT_EQ(receive(q, 2).text, "ABCDEFG");
}

TEST_F(Waiting, FullQueueDoesNotHandOver) {
  int q = queue();
  resize(q, 4);
  ASSERT_EQ(send(q, 1, "full"), 0);
  Child taker = receiver(q, 2, "two");
  ASSERT_TRUE(taker.sleeps());
  Child giver = sender(q, 2, "two");
  ASSERT_TRUE(giver.sleeps());
  EXPECT_TRUE(taker.still_sleeps());
  EXPECT_EQ(receive(q, 1).text, "full");
  EXPECT_EQ(giver.wait(), 0);
  EXPECT_EQ(taker.wait(), 0);
  EXPECT_EQ(status(q).msg_qnum, 0u);
}

TEST_F(Waiting, RemovalWakesAll) {
  int q = queue();
  resize(q, 1);
  ASSERT_EQ(send(q, 1, "x"), 0);
  Child s1 = sender(q, 1, "y"), s2 = sender(q, 1, "z"), r1 = receiver(q, 2, ""), r2 = receiver(q, 3, "");
  for (const Child* waiter : {&s1, &s2, &r1, &r2}) ASSERT_TRUE(waiter->sleeps());
  EXPECT_EQ(svmq_msgctl(q, IPC_RMID, nullptr), 0);
  for (Child* waiter : {&s1, &s2, &r1, &r2}) EXPECT_EQ(waiter->wait(), EIDRM);
}

TEST_F(Waiting, RemovingTheNamespaceWakesAll) {
  std::string other = directory_ + "-other";
  ASSERT_EQ(svmq_namespace_enter(other.c_str()), 0);
  int q = queue();
  Child waiter = receiver(q, 0, "");
  ASSERT_TRUE(waiter.sleeps());
  EXPECT_EQ(svmq_namespace_remove(other.c_str()), 0);
  EXPECT_EQ(waiter.wait(), EIDRM);
  EXPECT_EQ(svmq_namespace_enter(directory_.c_str()), 0);
}

TEST_F(Waiting, SignalInterruptsAlsoUnderRestart) {
  int q = queue();
  auto waits = [&](bool sending) {
    return Child([=, this] {
      struct sigaction action = {};
      action.sa_handler = [](int) {};
      action.sa_flags = SA_RESTART;
      sigaction(SIGUSR1, &action, nullptr);
      signal(SIGUSR2, SIG_IGN);
      return sending ? send(q, 2, "x", 0) : receive(q, 1, 0).error;
    });
  };
  Child taker = waits(false);
  ASSERT_TRUE(taker.sleeps());
  taker.signal(SIGUSR2);
  taker.signal(SIGWINCH);
  EXPECT_TRUE(taker.sleeps());
  taker.signal(SIGUSR1);
  EXPECT_EQ(taker.wait(), EINTR);
  resize(q, 0);
  Child giver = waits(true);
  ASSERT_TRUE(giver.sleeps());
  giver.signal(SIGUSR1);
  EXPECT_EQ(giver.wait(), EINTR);
  resize(q, 100);
  ASSERT_EQ(send(q, 1, "kept"), 0);
  EXPECT_EQ(receive(q), (Received{0, 1, "kept"}));
  EXPECT_EQ(receive(q).error, ENOMSG);
}

TEST_F(Waiting, SignalAgainstSendLosesNothing) {
  int q = queue();
  for (int i = 0; i < 200; ++i) {
    Child taker([=] {
      signal(SIGUSR1, [](int) {});
      return receive(q, 0, 0).error;
    });
    ASSERT_TRUE(taker.sleeps());
    taker.signal(SIGUSR1);
    ASSERT_EQ(send(q, 1, "x"), 0);
    int ended = taker.wait();
    ASSERT_TRUE(ended == 0 || ended == EINTR) << ended;
    ASSERT_EQ(receive(q).error, ended == 0 ? ENOMSG : 0);
  }
}

TEST_F(Waiting, StopAndContinueIsInvisible) {
  int q = queue();
  Child taker = receiver(q, 0, "x");
  ASSERT_TRUE(taker.sleeps());
  taker.signal(SIGSTOP);
  int state;
  ASSERT_EQ(waitpid(taker.pid(), &state, WUNTRACED), taker.pid());
  taker.signal(SIGCONT);
  EXPECT_TRUE(taker.sleeps());
  ASSERT_EQ(send(q, 1, "x"), 0);
  EXPECT_EQ(taker.wait(), 0);
}

TEST_F(Waiting, SettingMakesReceiversAskAgain) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  int q = queue(0666);
  Child loses([=] {
    if (setgid(4242) != 0 || setuid(4242) != 0) return 201;
    return receive(q, 0, 0).error;
  });
  ASSERT_TRUE(loses.sleeps());
  Child stays = receiver(q, 0, "x");
  ASSERT_TRUE(stays.sleeps());
  msqid_ds setting = status(q);
  setting.msg_perm.mode = 0600;
  ASSERT_EQ(svmq_msgctl(q, IPC_SET, &setting), 0);
  EXPECT_EQ(loses.wait(), EACCES);
  ASSERT_TRUE(stays.sleeps());
  ASSERT_EQ(send(q, 1, "x"), 0);
  EXPECT_EQ(stays.wait(), 0);
}

TEST_F(Waiting, SenderThatLostPermissionLearnsItWhenThereIsRoom) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  int q = queue(0666);
  resize(q, 1);
  ASSERT_EQ(send(q, 1, "x"), 0);
  Child loses([=] {
    if (setgid(4242) != 0 || setuid(4242) != 0) return 201;
    return send(q, 1, "y", 0);
  });
  ASSERT_TRUE(loses.sleeps());
  msqid_ds setting = status(q);
  setting.msg_perm.mode = 0600;
  ASSERT_EQ(svmq_msgctl(q, IPC_SET, &setting), 0);
  EXPECT_TRUE(loses.still_sleeps());
  EXPECT_EQ(receive(q).text, "x");
  EXPECT_EQ(loses.wait(), EACCES);
  EXPECT_EQ(status(q).msg_qnum, 0u);
}

struct ThreadCall {
  int queue;
  std::atomic<pid_t> thread;
};

TEST_F(Waiting, CancellationLeavesNoWaiterBehind) {
  ThreadCall call{queue(), {0}};
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* argument) -> void* {
        auto* mine = static_cast<ThreadCall*>(argument);
        mine->thread = gettid();
        Packet got;
        svmq_msgrcv(mine->queue, &got, 100, 0, 0);
        return nullptr;
      },
      &call);
  while (call.thread == 0) usleep(1000);
  ASSERT_TRUE(await_sleep(call.thread));
  ASSERT_EQ(pthread_cancel(thread), 0);
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  ASSERT_EQ(send(call.queue, 1, "kept"), 0);
  EXPECT_EQ(receive(call.queue).text, "kept");
}

// msgget is no cancellation point, although it opens files while it holds locks.
TEST_F(Waiting, PendingCancellationWaitsForACancellationPoint) {
  std::atomic<int> made{-1};
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* argument) -> void* {
        pthread_cancel(pthread_self());
        int q = svmq_msgget(IPC_PRIVATE, 0600);
        *static_cast<std::atomic<int>*>(argument) = q;
        static Packet sent = {1, "x"};  // on the stack the address sanitizer would miss its end
        svmq_msgsnd(q, &sent, 1, 0);
        return nullptr;
      },
      &made);
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  ASSERT_GE(made, 0);
  EXPECT_EQ(status(made).msg_qnum, 0u);
}

// msg_lrpid is a process id, also when a thread other than the first was handed the message.
TEST_F(Waiting, HandOffRecordsTheProcess) {
  ThreadCall call{queue(), {0}};
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* argument) -> void* {
        auto* mine = static_cast<ThreadCall*>(argument);
        mine->thread = gettid();
        Packet got;
        svmq_msgrcv(mine->queue, &got, 100, 0, 0);
        return nullptr;
      },
      &call);
  while (call.thread == 0) usleep(1000);
  ASSERT_TRUE(await_sleep(call.thread));
  ASSERT_EQ(send(call.queue, 1, "x"), 0);
  pthread_join(thread, nullptr);
  EXPECT_NE(call.thread, getpid());
  EXPECT_EQ(status(call.queue).msg_lrpid, getpid());
}

// A message handed over before the removal is the receiver's, and a send completed before it has happened:
// also where the receiver or the sender had no chance to run in between. Turns red if the removal takes back
// what was decided.
TEST_F(Waiting, RemovalTakesNothingBack) {
  for (int round = 0; round < 50; ++round) {
    int q = queue();
    resize(q, 4);
    Child receiver([&] { return receive(q, 7, 0).text == "mine" ? 0 : 1; });
    ASSERT_TRUE(await_sleep(receiver.pid()));
    ASSERT_EQ(send(q, 1, "full"), 0);
    Child sender([&] { return send(q, 7, "mine", 0); });
    ASSERT_TRUE(await_sleep(sender.pid()));
    kill(receiver.pid(), SIGSTOP);
    kill(sender.pid(), SIGSTOP);
    EXPECT_EQ(receive(q, 1).text, "full");  // makes room: the sender's message goes to the receiver
    ASSERT_EQ(svmq_msgctl(q, IPC_RMID, nullptr), 0);
    kill(receiver.pid(), SIGCONT);
    kill(sender.pid(), SIGCONT);
    EXPECT_EQ(receiver.wait(), 0);
    EXPECT_EQ(sender.wait(), 0);
  }
}

// A handler interrupts a call at any instruction and makes calls on the same queue. It deadlocks, or the
// counts are wrong, if handlers run while the lock is held.
TEST_F(Waiting, HandlersMakeCallsOnTheSameQueue) {
  static int q;
  static std::atomic<int> received;
  static volatile int fired;
  q = queue();
  received = 0;
  fired = 0;
  struct sigaction action = {};
  action.sa_handler = [](int) {
    int error = errno;
    Packet message = packet(2, "handler");
    if (svmq_msgsnd(q, &message, 7, IPC_NOWAIT) == 0) received -= 1;
    while (svmq_msgrcv(q, &message, 8192, 2, IPC_NOWAIT) == 7) received += 1;
    fired = fired + 1;
    errno = error;
  };
  sigaction(SIGALRM, &action, nullptr);
  itimerval every = {{0, 60}, {0, 60}}, never = {};
  setitimer(ITIMER_REAL, &every, nullptr);
  for (int i = 0; i < 200'000 && fired < 2000; ++i) {
    ASSERT_EQ(send(q, 1, "main"), 0);
    ASSERT_EQ(receive(q, 1).text, "main");
  }
  setitimer(ITIMER_REAL, &never, nullptr);
  signal(SIGALRM, SIG_DFL);
  EXPECT_GT(fired, 10);
  EXPECT_EQ(received, 0);
  EXPECT_EQ(status(q).msg_qnum, 0u);
}

// Two signals that come on top of each other in a call leave none blocked behind them. Red if the mask to go
// back to is that of the one that interrupted the other's way in.
TEST_F(Waiting, SignalsOnTopOfEachOtherLeaveNoneBlocked) {
  int q = queue();
  static volatile int fired;
  fired = 0;
  std::atomic<bool> done = false;
  for (int number : {SIGALRM, SIGVTALRM, SIGPROF}) {
    struct sigaction action = {};
    action.sa_handler = [](int) { fired = fired + 1; };
    sigaction(number, &action, nullptr);
  }
  itimerval every = {{0, 40}, {0, 40}}, never = {};
  for (int timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) setitimer(timer, &every, nullptr);
  std::thread other([&done, self = pthread_self()] {
    for (int i = 0; i < 1'000'000; ++i) pthread_kill(self, i % 2 == 0 ? SIGVTALRM : SIGPROF);
    done = true;
  });
  while (!done) {
    ASSERT_EQ(send(q, 1, "main"), 0);
    ASSERT_EQ(receive(q, 1).text, "main");
  }
  other.join();
  for (int timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) setitimer(timer, &never, nullptr);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  for (int number : {SIGALRM, SIGVTALRM, SIGPROF}) {
    EXPECT_EQ(sigismember(&blocked, number), 0) << number;
    signal(number, SIG_DFL);
  }
  EXPECT_GT(fired, 1000);
}

// The same where the library has to block them itself, as the program has blocked faults: one that comes
// right before that leaves none blocked either. Red if the mask to go back to is what `block` finds.
TEST_F(Waiting, SignalsRightBeforeABlockedCallLeaveNoneBlocked) {
  int q = queue();
  static volatile int fired;
  fired = 0;
  struct sigaction action = {};
  action.sa_handler = [](int) { fired = fired + 1; };
  sigaction(SIGALRM, &action, nullptr);
  sigset_t bus, before, present;
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  pthread_sigmask(SIG_BLOCK, &bus, &before);
  itimerval every = {{0, 20}, {0, 20}}, never = {};
  setitimer(ITIMER_REAL, &every, nullptr);
  for (int i = 0; i < 100'000; ++i) {
    EXPECT_EQ(send(q, 1, "main"), 0);
    EXPECT_EQ(receive(q, 1).text, "main");
    pthread_sigmask(SIG_SETMASK, nullptr, &present);
    if (sigismember(&present, SIGALRM) == 1) break;
  }
  setitimer(ITIMER_REAL, &never, nullptr);
  EXPECT_EQ(sigismember(&present, SIGALRM), 0);
  EXPECT_EQ(sigismember(&present, SIGBUS), 1);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  signal(SIGALRM, SIG_DFL);
  EXPECT_GT(fired, 1000);
}

// What sigaction reports is what the program has asked for.
TEST_F(Waiting, HandlersLookToTheProgramAsItSetThem) {
  queue();
  struct sigaction wanted = {}, seen = {};
  wanted.sa_handler = [](int) {};
  wanted.sa_flags = SA_NODEFER;
  for (int number : {SIGUSR2, SIGSEGV}) {
    struct sigaction before = {};
    ASSERT_EQ(sigaction(number, &wanted, &before), 0);
    ASSERT_EQ(sigaction(number, &before, &seen), 0);
    EXPECT_EQ(seen.sa_handler, wanted.sa_handler);
    EXPECT_EQ(seen.sa_flags & ~0x04000000, wanted.sa_flags);  // SA_RESTORER is the C library's own
    ASSERT_EQ(sigaction(number, nullptr, &seen), 0);
    EXPECT_EQ(seen.sa_handler, before.sa_handler);
  }
}

sigjmp_buf out_of_the_wait;

TEST_F(Waiting, LongjmpOutOfAWaitLeavesNoWaiter) {
  int q = queue();
  signal(SIGALRM, [](int) { siglongjmp(out_of_the_wait, 1); });
  itimerval soon = {{0, 0}, {0, 20'000}};
  if (sigsetjmp(out_of_the_wait, 1) == 0) {
    setitimer(ITIMER_REAL, &soon, nullptr);
    receive(q, 0, 0);
  }
  signal(SIGALRM, SIG_DFL);
  ASSERT_EQ(send(q, 1, "kept"), 0);
  EXPECT_EQ(receive(q).text, "kept");
}

TEST_F(Waiting, FiveHundredWaiters) {
  int q = queue();
  std::vector<Child> waiters;
  for (long i = 1; i <= 500; ++i) waiters.push_back(receiver(q, i, std::to_string(i)));
  for (const Child& waiter : waiters) ASSERT_TRUE(waiter.sleeps());
  for (long i = 500; i >= 1; --i) ASSERT_EQ(send(q, i, std::to_string(i)), 0);
  for (Child& waiter : waiters) EXPECT_EQ(waiter.wait(), 0);
  EXPECT_EQ(status(q).msg_qnum, 0u);
}

// Many processes, small queue: everything sent is received, once, each sender's in order.
TEST_F(Waiting, NothingIsLostOrDoubledUnderContention) {
  constexpr int senders = 3, receivers = 3, each = 2000;
  int q = queue(), results = queue();
  resize(q, 64);
  std::vector<Child> children;
  for (int s = 1; s <= senders; ++s) {
    children.emplace_back([=] {
      for (int i = 0; i < each; ++i) {
        if (send(q, s, std::string(reinterpret_cast<const char*>(&i), sizeof i), 0) != 0) return 1;
      }
      return 0;
    });
  }
  for (int r = 1; r <= receivers; ++r) {
    children.emplace_back([=] {
      int sum = 0;
      for (int i = 0, last = -1; i < each; ++i) {
        Received got = receive(q, r, 0);
        int number;
        if (got.error != 0 || got.text.size() != sizeof number) return 1;
        memcpy(&number, got.text.data(), sizeof number);
        if (number <= last) return 2;
        last = number;
        sum += number;
      }
      return send(results, 1, std::string(reinterpret_cast<const char*>(&sum), sizeof sum));
    });
  }
  for (Child& child : children) EXPECT_EQ(child.wait(), 0);
  for (int r = 0; r < receivers; ++r) {
    Received got = receive(results);
    int sum = 0;
    ASSERT_EQ(got.text.size(), sizeof sum);
    memcpy(&sum, got.text.data(), sizeof sum);
    EXPECT_EQ(sum, each * (each - 1) / 2);
  }
  EXPECT_EQ(status(q).msg_qnum, 0u);
  EXPECT_EQ(status(q).__msg_cbytes, 0u);
}

}  // namespace
}  // namespace svmq_test
