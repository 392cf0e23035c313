"""The file beside results.json that holds the histories of the scenarios that are only counted there."""

import hashlib
from dataclasses import dataclass

from svmq_report.load import InputError

_MARK, _FIRST, _LAST = "# target ", "history ", "end"


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
    count = len(split(data))
    if count != about["count"]:
        raise InputError(f"{path}: holds {count:,} histories, and the results say {about['count']:,}.\n"
                         "One of the two was changed: take both files from one run.")


def split(data: bytes | None) -> list[Kept]:
    """The histories in it, in order; stray lines are passed over."""
    return [entry for entry in _read(data) if isinstance(entry, Kept)]


def stray(data: bytes | None) -> list[int]:
    """The numbers of the lines that belong to no history."""
    return [entry for entry in _read(data) if not isinstance(entry, Kept)]


def _read(data: bytes | None):
    target, lines = None, []
    text = (data or b"").decode("utf-8", "replace").split("\n")
    if text[-1] == "":
        text.pop()
    for number, line in enumerate(text, 1):
        if not lines and line.startswith(_MARK):
            target = line.removeprefix(_MARK)
        elif lines or target is not None and line.startswith(_FIRST):
            lines.append(line)
            if line == _LAST:
                yield Kept(target, lines[0].removeprefix(_FIRST), "\n".join([*lines, ""]))
                target, lines = None, []
        else:
            yield number
    if lines:
        yield len(text)
