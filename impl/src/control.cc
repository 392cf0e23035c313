// Everything but sending and receiving: msgget, msgctl, the table, the limits, namespaces.
//
// Clauses: msgget.*, msgctl.*, id.*, lim.*, proc.list. The order of the checks is the kernel's.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "calls.h"
#include "guarded.h"
#include "locked.h"

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

namespace svmq {

namespace {

// Its identifier is not taken from what others can write.
Status read_status(std::int32_t id, const Head& head) {
  const State& state = head.state;
  return {id,
          state.removed.get() != 0,
          state.permission.get(),
          state.capacity.get(),
          state.bytes.get(),
          state.messages.get(),
          state.sent_at.get(),
          state.received_at.get(),
          state.changed_at.get(),
          state.sender.get(),
          state.receiver.get()};
}

// One instant, without the lock. False if it is not free, with all changes committed, or was not for as long.
bool glance(const Segment& segment, Status& status) {
  const Head& head = segment.shared();
  std::uint32_t before = head.lock.change.acquire();
  if ((before & 1) != 0 || head.lock.word.acquire() != 0) return false;
  status = read_status(segment.id, head);
  status.removed = segment.removed();
  seam::order_loads();
  return head.lock.change.get() == before;
}

}  // namespace

Status status_of(Segment& segment) {
  Status status;
  if (glance(segment, status)) return status;
  if (segment.usable()) {
    Locked locked(segment);  // and so repaired
    status = read_status(segment.id, locked.queue.head());
    status.removed = locked.gone();
    return status;
  }
  const Head& head = segment.shared();
  status = {};
  // A holder that was stopped in the midst of a change must not hold up those who only look.
  for (int tries = 0; tries < 100'000; ++tries) {
    std::uint32_t before = head.lock.change.acquire();
    if ((before & 1) != 0 && tries < 99'999) continue;
    status = read_status(segment.id, head);
    seam::order_loads();
    if (head.lock.change.get() == before) break;
  }
  return status;
}

void give_memory_back(Segment& segment) {
  if (!segment.usable() || !segment.removed()) return;
  Locked locked(segment);
  if (!locked.gone() || locked.queue.owes()) return;
  // Not the members: the words of those that are waking up are still entries of their robust lists.
  auto* arena = static_cast<std::byte*>(segment.arena.address);
  seam::return_memory(arena + buckets_offset, segment.arena.size - buckets_offset);
}

namespace calls {
namespace {

// Removes: marks it, wakes all, gives its memory back unless some of it is owed, frees key and identifier.
long remove_queue(Namespace& home, Segment& segment, bool may) {
  if (!may) return -EPERM;
  if (!segment.usable()) return -EPERM;
  {
    Locked locked(segment);
    if (locked.gone()) return -EINVAL;
    locked.queue.remove(locked.wakeups);
  }
  give_memory_back(segment);
  home.forget(segment.id, segment.generation);
  return 0;
}

// What IPC_SET may not do, in the kernel's order: 0 or -errno.
long refused(const Namespace& home, const Caller& caller, const Permission& present, const msqid_ds& wanted) {
  if (!caller.controls(present)) return -EPERM;
  // The kernel takes the size through an int and compares that without its sign.
  auto capacity = static_cast<unsigned>(wanted.msg_qbytes);
  auto msgmnb = static_cast<unsigned>(home.registry().limits.msgmnb.get());
  if (capacity > msgmnb && !caller.may_exceed_msgmnb()) return -EPERM;
  return ids_exist(wanted.msg_perm.uid, wanted.msg_perm.gid) ? 0 : -EINVAL;
}

bool same_access(const Permission& a, const Permission& b) {
  return a.uid == b.uid && a.gid == b.gid && a.mode == b.mode;
}

long set_queue(Namespace& home, Segment& segment, const Caller& caller, const msqid_ds& wanted) {
  if (!segment.usable()) {
    long refusal = refused(home, caller, status_of(segment).permission, wanted);
    return refusal != 0 ? refusal : -EPERM;
  }
  Locked locked(segment);
  if (locked.gone()) return -EINVAL;
  Permission permission = locked.queue.head().state.permission.get();
  if (long refusal = refused(home, caller, permission, wanted)) return refusal;
  Permission before = permission;
  permission.uid = wanted.msg_perm.uid;
  permission.gid = wanted.msg_perm.gid;
  permission.mode = wanted.msg_perm.mode & 0777;
  // Only the owner of the files may change who may open them, and what they would not hold to is not granted:
  // to neither an owner who did not create the queue nor CAP_SYS_ADMIN, which opens no files.
  if (!same_access(permission, before)) {
    int error = home.protect(segment.id, segment.generation, permission);
    if (error != 0) return error == EPERM || error == EACCES ? -EPERM : -ENOMEM;
  }
  auto capacity = static_cast<int>(wanted.msg_qbytes);
  locked.queue.set(permission, static_cast<std::uint64_t>(std::int64_t{capacity}), locked.wakeups);
  return locked.queue.damaged() ? -EIDRM : 0;
}

long change(int id, int command, const void* buffer) {
  msqid_ds wanted = {};
  if (command == IPC_SET && !guarded::read(&wanted, buffer, sizeof wanted)) return -EFAULT;
  Visit home;
  if (!home) return -errno;
  Attached attached(*home, std::int32_t{id});
  if (!attached) return -attached.error();
  Caller caller;
  Segment& segment = attached.segment();
  if (command == IPC_SET) return set_queue(*home, segment, caller, wanted);
  return remove_queue(*home, segment, caller.controls(status_of(segment).permission));
}

msqid_ds shown(const Status& status) {
  msqid_ds out = {};
  out.msg_perm.__key = status.permission.key;
  out.msg_perm.uid = status.permission.uid;
  out.msg_perm.gid = status.permission.gid;
  out.msg_perm.cuid = status.permission.cuid;
  out.msg_perm.cgid = status.permission.cgid;
  out.msg_perm.mode = static_cast<unsigned short>(status.permission.mode);
  out.msg_perm.__seq = static_cast<unsigned short>(status.id / static_cast<std::int32_t>(index_count));
  out.msg_stime = status.sent_at;
  out.msg_rtime = status.received_at;
  out.msg_ctime = status.changed_at;
  out.__msg_cbytes = status.bytes;
  out.msg_qnum = status.messages;
  out.msg_qbytes = status.capacity;
  out.msg_lspid = status.sender;
  out.msg_lrpid = status.receiver;
  return out;
}

long stat_queue(int id, int command, void* buffer) {
  Visit home;
  if (!home) return -errno;
  bool by_index = command != IPC_STAT;
  Status status;
  {
    Attached attached =
        by_index ? Attached(*home, static_cast<std::uint32_t>(id)) : Attached(*home, std::int32_t{id});
    if (!attached) return -attached.error();
    status = status_of(attached.segment());
  }
  if (status.removed) return -EINVAL;
  if (command != MSG_STAT_ANY && !Caller().granted(status.permission, 4)) return -EACCES;
  msqid_ds out = shown(status);
  if (!guarded::write(buffer, &out, sizeof out)) return -EFAULT;
  return by_index ? status.id : 0;
}

// Calls `visit` with the status of each queue, in the order of the indexes.
template <class Visit>
void for_each_queue(Namespace& home, const Visit& visit) {
  std::uint32_t last = RegistryView(home.registry()).highest();
  for (std::uint32_t index = 0; index <= last; ++index) {
    if (home.registry().slots[index].state.get() != SlotState::used) continue;
    Attached attached(home, index);
    if (!attached) continue;
    Status status = status_of(attached.segment());
    if (!status.removed) visit(status);
  }
}

long information(int command, void* buffer) {
  Visit home;
  if (!home) return -errno;
  const Limits& limits = home->registry().limits;
  msginfo out = {};
  out.msgmax = limits.msgmax.get();
  out.msgmnb = limits.msgmnb.get();
  out.msgmni = limits.msgmni.get();
  out.msgssz = 16;
  out.msgseg = 65535;
  if (command == MSG_INFO) {
    std::uint64_t queues = 0, messages = 0, bytes = 0;
    for_each_queue(*home, [&](const Status& status) {
      ++queues;
      messages += status.messages;
      bytes += status.bytes;
    });
    auto cut = [](std::uint64_t value) { return value < INT_MAX ? static_cast<int>(value) : INT_MAX; };
    out.msgpool = cut(queues);
    out.msgmap = cut(messages);
    out.msgtql = cut(bytes);
  } else {
    out.msgpool = 512000;
    out.msgmap = 16384;
    out.msgtql = 16384;
  }
  long highest = RegistryView(home->registry()).highest();
  return guarded::write(buffer, &out, sizeof out) ? highest : -EFAULT;
}

// The queue of that key. -ENOENT.
long find(Namespace& home, key_t key, int flags) {
  for (int tries = 0;; ++tries) {
    std::int32_t id;
    {
      RegistryLock lock(home);
      RegistryView view(home.registry());
      std::uint32_t index = view.find(key);
      if (index == no_slot) return -ENOENT;
      id = view.used_slot(index)->id.get();
    }
    Attached attached(home, id);
    if (attached && !attached.segment().removed()) {
      if ((flags & IPC_CREAT) != 0 && (flags & IPC_EXCL) != 0) return -EEXIST;
      auto wanted = static_cast<unsigned>(flags >> 6 | flags >> 3 | flags) & 7;
      if (wanted != 0 && !Caller().granted(status_of(attached.segment()).permission, wanted)) return -EACCES;
      return id;
    }
    if (!attached && attached.error() != EINVAL) return -attached.error();
    // Removed: its remover, or this process in attaching to it, takes it out of the registry. Where this
    // process may not even look, all it knows is that the registry has it.
    if (tries == 100) return id;
  }
}

struct LimitName {
  const char* name;
  Cell<std::int32_t> Limits::*value;
  long most;
};
constexpr LimitName limit_names[] = {{"msgmax", &Limits::msgmax, INT_MAX},
                                     {"msgmnb", &Limits::msgmnb, INT_MAX},
                                     {"msgmni", &Limits::msgmni, index_count},
                                     {"msg_next_id", &Limits::next_id, INT_MAX},
                                     {"auto_msgmni", nullptr, 1}};

const LimitName* limit_of(const char* name) {
  for (const LimitName& limit : limit_names) {
    if (strcmp(limit.name, name) == 0) return &limit;
  }
  return nullptr;
}

bool may_write(const LimitName& limit, const Namespace& home) {
  Caller caller;
  if (limit.value == &Limits::next_id) return caller.may_wish_identifiers();
  return caller.uid() == 0 || caller.uid() == home.owner();
}

bool read_name(const char* name, char (&copy)[16]) {
  for (std::size_t i = 0; i < sizeof copy; ++i) {
    if (!guarded::read(&copy[i], name + i, 1)) return false;
    if (copy[i] == 0) return true;
  }
  copy[sizeof copy - 1] = 0;
  return true;
}

}  // namespace

long get(key_t key, int flags) {
  seam::SignalShield shield;
  Visit home;
  if (!home) return -errno;
  for (;;) {
    if (key != IPC_PRIVATE) {
      long found = find(*home, key, flags);
      if (found != -ENOENT || (flags & IPC_CREAT) == 0) return found;
    }
    Caller caller;
    RegistryLock lock(*home);
    if (key != IPC_PRIVATE && RegistryView(home->registry()).find(key) != no_slot)
      continue;  // made meanwhile
    return home->create(key, static_cast<unsigned>(flags) & 0777, caller.uid(), caller.gid());
  }
}

long control(int id, int command, void* buffer) {
  seam::SignalShield shield;
  if (id < 0 || command < 0) return -EINVAL;
  switch (command) {
    case IPC_INFO:
    case MSG_INFO: return information(command, buffer);
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY: return stat_queue(id, command, buffer);
    case IPC_SET:
    case IPC_RMID: return change(id, command, buffer);
    default: return -EINVAL;
  }
}

long enter(const char* directory) {
  seam::SignalShield shield;
  return -Namespace::enter(directory);
}

long limit_get(const char* name, long* value) {
  seam::SignalShield shield;
  char copy[16];
  if (!read_name(name, copy)) return -EFAULT;
  const LimitName* limit = limit_of(copy);
  if (limit == nullptr) return -ENOENT;
  Visit home;
  if (!home) return -errno;
  long present = limit->value == nullptr ? 0 : (home->registry().limits.*(limit->value)).get();
  return guarded::write(value, &present, sizeof present) ? 0 : -EFAULT;
}

long limit_set(const char* name, long value) {
  seam::SignalShield shield;
  char copy[16];
  if (!read_name(name, copy)) return -EFAULT;
  const LimitName* limit = limit_of(copy);
  if (limit == nullptr) return -ENOENT;
  Visit home;
  if (!home) return -errno;
  if (!may_write(*limit, *home)) return -EACCES;
  if (value < 0 || value > limit->most) return -EINVAL;
  if (limit->value != nullptr)
    (home->registry().limits.*(limit->value)).set(static_cast<std::int32_t>(value));
  return 0;
}

long table(char* text, std::size_t size) {
  seam::SignalShield shield;
  Visit home;
  if (!home) return -errno;
  std::size_t length = 0;
  bool fault = false;
  auto put = [&](const char* line, int line_length) {
    auto whole = static_cast<std::size_t>(line_length);
    if (length < size) {
      std::size_t fits = whole < size - length - 1 ? whole : size - length - 1;
      if (!guarded::write(text + length, line, fits) || !guarded::write(text + length + fits, "", 1))
        fault = true;
    }
    length += whole;
  };
  constexpr char header[] =
      "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime     "
      " rtime      "
      "ctime\n";
  put(header, sizeof header - 1);
  for_each_queue(*home, [&](const Status& queue) {
    char line[256];
    const Permission& permission = queue.permission;
    int line_length = snprintf(
        line, sizeof line, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u %10lld %10lld %10lld\n",
        permission.key, queue.id, permission.mode, static_cast<unsigned long>(queue.bytes),
        static_cast<unsigned long>(queue.messages), static_cast<unsigned>(queue.sender),
        static_cast<unsigned>(queue.receiver), permission.uid, permission.gid, permission.cuid,
        permission.cgid, static_cast<long long>(queue.sent_at), static_cast<long long>(queue.received_at),
        static_cast<long long>(queue.changed_at));
    put(line, line_length);
  });
  return fault ? -EFAULT : static_cast<long>(length);
}

// Works on a directory that this process need not be in, so it enters it for the time being with a view of
// its own.
long remove_namespace(const char* directory) {
  seam::SignalShield shield;
  if (directory == nullptr || directory[0] != '/') return -EINVAL;
  return Namespace::remove(directory);
}

}  // namespace calls
}  // namespace svmq
