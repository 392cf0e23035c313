#include "creds.h"

static bool creds_group_equal(const struct creds* a, const struct creds* b) {
  if (a->group_count != b->group_count) return false;
  for (int i = 0; i < a->group_count; i++) {
    bool found = false;
    for (int k = 0; k < b->group_count; k++) found = found || a->groups[i] == b->groups[k];
    if (!found) return false;
  }
  return true;
}

void creds_print(struct string* s, const struct creds* creds) {
  string_word(s, "uid="), string_unsigned(s, creds->uid);
  string_word(s, " gid="), string_unsigned(s, creds->gid);
  string_word(s, " groups=");
  for (int i = 0; i < creds->group_count; i++) {
    if (i) string_char(s, ',');
    string_unsigned(s, creds->groups[i]);
  }
  if (!creds->group_count) string_word(s, "none");
  string_word(s, " caps=");
  if (creds->caps == CAPS_ALL)
    string_word(s, "all");
  else if (!creds->caps)
    string_word(s, "none");
  else
    for (int i = 0, more = 0; i < CAP_COUNT; i++) {
      if (!(creds->caps & 1u << i)) continue;
      if (more++) string_char(s, ',');
      string_word(s, cap_names[i]);
    }
  string_word(s, " ruid="), string_unsigned(s, creds->ruid);
  string_word(s, " fsgid="), string_unsigned(s, creds->fsgid);
}

static void creds_observe_ids(struct creds* seen) {
  memset(seen, 0, sizeof *seen); /* also what lies between the fields: credentials are compared as bytes */
  seen->uid = geteuid();
  seen->ruid = getuid();
  seen->gid = getegid();
  int count = getgroups(CREDS_GROUPS, seen->groups);
  seen->group_count = count > 0 ? count : 0;
}

#if defined(AGENT_LINUX)

/* ------------------------------------------------------------------------------------------- capabilities */

/* The kernel's structures, version 3: two words of 32 bits each. */
struct creds_cap_header {
  uint32_t version;
  int pid;
};
struct creds_cap_data {
  uint32_t effective, permitted, inheritable;
};
enum { CREDS_CAP_VERSION = 0x20080522 };
enum { CREDS_CAP_SYS_RESOURCE = 24 };
static const int creds_cap_bits[CAP_COUNT] = {15, 21, CREDS_CAP_SYS_RESOURCE, 40};

static bool creds_get_caps(unsigned long long* effective, unsigned long long* permitted) {
  struct creds_cap_header header = {CREDS_CAP_VERSION, 0};
  struct creds_cap_data data[2];
  memset(data, 0, sizeof data);
  *effective = *permitted = 0;
  if (syscall(SYS_capget, &header, data) != 0) return false;
  *effective = data[0].effective | (unsigned long long)data[1].effective << 32;
  *permitted = data[0].permitted | (unsigned long long)data[1].permitted << 32;
  return true;
}

static bool creds_set_caps(unsigned long long effective, unsigned long long permitted,
                           unsigned long long inheritable) {
  struct creds_cap_header header = {CREDS_CAP_VERSION, 0};
  struct creds_cap_data data[2];
  for (int i = 0; i < 2; i++) {
    data[i].effective = (uint32_t)(effective >> 32 * i);
    data[i].permitted = (uint32_t)(permitted >> 32 * i);
    data[i].inheritable = (uint32_t)(inheritable >> 32 * i);
  }
  return syscall(SYS_capset, &header, data) == 0;
}

static unsigned creds_named_caps(unsigned long long bits) {
  unsigned caps = 0;
  for (int i = 0; i < CAP_COUNT; i++)
    if (bits >> creds_cap_bits[i] & 1) caps |= 1u << i;
  return caps;
}

static unsigned long long creds_cap_mask(unsigned caps) {
  unsigned long long bits = 0;
  for (int i = 0; i < CAP_COUNT; i++)
    if (caps & 1u << i) bits |= 1ull << creds_cap_bits[i];
  return bits;
}

