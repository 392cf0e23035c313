// Which error wins: the order of Linux, and the set that the standard leaves.
#include "world.hpp"

namespace svmq::model {
namespace {

// Turns red when two checks of msgsnd are swapped.
TEST(Order, Msgsnd) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0, 0);
  SendRequest r{.id = -1,
                .memory = {.valid = false, .writable = false, .text = 0},
                .type = 0,
                .text = {},
                .size = 9000,
                .flags = 0};
  EXPECT_EQ(world.call(0, r), "EFAULT");  // the type is read first
  r.memory = {.text = 0};
  EXPECT_EQ(world.call(0, r), "EINVAL");
  r.size = 5;
  EXPECT_EQ(world.call(0, r), "EINVAL");
  r.type = 1;
  EXPECT_EQ(world.call(0, r), "EINVAL");  // a negative identifier before the text
  r.id = id + 1;
  EXPECT_EQ(world.call(0, r), "EFAULT");  // the text before an unknown one
  r.memory = {};
  r.text = Bytes("hello");
  EXPECT_EQ(world.call(0, r), "EINVAL");
  r.id = id;
  EXPECT_EQ(world.call(0, r), "EACCES");
}

// Turns red if posix is given an order that no clause gives it, or an error that does not apply.
TEST(Order, PosixAllowsAnyThatApplies) {
  World world("posix");
  const std::int64_t id = world.make(0, 0);
  EXPECT_EQ(world.allowed(
                0, SendRequest{.id = id, .memory = {}, .type = 0, .text = Bytes("x"), .size = 1, .flags = 0}),
            (std::set<std::string>{"EINVAL", "EACCES"}));
  EXPECT_EQ(world.allowed(0, send(id, 1, "x")), (std::set<std::string>{"EACCES"}));
  EXPECT_EQ(world.allowed(0, receive(99, 1, 0)), (std::set<std::string>{"EINVAL", "EIDRM"}));
}

TEST(Order, Msgget) {
  World world("linux-6.18");
  EXPECT_EQ(world.call(0, GetRequest{5, 0600}), "ENOENT");
  EXPECT_EQ(world.call(0, GetRequest{5, 0600 | IPC_CREAT_}), "0");
  EXPECT_EQ(world.call(0, GetRequest{5, 0600 | IPC_EXCL_}), "0");
  world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
  EXPECT_EQ(world.call(1, GetRequest{5, 0600 | IPC_CREAT_ | IPC_EXCL_}), "EEXIST");  // before permission
  EXPECT_EQ(world.call(1, GetRequest{5, 0400}), "EACCES");
  EXPECT_EQ(world.call(1, GetRequest{5, 0}), "0");
  EXPECT_EQ(world.call(0, GetRequest{5, 0100}), "EACCES");  // execute is compared too
}

TEST(Order, Msgctl) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0, 0);
  world.become(1, {.uid = 7, .gid = 7, .fsgid = 7});
  const Memory bad{.valid = false, .writable = false, .text = 0};
  EXPECT_EQ(world.call(1, ControlRequest{id, IPC_STAT_, bad}), "EACCES");
  EXPECT_EQ(world.call(1, ControlRequest{id + 1, IPC_STAT_, bad}), "EINVAL");
  EXPECT_EQ(world.call(1, SetRequest{.id = id, .memory = bad}), "EFAULT");  // the buffer is read first, …
  EXPECT_EQ(world.call(1, SetRequest{.id = -1, .memory = bad}), "EINVAL");  // … but for a negative identifier
  EXPECT_EQ(world.call(1, set(id, 1, 1, 0, 20000)), "EPERM");
  EXPECT_EQ(world.call(0, set(id, UINT32_MAX, 1, 0, 20000)), "EPERM");  // the limit before the ids
  EXPECT_EQ(world.call(0, set(id, UINT32_MAX, 1, 0, 100)), "EINVAL");
  EXPECT_EQ(world.call(1, ControlRequest{id, IPC_RMID_, bad}), "EPERM");
  EXPECT_EQ(world.call(0, ControlRequest{id, 99, {}}), "EINVAL");
  EXPECT_EQ(world.call(0, ControlRequest{-1, IPC_INFO_, {}}), "EINVAL");
  EXPECT_EQ(world.call(0, ControlRequest{id, IPC_RMID_, bad}), "0");
  EXPECT_EQ(world.call(0, ControlRequest{id, IPC_RMID_, {}}), "EINVAL");
}

}  // namespace
}  // namespace svmq::model
