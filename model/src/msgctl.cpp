// msgctl() with the commands of the standard: POSIX.1-2017 XSH msgctl; Linux ipc/msg.c ksys_msgctl, msgctl_down, msgctl_stat.
#include "msgctl.hpp"

#include "permission.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

// ----------------------------------------------------------------------------------------------------- IPC_STAT

// msgctl.E.EINVAL.neg — a negative identifier. POSIX [EINVAL]; Linux ksys_msgctl.
Tri negative(const View&, const ControlRequest& r) { return when(r.id < 0); }

// msgctl.stat.order: first whether there is such a queue, … POSIX [EINVAL]; Linux msgctl_stat.
Tri unknown(const View& v, const ControlRequest& r) { return when(v.queue_of(r.id) < 0); }

Tri just_removed(const View& v, const ControlRequest& r) {
  return when(v.queue_of(r.id) < 0 && r.id >= 0 && v.self().found >= 0) == Tri::yes ? Tri::maybe : Tri::no;
}

// msgctl.stat.E.EACCES — … then read permission, … POSIX [EACCES]; Linux msgctl_stat.
Tri unreadable(const View& v, const ControlRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  if (q < 0) return Tri::no;
  return denied(grants(v, v.state.queue(q), Access::read));
}

// … then the buffer. Linux copy_msqid_to_user.
Tri bad_buffer(const View&, const ControlRequest& r) { return when(!whole(r.memory) || !r.memory.writable); }

constexpr Check<ControlRequest> stat_checks[] = {
    {"msgctl.E.EINVAL.neg", Errno::einval, negative},
    {"msgsnd.E.EIDRM.race", Errno::eidrm, just_removed},
    {"id.stale.free", Errno::einval, unknown},
    {"msgctl.stat.E.EACCES", Errno::eacces, unreadable},
    {"msgctl.stat.order", Errno::efault, bad_buffer},
};

// msgctl.stat.fields — everything at one instant; msgctl.stat.pure — nothing changes; msgctl.stat.ret.
Outcomes stat(const View& view, const ControlRequest& request) {
  Outcomes outcomes;
  if (!may_succeed<ControlRequest>(view, request, stat_checks, outcomes)) return outcomes;
  const QueueIndex index = view.queue_of(request.id);
  Result result = Result::of(0);
  result.kind = Result::stat;
  result.rows.push_back(record(view.state.queue(index), index));
  Clauses why = why_granted(view, view.state.queue(index), Access::read);
  why.insert(why.end(), {"msgctl.stat.fields", "msgctl.stat.mode", "msgctl.stat.ret", "msgctl.stat.pure"});
  outcomes.push_back(answered(view.state, view.actor, std::move(result), std::move(why)));
  return outcomes;
}

// ----------------------------------------------------------------------------------------------------- IPC_RMID

Tri not_owner(const View& v, const ControlRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  return q < 0 ? Tri::no : denied(owns(v, v.state.queue(q)));
}

// msgctl.rmid.order — the queue, then its owner; never the buffer, never the mode (msgctl.rmid.nomode, perm.none.for).
constexpr Check<ControlRequest> remove_checks[] = {
    {"msgctl.E.EINVAL.neg", Errno::einval, negative},
    {"id.stale.free", Errno::einval, unknown},
    {"perm.owner", Errno::eperm, not_owner},
};

// msgctl.rmid.effect — queue, key and messages are gone at once; all that wait are released. Linux freeque.
Outcomes remove(const View& view, const ControlRequest& request) {
  Outcomes outcomes;
  if (!may_succeed<ControlRequest>(view, request, remove_checks, outcomes)) return outcomes;
  State next = view.state;
  const QueueIndex index = view.queue_of(request.id);
  Clauses why{"msgctl.rmid.effect", "msgctl.rmid.order", "msgctl.rmid.nomode"};
  for (const Clause& clause : why_owner(view, view.state.queue(index))) why.push_back(clause);
  if (!next.queue(index).receivers.empty() || !next.queue(index).senders.empty()) why.push_back("wait.rmid");
  release_all(view.profile, next, index);
  Queue& queue = next.change(index);
  queue.removed = true;
  queue.messages.clear();
  queue.cbytes = 0;
  outcomes.push_back(answered(std::move(next), view.actor, Result::of(0), std::move(why)));
  return outcomes;
}

// ------------------------------------------------------------------------------------------------------ IPC_SET

Tri set_negative(const View&, const SetRequest& r) { return when(r.id < 0); }

// msgctl.set.order — the buffer is read before the queue is looked up, … Linux ksys_msgctl copy_msqid_from_user.
Tri set_unreadable(const View&, const SetRequest& r) { return when(!whole(r.memory)); }

Tri set_unknown(const View& v, const SetRequest& r) { return when(v.queue_of(r.id) < 0); }

// msgctl.set.E.EPERM.owner — … then the owner, … POSIX [EPERM]; Linux ipcctl_obtain_check.
Tri set_not_owner(const View& v, const SetRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  return q < 0 ? Tri::no : denied(owns(v, v.state.queue(q)));
}

// msgctl.set.qbytes.trunc — only the low 32 bits count, as a signed number. Linux msgctl_down.
std::uint64_t stored_qbytes(const View& view, const SetRequest& request) {
  if (view.profile.qbytes != QbytesRule::capped_by_msgmnb) return request.qbytes;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(static_cast<std::uint32_t>(request.qbytes))));
}

