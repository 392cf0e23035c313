"""Shrinking as users have it: svmq shrink, what run and fuzz make of their findings, and reproduce strings that hold a scenario."""

import re
import shlex
import subprocess

from conftest import load, only

# The standard allows more than Linux does, so that this finds deviations wherever there is a model.
DEVIATING = ["--target", "model:posix", "--profile", "linux-6.18"]

LONG = """\
scenario fails-long
process A
process B
process C
A: q = msgget(7, IPC_CREAT|0640)
B: msgrcv(q, buf, 100, 0, IPC_NOWAIT)
A: msgctl(q, IPC_STAT, buf)
C: msgsnd(q, {5, "five and more"}, 13, IPC_NOWAIT)
B: msgrcv(q, buf, 100, 5, 0)
A: msgctl(q, IPC_RMID, NULL)
end
"""


def test_shrink_leaves_the_steps_that_matter(bent):
    """The agent's msgsnd fails with ENOSPC, whatever comes before."""
    answer = bent("shrink", bent.file("x.scenario", LONG), "--target", "linux", "--out", bent.folder / "out")
    assert answer.status == 1, answer.out + answer.err
    assert re.search(r"from 6 to 2 steps; fails 20 of 20", answer.out), answer.out
    small = bent.folder / "out" / "fails-long.linux.scenario"
    assert small.read_text().count("msgsnd(") == 1
    (reproduce,) = re.findall(r"reproduce (svmq run .*)$", answer.out, re.M)
    answer, results = bent.results(*shlex.split(reproduce)[1:])
    assert answer.status == 1
    assert only(results)["verdict"] == "nonconform"


def test_a_scenario_that_conforms_is_not_shrunk(svmq):
    answer = svmq("shrink", svmq.file("x.scenario", LONG), "--target", "model:linux-6.18", "--seconds", 1)
    assert answer.status == 0
    assert "nothing to shrink" in answer.err


def test_shrink_says_what_it_needs(svmq):
    assert svmq("shrink").status == 2
    answer = svmq("shrink", svmq.file("x.scenario", LONG))
    assert answer.status == 2 and "--target" in answer.err
    answer = svmq("shrink", "--reproduce", "impl:scenario x; process A; B: exec(); end")
    assert answer.status == 2 and "reproduce string:3" in answer.err


def test_fuzz_shrinks_and_writes_what_it_finds(svmq):
    report = svmq.folder / "report"
    answer = svmq("fuzz", *DEVIATING, "--scenarios", 60, "--seed", 1, "--shrink", 15, "--report", report)
    assert answer.status == 1
    found = re.findall(r"^shrunk: (\S+) from (\d+) to (\d+) steps", answer.out, re.M)
    assert found, answer.out
    for name, before, after in found:
        assert int(after) <= int(before)
        scenario = report / "findings" / f"{name}.scenario"
        assert svmq("run", scenario, "--target", "model:linux-6.18").status == 0
    program = next((report / "findings").glob("*.c"))
    subprocess.run(["cc", "-pthread", "-Wall", "-Wextra", program, "-o", svmq.folder / "x"], check=True)


def test_without_time_they_are_left(svmq):
    answer = svmq("fuzz", *DEVIATING, "--scenarios", 100, "--seed", 1, "--shrink", 0)
    assert answer.status == 1
    assert "shrunk" not in answer.out


def test_shards_are_the_whole_without_overlap(svmq):
    def names(*arguments):
        results = svmq.results("fuzz", *DEVIATING, "--shrink", 0, "--seed", 1, *arguments)[1]
        return [scenario["name"] for scenario in results["scenarios"]], results["targets"][0]["summary"]["scenarios"]
    whole, count = names("--scenarios", 101)
    parts = [names("--scenarios", 101, "--shard", f"{part}/3") for part in (1, 2, 3)]
    assert [size for _, size in parts] == [34, 34, 33]
    assert sorted(name for part, _ in parts for name in part) == sorted(whole)
    assert names("--scenarios", 101, "--shard", "2/3") == parts[1]
    for wrong in ("0/3", "4/3", "3", "a/b", "1/0"):
        assert svmq("fuzz", *DEVIATING, "--shard", wrong).status == 2


def test_races_reproduce(svmq):
    answer, results = svmq.results("fuzz", *DEVIATING, "--concurrent", "--scenarios", 60, "--seed", 3, "--shrink", 0)
    for scenario in results["scenarios"][:2]:
        assert ":races" in scenario["reproduce"]
        again = svmq.results(*shlex.split(scenario["reproduce"])[1:])[1]
        assert again["scenarios"][0]["text"] == scenario["text"]


def test_results_hold_the_smallest_scenario(svmq):
    """One for each kind that was shrunk; it can be conducted, and the results judged anew have it too."""
    _, results = svmq.results("fuzz", *DEVIATING, "--scenarios", 40, "--seed", 1, "--shrink", 10)
    found = [run["minimal"] for scenario in results["scenarios"] for run in scenario["runs"] if "minimal" in run]
    assert found and len({entry["text"] for entry in found}) == len(found)
    assert all(0 < entry["failed"] <= entry["runs"] for entry in found)
    always = [entry for entry in found if entry["failed"] == entry["runs"]]
    assert always
    for entry in always[:3]:
        assert svmq(*shlex.split(entry["reproduce"])[1:]).status == 1
    assert svmq("judge", "--results", "results.json", "--json", "anew.json").status == 1
    anew = load(svmq.folder / "anew.json")
    again = [run["minimal"] for scenario in anew["scenarios"] for run in scenario["runs"] if "minimal" in run]
    assert again == [{**entry, "reproduce": entry["reproduce"].removesuffix(" --profile linux-6.18")} for entry in found]
