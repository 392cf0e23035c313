#include "permission.hpp"

namespace svmq::model {
namespace {

enum class Class { user, group, other };

// perm.class.user: the effective user id is the owner's or the creator's: only the first triad counts.
// POSIX XSH 2.7.1; Linux ipcperms.
bool is_owner(const Credentials& who, const Queue& queue) {
  return who.uid == queue.uid || who.uid == queue.cuid;
}

bool in_user_class(const View& view, const Queue& queue) {
  const bool owner_alone = view.ask(view.profile.give_away) == GiveAway::creator_loses_access;
  return owner_alone ? view.credentials().uid == queue.uid : is_owner(view.credentials(), queue);
}

// perm.class.group: else a group of the caller is the queue's or its creator's: only the second triad
// counts. POSIX XSH 2.7.1 (effective group id); Linux ipcperms.
bool in_group_class(std::uint32_t gid, const Queue& queue) { return gid == queue.gid || gid == queue.cgid; }

// perm.group.set: which groups are the caller's. Linux in_group_p: the filesystem group id and the
// supplementary groups; the standard names only the effective group id.
bool is_member(const View& view, const Queue& queue, GroupSet groups) {
  const Credentials& who = view.credentials();
  const std::uint32_t own =
      groups == GroupSet::fs_and_supplementary || groups == GroupSet::either ? who.fsgid : who.gid;
  const auto counts = [&](std::uint32_t gid) {
    return groups == GroupSet::owner_group_only ? gid == queue.gid : in_group_class(gid, queue);
  };
  return counts(own) || std::ranges::any_of(who.groups, counts);
}

std::uint32_t triad(Class of, std::uint32_t mode) {
  return of == Class::user ? (mode >> 6) & 7 : of == Class::group ? (mode >> 3) & 7 : mode & 7;
}

Class class_of(const View& view, const Queue& queue, GroupSet groups) {
  if (in_user_class(view, queue)) return Class::user;
  // perm.class.other: everybody else: only the third triad counts. POSIX XSH 2.7.1; Linux ipcperms.
  return is_member(view, queue, groups) ? Class::group : Class::other;
}

bool within(std::uint32_t bits, std::uint32_t granted) { return (bits & ~granted) == 0; }

// As two files, one of the owner and one of the creator: either may grant it. OpenBSD ipcperm.
bool granted_by_either_pair(const View& view, const Queue& queue, std::uint32_t bits) {
  const auto by = [&](std::uint32_t uid, std::uint32_t gid) {
    const Credentials& who = view.credentials();
    const bool member = who.gid == gid || std::ranges::find(who.groups, gid) != who.groups.end();
    return within(bits, triad(who.uid == uid ? Class::user
                              : member       ? Class::group
                                             : Class::other,
                              queue.mode));
  };
  return by(queue.uid, queue.gid) || by(queue.cuid, queue.cgid);
}

// The standard's reading: of the groups only the effective one.
bool granted_by_effective_group(const View& view, const Queue& queue, std::uint32_t bits) {
  if (in_user_class(view, queue)) return within(bits, triad(Class::user, queue.mode));
  return within(
      bits, triad(in_group_class(view.credentials().gid, queue) ? Class::group : Class::other, queue.mode));
}

Tri granted_to_class(const View& view, const Queue& queue, std::uint32_t bits) {
  const GroupSet groups = view.ask(view.profile.group_set);
  if (groups == GroupSet::separate_checks) return when(granted_by_either_pair(view, queue, bits));
  const Class deciding = class_of(view, queue, groups);
  const bool granted = within(bits, triad(deciding, queue.mode));
  if (groups == GroupSet::either && granted != granted_by_effective_group(view, queue, bits))
    return Tri::maybe;
  if (groups == GroupSet::member_or_other && deciding == Class::group && !granted)
    return within(bits, triad(Class::group, queue.mode) | triad(Class::other, queue.mode)) ? Tri::maybe
                                                                                           : Tri::no;
  return when(granted);
}

// perm.override.rw: CAP_IPC_OWNER grants any access. POSIX "appropriate privileges"; Linux ipcperms.
bool overrides(const View& view) {
  return view.profile.privileges == Privileges::superuser ? view.credentials().uid == 0
                                                          : view.credentials().ipc_owner;
}

Tri privileged(const View& view) {
  return view.profile.privileges == Privileges::may_not_suffice ? Tri::maybe : Tri::yes;
}

Tri allows(const View& view, const Queue& queue, std::uint32_t bits) {
  const Tri granted = granted_to_class(view, queue, bits);
  return granted != Tri::yes && overrides(view) ? privileged(view) : granted;
}

std::uint32_t union_of_triads(std::uint32_t flags) { return ((flags >> 6) | (flags >> 3) | flags) & 7; }

// The standard: "permission as specified by the low-order nine bits would not be granted", which leaves open
// how the triads are read: refused is allowed where any reading refuses.
Tri at_most_triads(const View& view, const Queue& queue, std::uint32_t flags) {
  const std::uint32_t asked = union_of_triads(flags);
  if (asked == 0 || allows(view, queue, asked) == Tri::yes) return allows(view, queue, asked);
  const bool in_every_triad = (flags & 0777) == (asked << 6 | asked << 3 | asked);
  return in_every_triad && allows(view, queue, asked & 6) == Tri::no ? Tri::no : Tri::maybe;
}

}  // namespace

Tri grants(const View& view, const Queue& queue, Access access) {
  return allows(view, queue, static_cast<std::uint32_t>(access));
}

// msgget.perm.cross: the bits asked for are the union of the three triads, tested against the caller's
// class. Linux ipcperms.
Tri grants_open(const View& view, const Queue& queue, std::uint32_t flags) {
  switch (view.ask(view.profile.open_test)) {
    case OpenTest::union_of_triads: return allows(view, queue, union_of_triads(flags));
    case OpenTest::at_most_triads: return at_most_triads(view, queue, flags);
    case OpenTest::user_triad: return allows(view, queue, (flags >> 6) & 7);
    case OpenTest::user_triad_without_execute: return allows(view, queue, (flags >> 6) & 6);
    case OpenTest::user_triad_execute_refused:
      return flags & 0100 ? Tri::no : allows(view, queue, (flags >> 6) & 6);
    case OpenTest::whole_mode: return when(within(flags & 0777, queue.mode));
    case OpenTest::other_triad: return allows(view, queue, flags & 7);
    case OpenTest::any: break;
  }
  return Tri::maybe;
}

// perm.owner: effective user id of owner or creator. POSIX msgctl() [EPERM]; Linux ipcctl_obtain_check.
// perm.owner.privilege: or CAP_SYS_ADMIN. POSIX "appropriate privileges"; Linux ipcctl_obtain_check.
Tri owns(const View& view, const Queue& queue) {
  if (is_owner(view.credentials(), queue)) return Tri::yes;
  const bool superuser = view.profile.privileges == Privileges::superuser;
  return (superuser ? view.credentials().uid == 0 : view.credentials().sys_admin) ? privileged(view)
                                                                                  : Tri::no;
}

Clauses why_owner(const View& view, const Queue& queue) {
  if (!is_owner(view.credentials(), queue)) return {"perm.owner.privilege"};
  // perm.creator.keeps: whoever it is given to, the creator stays one of them. POSIX msgctl(); Linux
  // ipcperms.
  if (view.credentials().uid != queue.uid) return {"perm.owner", "perm.creator.keeps"};
  return {"perm.owner"};
}

Clauses why_class(const View& view, const Queue& queue) {
  const Credentials& who = view.credentials();
  const Class deciding = class_of(view, queue, GroupSet::fs_and_supplementary);
  Clauses why{deciding == Class::user    ? Clause("perm.class.user")
              : deciding == Class::group ? Clause("perm.class.group")
                                         : Clause("perm.class.other")};
  if (deciding == Class::group && !in_group_class(who.gid, queue)) why.add("perm.group.set");
  if (deciding == Class::other && in_group_class(who.gid, queue)) why.add("perm.group.set");
  if (deciding == Class::user && who.uid != queue.uid) why.add("perm.creator.keeps");
  // perm.ruid: the real user id never matters. POSIX XSH 2.7.1; Linux ipcperms.
  if (who.ruid && who.ruid != who.uid) why.add("perm.ruid");
  return why;
}

Clauses why_granted(const View& view, const Queue& queue, Access access) {
  Clauses why = why_class(view, queue);
  if (granted_to_class(view, queue, static_cast<std::uint32_t>(access)) != Tri::yes)
    why.add("perm.override.rw");
  // perm.read.for: to receive, to copy, to look. POSIX XSH 2.7.1; Linux do_msgrcv, msgctl_stat.
  // perm.write.for: to send. POSIX XSH 2.7.1; Linux do_msgsnd.
  why.add(access == Access::read ? Clause("perm.read.for") : Clause("perm.write.for"));
  // perm.exec: execute bits are kept, and grant nothing. Linux newque, msgctl_down.
  if (queue.mode & 0111) why.add("perm.exec");
  return why;
}

}  // namespace svmq::model
