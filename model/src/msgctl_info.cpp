// msgctl() with Linux's own commands: Linux ipc/msg.c msgctl_info, msgctl_stat. And the table of queues.
#include "identifier.hpp"
#include "msgctl.hpp"
#include "permission.hpp"

namespace svmq::model {
namespace {

constexpr std::int64_t int_max = 0x7fffffff;

// msgctl.info.fields: the limits; pool, map and headers are constants. Linux msgctl_info,
// <uapi/linux/msg.h>.
InfoRecord limits_record(const View& view) {
  const Limits& limits = view.space().limits;
  return {{{"msgpool", 512000},
           {"msgmap", 16384},
           {"msgmax", limits.msgmax},
           {"msgmnb", limits.msgmnb},
           {"msgmni", limits.msgmni},
           {"msgssz", 16},
           {"msgtql", 16384},
           {"msgseg", 65535}}};
}

// msgctl.msginfo.fields: pool, map and headers count the queues, messages and bytes of the namespace. Linux
// msgctl_info.
InfoRecord usage_record(const View& view) {
  InfoRecord info = limits_record(view);
  std::int64_t queues = 0, messages = 0, bytes = 0;
  for (const Cow<Queue>& queue : view.state.queues) {
    if (queue->space != view.self().space || queue->removed) continue;
    ++queues;
    messages += static_cast<std::int64_t>(queue->messages.size());
    bytes += static_cast<std::int64_t>(queue->cbytes);
  }
  info.fields["msgpool"] = queues;
  info.fields["msgmap"] = std::min(messages, int_max);
  info.fields["msgtql"] = std::min(bytes, int_max);
  return info;
}

Tri negative(const View&, const ControlRequest& r) { return when(r.id < 0); }

// msgctl.info.EFAULT: a bad buffer, even with no queue. Linux ksys_msgctl.
Tri bad_buffer(const View&, const ControlRequest& r) { return when(!whole(r.memory) || !r.memory.writable); }

constexpr Check<ControlRequest> info_checks[] = {
    {"msgctl.E.EINVAL.neg", Errno::einval, negative},
    {"msgctl.info.EFAULT", Errno::efault, bad_buffer},
};

// msgctl.mstat.index: the argument is an index. Linux msgctl_stat.
// msgctl.mstat.mask: of it only the low 15 bits count. Linux ipc_obtain_object_idr.
QueueIndex at_index(const View& v, const ControlRequest& r) {
  return queue_at(v.state, v.self().space, static_cast<int>(r.id & (index_count - 1)));
}

// msgctl.mstat.E: no queue at the index, … Linux msgctl_stat.
Tri empty_slot(const View& v, const ControlRequest& r) { return when(at_index(v, r) < 0); }

// … or no permission to read it.
// msgctl.mstat.any: MSG_STAT_ANY asks for none. Linux msgctl_stat.
Tri unreadable(const View& v, const ControlRequest& r) {
  const QueueIndex q = at_index(v, r);
  return q < 0 || r.command != MSG_STAT_ ? Tri::no : denied(grants(v, v.state.queue(q), Access::read));
}

constexpr Check<ControlRequest> stat_checks[] = {
    {"msgctl.E.EINVAL.neg", Errno::einval, negative},
    {"msgctl.mstat.E", Errno::einval, empty_slot},
    {"msgctl.mstat.E", Errno::eacces, unreadable},
    {"msgctl.stat.order", Errno::efault, bad_buffer},
};

bool absent(const View& view) { return view.profile.information == Information::absent; }

// A system without these commands: msgctl.E.EINVAL.cmd.
Outcomes no_such_command(const View& view) { return {failed(view, Errno::einval, {"msgctl.E.EINVAL.cmd"})}; }

}  // namespace

// msgctl.info.ret: the highest index in use, or 0. Linux msgctl_info.
// msgctl.info.id: the identifier does not matter. Linux msgctl_info.
// msgctl.info.noperm: nor does permission. Linux msgctl_info.
Outcomes info(const View& view, const ControlRequest& request) {
  if (absent(view)) return no_such_command(view);
  if (view.profile.information == Information::undefined) return {unspecified(view, {"msgctl.info.fields"})};
  Outcomes outcomes;
  if (!may_succeed<ControlRequest>(view, request, info_checks, outcomes)) return outcomes;
  if (!computable(view)) return {unspecified(view, {"msgctl.info.fields"})};
  const bool zero = view.profile.information == Information::answers_zero;
  Result result = Result::of(zero ? 0 : highest_index(view.state, view.self().space).value_or(0));
  result.kind = Result::info;
  result.information = request.command == IPC_INFO_ ? limits_record(view) : usage_record(view);
  Clauses why{"msgctl.info.fields", "msgctl.info.ret", "msgctl.info.id", "msgctl.info.noperm"};
  if (request.command == MSG_INFO_) why.add("msgctl.msginfo.fields");
  outcomes.push_back(answered(view.state, view.actor, std::move(result), std::move(why)));
  return outcomes;
}

Outcomes stat_by_index(const View& view, const ControlRequest& request) {
  if (absent(view)) return no_such_command(view);
  if (view.profile.information == Information::answers_zero) return stat(view, request);
  if (view.profile.information == Information::undefined || !computable(view))
    return {unspecified(view, {"msgctl.mstat.index"})};
  Outcomes outcomes;
  if (!may_succeed<ControlRequest>(view, request, stat_checks, outcomes)) return outcomes;
  const QueueIndex index = at_index(view, request);
  Result result;
  result.kind = Result::stat;
  result.queue = index;
  result.rows.push_back(record(view, index));
  Clauses why = why_stat(view, index);
  why.add("msgctl.mstat.index");
  if (request.id >= index_count) why.add("msgctl.mstat.mask");
  if (request.command == MSG_STAT_ANY_)
    why.add("msgctl.mstat.any");
  else
    why.add(why_granted(view, view.state.queue(index), Access::read));
  outcomes.push_back(answered(view.state, view.actor, std::move(result), std::move(why)));
  return outcomes;
}

// proc.list: every queue of the namespace, whoever asks. Linux sysvipc_msg_proc_show.
Outcomes step(const View& view, const TableRequest&) {
  if (view.profile.table == Table::undefined || !view.space().fresh)
    return {unspecified(view, {"proc.list"})};
  Result result;
  result.kind = Result::table;
  for (std::size_t q = 0; q < view.state.queues.size(); ++q) {
    const Queue& queue = *view.state.queues[q];
    if (queue.space == view.self().space && !queue.removed)
      result.rows.push_back(record(view, static_cast<QueueIndex>(q)));
  }
  result.value = static_cast<std::int64_t>(result.rows.size());
  return {answered(view.state, view.actor, std::move(result), {"proc.list"})};
}

}  // namespace svmq::model
