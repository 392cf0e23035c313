#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "default_directory.h"
#include "locked.h"

namespace svmq {
namespace {

// Guards everything in this file that belongs to the process. Held over fork, so that the child finds it
// consistent.
pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;
Namespace* present = nullptr;
Namespace* newest = nullptr;  // of all that this process has entered: a thread may still wait in any of them

class ProcessLock {
 public:
  ProcessLock() { pthread_mutex_lock(&process_lock); }
  ~ProcessLock() { pthread_mutex_unlock(&process_lock); }
};

__attribute__((constructor)) void hold_over_fork() {
  pthread_atfork([] { pthread_mutex_lock(&process_lock); }, [] { pthread_mutex_unlock(&process_lock); },
                 [] { pthread_mutex_unlock(&process_lock); });
}

// SVMQ_DIR, but not in programs that run with more rights than their starter; else named by the IPC
// namespace.
bool default_path(char* path, std::size_t size, bool& chosen_by_user) {
  const char* chosen = secure_getenv("SVMQ_DIR");
  chosen_by_user = chosen != nullptr && chosen[0] != 0;
  if (!chosen_by_user) return default_directory::path_of(default_directory::current(), path, size);
  int length = snprintf(path, size, "%s", chosen);
  return static_cast<std::size_t>(length) < size;
}

bool sound(const files::Mapping& mapping) {
  auto* registry = static_cast<const Registry*>(mapping.address);
  return registry->magic == registry_magic && registry->version == registry_version &&
         registry->size == sizeof(Registry);
}

// The registry appears complete or not at all: made under another name, then linked.
files::Mapping open_registry(int directory) {
  constexpr const char* name = "registry";
  for (int tries = 0; tries < 3; ++tries) {
    files::Mapping found = files::open(directory, name, sizeof(Registry), false);
    if (found.address != nullptr) {
      if (sound(found)) return found;
      files::unmap(found);
      return {};
    }
    if (errno != ENOENT) return {};
    char fresh[40];
    snprintf(fresh, sizeof fresh, "new-%016llx", static_cast<unsigned long long>(files::random()));
    files::Mapping made = files::create(directory, fresh, sizeof(Registry));
    if (made.address == nullptr) return {};
    RegistryView::initialize(*static_cast<Registry*>(made.address));
    files::Descriptor file(openat(directory, fresh, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    bool linked = file && fchmod(file.get(), 0666) == 0 && linkat(directory, fresh, directory, name, 0) == 0;
    unlinkat(directory, fresh, 0);
    if (linked) return made;
    files::unmap(made);
  }
  return {};
}

}  // namespace

bool Segment::removed() const {
  const volatile Head& seen = shared();
  return seen.removed != 0 || seen.magic != head_magic;
}

files::Descriptor Namespace::directory() const {
  files::DirectoryStatus status;
  return files::open_directory(path_, false, by_default_, status);
}

int Namespace::open(const char* path, bool by_default) {
  if (strlen(path) >= sizeof path_) return EINVAL;
  strcpy(path_, path);
  by_default_ = by_default;
  files::DirectoryStatus status;
  files::Descriptor opened = files::open_directory(path_, true, by_default, status);
  if (!opened) return ENOSYS;
  owner_ = status.owner;
  device_ = status.device;
  inode_ = status.inode;
  registry_ = open_registry(opened.get());
  return registry_.address != nullptr ? 0 : ENOSYS;
}

int Namespace::enter(const char* path) {
  char chosen[PATH_MAX];
  bool by_user = true;
  if (path == nullptr) {
    if (!default_path(chosen, sizeof chosen, by_user)) return EINVAL;
    path = chosen;
  }
  if (path[0] != '/') return EINVAL;
  auto* entered = static_cast<Namespace*>(calloc(1, sizeof(Namespace)));
  if (entered == nullptr) return ENOMEM;
  int error = entered->open(path, !by_user);
  if (error != 0) {
    free(entered);
    return error;
  }
  ProcessLock lock;
  for (Namespace* known = newest; known != nullptr; known = known->older_) {
    bool same = known->device_ == entered->device_ && known->inode_ == entered->inode_ &&
                known->registry().removed.load() == 0;
    if (!same) continue;
    files::unmap(entered->registry_);
    free(entered);
    present = known;
    return 0;
  }
  entered->older_ = newest;
  newest = present = entered;
  return 0;
}

Namespace* Namespace::current() {
  Namespace* found;
  {
    ProcessLock lock;
    found = present;
  }
  bool gone = found != nullptr && found->registry().removed.load() != 0;
  if (found != nullptr && !gone) return found;
  int error = enter(gone && !found->by_default_ ? found->path_ : nullptr);
  if (error != 0) {
    errno = error == EINVAL ? ENOSYS : error;
    return nullptr;
  }
  ProcessLock lock;
  return present;
}

// The queues first, so that their waiters learn of it; then whatever a crash has left behind.
int Namespace::remove(const char* path) {
  struct stat seen;
  if (lstat(path, &seen) != 0) return -errno;
  auto* doomed = static_cast<Namespace*>(calloc(1, sizeof(Namespace)));
  if (doomed == nullptr) return -ENOMEM;
  int error = doomed->open(path, false);
  std::uint32_t last = error == 0 ? RegistryView(doomed->registry()).highest() : 0;
  for (std::uint32_t index = 0; error == 0 && index <= last; ++index) {
    if (doomed->registry().slots[index].used == 0) continue;
    Attached attached(*doomed, index);
    if (!attached) continue;
    Segment& segment = attached.segment();
    if (!segment.usable() || !Caller().controls(segment.shared().permission)) {
      error = EPERM;
      break;
    }
    {
      Locked locked(segment);
      locked.queue.remove(locked.wakeups);
    }
    doomed->forget(segment.id, segment.generation);
  }
  if (error == 0) {
    doomed->registry().removed.store(1);
    error = files::remove_directory(path);
  }
  for (Segment* left : doomed->segments_) {
    if (left != nullptr) doomed->drop(left);
  }
  files::unmap(doomed->registry_);
  free(doomed);
  return -error;
}

int Namespace::create(std::int32_t key, unsigned mode, std::uint32_t uid, std::uint32_t gid) {
  RegistryView view(registry());
  Allocation place = view.allocate();
  if (place.error != 0) return -place.error;
  files::Descriptor opened = directory();
  if (!opened) return -ENOSYS;
  std::uint64_t generation = files::random();
  std::int32_t msgmnb = registry().limits.msgmnb;
  std::uint64_t units = std::uint64_t{spare_units} + static_cast<std::uint32_t>(msgmnb > 0 ? msgmnb : 0);
  if (units > most_units) units = most_units;

  files::Name head_file = files::head_name(place.id, generation),
              arena_file = files::arena_name(place.id, generation);
  files::Mapping arena = files::create(opened.get(), arena_file.text, units * unit_size);
  if (arena.address == nullptr) return -ENOMEM;
  files::unmap(arena);
  files::Mapping mapped = files::create(opened.get(), head_file.text, head_size);
  if (mapped.address == nullptr) {
    unlinkat(opened.get(), arena_file.text, 0);
    return -ENOMEM;
  }
  Head& head = *static_cast<Head*>(mapped.address);
  Queue::initialize(head, units * unit_size);
  head.id = place.id;
  head.generation = generation;
  head.permission = {uid, gid, uid, gid, mode, key};
  head.capacity = static_cast<std::uint64_t>(msgmnb);
  head.changed_at = seam::now();
  files::protect(opened.get(), place.id, generation, head.permission);
  files::unmap(mapped);
  view.publish(place.index, place.id, key, generation);
  return place.id;
}

void Namespace::protect(std::int32_t id, std::uint64_t generation, const Permission& permission) {
  files::Descriptor opened = directory();
  if (opened) files::protect(opened.get(), id, generation, permission);
}

void Namespace::forget(std::int32_t id, std::uint64_t generation) {
  {
    RegistryLock lock(registry());
    RegistryView view(registry());
    std::uint32_t index = static_cast<std::uint32_t>(id) % index_count;
    Slot* slot = view.used_slot(index);
    if (slot != nullptr && slot->id == id && slot->generation == generation) view.withdraw(index);
  }
  files::Descriptor opened = directory();
  if (!opened) return;
  unlinkat(opened.get(), files::arena_name(id, generation).text, 0);
  unlinkat(opened.get(), files::head_name(id, generation).text, 0);
}

Segment* Namespace::map(std::int32_t id, std::uint64_t generation, int& error) {
  files::Descriptor opened = directory();
  if (!opened) {
    error = ENOSYS;
    return nullptr;
  }
  auto* made = static_cast<Segment*>(calloc(1, sizeof(Segment)));
  if (made == nullptr) {
    error = ENOMEM;
    return nullptr;
  }
  made->id = id;
  made->generation = generation;
  made->head = files::open(opened.get(), files::head_name(id, generation).text, head_size, true);
  if (made->head.address == nullptr) {
    error = errno == ENOENT || errno == EACCES ? EINVAL : errno;
    free(made);
    return nullptr;
  }
  const Head& head = made->shared();
  if (head.magic != head_magic || head.version != layout_version || head.id != id ||
      head.generation != generation || head.permission.cuid != made->head.owner) {
    error = EINVAL;
    files::unmap(made->head);
    free(made);
    return nullptr;
  }
  if (made->head.writable) {
    made->arena = files::open(opened.get(), files::arena_name(id, generation).text, unit_size, false);
  }
  return made;
}

void Namespace::drop(Segment* segment) {
  files::unmap(segment->head);
  files::unmap(segment->arena);
  free(segment);
}

Segment* Namespace::attach(std::int32_t id, int& error) {
  ProcessLock lock;
  Segment*& cached = segments_[static_cast<std::uint32_t>(id) % index_count];
  if (cached != nullptr && cached->id == id && !cached->removed() && cached->usable()) {
    ++cached->uses;
    return cached;
  }
  std::uint64_t generation;
  {
    RegistryLock registry_lock(registry());
    Slot* slot = RegistryView(registry()).used_slot(static_cast<std::uint32_t>(id) % index_count);
    if (slot == nullptr || slot->id != id) {
      error = EINVAL;
      return nullptr;
    }
    generation = slot->generation;
  }
  Segment* mapped = map(id, generation, error);
  if (mapped == nullptr) return nullptr;
  if (mapped->removed()) {
    drop(mapped);
    error = EINVAL;
    return nullptr;
  }
  // One that is in use elsewhere is dropped by its last user.
  if (cached != nullptr && cached->uses == 0) drop(cached);
  cached = mapped;
  ++mapped->uses;
  return mapped;
}

Segment* Namespace::attach_index(std::uint32_t index, int& error) {
  std::int32_t id;
  {
    RegistryLock registry_lock(registry());
    Slot* slot = RegistryView(registry()).used_slot(index % index_count);
    if (slot == nullptr) {
      error = EINVAL;
      return nullptr;
    }
    id = slot->id;
  }
  return attach(id, error);
}

void Namespace::detach(Segment* segment) {
  ProcessLock lock;
  if (--segment->uses != 0) return;
  Segment*& cached = segments_[static_cast<std::uint32_t>(segment->id) % index_count];
  if (cached == segment && !segment->removed()) return;
  if (cached == segment) cached = nullptr;
  drop(segment);
}

}  // namespace svmq
