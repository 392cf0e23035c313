#include "permission.hpp"

namespace svmq::model {
namespace {

enum class Class { user, group, other };

// perm.class.user — the effective user id is the owner's or the creator's: only the first triad counts.
// POSIX XSH 2.7.1; Linux ipcperms. perm.ruid: the real one never matters.
bool in_user_class(const Credentials& who, const Queue& queue) { return who.uid == queue.uid || who.uid == queue.cuid; }

// perm.class.group — else a group of the caller is the queue's or its creator's: only the second triad counts.
// POSIX XSH 2.7.1 (effective group id); Linux ipcperms.
bool in_group_class(std::uint32_t gid, const Queue& queue) { return gid == queue.gid || gid == queue.cgid; }

// perm.group.set — the filesystem group id and the supplementary groups count.
// Linux in_group_p; the standard names only the effective group id.
bool in_group_class_of_set(const Credentials& who, const Queue& queue) {
  return in_group_class(who.fsgid, queue) ||
         std::ranges::any_of(who.groups, [&](std::uint32_t gid) { return in_group_class(gid, queue); });
}

std::uint32_t triad(Class of, std::uint32_t mode) {
  return of == Class::user ? (mode >> 6) & 7 : of == Class::group ? (mode >> 3) & 7 : mode & 7;
}

// The class that decides, by the whole set of groups or by the effective group alone.
Class class_of(const Credentials& who, const Queue& queue, bool whole_set) {
  if (in_user_class(who, queue)) return Class::user;
  if (whole_set ? in_group_class_of_set(who, queue) : in_group_class(who.gid, queue)) return Class::group;
  return Class::other;  // perm.class.other
}

// perm.override.rw — CAP_IPC_OWNER grants any access. POSIX "appropriate privileges"; Linux ipcperms.
bool overrides(const Credentials& who) { return who.ipc_owner; }

// perm.giveaway — where it may not count at once, access to a queue that was given away may be refused.
Tri unless_given_away(const View& view, const Queue& queue, Tri granted) {
  const bool given_away = queue.uid != queue.cuid || queue.gid != queue.cgid;
  return granted == Tri::yes && given_away && view.profile.give_away == GiveAway::bound_to_creator ? Tri::maybe : granted;
}

Tri granted_to_class(const View& view, const Queue& queue, std::uint32_t bits) {
  const Credentials& who = view.credentials();
  const auto granted = [&](bool whole_set) { return (bits & ~triad(class_of(who, queue, whole_set), queue.mode)) == 0; };
  if (view.profile.group_set == GroupSet::fs_and_supplementary) return when(granted(true));
  return granted(true) == granted(false) ? when(granted(true)) : Tri::maybe;
}

Tri privileged(const View& view) { return view.profile.privileges == Privileges::capabilities ? Tri::yes : Tri::maybe; }

Tri allows(const View& view, const Queue& queue, std::uint32_t bits) {
  const Tri granted = granted_to_class(view, queue, bits);
  if (granted != Tri::yes && overrides(view.credentials())) return privileged(view);
  return unless_given_away(view, queue, granted);
}

}  // namespace

Tri grants(const View& view, const Queue& queue, Access access) { return allows(view, queue, static_cast<std::uint32_t>(access)); }

// msgget.E.EACCES — the bits asked for are the union of the three triads, tested against the caller's class.
// Linux ipcget/ipcperms. The standard: "permission as specified by the low-order nine bits would not be granted",
// which leaves open how the triads are read: refused is allowed where any reading refuses.
Tri grants_open(const View& view, const Queue& queue, std::uint32_t flags) {
  const std::uint32_t asked = ((flags >> 6) | (flags >> 3) | flags) & 7;
  const Tri strict = allows(view, queue, asked);
  if (view.profile.open_test == OpenTest::union_of_triads || asked == 0) return strict;
  const Tri without_execute = allows(view, queue, asked & 6);
  return strict == Tri::yes ? Tri::yes : without_execute == Tri::no && (flags & 0777) == (asked << 6 | asked << 3 | asked) ? Tri::no : Tri::maybe;
}

// perm.owner — effective user id of owner or creator. POSIX msgctl() [EPERM]; Linux ipcctl_obtain_check.
// perm.creator.keeps: the creator stays one of them. perm.owner.privilege: or CAP_SYS_ADMIN.
Tri owns(const View& view, const Queue& queue) {
  if (in_user_class(view.credentials(), queue)) return unless_given_away(view, queue, Tri::yes);
  return view.credentials().sys_admin ? privileged(view) : Tri::no;
}

Clauses why_owner(const View& view, const Queue& queue) {
  if (!in_user_class(view.credentials(), queue)) return {"perm.owner.privilege"};
  if (view.credentials().uid != queue.uid) return {"perm.owner", "perm.creator.keeps"};
  return {"perm.owner"};
}

Clauses why_granted(const View& view, const Queue& queue, Access access) {
  const Credentials& who = view.credentials();
  const Class deciding = class_of(who, queue, true);
  Clauses why{deciding == Class::user ? "perm.class.user" : deciding == Class::group ? "perm.class.group" : "perm.class.other"};
  if (deciding == Class::group && !in_group_class(who.gid, queue)) why.push_back("perm.group.set");
  if (deciding == Class::user && who.uid != queue.uid) why.push_back("perm.creator.keeps");
  if (granted_to_class(view, queue, static_cast<std::uint32_t>(access)) != Tri::yes) why.push_back("perm.override.rw");
  why.push_back(access == Access::read ? "perm.read.for" : "perm.write.for");
  return why;
}

}  // namespace svmq::model
