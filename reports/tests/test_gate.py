"""The gate lets nothing pass that was not shown."""

import hashlib
import json
import tempfile
from pathlib import Path

import conftest
import pytest
from conftest import NAMES, REPORTS, run, svmq, write

DAY = ("--date", "2026-06-01")
_FOLDER = tempfile.TemporaryDirectory(prefix="svmq-gate-")
DATA = Path(_FOLDER.name)


def results(name: str) -> dict:
    """As if by the catalogue of this svmq."""
    data = conftest.results(name)
    if "catalogue" in data:
        data["catalogue"]["sha256"] = hashlib.sha256((REPORTS.parent / "model" / "clauses.toml").read_bytes()).hexdigest()
    return data


for _name in NAMES:
    write(DATA / f"{_name}.json", results(_name))


def gate(*arguments):
    done = run("gate", *arguments)
    assert done.stdout.count("\n") == (done.returncode != 2), done.stdout  # one line, or a message
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name, status, words", [
    ("conform", 0, "conform: "), ("nonconform", 1, "nonconform: impl by linux-6.18: 2 of 1,002 scenarios deviate, first "
     "lowest-type-first (msgrcv.select.negative msgrcv.E.ENOMSG msgrcv.E.E2BIG)"), ("unknown", 3, "undecided: "),
    ("empty", 3, "nothing was executed"),
])
def test_status_and_line(name, status, words):
    found, line, _ = gate(DATA / f"{name}.json", *DAY)
    assert (found, words in line) == (status, True), line


def test_a_red_gate_says_what_to_look_at(tmp_path):
    path = write(tmp_path / "r.json", results("nonconform"))
    said = gate(path, *DAY)[2]
    assert ('svmq gate: lowest-type-first on impl: B: msgrcv(q, buf, 100, -3, 0) gave 5 {3, "three"}; allowed: 3 {2, "two"} '
            "(msgrcv.select.negative)\nsvmq gate: reproduce: svmq run --scenario lowest-type-first\n") in said
    assert "index.html" not in said
    run("report", path, "--output", tmp_path, "--html")
    assert f"all of it: {tmp_path}/index.html#findings" in gate(path, *DAY)[2]


def test_everything_unsupported_does_not_pass(tmp_path):
    data = results("unsupported")
    data["scenarios"] = [s for s in data["scenarios"] if all(r["verdict"] == "unsupported" for r in s["runs"])]
    assert data["scenarios"]
    count = len(data["scenarios"])
    for target in data["targets"]:
        target["summary"] = {**dict.fromkeys(target["summary"], 0), "scenarios": count, "unsupported": count}
    data["coverage"] = {}
    status, line, _ = gate(write(tmp_path / "r.json", data))
    assert (status, "everything is unsupported" in line) == (3, True)


def test_no_target_does_not_pass(tmp_path):
    data = results("empty")
    data["targets"], data["coverage"] = [], {}
    assert gate(write(tmp_path / "r.json", data))[0] == 3


def test_an_interrupted_run_does_not_pass(tmp_path):
    data = results("conform")
    data["interrupted"] = True
    status, line, _ = gate(write(tmp_path / "r.json", data))
    assert (status, "interrupted" in line) == (3, True)


def test_a_run_that_left_something_out_does_not_pass(tmp_path):
    data = results("conform")
    data["incomplete"] = ["small on linux: 3 of 40 transitions were not executed"]
    status, line, _ = gate(write(tmp_path / "r.json", data))
    assert (status, "3 of 40 transitions" in line) == (3, True)


