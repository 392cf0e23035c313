#include "names.h"

const char* const call_names[CALL_COUNT] = {"msgget",  "msgsnd",   "msgrcv",   "msgctl",  "ftok",    "shmget",
                                            "table",   "getlimit", "setlimit", "become",  "handler", "mask",
                                            "unmask",  "exit",     "exec",     "unshare", "create",  "link",
                                            "symlink", "unlink",   "mkdir",    "kill",    "tick"};
const char* const disposition_names[HOW_COUNT] = {"catch", "restart", "ignore", "default"};
const char* const need_names[NEED_COUNT] = {"uids", "caps",    "namespaces",    "limits", "threads",
                                            "exec", "stop",    "signals",       "files",  "table",
                                            "shm",  "next_id", "privilege-drop"};
const char* const limit_names[LIMIT_COUNT] = {"msgmax", "msgmnb", "msgmni", "msg_next_id", "auto_msgmni"};
const char* const cap_names[CAP_COUNT] = {"ipc_owner", "sys_admin", "sys_resource", "checkpoint_restore"};

int name_index(const char* const* names, int count, const char* word) {
  for (int i = 0; i < count; i++)
    if (!strcmp(names[i], word)) return i;
  return -1;
}

/* ------------------------------------------------------------------------------------- flags and commands */

#ifndef MSG_EXCEPT
#define MSG_EXCEPT FLAG_MSG_EXCEPT
#endif
#ifndef MSG_COPY
#define MSG_COPY FLAG_MSG_COPY
#endif
#ifndef IPC_INFO
#define IPC_INFO COMMAND_IPC_INFO
#endif
#ifndef MSG_STAT
#define MSG_STAT COMMAND_MSG_STAT
#endif
#ifndef MSG_INFO
#define MSG_INFO COMMAND_MSG_INFO
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY COMMAND_MSG_STAT_ANY
#endif

static const struct {
  const char* name;
  int linux_number, number;
} name_flags[] = {{"IPC_CREAT", FLAG_IPC_CREAT, IPC_CREAT},    {"IPC_EXCL", FLAG_IPC_EXCL, IPC_EXCL},
                  {"IPC_NOWAIT", FLAG_IPC_NOWAIT, IPC_NOWAIT}, {"MSG_NOERROR", FLAG_MSG_NOERROR, MSG_NOERROR},
                  {"MSG_EXCEPT", FLAG_MSG_EXCEPT, MSG_EXCEPT}, {"MSG_COPY", FLAG_MSG_COPY, MSG_COPY}},
  name_commands[] = {{"IPC_RMID", COMMAND_IPC_RMID, IPC_RMID},
                     {"IPC_SET", COMMAND_IPC_SET, IPC_SET},
                     {"IPC_STAT", COMMAND_IPC_STAT, IPC_STAT},
                     {"IPC_INFO", COMMAND_IPC_INFO, IPC_INFO},
                     {"MSG_STAT", COMMAND_MSG_STAT, MSG_STAT},
                     {"MSG_INFO", COMMAND_MSG_INFO, MSG_INFO},
                     {"MSG_STAT_ANY", COMMAND_MSG_STAT_ANY, MSG_STAT_ANY}};
enum {
  NAME_FLAGS = sizeof name_flags / sizeof name_flags[0],
  NAME_COMMANDS = sizeof name_commands / sizeof name_commands[0]
};

int flags_of_system(unsigned flags) {
  unsigned known = 0, result = 0;
  for (int i = 0; i < NAME_FLAGS; i++) {
    known |= (unsigned)name_flags[i].linux_number;
    if (flags & (unsigned)name_flags[i].linux_number) result |= (unsigned)name_flags[i].number;
  }
  return (int)(result | (flags & ~known));
}

int command_of_system(int command) {
  for (int i = 0; i < NAME_COMMANDS; i++)
    if (name_commands[i].linux_number == command) return name_commands[i].number;
  return command;
}

