"""Everything but the page is, byte for byte, what someone has looked at.

After a wanted change: SVMQ_APPROVE=1 python3 -m pytest reports/tests/test_approved.py, then read the difference.
"""

import os
from pathlib import Path

import pytest
from conftest import NAMES, WRITERS, results

APPROVED = Path(__file__).with_name("approved")


@pytest.mark.parametrize("kind", [name for name in WRITERS if name != "index.html"])
@pytest.mark.parametrize("name", NAMES)
def test_as_approved(report_of, name, kind):
    text = WRITERS[kind](report_of(results(name)))
    path = APPROVED / f"{name}.{kind}"
    if os.environ.get("SVMQ_APPROVE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
