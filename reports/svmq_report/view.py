"""The results arranged for a reader: what the three writers have in common.

A `Report` is made of results that `load` has checked. It decides what counts as a finding, what the worst is, which
cell of the matrix is what, and what everything is called in a link; the writers only say it in their own form.
"""

import functools
import itertools
import re
import shlex
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from svmq_report.load import run_state
from svmq_report.text import plural

# From bad to good: where a scenario has several, the first decides where it is shown.
STATES = ("nonconform", "unknown", "not_run", "waived", "unsupported", "conform")
WORLD = "scope "  # what the sources of the scenarios of `svmq exhaust` begin with
# In the order of the catalogue.
_CALLS = ("general", "permission", "msgget", "msgsnd", "msgrcv", "wait", "msgctl", "ftok", "table", "compat")


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario on one target."""

    data: dict
    state: str
    anchor: str  # of its first deviation; the others follow in .deviations

    @property
    def target(self) -> str:
        return self.data["target"]

    @property
    def kind(self) -> tuple:
        first = self.data["deviations"][0]
        call = first["step"].split(": ", 1)[-1].split("(")[0]
        return self.target, call, first["observed"].split("{")[0][:40], tuple(first["clauses"])

    @property
    def deviations(self) -> list[tuple[str, dict]]:
        """(anchor, deviation)"""
        return [(f"{self.anchor}:{n}", deviation) for n, deviation in enumerate(self.data["deviations"], 1)]

    @property
    def history_lines(self) -> list[tuple[int, str, list[int]]]:
        """(line number, text, numbers of the deviations that this line shows)"""
        shown = defaultdict(list)
        for n, deviation in enumerate(self.data["deviations"], 1):
            shown[deviation["line"]].append(n)
        lines = self.data["history"].rstrip("\n").split("\n")
        return [(number, line, shown.get(number, [])) for number, line in enumerate(lines, 1)]


@dataclass(frozen=True, slots=True)
class Scenario:
    data: dict
    state: str  # the worst of its runs
    anchor: str
    runs: list[Run]

    @property
    def name(self) -> str:
        return self.data["name"]

    def elsewhere(self, run: Run, deviation: dict) -> list[tuple[str, str]]:
        """What the same step, of those that read alike the same one, gave on other targets: (target, result)."""
        begin = f"{deviation['step']} = "
        before = run.data["history"].split("\n")[:deviation["line"]] if deviation["line"] else []
        which = sum(line.startswith(begin) for line in before)
        found = []
        for other in self.runs:
            alike = [line for line in other.data["history"].split("\n") if line.startswith(begin)]
            if other is not run and 0 < which <= len(alike):
                found.append((other.target, alike[which - 1].removeprefix(begin)))
        return found

    def clauses(self) -> list[str]:
        """The clauses that it names, exercises or offends, each once."""
        ids = dict.fromkeys(self.data["clauses"])
        for run in self.runs:
            ids.update(dict.fromkeys(run.data["clauses"]))
            for deviation in run.data["deviations"]:
                ids.update(dict.fromkeys(deviation["clauses"]))
        return list(ids)


@dataclass(frozen=True)
class Kind:
    """Findings that have one cause, as far as that can be told: alike in target, call, result and clauses."""

    scenario: Scenario  # the first that shows it
    run: Run
    others: list[tuple[Scenario, Run]]


@dataclass
class Cell:
    """One clause on one target: numbers of runs."""

    conform: int = 0
    nonconform: int = 0
    waived: int = 0

    @property
    def state(self) -> str:
        for state in ("nonconform", "waived", "conform"):
            if getattr(self, state):
                return state
        return "not_exercised"


@dataclass
class Clause:
    id: str
    call: str
    statement: str
    level: str
    anchor: str
    known: dict  # the rest of its entry in the catalogue
    cells: dict[str, Cell]  # by target name, in the order of the targets
    deviating: list[tuple[Scenario, Run]] = field(default_factory=list)
    shown_by: list[Scenario] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    data: dict
    verdict: str  # conform, nonconform, nothing executed, undecided
    unlisted: int  # conforming random scenarios that are only counted

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def summary(self) -> dict:
        return self.data["summary"]


@dataclass(frozen=True)
class Waiver:
    data: dict
    status: str  # used, unused, expired, or no longer needed: what it is for was tried and conforms
    covers: list[tuple[Scenario, Run]]

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def subject(self) -> str:
        """What it covers, in words."""
        parts = [f"{what} {self.data[what]}" for what in ("clause", "scenario", "variation") if self.data[what]]
        return ", ".join(parts) + (f" on {self.data['target']}" if self.data["target"] else " on any target")


class Report:
    """results.json, arranged. Everything is in the order of the file."""

    def __init__(self, results: dict):
        self.results = results
        self.scenarios = [_scenario(data) for data in results["scenarios"]]
        self.by_name = {scenario.name: scenario for scenario in self.scenarios}
        self.targets = self._targets()
        self.clauses = self._clauses()
        self._waived = [(scenario, run) for scenario in self.scenarios for run in scenario.runs if run.state == "waived"]
        self.waivers = [self._waiver(data) for data in results["waivers"]]
        self.disagreements = results["disagreements"]

    @property
    def verdict(self) -> str:
        """The worst of the targets' verdicts: nonconform, nothing executed, undecided or conform."""
        verdicts = {target.verdict for target in self.targets} | ({"undecided"} if self.doubt else set())
        for verdict in ("nonconform", "nothing executed", "undecided", "conform"):
            if verdict in verdicts:
                return verdict
        return "nothing executed"

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        if self.verdict == "nothing executed":
            idle = [target.name for target in self.targets if target.verdict == "nothing executed"]
            return "No scenario was judged" + (f" on {', '.join(idle)}." if idle else ": the run had no target.")
        if self.verdict == "nonconform":
            parts = [f"{plural(t.summary['nonconform'], 'scenario')} on {t.name}"
                     for t in self.targets if t.summary["nonconform"]]
            return f"Deviations that no waiver covers: {', '.join(parts)}."
        if self.doubt:
            return f"No deviation was found, but {self.doubt}."
        if self.verdict == "undecided":
            parts = [f"{plural(t.summary['unknown'] + t.summary['not_run'], 'scenario')} on {t.name}"
                     for t in self.targets if t.verdict == "undecided"]
            return f"No deviation was found, but there is no verdict for {', '.join(parts)}."
        parts = [f"Every judged scenario conforms on {', '.join(target.name for target in self.targets)}"]
        for state, what in (("waived", "deviated under a waiver"), ("unsupported", "could not be run: unsupported")):
            count = sum(target.summary[state] for target in self.targets)
            if count:
                parts.append(f"{count:,} {what}")
        return "; ".join(parts) + "."

    @property
    def scope(self) -> str:
        """Which scenarios were conducted, in words."""
        corpus, random = self.results["corpus"], self.results["random"]
        files = sum(scenario.data["source"] != "random" and not scenario.data["source"].startswith(WORLD)
                    for scenario in self.scenarios)
        through_worlds = self._through_worlds(files)
        parts = []
        if corpus:
            parts.append(f"the whole corpus ({plural(corpus['scenarios'], 'scenario')})")
            files -= corpus["scenarios"]
        if files > 0:
            parts.append(f"{plural(files, 'scenario')} of files" + (" besides" if corpus else ", not the whole corpus"))
        if through_worlds > 0:
            parts.append(f"{plural(through_worlds, 'scenario')} through small worlds")
        shard = self.results["shard"]
        if shard and len(shard["parts"]) == 1:
            parts.append(f"part {shard['parts'][0]:,} of {shard['of']:,} of a campaign")
        for first, count in random["ranges"] if random else ():
            if count:
                parts.append(f"random {'races' if random.get('races') else 'scenarios'} {first:,} to {first + count - 1:,} "
                             f"of seed {random['seed']}")
        return "; ".join(parts) or "nothing"

    @property
    def random_scenarios(self) -> int:
        """How many were conducted."""
        return sum(count for _, count in self.results["random"]["ranges"]) if self.results["random"] else 0

    @property
    def command_line(self) -> str:
        return shlex.join(self.results["command"])

    @property
    def capabilities(self) -> list[str]:
        """The names of all that any target says of itself, each once."""
        return list(dict.fromkeys(name for target in self.targets for name in target.data["capabilities"]))

    @property
    def interrupted(self) -> bool:
        return self.results["interrupted"]

    @property
    def doubt(self) -> str:
        """Why the run as a whole decides nothing; empty: it does."""
        if self.interrupted:
            return "the run was interrupted: this is only a part of it"
        for member, words in (("bad_ends", "an agent did not end as it should"), ("incomplete", "not all of it was conducted")):
            if self.results[member]:
                more = len(self.results[member]) - 1
                return f"{words}: {self.results[member][0]}" + (f", and {more:,} more" if more else "")
        return self._parts_missing

    @property
    def _parts_missing(self) -> str:
        """Of a campaign in parts, put together without some; a single part is a thing in itself."""
        shard = self.results["shard"]
        if not shard or len(shard["parts"]) == 1:
            return ""
        there = set(shard["parts"])
        missing = list(itertools.islice((part for part in range(1, shard["of"] + 1) if part not in there), 11))
        words = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")
        return f"of the {shard['of']:,} parts of the campaign only {len(there):,} are there, without {words}"

    def _through_worlds(self, files: int) -> int:
        """How many scenarios of `svmq exhaust` there were, listed or not: all but those of files."""
        if self.results["command"][1:2] != ["exhaust"]:
            return 0
        return max((target.summary["scenarios"] for target in self.targets), default=0) - files

    def kinds(self) -> list[Kind]:
        """The runs that deviate without a waiver, by kind: implementations first, then the most frequent kind."""
        groups = defaultdict(list)
        for scenario in self.in_state("nonconform"):
            for run in scenario.runs:
                if run.state == "nonconform":
                    groups[run.kind].append((scenario, run))
        for group in groups.values():
            group.sort(key=lambda entry: entry[1].data["minimal"] is None)  # first the one that was shrunk
        order = sorted(groups.values(), key=lambda group: (group[0][1].target.startswith("model:"), -len(group)))
        return [Kind(*group[0], group[1:]) for group in order]

    def unsupported_reasons(self, target: str) -> dict[str, list[Scenario]]:
        """Why scenarios could not be run on the target, and which."""
        reasons = defaultdict(list)
        for scenario in self.scenarios:
            for run in scenario.runs:
                if run.target == target and run.state == "unsupported":
                    reasons[run.data["reason"]].append(scenario)
        return dict(sorted(reasons.items(), key=lambda entry: -len(entry[1])))

    def exercised(self, target: str) -> int:
        """How many clauses were exercised on the target."""
        return sum(clause.cells[target].state != "not_exercised" for clause in self.clauses.values())

    def in_state(self, *states: str) -> list[Scenario]:
        return [scenario for scenario in self.scenarios if scenario.state in states]

    def calls(self) -> list[tuple[str, list[Clause]]]:
        """The clauses by call, in the order of the catalogue."""
        groups = defaultdict(list)
        for clause in self.clauses.values():
            groups[clause.call].append(clause)
        known = [call for call in _CALLS if call in groups]
        return [(call, groups[call]) for call in known + sorted(set(groups) - set(_CALLS))]

    def _targets(self) -> list[Target]:
        listed = Counter(run.target for scenario in self.scenarios for run in scenario.runs)
        return [Target(data, _target_verdict(data["summary"]), data["summary"]["scenarios"] - listed[data["name"]])
                for data in self.results["targets"]]

    def _clauses(self) -> dict[str, Clause]:
        clauses = {}
        names = [target.name for target in self.targets]

        def clause(clause_id: str) -> Clause:
            if clause_id not in clauses:
                known = self.results["clauses"].get(clause_id, {"sources": [], "note": "", "unobservable": ""})
                clauses[clause_id] = Clause(
                    clause_id, known.get("call", "other"), known.get("statement", "Not in the catalogue."),
                    known.get("level", "unknown"), f"clause-{clause_id}", known, {name: Cell() for name in names})
            return clauses[clause_id]

        for clause_id in self.results["clauses"]:
            clause(clause_id)
        for target, counts in self.results["coverage"].items():
            for clause_id, count in counts.items():
                clause(clause_id).cells[target] = Cell(**count)
        for scenario in self.scenarios:
            for clause_id in scenario.clauses():
                (clauses.get(clause_id) or clause(clause_id)).shown_by.append(scenario)
            for run in scenario.runs:
                if not run.data["deviations"]:
                    continue
                for clause_id in dict.fromkeys(c for d in run.data["deviations"] for c in d["clauses"]):
                    clause(clause_id).deviating.append((scenario, run))
                for choice in (choice for d in run.data["deviations"] for choice in d["allowed"]):
                    for clause_id in choice["clauses"]:
                        clause(clause_id)  # so that every id that the report shows has an entry
        for entry in clauses.values():  # a listed deviation shows in the matrix even where the coverage forgot it
            listed = Counter((run.target, run.state) for _, run in entry.deviating)
            for (target, state), count in listed.items():
                setattr(entry.cells[target], state, max(count, getattr(entry.cells[target], state)))
        return clauses

    def _waiver(self, data: dict) -> Waiver:
        covers = [(scenario, run) for scenario, run in self._waived if data["id"] in run.data["waivers"]]
        return Waiver(data, self.waiver_status(data, data["used"] > 0, self.results["started"][:10]), covers)

    def waiver_status(self, data: dict, used: bool, date: str) -> str:
        """used, unused, expired on that date, or no longer needed: what it is for was tried and conforms."""
        if data["expires"] and data["expires"] < date:
            return "expired"
        if used:
            return "used"
        if data["variation"]:
            return "unused"  # that its clause was tried does not say that the difference could have shown
        targets = [data["target"]] if data["target"] else [target.name for target in self.targets]
        if data["scenario"]:
            scenario = self.by_name.get(data["scenario"])
            tried = scenario and any(run.state == "conform" and run.target in targets for run in scenario.runs)
        else:
            clause = self.clauses.get(data["clause"])
            tried = clause and any(clause.cells[name].conform for name in targets if name in clause.cells)
        return "no longer needed" if tried else "unused"


def _scenario(data: dict) -> Scenario:
    # A finding keeps its address however the rest of the run changes; ":" is in no name of a scenario.
    runs = [Run(run, run_state(run), f"finding-{data['name']}:{_slug(run['target'], index)}")
            for index, run in enumerate(data["runs"])]
    states = {run.state for run in runs}
    state = next((state for state in STATES if state in states), "not_run")
    prefix = "scenario" if state in ("conform", "unsupported") else "finding"
    return Scenario(data, state, f"{prefix}-{data['name']}", runs)


@functools.cache
def _slug(target: str, index: int) -> str:
    """The target's name where an anchor can hold it, else with its place, so that no two are alike."""
    slug = re.sub(r"[^A-Za-z0-9.:_-]+", "-", target)
    return slug if slug == target else f"{slug}~{index}"


def _target_verdict(summary: dict) -> str:
    if summary["nonconform"]:
        return "nonconform"
    if summary["conform"] + summary["waived"] == 0 or summary["steps"] == 0:
        return "undecided" if summary["unknown"] else "nothing executed"
    return "undecided" if summary["unknown"] + summary["not_run"] else "conform"
