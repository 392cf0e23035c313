"""Logs of strace are judged: of real programs on this kernel, conform; with one return value changed, nonconform at that line."""

import re
import shutil
import subprocess

import pytest

TRACE = ["strace", "-f", "-ttt", "-e", "trace=msgget,msgsnd,msgrcv,msgctl"]
PROGRAMS = {
    "stress-ng": ["stress-ng", "--msg", "1", "--msg-ops", "3000", "--verify"],
    "fakeroot-sysv": ["fakeroot-sysv", "sh", "-c", "touch f; chown daemon:daemon f; stat -c %U:%G f"],
}

LOG = r"""[pid 7] 100.1 msgget(0x51, IPC_CREAT|IPC_EXCL|0600) = 3
[pid 8] 100.2 msgrcv(3,  <unfinished ...>
[pid 7] 100.3 msgsnd(3, {mtype=2, mtext="ab\0\n"...}, 40, IPC_NOWAIT) = 0
[pid 8] 100.4 <... msgrcv resumed>{mtype=2, mtext="ab\0\n"...}, 64, -3, 0) = 40
[pid 8] 100.5 msgrcv(3, 0x7ffc0, 64, 0, IPC_NOWAIT) = -1 ENOMSG (No message of desired type)
[pid 8] 100.6 msgrcv(9, 0x7ffc0, 64, 0, IPC_NOWAIT) = -1 ENOMSG (No message of desired type)
[pid 7] 100.7 msgsnd(3, {mtype=1, mtext="x"}, 1, 0) = -1 EACCES (Permission denied)
[pid 8] 100.8 msgrcv(3, 0x7ffc0, 64, 0, 0) = ? ERESTARTNOHAND (To be restarted if no handler)
[pid 7] 101.3 msgctl(3, IPC_STAT, {msg_perm={uid=5, gid=5, mode=0600, key=0x51, cuid=5, cgid=5}, msg_qnum=0, msg_qbytes=16384}) = 0
[pid 7] 101.4 msgctl(3, IPC_RMID, NULL) = 0
[pid 7] 101.5 msgctl(3, IPC_RMID, NULL) = -1 EINVAL (Invalid argument)
[pid 7] 102.1 msgget(IPC_PRIVATE, 0600) = 32771
[pid 9] 102.2 msgsnd(32771, {mtype=1, mtext="x"}, 1, 0 <unfinished ...>
[pid 7] 102.3 msgrcv(32771, 0x7ffc0, 64, 0, IPC_NOWAIT) = -1 ENOMSG (No message of desired type)
[pid 8] 102.4 msgrcv(32771,  <unfinished ...>
[pid 8] 102.5 +++ killed by SIGKILL +++
[pid 7] 102.6 msgctl(32771, IPC_RMID, NULL) = 0
"""


def lines_of_deviations(answer, file):
    return [int(line) for line in re.findall(re.escape(str(file)) + r":(\d+)$", answer.out, re.M)]


def test_what_the_log_does_not_tell_is_left_open(svmq):
    answer = svmq("judge", svmq.file("log", LOG))
    assert answer.status == 0, answer.out
    assert "2 calls on a queue from before the log" in answer.out
    assert "1 calls whose arguments cannot be read" in answer.out  # of a receiver that was killed: what it wanted, and whether it got it
    assert "1 calls refused for credentials that are not known" in answer.out


@pytest.mark.parametrize("line, old, new", [
    (4, "= 40", "= 39"), (4, r"ab\0", r"ac\0"), (4, "{mtype=2", "{mtype=3"), (5, "ENOMSG", "EAGAIN"), (9, "msg_qnum=0", "msg_qnum=1"),
    (11, "-1 EINVAL (Invalid argument)", "0")])
def test_one_word_changed_is_found_at_its_line(svmq, line, old, new):
    lines = LOG.splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    file = svmq.file("log", "".join(lines))
    answer = svmq("judge", file)
    assert answer.status == 1, answer.out
    assert lines_of_deviations(answer, file)[0] == line


def test_a_log_without_the_calls_says_so(svmq):
    answer = svmq("judge", svmq.file("log", "100.1 +++ exited with 0 +++\n"))
    assert answer.status == 2
    assert "trace=msgget" in answer.err


@pytest.mark.parametrize("program", PROGRAMS)
def test_real_programs_on_this_kernel(svmq, program):
    for needed in ("strace", "unshare", program):
        if not shutil.which(needed):
            pytest.skip(f"{needed} is not installed")
    log = svmq.folder / "log"
    done = subprocess.run(["unshare", "-i", *TRACE, "-o", log, *PROGRAMS[program]], cwd=svmq.folder, capture_output=True, text=True, timeout=120)
    if not log.exists() or "msgsnd" not in log.read_text():
        pytest.skip(f"{program} cannot be traced here: {done.stderr[-200:]}")
    answer = svmq("judge", log)
    assert answer.status == 0, answer.out

    # One received message longer by a byte.
    lines = log.read_text().splitlines(keepends=True)
    received = [i for i, text in enumerate(lines) if re.search(r"msgrcv.*\) = [1-9]\d*$", text)]
    changed = received[len(received) // 2]
    lines[changed] = re.sub(r"= (\d+)$", lambda match: f"= {int(match[1]) + 1}", lines[changed])
    log.write_text("".join(lines))
    answer = svmq("judge", log)
    assert answer.status == 1, answer.out
    assert lines_of_deviations(answer, log)[0] == changed + 1
