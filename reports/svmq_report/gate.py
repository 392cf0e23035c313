"""Whether results may pass: one line, and an exit status. Whatever cannot be shown does not pass.

0 conform, 1 nonconform, 2 usage or environment, 3 nothing executed, undecided, or less shown than before.
"""

import datetime
from dataclasses import dataclass, field

from svmq_report import bundle, histories, judging, mutants
from svmq_report.load import InputError, run_state
from svmq_report.text import plural, shorten, visible_line
from svmq_report.view import STATES, Report, Target

CONFORM, NONCONFORM, USAGE, UNDECIDED = 0, 1, 2, 3
_JUDGED = ("conform", "nonconform", "waived")
_WORDS = {CONFORM: "conform", NONCONFORM: "nonconform", UNDECIDED: "undecided"}


@dataclass
class Outcome:
    """What the gate found on one target."""

    target: Target
    profile: str
    counts: dict
    deviating: list[str] = field(default_factory=list)  # names of scenarios
    first: dict | None = None  # the first deviation
    offended: dict = field(default_factory=dict)  # clauses, in order
    softened: list[str] = field(default_factory=list)  # deviate by the run, and not by the judge that is here
    lost: list[str] = field(default_factory=list)  # clauses that the baseline exercised
    left_out: list[str] = field(default_factory=list)  # scenarios of files that the baseline judged
    newly_waived: list[str] = field(default_factory=list)  # scenarios that the baseline has not waived
    fewer: str = ""  # random scenarios than the baseline, in words
    waivers: set = field(default_factory=set)  # ids of those that cover something

    @property
    def status(self) -> int:
        if self.counts["nonconform"]:
            return NONCONFORM
        if not self.counts["conform"] or not self.target.summary["steps"]:
            return UNDECIDED
        undecided = self.counts["unknown"] + self.counts["not_run"] or self.lost or self.left_out
        return UNDECIDED if undecided else CONFORM

    @property
    def words(self) -> str:
        name = f"{visible_line(self.target.name)} by {visible_line(self.profile)}"
        if self.status == NONCONFORM:
            clauses = shorten(" ".join(self.offended), 160)
            return (f"{name}: {self.counts['nonconform']:,} of {plural(sum(self.counts.values()), 'scenario')} deviate"
                    + (f", first {self.deviating[0]}" if self.deviating else "") + (f" ({clauses})" if clauses else "")
                    + (f"; {_named(self.softened, 'scenario')} no longer deviate when judged anew: another svmq made these "
                       "results, so run again" if self.softened else ""))
        if not self.counts["conform"]:
            reason = ("nothing conforms: all that was judged is waived" if self.counts["waived"] else
                      "everything is unsupported" if self.counts["unsupported"] else "nothing was executed")
            return f"{name}: {reason}"
        problems = [f"{self.counts[state]:,} {state.replace('_', ' ')}" for state in ("unknown", "not_run")
                    if self.counts[state]]
        if self.lost:
            problems.append(f"coverage lost of {_named(self.lost, 'clause')}")
        if self.left_out:
            problems.append(f"{_named(self.left_out, 'scenario')} of the baseline not judged")
        changes = [f"newly waived {_named(self.newly_waived, 'scenario')}"] if self.newly_waived else []
        changes += [self.fewer] if self.fewer else []
        shown = ", ".join(f"{self.counts[state]:,} {state}" for state in ("conform", "waived", "unsupported")
                          if self.counts[state])
        return f"{name}: {'; '.join([*problems, shown, *changes])}"


def gate(report: Report, kept: bytes | None, chosen: list[str], profile: str | None, waivers: list[dict] | None,
         baseline: Report | None, date: str | None) -> tuple[int, str, list[str]]:
    """Exit status, the line, and notes."""
    date = date or datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    targets = _targets(report, chosen)
    if not targets:
        return UNDECIDED, "undecided: nothing was executed: the results have no target", []
    outcomes = [_outcome(report, target, kept, profile, waivers, date) for target in targets]
    gone = []
    if baseline is not None:
        for outcome in outcomes:
            _compare(report, baseline, outcome)
        gone = [] if chosen else _targets_gone(report, baseline)
    doubts = [f"coverage lost of {name}, a target of the baseline" for name in gone]
    doubts += [visible_line(report.doubt)] if report.doubt else []
    doubts += _other_catalogue(report)
    if not chosen and all(target.name.startswith("model:") for target in targets):
        doubts.append("no implementation was conducted, only the model, which is the measure: name it with --target if it is meant")
    blind, unsure, of_suite = mutants.for_gate(report.results["mutants"], baseline and baseline.results["mutants"])
    doubts += unsure
    statuses = {outcome.status for outcome in outcomes} | ({UNDECIDED} if doubts else set()) | ({NONCONFORM} if blind else set())
    status = NONCONFORM if NONCONFORM in statuses else UNDECIDED if UNDECIDED in statuses else CONFORM
    worst = [outcome for outcome in outcomes if outcome.status == status] or outcomes
    words = [outcome.words for outcome in worst] + blind + doubts
    used = set().union(*(outcome.waivers for outcome in outcomes))
    of_run = report.results["waivers"]
    notes = [note for outcome in outcomes if outcome.first for note in _first_notes(report, outcome)]
    notes += _scope_notes(report, baseline) + of_suite
    notes += _notes(report, of_run if waivers is None else waivers, used, [target.name for target in targets], date)
    return status, f"{_WORDS[status]}: {'; '.join(words)}", notes


