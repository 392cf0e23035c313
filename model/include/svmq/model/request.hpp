// What a process may ask for, and what it may be answered.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "svmq/model/types.hpp"

namespace svmq::model {

// ------------------------------------------------------------------------------------------------------
// requests

// Memory behind a pointer: whether the first word (a message's type) and how many bytes after it can be used.
struct Memory {
  bool valid = true;                // false: not even the first byte
  bool writable = true;             // false: it can be read only
  std::uint64_t text = UINT64_MAX;  // bytes behind the type word
};

struct GetRequest {
  std::int32_t key = 0;
  std::uint32_t flags = 0;
};
// `text` holds size bytes, or as many of them as can be read.
struct SendRequest {
  std::int64_t id = 0;
  Memory memory;
  std::int64_t type = 1;
  Bytes text;
  std::uint64_t size = 0;
  std::uint32_t flags = 0;
};
struct ReceiveRequest {
  std::int64_t id = 0;
  Memory memory;
  std::uint64_t size = 0;
  std::int64_t type = 0;
  std::uint32_t flags = 0;
};
// Every command of msgctl but IPC_SET.
struct ControlRequest {
  std::int64_t id = 0;
  int command = IPC_STAT_;
  Memory memory;
};
struct SetRequest {
  std::int64_t id = 0;
  Memory memory;
  std::uint32_t uid = 0, gid = 0, mode = 0;
  std::uint64_t qbytes = 0;
};
struct FtokRequest {
  std::string path;
  std::int64_t id = 0;
};
struct SegmentRequest {
  std::int32_t key = 0;
  std::uint64_t size = 0;
  std::uint32_t flags = 0;
};  // shmget
struct TableRequest {};

enum class Limit : std::uint8_t { msgmax, msgmnb, msgmni, msg_next_id, auto_msgmni };
struct LimitRequest {
  Limit limit = Limit::msgmax;
  std::optional<std::int64_t> value;
};  // with a value: set it

struct Credentials {
  std::uint32_t uid = 0, gid = 0, fsgid = 0;  // effective ids; the filesystem gid
  std::vector<std::uint32_t> groups;          // supplementary
  bool ipc_owner = false, sys_admin = false, sys_resource = false, checkpoint_restore = false;
  std::optional<std::uint32_t> ruid;  // the real id, where it is known; no rule depends on it
  bool operator==(const Credentials&) const = default;
};
struct BecomeRequest {
  Credentials credentials;
};

enum class Signal : std::uint8_t { usr1, usr2, alrm, term, hup, chld, winch, kill, stop, cont };
inline constexpr int signal_count = 10;
enum class Disposition : std::uint8_t { default_, ignore, catch_, restart };
struct HandlerRequest {
  Signal signal = Signal::usr1;
  Disposition how = Disposition::default_;
};
struct MaskRequest {
  Signal signal = Signal::usr1;
  bool block = true;
};
struct ExitRequest {
  int status = 0;
};
struct ExecRequest {};
struct UnshareRequest {};
struct KillRequest {
  ActorIndex target = 0;
  Signal signal = Signal::usr1;
};                      // by the conductor
struct TickRequest {};  // time passes

enum class FileOperation : std::uint8_t { create, link, symlink, unlink, mkdir };
struct FileRequest {
  FileOperation operation = FileOperation::create;
  std::string path, to;
  std::uint32_t mode = 0;
};

using Request =
    std::variant<GetRequest, SendRequest, ReceiveRequest, ControlRequest, SetRequest, FtokRequest,
                 SegmentRequest, TableRequest, LimitRequest, BecomeRequest, HandlerRequest, MaskRequest,
                 ExitRequest, ExecRequest, UnshareRequest, KillRequest, TickRequest, FileRequest>;

// -------------------------------------------------------------------------------------------------------
// results

struct Message {
  std::int64_t type = 1;
  Bytes text;
  bool operator==(const Message&) const = default;
};

// What a stat call sees, or one row of the table.
struct StatRecord {
  QueueIndex queue = -1;  // its id is the queue's, known or not
  std::int32_t key = 0;
  std::uint32_t uid = 0, gid = 0, cuid = 0, cgid = 0, mode = 0;
  std::uint64_t qnum = 0, cbytes = 0, qbytes = 0;
  Pid lspid, lrpid;
  Stamp stime, rtime, ctime;
  std::uint32_t open_mode = 0;  // bits of `mode` that may be shown or not
  bool operator==(const StatRecord&) const = default;
};
struct InfoRecord {
  std::map<std::string, std::int64_t> fields;
  bool operator==(const InfoRecord&) const = default;
};

// What a call returns. Exactly one kind; what is not of that kind is empty.
struct Result {
  enum Kind : std::uint8_t {
    number,      // `value`
    key,         // `value`, of which only the low 32 bits count
    identifier,  // of `queue`: its id, or any lawful number if that is still open
    failure,     // -1 and `error`
    received,    // `message`, of which `value` bytes of text arrive
    stat,        // `value` (or an identifier, if `queue` is set) and `rows[0]`
    info,        // `value` and `information`
    table,       // `rows` in any order
    file,        // of a created file: any device and inode, remembered under `path`
    any          // the profile says nothing of it
  } kind = number;
  std::int64_t value = 0;
  Errno error = Errno::none;
  bool may_touch = false;  // a failing receive that may have written to its buffer
  Message message;
  QueueIndex queue = -1;
  std::vector<StatRecord> rows;
  InfoRecord information;
  std::string path;

  bool operator==(const Result&) const = default;
  static Result of(std::int64_t value) {
    Result r;
    r.value = value;
    return r;
  }
  static Result fail(Errno error) {
    Result r;
    r.kind = failure;
    r.value = -1;
    r.error = error;
    return r;
  }
  static Result anything() {
    Result r;
    r.kind = any;
    return r;
  }
};

}  // namespace svmq::model
