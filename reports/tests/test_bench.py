"""What svmq-bench measured becomes benchmarks of the results, plots of the page, and moves of a comparison."""

import json
import re

import pytest
from conftest import DATA, results, run, write

SYSTEM = "Linux 6.18.44 x86_64"  # of the data


def measured(**changes) -> dict:
    """As svmq-bench writes it, a few rows of each test that reports know and one that they do not."""
    entries = []
    for test, size, rest, unit in (("pair", "size", {}, "ns"), ("streaming", "size", {"cpus": "two"}, "messages/s"),
                                   ("streaming", "size", {"cpus": "one"}, "messages/s"), ("depth", "messages", {"choose": "msgtyp 0"}, "ns"),
                                   ("waiters", "waiters", {"woken": "in turn"}, "ns"), ("waiters, wake-ups a message", "waiters", {}, "wake-ups"),
                                   ("growth, depth", "messages", {"choose": "1 to 9"}, "times")):
        for value in (1, 64):
            for mechanism, factor in (("kernel", 1.0), ("libsvmq", 8.0), ("mqueue", 2.0), ("boost", 20.0)):
                rate = unit == "messages/s"
                entries.append({"test": test, "mechanism": mechanism, "parameter": {**rest, size: value}, "unit": unit,
                                "median": 1e6 * factor if rate else 1000 / factor, "ratio_to_kernel": factor if rate else 1 / factor,
                                "quartiles": [1, 2], "repetitions": 7})
    return {"context": {"system": SYSTEM, "quick": False, "cpus": 2, **changes}, "benchmarks": entries}


def test_they_become_benchmarks_and_plots(tmp_path):
    file = write(tmp_path / "bench.json", measured())
    done = run("report", DATA / "conform.json", "--bench", file, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "results.json").read_text())["benchmarks"]
    assert {entry["target"] for entry in found} == {"linux", "impl"} and len(found) == 20
    assert {entry["family"] for entry in found} == {"pair", "streaming", "depth", "waiters"}
    for entry in found:
        assert entry["ratio"] == pytest.approx(1 if entry["target"] == "linux" else 8)
    one = next(e for e in found if e["name"] == "streaming/two/64" and e["target"] == "impl")
    assert (one["real_time"], one["time_unit"], one["parameter"], one["label"]) == (125, "ns", 64, "two")
    page = (tmp_path / "out" / "index.html").read_text()
    section = page[page.index('<section id="benchmarks">'):page.index('<section id="scenarios">')]
    assert section.count("<svg") == 4 and {"impl, two", "impl, one", "impl, msgtyp 0", "impl, in turn"} <= set(re.findall(r">(impl[^<]*)<", section))
    assert run("report", tmp_path / "out" / "results.json", "--output", tmp_path / "again", "--html").returncode == 0
    assert (tmp_path / "again" / "index.html").read_text() == page


def test_the_comparison_tells_what_moved(tmp_path):
    """By the ratio within a repetition: that all became slower, the kernel too, is no change."""
    slower = measured()
    for entry in slower["benchmarks"]:
        entry["median"] *= 3
        if entry["test"] == "depth" and entry["mechanism"] == "libsvmq":
            entry["ratio_to_kernel"] = 1 / 4
    for name, data in (("old", measured()), ("new", slower)):
        assert run("report", DATA / "conform.json", "--bench", write(tmp_path / f"{name}.bench", data), "--output", tmp_path / name).returncode == 0
    done = run("report", "--compare", tmp_path / "old" / "results.json", tmp_path / "new" / "results.json", "--output", tmp_path / "out")
    assert done.returncode == 0
    said = (tmp_path / "out" / "comparison.md").read_text()
    assert "2 performance ratios moved" in said
    assert "- depth 64 on `impl, msgtyp 0`: 8.00× the kernel before, 4.00× now" in said and "- pair" not in said


@pytest.mark.parametrize("data, words", [
    (measured(quick=True), "was measured with --quick"), (measured(system="Linux 2.0 sparc"), "was measured on Linux 2.0 sparc"),
    ({}, "is not what svmq-bench writes"), ([], "is not what svmq-bench writes"), ({"context": 1, "benchmarks": 2}, "is not what"),
    ({**measured(), "benchmarks": [{"test": "pair"}]}, "is not what"),
    ({**measured(), "benchmarks": [{**measured()["benchmarks"][0], "ratio_to_kernel": 0}]}, "is not what"),
    ({**measured(), "benchmarks": [{**measured()["benchmarks"][0], "unit": "furlongs"}]}, "is not what"),
])
def test_what_are_no_figures_is_refused(tmp_path, data, words):
    (tmp_path / "b.json").write_text(json.dumps(data))
    done = run("report", DATA / "conform.json", "--bench", tmp_path / "b.json", "--output", tmp_path / "out")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert "b.json" in done.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "{", '{"context": NaN}', "[" * 100_000, "\x00"])
def test_what_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "b.json").write_text(text)
    done = run("report", DATA / "conform.json", "--bench", tmp_path / "b.json", "--output", tmp_path / "out")
    assert done.returncode == 2 and "b.json: " in done.stderr and "svmq-bench run --json FILE" in done.stderr


def test_results_without_these_targets(tmp_path):
    data = results("unknown")
    data["targets"] = [{**target, "name": "exec:x"} for target in data["targets"]]
    for scenario in data["scenarios"]:
        for entry in scenario["runs"]:
            entry["target"] = "exec:x"
    data["coverage"] = {"exec:x": next(iter(data["coverage"].values()))}
    data["environment"].update(system="Linux 6.18.44", machine="x86_64")
    done = run("report", write(tmp_path / "r.json", data), "--bench", write(tmp_path / "b.json", measured()), "--output", tmp_path / "out")
    assert done.returncode == 2 and "nothing in it is of a target of the results" in done.stderr
