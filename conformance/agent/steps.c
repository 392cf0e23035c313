/* What a worker does for each step: prepare what the call needs, make it between two stamps, describe the
 * result. */

#include "calls.h"
#include "result.h"

enum { STEP_ALIGNMENT = 16 };

/* ------------------------------------------------------------------------------------------------ records */

struct record* record_begin(struct slot* slot, const struct step* step, struct string* out) {
  struct record* record = (struct record*)(void*)(slot->arena + slot->used);
  size_t header = (sizeof *record + STEP_ALIGNMENT - 1) / STEP_ALIGNMENT * STEP_ALIGNMENT;
  if (slot->used + header + 4096 > SLOT_ARENA) return NULL;
  memset(record, 0, sizeof *record);
  record->step = step->place;
  record->unshared = slot->unshared;
  string_bound(out, (char*)record + header, SLOT_ARENA - slot->used - header);
  agent_fence();
  slot->making = true;
  return record;
}

void record_end(struct slot* slot, struct record* record, const struct string* out, enum record_state state) {
  size_t header = (sizeof *record + STEP_ALIGNMENT - 1) / STEP_ALIGNMENT * STEP_ALIGNMENT;
  record->length = out->length;
  agent_fence();
  record->state = (int)state;
  slot->making = false;
  slot->used += (header + out->length + STEP_ALIGNMENT - 1) / STEP_ALIGNMENT * STEP_ALIGNMENT;
  agent_fence();
}

/* One step being done. */
struct act {
  struct worker* worker;
  const struct step* step;
  struct record* record;
  struct string out;
  long long value;
  int error;
};

/* The call itself stands between these two and nothing else does. */
static void act_begin(struct act* act) {
  struct slot* slot = act->worker->slot;
  act->record->call = stamp_now();
  act->record->state = RECORD_CALLED;
  agent_fence();
  slot->progress++;
  agent_fence();
  errno = 0;
}

static void act_return(struct act* act, long long value) {
  act->error = value == -1 ? errno : 0;
  act->record->ret = stamp_now();
  agent_fence();
  act->worker->slot->progress++;
  act->record->value = act->value = value;
}

static void act_number(struct act* act) {
  string_number(&act->out, act->value);
  if (!act->error) return;
  string_char(&act->out, ' ');
  errno_print(&act->out, act->error);
}

static enum record_state act_unsupported(struct act* act, enum need need, const char* reason) {
  act->out.length = 0;
  string_word(&act->out, need_names[need]);
  string_char(&act->out, ' ');
  string_word(&act->out, reason);
  return RECORD_UNSUPPORTED;
}

static enum record_state act_failed(struct act* act, const char* reason) {
  act->out.length = 0;
  string_word(&act->out, reason);
  return RECORD_FAILED;
}

static long long act_id(const struct act* act) {
  const struct expression* id = &act->step->id;
  return id->variable < 0 ? id->value : act->worker->shared->variables[id->variable] + id->value;
}

/* -------------------------------------------------------------------------------------------- queue calls */

static enum record_state step_msgget(struct act* act) {
  key_t key = (key_t)act_id(act);
  int flags = flags_of_system(act->step->flags);
  act_begin(act);
  int id = calls.msgget(key, flags);
  act_return(act, id);
  act_number(act);
  return RECORD_RETURNED;
}

static enum record_state step_msgsnd(struct act* act) {
  const struct step* step = act->step;
  if (!region_make(&act->worker->region)) return act_failed(act, "no memory");
  struct span span = region_message(&act->worker->region, step->memory, (message_type)step->type,
                                    step->pieces, step->piece_count, (size_t)step->size);
  int id = (int)act_id(act), flags = flags_of_system(step->flags);
  act_begin(act);
  int result = calls.msgsnd(id, span.begin, (size_t)step->size, flags);
  act_return(act, result);
  act_number(act);
  return RECORD_RETURNED;
}

static void step_received(struct act* act, const struct span* span) {
  struct worker* worker = act->worker;
  message_type type;
  size_t count = (size_t)act->value, room = (size_t)(span->end - span->begin);
  if (room < sizeof type) return;
  memcpy(&type, span->begin, sizeof type);
  if (count > room - sizeof type) count = room - sizeof type;
  const char* text = span->begin + sizeof type;
  string_word(&act->out, " {");
  string_number(&act->out, type);
  string_word(&act->out, ", ");
  text_print(&act->out, text, count, worker->scenario->seeds, worker->scenario->seed_count);
  string_char(&act->out, '}');
  if (region_changed(&worker->region, text + count, span->end)) string_word(&act->out, " overrun");
}

