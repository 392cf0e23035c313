"""The report command as a user runs it."""

import json
import os

import pytest
from conftest import DATA, NAMES, WRITERS, results, run, start


@pytest.mark.parametrize("name", NAMES)
def test_writes_every_report_whatever_the_verdict(tmp_path, name):
    done = run("report", DATA / f"{name}.json", "--output", tmp_path / "a" / "b")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(os.listdir(tmp_path / "a" / "b")) == sorted(WRITERS)


def test_the_same_results_give_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        start("report", DATA / "nonconform.json", "--output", tmp_path / folder)
    for name in WRITERS:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("flags, files", [
    (["--html"], ["index.html"]), (["--junit"], ["junit.xml"]), (["--markdown"], ["summary.md"]),
    (["--junit", "--html"], ["index.html", "junit.xml"]), (["--tap", "--sarif"], ["results.sarif", "results.tap"]),
    (["--statement"], ["statement.json", "statement.md"]),
])
def test_what_is_named_is_written(tmp_path, flags, files):
    assert run("report", DATA / "conform.json", "--output", tmp_path, *flags).returncode == 0
    assert sorted(os.listdir(tmp_path)) == files


def test_a_bad_file_leaves_the_old_reports_alone(tmp_path):
    (tmp_path / "index.html").write_text("old")
    bad = tmp_path / "bad.json"
    bad.write_bytes((DATA / "nonconform.json").read_bytes()[:5000])
    done = run("report", bad, "--output", tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert str(bad) in done.stderr and "cut short" in done.stderr and "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["bad.json", "index.html"]
    assert (tmp_path / "index.html").read_text() == "old"


def test_a_wrong_version_says_what_to_do(tmp_path):
    data = results("conform")
    data["schema"] = "svmq-results/9"
    bad = tmp_path / "results.json"
    bad.write_text(json.dumps(data))
    done = run("report", bad, "--output", tmp_path / "report")
    assert done.returncode == 2
    assert "$.schema" in done.stderr and "use that version's svmq_report" in done.stderr
    assert not (tmp_path / "report").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("mine")
    done = run("report", DATA / "conform.json", "--output", tmp_path / "file")
    assert done.returncode == 2 and "cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_place_that_is_taken_leaves_nothing_behind(tmp_path):
    (tmp_path / "junit.xml").mkdir()
    done = run("report", DATA / "conform.json", "--output", tmp_path, "--junit")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == ["junit.xml"]


def test_files_have_the_usual_permissions(tmp_path):
    start("report", DATA / "conform.json", "--output", tmp_path, preexec_fn=lambda: os.umask(0o027))
    assert (tmp_path / "index.html").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("arguments", [["report"], ["x.json"], ["report", "x.json", "--output"], ["report", "x.json"],
                                       ["report", "--compare", "a.json", "b.json"], ["gate"], ["verify"], ["gate", "x", "--date", "soon"], ["report", "x.json", "--output", "o", "--pdf"],
                                       ["report", "x.json", "--output", "o", "--limit-mib", "many"],
                                       ["report", "x.json", "--output", "o", "--limit-mib", "0"]])
def test_usage(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.returncode == 2 and "usage:" in done.stderr
    assert os.listdir(tmp_path) == []


def test_help_teaches():
    assert "report" in run("--help").stdout
    for command in ("report", "gate", "verify"):
        done = run(command, "--help")
        assert done.returncode == 0
        assert "example" in done.stdout and "exit status:" in done.stdout
    for name in WRITERS:
        assert name in run("report", "--help").stdout


def test_a_python_without_the_packages_names_them(tmp_path):
    done = start("report", DATA / "conform.json", "--output", tmp_path, python=["-S"])
    assert done.returncode == 2
    assert "python3-jinja2" in done.stderr and "python3-jsonschema" in done.stderr and "Traceback" not in done.stderr


# Red if what an unset variable leaves switches a check off without a word.
@pytest.mark.parametrize("command, option", [("gate", "--baseline"), ("gate", "--waivers"), ("verify", "--sha256"),
                                             ("verify", "--signature"), ("report", "--bundle")])
def test_an_empty_value_is_refused(command, option):
    done = run(command, DATA / "conform.json", option, "")
    assert done.returncode == 2 and f"{option}: an empty value names nothing" in done.stderr