@pytest.mark.parametrize("shard, status, words", [
    ({"parts": [2], "of": 4}, 0, "conducted: "), ({"parts": [1, 2, 4], "of": 4}, 3, "of the 4 parts of the campaign only 3 are there, without 3"),
    ({"parts": [1, 2], "of": 2**53 - 1}, 3, "without 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …"),
    ({"parts": [1, 5], "of": 4}, 2, "$.shard.parts"), ({"parts": [0, 1], "of": 4}, 2, "$.shard.parts"), ({"parts": [2, 1], "of": 4}, 2, "$.shard.parts"),
])
def test_parts_of_a_campaign_pass_alone_or_all_together(tmp_path, shard, status, words):
    data = results("conform")
    data["shard"] = shard
    found, line, said = gate(write(tmp_path / "r.json", data))
    assert (found, words in line + said) == (status, True), line + said
    assert ("part 2 of 4" in said) == (len(shard["parts"]) == 1)


def test_the_model_alone_does_not_pass(tmp_path):
    data = results("conform")
    for member in (data["targets"][0], *(r for s in data["scenarios"] for r in s["runs"] if r["target"] == data["targets"][0]["name"])):
        member["name" if member is data["targets"][0] else "target"] = "model:posix"
    data["coverage"] = {name.replace("linux", "model:posix"): counts for name, counts in data["coverage"].items()}
    assert [t["name"] for t in data["targets"] if t["name"].startswith("model:")] == ["model:posix"]
    keep = {"model:posix"}
    data["targets"] = [t for t in data["targets"] if t["name"] in keep]
    for scenario in data["scenarios"]:
        scenario["runs"] = [r for r in scenario["runs"] if r["target"] in keep]
    data["coverage"] = {name: counts for name, counts in data["coverage"].items() if name in keep}
    data["benchmarks"], data["disagreements"] = [], []
    path = write(tmp_path / "r.json", data)
    status, line, _ = gate(path)
    assert (status, "no implementation was conducted" in line) == (3, True), line
    assert gate(path, "--target", "model:posix")[0] == 0


def test_a_run_whose_agent_ended_badly_does_not_pass(tmp_path):
    data = results("conform")
    data["bad_ends"] = ["linux: killed by SIGSEGV"]
    status, line, _ = gate(write(tmp_path / "r.json", data))
    assert (status, "killed by SIGSEGV" in line) == (3, True)


@pytest.mark.parametrize("damage", [lambda text: "", lambda text: text[:-200], lambda text: text.replace("results/2", "results/9"),
                                    lambda text: text.replace('"conform": 1000', '"conform": 1001'), lambda text: "[]"])
def test_damaged_files_do_not_pass(tmp_path, damage):
    path = tmp_path / "r.json"
    path.write_text(damage((DATA / "nonconform.json").read_text()))
    status, _, said = gate(path)
    assert status == 2 and str(path) in said


def test_a_missing_file_does_not_pass(tmp_path):
    assert gate(tmp_path / "absent.json")[0] == 2
    assert gate(DATA / "conform.json", "--baseline", tmp_path / "absent.json")[0] == 2
    assert gate(DATA / "conform.json", "--waivers", tmp_path / "absent.toml")[0] == 2


@pytest.mark.parametrize("histories", [None, b"", b"history other\nend\n"])
def test_missing_or_exchanged_histories_do_not_pass(tmp_path, histories):
    data = results("conform")
    data["histories"] = {"file": "r.histories", "sha256": "0" * 64, "count": 3}
    path = write(tmp_path / "r.json", data)
    if histories is not None:
        (tmp_path / "r.histories").write_bytes(histories)
    status, _, said = gate(path)
    assert status == 2 and "r.histories" in said


def test_huge_histories_are_not_read(tmp_path):
    data = results("conform")
    data["histories"] = {"file": "r.histories", "sha256": "0" * 64, "count": 3}
    with (tmp_path / "r.histories").open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    status, _, said = gate(write(tmp_path / "r.json", data), "--limit-mib", 1)
    assert status == 2 and "r.histories: larger than 1 MiB" in said


def test_lost_coverage_does_not_pass(tmp_path):
    old, new = results("conform"), results("conform")
    target = old["targets"][0]["name"]
    clause = next(iter(old["coverage"][target]))
    assert gate(write(tmp_path / "new.json", new), "--baseline", write(tmp_path / "old.json", old))[0] == 0
    del new["coverage"][target][clause]
    status, line, _ = gate(write(tmp_path / "new.json", new), "--baseline", tmp_path / "old.json")
    assert status == 3 and f"coverage lost of 1 clause ({clause})" in line


