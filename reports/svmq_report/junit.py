"""The report as JUnit XML, for the test pages of CI systems.

A suite for each target, a case for each listed scenario, and one case for those that are only counted.
Nonconform is a failure; waived and unsupported are skipped; unknown and not-run are errors, and so is a target on
which nothing was judged.
"""

import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

from svmq_report.text import visible, visible_line
from svmq_report.view import Report, Run, Scenario, Target

_REST = "scenarios that are not listed singly"


def write(report: Report) -> str:
    """The XML document as text."""
    suites = [_suite(report, target) for target in report.targets] or [_no_target()]
    if report.doubt:
        suites[0].add(_error("svmq.run", "the run was whole", "not whole", report.headline))
    whole = {"name": "svmq", **{count: str(sum(suite.counts[count] for suite in suites)) for count in _COUNTS},
             "time": f"{report.results['seconds']:.3f}"}
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', _open("testsuites", whole),
                      *(line for suite in suites for line in suite.lines()), "</testsuites>", ""])


_COUNTS = ("tests", "failures", "errors", "skipped")


class _Suite:
    """A test suite as it grows: each case is kept as text, for there may be 100,000."""

    def __init__(self, **attributes: str):
        self.counts = dict.fromkeys(_COUNTS, 0)
        self._attributes, self._cases, self._seconds = attributes, [], 0.0

    def properties(self, values: dict) -> None:
        holder = ET.Element("testsuite")
        _properties(holder, values)
        self._cases += [_text(child, 2) for child in holder]

    def add(self, case: ET.Element) -> None:
        self.counts["tests"] += 1
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            self.counts[count] += case.find(tag) is not None
        self._seconds += float(case.get("time", 0))
        self._cases.append(_text(case, 2))

    def lines(self) -> list[str]:
        counts = {count: str(value) for count, value in self.counts.items()}
        return ["  " + _open("testsuite", {**self._attributes, **counts, "time": f"{self._seconds:.3f}"}),
                *self._cases, "  </testsuite>"]


def _open(tag: str, attributes: dict) -> str:
    return ET.tostring(ET.Element(tag, attributes), encoding="unicode").removesuffix(" />") + ">"


def _text(element: ET.Element, level: int) -> str:
    if len(element) == 0:  # most cases; ElementTree would take a while for them
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in element.items())
        return f"{'  ' * level}<{element.tag}{attributes} />"
    ET.indent(element)
    lines = ET.tostring(element, encoding="unicode")
    # Only the lines that begin an element are indented: text keeps its own.
    return "  " * level + re.sub(r"\n( *)(?=</?(?:properties|property|failure|error|skipped|testcase)\b)",
                                 lambda match: "\n" + "  " * level + match.group(1), lines)


def _no_target() -> _Suite:
    suite = _Suite(name="svmq")
    suite.add(_error("svmq.run", "something was executed", "nothing-executed", "the run had no target"))
    return suite


def _suite(report: Report, target: Target) -> _Suite:
    name = visible_line(target.name)
    suite = _Suite(name=name, timestamp=report.results["started"].rstrip("Z").split(".")[0])
    environment = {f"environment.{key}": _plain(value) for key, value in report.results["environment"].items()}
    capabilities = {f"capability.{key}": value for key, value in target.data["capabilities"].items()}
    suite.properties({"svmq.version": report.results["svmq"]["version"], "profile": target.data["profile"],
                      "agent": target.data["agent"], "seed": report.results["seed"], **environment,
                      "steps": target.summary["steps"], **capabilities})
    for scenario in report.scenarios:
        for run in scenario.runs:
            if run.target == target.name:
                suite.add(_case(report, name, scenario, run))
    if target.unlisted:
        suite.add(_rest(name, target))
    if target.verdict == "nothing executed":
        suite.add(_error(_class(name, "run"), "something was executed", "nothing-executed",
                         "no scenario was judged on this target"))
    return suite


def _plain(value) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={entry}" for key, entry in value.items())
    return " ".join(value) if isinstance(value, list) else str(value)


def _case(report: Report, target: str, scenario: Scenario, run: Run) -> ET.Element:
    case = ET.Element("testcase", classname=_class(target, scenario.data["source"]), name=scenario.name,
                      time=f"{run.data['seconds'] or 0:.6f}")
    if run.state != "conform":
        _properties(case, {"clauses": " ".join(scenario.data["clauses"]), "steps": run.data["steps"],
                           "seeds": " ".join(scenario.data["seeds"])})
    reason = run.data["reason"]
    match run.state:
        case "nonconform":
            first = run.data["deviations"][0]
            failure = ET.SubElement(case, "failure", type="nonconform",
                                    message=visible_line(f"{first['step']}: observed {first['observed']}"))
            failure.text = visible(_deviations(run) + "\n" + _reproduction(scenario, run))
        case "waived":
            reasons = {waiver.id: waiver.data["reason"] for waiver in report.waivers}
            message = visible_line("; ".join(f"waived by {id}: {reasons[id]}" for id in run.data["waivers"]))
            skipped = ET.SubElement(case, "skipped", message=message)
            skipped.text = visible(_deviations(run))
        case "unsupported":
            ET.SubElement(case, "skipped", message=visible_line(f"unsupported: {reason}"))
        case "unknown" | "not_run":
            error = ET.SubElement(case, "error", type=run.data["verdict"],
                                  message=visible_line(f"{run.data['verdict']}: {reason}"))
            error.text = visible(_reproduction(scenario, run))
    return case


def _rest(target: str, target_data: Target) -> ET.Element:
    """One case for all that the summary counts and the file does not list: they conform."""
    case = ET.Element("testcase", classname=_class(target, "random"), name=_REST)
    _properties(case, {"count": target_data.unlisted, "conform": target_data.unlisted})
    return case


def _class(target: str, source: str) -> str:
    """The path of the source with the dots by which test pages group."""
    return visible_line(f"{target}.{source.removesuffix('.scenario').replace('/', '.')}")


def _error(classname: str, name: str, kind: str, why: str) -> ET.Element:
    case = ET.Element("testcase", classname=classname, name=name)
    ET.SubElement(case, "error", type=kind, message=visible_line(why))
    return case


def _properties(parent: ET.Element, values: dict) -> None:
    kept = {name: value for name, value in values.items() if value not in (None, "")}
    if kept:
        properties = ET.SubElement(parent, "properties")
        for name, value in kept.items():
            ET.SubElement(properties, "property", name=visible_line(name), value=visible_line(str(value)))


def _deviations(run: Run) -> str:
    """Every deviation of a run in a few lines each."""
    lines = [f"note      {run.data['reason']}", ""] if run.data["reason"] else []
    for deviation in run.data["deviations"]:
        where = f" (line {deviation['line']} of the history)" if deviation["line"] else ""
        lines += [f"step      {deviation['step']}{where}", f"observed  {deviation['observed']}"]
        lines += [f"allowed   {choice['result']}   {' '.join(choice['clauses'])}".rstrip()
                  for choice in deviation["allowed"]] or ["allowed   nothing"]
        lines += [f"clauses   {' '.join(deviation['clauses'])}".rstrip(), ""]
    return "\n".join(lines)


def _reproduction(scenario: Scenario, run: Run) -> str:
    parts = []
    if scenario.data["reproduce"]:
        parts.append(f"reproduce {scenario.data['reproduce']}\n")
    if run.data["minimal"]:
        parts.append(f"smallest that deviates alike: {run.data['minimal']['reproduce']}\n")
    parts += [text.rstrip("\n") + "\n" for text in (scenario.data["text"], run.data["history"]) if text]
    return "\n".join(parts)
