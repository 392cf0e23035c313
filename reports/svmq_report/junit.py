"""The report as JUnit XML, for the test pages of CI systems.

A suite for each target, a case for each listed scenario, and one case for the random scenarios that are only counted.
Nonconform is a failure; waived and unsupported are skipped; unknown and not-run are errors, and so is a target on
which nothing was judged.
"""

import xml.etree.ElementTree as ET

from svmq_report.text import plural, visible, visible_line
from svmq_report.view import Report, Run, Scenario, Target

_REST = "random scenarios that are not listed singly"


def write(report: Report) -> str:
    """The XML document as text."""
    results = report.results
    root = ET.Element("testsuites", name="svmq", time=f"{results['seconds']:.3f}")
    for target in report.targets:
        root.append(_suite(report, target))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count)) for suite in root)))
    if not report.targets:
        suite = ET.SubElement(root, "testsuite", name="svmq")
        _nothing_executed(suite, "svmq", "the run had no target")
        _count(suite)
        root.set("tests", "1")
        root.set("errors", "1")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, target: Target) -> ET.Element:
    name = visible_line(target.name)
    suite = ET.Element("testsuite", name=name, timestamp=report.results["started"].rstrip("Z").split(".")[0])
    environment = {f"environment.{key}": value for key, value in report.results["environment"].items()}
    capabilities = {f"capability.{key}": value for key, value in target.data["capabilities"].items()}
    _properties(suite, {"svmq.version": report.results["svmq"]["version"], "profile": target.data["profile"],
                        "agent": target.data["agent"], "seed": report.results["seed"], **environment,
                        "steps": target.summary["steps"], **capabilities})
    for scenario in report.scenarios:
        for run in scenario.runs:
            if run.target == target.name:
                suite.append(_case(report, name, scenario, run))
    if any(target.unlisted.values()):
        suite.append(_rest(name, target))
    if target.verdict == "nothing executed":
        _nothing_executed(suite, name, "no scenario was judged on this target")
    _count(suite)
    return suite


def _count(suite: ET.Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))


def _case(report: Report, target: str, scenario: Scenario, run: Run) -> ET.Element:
    case = ET.Element("testcase", classname=_class(target, scenario.data["source"]), name=scenario.name)
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
            waiver = next(w.data for w in report.waivers if w.data["id"] == run.data["waiver"])
            message = visible_line(f"waived by {waiver['id']}: {waiver['reason']}")
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
    """One case for all that the summary counts and the file does not list."""
    left = target_data.unlisted
    case = ET.Element("testcase", classname=_class(target, "random"), name=_REST)
    _properties(case, {"count": sum(left.values()), **{state: n for state, n in left.items() if n}})
    if left["nonconform"]:
        ET.SubElement(case, "failure", type="nonconform", message=f"{plural(left['nonconform'], 'scenario')} deviated")
    elif left["unknown"] + left["not_run"]:
        ET.SubElement(case, "error", type="unknown",
                      message=f"{plural(left['unknown'] + left['not_run'], 'scenario')} without a verdict")
    elif not left["conform"]:
        ET.SubElement(case, "skipped", message=", ".join(f"{n:,} {state}" for state, n in left.items() if n))
    return case


def _class(target: str, source: str) -> str:
    """The path of the source with the dots by which test pages group."""
    return visible_line(f"{target}.{source.removesuffix('.scenario').replace('/', '.')}")


def _nothing_executed(suite: ET.Element, target: str, why: str) -> None:
    case = ET.SubElement(suite, "testcase", classname=_class(target, "run"), name="something was executed")
    ET.SubElement(case, "error", type="nothing-executed", message=why)


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
    parts += [text.rstrip("\n") + "\n" for text in (scenario.data["text"], run.data["history"]) if text]
    return "\n".join(parts)
