// Profiles: the variation points in which implementations differ, as data.
//
// A profile is a value: for each variation point what it is there, and from what that is known. No rule of
// the model asks which system it is on; it asks for a variation point.
//
// Where `any` is a value of a point it is the last one and stands for all the others: each of them is
// allowed, at each step anew. That is what a profile has where nobody knows (its evidence then begins with
// "unknown").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "svmq/model/types.hpp"

namespace svmq::model {

// --------------------------------------------------------------------------------------------- errors, in
// what order

// Several errors apply: the first in the listed order, or any of them.
enum class ErrorOrder : std::uint8_t { fixed, any };
// EFAULT where the clauses say so, or anything may happen.
enum class BadPointers : std::uint8_t { fault, undefined };
// In what order msgsnd looks at the message's length, type and text, at the queue, and for room.
// (msgsnd_order.cpp)
enum class SendOrder : std::uint8_t {
  message_then_queue,
  type_then_queue,
  length_then_queue,
  queue_length_access,
  queue_access_length,
  short_message_then_queue,
  length_message_queue,
  header_then_message,
  any
};
// What msgget tells of an existing queue: that it exists, or that the caller may not have it.
enum class OpenOrder : std::uint8_t { existence_first, access_first, any };
// IPC_SET: the sign of the identifier and then the buffer; the buffer; queue, owner, buffer; or the queue and
// then the buffer (EINVAL), and the new ids before the owner.
enum class SetOrder : std::uint8_t {
  sign_then_buffer,
  buffer_first,
  queue_owner_buffer,
  queue_buffer_ids,
  any
};
// IPC_STAT: queue, access, buffer; or the buffer before all.
enum class StatOrder : std::uint8_t { queue_first, buffer_first, any };
// A receive looks at its buffer when there is a message; or its type word must be writable before all else.
enum class ReceivePointer : std::uint8_t { last, fault_first, any };

// --------------------------------------------------------------------------------------------------- room
// and limits

// What bounds the length of a message, on pain of EINVAL.
enum class LengthLimit : std::uint8_t { system, queue, system_and_queue, none, any };
// A sender sleeps, and the queue's limit falls below its message: it waits on, or fails with EINVAL.
enum class ShrunkLimit : std::uint8_t { waits, fails, any };
// Both conditions of msg_qbytes; what the standard leaves open; bytes, and a pool of headers and segments
// that all queues share; or bytes, and a number of messages that nobody knows.
enum class Room : std::uint8_t { bytes_and_count, envelope, bytes_and_pool, bytes_and_unknown_count };
// Fewer bytes than are queued: no room, or the difference wraps round and there is plenty.
enum class Overfull : std::uint8_t { no_room, wraps_round, any };
// The first sender that sleeps locks the queue for those who come later.
enum class QueueLock : std::uint8_t { none, first_sleeper };
// What a send of an enormous length does.
enum class HugeSend : std::uint8_t { as_any_length, undefined };
// msgmax, msgmnb, msgmni of a new namespace: `initial_limits`.
enum class DefaultLimits : std::uint8_t { m8192_16384_32000, m8192_16384_16, m16384_2048_40, unknown };
// Who may write the limits; read_only: whatever the answer, nothing changes.
enum class LimitFiles : std::uint8_t { writable, read_only, undefined };
enum class AutoMsgmni : std::uint8_t { inert, undefined };

// -------------------------------------------------------------------------------------------------------
// identifiers

// Computed: cyclic indexes; the lowest free index, and a sequence number that each creation raises; the
// lowest free index, and a sequence number of its slot (15 or 16 bits); numbers that are never used again. Or
// any that is not in use.
enum class Identifiers : std::uint8_t {
  cyclic,
  any,
  lowest_index,
  slot_sequence_15,
  slot_sequence_16,
  counter
};
// An old identifier; eidrm_if_reused: EIDRM if its index is in use again; reaches_new_queue: then it denotes
// the new queue.
enum class StaleIdentifier : std::uint8_t { einval, einval_or_eidrm, eidrm_if_reused, reaches_new_queue };
enum class UnknownRemoval : std::uint8_t { einval, ignored };  // IPC_RMID of no queue
// msg_next_id; sys_admin_only: CAP_CHECKPOINT_RESTORE does not suffice to write it.
enum class NextIdentifier : std::uint8_t { wish, sys_admin_only, undefined };
enum class NextBound : std::uint8_t {
  enospc,
  open
};  // no free index above the wished one: ENOSPC, or one beyond the range

// --------------------------------------------------------------------------------------------------------
// permission

// What msgget asks of an existing queue: the union of the flags' triads; at most what the flags say; the
// owner's triad (with execute, without, or an execute that nobody is granted); all nine bits in the mode; the
// triad of others.
enum class OpenTest : std::uint8_t {
  union_of_triads,
  at_most_triads,
  user_triad,
  user_triad_without_execute,
  user_triad_execute_refused,
  whole_mode,
  other_triad,
  any
};
// Which groups make a caller a member: and of what (owner's and creator's group, or the owner's only;
// separate_checks: the owner's ids and the creator's are tested apart, and either test suffices;
// member_or_other: what others may, members may).
enum class GroupSet : std::uint8_t {
  fs_and_supplementary,
  either,
  effective_and_supplementary,
  owner_group_only,
  separate_checks,
  member_or_other,
  any
};
enum class Privileges : std::uint8_t {
  capabilities,
  may_not_suffice,
  superuser
};  // superuser: user id 0 may everything
// A queue given away: owner and creator have their rights at once; or may not yet; or the creator may read
// and write no more.
enum class GiveAway : std::uint8_t { complete, by_creator, creator_loses_access, any };
enum class Stranger : std::uint8_t {
  eperm,
  eacces,
  removal_ignored,
  any
};  // IPC_SET and IPC_RMID by neither owner nor creator

// ---------------------------------------------------------------------------------------------------------
// selection

enum class Delivery : std::uint8_t {
  hand_off,
  wake_all,
  wake_one
};  // to the oldest waiting receiver that matches; or queued
// Of the types up to -msgtyp: the lowest; the first in the queue; the first of at least that; the lowest
// strictly below.
enum class NegativeType : std::uint8_t { lowest, first_fit, reversed, strictly_below };
enum class MostNegative : std::uint8_t { widest, nothing, oldest, any };     // msgtyp LONG_MIN
enum class SelectorWidth : std::uint8_t { long_, int_, negative_int, any };  // msgtyp is cut to
enum class TooLong : std::uint8_t {
  e2big,
  truncates
};  // a message longer than the buffer, without MSG_NOERROR
enum class TruncatedBytes : std::uint8_t {
  whole,
  delivered
};  // by what a truncated message lowers the queue's bytes
enum class FailedReceive : std::uint8_t { untouched, type_overwritten };  // the buffer after a failure
enum class FaultingReceive : std::uint8_t { lost, kept, any };  // the message that the buffer cannot take
enum class HugeReceive : std::uint8_t { einval, either, accepted, above_msgmax };  // msgsz above SSIZE_MAX
enum class Except : std::uint8_t { selects, undefined, ignored };                  // MSG_EXCEPT
enum class Copy : std::uint8_t {
  copies,
  undefined,
  ignored,
  any_length
};  // MSG_COPY; any_length: whatever msgsz

// -----------------------------------------------------------------------------------------------------------
// waiting

enum class SignalOrRoom : std::uint8_t {
  signal_first,
  either
};  // both come to a waiting call before it runs
// A caught signal with SA_RESTART.
enum class Restart : std::uint8_t { interrupts, either, restarts };
// Stop and continue: leaves the waiting list and begins anew; or may keep its place; or EINTR; or any of it.
enum class Stop : std::uint8_t { restarts_call, either, interrupts, any };
enum class SenderWake : std::uint8_t { fitting, all };  // whom room wakes
// IPC_SET: wakes who waits; may; nobody; or senders look by themselves from time to time.
enum class SetWakes : std::uint8_t { wakes_and_retests, may_retest, nobody, senders_poll };
enum class Recheck : std::uint8_t { on_wake, may, never };            // permission of a call that was asleep
enum class RemovedSleeper : std::uint8_t { eidrm, eidrm_or_einval };  // its queue is gone

// -----------------------------------------------------------------------------------------------------------
// msgctl

// Who may raise msg_qbytes: anybody up to msgmnb; the privileged only, perhaps or certainly; anybody.
enum class QbytesRule : std::uint8_t { capped_by_msgmnb, raise_may_be_refused, raise_refused, unchecked };
enum class QbytesCeiling : std::uint8_t { none, msgmnb };  // what even the privileged get
enum class QbytesZero : std::uint8_t { allowed, either, refused, ignored };
enum class QbytesWidth : std::uint8_t { int_, undefined, long_, any };  // how many of its bits count
enum class BadIds : std::uint8_t { einval, either, stored };  // IPC_SET with ids that no one can have
enum class ReceiverPid : std::uint8_t { thread_on_hand_off, process, zero };
enum class ModeBits : std::uint8_t { nine, lock_bit, open };  // what a reported mode shows beside permissions
// IPC_INFO, MSG_INFO, MSG_STAT, MSG_STAT_ANY; answers_zero: present, but return 0, and MSG_STAT takes an
// identifier.
enum class Information : std::uint8_t { full, undefined, without_stat_any, answers_zero, absent };
enum class CommandBits : std::uint8_t { all, low_byte };  // of cmd that count
enum class Table : std::uint8_t { lists, undefined };     // the system's table of queues

// -----------------------------------------------------------------------------------------------------------
// domains

enum class NamespaceScope : std::uint8_t {
  thread,
  process,
  either
};  // who enters a new IPC namespace: the caller, or all of its process
enum class Isolation : std::uint8_t {
  ipc_namespace,
  jail,
  system,
  zone,
  server
};  // within what keys and identifiers are known

// The value of a point in a profile, and what it is known from: a function of the source, an experiment (X:
// Linux 6.18, "obs": another system), a section of the standard. "unknown": the source was not at hand.
template <class Value>
struct Cell {
  using value_type = Value;
  Value value{};
  const char* evidence = "";
  constexpr operator Value() const {
    return value;
  }  // NOLINT(google-explicit-constructor): a cell is its value
};

struct Profile {
  std::string_view name;
  std::string_view summary;

