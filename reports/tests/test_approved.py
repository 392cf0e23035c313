"""Everything but the page is, byte for byte, what someone has looked at.

After a wanted change: SVMQ_APPROVE=1 python3 -m pytest reports/tests/test_approved.py, then read the difference.
"""

import os
from pathlib import Path

import pytest
from conftest import NAMES, WRITERS, results
from svmq_report import compare
from test_compare import mended, without

APPROVED = Path(__file__).with_name("approved")


@pytest.mark.parametrize("kind", [name for name in WRITERS if name != "index.html"])
@pytest.mark.parametrize("name", NAMES)
def test_as_approved(report_of, name, kind):
    _as_approved(f"{name}.{kind}", WRITERS[kind](report_of(results(name))))


@pytest.mark.parametrize("name, old, new", [
    ("better", results("nonconform"), mended(results("nonconform"))), ("worse", mended(results("nonconform")), results("nonconform")),
    ("vanished", results("nonconform"), without(results("nonconform"), "impl"))])
def test_a_comparison_as_approved(report_of, name, old, new):
    comparison = compare.Comparison(report_of(old), report_of(new), "old.json", "new.json")
    _as_approved(f"{name}.comparison.md", compare.write_markdown(comparison))


def _as_approved(name: str, text: str) -> None:
    path = APPROVED / name
    if os.environ.get("SVMQ_APPROVE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
