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
#include "signals.h"
#include "thread.h"

namespace svmq {
namespace {

// Guards everything in this file that belongs to the process. Held over fork, so that the child finds it
// consistent.
pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;
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
  return registry->magic.get() == registry_magic && registry->version.get() == registry_version &&
         registry->size.get() == sizeof(Registry);
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
    files::Mapping made = files::create(directory, fresh, sizeof(Registry), page_size);
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

std::atomic<Namespace*> Namespace::present{nullptr};

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
  void* memory = mmap(nullptr, index_count * sizeof(Segment*), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return ENOMEM;
  segments_ = static_cast<Segment**>(memory);
  mapped_ = nullptr;
  mapped_count_ = tidy_at_ = 0;
  registry_ = open_registry(opened.get());
  if (registry_.address != nullptr) return 0;
  munmap(segments_, index_count * sizeof(Segment*));
  segments_ = nullptr;
  return ENOSYS;
}

void Namespace::begin_process() {
  ProcessLock lock;
  if (seam::process_is_noted()) return;
  // The seats of before are the parent's.
  for (Namespace* known = newest; known != nullptr; known = known->older_) {
    known->visitors_.store(0);
    for (Segment* segment = known->mapped_; segment != nullptr; segment = segment->next)
      segment->pins.store(0);
  }
  seam::note_process();
}

bool Namespace::pinned() const {
  if (visitors_.load() != 0) return true;
  for (const Segment* segment = mapped_; segment != nullptr; segment = segment->next) {
    if (segment->pins.load() != 0) return true;
  }
  return false;
}

void Namespace::close() {
  unmap_unpinned(true);
  munmap(segments_, index_count * sizeof(Segment*));
  segments_ = nullptr;
  files::unmap(registry_);
}

int Namespace::enter(const char* path) {
  seam::Uncancelled uncancelled;
  char chosen[PATH_MAX];
  bool by_user = true;
  if (path == nullptr) {
    if (!default_path(chosen, sizeof chosen, by_user)) return EINVAL;
    path = chosen;
  }
  if (path[0] != '/') return EINVAL;
  signals::watch_faults();
  Namespace* entered;
  {
    ProcessLock lock;
    for (entered = newest; entered != nullptr && entered->registry_.address != nullptr;)
      entered = entered->older_;
    bool made = entered == nullptr;
    if (made) entered = static_cast<Namespace*>(calloc(1, sizeof(Namespace)));
    if (entered == nullptr) return ENOMEM;
    int error = entered->open(path, !by_user);
    if (error != 0) {
      if (made) free(entered);
      return error;
    }
    if (made) {
      entered->older_ = newest;
      newest = entered;
    }
    for (Namespace* known = newest; known != nullptr; known = known->older_) {
      bool same = known != entered && known->registry_.address != nullptr &&
                  known->device_ == entered->device_ && known->inode_ == entered->inode_ &&
                  known->registry().removed.get() == 0;
      if (!same) continue;
      entered->close();
      entered = known;
      break;
    }
    present.store(entered);
  }
  leave_other_namespaces(entered);
  ProcessLock lock;
  for (Namespace* known = newest; known != nullptr; known = known->older_) {
    bool left = known != present.load() && known->registry_.address != nullptr;
    if (left && !known->pinned()) known->close();
  }
  return 0;
}

Namespace* Namespace::visit() {
  // A registry that is marked as removed and still in its place is damaged.
  for (int entries = 0;;) {
    Namespace* found = present.load();
    if (found != nullptr) {
      // It is not closed while it has visitors, nor while it is the present one.
      found->visitors_.fetch_add(1);
      if (present.load() == found && found->registry().removed.get() == 0) return found;
      bool moved = present.load() != found;
      found->visitors_.fetch_sub(1);
      if (moved) continue;
    }
    int error =
        ++entries < 10 ? enter(found != nullptr && !found->by_default_ ? found->path_ : nullptr) : ENOSYS;
    if (error != 0) {
      errno = error == EINVAL ? ENOSYS : error;
      return nullptr;
    }
  }
}

// The queues first, so that their waiters learn of it; then whatever a crash has left behind.
int Namespace::remove(const char* path) {
  seam::Uncancelled uncancelled;
  struct stat seen;
  if (lstat(path, &seen) != 0) return -errno;
  auto* doomed = static_cast<Namespace*>(calloc(1, sizeof(Namespace)));
  if (doomed == nullptr) return -ENOMEM;
  signals::watch_faults();
  int error = doomed->open(path, false);
  std::uint32_t last = error == 0 ? RegistryView(doomed->registry()).highest() : 0;
  for (std::uint32_t index = 0; error == 0 && index <= last; ++index) {
    if (doomed->registry().slots[index].state.get() == SlotState::free) continue;
    Attached attached(*doomed, index);
    if (!attached) continue;
    Segment& segment = attached.segment();
    if (!segment.usable() || !Caller().controls(segment.shared().state.permission.get())) {
      error = EPERM;
      break;
    }
    {
      Locked locked(segment);
      locked.queue.remove(locked.wakeups);
    }
    give_memory_back(segment);
    doomed->forget(segment.id, segment.generation);
  }
  if (error == 0) {
    doomed->registry().removed.set(1);
    error = files::remove_directory(path);
  }
  if (doomed->registry_.address != nullptr) doomed->close();
  free(doomed);
  return -error;
}

int Namespace::create(std::int32_t key, unsigned mode, std::uint32_t uid, std::uint32_t gid) {
  seam::Uncancelled uncancelled;
  RegistryView view(registry());
  Allocation place = view.allocate();
  if (place.error != 0) return -place.error;
  files::Descriptor opened = directory();
  if (!opened) return -ENOSYS;
  std::uint64_t generation = files::random();
  files::Name head_file = files::head_name(place.id, generation),
              arena_file = files::arena_name(place.id, generation);
  view.reserve(place.index, place.id, key, generation);
  files::Mapping arena = files::create(opened.get(), arena_file.text, arena_size, 0);
  files::Mapping mapped;
  if (arena.address != nullptr) mapped = files::create(opened.get(), head_file.text, head_size, head_size);
  files::unmap(arena);
  if (mapped.address == nullptr) {
    unlinkat(opened.get(), arena_file.text, 0);
    view.release(place.index);
    return -ENOMEM;
  }
  Head& head = *static_cast<Head*>(mapped.address);
  std::int32_t msgmnb = registry().limits.msgmnb.get();
  Permission permission = {uid, gid, uid, gid, mode, key};
  head.magic.set(head_magic);
  head.version.set(layout_version);
  head.id.set(place.id);
  head.generation.set(generation);
  head.state.permission.uid.set(uid);
  head.state.permission.gid.set(gid);
  head.state.permission.cuid.set(uid);
  head.state.permission.cgid.set(gid);
  head.state.permission.mode.set(mode);
  head.state.permission.key.set(key);
  head.state.capacity.set(static_cast<std::uint64_t>(msgmnb));
  head.state.changed_at.set(seam::now());
  int error = files::protect(opened.get(), place.id, generation, permission);
  files::unmap(mapped);
  if (error != 0) {
    unlinkat(opened.get(), arena_file.text, 0);
    unlinkat(opened.get(), head_file.text, 0);
    view.release(place.index);
    return -error;
  }
  view.publish(place.index);
  return place.id;
}

int Namespace::protect(std::int32_t id, std::uint64_t generation, const Permission& permission) {
  seam::Uncancelled uncancelled;
  files::Descriptor opened = directory();
  return opened ? files::protect(opened.get(), id, generation, permission) : ENOSYS;
}

namespace {

void delete_files(int directory, std::int32_t id, std::uint64_t generation) {
  unlinkat(directory, files::arena_name(id, generation).text, 0);
  unlinkat(directory, files::head_name(id, generation).text, 0);
}

}  // namespace

void Namespace::forget(std::int32_t id, std::uint64_t generation) {
  seam::Uncancelled uncancelled;
  files::Descriptor opened = directory();
  RegistryLock lock(*this);
  RegistryView view(registry());
  std::uint32_t index = static_cast<std::uint32_t>(id) % index_count;
  Slot* slot = view.used_slot(index);
  if (slot == nullptr || slot->id.get() != id || slot->generation.get() != generation) return;
  view.withdraw(index);
  if (opened) delete_files(opened.get(), id, generation);
  view.release(index);
}

void Namespace::clear_away() {
  RegistryView view(registry());
  view.repair();
  files::Descriptor opened = directory();
  for (std::uint32_t index = 0; index < view.end(); ++index) {
    Slot& slot = registry().slots[index];
    if (slot.state.get() != SlotState::reserved) continue;
    if (opened) delete_files(opened.get(), slot.id.get(), slot.generation.get());
    view.release(index);
  }
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
  made->home = this;
  made->head = files::open(opened.get(), files::head_name(id, generation).text, head_size, true);
  if (made->head.address == nullptr) {
    error = errno == ENOENT || errno == EACCES ? EINVAL : errno;
    free(made);
    return nullptr;
  }
  const Head& head = made->shared();
  if (head.magic.get() != head_magic || head.version.get() != layout_version || head.id.get() != id ||
      head.generation.get() != generation || head.state.permission.cuid.get() != made->head.owner) {
    error = EINVAL;
    unmap(made);
    return nullptr;
  }
  if (made->head.writable) {
    constexpr std::size_t least = tiles_offset + page_size;
    made->arena = files::open(opened.get(), files::arena_name(id, generation).text, least, false);
    if (made->arena.address != nullptr && !seam::reserve_memory(made->arena.address, page_size)) {
      error = ENOMEM;
      unmap(made);
      return nullptr;
    }
  }
  return made;
}

void Namespace::unmap(Segment* segment) {
  files::unmap(segment->head);
  files::unmap(segment->arena);
  free(segment);
}

// The process's lock is held: pins are only added under it.
void Namespace::unmap_unpinned(bool all) {
  for (Segment** link = &mapped_; *link != nullptr;) {
    Segment* segment = *link;
    Segment*& found = segments_[static_cast<std::uint32_t>(segment->id) % index_count];
    if (segment->pins.load() != 0 || (!all && found == segment && !segment->removed())) {
      link = &segment->next;
      continue;
    }
    if (found == segment) found = nullptr;
    *link = segment->next;
    unmap(segment);
    --mapped_count_;
  }
  tidy_at_ = 2 * mapped_count_ + 8;
}

Segment* Namespace::attach(std::int32_t id, int& error) {
  std::uint64_t generation = 0;
  {
    ProcessLock lock;
    Segment* cached = segments_[static_cast<std::uint32_t>(id) % index_count];
    if (cached != nullptr && cached->id == id && !cached->removed() && cached->usable()) {
      cached->pins.fetch_add(1);
      return cached;
    }
  }
  seam::Uncancelled uncancelled;
  if (mapped_count_ + 1 >= tidy_at_) leave_removed_queues();
  bool gone = false;
  {
    ProcessLock lock;
    {
      RegistryLock registry_lock(*this);
      Slot* slot = RegistryView(registry()).used_slot(static_cast<std::uint32_t>(id) % index_count);
      if (slot == nullptr || slot->id.get() != id) {
        error = EINVAL;
        return nullptr;
      }
      generation = slot->generation.get();
    }
    Segment* mapped = map(id, generation, error);
    if (mapped == nullptr) {
      gone = error == EINVAL;
    } else if (!mapped->removed() || (mapped->usable() && !Locked(*mapped).gone())) {
      // The mark alone is not enough: its remover may have died before it had happened.
      segments_[static_cast<std::uint32_t>(id) % index_count] = mapped;
      mapped->next = mapped_;
      mapped_ = mapped;
      mapped->pins.store(1);
      if (++mapped_count_ >= tidy_at_) unmap_unpinned(false);
      return mapped;
    } else {
      gone = mapped->usable();
      unmap(mapped);
      error = EINVAL;
    }
  }
  if (gone) forget(id, generation);  // its remover has died before it came to this
  return nullptr;
}

Segment* Namespace::attach_index(std::uint32_t index, int& error) {
  std::int32_t id;
  {
    RegistryLock registry_lock(*this);
    Slot* slot = RegistryView(registry()).used_slot(index % index_count);
    if (slot == nullptr) {
      error = EINVAL;
      return nullptr;
    }
    id = slot->id.get();
  }
  return attach(id, error);
}

}  // namespace svmq