def test_a_lost_target_does_not_pass(tmp_path):
    """Unless the targets are named: then it is known which ones count."""
    old, new = results("nonconform"), results("nonconform")
    new["targets"] = [entry for entry in new["targets"] if entry["name"] == "linux"]
    new["coverage"] = {"linux": new["coverage"]["linux"]}
    new["disagreements"] = new["benchmarks"] = []
    for scenario in new["scenarios"]:
        scenario["runs"] = [entry for entry in scenario["runs"] if entry["target"] == "linux"]
    arguments = [write(tmp_path / "new.json", new), "--baseline", write(tmp_path / "old.json", old)]
    status, line, _ = gate(*arguments)
    assert status == 3 and line.endswith("coverage lost of impl, a target of the baseline\n")
    assert gate(*arguments, "--target", "linux")[0] == 0


def without_scenario(data, name):
    (gone,) = [scenario for scenario in data["scenarios"] if scenario["name"] == name]
    data["scenarios"].remove(gone)
    data["disagreements"] = [entry for entry in data["disagreements"] if entry["scenario"] != name]
    for entry in gone["runs"]:
        summary = next(target["summary"] for target in data["targets"] if target["name"] == entry["target"])
        summary[entry["verdict"]] -= 1
        summary["scenarios"] -= 1


def test_a_scenario_that_is_not_conducted_any_more_does_not_pass(tmp_path):
    """A run that left out what deviates."""
    old, new = results("nonconform"), results("nonconform")
    name = new["scenarios"][0]["name"]
    assert new["scenarios"][0]["source"] != "random"
    for other in [s["name"] for s in new["scenarios"][1:]]:
        without_scenario(new, other)
    without_scenario(new, name)
    new["coverage"] = {target: {id: {"conform": 1, "nonconform": 0, "waived": 0} for id in clauses}
                       for target, clauses in new["coverage"].items()}
    path = write(tmp_path / "new.json", new)
    assert gate(path)[0] == 0
    status, line, _ = gate(path, "--baseline", write(tmp_path / "old.json", old))
    assert status == 3 and f"1 scenario ({name}) of the baseline not judged" in line


