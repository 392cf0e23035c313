// msgctl() with IPC_SET: POSIX.1-2017 XSH msgctl; Linux ipc/msg.c ksys_msgctl, msgctl_down.
#include "identifier.hpp"
#include "msgctl.hpp"
#include "permission.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

// -------------------- the byte limit

bool exceeds(std::uint64_t qbytes, std::int64_t msgmnb) {
  return qbytes > static_cast<std::uint64_t>(msgmnb);
}

// msgctl.set.qbytes.trunc: only the low 32 bits count, as a signed number. Linux msgctl_down.
std::uint64_t as_int(std::uint64_t qbytes) {
  return static_cast<std::uint64_t>(
      static_cast<std::int64_t>(static_cast<std::int32_t>(static_cast<std::uint32_t>(qbytes))));
}
std::uint64_t asked(const View& v, const SetRequest& r) {
  return v.ask(v.profile.qbytes_width) == QbytesWidth::int_ ? as_int(r.qbytes) : r.qbytes;
}

// What the queue's limit becomes. The privileged too may be held to msgmnb.
std::uint64_t stored(const View& v, const SetRequest& r) {
  const auto msgmnb = static_cast<std::uint64_t>(v.space().limits.msgmnb);
  return v.profile.qbytes_ceiling == QbytesCeiling::msgmnb ? std::min(asked(v, r), msgmnb) : asked(v, r);
}

bool may_raise(const View& v) {
  return v.profile.privileges == Privileges::superuser ? v.credentials().uid == 0
                                                       : v.credentials().sys_resource;
}

// msgctl.set.qbytes.cap: above msgmnb needs CAP_SYS_RESOURCE. POSIX [EPERM]; Linux msgctl_down.
// msgctl.set.qbytes.raise: up to there it takes none. Linux msgctl_down. For the standard any raise may.
// msgctl.set.qbytes.same: the present value does not matter. Linux msgctl_down.
Tri too_big(const View& v, const SetRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  if (q < 0) return Tri::no;
  const bool above = exceeds(asked(v, r), v.space().limits.msgmnb),
             raised = asked(v, r) > v.state.queue(q).qbytes;
  switch (v.profile.qbytes) {
    case QbytesRule::capped_by_msgmnb: return when(above && !may_raise(v));
    case QbytesRule::raise_may_be_refused: return raised || above ? Tri::maybe : Tri::no;
    case QbytesRule::raise_refused: return when(raised && !may_raise(v));
    case QbytesRule::unchecked: break;
  }
  return Tri::no;
}

// msgctl.set.qbytes.zero: 0 is a limit like others. Elsewhere it marks a free slot. Linux msgctl_down; BSD
// kern_msgctl.
Tri zero(const View& v, const SetRequest& r) {
  if (asked(v, r) != 0) return Tri::no;
  if (v.profile.qbytes_zero == QbytesZero::refused) return Tri::yes;
  return v.profile.qbytes_zero == QbytesZero::either ? Tri::maybe : Tri::no;
}

// -------------------- other checks

Tri negative(const View& v, const SetRequest& r) { return when(r.id < 0 && v.queue_of(r.id) < 0); }
Tri unreadable(const View&, const SetRequest& r) { return when(!whole(r.memory)); }
Tri unknown(const View& v, const SetRequest& r) { return when(v.queue_of(r.id) < 0); }
Tri replaced(const View& v, const SetRequest& r) { return when(was_reused(v, r.id)); }

// msgctl.set.E.EPERM.owner: neither owner nor creator. POSIX [EPERM]; Linux ipcctl_obtain_check.
Tri stranger(const View& v, const SetRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  return q < 0 ? Tri::no : denied(owns(v, v.state.queue(q)));
}
Tri stranger_eacces(const View& v, const SetRequest& r) {
  return v.ask(v.profile.stranger) == Stranger::eacces ? stranger(v, r) : Tri::no;
}
Tri stranger_eperm(const View& v, const SetRequest& r) {
  return v.ask(v.profile.stranger) == Stranger::eacces ? Tri::no : stranger(v, r);
}

