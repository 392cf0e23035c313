// Limits, room, identifiers, and what a queue is when it is new.
#include "world.hpp"

namespace svmq::model {
namespace {

// Turns red for > against >=, or one of the two conditions forgotten.
TEST(Room, BytesAndCount) {
  for (std::uint64_t qbytes = 0; qbytes <= 4; ++qbytes) {
    for (std::uint64_t queued = 0; queued <= 5; ++queued)
      for (std::uint64_t each = 0; each <= 2; ++each)
        for (std::uint64_t size = 0; size <= 5; ++size) {
          World world("linux-6.18");
          const std::int64_t id = world.make(0);
          Queue& queue = world.state.change(0);
          queue.qbytes = qbytes;
          for (std::uint64_t i = 0; i < queued; ++i)
            queue.messages.push_back({1, Bytes(std::string(each, 'x'))});
          queue.cbytes = queued * each;
          const bool fits = queue.cbytes + size <= qbytes && queued + 1 <= qbytes;
          ASSERT_EQ(world.allowed(0, send(id, 1, std::string(size, 'y'), IPC_NOWAIT_)),
                    std::set<std::string>{fits ? "0" : "EAGAIN"})
              << qbytes << ' ' << queued << ' ' << each << ' ' << size;
        }
  }
}

// Turns red if posix demands more than the standard, or allows what it forbids.
TEST(Room, PosixEnvelope) {
  World world("posix");
  const std::int64_t id = world.make(0);
  world.state.change(0).qbytes = 4;
  EXPECT_EQ(world.allowed(0, send(id, 1, "abcd", IPC_NOWAIT_)), (std::set<std::string>{"0"}));
  world.state.change(0).messages.push_back({1, Bytes("abc")});
  world.state.change(0).cbytes = 3;
  EXPECT_EQ(world.allowed(0, send(id, 1, "de", IPC_NOWAIT_)), (std::set<std::string>{"0", "EAGAIN"}));
  world.state.change(0).cbytes = 4;
  EXPECT_EQ(world.allowed(0, send(id, 1, "d", IPC_NOWAIT_)), (std::set<std::string>{"EAGAIN"}));
  EXPECT_EQ(world.allowed(0, send(id, 1, "", IPC_NOWAIT_)), (std::set<std::string>{"0", "EAGAIN"}));
}

// Turns red if a freed index is taken at once, the cycle is not 64, or the sequence does not rise on the
// wrap.
TEST(Identifier, CycleOf64) {
  World world("linux-6.18");
  for (int i = 0; i < 64; ++i) {
    const std::int64_t id = world.make(0);
    ASSERT_EQ(id, i);
    world.call(0, control(id, IPC_RMID_));
  }
  EXPECT_EQ(world.make(0), 32768);
  EXPECT_EQ(world.make(0), 32769);
}

// Turns red if the wish moves the cursor or outlives its use.
TEST(Identifier, Wish) {
  World world("linux-6.18");
  world.become(0, {.uid = 0, .gid = 0, .fsgid = 0, .sys_admin = true});
  world.make(0);
  EXPECT_EQ(world.call(0, LimitRequest{Limit::msg_next_id, 70000}), "0");
  EXPECT_EQ(world.call(0, GetRequest{9, 0}), "ENOENT");
  EXPECT_EQ(world.make(0), 70000);
  EXPECT_EQ(world.make(0), 1);
  world.call(0, LimitRequest{Limit::msg_next_id, 70000});
  EXPECT_EQ(world.make(0), 70001);
  world.call(0, LimitRequest{Limit::msg_next_id, 40});
  EXPECT_EQ(world.make(0), 40);
  EXPECT_EQ(world.make(0), 2);  // not 41
  world.call(0, LimitRequest{Limit::msg_next_id, 32767});
  EXPECT_EQ(world.make(0), 32767);
  world.call(0, LimitRequest{Limit::msg_next_id, 32767});
  EXPECT_EQ(world.call(0, GetRequest{0, 0}), "ENOSPC");
}

TEST(Limits, RangesAndPrivilege) {
  World world("linux-6.18");
  EXPECT_EQ(world.call(0, LimitRequest{Limit::msgmnb, 5}), "EACCES");
  world.become(0, {.uid = 0, .gid = 0, .fsgid = 0});
  EXPECT_EQ(world.call(0, LimitRequest{Limit::msgmnb, -1}), "EINVAL");
  EXPECT_EQ(world.call(0, LimitRequest{Limit::msgmni, 32769}), "EINVAL");
  EXPECT_EQ(world.call(0, LimitRequest{Limit::msgmni, 1}), "0");
  EXPECT_EQ(world.call(0, LimitRequest{Limit::auto_msgmni, 1}), "0");
  EXPECT_EQ(world.call(0, LimitRequest{Limit::auto_msgmni, std::nullopt}), "0");
  world.make(0);
  EXPECT_EQ(world.call(0, GetRequest{0, 0}), "ENOSPC");
}

// Turns red if 64 bits of msg_qbytes are stored, or only the sign is lost.
TEST(Qbytes, PassesThroughAnInt) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0);
  EXPECT_EQ(world.call(0, set(id, 1000, 1000, 0600, (1ull << 32) + 5)), "0");
  EXPECT_EQ(world.queue().qbytes, 5u);
  EXPECT_EQ(world.call(0, set(id, 1000, 1000, 0600, 1ull << 31)), "EPERM");
  EXPECT_EQ(world.call(0, set(id, 1000, 1000, 07777, 16384)), "0");
  EXPECT_EQ(world.queue().mode, 0777u);
  EXPECT_EQ(world.call(0, set(id, 1000, 1000, 0600, 16385)), "EPERM");
}

