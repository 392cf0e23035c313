// The scenario language as values: what conformance/LANGUAGE.md defines, one type for each of its notions.
//
// Values only: no behaviour, no system call. Parsing and printing: parse.hpp, print.hpp.
// Thread-safe as every value type is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace svmq::language {

// Where a thing stood in its file; both count from 1. Zero: it did not come from a file.
struct Place {
  int line = 0;
  int column = 0;
  bool operator==(const Place&) const { return true; }  // where a thing stood is no part of what it is
};

// ---------------------------------------------------------------------------------------------- text and numbers

// The bytes of a message: the pieces of a TEXT, one behind the other. A piece of no bytes is not written, so a text that
// is to survive printing has none.
struct Repeat {  // "…" (count 1) or N*"…"
  std::uint64_t count = 1;
  std::string bytes;
  bool operator==(const Repeat&) const = default;
};
struct Sequence {  // bytes(N, SEED)
  std::uint64_t count = 0;
  std::uint32_t seed = 0;
  bool operator==(const Sequence&) const = default;
};
struct Text {
  std::vector<std::variant<Repeat, Sequence>> pieces;
  bool operator==(const Text&) const = default;

  std::string expand() const;        // the bytes themselves
  std::uint64_t size() const;        // their number, without expanding
  static Text of(std::string bytes);  // the shortest usual description: long runs become N*"x", sequences bytes(N, SEED)
};

// A number or a variable with an offset: VAR, VAR+N, VAR-N. As a key: without offset, the number signed of 32 bits.
struct IdExpr {
  std::string variable;  // empty: `value` is the number itself
  std::int64_t value = 0;
  bool operator==(const IdExpr&) const = default;
};

// The flags of System V IPC with the values that Linux gives them; the agent translates to the target's.
namespace flag {
inline constexpr std::uint32_t ipc_creat = 01000, ipc_excl = 02000, ipc_nowait = 04000, msg_noerror = 010000,
                               msg_except = 020000, msg_copy = 040000;
}
using Flags = std::uint32_t;

// msgctl commands with Linux's numbers.
namespace command {
inline constexpr int ipc_rmid = 0, ipc_set = 1, ipc_stat = 2, ipc_info = 3, msg_stat = 11, msg_info = 12, msg_stat_any = 13;
}

// ------------------------------------------------------------------------------------------------------- memory

// A bad pointer, wherever a buffer may stand.
enum class BadPointer { null, unmapped };

// What msgsnd is given.
struct Message {
  std::int64_t type = 1;
  Text text;
  bool ends = false;  // {TYPE, TEXT, BAD}: memory ends behind the text
  bool operator==(const Message&) const = default;
};
using MessageArgument = std::variant<Message, BadPointer>;

// What msgrcv and the reading commands of msgctl are given.
struct Buffer {
  std::optional<std::uint64_t> accessible;  // buf(N); nullopt: buf
  bool operator==(const Buffer&) const = default;
};
struct ReadOnlyBuffer {
  bool operator==(const ReadOnlyBuffer&) const = default;
};
using BufferArgument = std::variant<Buffer, ReadOnlyBuffer, BadPointer>;

// What IPC_SET is given.
struct Setting {
  std::uint32_t uid = 0, gid = 0;
  Flags mode = 0;
  std::uint64_t qbytes = 0;
  bool operator==(const Setting&) const = default;
};
using SettingArgument = std::variant<Setting, BadPointer>;

// -------------------------------------------------------------------------------------------------- credentials

enum class Capability : std::uint8_t { ipc_owner = 1, sys_admin = 2, sys_resource = 4, checkpoint_restore = 8 };
using Capabilities = std::uint8_t;  // a set of Capability
inline constexpr Capabilities all_capabilities = 15;

// nullopt: not named.
struct Credentials {
  std::optional<std::uint32_t> uid, gid;
  std::optional<std::vector<std::uint32_t>> groups;
  std::optional<Capabilities> caps;
  std::optional<std::uint32_t> ruid, fsgid;
  bool operator==(const Credentials&) const = default;
};

