"""From scenarios to a verified statement, over the command line only, with nothing but what users have."""

import json
import re

import pytest
from conftest import REPORTS, WRITERS, svmq
from test_formats import check_junit, check_sarif, junit_counts, tap_events

ONE = 'scenario one\nprocess A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: msgsnd(q, {1, "x"}, 1, 0)\nA: msgrcv(q, buf, 9, 0, 0)\nend\n'


@pytest.fixture
def folder(built, tmp_path):
    (tmp_path / "one.scenario").write_text(ONE)
    return tmp_path


def test_run_report_gate_bundle_verify(folder):
    done = svmq("run", "one.scenario", "--random", 10, "--seed", 3, "--target", "linux", "--target", "impl", "--report", "out", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (folder / "out").iterdir()} >= {*WRITERS, "results.json", "results.histories"}
    assert svmq("gate", "out/results.json", cwd=folder).stdout.startswith("conform: linux by linux-6.18: 11 conform; impl by ")
    assert svmq("report", "out/results.json", "--bundle", "b.zip", cwd=folder).returncode == 0
    done = svmq("verify", "b.zip", cwd=folder)
    assert (done.returncode, done.stdout.startswith("confirmed: conform: ")) == (0, True)
    statement = json.loads((folder / "out" / "statement.json").read_text())
    assert statement["profiles"][0]["targets"][0]["clauses"]["msgsnd.ok.enqueue"]["state"] == "conform"


def test_from_a_red_gate_to_the_cause_in_the_summary(folder):
    """Which clause, which step, what was allowed, and the command that shows it again."""
    done = svmq("fuzz", "--target", "model:posix", "--profile", "linux-6.18", "--scenarios", 10, "--seed", 7, "--shrink", 0,
                "--report", "out", cwd=folder)
    assert done.returncode == 1
    summary = (folder / "out" / "summary.md").read_text()
    first = summary.split("### Findings")[1].split("\n\n**")[1]
    assert re.search(r"- step `[A-Z]: ", first) and "  - observed `" in first and "  - allowed `" in first and "  - clause `" in first
    command = re.search(r"- reproduce `svmq (.*)`", first)[1].split()
    assert svmq(*command, cwd=folder).returncode == 1


def test_the_forms_of_a_real_run_are_read_by_others(folder):
    """Schemas and consumers accept each form, and count what results.json has."""
    (folder / "two.scenario").write_text(ONE.replace("scenario one", "scenario two"))
    done = svmq("run", "one.scenario", "two.scenario", "--random", 30, "--seed", 7, "--target", "linux", "--target", "model:posix", "--profile",
                "linux-6.18", "--shrink", 0, "--report", "out", cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    data = json.loads((folder / "out" / "results.json").read_text())
    nonconform = [run for scenario in data["scenarios"] for run in scenario["runs"] if run["verdict"] == "nonconform"]
    check_junit(folder / "out" / "junit.xml")
    tests, failures, errors, skipped = junit_counts(folder / "out" / "junit.xml")
    assert (failures, errors) == (len(nonconform), 0) and failures > 0
    kind, whole = tap_events((folder / "out" / "results.tap").read_text())[-1]
    assert (kind, whole["count"], whole["fail"], whole["skip"]) == ("complete", tests, failures, skipped)
    found = check_sarif((folder / "out" / "results.sarif").read_text())
    assert len(found) == sum(len(run["deviations"]) for run in nonconform)


def test_the_reader_of_a_release(folder):
    for name, seed in (("old", 3), ("new", 4)):
        svmq("run", "one.scenario", "--random", 5, "--seed", seed, "--target", "linux", "--json", f"{name}.json", cwd=folder)
    assert svmq("report", "--compare", "old.json", "new.json", "--output", "out", cwd=folder).returncode == 0
    assert {path.name for path in (folder / "out").iterdir()} == {"comparison.html", "comparison.md"}
    assert "0 scenarios broken" in (folder / "out" / "comparison.md").read_text()


def test_the_readmes_name_what_there_is():
    """Options and files that the documents speak of exist."""
    said = "".join((REPORTS / name).read_text() for name in ("README.md", "RESULTS.md"))
    said = re.sub(r"^xmllint .*$", "", said, flags=re.M)
    helps = "".join(svmq(command, "--help").stdout for command in ("report", "gate", "verify", "judge", "run"))
    helps += (REPORTS.parent / "impl" / "bench" / "README.md").read_text()  # of svmq-bench, which is not always built
    for option in set(re.findall(r"`?(--[a-z][a-z-]+)", said)):
        assert option in helps, option
