"""What the tests share: the result files under data/, the writers by the name of what they write, and the command."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPORTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPORTS))

from svmq_report import cli, html, junit, load, markdown, sarif, statement, tap, view  # noqa: E402

DATA = REPORTS / "tests" / "data"
CORPUS = REPORTS.parent / "conformance" / "corpus"
NAMES = sorted(path.stem for path in DATA.glob("*.json"))
WRITERS = {"index.html": html.write, "junit.xml": junit.write, "summary.md": markdown.write, "results.tap": tap.write,
           "results.sarif": sarif.write, "statement.md": statement.write_markdown, "statement.json": statement.write_json}
SVMQ = Path(os.environ.setdefault("SVMQ", str(REPORTS.parent / "build" / "bin" / "svmq")))


def results(name: str) -> dict:
    """A fresh copy of a result file, to change and write out again."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def write(path: Path, data: dict) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def run(*arguments) -> subprocess.CompletedProcess:
    """The package's command, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.main(list(map(str, arguments)))
        except SystemExit as end:  # argparse
            status = end.code or 0
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def start(*arguments, python=(), **more) -> subprocess.CompletedProcess:
    """The package's command, as svmq starts it."""
    environment = {**os.environ, "PYTHONPATH": str(REPORTS), "PYTHONDONTWRITEBYTECODE": "1", "SVMQ": str(SVMQ)}
    return subprocess.run([sys.executable, *python, "-m", "svmq_report", *map(str, arguments)], capture_output=True,
                          text=True, encoding="utf-8", env=environment, timeout=120, **more)


@pytest.fixture
def report_of(tmp_path):
    """The report on results: checked as the command checks them."""

    def make(data: dict) -> view.Report:
        return view.Report(load.load(str(write(tmp_path / "results.json", data))))

    return make


# ------------------------------------------------------------------------------------- with the real command


def svmq(*arguments, **more) -> subprocess.CompletedProcess:
    """The svmq command as a user runs it."""
    return subprocess.run([SVMQ, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, **more)


@pytest.fixture(scope="session")
def built():
    """Skips, with the reason, where svmq is not built."""
    if not SVMQ.exists():
        pytest.skip(f"{SVMQ} is not built; SVMQ names another")


@pytest.fixture(scope="session")
def campaign(built, tmp_path_factory):
    """The folder of a real run: files and random scenarios, conform, waived and, on the posix model, nonconform."""
    files = [*sorted((CORPUS / "msgsnd").glob("msgsnd.block*")), *sorted((CORPUS / "msgsnd").glob("msgsnd.E.*")),
             *sorted((CORPUS / "permissions").glob("perm.class.*")), CORPUS / "msgctl" / "msgctl.set.qbytes.cap-2.scenario"]
    return conducted(tmp_path_factory.mktemp("campaign"), files)


@pytest.fixture(scope="session")
def whole_campaign(built, tmp_path_factory):
    """The same with the whole corpus."""
    return conducted(tmp_path_factory.mktemp("whole"), [CORPUS])


def conducted(folder: Path, files: list) -> Path:
    done = svmq("run", *files, "--random", 20, "--seed", 7, "--target", "linux", "--target", "impl", "--target", "model:posix",
                "--profile", "linux-6.18", "--shrink", 0, "--json", folder / "results.json")
    assert done.returncode == 1, done.stdout + done.stderr  # posix allows what Linux does not do
    return folder