static enum record_state step_msgrcv(struct act* act) {
  const struct step* step = act->step;
  struct region* region = &act->worker->region;
  if (!region_make(region)) return act_failed(act, "no memory");
  struct span span = region_buffer(region, step->memory, (size_t)step->size, (size_t)step->accessible);
  int id = (int)act_id(act), flags = flags_of_system(step->flags);
  act_begin(act);
  ssize_t result = calls.msgrcv(id, span.begin, (size_t)step->size, (long)step->type, flags);
  act_return(act, result);
  act_number(act);
  if (act->value >= 0)
    step_received(act, &span);
  else if (region_changed(region, span.begin, span.end))
    string_word(&act->out, " touched");
  region_release(region);
  return RECORD_RETURNED;
}

/* The field is a mode_t by the standard, a short in some libraries; what does not fit is cut, as in any
 * program. */
static void step_set_mode(struct msqid_ds* set, unsigned mode) {
  set->msg_perm.mode = 0;
  for (unsigned bit = 1; bit && bit <= 0100000; bit <<= 1)
    if (mode & bit) set->msg_perm.mode |= bit;
}

static enum record_state step_msgctl(struct act* act) {
  const struct step* step = act->step;
  struct region* region = &act->worker->region;
  if (!region_make(region)) return act_failed(act, "no memory");
  struct msqid_ds set, status;
  struct span span = region_buffer(region, step->memory, sizeof set, (size_t)step->accessible);
  if (step->command == COMMAND_IPC_SET && step->memory == MEMORY_GOOD) {
    memcpy(&set, span.begin, sizeof set); /* the fields that IPC_SET does not take keep the pattern */
    set.msg_perm.uid = step->setting.uid;
    set.msg_perm.gid = step->setting.gid;
    step_set_mode(&set, step->setting.mode);
    set.msg_qbytes = (msglen_t)step->setting.qbytes;
    memcpy(span.begin, &set, sizeof set);
  }
  int id = (int)act_id(act), command = command_of_system(step->command);
  act_begin(act);
  int result = calls.msgctl(id, command, (struct msqid_ds*)(void*)span.begin);
  act_return(act, result);
  act_number(act);
  if (act->value >= 0 && span.end - span.begin >= (ptrdiff_t)sizeof status) {
    memcpy(&status, span.begin, sizeof status);
    if (step->command == COMMAND_IPC_STAT || step->command == COMMAND_MSG_STAT ||
        step->command == COMMAND_MSG_STAT_ANY)
      result_stat(&act->out, act->worker, &status);
    else if (step->command == COMMAND_IPC_INFO || step->command == COMMAND_MSG_INFO)
      result_info(&act->out, &status);
  }
  region_release(region);
  return RECORD_RETURNED;
}

/* ------------------------------------------------------------------------------------------ other objects */

static enum record_state step_shmget(struct act* act) {
  key_t key = (key_t)act_id(act);
  int flags = flags_of_system(act->step->flags);
  act_begin(act);
  int id = shmget(key, (size_t)act->step->size, flags);
  act_return(act, id);
  if (act->error == ENOSYS) return act_unsupported(act, NEED_SHM, "no shared memory segments");
  act_number(act);
  return RECORD_RETURNED;
}

