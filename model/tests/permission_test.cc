// perm.*: every mode, every relation of caller and queue, against a slow reading of the standard.
#include "world.hpp"

namespace svmq::model {
namespace {

struct Caller {
  Credentials who;
  int triad;  // 0 user, 1 group, 2 other
};

// Turns red if a class falls through, cuid or cgid is forgotten, or the wrong triad is shifted out.
TEST(Permission, FirstClassThatMatchesDecides) {
  // The queue: owner 10, group 20, creator 11, creator's group 21.
  const std::vector<Caller> callers{
      {{.uid = 10, .gid = 20, .fsgid = 20}, 0},
      {{.uid = 11, .gid = 99, .fsgid = 99}, 0},
      {{.uid = 12, .gid = 20, .fsgid = 20}, 1},
      {{.uid = 12, .gid = 21, .fsgid = 21}, 1},
      {{.uid = 12, .gid = 99, .fsgid = 99, .groups = {5, 21}}, 1},
      {{.uid = 12, .gid = 99, .fsgid = 20}, 1},
      {{.uid = 12, .gid = 20, .fsgid = 99}, 2},  // the effective gid alone does not count on Linux
      {{.uid = 12, .gid = 99, .fsgid = 99}, 2},
  };
  for (std::uint32_t mode = 0; mode <= 0777; ++mode) {
    World world("linux-6.18");
    const std::int64_t id = world.make(0);
    Queue& queue = world.state.change(0);
    queue.uid = 10, queue.gid = 20, queue.cuid = 11, queue.cgid = 21, queue.mode = mode;
    for (const Caller& caller : callers) {
      world.become(1, caller.who);
      const std::uint32_t granted = mode >> (6 - 3 * caller.triad);
      ASSERT_EQ(world.allowed(1, send(id, 1, "")), std::set<std::string>{granted & 2 ? "0" : "EACCES"})
          << std::oct << mode;
      ASSERT_EQ(world.allowed(1, receive(id, 0, 0, IPC_NOWAIT_)),
                std::set<std::string>{granted & 4 ? "ENOMSG" : "EACCES"});
      const bool owner = caller.who.uid == 10 || caller.who.uid == 11;
      ASSERT_EQ(world.allowed(1, control(id, IPC_RMID_)), std::set<std::string>{owner ? "0" : "EPERM"});
    }
  }
}

// Turns red if a capability grants what belongs to another.
TEST(Permission, EachCapabilityForItsOwnUse) {
  World world("linux-6.18");
  const std::int64_t id = world.make(0, 0);
  world.become(1, {.uid = 7, .gid = 7, .fsgid = 7, .ipc_owner = true});
  EXPECT_EQ(world.allowed(1, send(id, 1, "")), std::set<std::string>{"0"});
  EXPECT_EQ(world.allowed(1, control(id, IPC_RMID_)), std::set<std::string>{"EPERM"});
  world.become(1, {.uid = 7, .gid = 7, .fsgid = 7, .sys_admin = true});
  EXPECT_EQ(world.allowed(1, send(id, 1, "")), std::set<std::string>{"EACCES"});
  EXPECT_EQ(world.allowed(1, control(id, IPC_RMID_)), std::set<std::string>{"0"});
  EXPECT_EQ(world.allowed(1, set(id, 7, 7, 0, 16385)), std::set<std::string>{"EPERM"});
  world.become(1, {.uid = 7, .gid = 7, .fsgid = 7, .sys_admin = true, .sys_resource = true});
  EXPECT_EQ(world.allowed(1, set(id, 7, 7, 0, 16385)), std::set<std::string>{"0"});
}

}  // namespace
}  // namespace svmq::model
