"""What has changed between two results: for the reviewer of a release, as a page and as Markdown."""

import re
from dataclasses import dataclass

from svmq_report import html, plots
from svmq_report.markdown import VERDICTS, cell, code, command, fit, prose
from svmq_report.text import plural
from svmq_report.view import Report, Run, Scenario

MOVED = 1.1  # a performance ratio that changed by this factor is worth a line
_JUDGED = ("conform", "nonconform", "waived")
_RANDOM_NAME = re.compile(r"random-(\d+)-(\d+)\Z")
_ABSENT = "not conducted"


@dataclass(frozen=True)
class Change:
    """A scenario on a target whose state is another than before."""

    scenario: Scenario  # of the new results where it is listed there
    target: str
    before: str
    after: str
    run: Run | None  # the one to show: what deviates, or did

    @property
    def deviation(self) -> dict | None:
        return self.run.data["deviations"][0] if self.run and self.run.data["deviations"] else None


@dataclass(frozen=True)
class ClauseChange:
    id: str
    target: str
    before: str
    after: str


@dataclass(frozen=True)
class Move:
    family: str
    parameter: int
    target: str
    before: float
    after: float

    @property
    def factor(self) -> float:
        return self.after / self.before


class Comparison:
    def __init__(self, old: Report, new: Report, old_name: str, new_name: str):
        self.old, self.new, self.old_name, self.new_name = old, new, old_name, new_name
        old_names, new_names = ([target.name for target in report.targets] for report in (old, new))
        self.targets = [name for name in new_names if name in old_names]
        self.only_old = [name for name in old_names if name not in new_names]
        self.only_new = [name for name in new_names if name not in old_names]
        changes = list(self._changes())
        self.broken = [c for c in changes if c.after == "nonconform"]
        self.fixed = [c for c in changes if c.before == "nonconform" and c.after == "conform"]
        self.waived = [c for c in changes if c.after == "waived" and c.before != "waived"]
        self.not_judged = [c for c in changes if c.before in _JUDGED and c.after not in _JUDGED
                           and not (c.after == _ABSENT and c.scenario.data["source"] == "random")]  # of another seed
        clauses = list(self._clause_changes())
        self.clauses_broken = [c for c in clauses if c.after == "nonconform"]
        self.clauses_fixed = [c for c in clauses if c.before == "nonconform" and c.after == "conform"]
        self.covered = [c for c in clauses if c.before == "not_exercised"]
        self.lost = [c for c in clauses if c.after == "not_exercised"]
        self.moves = list(self._moves())
        self.slower = [move for move in self.moves if move.factor < 1]
        self.unmeasured = [key for key in _ratios(old) if key not in _ratios(new)]
        self.differences = list(self._differences())

    @property
    def kind(self) -> str:
        """The worst that there is to say; one of _ICONS."""
        if self.broken or self.clauses_broken:
            return "broken"
        if self.new.doubt or self.only_old or self.fewer or self.lost or self.not_judged or self.unmeasured:
            return "less shown"
        return "slower" if self.slower else "fixed" if self.fixed else "no change for the worse"

    @property
    def verdict(self) -> str:
        slower = plural(len(self.slower), "performance ratio")
        if self.kind == "slower":
            return ("fixed" if self.fixed else "no scenario or clause changed for the worse") + f"; {slower} became worse"
        return self.kind + (f"; {slower} became worse" if self.slower else "")

    @property
    def fewer(self) -> str:
        """Random scenarios than before, in words; empty: there are no fewer."""
        before, now = self.old.random_scenarios, self.new.random_scenarios
        return f"Only {now:,} random scenarios, {before:,} before" if now < before else ""

    @property
    def sentences(self) -> list[str]:
        """The counts that matter in one, behind what takes their weight from them."""
        doubts = [f"{self.new_name} decides nothing: {self.new.doubt}."] if self.new.doubt else []
        if self.only_old:
            doubts.append(f"{plural(len(self.only_old), 'target')} not conducted any more: {', '.join(self.only_old)}.")
        if self.fewer:
            doubts.append(f"{self.fewer}.")
        return [*doubts, f"{plural(len(self.broken), 'scenario')} broken, {len(self.fixed):,} fixed, {len(self.waived):,} newly "
                f"waived, {len(self.not_judged):,} not judged any more; {plural(len(self.covered), 'clause')} newly covered, "
                f"{len(self.lost):,} lost; {plural(len(self.moves), 'performance ratio')} moved, {len(self.slower):,} for the "
                f"worse, {len(self.unmeasured):,} not measured any more."]

    @property
    def headline(self) -> str:
        return " ".join(self.sentences)

    @property
    def sections(self) -> list[tuple[str, str, list]]:
        """(heading, what it means, changes of scenarios)"""
        return [("Broken", "Deviates now and did not before.", self.broken),
                ("Fixed", "Deviated before and conforms now.", self.fixed),
                ("Newly waived", "A waiver covers it that did not before.", self.waived),
                ("Not judged any more", "Had a verdict before and has none now.", self.not_judged)]

    @property
    def clause_sections(self) -> list[tuple[str, list[ClauseChange]]]:
        return [("Clauses broken", self.clauses_broken), ("Clauses fixed", self.clauses_fixed),
                ("Newly covered", self.covered), ("Coverage lost", self.lost)]

    def _changes(self):
        names = dict.fromkeys([*self.new.by_name, *self.old.by_name])
        for target in self.targets:
            for name in names:
                before, old_run = _state(self.old, name, target)
                after, new_run = _state(self.new, name, target)
                if before != after:
                    run = old_run if after == "conform" else new_run
                    yield Change(self.new.by_name.get(name) or self.old.by_name[name], target, before, after, run)

    def _clause_changes(self):
        for target in self.targets:
            for id in dict.fromkeys([*self.new.clauses, *self.old.clauses]):
                before, after = (report.clauses[id].cells[target].state if id in report.clauses else "not_exercised"
                                 for report in (self.old, self.new))
                if before != after:
                    yield ClauseChange(id, target, before, after)

    def _moves(self):
        old, new = _ratios(self.old), _ratios(self.new)
        for key, after in new.items():
            if key in old and not 1 / MOVED < after / old[key] < MOVED:
                yield Move(*key, old[key], after)

    def _differences(self):
        """Of the circumstances: what may explain a change besides the implementation."""
        old, new = self.old.results, self.new.results
        yield from _different("svmq", old["svmq"]["version"], new["svmq"]["version"])
        yield from _different("catalogue", *((results["catalogue"] or {}).get("sha256", "not said")[:12]
                                             for results in (old, new)))
        for key in dict.fromkeys([*old["environment"], *new["environment"]]):
            if key != "namespaces":
                yield from _different(key, *(_plain(results["environment"].get(key, "not said")) for results in (old, new)))
        for name in self.targets:
            before, after = (next(t.data for t in report.targets if t.name == name) for report in (self.old, self.new))
            yield from _different(f"profile of {name}", before["profile"], after["profile"])
            for need in dict.fromkeys([*before["capabilities"], *after["capabilities"]]):
                yield from _different(f"{need} on {name}", *(side["capabilities"].get(need, "not said")
                                                             for side in (before, after)))
        yield from _different("conducted", self.old.scope, self.new.scope)
        yield from _different("doubt", self.old.doubt or "none", self.new.doubt or "none")
        yield from _different("targets besides", _plain(self.only_old), _plain(self.only_new))


