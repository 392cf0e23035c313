// msgctl() with IPC_STAT and IPC_RMID: POSIX.1-2017 XSH msgctl; Linux ipc/msg.c ksys_msgctl, msgctl_stat,
// freeque. IPC_SET: msgctl_set.cpp. Linux's own commands: msgctl_info.cpp.
#include "msgctl.hpp"

#include "identifier.hpp"
#include "permission.hpp"
#include "wait.hpp"

namespace svmq::model {
namespace {

constexpr int low_byte = 0xff;
constexpr int ipc_64 = 0x100;  // the bit of the old interfaces

// msgctl.E.EINVAL.neg: a negative identifier. POSIX [EINVAL]; Linux ksys_msgctl.
Tri negative(const View& v, const ControlRequest& r) { return when(r.id < 0 && v.queue_of(r.id) < 0); }

// msgctl.E.EINVAL.id: no such queue. POSIX [EINVAL]; Linux msgctl_stat, ipcctl_obtain_check.
Tri unknown(const View& v, const ControlRequest& r) { return when(v.queue_of(r.id) < 0); }

// msgctl.E.EIDRM.race: removed while the call was on its way to it; or its index has a new queue. Linux
// msgctl_stat; before 4.2 ipc_lock_check.
Tri removed(const View& v, const ControlRequest& r) {
  if (v.queue_of(r.id) >= 0 || r.id < 0) return Tri::no;
  return was_reused(v, r.id) ? Tri::yes : v.self().found >= 0 ? Tri::maybe : Tri::no;
}
Tri replaced(const View& v, const ControlRequest& r) { return when(was_reused(v, r.id)); }

// -------------------- IPC_STAT

// msgctl.stat.E.EACCES: without read permission. POSIX [EACCES]; Linux msgctl_stat.
Tri unreadable(const View& v, const ControlRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  return q < 0 || r.command == MSG_STAT_ANY_ ? Tri::no : denied(grants(v, v.state.queue(q), Access::read));
}

Tri bad_buffer(const View&, const ControlRequest& r) { return when(!whole(r.memory) || !r.memory.writable); }

using C = Check<ControlRequest>;
constexpr C id_sign{"msgctl.E.EINVAL.neg", Errno::einval, negative};
constexpr C gone{"msgctl.E.EIDRM.race", Errno::eidrm, removed};
constexpr C no_queue{"msgctl.E.EINVAL.id", Errno::einval, unknown};
constexpr C access{"msgctl.stat.E.EACCES", Errno::eacces, unreadable};
constexpr C buffer{"msgctl.stat.order", Errno::efault, bad_buffer};

// msgctl.stat.order: the queue, then permission, then the buffer. Linux msgctl_stat, copy_msqid_to_user.
constexpr C queue_first[] = {id_sign, gone, no_queue, access, buffer};
constexpr C buffer_first[] = {buffer, id_sign, gone, no_queue, access};

// -------------------- IPC_RMID

// Neither owner nor creator, and no privilege: perm.owner.
Tri not_owner(const View& v, const ControlRequest& r) {
  const QueueIndex q = v.queue_of(r.id);
  return q < 0 ? Tri::no : denied(owns(v, v.state.queue(q)));
}
Tri not_owner_eperm(const View& v, const ControlRequest& r) {
  return v.ask(v.profile.stranger) == Stranger::eperm ? not_owner(v, r) : Tri::no;
}
Tri not_owner_eacces(const View& v, const ControlRequest& r) {
  return v.ask(v.profile.stranger) == Stranger::eacces ? not_owner(v, r) : Tri::no;
}

// msgctl.rmid.order: the queue, then its owner; never the buffer. POSIX msgctl(); Linux ipcctl_obtain_check.
// msgctl.rmid.nomode: nor the mode. POSIX msgctl(); Linux ipcctl_obtain_check.
constexpr C remove_checks[] = {
    id_sign,
    {"msgctl.E.EIDRM.race", Errno::eidrm, replaced},
    no_queue,
    {"perm.owner", Errno::eperm, not_owner_eperm},
    {"perm.owner", Errno::eacces, not_owner_eacces},
};

// msgctl.rmid.effect: queue, key and messages are gone at once; all that wait are released. Linux freeque.
Outcome removed_at_once(const View& view, QueueIndex index) {
  State next = view.state;
  Clauses why{"msgctl.rmid.effect", "msgctl.rmid.order", "msgctl.rmid.nomode", "perm.none.for"};
  why.add(why_owner(view, view.state.queue(index)));
  if (!next.queue(index).receivers.empty() || !next.queue(index).senders.empty()) why.add("wait.rmid");
  release_all(view, next, index);
  Queue& queue = next.change(index);
  queue.removed = true;
  queue.messages.clear();
  queue.cbytes = 0;
  return answered(std::move(next), view.actor, Result::of(0), std::move(why));
}

// Where a removal that is refused, or of no queue, says that it was done.
bool pretends(const View& view, const ControlRequest& request) {
  const QueueIndex index = view.queue_of(request.id);
  if (index < 0) return view.profile.unknown_removal == UnknownRemoval::ignored;
  return not_owner(view, request) == Tri::yes && view.ask(view.profile.stranger) == Stranger::removal_ignored;
}

Outcomes remove(const View& view, const ControlRequest& request) {
  if (pretends(view, request))
    return {answered(view.state, view.actor, Result::of(0), {"msgctl.rmid.order"})};
  Outcomes outcomes;
  if (may_succeed<ControlRequest>(view, request, remove_checks, outcomes))
    outcomes.push_back(removed_at_once(view, view.queue_of(request.id)));
  return outcomes;
}

// -------------------- failures

// What a failure shows besides its own clause.
Clauses also(const View& view, const ControlRequest& request, int command, Errno error) {
  Clauses why;
  const QueueIndex index = view.queue_of(request.id);
  if (error == Errno::einval && index < 0) {
    why.add(why_unknown(view, request.id));
    if (command == IPC_RMID_ && (why.has("id.stale.free") || why.has("id.stale.reused")))
      // msgctl.rmid.twice: what is removed cannot be removed again. POSIX [EINVAL]; Linux
      // ipcctl_obtain_check.
      why.add("msgctl.rmid.twice");
  }
  if (index < 0 || (error != Errno::eacces && error != Errno::eperm)) return why;
  if (command == IPC_RMID_)
    why.add("msgctl.rmid.order");
  else
    why.add(why_class(view, view.state.queue(index)));
  return why;
}

Outcomes command_step(const View& view, const ControlRequest& request, int command) {
  switch (command) {
    case IPC_STAT_: return stat(view, request);
    case IPC_RMID_: return remove(view, request);
    case IPC_INFO_:
    case MSG_INFO_: return info(view, request);
    case MSG_STAT_: return stat_by_index(view, request);
    case MSG_STAT_ANY_:
      if (view.profile.information != Information::without_stat_any) return stat_by_index(view, request);
      break;
    default: break;
  }
  // msgctl.E.EINVAL.cmd: no such command, whatever the rest. POSIX [EINVAL]; Linux ksys_msgctl.
  Clauses why{"msgctl.E.EINVAL.cmd"};
  // msgctl.cmd.ipc64: the bit of the old interfaces makes a command another. Linux ksys_msgctl.
  if (command & ipc_64) why.add("msgctl.cmd.ipc64");
  return {failed(view, Errno::einval, std::move(why))};
}

}  // namespace

bool whole(const Memory& memory) { return memory.valid && memory.text == UINT64_MAX; }

// msgctl.stat.fields: everything at one instant. POSIX msgctl(); Linux msgctl_stat.
StatRecord record(const View& view, QueueIndex index) {
  const Queue& queue = view.state.queue(index);
  StatRecord row{index,        queue.key,    queue.uid,   queue.gid,
                 queue.cuid,   queue.cgid,   queue.mode,  queue.messages.size(),
                 queue.cbytes, queue.qbytes, queue.lspid, queue.lrpid,
                 queue.stime,  queue.rtime,  queue.ctime, 0};
  // msgctl.stat.mode: the permission bits alone; elsewhere others show. Linux msgctl_stat.
  constexpr std::uint32_t lock_bit = 01000;
  if (view.profile.mode_bits == ModeBits::lock_bit) row.open_mode = lock_bit;
  if (view.profile.mode_bits == ModeBits::open) row.open_mode = ~0777u;
  return row;
}

Clauses why_stat(const View& view, QueueIndex index) {
  const Queue& queue = view.state.queue(index);
  // msgctl.stat.pure: looking changes nothing. POSIX msgctl(); Linux msgctl_stat.
  Clauses why{"msgctl.stat.fields", "msgctl.stat.mode", "msgctl.stat.pure"};
  // msgctl.stat.pid.dead: who has ended is still the last to have sent or received. POSIX <sys/msg.h>.
  for (const Pid& pid : {queue.lspid, queue.lrpid})
    if (pid.kind != Pid::nobody && !view.state.process_of(pid.actor).alive)
      why.add("msgctl.stat.pid.dead");
  return why;
}

Outcomes stat(const View& view, const ControlRequest& request) {
  Outcomes outcomes;
  const bool pointer_first = view.ask(view.profile.stat_order) == StatOrder::buffer_first;
  const std::span<const C> checks = pointer_first ? buffer_first : queue_first;
  if (!may_succeed<ControlRequest>(view, request, checks, outcomes)) return outcomes;
  const QueueIndex index = view.queue_of(request.id);
  Result result = Result::of(0);
  result.kind = Result::stat;
  result.rows.push_back(record(view, index));
  Clauses why = why_stat(view, index);
  // msgctl.stat.ret: 0. POSIX msgctl(); Linux ksys_msgctl.
  why.add("msgctl.stat.ret");
  why.add(why_granted(view, view.state.queue(index), Access::read));
  outcomes.push_back(answered(view.state, view.actor, std::move(result), std::move(why)));
  return outcomes;
}

namespace {

// Who does not know the command by that number does not look at what it filled.
void forget_structure(State& state, ActorIndex actor) {
  Result result = *state.actor(actor).result;
  if (result.kind != Result::stat && result.kind != Result::info) return;
  result.kind = result.queue >= 0 ? Result::identifier : Result::number;
  result.rows.clear();
  result.information = {};
  state.actor(actor).result = std::make_shared<const Result>(std::move(result));
}

}  // namespace

Outcomes step(const View& view, const ControlRequest& request) {
  const int command =
      view.profile.command_bits == CommandBits::low_byte ? request.command & low_byte : request.command;
  const bool unusable = !whole(request.memory) || !request.memory.writable;
  if (view.profile.bad_pointers == BadPointers::undefined && command != IPC_RMID_ && unusable)
    return {undefined(view, {"msgctl.stat.order"})};
  Outcomes outcomes = command_step(view, request, command);
  for (Outcome& outcome : outcomes)
    credit(outcome, view.actor, also(view, request, command, outcome.next.actor(view.actor).result->error));
  if (command != request.command)
    for (Outcome& outcome : outcomes) forget_structure(outcome.next, view.actor);
  return outcomes;
}

}  // namespace svmq::model
