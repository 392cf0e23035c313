"""The compliance statement: for each profile, target and clause, what was shown, and why what was not shown was not.

`make` gives it as data (statement.json, which statement.schema.json defines), `to_markdown` as a page for people. A
clause is `conform` where every run that exercised it conformed to it, `nonconform` where one did not, `waived` where
all that did not are covered by waivers, and else `not tested`.
"""

import json
from collections import Counter

from svmq_report.markdown import code, prose
from svmq_report.text import plural
from svmq_report.view import Clause, Report, Target

LEVELS = ("required", "latitude", "silent", "extension", "deviation", "unknown")
STATES = ("conform", "nonconform", "waived", "not tested")


def write_json(report: Report) -> str:
    return to_json(make(report))


def write_markdown(report: Report) -> str:
    return to_markdown(make(report))


def to_json(statement: dict) -> str:
    return json.dumps(statement, indent=1, ensure_ascii=True) + "\n"


def make(report: Report, manifest: str | None = None) -> dict:
    """`manifest`: the SHA-256 of the manifest of the bundle that the statement is in."""
    results = report.results
    profiles = dict.fromkeys(target.data["profile"] for target in report.targets)
    return {
        "schema": "svmq-statement/1",
        "svmq": results["svmq"],
        "verdict": report.verdict,
        "headline": report.headline,
        "run": {"started": results["started"], "seconds": results["seconds"], "command": results["command"],
                "conducted": report.scope, "corpus": results["corpus"], "random": results["random"],
                "environment": results["environment"]},
        "catalogue": {"clauses": len(results["clauses"]), **(results["catalogue"] or {})},
        "profiles": [{"profile": profile,
                      "targets": [_target(report, target) for target in report.targets
                                  if target.data["profile"] == profile]} for profile in profiles],
        **({"evidence": {"manifest_sha256": manifest}} if manifest else {}),
        "waivers": [{"id": waiver.id, "covers": waiver.subject, "reason": waiver.data["reason"],
                     "owner": waiver.data["owner"], "expires": waiver.data["expires"], "used": waiver.data["used"],
                     "status": waiver.status} for waiver in report.waivers],
    }


def _target(report: Report, target: Target) -> dict:
    reasons = _Reasons(report, target.name)
    clauses = {clause.id: _clause(clause, target, reasons) for clause in report.clauses.values()}
    levels = {level: Counter() for level in LEVELS}
    for clause in report.clauses.values():
        levels[clause.level][clauses[clause.id]["state"]] += 1
    return {"target": target.name, "agent": target.data["agent"], "verdict": target.verdict,
            "summary": target.summary, "capabilities": target.data["capabilities"],
            "levels": {level: {state: count[state] for state in STATES} for level, count in levels.items() if count},
            "clauses": clauses}


def _clause(clause: Clause, target: Target, reasons: "_Reasons") -> dict:
    cell = clause.cells[target.name]
    if cell.state == "not_exercised":
        return {"state": "not tested", "reason": reasons.of(clause, target.data["profile"])}
    if cell.state == "waived":
        return {"state": "waived", "runs": cell.conform + cell.waived, "reason": reasons.waivers(clause)}
    if cell.state == "nonconform":
        return {"state": "nonconform", "runs": cell.conform + cell.nonconform + cell.waived,
                "reason": reasons.deviation(clause)}
    return {"state": "conform", "runs": cell.conform}


class _Reasons:
    """Why a clause is in its state on one target."""

    def __init__(self, report: Report, target: str):
        self._target = target
        self._waivers = {waiver.id: waiver.data["reason"] for waiver in report.waivers}
        self._hindered = {}  # clause: why the first scenario that is about it came to no verdict
        for scenario in report.scenarios:
            for run in scenario.runs:
                if run.target == target and run.state in ("unsupported", "unknown", "not_run"):
                    for clause in scenario.data["clauses"]:
                        self._hindered.setdefault(clause, f"{run.state.replace('_', ' ')}: {run.data['reason']}")

    def of(self, clause: Clause, profile: str) -> str:
        unobservable = clause.known.get("unobservable")
        if unobservable:
            return f"no scenario can show it: {unobservable}"
        if clause.id in self._hindered:
            return self._hindered[clause.id]
        if profile == "posix" and clause.level in ("extension", "deviation"):
            return f"not in profile posix: {clause.level}"
        return "no scenario of this run exercised it"

    def waivers(self, clause: Clause) -> str:
        ids = dict.fromkeys(waiver for _, run in self._runs(clause, "waived") for waiver in run.data["waivers"])
        return "; ".join(f"{waiver}: {self._waivers[waiver]}" for waiver in ids)

    def deviation(self, clause: Clause) -> str:
        for scenario, run in self._runs(clause, "nonconform"):
            for deviation in run.data["deviations"]:
                if clause.id in deviation["clauses"]:
                    return f"{scenario.name}: {deviation['step']} gave {deviation['observed']}"
        return "runs that are not listed"

    def _runs(self, clause: Clause, state: str):
        return [(scenario, run) for scenario, run in clause.deviating
                if run.target == self._target and run.state == state]


