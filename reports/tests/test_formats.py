"""What others read is what their formats say, and the consumers of the distribution read the right counts from it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from conftest import NAMES, WRITERS, REPORTS, results

SCHEMAS = Path(__file__).parent / "schemas"
# tests, failures, errors, skipped in junit.xml
JUNIT = {"conform": (4, 0, 0, 0), "nonconform": (9, 2, 0, 0), "waived": (3, 0, 0, 1), "unknown": (3, 0, 2, 0),
         "unsupported": (3, 0, 0, 2), "empty": (1, 0, 1, 0)}
# test points, not ok, of which todo, skipped in results.tap
TAP = {"conform": (4, 0, 0, 0), "nonconform": (9, 2, 0, 0), "waived": (3, 1, 1, 0), "unknown": (3, 2, 0, 0),
       "unsupported": (3, 0, 0, 2), "empty": (1, 1, 0, 0)}


def have(program: str, package: str | None = None) -> str:
    if not shutil.which(program):
        pytest.skip(f"{package or program} is not installed")
    return program


@pytest.mark.parametrize("name", NAMES)
def test_junit_is_valid(report_of, tmp_path, name):
    path = tmp_path / "junit.xml"
    path.write_text(WRITERS["junit.xml"](report_of(results(name))), encoding="utf-8")
    check_junit(path)


def check_junit(path):
    done = subprocess.run([have("xmllint", "libxml2-utils"), "--noout", "--schema", SCHEMAS / "junit.xsd", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_junit_consumer_counts_the_same(report_of, tmp_path, name):
    path = tmp_path / "junit.xml"
    path.write_text(WRITERS["junit.xml"](report_of(results(name))), encoding="utf-8")
    assert junit_counts(path) == JUNIT[name]


def junit_counts(path) -> tuple[int, ...]:
    """tests, failures, errors, skipped as junitparser finds them; the file must say the same of itself."""
    junitparser = pytest.importorskip("junitparser", reason="python3-junitparser is not installed")
    suites = junitparser.JUnitXml.fromfile(str(path))
    cases = [case for suite in suites for case in suite]
    found = [sum(any(isinstance(result, kind) for result in case.result) for case in cases)
             for kind in (junitparser.Failure, junitparser.Error, junitparser.Skipped)]
    assert (len(cases), *found) == (suites.tests, suites.failures, suites.errors, suites.skipped)
    return len(cases), *found


def test_junit_has_times(report_of):
    source = WRITERS["junit.xml"](report_of(results("nonconform")))
    assert 'name="lowest-type-first" time="0.002000"' in source
    assert '<testsuites name="svmq" tests="9" failures="2" errors="0" skipped="0" time="12.300">' in source


@pytest.mark.parametrize("name", NAMES)
def test_a_consumer_of_tap_14_counts_the_same(report_of, name):
    source = WRITERS["results.tap"](report_of(results(name)))
    events = tap_events(source)
    kind, whole = events[-1]
    run, failed, todo, skipped = TAP[name]
    assert (kind, whole["count"], whole["fail"], whole["todo"], whole["skip"]) == ("complete", run, failed, todo, skipped)
    assert whole["ok"] == (failed == todo) and len(whole["failures"]) == failed - todo
    for kind, point in events:  # what went wrong stands beside it
        if kind == "assert" and not point["ok"] and name != "empty":
            assert "reproduce" in point["diag"] and point["diag"]["message"]


def tap_events(source: str) -> list:
    """What a consumer of TAP 14 reads, in which nothing is foreign to it."""
    assert source.startswith("TAP version 14\n")
    done = subprocess.run([have("tap-parser", "node-tap-parser"), "--json"], capture_output=True, text=True, input=source,
                          env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})  # a node of another make does not look there
    assert done.stdout, done.stderr
    events = json.loads(done.stdout)
    assert ["version", 14] in events and not [event for event in events if event[0] == "extra"], "a line that is not TAP"
    return events


@pytest.mark.parametrize("name", NAMES)
def test_perl_counts_the_same(report_of, name):
    """Its parser knows TAP up to 13, which is the same for all that is written here: as the README says, the number is changed."""
    source = WRITERS["results.tap"](report_of(results(name)))
    program = ("my $p = TAP::Parser->new({tap => do {local $/; <STDIN>}}); $p->run; print join ' ', scalar $p->actual_failed + 0, "
               "$p->tests_run, scalar(my @t = $p->todo), scalar(my @s = $p->skipped), scalar(my @e = $p->parse_errors)")
    done = subprocess.run([have("perl"), "-MTAP::Parser", "-e", program], capture_output=True, text=True,
                          input=source.replace("TAP version 14", "TAP version 13", 1))
    failed, run, todo, skipped, errors = map(int, done.stdout.split())
    assert ((run, failed, todo, skipped), errors) == (TAP[name], 0)


@pytest.mark.parametrize("name", NAMES)
def test_sarif_is_valid(report_of, name):
    check_sarif(WRITERS["results.sarif"](report_of(results(name))))


def check_sarif(source: str) -> list[dict]:
    """Its results, where it follows the schema and each names its rule."""
    document = json.loads(source)
    schema = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    (run,) = document["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run["results"]


def test_sarif_has_every_deviation_and_suppresses_waived_ones(report_of):
    run = json.loads(WRITERS["results.sarif"](report_of(results("nonconform"))))["runs"][0]
    assert [(result["ruleId"], result["properties"]["target"]) for result in run["results"]] == [
        ("msgrcv.select.negative", "impl"), ("msgrcv.E.ENOMSG", "impl"), ("msgrcv.E.E2BIG", "impl")]
    assert not [result for result in run["results"] if "suppressions" in result]
    run = json.loads(WRITERS["results.sarif"](report_of(results("waived"))))["runs"][0]
    assert {result["suppressions"][0]["justification"] for result in run["results"]} == {
        "first-fit: BSD heritage; a fix is planned"}


def test_a_fingerprint_is_of_the_smallest_scenario(report_of):
    """Random scenarios of another seed shrink to the same one."""
    def first(data):
        document = json.loads(WRITERS["results.sarif"](report_of(data)))
        return next(result["partialFingerprints"]["svmqScenario/v1"] for result in document["runs"][0]["results"])

    data = results("nonconform")
    scenario = data["scenarios"][0]
    entry = next(run for run in scenario["runs"] if run["deviations"])
    before = first(data)
    minimal = {"text": "scenario x\nprocess A\nA: q = msgget(IPC_PRIVATE, 0600)\nend\n", "reproduce": "svmq run --reproduce 'small'",
               "failed": 19, "runs": 20}
    entry["minimal"] = minimal
    small = first(data)
    scenario["text"] = scenario["text"].replace("100", "99")
    entry["deviations"][0]["step"] = "A: another()"
    minimal["text"] = minimal["text"].replace("scenario x", "scenario y\ntitle something else")
    assert first(data) == small != before
    minimal["text"] = minimal["text"].replace("0600", "0644")
    assert first(data) != small
    report = report_of(data)
    assert "- smallest that deviates alike, 19 of 20 times: `svmq run --reproduce 'small'`" in WRITERS["summary.md"](report)
    assert "deviates 19 of 20 times" in WRITERS["index.html"](report) and "svmq run --reproduce 'small'" in WRITERS["junit.xml"](report)


def test_no_two_findings_have_one_fingerprint(report_of):
    """Also where a scenario has the same step twice, and both deviate alike."""
    data = results("nonconform")
    entry = next(r for s in data["scenarios"] for r in s["runs"] if len(r["deviations"]) > 1)
    entry["deviations"] += [dict(entry["deviations"][0]), {**entry["deviations"][0], "observed": "7"}]
    found = json.loads(WRITERS["results.sarif"](report_of(data)))["runs"][0]["results"]
    prints = [result["partialFingerprints"]["svmqScenario/v1"] for result in found]
    assert len(set(prints)) == len(prints) == sum(len(r["deviations"]) for s in data["scenarios"] for r in s["runs"])


def test_a_fingerprint_is_of_what_the_scenario_does(report_of):
    def fingerprints(data):
        run = json.loads(WRITERS["results.sarif"](report_of(data)))["runs"][0]
        return [result["partialFingerprints"]["svmqScenario/v1"] for result in run["results"]]

    data = results("nonconform")
    before = fingerprints(data)
    assert len(set(before)) == 3
    data["scenarios"][0]["name"] = data["disagreements"][0]["scenario"] = "renamed"
    data["scenarios"][0]["text"] = data["scenarios"][0]["text"].replace("scenario lowest-type-first\ntitle ", "scenario renamed\ntitle X")
    assert fingerprints(data) == before
    data["scenarios"][0]["text"] = data["scenarios"][0]["text"].replace("{2, ", "{4, ")
    assert fingerprints(data)[:2] != before[:2] and fingerprints(data)[2] == before[2]


@pytest.mark.parametrize("name", NAMES)
def test_the_statement_is_valid_and_complete(report_of, name):
    report = report_of(results(name))
    statement = json.loads(WRITERS["statement.json"](report))
    schema = json.loads((REPORTS / "svmq_report" / "statement.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(statement)
    for profile in statement["profiles"]:
        for target in profile["targets"]:
            assert set(target["clauses"]) == set(report.clauses)
            assert sum(count for level in target["levels"].values() for count in level.values()) == len(report.clauses)
            for level, counts in target["levels"].items():
                states = [entry["state"] for id, entry in target["clauses"].items() if report.clauses[id].level == level]
                assert counts == {state: states.count(state) for state in counts}


def test_what_was_not_tested_has_its_reason(report_of):
    data = results("unsupported")
    hindered = next(s for s in data["scenarios"] if any(r["verdict"] == "unsupported" for r in s["runs"]))
    run = next(r for r in hindered["runs"] if r["verdict"] == "unsupported")
    hindered["clauses"] = ["x.hindered"]
    for id, more in (("x.hindered", {}), ("x.unobservable", {"unobservable": "nobody is left"}), ("x.never", {}),):
        data["clauses"][id] = {"call": "general", "statement": "S.", "level": "required", **more}
    statement = json.loads(WRITERS["statement.json"](report_of(data)))
    target = next(t for p in statement["profiles"] for t in p["targets"] if t["target"] == run["target"])
    assert target["clauses"]["x.hindered"] == {"state": "not tested", "reason": f"unsupported: {run['reason']}"}
    assert target["clauses"]["x.unobservable"]["reason"] == "no scenario can show it: nobody is left"
    assert target["clauses"]["x.never"]["reason"] == "no scenario of this run exercised it"


def test_a_name_is_no_directive_of_tap(report_of):
    data = results("nonconform")
    name = "exec:odd \\ # SKIP because"
    text = json.dumps(data).replace('"impl"', json.dumps(name))
    source = WRITERS["results.tap"](report_of(json.loads(text)))
    program = ("my $p = TAP::Parser->new({tap => do {local $/; <STDIN>}}); $p->run; print join ' ', scalar $p->actual_failed + 0, "
               "scalar(my @s = $p->skipped)")
    done = subprocess.run([have("perl"), "-MTAP::Parser", "-e", program], capture_output=True, text=True, input=source.replace("14", "13", 1))
    assert done.stdout == "2 0"
