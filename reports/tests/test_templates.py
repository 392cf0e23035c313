"""The templates for users' CI do what they say, as far as that can be seen without the services."""

import os
import re
import shutil
import string
import subprocess
from pathlib import Path

import pytest
from conftest import REPORTS, SVMQ

TEMPLATES = REPORTS.parent / "ci" / "templates"
SCRIPT = TEMPLATES / "svmq-ci"
SCENARIO = 'scenario one\nprocess A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: msgsnd(q, {1, "x"}, 1, 0)\nend\n'
# What posix may do and Linux does not: the model of the one judged as the other deviates.
DEVIATING = "--random 20 --seed 7 --target model:posix --profile linux-6.18 --shrink 0"
FILES = {"results.json", "index.html", "junit.xml", "summary.md", "results.tap", "results.sarif", "statement.md", "statement.json",
         "bundle.zip"}


@pytest.fixture
def folder(built, tmp_path):
    (tmp_path / "one.scenario").write_text(SCENARIO)
    return tmp_path


def shell(folder: Path, command: str, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(["bash", "-eo", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "SVMQ": str(SVMQ), **environment})


def test_it_passes_and_leaves_everything(folder):
    done = shell(folder, f"{SCRIPT} out one.scenario --target linux -- --profile linux-6.18")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "conform: linux by linux-6.18: 1 conform"
    assert {path.name for path in (folder / "out").iterdir()} == FILES


@pytest.mark.parametrize("arguments, status", [
    (f"out {DEVIATING}", 1), (f"out {DEVIATING} -- --profile posix --target model:posix", 0),
    (f"out {DEVIATING} -- --profile posix", 3), ("out absent.scenario", 2),
    ("out one.scenario --target linux -- --profile moon", 2), ("", 2), ("--help", 2),
    ("out one.scenario --target linux -- --baseline absent.json", 2),
])
def test_the_status_is_the_gates(folder, arguments, status):
    done = shell(folder, f"{SCRIPT} {arguments}")
    assert done.returncode == status, done.stdout + done.stderr


def test_everything_unsupported_does_not_pass(folder):
    (folder / "two.scenario").write_text(SCENARIO.replace("process A", "process A caps=sys_resource"))
    done = shell(folder, f"{SCRIPT} out two.scenario --target linux")
    if "1 conform" in done.stdout:
        pytest.skip("sys_resource is available here")
    assert done.returncode == 3 and "everything is unsupported" in done.stdout


def test_the_results_of_an_earlier_run_are_not_gated(folder):
    assert shell(folder, f"{SCRIPT} out one.scenario --target linux").returncode == 0
    assert {path.name for path in (folder / "out").iterdir()} == FILES
    for script, environment in ((f"{SCRIPT} out absent.scenario --target linux", {}), (f"{SCRIPT} out one.scenario", {"SVMQ": "/nowhere/svmq"})):
        for name in FILES:
            (folder / "out" / name).touch()
        assert shell(folder, script, **environment).returncode == 2
        assert [*(folder / "out").iterdir()] == []


@pytest.mark.parametrize("ends", ["exit 4", "kill -9 $$"])
def test_a_run_that_leaves_nothing_to_gate_says_so(tmp_path, ends):
    program = tmp_path / "svmq"
    program.write_text(f"#!/bin/sh\n{ends}\n")
    program.chmod(0o755)
    done = shell(tmp_path, f"{SCRIPT} out one.scenario", SVMQ=str(program))
    assert done.returncode == 2 and done.stdout.startswith("undecided: svmq run ended with status "), done.stdout + done.stderr


def test_a_missing_program_is_named(folder):
    done = shell(folder, f"{SCRIPT} out one.scenario", SVMQ="/nowhere/svmq")
    assert done.returncode == 2 and "/nowhere/svmq" in done.stderr


def test_the_shell_is_sound():
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# ------------------------------------------------------------------------------------------------ the services


def document(name: str) -> dict:
    yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")
    return yaml.safe_load((TEMPLATES / name).read_text())


@pytest.mark.parametrize("arguments, status, words", [("one.scenario --target linux", 0, "✅ conform"), (DEVIATING, 1, "❌ nonconform")])
def test_the_github_action(folder, arguments, status, words):
    action = document("github/action.yml")
    inputs = {name: entry["default"] for name, entry in action["inputs"].items()}
    inputs.update(run=arguments, gate="--target model:posix" if status else "")
    outcomes, summary = [], folder / "summary"
    for step in action["runs"]["steps"]:
        if "run" not in step:
            continue
        environment = {name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda match: inputs[match[1]], value)
                       for name, value in step["env"].items()}
        done = shell(folder, step["run"], GITHUB_ACTION_PATH=str(TEMPLATES / "github"), GITHUB_STEP_SUMMARY=str(summary), **environment)
        outcomes.append(done.returncode)
    assert outcomes == [status, 0]
    assert words in summary.read_text()
    for step in action["runs"]["steps"]:  # what the services are given is there
        for value in step.get("with", {}).values():
            found = re.fullmatch(r"\$\{\{ inputs\.folder \}\}(.*)", str(value))
            assert not found or (folder / f"{inputs['folder']}{found[1]}").exists()
        assert "run" in step or step["if"].startswith("always()")
        assert not re.search(r"\$\{\{", step.get("run", "")), "an input in a script would be executed"


def test_the_gitlab_job(folder):
    job = document("gitlab/svmq.gitlab-ci.yml")["svmq"]
    variables = {**job["variables"], "SVMQ_ROOT": str(REPORTS.parent), "SVMQ_RUN": "one.scenario --target linux", "SVMQ_FOLDER": "of-mine"}
    for command in job["script"]:
        done = shell(folder, command, **variables)
        assert done.returncode == 0, done.stderr
    kept = [string.Template(path).substitute(variables) for path in (job["artifacts"]["reports"]["junit"], *job["artifacts"]["paths"])]
    assert kept == ["of-mine/junit.xml", "of-mine/"] and (folder / kept[0]).exists() and job["artifacts"]["when"] == "always"
    assert "expose_as" not in job["artifacts"], "which GitLab does not take with paths that have variables in them"
    variables["SVMQ_RUN"] = DEVIATING
    assert shell(folder, job["script"][0], **variables).returncode == 1


# Red if only the first line of an input counts: the baseline, which is not there, would be left out without a word.
def test_inputs_may_have_several_lines(folder):
    gate = "--target linux\n--baseline absent.json\n"
    run = "one.scenario\n--target linux\n"
    step = document("github/action.yml")["runs"]["steps"][0]["run"]
    done = shell(folder, step, GITHUB_ACTION_PATH=str(TEMPLATES / "github"), RUN=run, GATE=gate, FOLDER="out")
    assert done.returncode == 2 and "absent.json" in done.stderr, done.stdout + done.stderr
    job = document("gitlab/svmq.gitlab-ci.yml")["svmq"]
    variables = {**job["variables"], "SVMQ_ROOT": str(REPORTS.parent), "SVMQ_RUN": run, "SVMQ_GATE": gate}
    done = shell(folder, job["script"][0], **variables)
    assert done.returncode == 2 and "absent.json" in done.stderr, done.stdout + done.stderr