// msgctl.set.qbytes.cap — … then the byte limit: above msgmnb needs CAP_SYS_RESOURCE. Linux msgctl_down.
// msgctl.set.qbytes.raise, .same: the present value does not matter. The standard lets any raise need privilege. POSIX [EPERM]
Tri set_too_big(const View& v, const SetRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  if (q < 0) return Tri::no;
  const bool above = static_cast<std::uint32_t>(stored_qbytes(v, r)) > static_cast<std::uint64_t>(v.space().limits.msgmnb) ||
                     (v.profile.qbytes != QbytesRule::capped_by_msgmnb && r.qbytes > static_cast<std::uint64_t>(v.space().limits.msgmnb));
  if (v.profile.qbytes == QbytesRule::capped_by_msgmnb) return when(above && !v.credentials().sys_resource);
  return r.qbytes > v.state.queue(q).qbytes || above ? Tri::maybe : Tri::no;
}

// msgctl.set.E.EINVAL.uid — … then ids that are none. Linux ipc_update_perm.
Tri set_bad_id(const View& v, const SetRequest& r) {
  const auto mapped = [](const IdRange& ids, std::uint32_t id) { return ids.first <= id && id <= ids.last; };
  if (mapped(v.state.users, r.uid) && mapped(v.state.groups, r.gid)) return Tri::no;
  return v.profile.error_order == ErrorOrder::fixed ? Tri::yes : Tri::maybe;
}

constexpr Check<SetRequest> set_checks[] = {
    {"msgctl.E.EINVAL.neg", Errno::einval, set_negative},    {"msgctl.set.order", Errno::efault, set_unreadable},
    {"id.stale.free", Errno::einval, set_unknown},           {"msgctl.set.E.EPERM.owner", Errno::eperm, set_not_owner},
    {"msgctl.set.qbytes.cap", Errno::eperm, set_too_big},    {"msgctl.set.E.EINVAL.uid", Errno::einval, set_bad_id},
};

Clauses why_set(const Queue& before, const SetRequest& request, std::uint64_t qbytes) {
  Clauses why{"msgctl.set.fields", "msgctl.set.ctime", "msgctl.set.wakes", "msgctl.set.ret", "perm.none.for"};
  if (request.mode & ~0777u) why.push_back("msgctl.set.mode.highbits");
  if (qbytes == 0) why.push_back("msgctl.set.qbytes.zero");
  if (qbytes < before.cbytes || qbytes < before.messages.size()) why.push_back("msgctl.set.qbytes.below");
  if (qbytes > before.qbytes) why.push_back("msgctl.set.qbytes.raise");
  if (qbytes != request.qbytes) why.push_back("msgctl.set.qbytes.trunc");
  if (request.uid != before.uid || request.gid != before.gid) why.push_back("perm.giveaway");
  if (!before.receivers.empty()) why.push_back("wait.set.recv");
  if (!before.senders.empty()) why.push_back("wait.set.snd");
  return why;
}

// msgctl.set.* — applied whole or not at all (msgctl.set.atomic). Linux msgctl_down.
Outcome applied(const View& view, const SetRequest& request) {
  State next = view.state;
  const QueueIndex index = view.queue_of(request.id);
  const std::uint64_t qbytes = stored_qbytes(view, request);
  Clauses why = why_set(view.state.queue(index), request, qbytes);
  for (const Clause& clause : why_owner(view, view.state.queue(index))) why.push_back(clause);
  Queue& queue = next.change(index);
  queue.uid = request.uid;
  queue.gid = request.gid;
  queue.mode = request.mode & 0777;
  queue.qbytes = qbytes;
  queue.ctime = now(next, view.actor);
  wake_receivers(next, index);
  wake_senders(view.profile, next, index);
  return answered(std::move(next), view.actor, Result::of(0), std::move(why));
}

}  // namespace

bool whole(const Memory& memory) { return memory.valid && memory.text == UINT64_MAX; }

StatRecord record(const Queue& queue, QueueIndex index) {
  return {index, queue.key, queue.uid, queue.gid, queue.cuid, queue.cgid, queue.mode, queue.messages.size(), queue.cbytes,
          queue.qbytes, queue.lspid, queue.lrpid, queue.stime, queue.rtime, queue.ctime};
}

Outcomes step(const View& view, const SetRequest& request) {
  Outcomes outcomes;
  const bool pointer = view.profile.bad_pointers == BadPointers::undefined && !whole(request.memory);
  // The standard has no word for a limit that the system's own numbers cannot hold.
  const bool number = view.profile.qbytes != QbytesRule::capped_by_msgmnb && request.qbytes > INT32_MAX;
  if (pointer || number) {
    outcomes.push_back(undefined(view, {pointer ? "msgctl.set.order" : "msgctl.set.qbytes.trunc"}));
    return outcomes;
  }
  if (may_succeed<SetRequest>(view, request, set_checks, outcomes)) outcomes.push_back(applied(view, request));
  return outcomes;
}

Outcomes step(const View& view, const ControlRequest& request) {
  Outcomes outcomes;
  const bool reads = request.command != IPC_RMID_;
  if (view.profile.bad_pointers == BadPointers::undefined && reads && (!whole(request.memory) || !request.memory.writable)) {
    outcomes.push_back(undefined(view, {"msgctl.stat.order"}));
    return outcomes;
  }
  switch (request.command) {
    case IPC_STAT_: return stat(view, request);
    case IPC_RMID_: return remove(view, request);
    case IPC_INFO_:
    case MSG_INFO_: return info(view, request);
    case MSG_STAT_:
    case MSG_STAT_ANY_: return stat_by_index(view, request);
    default: break;
  }
  // msgctl.E.EINVAL.cmd — no such command, whatever the rest. POSIX [EINVAL]; Linux ksys_msgctl.
  outcomes.push_back(failed(view, Errno::einval, {"msgctl.E.EINVAL.cmd"}));
  return outcomes;
}

}  // namespace svmq::model
