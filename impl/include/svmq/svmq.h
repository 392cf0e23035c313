/* libsvmq: System V message queues in shared memory.
 *
 * The four calls have the names, arguments, results and errno values of <sys/msg.h> on Linux; what differs is
 * listed in waivers.toml. The rest is about namespaces: a namespace is a directory, and what an IPC namespace
 * is to the kernel's queues. The words in brackets name the clauses of model/clauses.toml by which a function
 * works.
 *
 * What holds for all functions:
 *
 * Failure     They return -1 and set errno, and change nothing then unless it is said here.
 * Errors      Every function can give, besides its own,
 *               ENOSYS  the namespace cannot be used: its directory cannot be created or opened, or its
 *                       owner, its mode or the registry inside are not what they must be
 *               ENOMEM  no memory, or the file system under the namespace is full
 * Threads     All may be called from any thread, at the same time. The namespace is the process's, not the
 *             thread's.
 * Signals     All may be called from a signal handler, also from one that has interrupted another of these
 *             functions, as the system calls may. POSIX does not call them async-signal-safe.
 * fork        A child uses the queues as its parent does. After exec the new program begins in the default
 *             namespace. Nothing has to be prepared or undone, and no descriptor is kept.
 * Death       A process may be killed at any instant: its call has happened or has not, and others go on.
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
 *
 * Success    an identifier >= 0.
 * Errors     ENOENT  no such queue, and no IPC_CREAT
 *            EEXIST  IPC_CREAT | IPC_EXCL, and it exists
 *            EACCES  it exists, and the mode bits in flags are not all granted
 *            ENOSPC  there are msgmni queues, or no identifier is free
 * Blocking   never. Signals do not interrupt it.
 * Removal    a queue that is removed at the same time is found before or is not found.
 * Threads    of several that make the same key with IPC_CREAT | IPC_EXCL one succeeds.
 * fork       identifiers mean the same in parent and child.
 * [msgget.* id.* perm.class.* gen.persist lim.msgmni] */
SVMQ_API int svmq_msgget(key_t key, int flags);

/* Sends the message at `message`: a long, the type, then `size` bytes.
 *
 * Success    0: the message is on the queue, or has been handed to a receiver that waited.
 * Errors     EFAULT  the message cannot be read
 *            EINVAL  `size` is more than msgmax, the type is less than 1, or there is no such queue
 *            EACCES  no permission to write
 *            EAGAIN  no room, and IPC_NOWAIT
 *            EINTR   a signal handler ran while it waited; nothing was sent
 *            EIDRM   the queue was removed while it waited, or its memory is damaged
 * Blocking   while the queue has no room. The message has been copied by then: later changes to it are not
 *            sent.
 * Signals    one that runs a handler ends the wait, also under SA_RESTART; to be stopped and continued does
 *            not.
 * Removal    ends the wait.
 * Threads    a cancellation point. A waiting one stands in the queue by itself.
 * fork       a child does not wait in its parent's place.
 * [msgsnd.* wait.snd.* wait.sig.* wait.rmid wait.kill perm.write.for lim.msgmax libc.cancel] */
SVMQ_API int svmq_msgsnd(int id, const void* message, size_t size, int flags);

/* Receives a message into `message`: a long, then room for `size` bytes. Which one, `type` says, and
 * MSG_EXCEPT.
 *
 * Success    the number of bytes of text.
 * Errors     EINVAL  `size` is negative as an ssize_t, or there is no such queue
 *            EACCES  no permission to read
 *            E2BIG   it is longer than `size`, and no MSG_NOERROR; it stays
 *            ENOMSG  there is none, and IPC_NOWAIT
 *            EFAULT  `message` cannot be written: the message is lost, type and a part of the text may be
 *                    written
 *            EINTR   a signal handler ran while it waited; no message was taken
 *            EIDRM   the queue was removed while it waited, or its memory is damaged
 *            and for MSG_COPY: EINVAL without IPC_NOWAIT or with MSG_EXCEPT, ENOMSG for an index that is not
 *            there
 * Blocking   while there is no such message. Those who wait get messages in the order in which they came.
 * Signals    as for svmq_msgsnd.
 * Removal    ends the wait.
 * Threads    a cancellation point. A waiting one stands in the queue by itself.
 * fork       a child does not wait in its parent's place.
 * [msgrcv.* wait.rcv.* wait.sig.* wait.rmid wait.kill perm.read.for libc.cancel] */
SVMQ_API ssize_t svmq_msgrcv(int id, void* message, size_t size, long type, int flags);

