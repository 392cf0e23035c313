// Who may do what: by user, group, supplementary group and capability. Needs root, to be somebody else.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <vector>

#include "fixture.h"

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

namespace svmq_test {
namespace {

struct Person {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups = {};
};

bool become(const Person& person) {
  return setgroups(person.groups.size(), person.groups.data()) == 0 &&
         setresgid(person.gid, person.gid, person.gid) == 0 &&
         setresuid(person.uid, person.uid, person.uid) == 0;
}

// Keeps root's user id but only those capabilities.
bool keep_only(std::vector<unsigned> capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  __user_cap_data_struct kept[2] = {};
  for (unsigned capability : capabilities) kept[capability / 32].effective |= 1u << (capability % 32);
  for (int i = 0; i < 2; ++i) {
    kept[i].effective &= data[i].permitted;
    kept[i].permitted = kept[i].effective;
  }
  return syscall(SYS_capset, &header, kept) == 0;
}

const Person owner{1000, 1000}, stranger{2000, 2000};

class Permissions : public QueueTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
    QueueTest::SetUp();
  }
  void TearDown() override {
    if (geteuid() == 0) QueueTest::TearDown();
  }
  static int as(const Person& person, const std::function<int()>& work) {
    return Child([&] { return become(person) ? work() : 250; }).wait();
  }
  // A queue that `who` made; returned by way of a key.
  int made_by(const Person& who, int mode) {
    key_t key = ++key_ + 100;
    EXPECT_EQ(as(who, [=] { return svmq_msgget(key, IPC_CREAT | mode) < 0 ? errno : 0; }), 0);
    return svmq_msgget(key, 0);
  }
  static int can_send(int q) { return send(q, 1, "x"); }
  static int can_receive(int q) {
    int error = receive(q).error;
    return error == ENOMSG ? 0 : error;
  }
  static int can_stat(int q) {
    msqid_ds seen;
    return failure(svmq_msgctl(q, IPC_STAT, &seen));
  }
  int key_ = 0;
};

TEST_F(Permissions, ClassesDecideWithoutFallThrough) {
  const Person in_group{3000, 1000}, in_supplementary{3000, 3000, {5, 1000}};
  struct Case {
    const Person& who;
    int mode, send, receive;
  };
  for (const Case& c : {Case{owner, 0600, 0, 0},
                        {owner, 0066, EACCES, EACCES},
                        {owner, 0200, 0, EACCES},
                        {owner, 0400, EACCES, 0},
                        {in_group, 0060, 0, 0},
                        {in_group, 0606, EACCES, EACCES},
                        {in_supplementary, 0020, 0, EACCES},
                        {in_supplementary, 0604, EACCES, EACCES},
                        {stranger, 0004, EACCES, 0},
                        {stranger, 0002, 0, EACCES},
                        {stranger, 0660, EACCES, EACCES}}) {
    int q = made_by(owner, c.mode);
    EXPECT_EQ(as(c.who, [&] { return can_send(q); }), c.send) << std::oct << c.mode << " " << c.who.uid;
    EXPECT_EQ(as(c.who, [&] { return can_receive(q); }), c.receive) << std::oct << c.mode << " " << c.who.uid;
    EXPECT_EQ(as(c.who, [&] { return can_stat(q); }), c.receive) << std::oct << c.mode << " " << c.who.uid;
  }
}

TEST_F(Permissions, OpeningAsksForTheUnionOfTheTriads) {
  int q = made_by(owner, 0640);
  ASSERT_EQ(q, 0);
  auto opens = [](int flags) { return svmq_msgget(101, flags) < 0 ? errno : 0; };
  EXPECT_EQ(as(stranger, [&] { return opens(0); }), 0);
  EXPECT_EQ(as(stranger, [&] { return opens(0400); }), EACCES);
  EXPECT_EQ(as(owner, [&] { return opens(0006); }), 0);
  EXPECT_EQ(as(owner, [&] { return opens(0100); }), EACCES);
  EXPECT_EQ(as(stranger, [&] { return opens(IPC_CREAT | IPC_EXCL | 0777); }), EEXIST);
}

