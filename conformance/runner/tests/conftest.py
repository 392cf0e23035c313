"""The command is tested as its users have it: the program, its files, its exit status."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3]
PROGRAMS = Path(os.environ.get("SVMQ_PROGRAMS", SOURCE / "build" / "bin"))
BENT_AGENT = Path(__file__).with_name("bent_agent.py")

sys.path.insert(0, str(SOURCE / "reports"))

# For tests in which the model is searched for seconds: it would be for many minutes with sanitizers, under which the same code
# is tested by explore_tests and scope_tests.
searches = pytest.mark.skipif("SVMQ_SLOWNESS" in os.environ, reason="searches the model: too long with sanitizers")

SEND_AND_RECEIVE = """\
scenario send-and-receive
process A
process B
A: q = msgget(IPC_PRIVATE, 0600)
A: msgsnd(q, {1, "one"}, 3, 0)
B: msgrcv(q, buf, 100, 0, 0)
B: msgrcv(q, buf, 100, 0, IPC_NOWAIT)
end
"""


@dataclass
class Answer:
    status: int
    out: str
    err: str


class Svmq:
    """Runs the command in a folder of the test."""

    def __init__(self, program: Path, folder: Path):
        self.program, self.folder = program, folder

    def __call__(self, *arguments, timeout=120, before=(), env=None) -> Answer:
        words = [*before, str(self.program), *map(str, arguments)]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        return Answer(done.returncode, done.stdout, done.stderr)

    def results(self, *arguments, **options):
        """The answer and the results file, which must be what RESULTS.md says."""
        file = self.folder / "results.json"
        file.unlink(missing_ok=True)
        answer = self(*arguments, "--json", file, **options)
        return answer, load(file)

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path


def load(file: Path):
    from svmq_report import load as reader
    reader.load(file, 256)
    results = json.loads(file.read_text())
    for scenario in results["scenarios"]:
        for run in scenario["runs"]:
            run.pop("seconds")  # the only thing that differs between two runs of one seed on the model
    return results


@pytest.fixture
def svmq(tmp_path):
    return Svmq(PROGRAMS / "svmq", tmp_path)


@pytest.fixture
def bent(tmp_path):
    """The command with agents that are real but for what the test bends: see bent_agent.py."""
    programs = tmp_path / "programs"
    programs.mkdir()
    shutil.copy(PROGRAMS / "svmq", programs / "svmq")
    for name in ("svmq-agent", "svmq-agent-impl"):
        agent = programs / name
        agent.write_text(f'#!/bin/sh\nexec {sys.executable} -B "{BENT_AGENT}" "{PROGRAMS / name}" "$@"\n')
        agent.chmod(0o755)
    return Svmq(programs / "svmq", tmp_path)


def only(results, target=None):
    """The one run of the one scenario listed (of that target)."""
    (scenario,) = results["scenarios"]
    (run,) = [run for run in scenario["runs"] if target in (None, run["target"])]
    return run


def summary(results, target):
    return next(entry["summary"] for entry in results["targets"] if entry["name"] == target)