bool flag_value(const char* word, unsigned* value) {
  for (int i = 0; i < NAME_FLAGS; i++) {
    if (strcmp(name_flags[i].name, word) != 0) continue;
    *value = (unsigned)name_flags[i].linux_number;
    return true;
  }
  return false;
}

bool command_value(const char* word, int* value) {
  for (int i = 0; i < NAME_COMMANDS; i++) {
    if (strcmp(name_commands[i].name, word) != 0) continue;
    *value = name_commands[i].linux_number;
    return true;
  }
  return false;
}

/* ------------------------------------------------------------------------------------- signals and errors */

struct name_number {
  const char* name;
  int number;
};
#define NAMED(x) \
  { #x, x }

enum { NAME_SCENARIO_SIGNALS = 10 }; /* the first ones may stand in a scenario, all may end a process */
static const struct name_number name_signals[] = {
    NAMED(SIGUSR1),  NAMED(SIGUSR2), NAMED(SIGALRM), NAMED(SIGTERM), NAMED(SIGHUP),  NAMED(SIGCHLD),
#ifdef SIGWINCH
    NAMED(SIGWINCH),
#else
    {"SIGWINCH", -1},
#endif
    NAMED(SIGKILL),  NAMED(SIGSTOP), NAMED(SIGCONT), NAMED(SIGSEGV), NAMED(SIGBUS),  NAMED(SIGABRT),
    NAMED(SIGFPE),   NAMED(SIGILL),  NAMED(SIGTRAP), NAMED(SIGSYS),  NAMED(SIGPIPE), NAMED(SIGINT),
    NAMED(SIGQUIT),  NAMED(SIGXCPU), NAMED(SIGXFSZ)};
enum { NAME_SIGNALS = sizeof name_signals / sizeof name_signals[0] };

int signal_value(const char* word) {
  for (int i = 0; i < NAME_SCENARIO_SIGNALS; i++)
    if (!strcmp(name_signals[i].name, word)) return name_signals[i].number;
  return -1;
}

void signal_print(struct string* s, int signal) {
  for (int i = 0; i < NAME_SIGNALS; i++) {
    if (name_signals[i].number != signal) continue;
    string_word(s, name_signals[i].name);
    return;
  }
  string_word(s, "SIG");
  string_number(s, signal);
}

static const struct name_number name_errors[] = {
    NAMED(E2BIG),     NAMED(EACCES),       NAMED(EAGAIN), NAMED(EBADF),     NAMED(EBUSY),   NAMED(ECHILD),
    NAMED(EDEADLK),   NAMED(EDOM),         NAMED(EEXIST), NAMED(EFAULT),    NAMED(EFBIG),   NAMED(EIDRM),
    NAMED(EINTR),     NAMED(EINVAL),       NAMED(EIO),    NAMED(EISDIR),    NAMED(ELOOP),   NAMED(EMFILE),
    NAMED(EMLINK),    NAMED(ENAMETOOLONG), NAMED(ENFILE), NAMED(ENODEV),    NAMED(ENOENT),  NAMED(ENOEXEC),
    NAMED(ENOLCK),    NAMED(ENOMEM),       NAMED(ENOMSG), NAMED(ENOSPC),    NAMED(ENOSYS),  NAMED(ENOTDIR),
    NAMED(ENOTEMPTY), NAMED(ENOTSUP),      NAMED(ENXIO),  NAMED(EOVERFLOW), NAMED(EPERM),   NAMED(EPIPE),
    NAMED(ERANGE),    NAMED(EROFS),        NAMED(ESRCH),  NAMED(ETIMEDOUT), NAMED(ETXTBSY), NAMED(EXDEV),
#ifdef EUSERS
    NAMED(EUSERS),
#endif
};
enum { NAME_ERRORS = sizeof name_errors / sizeof name_errors[0] };

void errno_print(struct string* s, int number) {
  for (int i = 0; i < NAME_ERRORS; i++) {
    if (name_errors[i].number != number) continue;
    string_word(s, name_errors[i].name);
    return;
  }
  string_number(s, number);
}
