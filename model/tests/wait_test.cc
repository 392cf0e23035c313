// Waiting, hand-off, removal, signals.
#include "world.hpp"

namespace svmq::model {
namespace {

// Turns red for a hand-off to the youngest, or to one whose type does not match.
TEST(Wait, OldestMatchingReceiverGetsIt) {
  World world("linux-6.18", 4);
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(1, receive(id, 10, 7)), "asleep");
  EXPECT_EQ(world.call(2, receive(id, 10, 0)), "asleep");
  EXPECT_EQ(world.call(3, receive(id, 10, 0)), "asleep");
  EXPECT_EQ(world.call(0, send(id, 1, "m")), "0");
  EXPECT_EQ(World::answer(world.state, 2), "1 {1, m}");
  EXPECT_EQ(World::answer(world.state, 1), "asleep");
  EXPECT_EQ(World::answer(world.state, 3), "asleep");
  EXPECT_EQ(world.queue().messages.size(), 0u);
  EXPECT_EQ(world.queue().lrpid, (Pid{Pid::process, 2}));
}

// Turns red if a hand-off marks the process of the thread that waited, or a direct receive the thread.
TEST(Wait, HandOffIsMarkedWithTheThread) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0);
  world.state.actors.push_back({.process = 1});
  const ActorIndex thread = 2;
  ASSERT_EQ(world.call(thread, receive(id, 9, 0)), "asleep");
  world.call(0, send(id, 1, "m"));
  EXPECT_EQ(world.queue().lrpid, (Pid{Pid::thread, thread}));
  finish(world.state, thread);
  world.call(0, send(id, 1, "m"));
  world.call(thread, receive(id, 9, 0));
  EXPECT_EQ(world.queue().lrpid, (Pid{Pid::process, 1}));
}

// Turns red if the search ends at the receiver that is too small, or the message is lost there.
TEST(Wait, TooSmallReceiverFailsAndTheMessageGoesOn) {
  World world("linux-6.18", 4);
  const std::int64_t id = world.make(0);
  world.call(1, receive(id, 1, 0));
  world.call(2, receive(id, 1, 0, MSG_NOERROR_));
  world.call(3, receive(id, 9, 0));
  world.call(0, send(id, 1, "abc"));
  EXPECT_EQ(World::answer(world.state, 1), "E2BIG");
  EXPECT_EQ(World::answer(world.state, 2), "1 {1, a}");
  EXPECT_EQ(World::answer(world.state, 3), "asleep");
}

// Turns red if a full queue hands over.
TEST(Wait, NoHandOffWithoutRoom) {
  World world("linux-6.18", 3);
  const std::int64_t id = world.make(0);
  world.call(0, set(id, 1000, 1000, 0600, 1));
  world.call(0, send(id, 1, "x"));
  world.call(1, receive(id, 9, 2));
  EXPECT_EQ(world.call(0, send(id, 2, "y", IPC_NOWAIT_)), "EAGAIN");
  EXPECT_EQ(world.call(2, send(id, 2, "y")), "asleep");
}

// Turns red if only one sender is woken, in a fixed order, or both get the room of one.
TEST(Wait, AnyWokenSenderMayWin) {
  World world("linux-6.18", 3);
  const std::int64_t id = world.make(0);
  world.call(0, set(id, 1000, 1000, 0600, 1));
  world.call(0, send(id, 1, "x"));
  world.call(1, send(id, 2, "a"));
  world.call(2, send(id, 3, "b"));
  std::set<std::pair<std::string, std::string>> ends;
  for (const State& end : world.endings(0, receive(id, 9, 0)))
    ends.insert({World::answer(end, 1), World::answer(end, 2)});
  EXPECT_EQ(ends, (std::set<std::pair<std::string, std::string>>{{"0", "asleep"}, {"asleep", "0"}}));
}