// perm.giveaway: an owner who is not the creator decides on access like any other, or is refused. POSIX
// [EPERM], which XSH 2.3 lets a system give in more cases than named.
Tri access_is_the_creators(const View& v, const SetRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  if (q < 0 || v.profile.give_away != GiveAway::by_creator) return Tri::no;
  const Queue& queue = v.state.queue(q);
  const bool changes = r.uid != queue.uid || r.gid != queue.gid || (r.mode & 0777) != queue.mode;
  const bool privileged = v.credentials().sys_admin && v.profile.privileges != Privileges::may_not_suffice;
  return changes && v.credentials().uid != queue.cuid && !privileged ? Tri::maybe : Tri::no;
}

// msgctl.set.E.EINVAL.uid: ids that are none. Linux ipc_update_perm.
Tri bad_id(const View& v, const SetRequest& r) {
  const auto mapped = [](const IdRange& ids, std::uint32_t id) { return ids.first <= id && id <= ids.last; };
  if (mapped(v.state.users, r.uid) && mapped(v.state.groups, r.gid)) return Tri::no;
  if (v.profile.bad_ids == BadIds::stored) return Tri::no;
  return v.profile.bad_ids == BadIds::either ? Tri::maybe : Tri::yes;
}

// -------------------- the order

using C = Check<SetRequest>;
constexpr C id_sign{"msgctl.E.EINVAL.neg", Errno::einval, negative};
constexpr C buffer{"msgctl.set.order", Errno::efault, unreadable};
constexpr C buffer_einval{"msgctl.set.order", Errno::einval, unreadable};
constexpr C gone{"msgctl.E.EIDRM.race", Errno::eidrm, replaced};
constexpr C no_queue{"msgctl.E.EINVAL.id", Errno::einval, unknown};
constexpr C owner{"msgctl.set.E.EPERM.owner", Errno::eperm, stranger_eperm};
constexpr C owner_eacces{"msgctl.set.E.EPERM.owner", Errno::eacces, stranger_eacces};
constexpr C limit{"msgctl.set.qbytes.cap", Errno::eperm, too_big};
constexpr C no_limit{"msgctl.set.qbytes.zero", Errno::einval, zero};
constexpr C access{"perm.giveaway", Errno::eperm, access_is_the_creators};
constexpr C ids{"msgctl.set.E.EINVAL.uid", Errno::einval, bad_id};

// msgctl.set.order: the buffer is read before the queue is looked up. Linux ksys_msgctl,
// copy_msqid_from_user.
constexpr C sign_then_buffer[] = {id_sign,      buffer, gone,     no_queue, owner,
                                  owner_eacces, limit,  no_limit, ids,      access};
constexpr C buffer_first[] = {buffer,       id_sign, gone,     no_queue, owner,
                              owner_eacces, limit,   no_limit, ids,      access};
constexpr C queue_owner_buffer[] = {id_sign, gone,  no_queue, owner, owner_eacces,
                                    buffer,  limit, no_limit, ids,   access};
constexpr C queue_buffer_ids[] = {id_sign, gone,         no_queue, buffer_einval, ids,
                                  owner,   owner_eacces, limit,    no_limit,      access};

std::span<const C> checks(const View& view) {
  switch (view.ask(view.profile.set_order)) {
    case SetOrder::sign_then_buffer: return sign_then_buffer;
    case SetOrder::buffer_first: return buffer_first;
    case SetOrder::queue_owner_buffer: return queue_owner_buffer;
    case SetOrder::queue_buffer_ids: return queue_buffer_ids;
    case SetOrder::any: break;
  }
  return sign_then_buffer;
}

// -------------------- the effect

Clauses why_set(const View& view, const Queue& before, const SetRequest& request, std::uint64_t qbytes) {
  // msgctl.set.ret: 0. POSIX msgctl(); Linux ksys_msgctl.
  // perm.none.for: no mode bit has been looked at. POSIX msgctl(); Linux ipcctl_obtain_check.
  Clauses why{"msgctl.set.fields", "msgctl.set.ctime", "msgctl.set.ret", "perm.none.for"};
  if (request.mode & ~0777u) why.add("msgctl.set.mode.highbits");
  if (qbytes == 0) why.add("msgctl.set.qbytes.zero");
  // msgctl.set.qbytes.below: less than is queued: allowed, and nothing is dropped. Linux msgctl_down.
  if (qbytes < before.cbytes || qbytes < before.messages.size()) why.add("msgctl.set.qbytes.below");
  if (qbytes > before.qbytes) why.add("msgctl.set.qbytes.raise");
  if (exceeds(qbytes, view.space().limits.msgmnb)) why.add("msgctl.set.qbytes.cap");
  if (qbytes != request.qbytes) why.add("msgctl.set.qbytes.trunc");
  if (request.uid != before.uid || request.gid != before.gid) why.add("perm.giveaway");
  if (!before.receivers.empty() || !before.senders.empty()) why.add("msgctl.set.wakes");
  if (!before.receivers.empty()) why.add("wait.set.recv");
  if (!before.senders.empty()) why.add("wait.set.snd");
  why.add(why_owner(view, before));
  return why;
}

