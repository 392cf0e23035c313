// The state on which the semantics of System V message queues depends, and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "svmq/model/request.hpp"
#include "svmq/model/types.hpp"

namespace svmq::model {

struct Limits {
  std::int64_t msgmax = 8192, msgmnb = 16384, msgmni = 32000;
  std::int64_t msg_next_id = -1;
  bool operator==(const Limits&) const = default;
};

// An IPC namespace: its limits and how it chooses identifiers.
struct Namespace {
  Limits limits;
  bool fresh = true;  // began empty and nobody else uses it: identifiers can be computed
  int last_index = -1, cursor = 0, sequence = 0;
  std::vector<int> slot_sequences;  // where each index has a sequence number of its own
  bool operator==(const Namespace&) const = default;
};

struct Queue {
  int space = 0;  // its namespace
  bool removed = false;
  std::int32_t key = 0;            // 0: private
  std::optional<std::int32_t> id;  // empty: not yet seen
  std::uint32_t uid = 0, gid = 0, cuid = 0, cgid = 0, mode = 0;
  std::uint64_t qbytes = 0, cbytes = 0;
  Pid lspid, lrpid;
  Stamp stime, rtime, ctime;
  std::vector<Message> messages;      // oldest first
  std::vector<ActorIndex> receivers;  // waiting, oldest first
  std::vector<ActorIndex> senders;    // waiting
  ActorIndex lock = -1;               // the waiting sender that keeps others out, where there is such a thing
  bool operator==(const Queue&) const = default;
};

enum class Running : std::uint8_t {
  yes,
  stopping,
  stopped
};  // stopping: the signal was sent, may not have arrived

struct Process {
  Cow<Credentials> credentials;
  std::array<Disposition, signal_count> dispositions{};
  Running running = Running::yes;
  bool alive = true;
  std::optional<Signal> dying;  // a signal that ends it was sent
  bool operator==(const Process&) const = default;
};

enum class Phase : std::uint8_t {
  idle,       // in no call
  entered,    // in a call that has not acted yet
  sending,    // asleep in msgsnd
  receiving,  // asleep in msgrcv
  returning,  // the call has acted; `result` is what it will return
};

struct Actor {
  int process = 0;
  bool alive = true;
  Phase phase = Phase::idle;
  bool woken = false;                // asleep no more, will try again
  bool interrupted = false;          // a caught signal has come during the call
  bool restartable = false;          // … whose handler has SA_RESTART
  bool restarting = false;           // stopped in the middle of the call, which will begin anew
  bool restarted = false;            // the call has begun anew
  std::uint16_t mask = 0, held = 0;  // blocked signals, and those of them that have come
  int space = 0;                     // namespace
  QueueIndex waits_on = -1;
  QueueIndex found = -1;   // the queue that the call's id denoted when the call began
  std::int64_t since = 0;  // clock when the call began
  std::shared_ptr<const Request> call;
  std::shared_ptr<const Result> result;
  Clauses why;                            // of `result`, and of what happened during the call
  bool operator==(const Actor& o) const;  // `why` is commentary, not state
};

// A file of the scratch folder, for ftok.
struct File {
  enum Kind : std::uint8_t { regular, folder, symlink } kind = regular;
  int inode = 0;                                    // index into Files::inodes
  std::string target;                               // of a symlink
  std::uint32_t mode = 0777, owner = 0, group = 0;  // of a folder
  bool operator==(const File&) const = default;
};
struct Inode {
  std::optional<std::uint64_t> device, number;  // once seen
  bool operator==(const Inode&) const = default;
};
struct Files {
  std::map<std::string, File> names;
  std::vector<Inode> inodes;
  bool operator==(const Files&) const = default;
};

// The ids that exist in the user namespace of the processes; -1 never does.
struct IdRange {
  std::uint32_t first = 0, last = UINT32_MAX - 1;
  bool operator==(const IdRange&) const = default;
};

struct Segment {
  int space = 0;
  std::int32_t key = 0;
  std::uint32_t mode = 0;
  bool operator==(const Segment&) const = default;
};

struct State {
  CowVector<Process> processes;
  std::vector<Actor> actors;
  CowVector<Namespace> spaces;
  std::vector<Cow<Queue>> queues;
  Cow<Files> files;
  std::vector<Segment> segments;
  IdRange users, groups;
  std::int64_t clock = 0;
  bool undefined = false;  // somebody left what the profile defines: anything may follow
  bool operator==(const State&) const = default;

  const Process& process_of(ActorIndex a) const {
    return processes[static_cast<std::size_t>(actors[static_cast<std::size_t>(a)].process)];
  }
  const Credentials& credentials_of(ActorIndex a) const { return *process_of(a).credentials; }
  const Actor& actor(ActorIndex a) const { return actors[static_cast<std::size_t>(a)]; }
  Actor& actor(ActorIndex a) { return actors[static_cast<std::size_t>(a)]; }
  const Queue& queue(QueueIndex q) const { return *queues[static_cast<std::size_t>(q)]; }
  Queue& change(QueueIndex q) { return queues[static_cast<std::size_t>(q)].write(); }
  const Namespace& space_of(ActorIndex a) const { return spaces[static_cast<std::size_t>(actor(a).space)]; }

  std::uint64_t hash() const;  // equal states have equal hashes
};

}  // namespace svmq::model
