"""Whether the suite finds faults: the record that `svmq mutants --json FILE` writes, as a part of results."""

import json
from dataclasses import dataclass
from statistics import median

from svmq_report import load, quick
from svmq_report.text import plural, shorten, visible_line

KINDS = ("specification", "implementation", "environment")


@dataclass(frozen=True)
class Count:
    """What became of the mutants of one kind."""

    kind: str
    killed: int
    survived: int  # or called equivalent, and killed
    equivalent: int
    untried: int
    steps: float | None  # the median of what is left of the scenarios that killed
    seconds: float


def read(path: str, limit_mib: int) -> dict:
    """The record. Raises InputError."""
    hint = "Name the file that `svmq mutants --json FILE` of this version wrote."
    record = load.read_json(path, limit_mib, hint)
    if isinstance(record, dict) and record.get("with"):
        raise load.InputError(f"{visible_line(path)}: is of another command, {visible_line(shorten(str(record['with']), 80))}, and not "
                              "of the suite.\nName the file that `svmq mutants --json FILE` wrote without --with.")
    schema = json.loads(load.SCHEMA_FILE.read_text(encoding="utf-8"))
    if not quick.compile(schema["definitions"]["mutants"], schema["definitions"])(record):
        raise load.InputError(f"{visible_line(path)}: is not what svmq mutants writes.\n{hint}")
    return record


def verdict(mutant: dict) -> str:
    if "trouble" in mutant:
        return "untried"
    if mutant["killed"]:
        return "survived" if mutant.get("equivalent") else "killed"  # it can be told apart, so the argument is wrong
    return "equivalent" if mutant.get("equivalent") else "survived"


def counts(record: dict) -> list[Count]:
    found = []
    for kind in KINDS:
        mutants = [mutant for mutant in record["mutants"] if mutant["kind"] == kind]
        if not mutants:
            continue
        verdicts = [verdict(mutant) for mutant in mutants]
        steps = [mutant["steps_left"] for mutant in mutants if mutant.get("steps_left")]
        found.append(Count(kind, *(verdicts.count(word) for word in ("killed", "survived", "equivalent", "untried")),
                           median(steps) if steps else None, sum(mutant["seconds"] for mutant in mutants)))
    return found


def false_alarms(record: dict) -> list[str]:
    return [control["name"] for control in record["controls"] if control["killed"]]


def regressions(record: dict, baseline: dict | None) -> list[str]:
    """Those that an earlier version of the suite killed, or the baseline has killed, and this one does not."""
    killed = {mutant["id"] for mutant in record["mutants"] if mutant["killed"]}
    before = {mutant["id"] for mutant in record["mutants"] if mutant.get("last_killed_by")}
    if baseline:
        before |= {mutant["id"] for mutant in baseline["mutants"] if mutant["killed"]}
    return sorted(before - killed)


def in_words(record: dict) -> str:
    """One line for people."""
    parts = []
    for count in counts(record):
        able = count.killed + count.survived + count.untried
        parts.append(f"{count.killed:,} of {plural(able, count.kind + ' mutant')}")
    return f"the suite of svmq {record['svmq_version']} finds {', '.join(parts) or 'no mutant: none was tried'}"


def for_gate(record: dict | None, baseline: dict | None) -> tuple[list[str], list[str], list[str]]:
    """What makes the results nonconform, what leaves them undecided, and notes."""
    if record is None:
        return [], ["the baseline has a record of mutants, and these results have none"] if baseline else [], []
    wrong, doubts, notes = [], [], [in_words(record)]
    if lost := regressions(record, baseline):
        wrong.append(f"the suite no longer finds {plural(len(lost), 'mutant')} ({shorten(' '.join(lost), 160)})")
    if alarms := false_alarms(record):
        wrong.append(f"the suite raises a false alarm ({shorten(visible_line(' '.join(alarms)), 160)})")
    if not record["mutants"]:
        doubts.append("the record of mutants is empty")
    for word, said, into in (("untried", "could not be tried", doubts), ("survived", "survived, and never was killed", notes)):
        ids = [mutant["id"] for mutant in record["mutants"] if verdict(mutant) == word and mutant["id"] not in lost]
        if ids:
            into.append(f"{plural(len(ids), 'mutant')} {said} ({shorten(visible_line(' '.join(ids)), 160)})")
    return wrong, doubts, notes