def _ratios(report: Report) -> dict[tuple[str, int, str], float]:
    """How many times as fast as the kernel, by family, parameter and target."""
    return {(family, parameter, target): ratio for family, rows in plots.ratios(report.results["benchmarks"]).items()
            for parameter, target, _, _, ratio in rows}


def _plain(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {entry}" for key, entry in value.items())
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)


def _different(what: str, before: str, after: str):
    if before != after:
        yield what, before, after


def _state(report: Report, name: str, target: str) -> tuple[str, Run | None]:
    """The state of a scenario on a target; a random one that was conducted and is not listed has conformed."""
    scenario = report.by_name.get(name)
    for run in scenario.runs if scenario else ():
        if run.target == target:
            return run.state, run
    found, random = _RANDOM_NAME.match(name), report.results["random"]
    if not scenario and found and random and int(found[1]) == random["seed"] and any(
            begin <= int(found[2]) < begin + count for begin, count in random["ranges"]):
        return "conform", None
    return _ABSENT, None


# ---------------------------------------------------------------------------------------------------- writing


def write_html(comparison: Comparison) -> str:
    runs = [change.run for _, _, changes in comparison.sections for change in changes[:200] if change.run]
    return html.render("comparison.html", comparison=comparison, new=comparison.new, beside=html.beside(runs))


