// The four calls without waiting: selection, sizes, order of checks, identifiers, limits.
#include <limits.h>

#include <map>
#include <random>
#include <vector>

#include "fixture.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

namespace svmq_test {
namespace {

class Calls : public QueueTest {};

TEST_F(Calls, SelectByType) {
  int q = queue();
  for (auto [type, text] :
       {std::pair<long, const char*>{5, "5"}, {3, "3a"}, {LONG_MAX, "max"}, {3, "3b"}, {1, "1"}}) {
    ASSERT_EQ(send(q, type, text), 0);
  }
  EXPECT_EQ(receive(q, 3), (Received{0, 3, "3a"}));
  EXPECT_EQ(receive(q, -4), (Received{0, 1, "1"}));
  EXPECT_EQ(receive(q, -4), (Received{0, 3, "3b"}));
  EXPECT_EQ(receive(q, -4).error, ENOMSG);
  EXPECT_EQ(receive(q, 5, IPC_NOWAIT | MSG_EXCEPT), (Received{0, LONG_MAX, "max"}));
  EXPECT_EQ(receive(q, 5, IPC_NOWAIT | MSG_EXCEPT).error, ENOMSG);
  EXPECT_EQ(receive(q, LONG_MIN), (Received{0, 5, "5"}));
  EXPECT_EQ(receive(q).error, ENOMSG);
}

TEST_F(Calls, TooBigStaysAndTruncationConsumes) {
  int q = queue();
  ASSERT_EQ(send(q, 1, "long message"), 0);
  ASSERT_EQ(send(q, 1, ""), 0);
  EXPECT_EQ(receive(q, 0, IPC_NOWAIT, 4).error, E2BIG);
  EXPECT_EQ(status(q).msg_qnum, 2u);
  EXPECT_EQ(receive(q, 0, IPC_NOWAIT | MSG_NOERROR, 4), (Received{0, 1, "long"}));
  EXPECT_EQ(status(q).__msg_cbytes, 0u);
  EXPECT_EQ(receive(q), (Received{0, 1, ""}));
}

TEST_F(Calls, EveryLengthComesBackIntact) {
  int q = queue();
  for (std::size_t length = 0; length <= 8192; length += length < 300 ? 1 : 61) {
    std::string text(length, 'x');
    for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>(i * 31 + length);
    ASSERT_EQ(send(q, 1, text), 0);
    ASSERT_EQ(receive(q), (Received{0, 1, text})) << length;
  }
}

TEST_F(Calls, MixedLengthsKeepOrderAndContent) {
  int q = queue();
  unsigned seed = 1;
  std::string queued[8];
  for (int round = 0; round < 3000; ++round) {
    for (std::string& text : queued) {
      seed = seed * 1103515245 + 12345;
      text.assign((seed >> 16) % 2000, static_cast<char>('a' + round % 26));
      ASSERT_EQ(send(q, 1 + round % 3, text), 0);
    }
    for (const std::string& text : queued) ASSERT_EQ(receive(q).text, text);
  }
}

TEST_F(Calls, RoomIsBytesAndCount) {
  int q = queue();
  resize(q, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(q, 1, ""), 0);
  EXPECT_EQ(send(q, 1, ""), EAGAIN);
  EXPECT_EQ(receive(q).error, 0);
  EXPECT_EQ(send(q, 1, "1234"), EAGAIN);
  EXPECT_EQ(send(q, 1, "123"), 0);
  EXPECT_EQ(send(q, 1, ""), EAGAIN);
  resize(q, 0);
  EXPECT_EQ(receive(q).error, 0);
}

TEST_F(Calls, OrderOfChecks) {
  int q = queue();
  Packet zero = packet(0, "x"), good = packet(1, "x");
  EXPECT_EQ(failure(svmq_msgsnd(-1, nullptr, 1, 0)), EFAULT);
  EXPECT_EQ(failure(svmq_msgsnd(-1, &good, 1, 0)), EINVAL);
  EXPECT_EQ(failure(svmq_msgsnd(q, &good, 8193, 0)), EINVAL);
  EXPECT_EQ(failure(svmq_msgsnd(q, &good, static_cast<std::size_t>(-1), 0)), EINVAL);
  EXPECT_EQ(failure(svmq_msgsnd(q, &zero, 1, 0)), EINVAL);
  EXPECT_EQ(failure(svmq_msgsnd(q + 1, &good, 1, 0)), EINVAL);
  EXPECT_EQ(failure(svmq_msgrcv(q, nullptr, 1, 0, IPC_NOWAIT)), ENOMSG);
  EXPECT_EQ(failure(svmq_msgrcv(q, &good, static_cast<std::size_t>(-1), 0, IPC_NOWAIT)), EINVAL);
  EXPECT_EQ(failure(svmq_msgctl(q, IPC_SET, nullptr)), EFAULT);
  EXPECT_EQ(failure(svmq_msgctl(q + 1, IPC_SET, nullptr)), EFAULT);
  EXPECT_EQ(failure(svmq_msgctl(q + 1, IPC_STAT, nullptr)), EINVAL);
  EXPECT_EQ(failure(svmq_msgctl(q, IPC_STAT, nullptr)), EFAULT);
  EXPECT_EQ(failure(svmq_msgctl(-1, IPC_INFO, nullptr)), EINVAL);
  EXPECT_EQ(failure(svmq_msgctl(q, IPC_INFO, nullptr)), EFAULT);
  EXPECT_EQ(failure(svmq_msgctl(q, IPC_STAT | 0x100, nullptr)), EINVAL);
  EXPECT_EQ(failure(svmq_msgctl(q, IPC_RMID, nullptr)), 0);
  EXPECT_EQ(failure(svmq_msgctl(q, IPC_RMID, nullptr)), EINVAL);
  EXPECT_EQ(send(q, 1, "x"), EINVAL);
}

TEST_F(Calls, Copy) {
  int q = queue();
  ASSERT_EQ(send(q, 7, "first"), 0);
  ASSERT_EQ(send(q, 8, "second"), 0);
  EXPECT_EQ(receive(q, 1, IPC_NOWAIT | MSG_COPY), (Received{0, 8, "second"}));
  EXPECT_EQ(receive(q, 2, IPC_NOWAIT | MSG_COPY).error, ENOMSG);
  EXPECT_EQ(receive(q, -1, IPC_NOWAIT | MSG_COPY).error, ENOMSG);
  EXPECT_EQ(receive(q, 0, IPC_NOWAIT | MSG_COPY, 2).error, E2BIG);
  EXPECT_EQ(receive(q, 0, IPC_NOWAIT | MSG_COPY | MSG_NOERROR, 2).error, EINVAL);
  EXPECT_EQ(receive(q, 0, MSG_COPY).error, EINVAL);
  EXPECT_EQ(failure(svmq_msgrcv(q + 1, nullptr, 10, 0, IPC_NOWAIT | MSG_COPY)), EFAULT);
  EXPECT_EQ(status(q).msg_qnum, 2u);
  EXPECT_EQ(status(q).msg_rtime, 0);
}

TEST_F(Calls, KeysAndFlags) {
  EXPECT_EQ(failure(svmq_msgget(0x1234, 0600)), ENOENT);
  int q = svmq_msgget(0x1234, IPC_CREAT | 0640);
  ASSERT_EQ(q, 0);
  EXPECT_EQ(svmq_msgget(0x1234, 0), q);
  EXPECT_EQ(svmq_msgget(0x1234, IPC_EXCL), q);
  EXPECT_EQ(failure(svmq_msgget(0x1234, IPC_CREAT | IPC_EXCL)), EEXIST);
  EXPECT_EQ(svmq_msgget(-1, IPC_CREAT | 0600), 1);
  msqid_ds seen = status(q);
  EXPECT_EQ(seen.msg_perm.__key, 0x1234);
  EXPECT_EQ(seen.msg_perm.mode, 0640);
  EXPECT_EQ(seen.msg_qbytes, 16384u);
  EXPECT_NE(seen.msg_ctime, 0);
  EXPECT_EQ(svmq_msgctl(q, IPC_RMID, nullptr), 0);
  EXPECT_EQ(svmq_msgget(0x1234, IPC_CREAT | 0600), 2);
}

// So many that some share a place in the table of keys, whatever it is. Red if one hides another there, or
// takes it along.
TEST_F(Calls, KeysComeAndGo) {
  std::map<key_t, int> there;
  std::mt19937 random(5);
  std::vector<key_t> keys(4000);
  for (key_t& key : keys) key = static_cast<key_t>(random() | 1);
  for (int i = 0; i < 20'000; ++i) {
    key_t key = keys[random() % keys.size()];
    const auto place = there.find(key);
    if (place == there.end()) {
      ASSERT_EQ(failure(svmq_msgget(key, 0)), ENOENT) << key;
      there[key] = svmq_msgget(key, IPC_CREAT | 0600);
      ASSERT_GE(there[key], 0) << strerror(errno);
    } else if (random() % 2 == 0) {
      ASSERT_EQ(svmq_msgctl(place->second, IPC_RMID, nullptr), 0) << key;
      there.erase(place);
    } else {
      ASSERT_EQ(svmq_msgget(key, 0), place->second) << key;
    }
  }
  for (const auto& [key, id] : there) EXPECT_EQ(svmq_msgget(key, 0), id) << key;
}

TEST_F(Calls, IdentifiersGoRound) {
  for (int i = 0; i < 64; ++i) {
    ASSERT_EQ(queue(), i);
    ASSERT_EQ(svmq_msgctl(i, IPC_RMID, nullptr), 0);
  }
  int q = queue();
  EXPECT_EQ(q, 32768);
  EXPECT_EQ(status(q).msg_perm.__seq, 1);
  EXPECT_EQ(failure(svmq_msgctl(0, IPC_STAT, nullptr)), EINVAL);
}

TEST_F(Calls, WishedIdentifiers) {
  if (geteuid() != 0) GTEST_SKIP() << "needs CAP_SYS_ADMIN";
  ASSERT_EQ(svmq_limit_set("msg_next_id", 70000), 0) << strerror(errno);
  EXPECT_EQ(queue(), 70000);
  long wish = 0;
  EXPECT_EQ(svmq_limit_get("msg_next_id", &wish), 0);
  EXPECT_EQ(wish, -1);
  ASSERT_EQ(svmq_limit_set("msg_next_id", 70000), 0);
  EXPECT_EQ(queue(), 70001);
  EXPECT_EQ(queue(), 0);
}

TEST_F(Calls, Limits) {
  EXPECT_EQ(failure(svmq_limit_set("msgmni", 32769)), EINVAL);
  EXPECT_EQ(failure(svmq_limit_set("msgmax", -1)), EINVAL);
  EXPECT_EQ(failure(svmq_limit_set("nonsense", 1)), ENOENT);
  EXPECT_EQ(svmq_limit_set("msgmax", 4), 0);
  int q = queue();
  EXPECT_EQ(send(q, 1, "12345"), EINVAL);
  EXPECT_EQ(svmq_limit_set("msgmni", 1), 0);
  EXPECT_EQ(failure(svmq_msgget(IPC_PRIVATE, 0600)), ENOSPC);
  EXPECT_EQ(svmq_limit_set("msgmni", 2), 0);
  EXPECT_EQ(svmq_limit_set("msgmnb", 5), 0);
  EXPECT_EQ(status(queue()).msg_qbytes, 5u);
  msqid_ds setting = status(q);
  setting.msg_qbytes = (1ul << 32) + 5;
  EXPECT_EQ(svmq_msgctl(q, IPC_SET, &setting), 0);
  EXPECT_EQ(status(q).msg_qbytes, 5u);
}

TEST_F(Calls, LongMessages) {
  EXPECT_EQ(svmq_limit_set("msgmax", 1 << 20), 0);
  EXPECT_EQ(svmq_limit_set("msgmnb", 1 << 21), 0);
  int q = queue();
  std::string sent(sizeof(long) + (1 << 20), 'm'), got(sent.size(), ' ');
  long type = 9;
  memcpy(sent.data(), &type, sizeof type);
  ASSERT_EQ(svmq_msgsnd(q, sent.data(), 1 << 20, IPC_NOWAIT), 0) << strerror(errno);
  ASSERT_EQ(svmq_msgrcv(q, got.data(), 1 << 20, 0, IPC_NOWAIT), 1 << 20) << strerror(errno);
  EXPECT_EQ(got, sent);
}

TEST_F(Calls, InformationAndTable) {
  for (int i = 0; i < 3; ++i) queue();
  ASSERT_EQ(send(1, 1, "abc"), 0);
  msginfo info = {};
  EXPECT_EQ(svmq_msgctl(9, MSG_INFO, reinterpret_cast<msqid_ds*>(&info)), 2);
  EXPECT_EQ(info.msgpool, 3);
  EXPECT_EQ(info.msgmap, 1);
  EXPECT_EQ(info.msgtql, 3);
  EXPECT_EQ(svmq_msgctl(0, IPC_INFO, reinterpret_cast<msqid_ds*>(&info)), 2);
  EXPECT_EQ(info.msgpool, 512000);
  msqid_ds seen;
  EXPECT_EQ(svmq_msgctl(32768 + 1, MSG_STAT, &seen), 1);
  EXPECT_EQ(seen.msg_qnum, 1u);
  EXPECT_EQ(failure(svmq_msgctl(3, MSG_STAT_ANY, &seen)), EINVAL);
  EXPECT_EQ(svmq_msgctl(2, IPC_RMID, nullptr), 0);
  EXPECT_EQ(svmq_msgctl(0, IPC_INFO, reinterpret_cast<msqid_ds*>(&info)), 1);

  char text[4096], cut[20];
  ssize_t length = svmq_table(text, sizeof text);
  ASSERT_EQ(static_cast<std::size_t>(length), strlen(text));
  EXPECT_EQ(svmq_table(nullptr, 0), length);
  EXPECT_EQ(svmq_table(cut, sizeof cut), length);
  EXPECT_EQ(std::string(cut), std::string(text, sizeof cut - 1));
  std::istringstream lines(text);
  std::string line;
  int rows = -1;
  while (std::getline(lines, line)) ++rows;
  EXPECT_EQ(rows, 2);
}

TEST_F(Calls, ProcessIdentifiers) {
  int q = queue();
  ASSERT_EQ(send(q, 1, "x"), 0);
  EXPECT_EQ(status(q).msg_lspid, getpid());
  Child child([&] { return receive(q).error; });
  pid_t pid = child.pid();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(status(q).msg_lrpid, pid);
  EXPECT_NE(status(q).msg_rtime, 0);
}

TEST_F(Calls, NamespacesAreSeparate) {
  int q = queue();
  ASSERT_EQ(send(q, 1, "here"), 0);
  std::string other = directory_ + "-other";
  ASSERT_EQ(svmq_namespace_enter(other.c_str()), 0);
  EXPECT_EQ(send(q, 1, "there"), EINVAL);
  EXPECT_EQ(queue(), 0);
  EXPECT_EQ(svmq_namespace_remove(other.c_str()), 0);
  EXPECT_NE(access(other.c_str(), F_OK), 0);
  ASSERT_EQ(svmq_namespace_enter(directory_.c_str()), 0);
  EXPECT_EQ(receive(q).text, "here");
  EXPECT_EQ(failure(svmq_namespace_enter("relative")), EINVAL);
  EXPECT_EQ(failure(svmq_namespace_remove(other.c_str())), ENOENT);
}

// More than any default has room for, and of many types.
TEST_F(Calls, AMillionMessages) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to raise the limit";
  ASSERT_EQ(svmq_limit_set("msgmnb", 100'000'000), 0);
  int q = queue();
  constexpr long count = 1'000'000, types = 50'000;
  struct {
    long type, number;
  } message;
  for (long i = 0; i < count; ++i) {
    message = {1 + i % types, i};
    ASSERT_EQ(svmq_msgsnd(q, &message, sizeof message.number, IPC_NOWAIT), 0) << i << strerror(errno);
  }
  EXPECT_EQ(status(q).msg_qnum, static_cast<unsigned long>(count));
  ASSERT_EQ(svmq_msgrcv(q, &message, sizeof message.number, types, IPC_NOWAIT), 8);
  EXPECT_EQ(message.number, types - 1);
  ASSERT_EQ(svmq_msgrcv(q, &message, sizeof message.number, -types, IPC_NOWAIT), 8);
  EXPECT_EQ(message.number, 0);
  for (long i = 1; i < count; ++i) {
    if (i == types - 1) continue;
    ASSERT_EQ(svmq_msgrcv(q, &message, sizeof message.number, 0, IPC_NOWAIT), 8);
    ASSERT_EQ(message.number, i);
  }
  EXPECT_EQ(status(q).msg_qnum, 0u);
}

// A namespace that was left keeps nothing mapped.
TEST_F(Calls, NamespacesThatWereLeftAreUnmapped) {
  auto mappings = [this] {
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);) count += line.find(directory_) != std::string::npos;
    return count;
  };
  int q = queue();
  ASSERT_EQ(send(q, 1, "x"), 0);
  EXPECT_GE(mappings(), 3);
  std::string other = "/dev/shm/svmq-other-" + std::to_string(getpid());
  ASSERT_EQ(svmq_namespace_enter(other.c_str()), 0);
  EXPECT_EQ(mappings(), 0);
  ASSERT_EQ(svmq_namespace_enter(directory_.c_str()), 0);
  EXPECT_EQ(svmq_namespace_remove(other.c_str()), 0);
  EXPECT_EQ(receive(q).text, "x");
}

}  // namespace
}  // namespace svmq_test