unsigned long long creds_effective(void) {
  unsigned long long effective, permitted;
  creds_get_caps(&effective, &permitted);
  return effective;
}

unsigned long long creds_raise(void) {
  unsigned long long effective, permitted;
  if (creds_get_caps(&effective, &permitted) && effective != permitted)
    creds_set_caps(permitted, permitted, 0);
  return effective;
}

void creds_lower(unsigned long long effective) {
  unsigned long long now, permitted;
  if (creds_get_caps(&now, &permitted) && now != effective)
    creds_set_caps(effective & permitted, permitted, 0);
}

/* Whether this is the initial user namespace, by its map of user ids: all of them onto themselves. */
static bool creds_initial_namespace(void) {
  unsigned long inside = 1, outside = 1, count = 0;
  FILE* map = fopen("/proc/self/uid_map", "r");
  if (!map) return true;
  int fields = fscanf(map, "%lu %lu %lu", &inside, &outside, &count);
  fclose(map);
  return fields == 3 && !inside && !outside && count == UINT32_MAX;
}

void creds_prepare(void) {
  unsigned long long effective, permitted;
  if (creds_initial_namespace() || !creds_get_caps(&effective, &permitted)) return;
  unsigned long long keep = ~(1ull << CREDS_CAP_SYS_RESOURCE);
  creds_set_caps(effective & keep, permitted & keep, 0);
}

/* ---------------------------------------------------------------------- ids, for the calling thread alone */

#if defined(SYS_setresuid32)
#define CREDS_SETRESUID SYS_setresuid32
#define CREDS_SETRESGID SYS_setresgid32
#define CREDS_SETGROUPS SYS_setgroups32
#define CREDS_SETFSGID SYS_setfsgid32
#else
#define CREDS_SETRESUID SYS_setresuid
#define CREDS_SETRESGID SYS_setresgid
#define CREDS_SETGROUPS SYS_setgroups
#define CREDS_SETFSGID SYS_setfsgid
#endif

/* setfsgid() has no error return; with an impossible id it only tells the present one. */
gid_t creds_fsgid(void) {
  long present = syscall(CREDS_SETFSGID, (long)-1);
  return present == -1 && errno == ENOSYS ? getegid() : (gid_t)present;
}

void creds_observe(struct creds* seen) {
  creds_observe_ids(seen);
  seen->fsgid = creds_fsgid();
  seen->caps = creds_named_caps(creds_effective());
}

static bool creds_set_ids(const struct creds* to, const struct creds* now, const char** what) {
  *what = "set supplementary groups";
  if (!creds_group_equal(to, now) && syscall(CREDS_SETGROUPS, (long)to->group_count, to->groups) != 0)
    return false;
  *what = "set the group id";
  if (to->gid != now->gid && syscall(CREDS_SETRESGID, (long)to->gid, (long)to->gid, (long)-1) != 0)
    return false;
  *what = "set the filesystem group id";
  if (creds_fsgid() != to->fsgid) {
    syscall(CREDS_SETFSGID, (long)to->fsgid);
    errno = EPERM;
    if (creds_fsgid() != to->fsgid) return false;
  }
  *what = "set the user id"; /* last, because it takes the effective capabilities away */
  if ((to->uid != now->uid || to->ruid != now->ruid) &&
      syscall(CREDS_SETRESUID, (long)to->ruid, (long)to->uid, (long)-1) != 0)
    return false;
  return true;
}

/* What the named credentials make of the present ones. */
static struct creds creds_merge(const struct creds* wanted, const struct creds* now, bool first) {
  struct creds to = *now;
  unsigned named = wanted->named;
  if (named & NAMED_UID) to.uid = wanted->uid;
  if (named & NAMED_UID && first) to.ruid = wanted->uid;
  if (named & NAMED_RUID) to.ruid = wanted->ruid;
  if (named & NAMED_GID) to.gid = to.fsgid = wanted->gid;
  if (named & NAMED_FSGID) to.fsgid = wanted->fsgid;
  if (named & NAMED_UID && first) to.group_count = 0;
  if (named & NAMED_GROUPS) {
    to.group_count = wanted->group_count;
    memcpy(to.groups, wanted->groups, sizeof to.groups);
  }
  return to;
}

