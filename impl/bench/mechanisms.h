// What is compared: each a class of the same shape, so that a test is one template and no call is indirect.
//
//   Queue(size, depth)                     a queue with room for `depth` messages of `size` bytes
//   send(message, size, flags)             blocks unless IPC_NOWAIT; true: sent
//   receive(message, size, type, flags)    the length, or -1
//   typed                                  does it choose messages by type?
//   survives                               does it stay usable when a process is killed in it?
//
// A queue is made before its processes are forked, and goes with its object in the process that made it.
#pragma once

#include <fcntl.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>

#if SVMQ_BENCH_BOOST
#include <boost/interprocess/ipc/message_queue.hpp>
#endif

#include "svmq/svmq.h"

namespace svmq::bench {

struct Message {
  long type = 1;
  char text[8192] = {};
};

[[noreturn]] inline void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// The calls of System V, by whoever makes them.
template <class Calls>
class SystemV {
 public:
  static constexpr const char* name = Calls::name;
  static constexpr bool typed = true, survives = true;

  static int get(key_t key, int flags) { return Calls::get(key, flags); }
  static int control(int id, int command, msqid_ds* buffer) { return Calls::control(id, command, buffer); }

  SystemV(std::size_t size, std::size_t depth) : id_(Calls::get(IPC_PRIVATE, 0600)), maker_(getpid()) {
    msqid_ds settings;
    if (id_ < 0 || Calls::control(id_, IPC_STAT, &settings) != 0) fail(std::string(name) + ": msgget");
    settings.msg_qbytes = std::max<std::size_t>(size, 1) * depth;
    if (Calls::control(id_, IPC_SET, &settings) != 0)
      fail(std::string(name) + ": cannot give a queue " + std::to_string(settings.msg_qbytes) +
           " bytes (msgmnb)");
  }
  explicit SystemV(int id) : id_(id), maker_(0) {}  // one that somebody else removes
  ~SystemV() {
    if (maker_ == getpid()) Calls::control(id_, IPC_RMID, nullptr);
  }
  SystemV(const SystemV&) = delete;
  SystemV& operator=(const SystemV&) = delete;

  bool send(const Message& message, std::size_t size, int flags = 0) {
    return Calls::send(id_, &message, size, flags) == 0;
  }
  ssize_t receive(Message& message, std::size_t size, long type = 0, int flags = 0) {
    return Calls::receive(id_, &message, size, type, flags);
  }
  int send_from(const void* message, std::size_t size) { return Calls::send(id_, message, size, IPC_NOWAIT); }

 private:
  int id_;
  pid_t maker_;
};

struct KernelCalls {
  static constexpr const char* name = "kernel";
  static int get(key_t key, int flags) { return msgget(key, flags); }
  static int send(int id, const void* m, std::size_t size, int flags) { return msgsnd(id, m, size, flags); }
  static ssize_t receive(int id, void* m, std::size_t size, long type, int flags) {
    return msgrcv(id, m, size, type, flags);
  }
  static int control(int id, int command, msqid_ds* buffer) { return msgctl(id, command, buffer); }
};

struct LibraryCalls {
  static constexpr const char* name = "libsvmq";
  static int get(key_t key, int flags) { return svmq_msgget(key, flags); }
  static int send(int id, const void* m, std::size_t size, int flags) {
    return svmq_msgsnd(id, m, size, flags);
  }
  static ssize_t receive(int id, void* m, std::size_t size, long type, int flags) {
    return svmq_msgrcv(id, m, size, type, flags);
  }
  static int control(int id, int command, msqid_ds* buffer) { return svmq_msgctl(id, command, buffer); }
};

using Kernel = SystemV<KernelCalls>;
using Library = SystemV<LibraryCalls>;

// POSIX message queues. They have priorities, not types.
class PosixQueue {
 public:
  static constexpr const char* name = "mqueue";
  static constexpr bool typed = false, survives = true;

  PosixQueue(std::size_t size, std::size_t depth) : size_(std::max<std::size_t>(size, 1)) {
    std::string path = "/svmq-bench-" + std::to_string(getpid());
    mq_attr attributes = {};
    attributes.mq_maxmsg = static_cast<long>(depth);
    attributes.mq_msgsize = static_cast<long>(size_);
    queue_ = mq_open(path.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    if (queue_ < 0)
      fail("mq_open of " + std::to_string(depth) + " messages (fs.mqueue.msg_max, RLIMIT_MSGQUEUE)");
    mq_unlink(path.c_str());
  }
  ~PosixQueue() { mq_close(queue_); }
  PosixQueue(const PosixQueue&) = delete;
  PosixQueue& operator=(const PosixQueue&) = delete;

  bool send(const Message& message, std::size_t size, int = 0) {
    return mq_send(queue_, message.text, size, 0) == 0;
  }
  ssize_t receive(Message& message, std::size_t, long = 0, int = 0) {
    unsigned priority;
    return mq_receive(queue_, message.text, size_, &priority);
  }

 private:
  std::size_t size_;
  mqd_t queue_;
};

#if SVMQ_BENCH_BOOST
// Boost.Interprocess: shared memory too, with priorities; a process killed in it leaves it locked.
class BoostQueue {
 public:
  static constexpr const char* name = "boost";
  static constexpr bool typed = false, survives = false;

  BoostQueue(std::size_t size, std::size_t depth) : size_(std::max<std::size_t>(size, 1)) {
    namespace ipc = boost::interprocess;
    std::string path = "svmq-bench-" + std::to_string(getpid());
    ipc::message_queue::remove(path.c_str());
    queue_ = std::make_unique<ipc::message_queue>(ipc::create_only, path.c_str(), depth, size_);
    ipc::message_queue::remove(path.c_str());
  }

  bool send(const Message& message, std::size_t size, int = 0) {
    queue_->send(message.text, size, 0);
    return true;
  }
  ssize_t receive(Message& message, std::size_t, long = 0, int = 0) {
    boost::interprocess::message_queue::size_type length;
    unsigned priority;
    queue_->receive(message.text, size_, length, priority);
    return static_cast<ssize_t>(length);
  }

 private:
  std::size_t size_;
  std::unique_ptr<boost::interprocess::message_queue> queue_;
};
#endif

// Calls visit.template operator()<Queue>() for each mechanism; the kernel first, for the ratios.
template <class Visit>
void for_each_mechanism(const Visit& visit) {
  visit.template operator()<Kernel>();
  visit.template operator()<Library>();
  visit.template operator()<PosixQueue>();
#if SVMQ_BENCH_BOOST
  visit.template operator()<BoostQueue>();
#endif
}

}  // namespace svmq::bench
