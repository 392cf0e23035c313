/* The names of the language: errno, signals, flags, commands, limits, capabilities, calls. Constant, any
 * thread. */
#ifndef SVMQ_AGENT_NAMES_H
#define SVMQ_AGENT_NAMES_H

#include "text.h"

/* Flags and commands stand in a scenario, and in this program, with the numbers that Linux gives them. */
enum {
  FLAG_IPC_CREAT = 01000,
  FLAG_IPC_EXCL = 02000,
  FLAG_IPC_NOWAIT = 04000,
  FLAG_MSG_NOERROR = 010000,
  FLAG_MSG_EXCEPT = 020000,
  FLAG_MSG_COPY = 040000
};
enum {
  COMMAND_IPC_RMID = 0,
  COMMAND_IPC_SET = 1,
  COMMAND_IPC_STAT = 2,
  COMMAND_IPC_INFO = 3,
  COMMAND_MSG_STAT = 11,
  COMMAND_MSG_INFO = 12,
  COMMAND_MSG_STAT_ANY = 13
};

/* MSG_NOERROR and MSG_EXCEPT share their bits with none of msgget's, but on other systems the numbers differ:
 * these give the numbers of the system, known bits translated, others as they are. */
int flags_of_system(unsigned flags);
int command_of_system(int command);

enum call {
  CALL_MSGGET,
  CALL_MSGSND,
  CALL_MSGRCV,
  CALL_MSGCTL,
  CALL_FTOK,
  CALL_SHMGET,
  CALL_TABLE,
  CALL_GETLIMIT,
  CALL_SETLIMIT,
  CALL_BECOME,
  CALL_HANDLER,
  CALL_MASK,
  CALL_UNMASK,
  CALL_EXIT,
  CALL_EXEC,
  CALL_UNSHARE,
  CALL_CREATE,
  CALL_LINK,
  CALL_SYMLINK,
  CALL_UNLINK,
  CALL_MKDIR,
  CALL_KILL,
  CALL_TICK,
  CALL_COUNT
};

enum disposition { HOW_CATCH, HOW_RESTART, HOW_IGNORE, HOW_DEFAULT, HOW_COUNT };

enum need {
  NEED_UIDS,
  NEED_CAPS,
  NEED_NAMESPACES,
  NEED_LIMITS,
  NEED_THREADS,
  NEED_EXEC,
  NEED_STOP,
  NEED_SIGNALS,
  NEED_FILES,
  NEED_TABLE,
  NEED_SHM,
  NEED_NEXT_ID,
  NEED_PRIVILEGE_DROP,
  NEED_COUNT
};

enum { LIMIT_MSGMAX, LIMIT_MSGMNB, LIMIT_MSGMNI, LIMIT_MSG_NEXT_ID, LIMIT_AUTO_MSGMNI, LIMIT_COUNT };
enum { CAP_COUNT = 4, CAPS_ALL = 15 };

extern const char* const call_names[CALL_COUNT];
extern const char* const disposition_names[HOW_COUNT];
extern const char* const need_names[NEED_COUNT];
extern const char* const limit_names[LIMIT_COUNT];
extern const char* const cap_names[CAP_COUNT]; /* bit i of a set of capabilities is cap_names[i] */

/* The index of a word in a table of names, or -1. */
int name_index(const char* const* names, int count, const char* word);

bool flag_value(const char* word, unsigned* value);
bool command_value(const char* word, int* value);
int signal_value(const char* word); /* of those a scenario may use; -1: none */
void signal_print(struct string* s, int signal);
void errno_print(struct string* s, int number);

#endif
