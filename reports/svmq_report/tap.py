"""The report as TAP 14, a test point for each scenario on each target.

Nonconform, unknown and not-run are `not ok`; unsupported is skipped; waived is a TODO: not ok, and known to be.
"""

import json

from svmq_report.text import visible_line
from svmq_report.view import Report, Run, Scenario


def write(report: Report) -> str:
    points = []
    for target in report.targets:
        for scenario in report.scenarios:
            points += [_point(report, scenario, run) for run in scenario.runs if run.target == target.name]
        if target.unlisted:
            points.append((True, f"{target.name}: scenarios that are not listed singly: {target.unlisted:,} conform", "", {}))
        if target.verdict == "nothing executed":
            points.append((False, f"{target.name}: something was executed", "", {}))
    if not points:
        points.append((False, "the run had a target", "", {}))
    if report.doubt:
        points.append((False, f"the run was whole: {report.doubt}", "", {}))
    lines = ["TAP version 14", f"# svmq {visible_line(report.results['svmq']['version'])}: {report.verdict}",
             f"1..{len(points)}"]
    for number, (good, name, directive, details) in enumerate(points, 1):
        lines.append(f"{'ok' if good else 'not ok'} {number} - {_escaped(name)}" + (f" # {directive}" if directive else ""))
        if details:
            lines += ["  ---", *(f"  {key}: {_scalar(value)}" for key, value in details.items()), "  ..."]
    return "\n".join(lines) + "\n"


def _point(report: Report, scenario: Scenario, run: Run) -> tuple[bool, str, str, dict]:
    name = f"{run.target}: {scenario.name}"
    reason = run.data["reason"]
    if run.state == "conform":
        return True, name, "", {}
    if run.state == "unsupported":
        return True, name, f"SKIP {_escaped('unsupported: ' + reason)}", {}
    if run.state in ("unknown", "not_run"):
        return False, name, "", {"message": f"{run.data['verdict']}: {reason}", "reproduce": scenario.data["reproduce"]}
    first = run.data["deviations"][0]
    details = {"message": f"{first['step']}: observed {first['observed']}", "severity": "fail", "step": first["step"],
               "observed": first["observed"], "allowed": [choice["result"] for choice in first["allowed"]],
               "clauses": first["clauses"], "deviations": len(run.data["deviations"]),
               "reproduce": scenario.data["reproduce"]}
    if run.state == "waived":
        return False, name, f"TODO waived by {_escaped(', '.join(run.data['waivers']))}", {**details, "severity": "todo"}
    return False, name, "", details


def _escaped(text: str) -> str:
    return visible_line(text).replace("\\", "\\\\").replace("#", "\\#")


def _scalar(value) -> str:
    """JSON, which YAML reads too; every character that is not plain is escaped in it."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
