#include "isolate.h"

#include "calls.h"

#if defined(AGENT_LINUX) && defined(CLONE_NEWIPC) && defined(CLONE_NEWUSER)

static bool isolate_write(const char* path, const char* text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t written = write(file, text, strlen(text));
  close(file);
  return written == (ssize_t)strlen(text);
}

/* Limits can be set by user id 0 of the namespace alone; so that is what the own id becomes. */
static bool isolate_as_user(char* reason, size_t size) {
  char uid_map[64], gid_map[64];
  snprintf(uid_map, sizeof uid_map, "0 %lu 1\n", (unsigned long)geteuid());
  snprintf(gid_map, sizeof gid_map, "0 %lu 1\n", (unsigned long)getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) != 0) {
    snprintf(reason, size, "no new IPC namespace, also not in a user namespace: %s", strerror(errno));
    return false;
  }
  isolate_write("/proc/self/setgroups", "deny");
  if (isolate_write("/proc/self/uid_map", uid_map) && isolate_write("/proc/self/gid_map", gid_map))
    return true;
  snprintf(reason, size, "cannot map the own ids into a user namespace: %s", strerror(errno));
  return false;
}

bool isolate_prepare(char* reason, size_t size) {
  return unshare(CLONE_NEWIPC) == 0 || isolate_as_user(reason, size);
}

bool isolate_again(void) { return unshare(CLONE_NEWIPC) == 0; }

/* Linux 5.8 and later take the process itself for its namespaces; the file works everywhere. */
bool isolate_follow(pid_t process) {
#if defined(SYS_pidfd_open)
  static int descriptor = -1;
  if (descriptor < 0) descriptor = (int)syscall(SYS_pidfd_open, (long)process, 0L);
  if (descriptor >= 0 && setns(descriptor, CLONE_NEWIPC) == 0) return true;
#endif
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/ns/ipc", (long)process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  bool entered = file >= 0 && setns(file, CLONE_NEWIPC) == 0;
  if (file >= 0) close(file);
  return entered;
}

#else

bool isolate_prepare(char* reason, size_t size) {
  snprintf(reason, size, "this system has no IPC namespaces");
  return false;
}

bool isolate_again(void) { return false; }
bool isolate_follow(pid_t process) {
  (void)process;
  return false;
}

#endif

/* ----------------------------------------------------------------------------------------------- leavings */

static void leavings_add(int** list, int* count, int* room, int value) {
  for (int i = 0; i < *count; i++)
    if ((*list)[i] == value) return;
  if (*count == *room) {
    int* grown = realloc(*list, sizeof **list * (size_t)(2 * *room + 8));
    if (!grown) return;
    *list = grown;
    *room = 2 * *room + 8;
  }
  (*list)[(*count)++] = value;
}

/* Keys in the scenario's text that already lead to something do not lead to something of the scenario's. */
void leavings_before(struct leavings* l, const struct scenario* scenario) {
  for (int i = 0; i < scenario->step_count; i++) {
    const struct step* step = &scenario->steps[i];
    bool segment = step->call == CALL_SHMGET;
    if ((step->call != CALL_MSGGET && !segment) || step->id.variable >= 0 || step->id.value == 0) continue;
    if (segment ? !l->segments : !l->queues) continue;
    key_t key = (key_t)step->id.value;
    int id = segment ? shmget(key, 0, 0) : calls.msgget(key, 0);
    if (id >= 0)
      leavings_add(&l->foreign[segment], &l->foreign_count[segment], &l->foreign_room[segment], id);
  }
  for (int i = 0; i < LIMIT_COUNT; i++)
    l->was_saved[i] = l->limits && scenario->has_limits && calls.limit_get(i, &l->saved[i]) == 0;
}

void leavings_note(struct leavings* l, enum call call, int id) {
  bool segment = call == CALL_SHMGET;
  if ((call != CALL_MSGGET && !segment) || id < 0 || (segment ? !l->segments : !l->queues)) return;
  for (int i = 0; i < l->foreign_count[segment]; i++)
    if (l->foreign[segment][i] == id) return;
  leavings_add(&l->ids[segment], &l->count[segment], &l->room[segment], id);
}

void leavings_remove(struct leavings* l) {
  for (int i = 0; i < l->count[0]; i++) calls.msgctl(l->ids[0][i], IPC_RMID, NULL);
  for (int i = 0; i < l->count[1]; i++) shmctl(l->ids[1][i], IPC_RMID, NULL);
  for (int i = 0; i < LIMIT_COUNT; i++)
    if (l->was_saved[i]) calls.limit_set(i, l->saved[i]);
  for (int kind = 0; kind < 2; kind++) free(l->ids[kind]), free(l->foreign[kind]);
  memset(l, 0, sizeof *l);
}

/* ------------------------------------------------------------------------------------------------ folders */

static bool claim_lock(int file) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(file, F_SETLK, &lock) == 0;
}

/* Removes what agents of this user left that were killed: nobody holds its lock any more. */
static void claim_sweep(const char* base) {
  char path[1024], lock[1100];
  DIR* folder = opendir(base);
  for (struct dirent* entry; folder && (entry = readdir(folder));) {
    struct stat status;
    if (strncmp(entry->d_name, CLAIM_PREFIX, strlen(CLAIM_PREFIX)) != 0) continue;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", base, entry->d_name) >= sizeof path) continue;
    if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid()) continue;
    snprintf(lock, sizeof lock, "%s/lock", path);
    int file = open(lock, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file >= 0 && claim_lock(file)) folder_remove(path);
    if (file >= 0) close(file);
  }
  if (folder) closedir(folder);
}

/* The lock has its name only once it is held, so that no other agent takes a new folder for an abandoned one.
 */
bool claim_make(struct claim* claim, const char* base) {
  char unnamed[300], named[300];
  claim_sweep(base);
  snprintf(claim->path, sizeof claim->path, "%.200s/" CLAIM_PREFIX "XXXXXX", base);
  if (!mkdtemp(claim->path)) {
    *claim->path = '\0';
    return false;
  }
  snprintf(unnamed, sizeof unnamed, "%s/new", claim->path);
  snprintf(named, sizeof named, "%s/lock", claim->path);
  claim->lock = open(unnamed, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (claim->lock >= 0 && claim_lock(claim->lock) && rename(unnamed, named) == 0 &&
      chmod(claim->path, 0711) == 0)
    return true;
  int error = errno;
  claim_drop(claim);
  errno = error;
  return false;
}

void claim_drop(struct claim* claim) {
  if (!*claim->path) return;
  folder_remove(claim->path);
  if (claim->lock >= 0) close(claim->lock);
  *claim->path = '\0';
}

bool scratch_make(struct claim* claim, unsigned serial, char* path, size_t size) {
  const char* base = getenv("TMPDIR");
  *path = '\0';
  if (!*claim->path && !claim_make(claim, base && *base ? base : "/tmp")) return false;
  snprintf(path, size, "%s/%u", claim->path, serial);
  if (mkdir(path, 0700) == 0) return chmod(path, 0777) == 0;
  *path = '\0';
  return false;
}

void folder_remove(const char* path) {
  char inside[1024];
  chmod(path, 0700);
  DIR* folder = opendir(path);
  for (struct dirent* entry; folder && (entry = readdir(folder));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if ((size_t)snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name) >= sizeof inside) continue;
    struct stat status;
    if (lstat(inside, &status) == 0 && S_ISDIR(status.st_mode))
      folder_remove(inside);
    else
      unlink(inside);
  }
  if (folder) closedir(folder);
  rmdir(path);
}