# ---------------------------------------------------------------------------------------------------- for people


def to_markdown(statement: dict) -> str:
    run, environment = statement["run"], statement["run"]["environment"]
    lines = ["# Compliance statement", "", f"**{statement['verdict']}**. {prose(statement['headline'])}", "",
             f"Made by svmq {prose(statement['svmq']['version'])} from the run of {run['started']} "
             f"({run['seconds']:.1f} s), by a catalogue of {plural(statement['catalogue']['clauses'], 'clause')}"
             + (f" (SHA-256 {code(statement['catalogue']['sha256'])})" if "sha256" in statement["catalogue"] else "")
             + ".", "", "## What was run where", "", f"- command: {code(' '.join(run['command']), 2000)}",
             f"- conducted: {prose(run['conducted'])}"]
    for name, value in environment.items():
        shown = ", ".join(f"{key} {entry}" for key, entry in value.items()) if isinstance(value, dict) else (
            ", ".join(value) or "none" if isinstance(value, list) else str(value))
        lines.append(f"- {name}: {prose(shown)}")
    if "evidence" in statement:
        lines.append(f"- evidence: the bundle whose manifest.json has SHA-256 {code(statement['evidence']['manifest_sha256'])}")
    for profile in statement["profiles"]:
        for target in profile["targets"]:
            lines += ["", *_target_lines(profile["profile"], target)]
    lines += ["", "## Waivers", ""]
    lines += [f"- {code(w['id'])} ({w['status']}, used {w['used']:,} times, "
              f"{'until ' + w['expires'] if w['expires'] else 'without end'}, owner: {prose(w['owner'] or 'nobody')}) "
              f"covers {prose(w['covers'])}: {prose(w['reason'])}" for w in statement["waivers"]] or ["None."]
    return "\n".join(lines) + "\n"


def _target_lines(profile: str, target: dict) -> list[str]:
    summary = target["summary"]
    lines = [f"## {code(target['target'])} by profile {code(profile)}: {target['verdict']}", "",
             f"{plural(summary['scenarios'], 'scenario')}, {plural(summary['steps'], 'step')}: "
             + ", ".join(f"{summary[key]:,} {key.replace('_', ' ')}" for key in
                         ("conform", "nonconform", "waived", "unknown", "unsupported", "not_run")) + ".", "",
             "| level | " + " | ".join(STATES) + " |", "| --- |" + " ---: |" * len(STATES)]
    for level, counts in target["levels"].items():
        lines.append(f"| {level} | " + " | ".join(f"{counts[state]:,}" for state in STATES) + " |")
    for state in ("nonconform", "waived", "not tested"):
        entries = {id: clause["reason"] for id, clause in target["clauses"].items() if clause["state"] == state}
        if entries:
            lines += ["", f"### {state.capitalize()}: {plural(len(entries), 'clause')}", ""]
            by_reason = {}
            for id, reason in entries.items():
                by_reason.setdefault(reason, []).append(id)
            lines += [f"- {' '.join(code(id) for id in ids)}: {prose(reason)}" for reason, ids in by_reason.items()]
    conform = [code(id) for id, clause in target["clauses"].items() if clause["state"] == "conform"]
    if conform:
        lines += ["", f"### Conform: {plural(len(conform), 'clause')}", "", " ".join(conform)]
    lacking = {need: answer for need, answer in target["capabilities"].items() if answer != "yes"}
    if lacking:
        lines += ["", "### Capabilities that are not plainly there", ""]
        lines += [f"- {code(need)}: {prose(answer)}" for need, answer in lacking.items()]
    return lines
