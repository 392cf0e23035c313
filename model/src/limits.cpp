// The limits of a namespace: lim.*, id.next.perm. Linux ipc/ipc_sysctl.c.
#include "rule.hpp"

namespace svmq::model {
namespace {

struct Range {
  std::int64_t low, high;
};

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
    // lim.auto_msgmni: reads 0 whatever was written. Linux ipc_sysctl.c.
    case Limit::auto_msgmni: return 0;
  }
  return 0;
}

// lim.sysctl.perm: only the user who owns the namespace may write. Linux ipc_permissions.
Tri not_owner(const View& v, const LimitRequest& r) {
  return when(r.value && r.limit != Limit::msg_next_id && v.credentials().uid != 0);
}

// id.next.perm: the wish for an identifier: CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE. Linux ipc_permissions.
Tri not_restorer(const View& v, const LimitRequest& r) {
  const Credentials& who = v.credentials();
  const bool restores = who.checkpoint_restore && v.profile.next_identifier != NextIdentifier::sys_admin_only;
  return when(r.value && r.limit == Limit::msg_next_id && !who.sys_admin && !restores);
}

// lim.range: outside its range nothing changes. Linux ipc_sysctl.c.
Tri out_of_range(const View&, const LimitRequest& r) {
  return when(r.value && r.limit != Limit::msg_next_id &&
              (*r.value < range(r.limit).low || *r.value > range(r.limit).high));
}
Tri wish_out_of_range(const View&, const LimitRequest& r) {
  return when(r.value && r.limit == Limit::msg_next_id && (*r.value < 0 || *r.value > range(r.limit).high));
}

constexpr Check<LimitRequest> checks[] = {
    {"lim.sysctl.perm", Errno::eacces, not_owner},
    {"id.next.perm", Errno::eacces, not_restorer},
    {"lim.range", Errno::einval, out_of_range},
    {"id.next.perm", Errno::einval, wish_out_of_range},
};

void set(Limits& limits, Limit limit, std::int64_t value) {
  switch (limit) {
    // lim.msgmax: for sends from now on. Linux do_msgsnd.
    case Limit::msgmax: limits.msgmax = value; break;
    // lim.msgmnb.new: for new queues; `created` reads it. Linux newque.
    case Limit::msgmnb: limits.msgmnb = value; break;
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

// Does the profile say what the limit is, and who may change it?
bool defined(const Profile& profile, const LimitRequest& request) {
  if (request.limit == Limit::msg_next_id && profile.next_identifier == NextIdentifier::undefined)
    return request.value.has_value();
  if (request.limit == Limit::auto_msgmni && profile.auto_msgmni == AutoMsgmni::undefined) return false;
  return profile.limit_files != LimitFiles::undefined &&
         (profile.limit_files != LimitFiles::read_only || !request.value);
}

}  // namespace

// gen.ns.defaults: what a namespace begins with. Linux msg_init_ns; the defaults of sysv_msg.c.
Limits initial_limits(const Profile& profile) {
  switch (profile.default_limits) {
    case DefaultLimits::m8192_16384_16: return {.msgmni = 16};
    case DefaultLimits::m16384_2048_40: return {.msgmax = 16384, .msgmnb = 2048, .msgmni = 40};
    case DefaultLimits::m8192_16384_32000:
    case DefaultLimits::unknown: break;  // what the system itself says is in the history
  }
  return {};
}

Outcomes step(const View& view, const LimitRequest& request) {
  if (!defined(view.profile, request)) return {unspecified(view, {clause_of(request.limit)})};
  Outcomes outcomes;
  if (!may_succeed<LimitRequest>(view, request, checks, outcomes)) return outcomes;
  State next = view.state;
  Limits& limits = next.spaces[static_cast<std::size_t>(view.self().space)].limits;
  if (request.value) set(limits, request.limit, *request.value);
  const std::int64_t value = request.value ? 0 : value_of(limits, request.limit);
  outcomes.push_back(answered(std::move(next), view.actor, Result::of(value), {clause_of(request.limit)}));
  return outcomes;
}

}  // namespace svmq::model
