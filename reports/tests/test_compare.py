"""What has changed between two results."""

import copy

import pytest
from conftest import results, run, write
from test_html import Page


def compare(tmp_path, old, new):
    done = run("report", "--compare", write(tmp_path / "old.json", old), write(tmp_path / "new.json", new),
               "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    source = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    return (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8"), Page(source)


def mended(data: dict) -> dict:
    """The same, with the first scenario conforming on impl."""
    data = copy.deepcopy(data)
    entry = data["scenarios"][0]["runs"][1]
    entry.update(verdict="conform", deviations=[])
    data["targets"][1]["summary"]["nonconform"] -= 1
    data["targets"][1]["summary"]["conform"] += 1
    for clause in ("msgrcv.select.negative", "msgrcv.E.ENOMSG"):
        data["coverage"]["impl"][clause].update(nonconform=0, conform=1)
    return data


def test_nothing_changed(tmp_path):
    text, page = compare(tmp_path, results("nonconform"), results("nonconform"))
    assert "no change for the worse" in text and "0 scenarios broken" in text
    assert "None." in page.texts


def test_fixed_and_broken(tmp_path):
    bad = results("nonconform")
    text, page = compare(tmp_path, bad, mended(bad))
    assert "## svmq comparison: ✅ fixed" in text and "**fixed** `lowest-type-first` on `impl`: nonconform → conform" in text
    assert "clauses fixed: " in text and "`msgrcv.select.negative` on `impl`" in text
    text, page = compare(tmp_path, mended(bad), bad)
    assert "## svmq comparison: ❌ broken" in text
    for words in ("**broken** `lowest-type-first` on `impl`: conform → nonconform", "step `B: msgrcv(q, buf, 100, -3, 0)`",
                  'observed `5 {3, "three"}`, allowed `3 {2, "two"}`', "reproduce `svmq run --scenario lowest-type-first`"):
        assert words in text
    assert 'B: msgrcv(q, buf, 100, -3, 0)' in page.texts and '5 {3, "three"}' in page.texts


def test_a_random_scenario_that_is_not_listed_has_conformed(tmp_path):
    bad, good = results("nonconform"), results("nonconform")
    good["scenarios"].pop()
    good["disagreements"].pop()
    for target in good["targets"]:
        target["summary"].update(conform=target["summary"]["conform"] + target["summary"]["nonconform"] - (target["name"] == "impl"),
                                 nonconform=int(target["name"] == "impl"))
    good["coverage"]["impl"]["msgrcv.E.E2BIG"].update(nonconform=0, conform=1)
    text, _ = compare(tmp_path, bad, good)
    assert "**fixed** `random-1-417` on `impl`: nonconform → conform" in text
    good["random"]["ranges"] = [[0, 417]]  # not conducted this time
    text, _ = compare(tmp_path, bad, good)
    assert "0 fixed" in text


def test_coverage_gained_and_lost(tmp_path):
    old, new = results("conform"), results("conform")
    target = old["targets"][0]["name"]
    clause = next(iter(old["coverage"][target]))
    del new["coverage"][target][clause]
    text, page = compare(tmp_path, old, new)
    assert "❔ less shown" in text and f"coverage lost: `{clause}` on `{target}`" in text
    assert clause in page.texts
    text, _ = compare(tmp_path, new, old)
    assert f"newly covered: `{clause}` on `{target}`" in text


def test_newly_waived_and_not_judged(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    new["waivers"] = [{"id": "w", "scenario": "lowest-type-first", "reason": "r", "used": 1}]
    new["scenarios"][0]["runs"][1]["waivers"] = ["w"]
    new["scenarios"][1]["runs"][0] = {"target": "linux", "verdict": "unsupported", "reason": "caps: none", "deviations": []}
    new["targets"][0]["summary"].update(conform=1001, unsupported=1)
    new["targets"][1]["summary"].update(nonconform=1, waived=1)
    text, _ = compare(tmp_path, old, new)
    assert "**newly waived** `lowest-type-first` on `impl`" in text
    assert "**not judged any more** `random-1-417` on `linux`: conform → unsupported" in text and "caps: none" in text


def test_performance_that_moved(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    for entry in new["benchmarks"]:
        if entry["name"] == "pair/64" and entry["target"] == "impl":
            entry["real_time"] *= 2
        if entry["name"] == "pair/1" and entry["target"] == "impl":
            entry["real_time"] *= 1.05
    text, page = compare(tmp_path, old, new)
    assert "pair 64 on `impl`: 48.83× the kernel before, 24.42× now" in text
    assert "pair 1 on" not in text
    assert "1 performance ratio moved" in text and "-50 %" in page.texts


def test_circumstances(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    new["environment"]["system"] = "Linux 7.0"
    new["targets"][0]["capabilities"]["caps"] = "no: gone"
    new["environment"]["namespaces"] = {"ipc": "ipc:[99]"}
    text, page = compare(tmp_path, old, new)
    assert "`Linux 7.0` now" in text and "`no: gone` now" in text and "ipc:[99]" not in text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\x1b[2J ``` @all | </details>"])
def test_hostile_text(tmp_path, text):
    old, new = results("nonconform"), results("nonconform")
    for data in (old, new):
        data["scenarios"][0]["title"] = text
    new = mended(new)
    new["environment"]["libc"] = text
    _, page = compare(tmp_path, new, old)
    assert page.tags.count("script") == 1
    assert "\x1b" not in (tmp_path / "out" / "comparison.html").read_text() + (tmp_path / "out" / "comparison.md").read_text()
