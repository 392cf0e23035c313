// SIGKILL at any instruction.
//
// Each test steps a process through one operation, kills it after so many machine instructions, and has
// another process look at what is left. SVMQ_CRASH_STRIDE is the distance between two deaths (1: every
// instruction; default: some dozens of deaths for each operation); SVMQ_CRASH_SECONDS is how long the storm
// lasts.
#include <sys/ptrace.h>
#include <time.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "audit.h"
#include "fixture.h"

namespace svmq_test {
namespace {

long number_from(const char* name, long otherwise) {
  const char* text = getenv(name);
  return text != nullptr ? atol(text) : otherwise;
}

// Of each operation; each death needs all the steps before it, so the work grows with the square of the
// instructions.
constexpr long usual_deaths = 30;

// Few instructions around the call itself.
struct Small {
  long type;
  char text[2000];
};

int plain_send(int id, long type, std::size_t size, int flags = IPC_NOWAIT) {
  static Small sent;
  sent.type = type;
  return svmq_msgsnd(id, &sent, size, flags) == 0 ? 0 : errno;
}

int plain_receive(int id, long type = 0, int flags = IPC_NOWAIT) {
  static Small got;
  return svmq_msgrcv(id, &got, sizeof got.text, type, flags) >= 0 ? 0 : errno;
}

class Crash : public QueueTest {
 protected:
  struct Operation {
    std::function<void()> prepare;          // by the test, before each death
    std::function<void()> warm_up;          // by the process that will die, not stepped through
    std::function<int()> act;               // stepped through; 0
    std::function<void()> when_it_sleeps;   // by the test, once, if the operation blocks
    std::function<void(bool ended)> check;  // by the test, after each death and at the end
  };

  // Lets the operation end, to count its instructions, and then kills it again and again.
  void step_through(const char* name, const Operation& operation) {
    long instructions = 0, deaths = 0, longest = 0;
    one_death(name, operation, std::numeric_limits<long>::max(), instructions, longest);
    long stride = number_from("SVMQ_CRASH_STRIDE", std::max(1L, instructions / usual_deaths));
    long stepped = 0;
    for (bool ended = false; !ended && !HasFailure(); ++deaths) {
      ended = one_death(name, operation, deaths * stride, stepped, longest);
    }
    printf("%-28s %6ld instructions, %6ld deaths, others went on within %ld us\n", name, instructions,
           deaths - 1, longest);
    EXPECT_GT(deaths, 3);
  }

  bool one_death(const char* name, const Operation& operation, long after, long& stepped, long& longest) {
    operation.prepare();
    bool ended = die_after(after, operation, stepped);
    timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    svmq_msgget(IPC_PRIVATE + 1, 0);  // takes the registry's lock
    msqid_ds seen;
    svmq_msgctl(queue_, IPC_STAT, &seen);
    clock_gettime(CLOCK_MONOTONIC, &end);
    longest =
        std::max(longest, (end.tv_sec - begin.tv_sec) * 1'000'000 + (end.tv_nsec - begin.tv_nsec) / 1000);
    operation.check(ended);
    if (HasFailure()) printf("%s: killed after %ld instructions\n", name, stepped);
    return ended;
  }

  // True if it ended before.
  bool die_after(long instructions, const Operation& operation, long& stepped) {
    pid_t pid = fork();
    if (pid == 0) {
      if (operation.warm_up) operation.warm_up();
      ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      raise(SIGSTOP);
      int result = operation.act();
      raise(SIGUSR1);
      _exit(result);
    }
    victim_ = pid;
    int state = 0;
    waitpid(pid, &state, 0);
    bool ended = false, slept = false;
    for (stepped = 0; stepped < instructions && !ended; ++stepped) {
      if (ptrace(PTRACE_SINGLESTEP, pid, nullptr, nullptr) != 0) break;
      while (waitpid(pid, &state, slept || !operation.when_it_sleeps ? 0 : WNOHANG) == 0) {
        if (!asleep_in_queue(pid)) continue;
        slept = true;
        operation.when_it_sleeps();
      }
      ended = !WIFSTOPPED(state) || WSTOPSIG(state) == SIGUSR1;
    }
    EXPECT_FALSE(WIFEXITED(state)) << "the operation failed: " << WEXITSTATUS(state);
    ::kill(pid, SIGKILL);
    waitpid(pid, &state, 0);
    return ended;
  }