/* IPC_STAT, IPC_SET, IPC_RMID; IPC_INFO and MSG_INFO (buffer: a struct msginfo); MSG_STAT and MSG_STAT_ANY
 * (id: an index).
 *
 * Success    0; of MSG_STAT and MSG_STAT_ANY the identifier; of IPC_INFO and MSG_INFO the highest index in
 *            use.
 * Errors     EINVAL  no such queue or command, or IPC_SET to a user or group that does not exist here
 *            EACCES  IPC_STAT and MSG_STAT without permission to read
 *            EPERM   IPC_SET or IPC_RMID, and neither owner nor creator nor privileged; or msg_qbytes above
 *                    msgmnb
 *            EFAULT  `buffer` cannot be read or written
 *            EIDRM   the queue was removed meanwhile, or its memory is damaged
 * Blocking   never. Signals do not interrupt it.
 * Removal    IPC_RMID wakes all who wait for the queue with EIDRM; its memory is free when the last of them
 *            is gone.
 * Threads    IPC_SET is one step for others: owner, mode and size change together. It has all waiting
 *            receivers look at their permission again.
 * fork       a queue outlives the processes that use it.
 * [msgctl.* perm.owner perm.override.rw wait.rmid wait.set.recv wait.set.snd] */
SVMQ_API int svmq_msgctl(int id, int command, struct msqid_ds* buffer);

/* From now on this process uses the namespace in `directory`, an absolute path; it is made with mode 1777 if
 * absent. NULL: the default one, which is SVMQ_DIR of the environment, else a directory for the IPC namespace
 * that the thread is in now, in SVMQ_ROOT of the environment, else in /dev/shm. Without a call the first call
 * of any function chooses the default.
 *
 * Success    0.
 * Errors     EINVAL  a relative path, or one that is too long
 * Blocking   never. Signals do not interrupt it.
 * Removal    a namespace that is removed is made anew, empty, by the next call.
 * Threads    those that wait already go on in the namespace where they began.
 * fork       children inherit the choice; programs started by exec do not.
 * [gen.ns.isolation gen.ns.defaults wait.ns] */
SVMQ_API int svmq_namespace_enter(const char* directory);

/* Removes the namespace in `directory`: its queues, its files and the directory itself.
 *
 * Success    0.
 * Errors     EINVAL         a relative path
 *            ENOENT         it is not there
 *            EACCES, EPERM  not everything in it may be removed; what could be may be gone
 * Blocking   never. Signals do not interrupt it.
 * Removal    all who wait in it get EIDRM.
 * Threads    a process that uses it still, makes it anew with its next call; so do its children after fork.
 * [gen.ns.death msgctl.rmid.effect wait.rmid] */
SVMQ_API int svmq_namespace_remove(const char* directory);

/* The directory of the namespace that this process uses, with a closing zero, in at most `size` bytes.
 *
 * Success    its length, which may be more than fits.
 * Errors     EFAULT  `path` cannot be written
 * Blocking   never. Signals do not interrupt it. Threads, fork: see svmq_namespace_enter.
 * [gen.ns.isolation] */
SVMQ_API ssize_t svmq_namespace_path(char* path, size_t size);

/* What has become of the IPC namespace for which a default namespace was made. Only root of the first user
 * namespace learns that one is gone, and only since Linux 6.18. */
enum svmq_ipc { SVMQ_IPC_UNKNOWN, SVMQ_IPC_GONE, SVMQ_IPC_PRESENT };

/* Calls `visit` for each default namespace there is: each directory that has the name of one. It may remove
 * what it is shown.
 *
 * Success    0, or the first result of `visit` that is greater, which ends it.
 * Errors     those of opening SVMQ_ROOT of the environment, or /dev/shm
 * Blocking   never by itself. Signals do not interrupt it. Threads, fork: it reads a directory and changes
 *            nothing.
 * [gen.ns.death] */
SVMQ_API int svmq_namespace_each(int (*visit)(const char* directory, enum svmq_ipc ipc, void* context),
                                 void* context);

/* Reads or writes a limit of the namespace: "msgmax", "msgmnb", "msgmni", "msg_next_id", "auto_msgmni".
 *
 * Success    0.
 * Errors     ENOENT  no such limit
 *            EFAULT  `name` or `value` cannot be read or written
 *            EINVAL  out of range
 *            EACCES  only the owner of the directory and root write limits, and msg_next_id only who has
 *                    CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN
 * Blocking   never. Signals do not interrupt it.
 * Removal    a namespace that is made anew has the limits of the beginning.
 * Threads    each value is read and written as a whole. fork: a limit is the namespace's, not the process's.
 * [lim.* id.next.*] */
SVMQ_API int svmq_limit_get(const char* name, long* value);
SVMQ_API int svmq_limit_set(const char* name, long value);

/* Writes the text of /proc/sysvipc/msg for the namespace into `text`, at most `size` bytes with the closing
 * zero.
 *
 * Success    the length of the whole text without the zero, which may be more than fits; (NULL, 0) asks for
 *            it.
 * Errors     EFAULT  `text` cannot be written
 * Blocking   never. Signals do not interrupt it.
 * Removal    queues made or removed meanwhile are there or not; each line is of one instant.
 * Threads    as for any reader of a file. fork: no state is kept.
 * [proc.list] */
SVMQ_API ssize_t svmq_table(char* text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