  Cell<ErrorOrder> error_order;
  Cell<BadPointers> bad_pointers;
  Cell<SendOrder> send_order;
  Cell<OpenOrder> open_order;
  Cell<SetOrder> set_order;
  Cell<StatOrder> stat_order;
  Cell<ReceivePointer> receive_pointer;

  Cell<LengthLimit> length_limit;
  Cell<ShrunkLimit> shrunk_limit;
  Cell<Room> room;
  Cell<Overfull> overfull;
  Cell<QueueLock> queue_lock;
  Cell<HugeSend> huge_send;
  Cell<DefaultLimits> default_limits;
  Cell<LimitFiles> limit_files;
  Cell<AutoMsgmni> auto_msgmni;

  Cell<Identifiers> identifiers;
  Cell<StaleIdentifier> stale_identifier;
  Cell<UnknownRemoval> unknown_removal;
  Cell<NextIdentifier> next_identifier;
  Cell<NextBound> next_bound;

  Cell<OpenTest> open_test;
  Cell<GroupSet> group_set;
  Cell<Privileges> privileges;
  Cell<GiveAway> give_away;
  Cell<Stranger> stranger;

  Cell<Delivery> delivery;
  Cell<NegativeType> negative_type;
  Cell<MostNegative> most_negative;
  Cell<SelectorWidth> selector_width;
  Cell<TooLong> too_long;
  Cell<TruncatedBytes> truncated_bytes;
  Cell<FailedReceive> failed_receive;
  Cell<FaultingReceive> faulting_receive;
  Cell<HugeReceive> huge_receive;
  Cell<Except> except;
  Cell<Copy> copy;

