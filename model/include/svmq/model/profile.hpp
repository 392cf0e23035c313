// Profiles: the variation points in which implementations differ, as data.
//
// A profile is a value. No rule of the model asks which system it is on; it asks for a variation point.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace svmq::model {

enum class ErrorOrder { fixed, any };           // several errors apply: the first in the listed order, or any of them
enum class BadPointers { fault, undefined };    // EFAULT where the clauses say so, or anything may happen
enum class Delivery { hand_off, wake_all };     // to the oldest waiting receiver that matches, or queued and all are woken
enum class Identifiers { cyclic, any };         // computed (id.cyclic, id.seq), or any non-negative number not in use
enum class StaleIdentifier { einval, einval_or_eidrm };
enum class SignalOrRoom { signal_first, either };  // both come to a waiting call before it runs: EINTR, or it succeeds as well
enum class Restart { interrupts, either };      // a caught signal with SA_RESTART: EINTR, or restarted as well
enum class Stop { restarts_call, either };      // stop and continue: leaves the waiting list and begins anew, or keeps its place
enum class Room { bytes_and_count, envelope };  // both conditions of Linux, or what the standard leaves open between them
enum class QbytesRule { capped_by_msgmnb, raise_may_be_refused };
enum class OpenTest { union_of_triads, at_most_triads };  // what msgget asks of an existing queue
enum class GroupSet { fs_and_supplementary, either };
enum class SetWakes { wakes_and_retests, may_retest };    // IPC_SET and the calls that wait
enum class ReceiverPid { thread_on_hand_off, process };
enum class Privileges { capabilities, may_not_suffice };  // what CAP_IPC_OWNER and CAP_SYS_ADMIN grant, they alone grant
enum class GiveAway { complete, bound_to_creator };       // a queue given away: its new owner, group and mode count at once, or may not
enum class NamespaceScope { thread, process, either };    // who enters a new IPC namespace: the caller, or all of its process

struct Profile {
  std::string_view name;
  std::string_view summary;
  ErrorOrder error_order;
  BadPointers bad_pointers;
  Delivery delivery;
  Identifiers identifiers;
  StaleIdentifier stale_identifier;
  SignalOrRoom signal_or_room;
  Restart sa_restart;
  Stop stop;
  Room room;
  QbytesRule qbytes;
  OpenTest open_test;
  GroupSet group_set;
  SetWakes set_wakes;
  ReceiverPid receiver_pid;
  Privileges privileges;
  GiveAway give_away;
  NamespaceScope namespace_scope;
  bool linux_extensions;  // MSG_EXCEPT, MSG_COPY, the information commands; else such a call may do anything harmless
};

const Profile* find_profile(std::string_view name);  // nullptr: there is none of that name
std::vector<std::string_view> profile_names();

// A variation point by name, and the names of the values that it can have.
struct VariationPoint {
  std::string_view name;
  std::vector<std::string_view> values;
  std::size_t (*value)(const Profile&);  // index into `values`
  void (*set)(Profile&, std::size_t);
};
const std::vector<VariationPoint>& variation_points();

// The profile with one point changed: "stop=either". Nothing if there is no such point or value.
std::optional<Profile> varied(const Profile& profile, std::string_view variation);

}  // namespace svmq::model