static enum record_state step_table(struct act* act) {
  size_t size = 1 << 16;
  char* text = malloc(size + 1);
  ssize_t length = -1;
  struct stamp began = {0, 0};
  for (bool again = true;
       again && text;) { /* a table that outgrew the memory is read anew, which counts as one call */
    act_begin(act);
    if (began.nanoseconds) act->record->call = began;
    began = act->record->call;
    length = calls.table(text, size);
    act_return(act, length);
    again = length >= 0 && (size_t)length >= size;
    if (!again) break;
    free(text);
    size = 2 * (size_t)length;
    text = malloc(size + 1);
  }
  if (!text) return act_failed(act, "no memory");
  if (length < 0) {
    free(text);
    return act_unsupported(act, NEED_TABLE, strerror(act->error));
  }
  text[length] = '\0';
  /* The number of rows stands before them but is known after them. */
  char* rows_text = act->out.data;
  size_t capacity = act->out.capacity;
  enum { STEP_DIGITS = 8 };
  string_bound(&act->out, rows_text + STEP_DIGITS, capacity - STEP_DIGITS);
  int rows = result_table(&act->out, act->worker, text);
  free(text);
  size_t rows_length = act->out.length;
  bool overflow = act->out.overflow;
  string_bound(&act->out, rows_text, capacity);
  if (rows < 0) return act_failed(act, "the table of queues is not in the known form");
  string_number(&act->out, rows);
  memmove(rows_text + act->out.length, rows_text + STEP_DIGITS, rows_length);
  act->out.length += rows_length;
  act->out.overflow = overflow;
  return RECORD_RETURNED;
}

static enum need step_limit_need(int limit) {
  return limit == LIMIT_MSG_NEXT_ID ? NEED_NEXT_ID : NEED_LIMITS;
}

static enum record_state step_getlimit(struct act* act) {
  long value = 0;
  act_begin(act);
  int result = calls.limit_get(act->step->limit, &value);
  act_return(act, result);
  if (result != 0) return act_unsupported(act, step_limit_need(act->step->limit), strerror(act->error));
  string_number(&act->out, value);
  return RECORD_RETURNED;
}

/* Where the conductor may not set a limit, the scenario cannot be conducted; where an actor may not, that is
 * a result. */
static enum record_state step_setlimit(struct act* act) {
  act_begin(act);
  int result = calls.limit_set(act->step->limit, (long)act->step->number);
  act_return(act, result);
  int error = act->error;
  bool absent = error == ENOENT || error == ENOSYS || error == EROFS;
  bool forbidden = error == EACCES || error == EPERM;
  if (absent || (forbidden && act->step->actor == CONDUCTOR))
    return act_unsupported(act, step_limit_need(act->step->limit), strerror(error));
  act_number(act);
  return RECORD_RETURNED;
}

/* -------------------------------------------------------------------------------------------------- files */

enum { STEP_PATH = 512 };

static const char* step_path(const struct act* act, const char* path, char* room) {
  if (*path == '/') return path;
  snprintf(room, STEP_PATH, "%s/%s", act->worker->shared->scratch, path);
  return room;
}

static enum record_state step_create(struct act* act) {
  char room[STEP_PATH];
  const char* path = step_path(act, act->step->path, room);
  struct stat status;
  memset(&status, 0, sizeof status);
  act_begin(act);
  int file = open(path, O_CREAT | O_WRONLY, 0666);
  act_return(act, file < 0 ? -1 : 0);
  if (file >= 0) {
    fchmod(file, 0666);
    fstat(file, &status);
    close(file);
  }
  act_number(act);
  if (file < 0) return RECORD_RETURNED;
  string_word(&act->out, " {dev="), string_unsigned(&act->out, (unsigned long long)status.st_dev);
  string_word(&act->out, ", ino="), string_unsigned(&act->out, (unsigned long long)status.st_ino);
  string_char(&act->out, '}');
  return RECORD_RETURNED;
}

static enum record_state step_file(struct act* act) {
  char room[STEP_PATH], other_room[STEP_PATH];
  const struct step* step = act->step;
  const char* path = step_path(act, step->path, room);
  const char* other = step->other ? step_path(act, step->other, other_room) : NULL;
  long long result;
  act_begin(act);
  switch (step->call) {
    case CALL_FTOK: result = ftok(path, (int)step->number); break;
    case CALL_LINK: result = link(path, other); break;
    case CALL_SYMLINK: result = symlink(path, other); break;
    case CALL_UNLINK: result = unlink(path); break;
    default: result = mkdir(path, (mode_t)step->flags); break;
  }
  act_return(act, result);
  if (step->call == CALL_MKDIR && result == 0) chmod(path, (mode_t)step->flags); /* whatever the umask is */
  act_number(act);
  return RECORD_RETURNED;
}

/* -------------------------------------------------------------------------------------------- the process */

static enum record_state step_become(struct act* act) {
  char reason[200];
  act_begin(act);
  enum need need = worker_become(act->worker, act->step->creds, reason, sizeof reason);
  act_return(act, 0);
  if (need != NEED_COUNT) return act_unsupported(act, need, reason);
  act_number(act);
  return RECORD_RETURNED;
}

