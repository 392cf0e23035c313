// Histories as values: the second half of conformance/LANGUAGE.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "svmq/language/scenario.hpp"

namespace svmq::language {

// ------------------------------------------------------------------------------------------------------ results

struct Received {  // {TYPE, TEXT}
  std::int64_t type = 0;
  std::string text;  // the bytes, expanded
  bool operator==(const Received&) const = default;
};

// A lspid or lrpid: an actor's name, "conductor", or (name empty) a number.
struct Pid {
  std::string actor;
  std::int64_t number = 0;
  bool operator==(const Pid&) const = default;
};

// A structure that a call filled: numbers by field name, and the two pids. Absent: the system has no such field.
// A key is the signed number that msgget takes; numbers of 64 bits from 2^63 on are their negative counterparts.
struct Record {
  std::map<std::string, std::int64_t> fields;
  std::map<std::string, Pid> pids;
  bool operator==(const Record&) const = default;
};

struct Result {
  std::int64_t value = 0;
  std::string error;  // "EINVAL"; a number's digits where the agent knows no name; empty: success
  std::optional<Received> received;
  std::vector<Record> records;  // one for a stat, info or create, one a row for table
  bool overrun = false;
  bool touched = false;
  bool operator==(const Result&) const = default;
};

// ------------------------------------------------------------------------------------------------------- events

struct Call {      // ACTOR: STEP <unfinished ...>
  Step step;
  bool operator==(const Call&) const = default;
};
struct Return {    // ACTOR: <... CALL resumed> = RESULT
  std::string actor;  // empty: the conductor
  std::string call;   // the name of the call, as printed
  Result result;
  bool operator==(const Return&) const = default;
};
struct Complete {  // ACTOR: STEP = RESULT
  Step step;
  Result result;
  bool operator==(const Complete&) const = default;
};
struct Blocked { std::vector<std::string> actors; bool operator==(const Blocked&) const = default; };
struct Clock { std::int64_t seconds = 0; bool operator==(const Clock&) const = default; };
struct Death {     // ACTOR: +++ killed by SIGNAL +++ or +++ exited with N +++
  std::string actor;
  std::string signal;  // empty: exited
  int status = 0;
  bool operator==(const Death&) const = default;
};
struct Skipped { Step step; bool operator==(const Skipped&) const = default; };
struct Hung { std::string actor; bool operator==(const Hung&) const = default; };
struct Unsupported { std::string need, text; bool operator==(const Unsupported&) const = default; };
struct Failed { std::string text; bool operator==(const Failed&) const = default; };

struct Event {
  std::variant<Call, Return, Complete, Blocked, Clock, Death, Skipped, Hung, Unsupported, Failed> what;
  Place place;
  bool operator==(const Event&) const = default;
};

struct History {
  std::string name;
  std::string agent;  // the rest of the agent line
  bool fresh = false;
  std::map<std::string, std::int64_t> limits;
  std::map<std::string, std::int64_t> ids;  // uid_first, uid_last, gid_first, gid_last: those that exist; empty: all
  std::optional<Credentials> conductor;  // what the agent itself may do; all six named
  std::vector<Actor> actors;  // credentials as observed, complete for processes
  std::vector<Event> events;  // the first clock line included
  bool operator==(const History&) const = default;
};

}  // namespace svmq::language
