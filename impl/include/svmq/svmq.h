/* libsvmq: System V message queues in shared memory.
 *
 * The four calls have the names, arguments, results and errno values of <sys/msg.h> on Linux; what differs is listed
 * in waivers.toml. All functions may be called from any thread. They return -1 and set errno on failure, and change
 * nothing then unless it is said here. No function is async-signal-safe by POSIX; like the system calls they may
 * nevertheless be called from a signal handler, also from one that interrupted another of these functions.
 *
 * Errors that every function can give besides its own:
 *   ENOSYS  the namespace cannot be used: its directory cannot be created or opened, or its owner, its mode or the
 *           registry inside are not what they must be
 *   ENOMEM  no memory, or the file system under the namespace is full
 */
#ifndef SVMQ_SVMQ_H
#define SVMQ_SVMQ_H

#include <stddef.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/types.h>

#if defined(__GNUC__)
#define SVMQ_API __attribute__((visibility("default")))
#else
#define SVMQ_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The identifier of the queue with that key; makes it where flags say so (IPC_CREAT, IPC_EXCL, mode bits).
 * Success: an identifier >= 0. Errors: ENOENT (no such queue, no IPC_CREAT), EEXIST (IPC_CREAT|IPC_EXCL and it exists),
 * EACCES (it exists and the mode bits in flags are not all granted), ENOSPC (msgmni, or no identifier free).
 * Never blocks. */
SVMQ_API int svmq_msgget(key_t key, int flags);

/* Sends the message at `message` (a long, the type, then `size` bytes).
 * Success: 0, the message is on the queue or has been handed to a waiting receiver.
 * Errors: EFAULT (unreadable message), EINVAL (size, type or identifier), EACCES, EAGAIN (no room and IPC_NOWAIT),
 * EIDRM (removed meanwhile, or its memory is damaged), EINTR, ENOMEM.
 * Blocks while the queue has no room, with a copy of the message taken before. A signal that runs a handler ends the
 * wait with EINTR, also under SA_RESTART; stopping and continuing does not. A cancellation point. */
SVMQ_API int svmq_msgsnd(int id, const void* message, size_t size, int flags);

/* Receives a message into `message` (a long, then room for `size` bytes), chosen by `type` and MSG_EXCEPT.
 * Success: the number of bytes of text. Errors: EINVAL, EACCES, E2BIG (too long and no MSG_NOERROR; it stays),
 * ENOMSG (none fits and IPC_NOWAIT), EFAULT (unwritable buffer: the message is lost, type and a part of the text may
 * have been written), EIDRM, EINTR, ENOMEM, and for MSG_COPY those of that flag.
 * Blocks while no message fits; signals and cancellation as in svmq_msgsnd. If EINTR is returned, no message was
 * taken. A waiting thread has its place by arrival. */
SVMQ_API ssize_t svmq_msgrcv(int id, void* message, size_t size, long type, int flags);

/* IPC_STAT, IPC_SET, IPC_RMID; IPC_INFO, MSG_INFO (buffer: struct msginfo); MSG_STAT, MSG_STAT_ANY (id: an index).
 * Success: 0; an identifier for MSG_STAT and MSG_STAT_ANY; the highest index in use for IPC_INFO and MSG_INFO.
 * Errors: EINVAL, EACCES, EPERM, EFAULT, EIDRM. Never blocks. IPC_RMID wakes all who wait for the queue with EIDRM;
 * IPC_SET wakes all receivers to test their permission again. */
SVMQ_API int svmq_msgctl(int id, int command, struct msqid_ds* buffer);

/* From now on this process uses the namespace in `directory`, an absolute path, made with mode 1777 if absent. NULL:
 * the default one, which is SVMQ_DIR of the environment, else a directory in /dev/shm named by the IPC namespace that
 * the process is in now. Calls that wait already go on in the namespace they began in. Children inherit the choice
 * over fork, not over exec. Without a call the default is chosen by the first call of any function.
 * Success: 0. Errors: EINVAL (relative or too long path), ENOSYS. */
SVMQ_API int svmq_namespace_enter(const char* directory);

/* Removes all queues of the namespace in `directory` (waiters get EIDRM), its files, and the directory itself.
 * A process that uses it still makes it anew with its next call.
 * Success: 0. Errors: EINVAL, ENOENT, EACCES or EPERM (not the owner of everything inside). */
SVMQ_API int svmq_namespace_remove(const char* directory);

/* Reads or writes a limit of the namespace: "msgmax", "msgmnb", "msgmni", "msg_next_id", "auto_msgmni".
 * Success: 0. Errors: ENOENT (no such name), EFAULT, EINVAL (out of range), EACCES (only the owner of the namespace's
 * directory and root write limits; only CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN write msg_next_id). */
SVMQ_API int svmq_limit_get(const char* name, long* value);
SVMQ_API int svmq_limit_set(const char* name, long value);

/* Writes the text of /proc/sysvipc/msg for the namespace into `text`, at most `size` bytes with the closing zero.
 * Success: the length of the whole text without the zero, which may be more than fits; (NULL, 0) asks for it. */
SVMQ_API ssize_t svmq_table(char* text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
