// Where many queues are: finding them, and what they and their messages take of memory.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "mechanisms.h"
#include "processes.h"
#include "tests.h"

namespace svmq::bench {
namespace {

// Of the processor's time: nothing here sleeps.
template <class Work>
double nanoseconds_each(std::size_t count, const Work& work) {
  std::uint64_t begin = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  for (std::size_t i = 0; i < count; ++i) work(i);
  return static_cast<double>(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begin) / static_cast<double>(count);
}

template <class Queue>
void lookup(Session& session, std::size_t count) {
  constexpr key_t first_key = 0x51000000;
  auto key = [](std::size_t i) { return first_key + static_cast<key_t>(i) * 7; };
  auto need = [](bool good, const char* call) {
    if (!good) fail(std::string(Queue::name) + ": " + call);
  };
  auto add = [&](const char* call, double value) {
    session.results.add("lookup", Queue::name, {{"call", call}, {"queues", count}}, "ns", value);
  };
  std::vector<int> ids(count);
  std::minstd_rand random;
  auto any = [&] { return random() % count; };
  std::size_t calls = session.quick ? 100 : 20000;
  msqid_ds status;
  Message message;
  pin(0);
  add("create", nanoseconds_each(count, [&](std::size_t i) {
        need((ids[i] = Queue::get(key(i), IPC_CREAT | IPC_EXCL | 0600)) >= 0, "msgget");
      }));
  // The first use of each queue in this process, which the kernel has no equal of.
  add("first send",
      nanoseconds_each(count, [&](std::size_t i) { need(Queue(ids[i]).send(message, 8), "msgsnd"); }));
  for (int id : ids) need(Queue(id).receive(message, 8) >= 0, "msgrcv");
  add("msgget existing",
      nanoseconds_each(calls, [&](std::size_t) { need(Queue::get(key(any()), 0) >= 0, "msgget"); }));
  add("msgget absent", nanoseconds_each(calls, [&](std::size_t i) {
        need(Queue::get(first_key - 1 - static_cast<key_t>(i), 0) < 0, "msgget finds what is not there");
      }));
  add("IPC_STAT", nanoseconds_each(calls, [&](std::size_t) {
        need(Queue::control(ids[any()], IPC_STAT, &status) == 0, "IPC_STAT");
      }));
  add("pair on any", nanoseconds_each(calls, [&](std::size_t) {
        Queue queue(ids[any()]);
        need(queue.send(message, 8) && queue.receive(message, 8) >= 0, "msgsnd or msgrcv");
      }));
  add("IPC_RMID", nanoseconds_each(count, [&](std::size_t i) {
        need(Queue::control(ids[i], IPC_RMID, nullptr) == 0, "IPC_RMID");
      }));
}

// Bytes of the kernel's slabs; 0: not to be read.
double slab_bytes() {
  std::ifstream file("/proc/slabinfo");
  double sum = 0;
  for (std::string line; std::getline(file, line);) {
    std::size_t data = line.find(": slabdata");
    std::istringstream head(line), tail(data == std::string::npos ? "" : line.substr(data + 10));
    std::string name;
    double active, objects, size, per_slab, pages_per_slab, active_slabs, slabs;
    if (head >> name >> active >> objects >> size >> per_slab >> pages_per_slab &&
        tail >> active_slabs >> slabs)
      sum += slabs * pages_per_slab * 4096;
  }
  return sum;
}

double file_bytes(const std::string& directory) {
  double sum = 0;
  struct stat status;
  for (const auto& file : std::filesystem::directory_iterator(directory))
    if (stat(file.path().c_str(), &status) == 0) sum += static_cast<double>(status.st_blocks) * 512;
  return sum;
}

template <class Queue, class Bytes>
void memory(Session& session, const Bytes& bytes) {
  if (bytes() == 0) return session.remark(std::string("memory of ") + Queue::name + ": cannot be read here");
  Message message;
  for (std::size_t size : {0, 1, 64, 1024, 8192}) {
    std::size_t count = size > 2000 ? 2000 : 10000;
    Queue queue(size, count);
    double before = bytes();
    for (std::size_t i = 0; i < count; ++i)
      if (!queue.send(message, size)) fail("msgsnd");
    session.results.add("memory", Queue::name, {{"of", "message"}, {"size", size}}, "bytes",
                        (bytes() - before) / static_cast<double>(count));
  }
  std::vector<int> ids(2000);
  double before = bytes();
  for (int& id : ids)
    if ((id = Queue::get(IPC_PRIVATE, 0600)) < 0) fail("msgget");
  session.results.add("memory", Queue::name, {{"of", "queue"}}, "bytes",
                      (bytes() - before) / static_cast<double>(ids.size()));
  for (int id : ids) Queue::control(id, IPC_RMID, nullptr);
}

}  // namespace

void measure_lookup(Session& session) {
  for (std::size_t count : {10, 1000, 10000}) {
    if (session.quick && count > 10) continue;
    lookup<Kernel>(session, count);
    lookup<Library>(session, count);
  }
}

void measure_memory(Session& session) {
  memory<Kernel>(session, slab_bytes);
  memory<Library>(session, [&] { return file_bytes(session.directory); });
}

}  // namespace svmq::bench
