// msgget(): POSIX.1-2017 XSH msgget; Linux ipc/msg.c ksys_msgget, newque; ipc/util.c ipcget.
#include "identifier.hpp"
#include "permission.hpp"

namespace svmq::model {
namespace {

constexpr std::int32_t private_key = 0;

QueueIndex queue_of_key(const View& view, std::int32_t key) {
  // msgget.private.nokey: IPC_PRIVATE names no queue, not even one made by it. POSIX msgget(); Linux ipcget.
  if (key == private_key) return -1;
  for (std::size_t q = 0; q < view.state.queues.size(); ++q) {
    const Queue& queue = *view.state.queues[q];
    if (queue.space == view.self().space && !queue.removed && queue.key == key)
      return static_cast<QueueIndex>(q);
  }
  return -1;
}

// msgget.E.ENOENT: no queue has the key and IPC_CREAT is not given. POSIX [ENOENT]; Linux ipcget_public.
Tri absent(const View& v, const GetRequest& r) {
  return when(r.key != private_key && queue_of_key(v, r.key) < 0 && !(r.flags & IPC_CREAT_));
}

// msgget.E.EEXIST: a queue has the key, and it should be a new one. POSIX [EEXIST]; Linux ipcget_public.
Tri exists(const View& v, const GetRequest& r) {
  return when(queue_of_key(v, r.key) >= 0 &&
              (r.flags & (IPC_CREAT_ | IPC_EXCL_)) == (IPC_CREAT_ | IPC_EXCL_));
}

// msgget.E.EACCES: the queue does not grant what the flags ask for. POSIX [EACCES]; Linux ipc_check_perms.
Tri forbidden(const View& v, const GetRequest& r) {
  const QueueIndex q = queue_of_key(v, r.key);
  if (q < 0) return Tri::no;
  return denied(grants_open(v, v.state.queue(q), r.flags));
}

// msgget.E.ENOSPC: a new queue, and as many exist as may. POSIX [ENOSPC]; Linux ipc_addid.
// lim.msgmni: at most 32768 may, whatever was written. Linux ipc_addid.
Tri full(const View& v, const GetRequest& r) {
  if (queue_of_key(v, r.key) >= 0) return Tri::no;
  if (!v.space().fresh) return Tri::maybe;  // others may have queues there
  if (live_queues(v.state, v.self().space) >= std::min<std::int64_t>(v.space().limits.msgmni, index_count))
    return Tri::yes;
  return v.profile.identifiers == Identifiers::any && v.space().limits.msg_next_id >= 0
             ? Tri::maybe
             : Tri::no;  // id.next.full
}

constexpr Check<GetRequest> no_queue{"msgget.E.ENOENT", Errno::enoent, absent};
constexpr Check<GetRequest> one_exists{"msgget.E.EEXIST", Errno::eexist, exists};
constexpr Check<GetRequest> no_access{"msgget.E.EACCES", Errno::eacces, forbidden};
constexpr Check<GetRequest> no_space{"msgget.E.ENOSPC", Errno::enospc, full};

// msgget.order.EEXIST-EACCES: an exclusive creation learns that the key exists, whoever asks. Linux
// ipcget_public.
constexpr Check<GetRequest> existence_first[] = {no_queue, one_exists, no_access, no_space};
constexpr Check<GetRequest> access_first[] = {no_queue, no_access, one_exists, no_space};

Result identifier_of(QueueIndex queue) {
  Result result;
  result.kind = Result::identifier;
  result.queue = queue;
  return result;
}

// What every success shows.
Clauses why_found(const GetRequest& request) {
  // msgget.ret: the identifier, which is not negative. POSIX msgget(); Linux ipc_addid.
  Clauses why{"msgget.ret"};
  // gen.flags.ignored: bits that mean nothing to a call are no error. Linux ipcget, do_msgsnd, do_msgrcv.
  if (request.flags & ~(0777u | IPC_CREAT_ | IPC_EXCL_)) why.add("gen.flags.ignored");
  // msgget.key.any: any key but IPC_PRIVATE will do, a negative one too. POSIX msgget(); Linux ipc_findkey.
  if (request.key < 0) why.add("msgget.key.any");
  return why;
}

// A key that named a queue before, or names something else.
Clauses why_key(const View& view, const GetRequest& request) {
  Clauses why;
  if (request.key == private_key) return why;
  const auto has_key = [&](const auto& named) {
    return named.space == view.self().space && named.key == request.key;
  };
  // id.key.reuse: the key of a removed queue is as good as new, and its queue another. POSIX msgctl(); Linux
  // ipc_rmid.
  if (std::ranges::any_of(view.state.queues,
                          [&](const Cow<Queue>& q) { return q->removed && has_key(*q); })) {
    why.add("id.key.reuse");
    // wait.rmid.recreate: whoever waited on the old one still fails. POSIX [EIDRM]; Linux freeque,
    // expunge_all.
    if (std::ranges::any_of(view.state.actors, [](const Actor& a) { return a.why.has("wait.rmid"); }))
      why.add("wait.rmid.recreate");
  }
  if (std::ranges::any_of(view.state.segments, has_key)) why.add("gen.keyspaces");
  return why;
}

Clauses why_created(const View& view, const GetRequest& request) {
  Clauses why;
  // msgget.private.new: IPC_PRIVATE: always a new queue. POSIX msgget(); Linux ipcget.
  // msgget.create: another key, that names none, and IPC_CREAT: a new queue. POSIX msgget(); Linux
  // ipcget_public.
  if (request.key == private_key)
    why.add({"msgget.private.new", "msgget.private.nokey"});
  else
    why.add("msgget.create");
  why.add({"msgget.init.ids", "msgget.init.mode", "gen.noumask", "msgget.init.zero", "msgget.init.ctime",
           "msgget.init.qbytes"});
  why.add(why_found(request));
  why.add(why_key(view, request));
  return why;
}

// A new queue. POSIX msgget(); Linux newque.
Outcome created(const View& view, const GetRequest& request) {
  State next = view.state;
  const Credentials& who = view.credentials();
  Clauses why = why_created(view, request);
  // msgget.init.zero: empty, and nobody has sent or received. POSIX msgget(); Linux newque.
  Queue queue;
  queue.space = view.self().space;
  queue.key = request.key;
  // msgget.init.ids: owner and creator: the effective ids of the caller. POSIX msgget(); Linux ipc_addid.
  queue.uid = queue.cuid = who.uid;
  queue.gid = queue.cgid = who.gid;
  // msgget.init.mode: the low nine bits of the flags. POSIX msgget(); Linux newque.
  // gen.noumask: as they are: no mask takes any away.
  queue.mode = request.flags & 0777;
  // msgget.init.qbytes: the system's limit. POSIX msgget(); Linux newque.
  queue.qbytes = static_cast<std::uint64_t>(view.space().limits.msgmnb);
  // msgget.init.ctime: now. POSIX msgget(); Linux newque.
  queue.ctime = now(next, view.actor);
  const NewIdentifier identifier = next_identifier(view, next, queue.space, why);
  if (identifier.error != Errno::none) {
    answer(next, view.actor, Result::fail(identifier.error), why);
    return {std::move(next), std::move(why)};
  }
  queue.id = identifier.id;
  next.queues.emplace_back(std::move(queue));
  const auto index = static_cast<QueueIndex>(next.queues.size() - 1);
  return answered(std::move(next), view.actor, identifier_of(index), std::move(why));
}

// msgget.open: the queue that has the key; nothing changes. POSIX msgget(); Linux ipcget_public.
Outcome opened(const View& view, const GetRequest& request, QueueIndex index) {
  const Queue& queue = view.state.queue(index);
  const std::uint32_t asked = (request.flags >> 6 | request.flags >> 3 | request.flags) & 7;
  Clauses why{"msgget.open"};
  why.add(why_found(request));
  // msgget.excl.alone: IPC_EXCL without IPC_CREAT means nothing. POSIX msgget(); Linux ipcget_public.
  if (request.flags & IPC_EXCL_) why.add("msgget.excl.alone");
  // msgget.perm.zero: who asks for nothing is refused nothing. Linux ipcperms.
  if (asked == 0) why.add("msgget.perm.zero");
  // msgget.perm.exec: execute is asked for like the others. Linux ipcperms.
  if (asked & 1) why.add("msgget.perm.exec");
  if (asked != 0 && (request.flags >> 6 & 7) != asked) why.add("msgget.perm.cross");
  if (asked & 4) why.add(why_granted(view, queue, Access::read));
  if (asked & 2) why.add(why_granted(view, queue, Access::write));
  if (live_queues(view.state, queue.space) >= view.space().limits.msgmni)
    why.add({"lim.msgmni", "msgget.order.ENOENT-ENOSPC"});
  return answered(view.state, view.actor, identifier_of(index), std::move(why));
}

// What a failure shows besides its own clause.
Clauses also(const View& view, const GetRequest& request, Errno error) {
  const QueueIndex index = queue_of_key(view, request.key);
  const bool at_limit = live_queues(view.state, view.self().space) >= view.space().limits.msgmni;
  Clauses why;
  if (error == Errno::enoent && request.flags & IPC_EXCL_) why.add("msgget.excl.alone");
  // msgget.order.ENOENT-ENOSPC: only who would get a new queue meets the limit. Linux ipcget_public.
  if ((error == Errno::enoent || error == Errno::eexist || error == Errno::eacces) && at_limit)
    why.add("msgget.order.ENOENT-ENOSPC");
  if (error == Errno::enospc) why.add("lim.msgmni");
  if (index < 0) return why;
  if (error == Errno::eexist && forbidden(view, request) == Tri::yes)
    why.add("msgget.order.EEXIST-EACCES");
  if (error != Errno::eacces) return why;
  why.add(why_class(view, view.state.queue(index)));
  if (request.flags & 0111) why.add("msgget.perm.exec");
  return why;
}

}  // namespace

Outcomes step(const View& view, const GetRequest& request) {
  Outcomes outcomes;
  const bool access = view.ask(view.profile.open_order) == OpenOrder::access_first;
  const std::span<const Check<GetRequest>> checks = access ? access_first : existence_first;
  const bool success = may_succeed<GetRequest>(view, request, checks, outcomes);
  for (Outcome& outcome : outcomes)
    credit(outcome, view.actor, also(view, request, outcome.next.actor(view.actor).result->error));
  if (!success) return outcomes;
  const QueueIndex queue = queue_of_key(view, request.key);
  outcomes.push_back(queue < 0 ? created(view, request) : opened(view, request, queue));
  return outcomes;
}

}  // namespace svmq::model