// msgctl.set.wakes: whoever waits looks again, even if nothing changed. Linux msgctl_down; POSIX is silent.
// wait.set.snd: senders whose message fits now. Linux ss_wakeup.
void wake(const View& view, State& state, QueueIndex index) {
  const SetWakes wakes = view.profile.set_wakes;
  if (wakes == SetWakes::nobody || wakes == SetWakes::senders_poll) return;
  if (wakes == SetWakes::may_retest && view.pick(3, 2) == 1) return;
  wake_receivers(state, index);
  wake_senders(view, state, index);
}

// msgctl.set.fields: owner, group, mode and limit, and nothing else. POSIX msgctl(); Linux msgctl_down,
// ipc_update_perm.
Outcome applied(const View& view, const SetRequest& request) {
  State next = view.state;
  const QueueIndex index = view.queue_of(request.id);
  const std::uint64_t qbytes = stored(view, request);
  Clauses why = why_set(view, view.state.queue(index), request, qbytes);
  Queue& queue = next.change(index);
  queue.uid = request.uid;
  queue.gid = request.gid;
  // msgctl.set.mode.highbits: nine bits of the mode. POSIX msgctl(); Linux ipc_update_perm.
  queue.mode = request.mode & 0777;
  queue.qbytes = qbytes;
  // msgctl.set.ctime: the time of the change. POSIX msgctl(); Linux msgctl_down.
  queue.ctime = now(next, view.actor);
  wake(view, next, index);
  return answered(std::move(next), view.actor, Result::of(0), std::move(why));
}

// What a failure shows besides its own clause.
Clauses also(const View& view, const SetRequest& request, Errno error) {
  // msgctl.set.atomic: applied whole or not at all. POSIX msgctl(); Linux msgctl_down.
  Clauses why{"msgctl.set.atomic"};
  const QueueIndex index = view.queue_of(request.id);
  if (error == Errno::efault) return why;
  if (index < 0) {
    why.add(why_unknown(view, request.id));
    return why;
  }
  const Queue& queue = view.state.queue(index);
  if (owns(view, queue) != Tri::yes)
    why.add("perm.owner");
  else if (error == Errno::eperm && request.qbytes == queue.qbytes)
    why.add("msgctl.set.qbytes.same");
  return why;
}

// The profile leaves open what becomes of such a call.
bool leaves_the_profile(const View& view, const SetRequest& request) {
  if (view.profile.bad_pointers == BadPointers::undefined && !whole(request.memory)) return true;
  // The standard has no word for a limit that the system's own numbers cannot hold.
  return view.profile.qbytes_width == QbytesWidth::undefined && request.qbytes > INT32_MAX;
}

}  // namespace

Outcomes step(const View& view, const SetRequest& request) {
  if (leaves_the_profile(view, request))
    return {undefined(
        view, {whole(request.memory) ? Clause("msgctl.set.qbytes.trunc") : Clause("msgctl.set.order")})};
  Outcomes outcomes;
  const bool success = may_succeed<SetRequest>(view, request, checks(view), outcomes);
  for (Outcome& outcome : outcomes)
    credit(outcome, view.actor, also(view, request, outcome.next.actor(view.actor).result->error));
  if (!success) return outcomes;
  // Where a limit of 0 is passed over, so is the rest of the structure.
  if (asked(view, request) == 0 && view.profile.qbytes_zero == QbytesZero::ignored)
    outcomes.push_back(answered(view.state, view.actor, Result::of(0), {"msgctl.set.qbytes.zero"}));
  else
    outcomes.push_back(applied(view, request));
  return outcomes;
}

}  // namespace svmq::model