TEST_F(Permissions, StrangersSeeTheTableAndMayStatAnyOnly) {
  int q = made_by(owner, 0600);
  ASSERT_EQ(send(q, 1, "secret"), 0);
  EXPECT_EQ(
      as(stranger,
         [&] {
           msqid_ds seen = {};
           if (failure(svmq_msgctl(q, MSG_STAT, &seen)) != EACCES) return 1;
           if (svmq_msgctl(q, MSG_STAT_ANY, &seen) != q || seen.msg_qnum != 1 || seen.msg_perm.uid != 1000)
             return 2;
           msginfo info = {};
           if (svmq_msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&info)) != 0 || info.msgtql != 6)
             return 3;
           char text[1000];
           return svmq_table(text, sizeof text) > 200 ? 0 : 4;
         }),
      0);
}

TEST_F(Permissions, TheFileSystemKeepsStrangersOut) {
  int q = made_by(owner, 0600);
  ASSERT_EQ(send(q, 1, "secret"), 0);
  std::vector<std::string> heads, arenas;
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    if (file.path().extension() == ".head") heads.push_back(file.path());
    if (file.path().extension() == ".arena") arenas.push_back(file.path());
  }
  ASSERT_EQ(heads.size(), 1u);
  ASSERT_EQ(arenas.size(), 1u);
  EXPECT_EQ(as(stranger,
               [&] {
                 if (open(arenas[0].c_str(), O_RDONLY) >= 0 || open(arenas[0].c_str(), O_WRONLY) >= 0)
                   return 1;
                 if (open(heads[0].c_str(), O_WRONLY) >= 0) return 2;
                 return open(heads[0].c_str(), O_RDONLY) >= 0 && unlink(heads[0].c_str()) != 0 ? 0 : 3;
               }),
            0);
}

TEST_F(Permissions, OnlyOwnerAndCreatorSetAndRemove) {
  int q = made_by(owner, 0666);
  EXPECT_EQ(as(stranger, [&] { return failure(svmq_msgctl(q, IPC_RMID, nullptr)); }), EPERM);
  auto sets = [q] {
    msqid_ds setting = status(q);
    setting.msg_perm.mode = 0644;
    return failure(svmq_msgctl(q, IPC_SET, &setting));
  };
  EXPECT_EQ(as(stranger, sets), EPERM);
  EXPECT_EQ(as(owner, sets), 0);
  EXPECT_EQ(as(owner,
               [&] {
                 msqid_ds setting = status(q);
                 setting.msg_qbytes = 16385;
                 if (failure(svmq_msgctl(q, IPC_SET, &setting)) != EPERM) return 1;
                 setting.msg_qbytes = 1;
                 setting.msg_perm.uid = static_cast<uid_t>(-1);
                 if (failure(svmq_msgctl(q, IPC_SET, &setting)) != EINVAL) return 2;
                 return status(q).msg_qbytes == 16384 ? 0 : 3;
               }),
            0);
  EXPECT_EQ(as(owner, [&] { return failure(svmq_msgctl(q, IPC_RMID, nullptr)); }), 0);
}

TEST_F(Permissions, GivenAwayTheNewOwnerHasItAndTheCreatorKeepsIt) {
  const Person heir{3000, 3000};
  int q = made_by(owner, 0600);
  EXPECT_EQ(as(heir, [&] { return can_send(q); }), EACCES);
  EXPECT_EQ(as(owner,
               [&] {
                 msqid_ds setting = status(q);
                 setting.msg_perm.uid = 3000;
                 setting.msg_perm.gid = 3000;
                 return failure(svmq_msgctl(q, IPC_SET, &setting));
               }),
            0);
  EXPECT_EQ(as(heir, [&] { return can_send(q); }), 0);
  EXPECT_EQ(as(owner, [&] { return can_receive(q); }), 0);
  EXPECT_EQ(as(stranger, [&] { return can_send(q); }), EACCES);
  EXPECT_EQ(as(heir, [&] { return failure(svmq_msgctl(q, IPC_RMID, nullptr)); }), 0);
  EXPECT_EQ(svmq_msgget(key_ + 100, 0), -1);
  EXPECT_EQ(as(owner, [&] { return svmq_msgget(key_ + 100, IPC_CREAT | 0600) < 0 ? errno : 0; }), 0);
}