  // All that is on the queue, as types; what the test expects there, it says in types, too.
  std::string drain() {
    std::string found;
    for (Received got = receive(queue_); got.error == 0; got = receive(queue_))
      found += std::to_string(got.type) + " ";
    return found;
  }
  void expect_balance() {
    // A newcomer clears away the dead.
    EXPECT_EQ(Child([this] {
                return failure(svmq_msgrcv(queue_, nullptr, 0, 99, IPC_NOWAIT)) == ENOMSG ? 0 : 1;
              }).wait(),
              0);
    EXPECT_EQ(Audit(directory_, queue_).faults(), "");
  }
  void expect_on_queue(const std::string& this_, const std::string& or_that) {
    std::string faults = Audit(directory_, queue_).faults();
    EXPECT_EQ(faults, "");
    msqid_ds seen = status(queue_);
    std::string found = drain();
    EXPECT_TRUE(found == this_ || found == or_that) << "found " << found;
    EXPECT_EQ(seen.msg_qnum, static_cast<unsigned long>(std::count(found.begin(), found.end(), ' ')));
    expect_balance();
  }
  // It has ended with that, or still sleeps; not something else, and not without a decision.
  static bool ended_with(Child& waiter, int expected, bool may_sleep) {
    for (int i = 0; i < 20'000; ++i) {
      int state = 0;
      pid_t reaped = waitpid(waiter.pid(), &state, WNOHANG);
      if (reaped == waiter.pid()) {
        waiter.forget();
        EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == expected) << state;
        return true;
      }
      if (may_sleep && i > 3 && waiter.still_sleeps()) return false;
      usleep(500);
    }
    ADD_FAILURE() << "a waiter neither sleeps nor ends";
    return false;
  }
  // No queue, no file of one, and the registry agrees.
  void expect_empty_namespace() {
    msginfo info = {};
    EXPECT_EQ(svmq_msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&info)), 0);
    EXPECT_EQ(info.msgpool, 0);
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      EXPECT_EQ(file.path().filename(), "registry");
    }
  }
  void remove_all() {
    msqid_ds seen;
    for (int index = 0; index < 64; ++index) {
      int id = svmq_msgctl(index, MSG_STAT, &seen);
      EXPECT_TRUE(id < 0 || svmq_msgctl(id, IPC_RMID, nullptr) == 0);
    }
  }

  int queue_ = -1;
  pid_t victim_ = 0;
};

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

// ---- step by step

TEST_F(Crash, Send) {
  queue_ = queue();
  Operation send_one;
  send_one.prepare = [&] { ASSERT_EQ(plain_send(queue_, 1, 5) + plain_send(queue_, 2, 100), 0); };
  send_one.warm_up = [&] { plain_send(queue_, 3, 5), plain_receive(queue_, 3); };
  send_one.act = [&] { return plain_send(queue_, 3, 50); };
  send_one.check = [&](bool ended) { expect_on_queue("1 2 3 ", ended ? "1 2 3 " : "1 2 "); };
  step_through("send", send_one);
}

TEST_F(Crash, SendOfANewType) {
  queue_ = queue();
  long type = 1000;
  Operation send_one;
  send_one.prepare = [&] {
    for (long other : {5L, 900L, 33L}) ASSERT_EQ(plain_send(queue_, other, 5), 0);
    ++type;
  };
  send_one.warm_up = [&] { plain_send(queue_, 5, 5), plain_receive(queue_); };
  send_one.act = [&] { return plain_send(queue_, type, 500); };
  send_one.check = [&](bool) {
    std::string added = std::to_string(type) + " ";
    expect_on_queue("900 33 5 ", "900 33 5 " + added);
  };
  step_through("send, new type and tile", send_one);
}