// Turns red if somebody sleeps on a queue that is gone.
TEST(Wait, RemovalReleasesEverybody) {
  for (const char* profile : {"linux-6.18", "posix"}) {
    World world(profile, 3);
    const std::int64_t id = world.make(0);
    world.call(0, set(id, 1000, 1000, 0600, 1));
    world.call(0, send(id, 1, "x"));
    world.call(1, send(id, 2, "a"));
    world.call(2, receive(id, 9, 5));
    for (const State& end : world.endings(0, control(id, IPC_RMID_))) {
      EXPECT_EQ(World::answer(end, 1), "EIDRM");
      EXPECT_EQ(World::answer(end, 2), "EIDRM");
    }
  }
}

// Turns red if SA_RESTART restarts on Linux, or if posix forbids it.
TEST(Wait, SignalEndsTheWait) {
  for (const char* profile : {"linux-6.18", "posix"}) {
    World world(profile);
    const std::int64_t id = world.make(0);
    world.call(1, HandlerRequest{Signal::usr1, Disposition::restart});
    world.call(1, receive(id, 9, 0));
    signal(world.profile(), world.state, 1, Signal::usr1);
    std::set<std::string> answers;
    for (const State& end : world.endings(world.state)) answers.insert(World::answer(end, 1));
    if (world.profile().sa_restart == Restart::either)
      EXPECT_EQ(answers, (std::set<std::string>{"EINTR", "asleep"}));
    else
      EXPECT_EQ(answers, (std::set<std::string>{"EINTR"}));
  }
}

// Turns red if a message is both taken and reported as interrupted, or lost: whatever the order of the two.
TEST(Wait, HandOffOrSignalNeverBoth) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0);
  world.call(1, HandlerRequest{Signal::usr1, Disposition::catch_});
  world.call(1, receive(id, 9, 0));
  signal(world.profile(), world.state, 1, Signal::usr1);
  std::set<std::pair<std::string, std::size_t>> ends;
  for (const State& end : world.endings(0, send(id, 1, "m")))
    ends.insert({World::answer(end, 1), end.queue(0).messages.size()});
  EXPECT_EQ(ends, (std::set<std::pair<std::string, std::size_t>>{{"EINTR", 1}, {"1 {1, m}", 0}}));
}

// Turns red if a stopped receiver is handed a message, or does not look again when continued.
TEST(Wait, StoppedReceiverIsNoWaiter) {
  World world("linux-6.18", 3);
  const std::int64_t id = world.make(0);
  world.call(1, receive(id, 9, 0));
  signal(world.profile(), world.state, 1, Signal::stop);
  world.state = world.endings(world.state).front();
  settle(world.state);
  EXPECT_EQ(world.call(0, send(id, 1, "m")), "0");
  EXPECT_EQ(world.queue().messages.size(), 1u);
  signal(world.profile(), world.state, 1, Signal::cont);
  world.state = world.endings(world.state).front();
  EXPECT_EQ(World::answer(world.state, 1), "1 {1, m}");
}

// Turns red if a receiver that lost its permission goes on waiting, or IPC_SET loses a waiter.
TEST(Wait, SetWakesReceiversToTestAgain) {
  World world("linux-6.18", 3);
  const std::int64_t id = world.make(0, 0666);
  world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
  world.call(1, receive(id, 9, 0));
  world.call(2, receive(id, 9, 0));
  world.call(0, set(id, 1000, 1000, 0600, 100));
  EXPECT_EQ(World::answer(world.state, 1), "EACCES");
  EXPECT_EQ(World::answer(world.state, 2), "asleep");
  EXPECT_EQ(world.queue().receivers, std::vector<ActorIndex>{2});
}

// Turns red if a message that the buffer cannot take stays, or the marks are not set.
TEST(Wait, FaultingReceiveLosesTheMessage) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0);
  world.call(0, send(id, 1, "m"));
  EXPECT_EQ(world.call(1, ReceiveRequest{.id = id,
                                         .memory = {.valid = false, .writable = false, .text = 0},
                                         .size = 9,
                                         .type = 0,
                                         .flags = 0}),
            "EFAULT");
  EXPECT_EQ(world.queue().messages.size(), 0u);
  EXPECT_EQ(world.queue().cbytes, 0u);
  EXPECT_EQ(world.queue().lrpid, (Pid{Pid::process, 1}));
}

}  // namespace
}  // namespace svmq::model
