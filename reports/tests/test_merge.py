"""Shards merged are what one run would have given; what does not belong together is refused."""

import copy
import json

import pytest
from conftest import results, run, svmq, write

CAMPAIGN = ["run", "--random", "60", "--seed", "5", "--target", "model:posix", "--target", "model:linux-6.18", "--profile", "linux-6.18",
            "--shrink", "0", "--json"]


def without_clock(data: dict) -> dict:
    data = copy.deepcopy(data)
    for member in ("started", "seconds", "command", "environment", "histories"):
        data.pop(member, None)
    for scenario in data["scenarios"]:
        for entry in scenario["runs"]:
            entry.pop("seconds", None)
    data["disagreements"].sort(key=lambda entry: (entry["scenario"], entry["targets"]))
    return data


def filled(path) -> dict:
    from svmq_report import load
    return load.load(str(path))


def test_real_shards_are_what_one_run_gives(built, tmp_path):
    def shard(name, *arguments):
        assert svmq(*CAMPAIGN, tmp_path / f"{name}.json", *arguments).returncode == 1
        return tmp_path / f"{name}.json"

    whole = shard("whole")
    parts = [shard("b", "--shard", "2/2"), shard("a", "--shard", "1/2")]
    done = svmq("report", *parts, "--output", tmp_path / "merged", "--bundle", tmp_path / "merged.zip")
    assert done.returncode == 0, done.stderr
    merged = filled(tmp_path / "merged" / "results.json")
    assert [filled(part)["shard"] for part in parts] == [{"parts": [2], "of": 2}, {"parts": [1], "of": 2}] and merged["shard"] is None
    assert without_clock(merged) == without_clock(filled(whole))
    assert merged["random"]["ranges"] == [[0, 60]]
    assert merged["histories"]["count"] == filled(whole)["histories"]["count"]
    assert svmq("verify", tmp_path / "merged.zip").returncode == 0


def test_a_missing_part_is_missed(built, tmp_path):
    """Also where the other parts were put together before; and it may still come."""
    campaign = [*CAMPAIGN[:-1], "--profile", "posix", "--json"]
    for part in range(1, 5):
        assert svmq(*campaign, tmp_path / f"{part}.json", "--shard", f"{part}/4").returncode == 0
    gate = ("--target", "model:posix", "--target", "model:linux-6.18")

    def merged(*parts):
        folder = tmp_path / "-".join(parts).replace("/", "+")
        done = run("report", *(tmp_path / f"{part}.json" for part in parts), "--output", folder, "--bundle", folder / "b.zip")
        assert done.returncode == 0, done.stderr
        return folder / "results.json"

    some = merged("1", "4")
    done = run("gate", some, *gate)
    assert done.returncode == 3 and "of the 4 parts of the campaign only 2 are there, without 2, 3" in done.stdout
    assert "undecided" in (some.parent / "summary.md").read_text()
    verified = run("verify", some.parent / "b.zip")
    assert verified.returncode == 0 and verified.stdout.startswith("confirmed: undecided: "), verified.stdout
    rest = merged("2", "3")
    for name in ("results.json", "results.histories"):
        (tmp_path / f"x{name[7:]}").write_bytes((some.parent / name).read_bytes())
        (tmp_path / f"y{name[7:]}").write_bytes((rest.parent / name).read_bytes())
    for base in "xy":
        data = json.loads((tmp_path / f"{base}.json").read_text())
        write(tmp_path / f"{base}.json", {**data, "histories": {**data["histories"], "file": f"{base}.histories"}})
    whole = merged("x", "y")
    assert filled(whole)["shard"] is None and run("gate", whole, *gate).returncode == 0
    assert run("verify", whole.parent / "b.zip").returncode == 0


def shards(tmp_path, change=lambda data: None):
    """Two that fit together, the second one changed."""
    first, second = results("nonconform"), results("nonconform")
    first["scenarios"], second["scenarios"] = first["scenarios"][:1], second["scenarios"][1:]
    first["disagreements"], second["disagreements"] = first["disagreements"][:1], second["disagreements"][1:]
    second["benchmarks"] = []
    second["random"]["ranges"] = [[1000, 1000]]
    first["shard"], second["shard"] = {"parts": [1], "of": 2}, {"parts": [2], "of": 2}
    for data in (first, second):
        data["targets"][1]["summary"].update(nonconform=1, scenarios=1001)
    change(second)
    return write(tmp_path / "a.json", first), write(tmp_path / "b.json", second)