TEST_F(Crash, Receive) {
  queue_ = queue();
  struct Way {
    const char* name;
    long type;
    int flags;
    const char* left;
  };
  for (Way way :
       {Way{"receive the first", 0, 0, "2 3 2 "}, Way{"receive by type", 3, 0, "1 2 2 "},
        Way{"receive the lowest", -2, 0, "2 3 2 "}, Way{"receive all but a type", 1, 020000, "1 3 2 "}}) {
    Operation receive_one;
    receive_one.prepare = [&] {
      for (long type : {1L, 2L, 3L, 2L}) ASSERT_EQ(plain_send(queue_, type, 60), 0);
    };
    receive_one.warm_up = [&] { plain_send(queue_, 4, 60), plain_receive(queue_, 4); };
    receive_one.act = [&] { return plain_receive(queue_, way.type, IPC_NOWAIT | way.flags); };
    receive_one.check = [&](bool ended) { expect_on_queue(way.left, ended ? way.left : "1 2 3 2 "); };
    step_through(way.name, receive_one);
  }
}

// The receiver sleeps. If the sender's call has happened it ends; else it sleeps on.
TEST_F(Crash, HandOver) {
  queue_ = queue();
  Child taker([] { return 0; });
  Operation hand_over;
  hand_over.prepare = [&] {
    taker = Child([&] { return plain_receive(queue_, 1, 0); });
    ASSERT_TRUE(taker.sleeps());
  };
  hand_over.warm_up = [&] {
    Child other([&] { return plain_receive(queue_, 7, 0); });
    other.sleeps();
    plain_send(queue_, 7, 5);
  };
  hand_over.act = [&] { return plain_send(queue_, 1, 5); };
  hand_over.check = [&](bool ended) {
    bool taken = status(queue_).msg_lspid == victim_ && status(queue_).msg_lrpid == taker.pid();
    EXPECT_TRUE(taken || !ended);
    EXPECT_EQ(ended_with(taker, 0, !taken), taken);
    if (!taken) {
      ASSERT_EQ(plain_send(queue_, 1, 5), 0);
      EXPECT_TRUE(ended_with(taker, 0, false));
    }
    expect_on_queue("", "");
  };
  step_through("hand over to a sleeper", hand_over);
}

TEST_F(Crash, BlockedReceive) {
  queue_ = queue();
  Operation receive_one;
  bool sent = false;
  receive_one.prepare = [&] { sent = false; };
  receive_one.warm_up = [&] { plain_send(queue_, 4, 60), plain_receive(queue_, 4); };
  receive_one.act = [&] { return plain_receive(queue_, 0, 0); };
  receive_one.when_it_sleeps = [&] { sent = plain_send(queue_, 1, 60) == 0; };
  receive_one.check = [&](bool) {
    ASSERT_TRUE(sent || plain_send(queue_, 1, 60) == 0);
    expect_on_queue(sent ? "" : "1 ", sent ? "" : "1 ");
  };
  step_through("blocked receive", receive_one);
}

TEST_F(Crash, BlockedSend) {
  queue_ = queue();
  resize(queue_, 100);
  Operation send_one;
  bool room = false;
  send_one.prepare = [&] {
    room = false;
    ASSERT_EQ(plain_send(queue_, 1, 60), 0);
  };
  send_one.warm_up = [&] { plain_send(queue_, 4, 10), plain_receive(queue_, 4); };
  send_one.act = [&] { return plain_send(queue_, 2, 60, 0); };
  send_one.when_it_sleeps = [&] { room = plain_receive(queue_, 1) == 0; };
  send_one.check = [&](bool) { expect_on_queue(room ? "2 " : "1 ", room ? "2 " : "1 "); };
  step_through("blocked send", send_one);
}

// Two senders sleep, both fit once there is room. Whoever made it dies: all or nothing has happened.
TEST_F(Crash, MakingRoom) {
  queue_ = queue();
  resize(queue_, 100);
  std::vector<Child> senders;
  Operation receive_one;
  receive_one.prepare = [&] {
    ASSERT_EQ(plain_send(queue_, 1, 100), 0);
    for (long type : {2L, 3L}) {
      senders.emplace_back([&, type] { return plain_send(queue_, type, 40, 0); });
      ASSERT_TRUE(senders.back().sleeps());
    }
  };
  receive_one.warm_up = [&] { plain_receive(queue_, 9); };
  receive_one.act = [&] { return plain_receive(queue_, 1); };
  receive_one.check = [&](bool ended) {
    bool made = status(queue_).msg_qnum == 2;
    EXPECT_TRUE(made || !ended);
    for (Child& sender : senders) EXPECT_EQ(ended_with(sender, 0, !made), made);
    senders.clear();
    expect_on_queue(made ? "2 3 " : "1 ", made ? "2 3 " : "1 ");
  };
  step_through("make room for two senders", receive_one);
}