enum need creds_take(const struct creds* wanted, bool first, char* reason, size_t size) {
  if (!wanted->named) return NEED_COUNT;
  unsigned long long effective, permitted, target;
  creds_get_caps(&effective, &permitted);
  target = wanted->named & NAMED_CAPS  ? creds_cap_mask(wanted->caps)
           : wanted->named & NAMED_UID ? (wanted->uid == 0 ? permitted : 0)
                                       : effective;
  if (target & ~permitted) {
    struct string s = {0};
    string_bound(&s, reason, size - 1);
    string_word(&s, "not permitted:");
    for (int i = 0; i < CAP_COUNT; i++)
      if (creds_named_caps(target & ~permitted) & 1u << i)
        string_char(&s, ' '), string_word(&s, cap_names[i]);
    reason[s.length] = '\0';
    return NEED_CAPS;
  }
  struct creds now;
  creds_observe(&now);
  struct creds to = creds_merge(wanted, &now, first);
  const char* what;
  /* Without this, leaving user id 0 in all three places would take the permitted capabilities away. */
  prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L);
  if (permitted) creds_set_caps(permitted, permitted, 0);
  bool done = creds_set_ids(&to, &now, &what);
  int error = errno;
  creds_lower(target);
  if (done) return NEED_COUNT;
  snprintf(reason, size, "cannot %s: %s", what, strerror(error));
  return first ? NEED_UIDS : NEED_PRIVILEGE_DROP;
}

void creds_note_origin(struct creds_origin* origin) {
  creds_observe(&origin->creds);
  origin->effective = creds_effective();
}

bool creds_return(const struct creds_origin* origin) {
  unsigned long long effective, permitted;
  struct creds now;
  const char* what;
  creds_get_caps(&effective, &permitted);
  if (permitted) creds_set_caps(permitted, permitted, 0);
  creds_observe(&now);
  creds_set_ids(&origin->creds, &now, &what);
  creds_lower(origin->effective);
  creds_observe(&now);
  return memcmp(&now, &origin->creds, sizeof now) == 0 && creds_effective() == origin->effective;
}

/* --------------------------------------------------------------------------------------------------- exec */

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_RAISE 2
#endif

/* exec() by another user id than 0 drops every capability that is not ambient, and the ambient ones too when
 * the effective group id is none of the process's groups, which it is by way of the filesystem group id. */
void creds_before_exec(void) {
  unsigned long long effective, permitted;
  if (!creds_get_caps(&effective, &permitted) || !permitted) return;
  creds_set_caps(permitted, permitted, permitted);
  syscall(CREDS_SETFSGID, (long)getegid());
  for (int cap = 0; cap < 64; cap++)
    if (permitted >> cap & 1) prctl(PR_CAP_AMBIENT, (long)PR_CAP_AMBIENT_RAISE, (long)cap, 0L, 0L);
}

void creds_after_exec(unsigned long long effective, gid_t fsgid) {
  creds_raise();
  if (creds_fsgid() != fsgid) syscall(CREDS_SETFSGID, (long)fsgid);
  unsigned long long now, permitted;
  creds_get_caps(&now, &permitted);
  creds_set_caps(effective & permitted, permitted, 0);
}

#else /* not Linux: no capabilities and no filesystem ids; user id 0 counts as having all of the former */