  Cell<SignalOrRoom> signal_or_room;
  Cell<Restart> sa_restart;
  Cell<Stop> stop;
  Cell<SenderWake> sender_wake;
  Cell<SetWakes> set_wakes;
  Cell<Recheck> recheck;
  Cell<RemovedSleeper> removed_sleeper;

  Cell<QbytesRule> qbytes;
  Cell<QbytesCeiling> qbytes_ceiling;
  Cell<QbytesZero> qbytes_zero;
  Cell<QbytesWidth> qbytes_width;
  Cell<BadIds> bad_ids;
  Cell<ReceiverPid> receiver_pid;
  Cell<ModeBits> mode_bits;
  Cell<Information> information;
  Cell<CommandBits> command_bits;
  Cell<Table> table;

  Cell<NamespaceScope> namespace_scope;
  Cell<Isolation> isolation;
};

const Profile* find_profile(std::string_view name);  // nullptr: there is none of that name
std::vector<std::string_view> profile_names();

// A variation point by name, what it is about, and the names of the values that it can have.
struct VariationPoint {
  std::string_view name;
  std::vector<std::string_view> values;
  std::size_t (*value)(const Profile&);  // index into `values`
  void (*set)(Profile&, std::size_t);
  std::string_view (*evidence)(const Profile&);

  // As a table shows it: the value's name, "unknown" where nothing is known.
  std::string_view shown(const Profile& profile) const;
};
const std::vector<VariationPoint>& variation_points();

// Does the clause hold in the profile? (`where` of the catalogue)
bool holds(const Profile& profile, Clause clause);

// The profile with one point changed: "stop=either". Nothing if there is no such point or value.
std::optional<Profile> varied(const Profile& profile, std::string_view variation);

}  // namespace svmq::model
