// The limits of a namespace: lim.*, id.next.perm. Linux ipc/ipc_sysctl.c.
#include "rule.hpp"

namespace svmq::model {
namespace {

struct Range { std::int64_t low, high; };

Range range(Limit limit) {
  switch (limit) {
    case Limit::msgmax:
    case Limit::msgmnb:
    case Limit::msg_next_id: return {0, 0x7fffffff};
    case Limit::msgmni: return {0, 32768};
    case Limit::auto_msgmni: return {0, 1};
  }
  return {0, 0};
}

std::int64_t value_of(const Limits& limits, Limit limit) {
  switch (limit) {
    case Limit::msgmax: return limits.msgmax;
    case Limit::msgmnb: return limits.msgmnb;
    case Limit::msgmni: return limits.msgmni;
    case Limit::msg_next_id: return limits.msg_next_id;
    case Limit::auto_msgmni: return 0;  // lim.auto_msgmni: reads 0 whatever was written
  }
  return 0;
}

// lim.sysctl.perm — only the user who owns the namespace may write; id.next.perm — the wish for an identifier: CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE. Linux ipc_permissions.
Tri read_only(const View& v, const LimitRequest& r) {
  if (!r.value) return Tri::no;
  const Credentials& who = v.credentials();
  return when(r.limit == Limit::msg_next_id ? !who.sys_admin && !who.checkpoint_restore : who.uid != 0);
}

// lim.range — outside its range nothing changes.
Tri out_of_range(const View&, const LimitRequest& r) {
  return when(r.value && (*r.value < range(r.limit).low || *r.value > range(r.limit).high));
}

constexpr Check<LimitRequest> checks[] = {
    {"lim.sysctl.perm", Errno::eacces, read_only},
    {"lim.range", Errno::einval, out_of_range},
};

void set(Limits& limits, Limit limit, std::int64_t value) {
  switch (limit) {
    case Limit::msgmax: limits.msgmax = value; break;   // lim.msgmax: for sends from now on
    case Limit::msgmnb: limits.msgmnb = value; break;   // lim.msgmnb.new: for new queues
    case Limit::msgmni: limits.msgmni = value; break;
    case Limit::msg_next_id: limits.msg_next_id = value; break;
    case Limit::auto_msgmni: break;
  }
}

Clause clause_of(Limit limit) {
  switch (limit) {
    case Limit::msgmax: return "lim.msgmax";
    case Limit::msgmnb: return "lim.msgmnb.new";
    case Limit::msgmni: return "lim.msgmni";
    case Limit::msg_next_id: return "id.next.wish";
    case Limit::auto_msgmni: return "lim.auto_msgmni";
  }
  return "lim.range";
}

}  // namespace

Outcomes step(const View& view, const LimitRequest& request) {
  Outcomes outcomes;
  if (!may_succeed<LimitRequest>(view, request, checks, outcomes)) return outcomes;
  if (!view.profile.linux_extensions && !request.value && request.limit == Limit::msg_next_id)
    return {answered(view.state, view.actor, Result::anything(), {clause_of(request.limit)})};
  State next = view.state;
  Limits& limits = next.spaces[static_cast<std::size_t>(view.self().space)].limits;
  if (request.value) set(limits, request.limit, *request.value);
  const std::int64_t value = request.value ? 0 : value_of(limits, request.limit);
  outcomes.push_back(answered(std::move(next), view.actor, Result::of(value), {clause_of(request.limit)}));
  return outcomes;
}

}  // namespace svmq::model
