"""The record of mutants in reports and gate."""

import json

import pytest
from conftest import DATA, results, run, write

KILLED = {"id": "msgrcv.E.E2BIG.late", "kind": "specification", "clause": "msgrcv.E.E2BIG", "why": "`<` for `<=`", "killed": True,
          "scenarios": 12, "seconds": 0.01, "part": "corpus", "scenario": "msgrcv.E.E2BIG", "how": "success instead of E2BIG",
          "offended": "msgrcv.E.E2BIG", "steps": 4, "steps_left": 3, "text": "scenario s\n", "last_killed_by": "0.1.0"}
EQUIVALENT = {"id": "mode-bits.lock", "kind": "specification", "clause": "perm.mode", "why": "seen", "killed": False, "scenarios": 900,
              "seconds": 1, "equivalent": "nobody can see the bit"}
SOUND = {"name": "model:linux-6.18", "killed": False, "scenarios": 1000, "seconds": 0.1}


def record(*mutants, controls=(SOUND,)):
    return {"format": "svmq-mutants", "format_version": 1, "svmq_version": "0.1.0", "seed": 1, "seconds": 2.5,
            "mutants": list(mutants or (KILLED, EQUIVALENT)), "controls": list(controls)}


def survivor(last="0.1.0"):
    mutant = {name: KILLED[name] for name in ("id", "kind", "clause", "why", "scenarios", "seconds")} | {"killed": False}
    return mutant | ({"last_killed_by": last} if last else {})


def with_record(folder, mutants, name="results.json"):
    return write(folder / name, {**results("conform"), "mutants": mutants})


def test_it_becomes_a_table_and_a_line(tmp_path):
    file = write(tmp_path / "mutants.json", record())
    done = run("report", DATA / "conform.json", "--mutants", file, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "index.html").read_text()
    section = page[page.index('<section id="mutants">'):page.index('<section id="scenarios">')]
    assert "The suite of svmq 0.1.0 finds 1 of 1 specification mutant." in section
    for part in ("msgrcv.E.E2BIG.late", "mode-bits.lock", "nobody can see the bit", "0.1.0"):
        assert part in section
    assert "regression" not in section
    assert "finds 1 of 1 specification mutant" in (tmp_path / "out" / "summary.md").read_text()
    assert json.loads((tmp_path / "out" / "results.json").read_text())["mutants"] == record()
    assert run("gate", tmp_path / "out" / "results.json").returncode == 0


@pytest.mark.parametrize("mutants, status, said", [
    (record(KILLED, EQUIVALENT), 0, "finds 1 of 1 specification mutant"),
    (record(survivor()), 1, "the suite no longer finds 1 mutant (msgrcv.E.E2BIG.late)"),
    (record(survivor(None)), 0, "1 mutant survived, and never was killed (msgrcv.E.E2BIG.late)"),
    (record(KILLED, controls=[{**SOUND, "killed": True}]), 1, "the suite raises a false alarm (model:linux-6.18)"),
    (record({**survivor(None), "trouble": "does not compile"}), 3, "1 mutant could not be tried"),
    ({**record(), "mutants": []}, 3, "the record of mutants is empty"),
])
def test_what_the_gate_makes_of_it(tmp_path, mutants, status, said):
    done = run("gate", with_record(tmp_path, mutants))
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("now, status, said", [
    (record(), 0, "conform"),
    (record(survivor(None)), 1, "no longer finds 1 mutant (msgrcv.E.E2BIG.late)"),
    (record(EQUIVALENT), 1, "no longer finds 1 mutant (msgrcv.E.E2BIG.late)"),
    (None, 3, "the baseline has a record of mutants, and these results have none"),
])
def test_what_the_baseline_killed_must_be_killed(tmp_path, now, status, said):
    old = with_record(tmp_path, record(), "old.json")
    new = with_record(tmp_path, now, "new.json") if now else DATA / "conform.json"
    done = run("gate", new, "--baseline", old)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize("data, said", [
    ({}, "is not what svmq mutants writes"), ([], "is not what svmq mutants writes"),
    ({**record(), "format": "other"}, "is not what svmq mutants writes"),
    ({**record(), "mutants": [{"id": "a"}]}, "is not what svmq mutants writes"),
    ({**record(), "with": "prove t/"}, "is of another command, prove t/"),
])
def test_other_files_are_refused(tmp_path, data, said):
    done = run("report", DATA / "conform.json", "--mutants", write(tmp_path / "m.json", data), "--output", tmp_path / "out")
    assert done.returncode == 2 and said in done.stderr
    assert not (tmp_path / "out").exists()


def test_one_record_a_merge(tmp_path):
    first, second = results("conform"), results("nonconform")
    done = run("report", with_record(tmp_path, record()), with_record(tmp_path, record(), "again.json"), "--output", tmp_path / "out")
    assert done.returncode == 2, (first, second)
