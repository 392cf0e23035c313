"""What the tests share: the result files under data/, and the three writers by the name of what they write."""

import json
import sys
from pathlib import Path

import pytest

REPORTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPORTS))

from svmq_report import html, junit, load, markdown, view  # noqa: E402

DATA = REPORTS / "tests" / "data"
NAMES = sorted(path.stem for path in DATA.glob("*.json"))
WRITERS = {"index.html": html.write, "junit.xml": junit.write, "summary.md": markdown.write}


def results(name: str) -> dict:
    """A fresh copy of a result file, to change and write out again."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def report_of(tmp_path):
    """The report on results: checked as the command checks them."""

    def make(data: dict) -> view.Report:
        path = tmp_path / "results.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        return view.Report(load.load(str(path)))

    return make
