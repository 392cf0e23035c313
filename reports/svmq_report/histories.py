"""The file beside results.json that holds the histories of the scenarios that are only counted there."""

import hashlib
from dataclasses import dataclass

from svmq_report.load import InputError

_MARK = "# target "


@dataclass(frozen=True, slots=True)
class Kept:
    target: str
    name: str  # of the scenario
    text: str


def check(results: dict, data: bytes | None, path: str) -> None:
    """Raises InputError unless these bytes are the file that the results speak of; None: there is no such file."""
    about = results["histories"]
    if about is None:
        return
    if data is None:
        raise InputError(f"{path}: cannot be read, and the results refer to it: it holds {about['count']:,} histories."
                         "\nKeep it beside the results file that the run wrote, under its name.")
    if hashlib.sha256(data).hexdigest() != about["sha256"]:
        raise InputError(f"{path}: is not the file that the results refer to: its SHA-256 is another.\n"
                         "It was changed, cut short, or belongs to another run: take both files from one run.")


def split(data: bytes | None) -> list[Kept]:
    """The histories in it, in order."""
    kept, target, lines = [], "", []
    for line in (data or b"").decode("utf-8", "replace").splitlines(keepends=True):
        if line.startswith(_MARK):
            target, lines = line.removeprefix(_MARK).rstrip("\n"), []
            continue
        lines.append(line)
        if line.rstrip("\n") == "end":
            kept.append(Kept(target, lines[0].removeprefix("history ").strip(), "".join(lines)))
            lines = []
    return kept