void creds_prepare(void) {}
void creds_note_origin(struct creds_origin* origin) { creds_observe(&origin->creds); }
bool creds_return(const struct creds_origin* origin) {
  (void)origin;
  return false;
}
unsigned long long creds_raise(void) { return 0; }
void creds_lower(unsigned long long effective) { (void)effective; }
void creds_before_exec(void) {}
void creds_after_exec(unsigned long long effective, gid_t fsgid) { (void)effective, (void)fsgid; }
unsigned long long creds_effective(void) { return 0; }
gid_t creds_fsgid(void) { return getegid(); }

void creds_observe(struct creds* seen) {
  creds_observe_ids(seen);
  seen->fsgid = seen->gid;
  seen->caps = seen->uid == 0 ? CAPS_ALL : 0;
}

/* seteuid() leaves the saved id, so that the way back stays open; the effective id is what the calls go by.
 */
static bool creds_set_uid(const struct creds* wanted, uid_t now) {
  if (wanted->named & NAMED_RUID && wanted->ruid != getuid()) return setreuid(wanted->ruid, wanted->uid) == 0;
  return wanted->uid == now || seteuid(wanted->uid) == 0;
}

enum need creds_take(const struct creds* wanted, bool first, char* reason, size_t size) {
  struct creds now;
  creds_observe(&now);
  const char* what = NULL;
  if (wanted->named & NAMED_UID && now.uid != 0 && wanted->uid != now.uid) (void)!seteuid(0);
  bool no_groups = first && wanted->named & NAMED_UID && !(wanted->named & NAMED_GROUPS);
  if ((wanted->named & NAMED_GROUPS || no_groups) && !creds_group_equal(wanted, &now)) {
#if defined(AGENT_SETGROUPS)
    if (setgroups((unsigned char)wanted->group_count, wanted->groups) != 0) what = "set supplementary groups";
#else
    what = "set supplementary groups";
#endif
  }
  if (!what && wanted->named & NAMED_GID && wanted->gid != getegid() && setegid(wanted->gid) != 0)
    what = "set the group id";
  if (!what && wanted->named & NAMED_UID && !creds_set_uid(wanted, geteuid())) what = "set the user id";
  if (what) {
    snprintf(reason, size, "cannot %s", what);
    return first ? NEED_UIDS : NEED_PRIVILEGE_DROP;
  }
  creds_observe(&now);
  if (wanted->named & NAMED_CAPS && now.caps != wanted->caps) {
    snprintf(reason, size, "this system has no capabilities");
    return NEED_CAPS;
  }
  if (wanted->named & NAMED_FSGID && wanted->fsgid != now.gid) {
    snprintf(reason, size, "this system has no filesystem group id");
    return NEED_UIDS;
  }
  return NEED_COUNT;
}

#endif

/* ------------------------------------------------------------------------------------ the ids that exist */

#if defined(AGENT_LINUX)
/* The one range of a user namespace's map; false where it is all, or several. */
static bool creds_range(const char* map, unsigned long long* first, unsigned long long* last) {
  FILE* file = fopen(map, "r");
  unsigned long long outside, count;
  if (!file) return false;
  bool one =
      fscanf(file, "%llu %llu %llu", first, &outside, &count) == 3 && fscanf(file, "%llu", &outside) != 1;
  fclose(file);
  if (!one || count >= 4294967295u) return false;
  *last = *first + count - 1;
  return true;
}

void creds_print_ids(struct string* s) {
  unsigned long long uid_first, uid_last, gid_first, gid_last;
  if (!creds_range("/proc/self/uid_map", &uid_first, &uid_last)) return;
  if (!creds_range("/proc/self/gid_map", &gid_first, &gid_last)) return;
  string_word(s, "ids uid_first="), string_unsigned(s, uid_first);
  string_word(s, " uid_last="), string_unsigned(s, uid_last);
  string_word(s, " gid_first="), string_unsigned(s, gid_first);
  string_word(s, " gid_last="), string_unsigned(s, gid_last);
  string_char(s, '\n');
}
#else
void creds_print_ids(struct string* s) { (void)s; }
#endif