static void step_handler_function(int number) { (void)number; }

static enum record_state step_handler(struct act* act) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  int how = act->step->how;
  action.sa_handler = how == HOW_IGNORE ? SIG_IGN : how == HOW_DEFAULT ? SIG_DFL : step_handler_function;
  action.sa_flags = how == HOW_RESTART ? SA_RESTART : 0;
  act->worker->signals_changed = true;
  act_begin(act);
  int result = sigaction(act->step->signal, &action, NULL);
  act_return(act, result);
  act_number(act);
  return RECORD_RETURNED;
}

static enum record_state step_mask(struct act* act) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, act->step->signal);
  act->worker->signals_changed = true;
  act_begin(act);
  int error = pthread_sigmask(act->step->call == CALL_MASK ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
  errno = error;
  act_return(act, error ? -1 : 0);
  act_number(act);
  return RECORD_RETURNED;
}

static enum record_state step_exec(struct act* act) {
  act->worker->slot->step = act->step->place;
  act_begin(act);
  int error = worker_exec(act->worker);
  act_return(act, 0);
  return act_unsupported(act, NEED_EXEC, strerror(error));
}

static enum record_state step_unshare(struct act* act) {
  struct slot* slot = act->worker->slot;
  if (calls.needs_directory)
    snprintf(slot->directory, sizeof slot->directory, "%.200s/%d.%d", act->worker->shared->directory,
             act->worker->actor, act->step->place);
  unsigned long long effective = creds_raise();
  act_begin(act);
  int result = calls.namespace_new(slot->directory);
  act_return(act, result);
  creds_lower(effective);
  if (result != 0) return act_unsupported(act, NEED_NAMESPACES, strerror(act->error));
  slot->unshared = true;
  act->worker->in_namespace = 0;
  act_number(act);
  return RECORD_RETURNED;
}

static enum record_state step_dispatch(struct act* act) {
  switch (act->step->call) {
    case CALL_MSGGET: return step_msgget(act);
    case CALL_MSGSND: return step_msgsnd(act);
    case CALL_MSGRCV: return step_msgrcv(act);
    case CALL_MSGCTL: return step_msgctl(act);
    case CALL_SHMGET: return step_shmget(act);
    case CALL_TABLE: return step_table(act);
    case CALL_GETLIMIT: return step_getlimit(act);
    case CALL_SETLIMIT: return step_setlimit(act);
    case CALL_BECOME: return step_become(act);
    case CALL_HANDLER: return step_handler(act);
    case CALL_MASK:
    case CALL_UNMASK: return step_mask(act);
    case CALL_EXIT: act_begin(act); _exit((int)act->step->number);
    case CALL_EXEC: return step_exec(act);
    case CALL_UNSHARE: return step_unshare(act);
    case CALL_CREATE: return step_create(act);
    case CALL_FTOK:
    case CALL_LINK:
    case CALL_SYMLINK:
    case CALL_UNLINK:
    case CALL_MKDIR: return step_file(act);
    default: return act_failed(act, "not a step of a worker");
  }
}

static bool step_end(struct act* act, enum record_state state) {
  if (act->out.overflow) state = act_failed(act, "the results of a block exceed the memory for them");
  if (act->step->variable >= 0 && state == RECORD_RETURNED)
    act->worker->shared->variables[act->step->variable] = act->value;
  record_end(act->worker->slot, act->record, &act->out, state);
  return state == RECORD_RETURNED;
}

bool step_perform(struct worker* worker, const struct step* step) {
  struct act act = {worker, step, NULL, {0}, 0, 0};
  act.record = record_begin(worker->slot, step, &act.out);
  return act.record && step_end(&act, step_dispatch(&act)); /* the conductor sees a step without a record */
}

void step_executed(struct worker* worker, const struct step* step) {
  struct act act = {worker, step, NULL, {0}, 0, 0};
  struct stamp call = ((struct record*)(void*)(worker->slot->arena + worker->slot->used))->call;
  act.record = record_begin(worker->slot, step, &act.out);
  act.record->call = call;
  act_return(&act, 0);
  act_number(&act);
  step_end(&act, RECORD_RETURNED);
}
