"""However the command ends, it leaves nothing behind."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import PROGRAMS, load

SHARED_MEMORY = Path("/dev/shm")


def parents():
    """The parent of each process."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


def descendants(pid):
    of = parents()
    found, more = set(), {pid}
    while more:
        found |= more
        more = {child for child, parent in of.items() if parent in more} - found
    return found - {pid}


def alive(pids):
    """Those that have not ended; one that only waits to be reaped has."""
    left = set()
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                left.add(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return left


def folders():
    return {path for path in SHARED_MEMORY.iterdir() if path.name.startswith("svmq-run-")}


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def busy(tmp_path):
    """The command, at work for long with agents on two targets; and the folder it made."""
    before = folders()
    words = [PROGRAMS / "svmq", "fuzz", "--target", "linux", "--target", "impl", "--seconds", "600",
             "--json", tmp_path / "results.json"]
    command = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Two agents and more below them, and its own folder: it conducts scenarios.
    wait_until(lambda: len(descendants(command.pid)) >= 6 and len(folders() - before) >= 1, 30)
    yield command, folders() - before
    command.send_signal(signal.SIGINT)  # nothing happens where it has ended already
    command.communicate(timeout=30)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_at_once_and_keeps_the_results(busy, tmp_path, which):
    command, made = busy
    time.sleep(1)  # so that there are results to keep
    below = descendants(command.pid)
    began = time.monotonic()
    command.send_signal(which)
    out, err = command.communicate(timeout=10)
    assert time.monotonic() - began < 1.0 * float(os.environ.get("SVMQ_SLOWNESS", "1"))
    assert command.returncode == 128 + which
    assert "interrupted" in out
    wait_until(lambda: not alive(below), 2)
    assert not any(folder.exists() for folder in made)
    results = load(tmp_path / "results.json")
    assert results["targets"][0]["summary"]["scenarios"] > 0


def test_after_sigkill_its_processes_end_and_the_next_start_removes_its_folder(busy, tmp_path, svmq):
    command, made = busy
    below = descendants(command.pid)
    command.kill()
    command.wait()
    wait_until(lambda: not alive(below), 5)
    assert all(folder.exists() for folder in made)
    scenario = svmq.file("a.scenario", "scenario a\nprocess A\nA: msgget(IPC_PRIVATE, 0600)\nend\n")
    assert svmq("run", scenario, "--target", "impl").status == 0
    assert not any(folder.exists() for folder in made)


def test_a_run_in_progress_keeps_its_folder_when_another_starts(busy, svmq):
    _, made = busy
    scenario = svmq.file("a.scenario", "scenario a\nprocess A\nA: msgget(IPC_PRIVATE, 0600)\nend\n")
    assert svmq("run", scenario, "--target", "impl").status == 0
    assert any(folder.exists() for folder in made)
