"""The deviations as SARIF 2.1.0, for code scanning pages: a rule is a clause, a result a deviation from it.

The fingerprint is the hash of what the smallest scenario that shows it does, target, clause and, where the scenario was not
shrunk, step, so that the same finding is the same tomorrow and under another name, and no other is. Waived deviations are results too, suppressed with the waiver's reason.
"""

import hashlib
import json
import urllib.parse

from svmq_report.text import visible, visible_line
from svmq_report.view import Clause, Report, Run, Scenario

LIMIT = 5000  # results; code scanning pages take no more
_UNNAMED = "unnamed-clause"
_NO_PART = ("scenario ", "title ", "clause ", "seed ", "#")  # of what a scenario does


def write(report: Report) -> str:
    found = [(scenario, run, deviation) for state in ("nonconform", "waived") for scenario in report.in_state(state)
             for run in scenario.runs if run.state in ("nonconform", "waived")
             for _, deviation in run.deviations]
    rules = [_rule(clause) for clause in report.clauses.values()]
    if any(not deviation["clauses"] for _, _, deviation in found):
        rules.append({"id": _UNNAMED, "shortDescription": {"text": "A deviation for which no clause is named."}})
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "svmq", "version": visible_line(report.results["svmq"]["version"]),
                                "rules": rules}},
            "automationDetails": {"id": "svmq/"},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"commandLine": visible_line(report.command_line),
                             "startTimeUtc": report.results["started"],
                             "executionSuccessful": report.verdict in ("conform", "nonconform"),
                             "toolExecutionNotifications": _undecided(report)}],
            "results": [_result(report, index, *entry) for entry in found[:LIMIT]],
            "properties": {"verdict": report.verdict, "results": len(found)},
        }],
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _rule(clause: Clause) -> dict:
    rule = {"id": clause.id, "shortDescription": {"text": visible_line(clause.statement)},
            "properties": {"call": visible_line(clause.call), "level": clause.level}}
    sources = clause.known.get("sources")
    if sources:
        rule["help"] = {"text": visible("Sources: " + "; ".join(sources))}
    return rule


def _result(report: Report, index: dict, scenario: Scenario, run: Run, deviation: dict) -> dict:
    rule = (deviation["clauses"] or [_UNNAMED])[0]
    allowed = " or ".join(choice["result"] for choice in deviation["allowed"]) or "nothing"
    message = f"{run.target}: {deviation['step']} gave {deviation['observed']}; allowed: {allowed}."
    if run.data["minimal"]:
        message += f" Reproduce: {run.data['minimal']['reproduce']}"
    elif scenario.data["reproduce"]:
        message += f" Reproduce: {scenario.data['reproduce']}"
    result = {
        "ruleId": rule, "ruleIndex": index[rule], "level": "error", "kind": "fail",
        "message": {"text": visible(message)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(scenario)}, "region": {"startLine": 1}},
                       "logicalLocations": [{"name": visible_line(deviation["step"]),
                                             "fullyQualifiedName": visible_line(f"{run.target}/{scenario.name}")}]}],
        "partialFingerprints": {"svmqScenario/v1": fingerprint(scenario, run, deviation)},
        "properties": {"target": visible_line(run.target), "scenario": scenario.name, "clauses": deviation["clauses"],
                       "line": deviation["line"]},
    }
    if run.state == "waived":
        reasons = {waiver.id: waiver.data["reason"] for waiver in report.waivers}
        result["suppressions"] = [{"kind": "external", "status": "accepted",
                                   "justification": visible_line(f"{id}: {reasons[id]}")}
                                  for id in run.data["waivers"]]
    return result


def fingerprint(scenario: Scenario, run: Run, deviation: dict) -> str:
    if run.data["minimal"]:  # the steps of the scenario that it was made from are by chance
        which = next(number for number, other in enumerate(run.data["deviations"]) if other is deviation)
        return _hash(_steps(run.data["minimal"]["text"]), run.target, deviation["clauses"][:1], which)
    alike = [other for other in run.data["deviations"] if (other["step"], other["clauses"]) == (deviation["step"], deviation["clauses"])]
    which = next(number for number, other in enumerate(alike) if other is deviation)
    return _hash(_steps(scenario.data["text"]) or scenario.name, run.target, deviation["step"], deviation["clauses"], which)


def _steps(text: str) -> list[str]:
    lines = [line.split("#")[0].strip() for line in text.split("\n") if not line.startswith(_NO_PART)]
    return [*filter(None, lines)]


def _hash(*parts) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _uri(scenario: Scenario) -> str:
    source = scenario.data["source"]
    if source == "random":
        return f"random/{scenario.name}.scenario"
    if source.startswith("corpus/"):
        source = f"conformance/{source}"
    return urllib.parse.quote(visible_line(source), safe="/") or "unknown"


def _undecided(report: Report) -> list[dict]:
    notes = [f"{run.target}: {scenario.name}: {run.data['verdict']}: {run.data['reason']}"
             for scenario in report.in_state("unknown", "not_run") for run in scenario.runs
             if run.state in ("unknown", "not_run")]
    if report.verdict == "nothing executed" or report.doubt:
        notes.insert(0, report.headline)
    return [{"level": "error", "message": {"text": visible(note)}} for note in notes[:1000]]
