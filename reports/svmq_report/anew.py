"""The results of a bundle against what `svmq judge --results` makes of their histories, member by member."""

import itertools
import re

from svmq_report import bundle, histories
from svmq_report.commands import Commands
from svmq_report.text import quote, shorten
from svmq_report.view import STATES, WORLD

_RANDOM_NAME = re.compile(r"random-(\d+)-(\d+)\Z")


class Anew:
    """The results against what follows from their histories."""

    _RUN = ("verdict", "reason", "steps", "clauses", "waivers", "history")
    _SCENARIO = ("title", "source", "clauses", "seeds", "text")

    def __init__(self, results: dict, kept: bytes | None, again: dict, kept_again: bytes | None,
                 own_waivers: dict):
        self._results, self._again = results, again
        self._commands = Commands(results, own_waivers)
        self._kept, self._kept_again = ({(entry.target, entry.name): entry.text for entry in histories.split(data)}
                                        for data in (kept, kept_again))

    def problems(self):
        says, is_ = self._results["svmq"], self._again["svmq"]
        if says != is_:
            yield f"{bundle.RESULTS}: svmq says {says['version']}; this is {is_['version']}, which may judge otherwise"
        yield from self._corpus()
        yield from self._scenarios()
        yield from self._counted()
        for ours, theirs in zip(self._results["targets"], self._again["targets"]):
            yield from self._totals(ours, theirs)
        yield from self._disagreements()
        yield from self._commands.problems()
        for ours, theirs in zip(self._results["waivers"], self._again["waivers"]):
            if ours["used"] != theirs["used"]:
                yield (f"{bundle.RESULTS}: waiver {ours['id']} says that it was used {ours['used']:,} times; "
                       f"it was {theirs['used']:,}")

    def _corpus(self):
        says, is_ = self._results["corpus"], self._again["corpus"]
        if says and is_ and says != is_:
            yield (f"{bundle.RESULTS}: corpus is not that of this svmq: it was changed, or another version of svmq made the "
                   "results")
        elif is_ and not says:
            yield f"{bundle.RESULTS}: corpus is not there, though every scenario that comes with svmq was conducted"

    def _scenarios(self):
        ours, theirs = ({scenario["name"]: scenario for scenario in results["scenarios"]}
                        for results in (self._results, self._again))
        for name, scenario in theirs.items():
            where = f"{bundle.RESULTS}: {name}"
            if name in ours:
                yield from self._scenario(where, ours[name], scenario)
            elif scenario["source"] != "random" and not scenario["source"].startswith(WORLD):
                yield f"{where}: is left out; the whole corpus is said to have been conducted, and it has it"
            elif not any((run["target"], name) in self._kept for run in scenario["runs"]):
                yield f"{where}: is left out"
        for name in ours:
            if name not in theirs:
                yield (f"{bundle.RESULTS}: {name}: " + ("is listed, and conforms on every target" if ours[name]["source"] == "random"
                       and _RANDOM_NAME.match(name) else "its text is no scenario of that name"))

    def _scenario(self, where: str, ours: dict, theirs: dict):
        for member in self._SCENARIO:
            if ours[member] != theirs[member]:
                yield f"{where}: {member} says {quote(ours[member])}; made anew it is {quote(theirs[member])}"
        if not self._commands.is_of_scenario(ours, theirs):
            yield f"{where}: reproduce says {quote(ours['reproduce'])}; made anew it is {quote(theirs['reproduce'])}"
        runs = {run["target"]: run for run in ours["runs"]}
        for run in theirs["runs"]:
            there = f"{where} on {run['target']}"
            if run["target"] in runs:
                yield from self._run(there, runs[run["target"]], run)
            else:
                yield f"{there}: is left out"

    def _run(self, where: str, ours: dict, theirs: dict):
        if ours["verdict"] != theirs["verdict"]:
            if ours["verdict"] == "unsupported" and not ours["history"]:
                yield f"{where}: says unsupported ({ours['reason']}), and the target has all that the scenario needs"
            else:
                yield (f"{where}: the verdict says {ours['verdict']}; judged anew it is {theirs['verdict']}{_why(theirs)}")
            return
        for member in self._RUN:
            if ours[member] != theirs[member] and not (member == "reason" and ours["verdict"] == "unknown"):
                yield f"{where}: {member} says {quote(ours[member])}; judged anew it is {quote(theirs[member])}"
        yield from self._minimal(where, ours["minimal"], theirs["minimal"])
        for number, (one, other) in enumerate(itertools.zip_longest(ours["deviations"], theirs["deviations"]), 1):
            if one != other:
                yield f"{where}: deviation {number} is not what the judge says{_why(theirs)}"
                break

    def _minimal(self, where: str, ours: dict | None, theirs: dict | None):
        if not ours:
            return
        if not theirs:
            yield f"{where}: minimal is no scenario"
        elif ours["text"] != theirs["text"]:
            yield f"{where}: minimal says {quote(ours['text'])}; made anew it is {quote(theirs['text'])}"
        elif not self._commands.is_command(ours["reproduce"], theirs["reproduce"]):
            yield f"{where}: minimal says {quote(ours['reproduce'])}; made anew it is {quote(theirs['reproduce'])}"
        elif not ours["failed"]:
            yield f"{where}: minimal says that it never deviated, {ours['runs']:,} times; then it shows nothing"

    def _counted(self):
        """The histories of what the results count as conform and do not list."""
        listed = {(run["target"], scenario["name"]): run for scenario in self._again["scenarios"] for run in scenario["runs"]}
        ours = {scenario["name"] for scenario in self._results["scenarios"]}
        for (target, name), text in self._kept.items():
            where = f"{bundle.HISTORIES}: {name} on {target}"
            if name in ours:
                yield f"{where}: is listed in the results too"
            elif (target, name) in listed:
                run = listed[target, name]
                if run["verdict"] != "conform":
                    yield f"{where}: the results count it as conform; judged anew it is {run['verdict']}{_why(run)}"
            elif (target, name) not in self._kept_again:
                yield f"{where}: is of no scenario or target of the results"
            elif text != self._kept_again[target, name]:
                yield f"{where}: is not what the model does"

    def _totals(self, ours: dict, theirs: dict):
        name = ours["name"]
        for member in ("scenarios", "steps", *STATES):
            if ours["summary"][member] != theirs["summary"][member]:
                yield (f"{bundle.RESULTS}: the summary of {name} says {ours['summary'][member]:,} {member.replace('_', ' ')}; "
                       f"there is evidence of {theirs['summary'][member]:,}")
        for member in ("agent", "capabilities") if name.startswith("model:") else ():
            if ours[member] != theirs[member]:
                yield f"{bundle.RESULTS}: {member} of {name} says {quote(ours[member])}; it is {quote(theirs[member])}"
        says, counts = (results["coverage"].get(name, {}) for results in (self._results, self._again))
        for clause in sorted({*says, *counts}):
            if says.get(clause) != counts.get(clause):
                yield (f"{bundle.RESULTS}: the coverage of {clause} on {name} says {_counts(says.get(clause))}; there is "
                       f"evidence of {_counts(counts.get(clause))}")

    def _disagreements(self):
        ours, theirs = ({(entry["scenario"], *entry["targets"]): entry for entry in results["disagreements"]}
                        for results in (self._results, self._again))
        if len(ours) != len(self._results["disagreements"]):
            yield f"{bundle.RESULTS}: a disagreement stands there twice"
        for key in dict.fromkeys([*theirs, *ours]):
            where = f"{bundle.RESULTS}: the disagreement of {' and '.join(key[1:])} on {key[0]}"
            if key not in ours:
                yield f"{where} is left out"
            elif key not in theirs:
                yield f"{where} is none: they do not disagree"
            elif ours[key] != theirs[key]:
                member = next(m for m in ("verdicts", "step", "results") if ours[key][m] != theirs[key][m])
                yield f"{where}: {member} says {quote(ours[key][member])}; made anew it is {quote(theirs[key][member])}"


def _why(run: dict) -> str:
    if not run["deviations"]:
        return f" ({shorten(run['reason'], 300)})" if run["reason"] else ""
    first = run["deviations"][0]
    return f" (line {first['line'] or '?'}: {shorten(first['step'], 100)} gave {shorten(first['observed'], 60)})"


def _counts(counts: dict | None) -> str:
    return ", ".join(f"{value} {state}" for state, value in counts.items() if value) if counts else "nothing"