// Turns red if a mode bit is lost, a time of receipt or of change is not set, or MSG_STAT minds a sequence
// number.
TEST(Queue, ModeTimesAndIndex) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0, 0777);
  EXPECT_EQ(world.queue().mode, 0777u);
  world.state.clock = 5;
  world.call(0, send(id, 1, "x"));
  world.state.clock = 6;
  world.call(0, receive(id, 9, 0));
  EXPECT_EQ(world.queue().stime, (Stamp{5, 5}));
  EXPECT_EQ(world.queue().rtime, (Stamp{6, 6}));
  world.state.clock = 7;
  world.call(0, set(id, 1000, 1000, 0777, 100));
  EXPECT_EQ(world.queue().ctime, (Stamp{7, 7}));
  EXPECT_EQ(world.call(0, control(id + 32768, MSG_STAT_)), "0");
}

// Turns red if a group is taken for a user.
TEST(Queue, BelongsToWhoMakesIt) {
  World world("linux-6.18");
  world.become(0, {.uid = 1, .gid = 2, .fsgid = 3});
  world.make(0, 0600);
  EXPECT_EQ(world.queue().uid, 1u);
  EXPECT_EQ(world.queue().cuid, 1u);
  EXPECT_EQ(world.queue().gid, 2u);
  EXPECT_EQ(world.queue().cgid, 2u);
}

// Turns red if less than eight bits of the id count, or more.
TEST(Ftok, EightBitsOfTheId) {
  World world("linux-6.18");
  world.call(0, FileRequest{FileOperation::create, "f", "", 0});
  world.state.files.write().inodes[0] = {.device = 1, .number = 2};
  EXPECT_EQ(world.call(0, FtokRequest{"f", 0x01}), std::to_string(0x01010002));
  EXPECT_EQ(world.call(0, FtokRequest{"f", 0x101}), std::to_string(0x01010002));
  EXPECT_EQ(world.call(0, FtokRequest{"f", 0x81}), std::to_string(static_cast<std::int32_t>(0x81010002u)));
}

// Turns red if two states that differ only in who found them, or in shared pointers, count as two.
TEST(State, EqualStatesHaveEqualHashes) {
  World a("linux-6.18"), b("linux-6.18");
  for (World* world : {&a, &b}) {
    const std::int64_t id = world->make(0);
    world->call(0, send(id, 1, "x"));
  }
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.state.hash(), b.state.hash());
  b.call(0, send(0, 1, "y"));
  EXPECT_FALSE(a.state == b.state);
  EXPECT_NE(a.state.hash(), b.state.hash());
}

}  // namespace
}  // namespace svmq::model
