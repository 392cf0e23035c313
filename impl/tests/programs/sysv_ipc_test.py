"""Python's sysv_ipc."""

import os

import sysv_ipc


def raises(kind, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except kind:
        return True
    return False


queue = sysv_ipc.MessageQueue(None, sysv_ipc.IPC_CREX, mode=0o600)
queue.send(b"five", type=5)
queue.send(b"three", type=3)
assert (queue.current_messages, queue.last_send_pid, queue.mode & 0o777) == (2, os.getpid(), 0o600)
assert queue.receive(type=5) == (b"five", 5)
assert queue.receive(type=-9) == (b"three", 3)
assert raises(sysv_ipc.BusyError, queue.receive, block=False)
queue.max_size = 10
queue.send(b"x" * 10)
assert raises(sysv_ipc.BusyError, queue.send, b"x", block=False)
assert queue.receive() == (b"x" * 10, 1)

child = os.fork()
if child == 0:
    text, kind = queue.receive(type=7)
    queue.send(text[::-1], type=8)
    os._exit(0)
queue.send(b"abc", type=7)
assert queue.receive(type=8) == (b"cba", 8)
assert os.waitpid(child, 0)[1] == 0

again = sysv_ipc.MessageQueue(queue.key)
assert again.id == queue.id
assert raises(sysv_ipc.ExistentialError, sysv_ipc.MessageQueue, queue.key, sysv_ipc.IPC_CREX)
queue.remove()
assert raises(sysv_ipc.ExistentialError, sysv_ipc.MessageQueue, again.key)
assert raises(OSError, again.send, b"gone")
print("good")