// -------------------------------------------------------------------------------------------------------- steps

enum class Signal { usr1, usr2, alrm, term, hup, chld, winch, kill, stop, cont };
enum class Disposition { catch_, restart, ignore, default_ };
enum class Limit { msgmax, msgmnb, msgmni, msg_next_id, auto_msgmni };

struct Msgget { IdExpr key; Flags flags = 0; bool operator==(const Msgget&) const = default; };
struct Msgsnd { IdExpr id; MessageArgument message; std::uint64_t size = 0; Flags flags = 0; bool operator==(const Msgsnd&) const = default; };
struct Msgrcv { IdExpr id; BufferArgument buffer; std::uint64_t size = 0; std::int64_t type = 0; Flags flags = 0; bool operator==(const Msgrcv&) const = default; };
// Every command of msgctl but IPC_SET.
struct Msgctl { IdExpr id; int command = command::ipc_stat; BufferArgument buffer; bool operator==(const Msgctl&) const = default; };
struct MsgctlSet { IdExpr id; SettingArgument setting; bool operator==(const MsgctlSet&) const = default; };
struct Ftok { std::string path; std::int64_t id = 0; bool operator==(const Ftok&) const = default; };
struct Shmget { IdExpr key; std::uint64_t size = 0; Flags flags = 0; bool operator==(const Shmget&) const = default; };
struct Table { bool operator==(const Table&) const = default; };
struct GetLimit { Limit limit; bool operator==(const GetLimit&) const = default; };
struct SetLimit { Limit limit; std::int64_t value = 0; bool operator==(const SetLimit&) const = default; };
struct Become { Credentials credentials; bool operator==(const Become&) const = default; };
struct Handler { Signal signal; Disposition how; bool operator==(const Handler&) const = default; };
struct Mask { Signal signal; bool block = true; bool operator==(const Mask&) const = default; };  // mask and unmask
struct Exit { int status = 0; bool operator==(const Exit&) const = default; };
struct Exec { bool operator==(const Exec&) const = default; };
struct Unshare { bool operator==(const Unshare&) const = default; };
struct Create { std::string path; bool operator==(const Create&) const = default; };
struct Link { std::string from, to; bool symbolic = false; bool operator==(const Link&) const = default; };  // link and symlink
struct Unlink { std::string path; bool operator==(const Unlink&) const = default; };
struct Mkdir { std::string path; Flags mode = 0; bool operator==(const Mkdir&) const = default; };
struct Kill { std::string actor; Signal signal; bool operator==(const Kill&) const = default; };
struct Tick { bool operator==(const Tick&) const = default; };

using Action = std::variant<Msgget, Msgsnd, Msgrcv, Msgctl, MsgctlSet, Ftok, Shmget, Table, GetLimit, SetLimit, Become,
                            Handler, Mask, Exit, Exec, Unshare, Create, Link, Unlink, Mkdir, Kill, Tick>;

struct Step {
  std::string actor;     // empty: the conductor
  std::string variable;  // empty: the result is not kept
  Action action;
  Place place;
  bool operator==(const Step&) const = default;
};

// One step, or the steps of a concurrent block.
struct Concurrent {
  std::vector<Step> steps;
  bool operator==(const Concurrent&) const = default;
};
using Item = std::variant<Step, Concurrent>;

struct Actor {
  std::string name;
  std::string process;      // empty: a process; else a thread of that process
  Credentials credentials;  // of a process
  Place place;
  bool operator==(const Actor&) const = default;
};

struct Scenario {
  std::string name;
  int language = 1;
  std::string title;
  std::vector<std::string> clauses, seeds;
  std::vector<Actor> actors;
  std::vector<Item> items;
  bool operator==(const Scenario&) const = default;
};

}  // namespace svmq::language