TEST_F(Permissions, RootObeysTheModeWithoutCapIpcOwner) {
  int q = made_by({0, 0}, 0);
  EXPECT_EQ(can_send(q), 0);
  EXPECT_EQ(Child([&] {
              return keep_only({CAP_SYS_ADMIN, CAP_DAC_OVERRIDE}) ? can_send(q) : 250;
            }).wait(),
            EACCES);
  EXPECT_EQ(Child([&] { return keep_only({CAP_IPC_OWNER}) ? can_send(q) : 250; }).wait(), 0);
  int others = made_by(owner, 0666);
  auto removes = [others] { return failure(svmq_msgctl(others, IPC_RMID, nullptr)); };
  EXPECT_EQ(Child([&] {
              return keep_only({CAP_IPC_OWNER, CAP_DAC_OVERRIDE}) ? removes() : 250;
            }).wait(),
            EPERM);
  EXPECT_EQ(Child([&] { return keep_only({CAP_SYS_ADMIN}) ? removes() : 250; }).wait(), 0);
}

TEST_F(Permissions, LimitsBelongToTheOwnerOfTheNamespace) {
  EXPECT_EQ(as(stranger, [] { return failure(svmq_limit_set("msgmax", 1)); }), EACCES);
  EXPECT_EQ(as(stranger, [] { return failure(svmq_limit_set("msg_next_id", 1)); }), EACCES);
  EXPECT_EQ(as(stranger,
               [] {
                 long value = 0;
                 return svmq_limit_get("msgmax", &value) == 0 && value == 8192 ? 0 : 1;
               }),
            0);
}

TEST_F(Permissions, UnsafeDirectoriesAreRefused) {
  std::string open = directory_ + "-open", link = directory_ + "-link";
  ASSERT_EQ(mkdir(open.c_str(), 0777), 0);
  ASSERT_EQ(chmod(open.c_str(), 0777), 0);
  EXPECT_EQ(failure(svmq_namespace_enter(open.c_str())), ENOSYS);
  ASSERT_EQ(symlink(directory_.c_str(), link.c_str()), 0);
  EXPECT_EQ(failure(svmq_namespace_enter(link.c_str())), ENOSYS);
  EXPECT_EQ(rmdir(open.c_str()), 0);
  EXPECT_EQ(unlink(link.c_str()), 0);
}

// Two users who enter a namespace that is not there yet both get in, whoever makes its directory.
TEST_F(Permissions, WhoMakesANamespaceKeepsNobodyOut) {
  for (int i = 0; i < 200; ++i) {
    std::string fresh = directory_ + "-fresh";
    auto enter = [&] { return failure(svmq_namespace_enter(fresh.c_str())); };
    Child first(enter);
    Child second([&] { return become(stranger) ? enter() : 250; });
    ASSERT_EQ(first.wait(), 0) << i;
    ASSERT_EQ(second.wait(), 0) << i;
    ASSERT_EQ(svmq_namespace_remove(fresh.c_str()), 0);
  }
}

// What a call remembers of the caller's credentials is forgotten whichever way they change.
TEST_F(Permissions, CredentialsAreNeverStale) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  int q = queue(0600);
  using Change = std::function<int()>;
  auto drop_capabilities = [] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    return static_cast<int>(syscall(SYS_capset, &header, none));
  };
  const std::pair<const char*, Change> ways[] = {
      {"setuid", [] { return setuid(4242); }},
      {"seteuid", [] { return seteuid(4242); }},
      {"setresuid", [] { return setresuid(4242, 4242, 4242); }},
      {"syscall", [] { return static_cast<int>(syscall(SYS_setresuid, 4242, 4242, 4242)); }},
      {"another thread", [] { return std::async(std::launch::async, [] { return setuid(4242); }).get(); }},
      {"capset", [=] { return setresuid(0, 0, 0) + drop_capabilities(); }},
  };
  for (const auto& [name, change] : ways) {
    bool keeps_uid = strcmp(name, "capset") == 0;
    int asked = q;
    if (keeps_uid) {  // root without capabilities is a stranger there
      msqid_ds given = status(q);
      given.msg_perm.uid = 1;
      given.msg_perm.mode = 0;
      ASSERT_EQ(svmq_msgctl(q, IPC_SET, &given), 0);
    }
    Child child([&, change = change] {
      if (send(asked, 1, "x") != 0 || receive(asked).error != 0) return 200;
      if (change() != 0) return 201;
      if (int error = send(asked, 1, "x"); error != EACCES) return error == 0 ? 202 : error;
      return receive(asked).error == EACCES ? 0 : 203;
    });
    EXPECT_EQ(child.wait(), 0) << name;
  }
}

}  // namespace
}  // namespace svmq_test
