#include "result.h"

/* A process or thread by the name that the scenario has for it. */
static void result_pid(struct string* out, const struct worker* worker, long long pid) {
  const struct scenario* scenario = worker->scenario;
  if (pid > 0) {
    for (int i = 0; i < scenario->actor_count; i++) {
      const struct slot* slot = &worker->shared->slots[i];
      if (scenario->actors[i].process == i ? slot->pid == pid : slot->tid == pid) {
        string_word(out, scenario->actors[i].name);
        return;
      }
    }
    if (pid == worker->shared->conductor) {
      string_word(out, "conductor");
      return;
    }
  }
  string_number(out, pid);
}

static void result_field(struct string* out, const char* name, unsigned long long value) {
  string_word(out, name);
  string_unsigned(out, value);
}

void result_stat(struct string* out, const struct worker* worker, const struct msqid_ds* status) {
  string_word(out, " {");
#if defined(__GLIBC__)
  string_word(out, "key="), string_hex(out, (uint32_t)status->msg_perm.__key, 8), string_word(out, ", ");
#elif defined(AGENT_LINUX) /* musl */
  string_word(out, "key="), string_hex(out, (uint32_t)status->msg_perm.__ipc_perm_key, 8),
      string_word(out, ", ");
#endif
  result_field(out, "uid=", (uint32_t)status->msg_perm.uid);
  result_field(out, ", gid=", (uint32_t)status->msg_perm.gid);
  result_field(out, ", cuid=", (uint32_t)status->msg_perm.cuid);
  result_field(out, ", cgid=", (uint32_t)status->msg_perm.cgid);
  string_word(out, ", mode="), string_octal(out, (unsigned long)status->msg_perm.mode);
  result_field(out, ", qnum=", status->msg_qnum);
#if defined(__GLIBC__)
  result_field(out, ", cbytes=", status->__msg_cbytes);
#elif defined(AGENT_LINUX)
  result_field(out, ", cbytes=", status->msg_cbytes);
#endif
  result_field(out, ", qbytes=", status->msg_qbytes);
  string_word(out, ", lspid="), result_pid(out, worker, status->msg_lspid);
  string_word(out, ", lrpid="), result_pid(out, worker, status->msg_lrpid);
  string_word(out, ", stime="), string_number(out, (long long)status->msg_stime);
  string_word(out, ", rtime="), string_number(out, (long long)status->msg_rtime);
  string_word(out, ", ctime="), string_number(out, (long long)status->msg_ctime);
  string_char(out, '}');
}

/* Linux's struct msginfo: seven ints and an unsigned short. */
void result_info(struct string* out, const void* info) {
  static const char* const names[] = {"msgpool", "msgmap", "msgmax", "msgmnb", "msgmni", "msgssz", "msgtql"};
  int numbers[7];
  unsigned short segments;
  memcpy(numbers, info, sizeof numbers);
  memcpy(&segments, (const char*)info + sizeof numbers, sizeof segments);
  for (int i = 0; i < 7; i++) {
    string_word(out, i ? ", " : " {");
    string_word(out, names[i]);
    string_char(out, '=');
    string_number(out, numbers[i]);
  }
  result_field(out, ", msgseg=", segments);
  string_char(out, '}');
}

/* -------------------------------------------------------------------------------------------------- table */

enum { TABLE_COLUMNS = 14 };
static const char* const table_columns[TABLE_COLUMNS] = {"key",   "msqid", "perms", "cbytes", "qnum",
                                                         "lspid", "lrpid", "uid",   "gid",    "cuid",
                                                         "cgid",  "stime", "rtime", "ctime"};

static void result_cell(struct string* out, const struct worker* worker, const char* column,
                        const char* cell) {
  if (!strcmp(column, "key"))
    string_hex(out, (uint32_t)strtoll(cell, NULL, 10), 8);
  else if (!strcmp(column, "perms"))
    string_octal(out, strtoul(cell, NULL, 8));
  else if (!strcmp(column, "lspid") || !strcmp(column, "lrpid"))
    result_pid(out, worker, strtoll(cell, NULL, 10));
  else
    string_word(out, cell);
}

/* Splits a line into words, in place; returns how many there are. */
static int result_words(char* line, char* words[], int room) {
  int count = 0;
  char* rest = NULL;
  for (char* word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
    if (count < room) words[count++] = word;
  return count;
}

int result_table(struct string* out, const struct worker* worker, char* text) {
  char *rest = NULL, *header[2 * TABLE_COLUMNS], *cells[2 * TABLE_COLUMNS];
  char* line = strtok_r(text, "\n", &rest);
  if (!line) return -1;
  int columns = result_words(line, header, 2 * TABLE_COLUMNS), rows = 0;
  while ((line = strtok_r(NULL, "\n", &rest))) {
    if (result_words(line, cells, 2 * TABLE_COLUMNS) != columns) return -1;
    bool more = false;
    for (int wanted = 0; wanted < TABLE_COLUMNS; wanted++) {
      int column = name_index((const char* const*)header, columns, table_columns[wanted]);
      if (column < 0) continue;
      string_word(out, more ? ", " : " {");
      string_word(out, table_columns[wanted]);
      string_char(out, '=');
      result_cell(out, worker, table_columns[wanted], cells[column]);
      more = true;
    }
    string_char(out, '}');
    rows++;
  }
  return rows;
}