def write_markdown(comparison: Comparison) -> str:
    head = [f"## svmq comparison: {_ICONS[comparison.kind]} {comparison.verdict}", "", " ".join(map(prose, comparison.sentences)), "",
            *_targets(comparison), ""]
    blocks = [_change(title, change) for title, _, changes in comparison.sections for change in changes]
    tail = []
    for title, changes in comparison.clause_sections:
        if changes:
            shown = ", ".join(f"{code(c.id)} on {code(c.target)}" for c in changes[:20])
            more = f" and {len(changes) - 20:,} more (see `comparison.html`)" if len(changes) > 20 else ""
            tail.append(f"- {title.lower()}: {shown}{more}")
    tail += [f"- {m.family} {m.parameter:,} on {code(m.target)}: {m.before:.2f}× the kernel before, {m.after:.2f}× now"
             for m in sorted(comparison.moves, key=lambda move: move.factor)[:50]]
    tail += [f"- and {plural(len(comparison.moves) - 50, 'performance ratio')} more (see `comparison.html`)"] if len(comparison.moves) > 50 else []
    if comparison.unmeasured:
        shown = ", ".join(f"{family} {parameter:,} on {code(target)}" for family, parameter, target in comparison.unmeasured[:50])
        more = f" and {len(comparison.unmeasured) - 50:,} more (see `comparison.html`)" if len(comparison.unmeasured) > 50 else ""
        tail.append(f"- not measured any more: {shown}{more}")
    tail += [f"- {prose(what)}: {code(before)} before, {code(after)} now"
             for what, before, after in comparison.differences[:30]]
    tail = ["### Notes", "", *tail, ""] if tail else []
    footer = f"<sub>{code(comparison.old_name)} → {code(comparison.new_name)}</sub>"
    return fit(head, "### Scenarios", blocks, [*tail, footer], "change", "`comparison.html`")


_ICONS = {"broken": "❌", "less shown": "❔", "slower": "❔", "fixed": "✅", "no change for the worse": "✅"}


def _targets(comparison: Comparison) -> list[str]:
    rows = ["| target | before | now | nonconform before | now | clauses before | now |",
            "| --- | --- | --- | ---: | ---: | ---: | ---: |"]
    for name in comparison.targets:
        before, after = (next(t for t in report.targets if t.name == name) for report in (comparison.old, comparison.new))
        rows.append(f"| {cell(name)} | {VERDICTS[before.verdict]} | {VERDICTS[after.verdict]} | "
                    f"{before.summary['nonconform']:,} | {after.summary['nonconform']:,} | "
                    f"{comparison.old.exercised(name):,} | {comparison.new.exercised(name):,} |")
    for target in comparison.old.targets:
        if target.name in comparison.only_old:
            rows.append(f"| {cell(target.name)} | {VERDICTS[target.verdict]} | not conducted | {target.summary['nonconform']:,} | – | "
                        f"{comparison.old.exercised(target.name):,} | – |")
    return rows


def _change(title: str, change: Change) -> str:
    lines = [f"- **{title.lower()}** {code(change.scenario.name)} on {code(change.target)}: "
             f"{change.before.replace('_', ' ')} → {change.after.replace('_', ' ')}"]
    if change.deviation and title != "Fixed":
        allowed = ", ".join(code(choice["result"]) for choice in change.deviation["allowed"][:8]) or "nothing"
        lines += [f"  - step {code(change.deviation['step'])}",
                  f"  - observed {code(change.deviation['observed'])}, allowed {allowed}",
                  f"  - clauses {' '.join(code(id) for id in change.deviation['clauses'][:8]) or 'none named'}"]
    elif change.run and change.run.data["reason"] and title != "Fixed":
        lines.append(f"  - {prose(change.run.data['reason'])}")
    if change.scenario.data["reproduce"] and title != "Fixed":
        lines.append(f"  - reproduce {command(change.scenario.data['reproduce'], '`comparison.html` has')}")
    return "\n".join(lines)
