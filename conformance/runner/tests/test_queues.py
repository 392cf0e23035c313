"""svmq ls, mk, rm."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from conftest import PROGRAMS

PRELOAD = PROGRAMS.parent / "lib" / "libsvmq-preload.so"
# A sanitizer's own library must come before it; perl's leaks are not ours.
PRELOADED = {"LD_PRELOAD": f"{os.environ.get('SVMQ_PRELOAD_FIRST', '')} {PRELOAD}".strip(), "ASAN_OPTIONS": "detect_leaks=0"}


@pytest.fixture
def namespace():
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="svmq-pytest-") as directory:
        yield directory


def listed(svmq, namespace):
    return json.loads(svmq("ls", "--json", "--namespace", namespace).out)


def test_queues_are_made_listed_and_removed(svmq, namespace):
    here = ("--namespace", namespace)
    first = int(svmq("mk", "--key", "0x2a", "--mode", "0640", "--size", "100", *here).out)
    second = int(svmq("mk", *here).out)
    answer = svmq("mk", "--key", "42", *here)
    assert (answer.status, "File exists" in answer.err) == (2, True)

    queues = listed(svmq, namespace)["queues"]
    assert [queue["id"] for queue in queues] == [first, second]
    assert (queues[0]["key"], queues[0]["mode"], queues[0]["size"]) == (42, "0640", 100)
    assert queues[0]["owner"] == {"uid": os.geteuid(), "gid": os.getegid()}
    text = svmq("ls", *here).out
    assert namespace in text and "0x0000002a" in text and "msgmnb 16384" in text

    assert svmq("rm", "--key", "42", *here).status == 0
    assert [queue["id"] for queue in listed(svmq, namespace)["queues"]] == [second]
    answer = svmq("rm", str(second), "99", *here)
    assert (answer.status, "queue 99" in answer.err) == (2, True)
    assert listed(svmq, namespace)["queues"] == []


def test_a_queue_that_cannot_have_its_size_is_not_left(svmq, namespace):
    answer = svmq("mk", "--size", "99999999999", "--namespace", namespace)
    assert answer.status in (0, 2)
    assert len(listed(svmq, namespace)["queues"]) == (answer.status == 0)


@pytest.mark.skipif(not PRELOAD.exists(), reason="libsvmq-preload.so was not built")
def test_waiters_are_shown(svmq, namespace):
    number = svmq("mk", "--namespace", namespace).out.strip()
    waiting = subprocess.Popen(["perl", "-e", f"msgrcv({number}, $text, 10, 0, 0)"],
                               env={**os.environ, **PRELOADED, "SVMQ_DIR": namespace})
    try:
        deadline = time.monotonic() + 20
        while (seen := listed(svmq, namespace)["queues"][0]["waiting_processes"]) != [waiting.pid]:
            assert time.monotonic() < deadline and waiting.poll() is None, seen
    finally:
        waiting.kill()
        waiting.wait()
    assert listed(svmq, namespace)["queues"][0]["waiting_processes"] == []


def test_a_whole_namespace_goes(svmq, namespace):
    directory = Path(namespace) / "whole"
    directory.mkdir(mode=0o700)
    svmq("mk", "--namespace", directory)
    assert svmq("rm", "--whole", "--namespace", directory).status == 0
    assert not directory.exists()
    assert svmq("ls", "--namespace", directory).status == 2


def test_what_ipc_namespaces_left_behind_goes(svmq, namespace):
    """unshare makes an IPC namespace, and perl a queue in it; with them the IPC namespace goes."""
    env = {"SVMQ_ROOT": namespace}
    made = subprocess.run(["unshare", "--ipc", "perl", "-e", "defined msgget(1, 01600) or die $!"], capture_output=True,
                          text=True, env={**os.environ, **env, **PRELOADED})
    if made.returncode != 0:
        pytest.skip(f"no IPC namespace: {made.stderr}")
    left = json.loads(svmq("ls", "--namespaces", "--json", env=env).out)
    assert len(left) == 1
    if left[0]["ipc_namespace"] != "gone":
        pytest.skip("whether an IPC namespace is gone only root learns, since Linux 6.18")
    assert "rm --left-behind" in svmq("ls", "--namespace", namespace, env=env).out
    assert svmq("rm", "--left-behind", env=env).out == left[0]["directory"] + "\n"
    assert json.loads(svmq("ls", "--namespaces", "--json", env=env).out) == []


def test_wrong_usage(svmq, namespace):
    for words in (["rm"], ["rm", "x"], ["mk", "--mode", "9"], ["mk", "--key", "k"], ["ls", "--namespace", "/nowhere"]):
        answer = svmq(*words, env={"SVMQ_DIR": namespace})
        assert answer.status == 2 and answer.err, words