// The queue is gone for all of them, or for none.
TEST_F(Crash, RemovalWithWaiters) {
  std::vector<Child> waiters;
  for (int key : {0, 77}) {
    Operation remove;
    remove.prepare = [&] {
      queue_ = svmq_msgget(key, IPC_CREAT | 0600);
      resize(queue_, 10);
      ASSERT_EQ(plain_send(queue_, 1, 10), 0);
      waiters.emplace_back([&] { return plain_receive(queue_, 5, 0); });
      waiters.emplace_back([&] { return plain_receive(queue_, 6, 0); });
      waiters.emplace_back([&] { return plain_send(queue_, 2, 10, 0); });
      for (Child& waiter : waiters) ASSERT_TRUE(waiter.sleeps());
    };
    remove.act = [&] { return svmq_msgctl(queue_, IPC_RMID, nullptr); };
    remove.check = [&](bool ended) {
      msqid_ds seen;
      bool removed = svmq_msgctl(queue_, IPC_STAT, &seen) == -1;
      EXPECT_TRUE(removed || !ended);
      for (Child& waiter : waiters) EXPECT_EQ(ended_with(waiter, EIDRM, !removed), removed);
      if (!removed) {
        EXPECT_EQ(svmq_msgctl(queue_, IPC_RMID, nullptr), 0);
        for (Child& waiter : waiters) EXPECT_TRUE(ended_with(waiter, EIDRM, false));
      }
      waiters.clear();
      expect_empty_namespace();
    };
    step_through(key == 0 ? "remove, private, waiters" : "remove, waiters", remove);
  }
}

TEST_F(Crash, SettingWithWaiters) {
  queue_ = queue();
  std::vector<Child> waiters;
  Operation set;
  set.prepare = [&] {
    msqid_ds former = {};
    former.msg_perm.mode = 0600;
    former.msg_qbytes = 10;
    ASSERT_EQ(svmq_msgctl(queue_, IPC_SET, &former), 0);
    ASSERT_EQ(plain_send(queue_, 1, 10), 0);
    waiters.emplace_back([&] { return plain_receive(queue_, 5, 0); });
    waiters.emplace_back([&] { return plain_send(queue_, 2, 10, 0); });
    for (Child& waiter : waiters) ASSERT_TRUE(waiter.sleeps());
  };
  set.act = [&] {
    msqid_ds wanted = {};
    wanted.msg_perm.mode = 0640;
    wanted.msg_qbytes = 20;
    return svmq_msgctl(queue_, IPC_SET, &wanted);
  };
  set.check = [&](bool ended) {
    msqid_ds seen = status(queue_);
    bool done = seen.msg_qbytes == 20;
    EXPECT_EQ(done, seen.msg_perm.mode == 0640);
    EXPECT_TRUE(done || !ended);
    EXPECT_TRUE(waiters[0].sleeps());
    EXPECT_EQ(ended_with(waiters[1], 0, !done), done);
    EXPECT_EQ(status(queue_).msg_qnum, done ? 2u : 1u);
    ASSERT_EQ(plain_receive(queue_, 1), 0);
    EXPECT_TRUE(done || ended_with(waiters[1], 0, false));
    resize(queue_, 100);
    ASSERT_EQ(plain_send(queue_, 5, 1), 0);
    EXPECT_TRUE(ended_with(waiters[0], 0, false));
    waiters.clear();
    expect_on_queue("2 ", "2 ");
  };
  step_through("set, waiters", set);
}

