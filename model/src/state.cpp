#include "svmq/model/state.hpp"

#include <functional>
#include <string_view>

namespace svmq::model {
namespace {

struct Hash {
  std::uint64_t value = 0x9e3779b97f4a7c15u;
  void add(std::uint64_t x) {
    value ^= x + 0x9e3779b97f4a7c15u + (value << 6) + (value >> 2);
    value *= 0xff51afd7ed558ccdu;
    value ^= value >> 32;
  }
  void add(const Stamp& s) {
    add(static_cast<std::uint64_t>(s.earliest));
    add(static_cast<std::uint64_t>(s.latest));
  }
  void add(const Pid& p) {
    add(static_cast<std::uint64_t>(p.kind) << 8 | static_cast<std::uint8_t>(p.actor));
  }
  void add(const std::vector<ActorIndex>& list) {
    add(list.size());
    for (const ActorIndex a : list) add(static_cast<std::uint64_t>(a));
  }
};

void add(Hash& hash, const Queue& q) {
  hash.add(q.removed);
  if (q.removed) return;
  hash.add(q.id ? static_cast<std::uint64_t>(*q.id) : ~0ull);
  hash.add(static_cast<std::uint64_t>(q.uid) << 32 | q.gid);
  hash.add(static_cast<std::uint64_t>(q.mode) << 32 | q.qbytes);
  hash.add(q.cbytes);
  hash.add(q.lspid);
  hash.add(q.lrpid);
  hash.add(q.stime);
  hash.add(q.rtime);
  hash.add(q.ctime);
  for (const Message& m : q.messages) {
    hash.add(static_cast<std::uint64_t>(m.type));
    hash.add(std::hash<std::string_view>{}(m.text.view()));
  }
  hash.add(q.receivers);
  hash.add(q.senders);
  hash.add(static_cast<std::uint64_t>(q.lock));
}

}  // namespace

std::uint64_t State::hash() const {
  Hash hash;
  hash.add(static_cast<std::uint64_t>(clock));
  hash.add(undefined);
  for (const Process& p : processes) {
    hash.add(static_cast<std::uint64_t>(p.running) | static_cast<std::uint64_t>(p.alive) << 2 |
             static_cast<std::uint64_t>(p.dying ? static_cast<int>(*p.dying) + 1 : 0) << 3);
    hash.add(p.credentials->uid);
  }
  for (const Actor& a : actors) {
    hash.add(static_cast<std::uint64_t>(a.phase) | static_cast<std::uint64_t>(a.woken) << 4 |
             static_cast<std::uint64_t>(a.interrupted) << 5 | static_cast<std::uint64_t>(a.restarting) << 6 |
             static_cast<std::uint64_t>(a.alive) << 7 | static_cast<std::uint64_t>(a.mask) << 16 |
             static_cast<std::uint64_t>(a.held) << 32);
    hash.add(static_cast<std::uint64_t>(a.since));
    hash.add(static_cast<std::uint64_t>(a.waits_on) << 32 ^ static_cast<std::uint64_t>(a.found));
    hash.add(std::hash<const void*>{}(a.call.get()));
    // Results are compared by content when states merge; their kind is enough to spread them.
    hash.add(a.result ? static_cast<std::uint64_t>(a.result->kind) << 8 |
                            static_cast<std::uint64_t>(a.result->error)
                      : 0);
  }
  for (const Namespace& n : spaces)
    hash.add(static_cast<std::uint64_t>(n.sequence) << 32 | static_cast<std::uint64_t>(n.cursor));
  for (const Cow<Queue>& q : queues) add(hash, *q);
  return hash.value;
}

}  // namespace svmq::model