def test_totals_coverage_and_order(tmp_path):
    a, b = shards(tmp_path)
    assert run("report", b, a, "--output", tmp_path / "out").returncode == 0
    merged = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [scenario["name"] for scenario in merged["scenarios"]] == ["lowest-type-first", "random-1-417"]
    assert merged["targets"][1]["summary"]["nonconform"] == 2
    assert merged["targets"][1]["summary"]["scenarios"] == 2002
    one = results("nonconform")["coverage"]["impl"]
    for clause, counts in merged["coverage"]["impl"].items():
        assert counts == {state: 2 * count for state, count in one[clause].items()}
    assert merged["random"]["ranges"] == [[0, 2000]]
    assert merged["seconds"] == pytest.approx(12.3)  # both began at one time
    assert run("report", tmp_path / "out" / "results.json", "--output", tmp_path / "again").returncode == 0


@pytest.mark.parametrize("change, words", [
    (lambda d: d["scenarios"].append(results("nonconform")["scenarios"][0]), "overlaps"),
    (lambda d: d["random"].update(ranges=[[999, 5]]), "both conducted random scenario 999"),
    (lambda d: d.update(shard={"parts": [1], "of": 2}), "part 1 of 2 is in both"),
    (lambda d: d.update(shard={"parts": [2], "of": 3}), "it is one of 3 parts"),
    (lambda d: d["random"].update(seed=2), "of another seed"),
    (lambda d: d["random"].update(without=[[]]), "made for other needs"),
    (lambda d: d["svmq"].update(version="9"), "the versions of svmq differ"),
    (lambda d: d["catalogue"].update(sha256="1" * 64), "the catalogues differ"),
    (lambda d: d["environment"].update(system="Linux 7"), "the systems differ"),
    (lambda d: d["targets"][0].update(profile="posix"), "the targets differ"),
    (lambda d: d["targets"].reverse(), "the targets differ"),
    (lambda d: d["targets"][0]["capabilities"].update(uids="no"), "capabilities differ"),
    (lambda d: d["targets"][0].update(agent="1 Linux-7 blocking=syscall"), "the agents of linux differ"),
    (lambda d: d["waivers"].append({"id": "w", "clause": "x", "reason": "r", "used": 0}), "the waivers differ"),
    (lambda d: d.update(benchmarks=results("nonconform")["benchmarks"][:1]), "benchmark pair/1 on linux is in both"),
])
def test_what_does_not_fit_is_refused(tmp_path, change, words):
    a, b = shards(tmp_path, change)
    if words == "overlaps":
        data = json.loads(b.read_text())
        data["targets"][1]["summary"].update(nonconform=2, scenarios=1002)
        write(b, data)
    done = run("report", a, b, "--output", tmp_path / "out")
    assert done.returncode == 2
    assert words in done.stderr and "b.json: " in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_shard_without_its_histories_is_refused(built, tmp_path):
    for part in "12":
        assert svmq(*CAMPAIGN, tmp_path / f"{part}.json", "--shard", f"{part}/2").returncode == 1
    (tmp_path / "2.histories").unlink()
    done = run("report", tmp_path / "1.json", tmp_path / "2.json", "--output", tmp_path / "out")
    assert done.returncode == 2 and "2.histories: cannot be read" in done.stderr and not (tmp_path / "out").exists()


def test_agents_may_see_sleep_differently(tmp_path):
    a, b = shards(tmp_path, lambda d: d["targets"][0].update(agent=d["targets"][0]["agent"].replace("syscall", "state")))
    assert a.read_text().count("blocking=state") == 0 and b.read_text().count("blocking=state") == 1
    assert run("report", a, b, "--output", tmp_path / "out").returncode == 0


def test_an_interrupted_shard_makes_the_whole_undecided(tmp_path):
    a, b = shards(tmp_path, lambda d: d.update(interrupted=True, incomplete=["small: all of it"]))
    run("report", a, b, "--output", tmp_path / "out")
    whole = json.loads((tmp_path / "out" / "results.json").read_text())
    assert whole["interrupted"] is True and whole["incomplete"] == ["small: all of it"]