def _targets(report: Report, chosen: list[str]) -> list[Target]:
    """Those chosen; else the implementations, for the model is the measure; else all."""
    names = [target.name for target in report.targets]
    for name in chosen:
        if name not in names:
            raise InputError(f"--target {visible_line(name)}: the results have no such target.\n"
                             f"They have: {visible_line(' '.join(names)) or 'none'}.")
    if chosen:
        return [target for target in report.targets if target.name in chosen]
    return [target for target in report.targets if not target.name.startswith("model:")] or report.targets


def _outcome(report: Report, target: Target, kept: bytes | None, profile: str | None, waivers: list[dict] | None,
             date: str) -> Outcome:
    other_profile = profile is not None and profile != target.data["profile"]
    outcome = Outcome(target, profile or target.data["profile"], {**dict.fromkeys(STATES, 0), "conform": target.unlisted})
    runs = [(scenario.data, run.data) for scenario in report.scenarios for run in scenario.runs
            if run.target == target.name]
    if other_profile:
        judged = [(name, run) for name, run in _all_anew(target, runs, kept, outcome, waivers, report, date)]
    else:
        judged = _deviating_anew(target, runs, outcome, waivers, report, date)
    for name, run in judged:
        state = run_state(run)
        outcome.counts[state] += 1
        outcome.waivers.update(run.get("waivers", ()))
        if state == "nonconform":
            outcome.deviating.append(name)
            outcome.first = outcome.first or run["deviations"][0]
            outcome.offended.update(dict.fromkeys(id for deviation in run["deviations"] for id in deviation["clauses"]))
    return outcome


def _deviating_anew(target: Target, runs: list, outcome: Outcome, waivers: list[dict] | None, report: Report, date: str):
    """Verdicts as they are; but which deviations are waived is asked anew, for waivers end and are exchanged."""
    if waivers is None:
        waivers = report.results["waivers"]
    deviating = [run for _, run in runs if run["verdict"] == "nonconform"] if waivers or any(
        run.get("waivers") for _, run in runs) else []
    anew = iter(judging.judge([run["history"] for run in deviating], outcome.profile, target.name, waivers, date)
                if deviating else [])
    for scenario, run in runs:
        judged = next(anew) if deviating and run["verdict"] == "nonconform" else run
        if judged["verdict"] != run["verdict"]:  # what the run found stands until a run finds otherwise
            outcome.softened.append(scenario["name"])
            judged = {**run, "waivers": []}
        yield scenario["name"], judged


def _all_anew(target: Target, runs: list, kept: bytes | None, outcome: Outcome, waivers: list[dict] | None,
              report: Report, date: str):
    """Every history by another profile than it was judged by."""
    if waivers is None:
        waivers = report.results["waivers"]
    with_history, verdicts = [], []
    for scenario, run in runs:
        if run["verdict"] in ("unsupported", "not-run"):
            verdicts.append((scenario["name"], run))
        elif run["history"]:
            with_history.append((scenario["name"], run["history"]))
        else:
            raise InputError(f"scenario {scenario['name']} on {visible_line(target.name)} has no history to judge by "
                             f"{outcome.profile}.\nWrite the results again with this version of svmq.")
    unlisted = [entry for entry in histories.split(kept) if entry.target == target.name]
    if len(unlisted) != target.unlisted:
        raise InputError(f"the histories of {target.unlisted:,} scenarios on {visible_line(target.name)} that "
                         f"are not listed are needed to judge by {outcome.profile}, and there are {len(unlisted):,}.\n"
                         f"Run again with --profile {outcome.profile}.")
    outcome.counts["conform"] = 0
    with_history += [(entry.name, entry.text) for entry in unlisted]
    anew = judging.judge([text for _, text in with_history], outcome.profile, target.name, waivers, date)
    return verdicts + [(name, run) for (name, _), run in zip(with_history, anew)]


