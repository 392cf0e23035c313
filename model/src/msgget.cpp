// msgget(): POSIX.1-2017 XSH msgget; Linux ipc/msg.c ksys_msgget, newque; ipc/util.c ipcget.
#include "identifier.hpp"
#include "permission.hpp"

namespace svmq::model {
namespace {

constexpr std::int32_t private_key = 0;

QueueIndex queue_of_key(const View& view, std::int32_t key) {
  if (key == private_key) return -1;  // msgget.private.nokey
  for (std::size_t q = 0; q < view.state.queues.size(); ++q) {
    const Queue& queue = *view.state.queues[q];
    if (queue.space == view.self().space && !queue.removed && queue.key == key) return static_cast<QueueIndex>(q);
  }
  return -1;
}

// msgget.E.ENOENT — no queue has the key and IPC_CREAT is not given. POSIX [ENOENT]; Linux ipcget_public.
Tri absent(const View& v, const GetRequest& r) {
  return when(r.key != private_key && queue_of_key(v, r.key) < 0 && !(r.flags & IPC_CREAT_));
}

// msgget.E.EEXIST — a queue has the key, and it should be a new one. POSIX [EEXIST]; Linux ipcget_public.
// msgget.order.EEXIST-EACCES: whoever asks.
Tri exists(const View& v, const GetRequest& r) {
  return when(queue_of_key(v, r.key) >= 0 && (r.flags & (IPC_CREAT_ | IPC_EXCL_)) == (IPC_CREAT_ | IPC_EXCL_));
}

// msgget.E.EACCES — the queue does not grant what the flags ask for. POSIX [EACCES]; Linux ipc_check_perms.
Tri forbidden(const View& v, const GetRequest& r) {
  const QueueIndex q = queue_of_key(v, r.key);
  if (q < 0) return Tri::no;
  return denied(grants_open(v, v.state.queue(q), r.flags));
}

// lim.msgmni, msgget.E.ENOSPC — a new queue, and as many exist as may. POSIX [ENOSPC]; Linux ipc_addid.
Tri full(const View& v, const GetRequest& r) {
  if (queue_of_key(v, r.key) >= 0) return Tri::no;
  if (!v.space().fresh) return Tri::maybe;  // others may have queues there
  if (live_queues(v.state, v.self().space) >= std::min<std::int64_t>(v.space().limits.msgmni, index_count)) return Tri::yes;
  return v.profile.identifiers == Identifiers::any && v.space().limits.msg_next_id >= 0 ? Tri::maybe : Tri::no;  // id.next.full
}

constexpr Check<GetRequest> checks[] = {
    {"msgget.E.ENOENT", Errno::enoent, absent},
    {"msgget.E.EEXIST", Errno::eexist, exists},
    {"msgget.E.EACCES", Errno::eacces, forbidden},
    {"lim.msgmni", Errno::enospc, full},
};

Result identifier_of(QueueIndex queue) {
  Result result;
  result.kind = Result::identifier;
  result.queue = queue;
  return result;
}

// msgget.init.* — a new queue. POSIX msgget(); Linux newque. gen.noumask: its mode is what the flags say.
Outcome created(const View& view, const GetRequest& request) {
  State next = view.state;
  const Credentials& who = view.credentials();
  Clauses why{request.key == private_key ? "msgget.private.new" : "msgget.create"};
  Queue queue;
  queue.space = view.self().space;
  queue.key = request.key;
  queue.uid = queue.cuid = who.uid;
  queue.gid = queue.cgid = who.gid;
  queue.mode = request.flags & 0777;
  queue.qbytes = static_cast<std::uint64_t>(view.space().limits.msgmnb);
  queue.ctime = now(next, view.actor);
  if (computable(view)) {
    queue.id = next_identifier(next, queue.space, why);
    if (!queue.id) {
      answer(next, view.actor, Result::fail(Errno::enospc), why);
      return {std::move(next), std::move(why)};
    }
  } else {
    next.spaces[static_cast<std::size_t>(queue.space)].limits.msg_next_id = -1;  // id.next.reset
  }
  next.queues.emplace_back(std::move(queue));
  why.insert(why.end(), {"msgget.init.ids", "msgget.init.mode", "gen.noumask", "msgget.init.zero", "msgget.init.ctime",
                         "msgget.init.qbytes", "msgget.ret"});
  if (request.flags & ~(0777u | IPC_CREAT_ | IPC_EXCL_)) why.push_back("gen.flags.ignored");
  const auto index = static_cast<QueueIndex>(next.queues.size() - 1);
  return answered(std::move(next), view.actor, identifier_of(index), std::move(why));
}

// msgget.open — the queue that has the key; nothing changes. POSIX msgget(); Linux ipcget_public.
Outcome opened(const View& view, const GetRequest& request, QueueIndex queue) {
  Clauses why{"msgget.open", "msgget.ret"};
  if (request.flags & IPC_EXCL_) why.push_back("msgget.excl.alone");
  if ((request.flags & 0777) == 0) why.push_back("msgget.perm.zero");
  if (request.flags & 0111) why.push_back("msgget.perm.exec");
  const std::uint32_t asked = ((request.flags >> 6) | (request.flags >> 3) | request.flags) & 6;
  if (asked & 4) for (const Clause& clause : why_granted(view, view.state.queue(queue), Access::read)) why.push_back(clause);
  if (asked & 2) for (const Clause& clause : why_granted(view, view.state.queue(queue), Access::write)) why.push_back(clause);
  return answered(view.state, view.actor, identifier_of(queue), std::move(why));
}

}  // namespace

Outcomes step(const View& view, const GetRequest& request) {
  Outcomes outcomes;
  if (!may_succeed<GetRequest>(view, request, checks, outcomes)) return outcomes;
  const QueueIndex queue = queue_of_key(view, request.key);
  outcomes.push_back(queue < 0 ? created(view, request) : opened(view, request, queue));
  return outcomes;
}

}  // namespace svmq::model