TEST_F(Crash, FirstUse) {
  queue_ = queue();
  Operation use;
  use.prepare = [&] { ASSERT_EQ(plain_send(queue_, 1, 10), 0); };
  use.act = [&] { return plain_send(queue_, 2, 10); };
  use.check = [&](bool ended) { expect_on_queue("1 2 ", ended ? "1 2 " : "1 "); };
  step_through("attach and send", use);
}

TEST_F(Crash, Creation) {
  for (int key : {0, 78}) {
    Operation create;
    create.prepare = [] {};
    create.act = [&] { return svmq_msgget(key, IPC_CREAT | 0600) < 0 ? errno : 0; };
    create.check = [&](bool) {
      int made = svmq_msgget(key == 0 ? 79 : key, IPC_CREAT | 0600);
      ASSERT_GE(made, 0) << strerror(errno);
      EXPECT_EQ(send(made, 1, "x"), 0);
      EXPECT_EQ(svmq_msgctl(made, IPC_RMID, nullptr), 0);
      if (key == 0) remove_all();  // it may have been made
      expect_empty_namespace();
    };
    step_through(key == 0 ? "create, private" : "create", create);
  }
}

// Memory that was given back piece by piece is joined again, and what is beyond the last message goes back to
// the system.
TEST_F(Crash, Sweep) {
  queue_ = queue();
  Operation sweep;
  sweep.prepare = [&] {
    resize(queue_, 1 << 14);
    for (int i = 0; i < 7; ++i) ASSERT_EQ(plain_send(queue_, 1, 2000), 0);
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 6; ++i)
        ASSERT_EQ(plain_receive(queue_) + plain_send(queue_, 1, static_cast<std::size_t>(1900 - 10 * round)),
                  0);
    }
  };
  sweep.warm_up = [&] { plain_send(queue_, 2, 10), plain_receive(queue_, 2); };
  sweep.act = [&] {
    int error = 0;
    for (int i = 0; i < 7; ++i) error += plain_receive(queue_, 1);
    return error + plain_send(queue_, 3, 1000);
  };
  sweep.check = [&](bool) {
    EXPECT_EQ(Audit(directory_, queue_).faults(), "");
    drain();
    expect_balance();
  };
  step_through("sweep", sweep);
}

// ---- at random

// Processes that send and receive without end, blocking, are killed and replaced at random moments. Whatever
// state that leaves, the queue goes on, and its books balance.
TEST_F(Crash, Storm) {
  queue_ = queue();
  resize(queue_, 400);
  auto work = [this](unsigned number) {
    return Child([=, this] {
      for (unsigned i = 0;; ++i) {
        if ((i + number) % 2 == 0) {
          plain_send(queue_, 1 + (number + i / 7) % 30, i * number % 170, i % 5 == 0 ? IPC_NOWAIT : 0);
        } else {
          plain_receive(queue_, number % 4 == 0 ? -20 : number % 4 == 1 ? 3 : 0, i % 3 == 0 ? 0 : IPC_NOWAIT);
        }
      }
      return 0;
    });
  };
  std::vector<Child> workers;
  for (unsigned i = 0; i < 8; ++i) workers.push_back(work(i));
  unsigned seed = static_cast<unsigned>(number_from("SVMQ_CRASH_SEED", 3));
  time_t end = time(nullptr) + number_from("SVMQ_CRASH_SECONDS", 2);
  unsigned deaths = 0;
  for (; time(nullptr) < end; ++deaths) {
    seed = seed * 1103515245 + 12345;
    usleep((seed >> 8) % 1500);
    workers[(seed >> 20) % workers.size()] = work(deaths);
  }
  workers.clear();
  printf("storm: %u deaths\n", deaths);
  expect_balance();
  std::size_t messages = status(queue_).msg_qnum;
  std::string found = drain();
  EXPECT_EQ(static_cast<std::size_t>(std::count(found.begin(), found.end(), ' ')), messages);
  EXPECT_EQ(status(queue_).__msg_cbytes, 0u);
  for (int i = 0; i < 400; ++i) ASSERT_EQ(plain_send(queue_, 1, 1), 0);
  EXPECT_EQ(plain_send(queue_, 1, 0), EAGAIN);
}

}  // namespace
}  // namespace svmq_test