def _compare(report: Report, baseline: Report, outcome: Outcome) -> None:
    """What is shown on the target now against what the baseline showed."""
    name = outcome.target.name
    outcome.lost = _lost(report, baseline, name)
    now, before = ({scenario.name: run.state for scenario in side.scenarios for run in scenario.runs if run.target == name}
                   for side in (report, baseline))
    for scenario in baseline.scenarios:
        judged = before.get(scenario.name) in _JUDGED
        if scenario.data["source"] != "random" and judged and now.get(scenario.name) not in (*_JUDGED, "unknown", "not_run"):
            outcome.left_out.append(scenario.name)
    random = report.results["random"] and report.results["random"]["seed"]
    of_other_seed = baseline.results["random"] and baseline.results["random"]["seed"] != random
    outcome.newly_waived = [scenario.name for scenario in report.scenarios if now.get(scenario.name) == "waived"
                            and before.get(scenario.name) != "waived"
                            and not (scenario.data["source"] == "random" and of_other_seed)]
    ours, theirs = report.random_scenarios, baseline.random_scenarios
    if ours < theirs:
        outcome.fewer = f"only {ours:,} random scenarios, {theirs:,} in the baseline"


def _other_catalogue(report: Report) -> list[str]:
    about = report.results["catalogue"]
    if about is None or about["sha256"] == bundle.sha256(bundle.CATALOGUE.read_bytes()):
        return []
    return ["the results are by another catalogue of clauses than this svmq's: gate them with the svmq that made them"]


def _first_notes(report: Report, outcome: Outcome) -> list[str]:
    """All that one needs to begin with: step, result, what was allowed by which clauses, and the command."""
    first, name = outcome.first, outcome.deviating[0]
    allowed = " or ".join(choice["result"] for choice in first["allowed"]) or "nothing"
    words = (f"{name} on {outcome.target.name}: {first['step']} gave {shorten(first['observed'], 300)}; allowed: "
             f"{shorten(allowed, 300)} ({shorten(' '.join(first['clauses']), 300)})")
    command = report.by_name[name].data["reproduce"] if name in report.by_name else ""
    return [visible_line(words), *([f"reproduce: {visible_line(command)}"] if command else [])]


def _scope_notes(report: Report, baseline: Report | None) -> list[str]:
    notes = [f"conducted: {visible_line(report.scope)}"]
    if report.results["catalogue"] is None:
        notes.append("the results do not say by which catalogue of clauses they are")
    if baseline is None:
        return [*notes, "without --baseline nobody sees what was conducted, or conformed, before and does not now"]
    ours, theirs = report.results, baseline.results
    if ours["catalogue"] != theirs["catalogue"]:
        gone = [id for id in theirs["clauses"] if id not in ours["clauses"]]
        changed = [id for id, clause in ours["clauses"].items() if clause["level"] != theirs["clauses"].get(id, clause)["level"]]
        notes.append(f"the baseline is by another catalogue: {_named(gone, 'clause')} gone, the level of "
                     f"{_named(changed, 'clause')} changed")
    return notes


def _named(names: list[str], noun: str) -> str:
    return plural(len(names), noun) + (f" ({shorten(' '.join(names), 160)})" if names else "")


def _lost(report: Report, baseline: Report, target: str) -> list[str]:
    if target not in [entry.name for entry in baseline.targets]:
        raise InputError(f"the baseline has no target {visible_line(target)}, so that nothing can be compared.\n"
                         "Name a baseline of the same targets, or leave --baseline out.")
    return [clause.id for clause in baseline.clauses.values()
            if clause.cells[target].state != "not_exercised"
            and (clause.id not in report.clauses or report.clauses[clause.id].cells[target].state == "not_exercised")]


def _targets_gone(report: Report, baseline: Report) -> list[str]:
    """The targets that the baseline would have gated and that are not there any more."""
    names = {target.name for target in report.targets}
    return [visible_line(target.name) for target in _targets(baseline, []) if target.name not in names]


def _notes(report: Report, waivers: list[dict], used: set, targets: list[str], date: str) -> list[str]:
    notes = []
    for waiver in waivers:
        if waiver["target"] and waiver["target"] not in targets:
            continue
        status = report.waiver_status(waiver, waiver["id"] in used, date)
        if status == "expired":
            notes.append(f"waiver {waiver['id']} has expired on {waiver['expires']} and covers nothing: "
                         "renew or remove it")
        elif status != "used":
            notes.append(f"waiver {waiver['id']} is {status}" + (": remove it" if status == "no longer needed" else ""))
    return notes