def test_fewer_random_scenarios_are_named(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    new["random"]["ranges"] = [[0, 900]]
    arguments = (write(tmp_path / "new.json", new), "--target", "linux", "--baseline", write(tmp_path / "old.json", old))
    status, line, _ = gate(*arguments)
    assert status == 0 and "only 900 random scenarios, 1,000 in the baseline" in line


def test_newly_waived_in_the_line(campaign, tmp_path):
    """Of a real run, against a baseline in which that conformed."""
    old = json.loads((campaign / "results.json").read_text())
    name, entry = next((s["name"], r) for s in old["scenarios"] for r in s["runs"] if r.get("waivers") and s["source"] != "random")
    entry.update(verdict="conform", deviations=[], waivers=[])
    summary = next(target["summary"] for target in old["targets"] if target["name"] == entry["target"])
    summary.update(conform=summary["conform"] + 1, waived=summary["waived"] - 1)
    for counts in old["coverage"]["impl"].values():
        counts.update(conform=counts["conform"] + counts["waived"], waived=0)
    (tmp_path / "results.histories").write_bytes((campaign / "results.histories").read_bytes())
    status, line, said = gate(campaign / "results.json", "--target", "impl", "--baseline", write(tmp_path / "old.json", old))
    assert status == 0 and f"newly waived 1 scenario ({name})" in line and "without --baseline" not in said
    assert "without --baseline nobody sees" in gate(campaign / "results.json", "--target", "impl")[2]


def test_another_catalogue_does_not_pass(tmp_path):
    """It may ask for less."""
    data = results("nonconform")
    data["catalogue"]["sha256"] = "0" * 64
    status, line, _ = gate(write(tmp_path / "r.json", data), "--target", "linux")
    assert status == 3 and "another catalogue of clauses than this svmq's" in line


def test_a_baseline_by_another_catalogue_is_named(tmp_path):
    old, new = results("nonconform"), results("nonconform")
    old["catalogue"]["sha256"] = "0" * 64
    old["clauses"]["gone.rule"] = dict(old["clauses"]["msgsnd.block"])
    old["clauses"]["msgsnd.block"]["level"] = "silent"
    status, _, said = gate(write(tmp_path / "new.json", new), "--target", "linux", "--baseline", write(tmp_path / "old.json", old))
    assert status == 0 and "another catalogue: 1 clause (gone.rule) gone, the level of 1 clause (msgsnd.block) changed" in said


@pytest.mark.parametrize("state", ["waived", "nonconform", "unknown", "unsupported", "not_run"])
def test_what_is_counted_and_not_listed_has_conformed(tmp_path, state):
    data = results("conform")
    data["targets"][0]["summary"].update(**{state: 3, "scenarios": data["targets"][0]["summary"]["scenarios"] + 3})
    status, _, said = gate(write(tmp_path / "r.json", data))
    assert status == 2 and f"summary.{state}: expected the 0 that are listed" in said


def test_a_baseline_of_other_targets_is_refused(tmp_path):
    old = results("conform")
    for target in old["targets"]:
        old["coverage"][f"other-{target['name']}"] = old["coverage"].pop(target["name"], {})
        target["name"] = f"other-{target['name']}"
    for scenario in old["scenarios"]:
        for entry in scenario["runs"]:
            entry["target"] = f"other-{entry['target']}"
    old["disagreements"] = []
    status, _, said = gate(DATA / "conform.json", "--baseline", write(tmp_path / "old.json", old))
    assert status == 2 and "the baseline has no target" in said


def test_only_implementations_must_conform_unless_named(tmp_path):
    assert "linux" in gate(DATA / "nonconform.json", "--target", "linux")[1]
    assert gate(DATA / "nonconform.json", "--target", "linux")[0] == 0
    assert gate(DATA / "nonconform.json", "--target", "linux", "--target", "impl")[0] == 1
    status, _, said = gate(DATA / "nonconform.json", "--target", "moon")
    assert status == 2 and "they have: linux impl model:posix" in said.lower()


# ------------------------------------------------------------------------------ judged anew, with the real judge


def test_waivers_count_as_of_today(campaign):
    path = campaign / "results.json"
    status, line, _ = gate(path, "--target", "impl")
    assert status == 0 and "waived" in line
    status, line, said = gate(path, "--target", "impl", "--date", "2090-01-01")
    assert status == 1 and "has expired on 2027-12-31" in said


def test_other_waivers_are_applied_instead(campaign, tmp_path):
    none = tmp_path / "none.toml"
    none.write_text("")
    assert gate(campaign / "results.json", "--target", "impl", "--waivers", none)[0] == 1
    data = json.loads((campaign / "results.json").read_text())
    offended = {id for scenario in data["scenarios"] for entry in scenario["runs"] if entry["target"] == "impl"
                for deviation in entry["deviations"] for id in deviation["clauses"]}
    every = tmp_path / "every.toml"
    every.write_text("".join(f'[[waiver]]\nclause = "{id}"\nreason = "a test"\n' for id in sorted(offended))
                     + '[[waiver]]\nid = "idle"\nclause = "ftok.recreate"\nreason = "a test"\n')
    status, line, said = gate(campaign / "results.json", "--target", "impl", "--waivers", every)
    assert status == 0, line
    assert "waiver idle is " in said


def test_a_deviation_that_the_judge_does_not_see_stands(campaign, tmp_path):
    """Its history was exchanged, or another svmq found it: what the run said is not made softer in silence."""
    data = json.loads((campaign / "results.json").read_text())
    scenario, entry = next((s, r) for s in data["scenarios"] for r in s["runs"] if r["target"] == "linux" and r["verdict"] == "conform")
    entry.update(verdict="nonconform", deviations=[{"step": "A: x()", "observed": "0", "allowed": [], "clauses": ["msgsnd.block"]}])
    summary = data["targets"][0]["summary"]
    summary.update(conform=summary["conform"] - 1, nonconform=1)
    (tmp_path / "results.histories").write_bytes((campaign / "results.histories").read_bytes())
    status, line, _ = gate(write(tmp_path / "results.json", data), "--target", "linux")
    assert status == 1 and f"1 scenario ({scenario['name']}) no longer deviate" in line


@pytest.mark.parametrize("end, covered", [("killed by SIGSEGV", False), ("hung", False), ("wrong", True)])
def test_no_waiver_covers_a_crash_or_a_hang(built, tmp_path, end, covered):
    """The same run, waived by its scenario and by every clause: only where the call returned, with a wrong result."""
    (tmp_path / "one.scenario").write_text('scenario one\nprocess A\nA: q = msgget(IPC_PRIVATE, 0600)\nA: msgsnd(q, {1, "x"}, 1, 0)\nend\n')
    path = tmp_path / "r.json"
    assert svmq("run", "one.scenario", "--target", "linux", "--json", path, cwd=tmp_path).returncode == 0
    data = json.loads(path.read_text())
    entry = data["scenarios"][0]["runs"][0]
    step = 'A: msgsnd(q, {1, "x"}, 1, 0)'
    assert f"{step} = 0\n" in entry["history"]
    told = {"killed by SIGSEGV": f"{step} <unfinished ...>\nA: +++ killed by SIGSEGV +++\n", "hung": f"{step} <unfinished ...>\nhung A\n",
            "wrong": f"{step} = 5\n"}
    entry["history"] = entry["history"].replace(f"{step} = 0\n", told[end])
    entry.update(verdict="nonconform", deviations=[{"step": step, "observed": end, "allowed": [], "clauses": ["msgsnd.ok.enqueue"]}])
    data["targets"][0]["summary"].update(conform=0, nonconform=1)
    waivers = tmp_path / "w.toml"
    waivers.write_text("".join(f'[[waiver]]\n{what}\nreason = "a test"\n' for what in (
        'scenario = "one"', 'scenario = "one"\ntarget = "linux"', *(f'clause = "{id}"' for id in data["clauses"]))))
    status, line, _ = gate(write(path, data), "--waivers", waivers)
    assert status == (3 if covered else 1), line
    assert ("nothing conforms: all that was judged is waived" in line) == covered


@pytest.mark.parametrize("waivers, words", [
    ('[[waiver]]\nclause = "msgrcv.nonsense"\nreason = "x"\n', "there is no clause msgrcv.nonsense"),
    ('[[waiver]]\nclause = "ftok.recreate"\n', "gives no reason"), ("[[waiver", "w.toml:1:"),
])
def test_waivers_that_are_none_are_refused(built, tmp_path, waivers, words):
    file = tmp_path / "w.toml"
    file.write_text(waivers)
    status, _, said = gate(DATA / "conform.json", "--waivers", file)
    assert status == 2 and words in said


def test_another_profile_is_judged_anew(campaign):
    status, line, _ = gate(campaign / "results.json", "--profile", "posix", "--target", "model:posix")
    assert status == 0 and "model:posix by posix" in line
    assert gate(campaign / "results.json", "--profile", "linux-6.18", "--target", "model:posix")[0] == 1
    status, _, said = gate(campaign / "results.json", "--profile", "moon")
    assert status == 2 and "there is no profile moon" in said


def test_the_command_of_svmq(campaign):
    done = svmq("gate", campaign / "results.json", "--target", "linux")
    assert (done.returncode, done.stdout.startswith("conform: linux by linux-6.18: ")) == (0, True)
    assert svmq("gate", campaign / "results.json", "--target", "model:posix").returncode == 1
