// Memory that another process has damaged: every call returns an error, within the segment.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "fixture.h"
#include "src/layout.h"

namespace svmq_test {
namespace {

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

// A queue's memory, past the library.
class Arena {
 public:
  explicit Arena(const std::string& file) {
    int opened = open(file.c_str(), O_RDWR | O_CLOEXEC);
    bytes_ = mmap(nullptr, svmq::arena_size, PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    close(opened);
    EXPECT_NE(bytes_, MAP_FAILED) << file;
  }
  ~Arena() { munmap(bytes_, svmq::arena_size); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  svmq::Control& control() { return *static_cast<svmq::Control*>(bytes_); }
  template <class What>
  What& at(svmq::Index index) {
    return *reinterpret_cast<What*>(static_cast<std::byte*>(bytes_) + std::size_t{index} * svmq::unit_size);
  }
  svmq::Member& member(svmq::Index index) {
    return reinterpret_cast<svmq::Member*>(static_cast<std::byte*>(bytes_) + svmq::members_offset)[index];
  }

 private:
  void* bytes_;
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

// What others may write is followed a bounded number of steps.
TEST_F(Damage, AClosedChainOfTypesIsLeft) {
  int q = queue();
  for (long type = 1; type <= 8; ++type) ASSERT_EQ(send(q, type, "x"), 0);
  Arena arena(files(".arena").at(0));
  int closed = 0;
  for (svmq::Index index = svmq::first_tile; index < arena.control().fresh.get();) {
    auto& type = arena.at<svmq::Type>(index);
    if (type.tile.kind.get() == svmq::Kind::type) type.tile.next.set(index), ++closed;
    index += std::max(1u, type.tile.units.get());
  }
  ASSERT_EQ(closed, 8);
  Child victim([=] {
    alarm(10);
    for (long type = 100; type < 1000; ++type)  // some share the bucket of one of the eight
      if (int error = receive(q, type).error; error != ENOMSG) return error;
    return 0;
  });
  EXPECT_EQ(victim.wait(), EIDRM);
}

// A waiter is told that it was given a message, and the message is nowhere.
TEST_F(Damage, AHandOutsideTheMemoryIsRefused) {
  int q = queue();
  Child victim([=] {
    struct sigaction caught = {};
    caught.sa_handler = [](int) {};
    sigaction(SIGUSR1, &caught, nullptr);
    return receive(q, 0, 0).error;
  });
  ASSERT_TRUE(victim.sleeps());
  Arena arena(files(".arena").at(0));
  int told = 0;
  for (svmq::Index index = 1; index <= arena.control().members.get(); ++index) {
    svmq::Member& member = arena.member(index);
    if (member.waits.get() != svmq::Waits::to_receive) continue;
    member.hand.set(0xfffffff0);
    member.outcome.set(svmq::Outcome::done);
    ++told;
  }
  ASSERT_EQ(told, 1);
  victim.signal(SIGUSR1);
  EXPECT_EQ(victim.wait(), EIDRM);
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
          // In the head: behind the lock. In the arena: all that is in use, wherever it lies.
          constexpr std::size_t regions[] = {0,
                                             512,
                                             svmq::journal_offset,
                                             svmq::members_offset + 128,
                                             svmq::buckets_offset,
                                             svmq::tiles_offset,
                                             svmq::tiles_offset + 512};
          bool head = strcmp(extension, ".head") == 0;
          std::size_t from = head ? offsetof(svmq::Head, state) : regions[random() % std::size(regions)];
          auto at = static_cast<off_t>(from + random() % (head ? 70 : 128) * 4);
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
