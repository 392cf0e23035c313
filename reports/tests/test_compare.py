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


def without(data: dict, target: str) -> dict:
    data = copy.deepcopy(data)
    data["targets"] = [entry for entry in data["targets"] if entry["name"] != target]
    del data["coverage"][target]
    for scenario in data["scenarios"]:
        scenario["runs"] = [entry for entry in scenario["runs"] if entry["target"] != target]
    data["scenarios"] = [scenario for scenario in data["scenarios"] if scenario["runs"]]
    data["benchmarks"] = [entry for entry in data["benchmarks"] if entry["target"] != target]
    data["disagreements"] = []
    return data


def test_a_target_that_vanished(tmp_path):
    old = results("nonconform")
    text, page = compare(tmp_path, old, without(old, "impl"))
    assert "❔ less shown" in text and "1 target not conducted any more: impl." in text
    assert "| `impl` | ❌ nonconform | not conducted | 2 | – |" in text and "less shown" in page.texts


@pytest.mark.parametrize("change, words", [
    ({"interrupted": True}, "the run was interrupted"), ({"bad_ends": ["the agent of impl was killed"]}, "the agent of impl was killed"),
    ({"incomplete": ["a world of 3"]}, "a world of 3"), ({"shard": {"of": 3, "parts": [1, 2]}}, "without 3")])
def test_new_results_that_decide_nothing(tmp_path, change, words):
    text, page = compare(tmp_path, results("nonconform"), {**results("nonconform"), **change})
    head = text.split("| target")[0]
    assert "❔ less shown" in head and "decides nothing: " in head and words in head
    assert any("decides nothing" in entry and words in entry for entry in page.texts)
    text, _ = compare(tmp_path, {**results("nonconform"), **change}, results("nonconform"))
    assert "no change for the worse" in text and words in text, "that the old ones decided nothing is a circumstance"


def test_fewer_random_scenarios(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    new["random"]["ranges"] = [[0, 600]]
    text, _ = compare(tmp_path, old, new)
    assert "❔ less shown" in text and "Only 600 random scenarios, 1,000 before." in text
    assert "- conducted: " in text and "random scenarios 0 to 599 of seed 1` now" in text
    text, _ = compare(tmp_path, new, old)
    assert "no change for the worse" in text


def test_performance_that_became_worse_is_in_the_verdict(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    for entry in new["benchmarks"]:
        if entry["target"] == "impl" and entry["family"] == "pair":
            entry["real_time"] *= 2
    count = sum(entry["target"] == "impl" and entry["family"] == "pair" for entry in new["benchmarks"])
    text, page = compare(tmp_path, old, new)
    assert f"❔ no scenario or clause changed for the worse; {count} performance ratios became worse\n" in text
    assert f"{count} for the worse" in text and any("became worse" in entry for entry in page.texts)
    text, _ = compare(tmp_path, old, mended(new))
    assert f"❔ fixed; {count} performance ratios became worse\n" in text
    text, _ = compare(tmp_path, mended(old), new)
    assert f"❌ broken; {count} performance ratios became worse\n" in text
    text, _ = compare(tmp_path, new, old)  # faster
    assert "✅ no change for the worse\n" in text and "0 for the worse" in text


def test_measurements_that_are_gone(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    new["benchmarks"] = [entry for entry in new["benchmarks"] if entry["family"] != "waiters"]
    gone = [entry for entry in old["benchmarks"] if entry["family"] == "waiters" and entry["target"] == "impl"]
    text, page = compare(tmp_path, old, new)
    assert "❔ less shown" in text and f"{len(gone)} not measured any more" in text
    for entry in gone:
        assert f"waiters {entry['parameter']:,} on `impl`" in text
    assert any("Not measured any more: waiters" in entry for entry in page.texts)


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
