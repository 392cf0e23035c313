"""A bundle is confirmed as it was packed, and refuted, by name, whatever is edited in it."""

import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile

import pytest
from conftest import run, svmq, write
from test_mutants import record


@pytest.fixture(scope="session")
def bundle(campaign, tmp_path_factory):
    return packed(campaign, tmp_path_factory.mktemp("bundle") / "evidence.zip")


@pytest.fixture(scope="session")
def whole_bundle(whole_campaign, tmp_path_factory):
    return packed(whole_campaign, tmp_path_factory.mktemp("whole-bundle") / "evidence.zip")


def packed(campaign, path):
    done = svmq("report", campaign / "results.json", "--bundle", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}: its statement.json has SHA-256 {hashlib.sha256(unpack(path)['statement.json']).hexdigest()}\n"
    return path


def unpack(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, files: dict[str, bytes]):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def mend(files: dict[str, bytes]) -> None:
    """What a forger who knows the format does: the hashes and counts in results, manifest and statement fit again."""
    results = json.loads(files["results.json"])
    if "results.histories" in files and results.get("histories"):
        results["histories"]["sha256"] = hashlib.sha256(files["results.histories"]).hexdigest()
    results["catalogue"]["sha256"] = hashlib.sha256(files["clauses.toml"]).hexdigest()
    files["results.json"] = json.dumps(results).encode()
    manifest = json.loads(files["manifest.json"])
    manifest["svmq"] = results["svmq"]["version"]
    evidence = [name for name in ("results.json", "results.histories", "clauses.toml", "capabilities.json", "environment.json") if name in files]
    manifest["files"] = {name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "bytes": len(files[name])} for name in evidence}
    files["manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    old = json.loads(files["statement.json"])["evidence"]["manifest_sha256"].encode()
    new = hashlib.sha256(files["manifest.json"]).hexdigest().encode()
    for name in ("statement.json", "statement.md"):
        files[name] = files[name].replace(old, new)


def restate(files: dict[str, bytes]) -> None:
    """And what a forger with the program does: everything that follows from the results is made again."""
    from svmq_report import bundle as packing
    from svmq_report import load, view
    report = view.Report(load.parse("results.json", files["results.json"]))
    files.update(packing.excerpts(report))
    mend(files)
    files.update(packing.statements(report, files["manifest.json"]))


def remake(files: dict[str, bytes]) -> None:
    """The best that a forger can do: histories and capabilities edited, and all results made from them by the judge."""
    from svmq_report import judging, load
    data = json.loads(files["results.json"])
    kept = files.pop("results.histories", None)
    if kept:
        data["histories"].update(sha256=hashlib.sha256(kept).hexdigest(), count=kept.count(b"# target "))
    commands = {s["name"]: s.get("reproduce", "") for s in data["scenarios"]}
    again, kept = judging.replay(data, json.dumps(data).encode(), kept)
    for scenario in again["scenarios"]:
        scenario["reproduce"] = commands.get(scenario["name"]) or scenario["reproduce"] + " --profile linux-6.18"
    again.update({name: data[name] for name in ("benchmarks", "mutants") if data.get(name)})  # no judge has a word in these
    if kept:
        files["results.histories"] = kept
        again["histories"]["file"] = "results.histories"
    files["results.json"] = json.dumps(again).encode()
    load.parse("results.json", files["results.json"])
    restate(files)


def verify(path, *options):
    done = run("verify", path, "--problems", 1000, *options)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_a_bundle_is_confirmed(bundle):
    done = svmq("verify", bundle)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("confirmed: nonconform: ")
    assert done.stdout.startswith("confirmed: nonconform: linux impl model:posix by linux-6.18: Deviations")
    assert re.search(r"\n  conducted    \d+ scenarios of files, not the whole corpus; random scenarios 0 to 19 of seed 7\n", done.stdout)
    assert set(unpack(bundle)) == {"manifest.json", "results.json", "results.histories", "clauses.toml", "capabilities.json",
                                   "environment.json", "statement.json", "statement.md"}


def test_agents_may_see_sleep_differently_but_not_be_others(bundle, tmp_path):
    """On a busy machine one agent of a run sees it by less than another."""
    for change, status in (lambda agent: agent.replace("syscall", "state"), 0), (lambda agent: agent.replace("Linux", "Minix"), 1):
        files = unpack(bundle)
        edit(lambda data: data["targets"][0].update(agent=change(data["targets"][0]["agent"])))(files)
        restate(files)
        found, said = verify(pack(tmp_path / "b.zip", files))
        assert found == status and ("its history is by the agent" in said) == bool(status), said


def test_the_same_results_give_the_same_bundle(campaign, bundle, tmp_path):
    run("report", campaign / "results.json", "--bundle", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


# ------------------------------------------------------------------------------------------------ edits


def edit(change):
    """An edit of results.json as data."""
    def apply(files):
        data = json.loads(files["results.json"])
        change(data)
        files["results.json"] = json.dumps(data).encode()
    return apply


def runs(data, target, verdict):
    return [(scenario, entry) for scenario in data["scenarios"] for entry in scenario["runs"]
            if entry["target"] == target and entry["verdict"] == verdict and not entry.get("waivers")]


def summary(data, target, **changes):
    found = next(entry["summary"] for entry in data["targets"] if entry["name"] == target)
    for member, change in changes.items():
        found[member] += change


def add_up(data, unlisted=None):
    """The totals, coverage, uses of waivers and disagreements, as they follow from what is listed and the counted rest."""
    unlisted = unlisted or {}
    listed = {scenario["name"] for scenario in data["scenarios"]}
    data["disagreements"] = [d for d in data["disagreements"] if d["scenario"] in listed]
    for target in data["targets"]:
        name, kept = target["name"], unlisted[target["name"]]
        counts = dict.fromkeys(target["summary"], 0)
        counts.update(conform=kept["scenarios"], steps=kept["steps"])
        coverage = {clause: {"conform": count, "nonconform": 0, "waived": 0} for clause, count in kept["clauses"].items()}
        for scenario in data["scenarios"]:
            for entry in scenario["runs"]:
                if entry["target"] != name:
                    continue
                state = "waived" if entry.get("waivers") else entry["verdict"].replace("-", "_")
                counts[state] += 1
                counts["steps"] += entry.get("steps", 0)
                offended = {id for deviation in entry["deviations"] for id in deviation["clauses"]}
                for clause in {*entry.get("clauses", ()), *offended}:
                    coverage.setdefault(clause, {"conform": 0, "nonconform": 0, "waived": 0})
                    coverage[clause][state if clause in offended else "conform"] += 1
        counts["scenarios"] = sum(counts[state] for state in ("conform", "nonconform", "waived", "unknown", "unsupported", "not_run"))
        target["summary"] = counts
        data["coverage"][name] = coverage
    for waiver in data["waivers"]:
        waiver["used"] = sum(waiver["id"] in entry.get("waivers", ()) for s in data["scenarios"] for entry in s["runs"])


def counted_rest(data) -> dict:
    """What the totals and the coverage count and do not list."""
    rest = {}
    for target in data["targets"]:
        name, clauses = target["name"], {}
        entries = [r for s in data["scenarios"] for r in s["runs"] if r["target"] == name]
        for clause, count in data["coverage"][name].items():
            shown = sum(clause in r["clauses"] and not any(clause in d["clauses"] for d in r["deviations"])
                        for r in entries if r["verdict"] in ("conform", "nonconform"))
            if count["conform"] > shown:
                clauses[clause] = count["conform"] - shown
        rest[name] = {"scenarios": target["summary"]["scenarios"] - len(entries), "clauses": clauses,
                      "steps": target["summary"]["steps"] - sum(r["steps"] for r in entries)}
    return rest


def green(change):
    """A forger's whole work: the change of the scenarios, and all totals mended to fit."""
    def apply(data):
        rest = counted_rest(data)
        change(data)
        add_up(data, rest)
    return edit(apply)


def deviating_scenarios_deleted(data):
    data["scenarios"] = [s for s in data["scenarios"] if not any(r["verdict"] == "nonconform" and not r.get("waivers")
                                                                  for r in s["runs"])]
    data["random"]["ranges"] = spared(data)


def spared(data):
    """The ranges without the random scenarios that are not listed any more."""
    gone = {0, 1, 2, 3, 5}
    return [[index, 1] for index in range(20) if index not in gone]


def deviating_runs_deleted(data):
    for scenario in data["scenarios"]:
        scenario["runs"] = [r for r in scenario["runs"] if r["verdict"] != "nonconform" or r.get("waivers")]


def called_unsupported(need):
    def apply(data):
        for _, entry in runs(data, "model:posix", "nonconform"):
            entry.update(verdict="unsupported", reason=f"{need}: not available", clauses=[], steps=0, deviations=[])
            del entry["history"]
    return apply


def unsupported_on_linux(need, *, hide=False):
    """A run that conforms, as one would hide a finding; also with the capability denied."""
    def apply(data):
        _, entry = runs(data, "linux", "conform")[0]
        entry.update(verdict="unsupported", reason=f"{need}: not available", clauses=[], steps=0)
        del entry["history"]
        if hide:
            data["targets"][0]["capabilities"][need] = "no: not available"
    return apply


def all_called_not_run(data):
    for _, entry in runs(data, "model:posix", "nonconform"):
        entry.update(verdict="not-run", reason="the agent died", clauses=[], steps=0, deviations=[])
        del entry["history"]


def all_called_conform(data):
    for _, entry in runs(data, "model:posix", "nonconform"):
        entry.update(verdict="conform", deviations=[])


def all_waived(data):
    for _, entry in runs(data, "model:posix", "nonconform"):
        entry["waivers"] = [data["waivers"][0]["id"]]


def weaker_text(data):
    scenario, _ = runs(data, "linux", "conform")[0]
    scenario["text"] = scenario["text"].replace("\nend\n", "\n# nothing else\nend\n")


def weaker_scenario(data):
    """A scenario of the corpus and its histories without the last step, under the same name, from elsewhere."""
    scenario = next(s for s in data["scenarios"] if re.search(r"\n[A-Z]: [^\n]*\nend\n$", s["text"]) and all(
        re.search(r"\n[A-Z]: [^\n<]* = [^\n]*\nend\n$", r.get("history", "")) for r in s["runs"]))
    for entry in (scenario, *scenario["runs"]):
        member = "text" if entry is scenario else "history"
        entry[member] = re.sub(r"\n[^\n]*\nend\n$", "\nend\n", entry[member])


def history_of_a_listed_run(data):
    _, entry = next((s, r) for s, r in runs(data, "linux", "conform") if re.search(r"msgsnd\(.*\) = 0\n", r["history"]))
    entry["history"] = re.sub(r"(msgsnd\(.*\)) = 0\n", r"\1 = 5\n", entry["history"], count=1)


def step_left_out_of_a_history(data):
    _, entry = next((s, r) for s, r in runs(data, "linux", "conform") if re.search(r"\n[A-Z]: [^<\n]* = [^\n]*\nend\n$", r["history"]))
    entry["history"] = re.sub(r"\n[^\n]*\nend\n", "\nend\n", entry["history"])


def malformed(data):
    for _, entry in runs(data, "linux", "conform")[:2]:
        entry["history"] = entry["history"].replace("\nend\n", "\nA: \x1b[2J nonsense(\nend\n")
    summary(data, "impl", steps=7)


def verdict_to_conform(data):
    scenario, entry = runs(data, "model:posix", "nonconform")[0]
    entry.update(verdict="conform", deviations=[])
    summary(data, "model:posix", conform=1, nonconform=-1)


def history_exchanged(data):
    (_, one), (_, other) = runs(data, "linux", "conform")[:2]
    one["history"] = other["history"]


def history_of_another_target(data):
    scenario = next(s for s in data["scenarios"] if {r["target"]: r["verdict"] for r in s["runs"]}.get("impl") == "conform" and
                    s["runs"][0]["verdict"] == "conform")
    scenario["runs"][1]["history"] = scenario["runs"][0]["history"]


def model_made_better(data):
    """Another history of the model, that conforms: but what the model does is known."""
    scenario, entry = next((s, r) for s, r in runs(data, "model:posix", "nonconform")
                           if s["runs"][0]["verdict"] == "conform")
    theirs = scenario["runs"][0]
    entry.update(verdict="conform", deviations=[], clauses=theirs["clauses"], steps=theirs["steps"],
                 history=re.sub(r"(?m)^agent .*$", "agent 1 model-posix blocking=model", theirs["history"]))


def deviation_softened(data):
    _, entry = runs(data, "model:posix", "nonconform")[0]
    entry["deviations"][0]["observed"] = "something else"


def waived_by_another(data):
    entry = next(r for s in data["scenarios"] for r in s["runs"] if r.get("waivers"))
    entry["waivers"] = [next(w["id"] for w in data["waivers"] if w["id"] not in entry["waivers"])]


def agent_left_out(data):
    _, entry = runs(data, "linux", "conform")[0]
    entry["history"] = re.sub(r"\nagent [^\n]*", "", entry["history"])


def excused(need, reason="no such thing here"):
    """A run that conforms, ended by what it lacks, before anything was done."""
    def apply(data):
        _, entry = next((s, r) for s, r in runs(data, "linux", "conform") if " caps=" in s["text"] and "sys_resource" not in s["text"])
        history = entry["history"]
        entry["history"] = re.sub(r"(?s)(\nclock \d+\n).*", rf"\1unsupported {need} {reason}\nend\n", history)
        assert entry["history"] != history
        entry.update(verdict="unsupported", reason=f"{need}: {reason}", clauses=[], steps=0)
        summary(data, "linux", conform=-1, unsupported=1)
    return apply


def clock_left_out(data):
    _, entry = runs(data, "linux", "conform")[0]
    entry["history"] = re.sub(r"\nclock [^\n]*", "", entry["history"])


def history_dropped(data):
    del runs(data, "linux", "conform")[0][1]["history"]


def clause(member, value):
    return lambda data: data["clauses"]["msgsnd.block"].update({member: value})


def waiver(member, value):
    return lambda data: data["waivers"][0].update({member: value})


def own_waiver(data):
    """A waiver of one's own is no lie, and named."""
    data["waivers"].append({"id": "of-my-own", "clause": "ftok.recreate", "reason": "I like it", "used": 0})


def reproduce(text):
    return lambda data: data["scenarios"][0].update(reproduce=text)


def renamed(**names):
    """What one implementation did under the name of another, everywhere but in the agents' lines."""
    def apply(files):
        edit(lambda data: rename(data, names))(files)
        change = {f"# target {old}".encode(): f"# target {new}".encode() for old, new in names.items()}
        files["results.histories"] = re.sub(rb"(?m)^# target .*$", lambda m: change.get(m[0], m[0]), files["results.histories"])
    return apply


def rename(data, names):
    for target in data["targets"]:
        target["name"] = names.get(target["name"], target["name"])
    for scenario in data["scenarios"]:
        for entry in scenario["runs"]:
            entry["target"] = names.get(entry["target"], entry["target"])
    data["coverage"] = {names.get(name, name): counts for name, counts in data["coverage"].items()}
    for entry in data["disagreements"]:
        entry["targets"] = [names.get(name, name) for name in entry["targets"]]
        for member in ("verdicts", "results"):
            entry[member] = {names.get(name, name): value for name, value in entry.get(member, {}).items()}
    for scenario in data["scenarios"]:
        scenario["reproduce"] = re.sub(r"(?<=[ ,])(linux|impl)(?=[ ,:])",
                                       lambda match: names.get(match[1], match[1]), scenario["reproduce"])


def reproduce_also(options):
    return reproduce_as(f"--profile linux-6.18 {options}")


def reproduce_as(options):
    def apply(data):
        for scenario in data["scenarios"]:
            scenario["reproduce"] = scenario["reproduce"].replace(" --profile linux-6.18", f" {options}".rstrip())
    return apply


SMALL = {"text": "scenario x\nprocess A\n\nA: q = msgget(IPC_PRIVATE, 0600)\nend\n", "failed": 3, "runs": 20,
         "reproduce": "svmq run --reproduce 'model:posix:scenario x; process A; A: q = msgget(IPC_PRIVATE, 0600); end' --profile linux-6.18"}


def minimal(**changes):
    return lambda data: runs(data, "model:posix", "nonconform")[0][1].update(minimal={**SMALL, **changes})


def other_seed(data):
    data["seed"] = data["random"]["seed"] = 8


def last_scenarios_cut(data):
    data["random"]["ranges"] = [[0, 10]]


def counted(files):
    text = files["results.histories"].decode()
    at = re.search(r"(msgsnd\(.*\)) = 0\n", text)
    files["results.histories"] = (text[:at.start()] + f"{at[1]} = 3\n" + text[at.end():]).encode()


def counted_dropped(files):
    text = files["results.histories"].decode()
    files["results.histories"] = text[:text.index("# target ", 10)].encode()
    number_of_histories(files)


def counted_twice(files):
    text = files["results.histories"].decode()
    files["results.histories"] = (text[:text.index("# target ", 10)] + text).encode()
    number_of_histories(files)


def counted_listed(files):
    """A scenario that was counted, taken from among the histories into the list, with a title of one's own."""
    text = files["results.histories"].decode()
    data = json.loads(files["results.json"])
    name = re.search(r"^history (.*)$", text, re.M)[1]
    pieces = re.findall(rf"# target [^\n]*\nhistory {name}\n.*?\nend\n", text, re.S)
    entries = []
    for piece in pieces:
        text = text.replace(piece, "")
        target, history = piece.removeprefix("# target ").split("\n", 1)
        entries.append({"target": target, "verdict": "conform", "steps": 0, "clauses": [], "deviations": [], "history": history})
    data["scenarios"].append({"name": name, "source": "random", "title": "all is well", "runs": entries})
    files["results.json"], files["results.histories"] = json.dumps(data).encode(), text.encode()
    number_of_histories(files)


def number_of_histories(files):
    edit(lambda data: data["histories"].update(count=files["results.histories"].count(b"# target ")))(files)


def targets_swapped(files):
    swap = {b"# target linux": b"# target impl", b"# target impl": b"# target linux"}
    files["results.histories"] = re.sub(rb"# target (linux|impl)$", lambda m: swap[m[0]], files["results.histories"], flags=re.M)


def lines_between(files):
    files["results.histories"] = files["results.histories"].replace(b"# target ", b"# left out\n# target ", 1)


def replace(name, old, new):
    def apply(files):
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
    return apply


# name: the edit, and the words by which verify names it, where every hash was mended and all that follows made again
EDITS = {
    # turned green
    "deviating scenarios deleted": (green(deviating_scenarios_deleted), "results.json: random says that scenarios"),
    "deviating runs deleted": (green(deviating_runs_deleted), "on model:posix: is left out"),
    "called unsupported, need invented": (green(called_unsupported("teleport")), "says unsupported (teleport: not available), and the target has all"),
    "called unsupported, need it has": (green(called_unsupported("uids")), "says unsupported (uids: not available), and the target has all"),
    "one hidden as unsupported": (green(unsupported_on_linux("uids")), "on linux: says unsupported (uids: not available), and the target has all"),
    "and the capability denied": (green(unsupported_on_linux("uids", hide=True)), "on linux: the verdict says conform; judged anew it is unsupported"),
    "called not run": (green(all_called_not_run), "on model:posix: the verdict says not-run; judged anew it is nonconform"),
    "called conform": (green(all_called_conform), "on model:posix: the verdict says conform; judged anew it is nonconform"),
    "called waived": (green(all_waived), "on model:posix: waivers says"),
    "model made better": (green(model_made_better), "on model:posix: the verdict says conform; judged anew it is nonconform"),
    # histories
    "history": (edit(history_of_a_listed_run), "on linux: the verdict says conform; judged anew it is nonconform"),
    "history with a step less": (edit(step_left_out_of_a_history), "recorded is a history that leaves out"),
    "history exchanged": (edit(history_exchanged), "recorded is a history of something else than"),
    "history of another target": (edit(history_of_another_target), "its history is by the agent"),
    "history dropped": (edit(history_dropped), "the verdict says conform; judged anew it is not-run (no history is recorded"),
    "history malformed": (edit(malformed), "recorded is what is no history"),
    "counted history": (counted, "the results count it as conform; judged anew it is nonconform"),
    "counted history dropped": (counted_dropped, "there is evidence of"),
    "histories left out": (lambda files: files.pop("results.histories"), "results.histories: cannot be read"),
    "counted history twice": (counted_twice, "stands there 2 times"),
    "counted histories of another seed": (replace("results.histories", b"random-7-", b"random-8-"), "is none of the random scenarios"),
    "excused by what it has": (edit(excused("caps")), "on linux: the verdict says unsupported; judged anew it is not-run (its history ends as unsupported caps"),
    "excused by what it does not need": (edit(excused("shm")), "its history ends as unsupported shm, and the scenario does not need it"),
    "excused by what there is not": (edit(excused("teleport")), "recorded is what is no history"),
    "excused by a narrow word": (edit(excused("word-size")), "and no number in the scenario is too wide"),
    "clock of a history left out": (edit(clock_left_out), "its history does not say when it began"),
    "agent of a history left out": (edit(agent_left_out), "its history does not say by which agent"),
    "targets swapped": (targets_swapped, "its history is by the agent"),
    "lines between histories": (lines_between, "results.histories: line 1 belongs to no history"),
    "number of histories": (edit(lambda d: d["histories"].update(count=3)), "results.histories: holds"),
    # what follows from them
    "verdict": (edit(verdict_to_conform), "on model:posix: the verdict says conform; judged anew it is nonconform"),
    "deviation": (edit(deviation_softened), "deviation 1 is not what the judge says"),
    "waiver of another": (edit(waived_by_another), "waivers says"),
    "summary": (edit(lambda d: summary(d, "linux", conform=1, scenarios=1)), "the summary of linux says"),
    "steps": (edit(lambda d: summary(d, "impl", steps=10)), "the summary of impl says"),
    "coverage": (edit(lambda d: d["coverage"]["linux"]["msgsnd.block"].update(conform=10_000)), "the coverage of msgsnd.block on linux says"),
    "coverage of nothing": (edit(lambda d: d["coverage"]["linux"].update({"x.y": {"conform": 1, "nonconform": 0, "waived": 0}})),
                            "the coverage of x.y on linux says"),
    "uses of a waiver": (edit(lambda d: d["waivers"][0].update(used=77)), "says that it was used 77 times"),
    "disagreement deleted": (edit(lambda d: d["disagreements"].pop(0)), "results.json: the disagreement of"),
    "disagreement of no step": (edit(lambda d: d["disagreements"][0].update(step="A: nothing()")), "step says"),
    "disagreement invented": (edit(lambda d: d["disagreements"].append(
        {"scenario": "msgsnd.block", "targets": ["linux", "impl"], "verdicts": {"linux": "nonconform", "impl": "conform"}})), "they do not disagree"),
    # what was conducted
    "text of a scenario": (edit(weaker_text), "text says"),
    "title of a scenario": (edit(lambda d: d["scenarios"][0].update(title="All is well")), "title says"),
    "source of a scenario": (edit(lambda d: d["scenarios"][0].update(source="mine/x.scenario")), "source says"),
    "command": (edit(reproduce("svmq run conformance/corpus; rm -rf /")), "reproduce says"),
    "command in a substitution": (edit(reproduce("svmq run $(rm -rf /) --only x")), "reproduce says"),
    "command of the smallest": (edit(minimal(reproduce=SMALL["reproduce"] + "; rm -rf /")), "on model:posix: minimal says"),
    "command by other waivers": (edit(reproduce_also("--waivers libsvmq-all.toml")), "the command line of the run does not name libsvmq-all.toml"),
    "command by no waivers": (edit(reproduce_also("--waivers none")), "that takes no waivers, and the results are by svmq's own"),
    "one command by other waivers": (edit(lambda d: d["scenarios"][1].update(reproduce=d["scenarios"][1]["reproduce"] + " --waivers x.toml")), "judge in several ways"),
    "command by a soft profile": (edit(reproduce_as("--profile posix")), "that judges linux by posix, and the results are by linux-6.18"),
    "command by the usual profile": (edit(reproduce_as("")), "that judges model:posix by posix, and the results are by linux-6.18"),
    "command by two profiles": (edit(reproduce_also("--profile posix")), "reproduce says"),
    "command of another file": (edit(lambda d: d["scenarios"][0].update(reproduce=re.sub(r"run \S*corpus/", "run /tmp/mine/", d["scenarios"][0]["reproduce"]))), "reproduce says"),
    "no command": (edit(reproduce("")), "reproduce says"),
    "smallest that never deviated": (edit(minimal(failed=0)), "on model:posix: minimal says that it never deviated, 20 times"),
    "smallest is another": (edit(minimal(text=SMALL["text"].replace("0600", "0644"))), "on model:posix: minimal says"),
    "smallest is none": (edit(minimal(text="nothing")), "on model:posix: minimal is no scenario"),
    "seed": (edit(lambda d: d.update(seed=8)), "results.json: seed says 8"),
    "seed everywhere": (edit(other_seed), "is none of the random scenarios that were conducted"),
    "fewer random scenarios": (edit(last_scenarios_cut), "is none of the random scenarios that were conducted"),
    "more random scenarios": (edit(lambda d: d["random"].update(ranges=[[0, 9_000_000_000_000]])), "random-7-20 is the first without"),
    "random scenarios twice": (edit(lambda d: d["random"].update(ranges=[[0, 20], [0, 20]])), "random says that scenario 0 was conducted twice"),
    "random scenarios of another kind": (edit(lambda d: d["random"].update(races=True)), "judged anew it is"),
    # where and by what
    "statement of a clause": (edit(clause("statement", "Anything goes.")), "clause msgsnd.block is not what clauses.toml says"),
    "level of a clause": (edit(clause("level", "silent")), "clause msgsnd.block is not what clauses.toml says"),
    "reason of a waiver": (edit(waiver("reason", "It is better so.")), ": reason says"),
    "end of a waiver": (edit(waiver("expires", "2099-12-31")), ": expires says"),
    "owner of a waiver": (edit(waiver("owner", "nobody")), ": owner says"),
    "system": (edit(lambda d: d["environment"].update(system="Linux 2.0")), "environment.json: says Linux-2.0-"),
    "machine": (edit(lambda d: d["environment"].update(machine="sparc")), "environment.json: says Linux-"),
    "time": (edit(lambda d: d.update(started="2020-01-01T00:00:00Z")), "the first history began at"),
    "agent": (edit(lambda d: d["targets"][0].update(agent="1 Minix-6.18.44-x86_64 blocking=syscall")), "its history is by the agent"),
    "long ago, and for long": (edit(lambda d: d.update(started="2020-01-01T00:00:00Z", seconds=900_000_000)), "the first history began at"),
    "version of svmq": (edit(lambda d: d["svmq"].update(version="9.9.9")), "results.json: svmq says 9.9.9"),
    "implementations renamed": (renamed(linux="impl", impl="linux"), "environment.json: says libsvmq-"),
    "linux called preload": (renamed(linux="preload"), "environment.json: says preload-Linux"),
    "random scenarios for other needs": (edit(lambda d: d["random"].update(without=[["caps", "uids", "signals"]])), "random-7-"),
    "refusal": (edit(lambda d: d["targets"][0].update(refuses="no such system call")), "on linux: the verdict says conform; judged anew it is unsupported"),
    "listed though it conforms": (counted_listed, "is listed, and conforms on every target"),
    "agent of the model": (edit(lambda d: d["targets"][2].update(agent="1 Linux-6.18 blocking=syscall")), "agent of model:posix says"),
    "capabilities of the model": (edit(lambda d: d["targets"][2]["capabilities"].update(uids="no")), "capabilities of model:posix says"),
    "profile": (edit(lambda d: d["targets"][2].update(profile="posix")), "judged anew it is"),
    "catalogue": (replace("clauses.toml", b'level = "required"', b'level = "latitude"'), "clauses.toml: is not the catalogue of this svmq"),
}
# The same, of a campaign that says that it has conducted the whole corpus.
OF_WHOLE = {
    "deviating scenarios of the corpus deleted": (green(deviating_scenarios_deleted),
                                                  "is left out; the whole corpus is said to have been conducted"),
    "scenario of the corpus exchanged": (green(weaker_scenario), ": text says"),
    "corpus not claimed": (edit(lambda d: d.pop("corpus")), "results.json: corpus is not there, though"),
    "another corpus": (edit(lambda d: d["corpus"].update(scenarios=9)), "results.json: corpus is not that of this svmq"),
}
# Of these a hash, too, must be wrong, or what follows is not made again.
STATED = {
    "statement": (replace("statement.json", b'"verdict": "nonconform"', b'"verdict": "conform"'), "statement.json: is not what follows"),
    "statement page": (replace("statement.md", b"nonconform", b"conform"), "statement.md: is not what follows"),
    "capabilities": (replace("capabilities.json", b"linux-6.18", b"linux-6.19"), "capabilities.json: is not what follows"),
    "environment": (replace("environment.json", b"Linux", b"Minix"), "environment.json: is not what follows"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_named_though_everything_was_made_to_fit(bundle, tmp_path, name):
    forged_and_found(bundle, tmp_path, *EDITS[name])


@pytest.mark.parametrize("name", OF_WHOLE)
def test_the_whole_corpus_is_what_comes_with_svmq(whole_bundle, tmp_path, name):
    forged_and_found(whole_bundle, tmp_path, *OF_WHOLE[name])


def forged_and_found(bundle, tmp_path, change, words):
    files = unpack(bundle)
    change(files)
    mend(files)
    restate(files)
    status, said = verify(pack(tmp_path / "edited.zip", files))
    assert (status, words in said) == (1, True), said
    assert "\nrefuted: " in said and "follows from" not in said and "was changed after" not in said and "\x1b" not in said


@pytest.mark.parametrize("name", [*STATED, "summary", "capabilities of the model"])
def test_what_does_not_follow_is_named_though_every_hash_was_mended(bundle, tmp_path, name):
    change, words = {**EDITS, **STATED}[name]
    files = unpack(bundle)
    change(files)
    mend(files)
    status, said = verify(pack(tmp_path / "edited.zip", files))
    assert (status, words in said) == (1, True), said


@pytest.mark.parametrize("name", ["history", "counted history", "catalogue", "capabilities"])
def test_a_careless_edit_is_named_by_its_file(bundle, tmp_path, name):
    files = unpack(bundle)
    before = dict(files)
    {**EDITS, **STATED}[name][0](files)
    (changed,) = [file for file in files if files[file] != before[file]]
    status, said = verify(pack(tmp_path / "edited.zip", files))
    assert status == 1 and f"{changed}: was changed after the bundle was packed" in said


def test_what_is_malformed_hides_nothing_else(bundle, tmp_path):
    """Each is named, with its line, and so is the wrong total of another target."""
    files = unpack(bundle)
    EDITS["history malformed"][0](files)
    restate(files)
    status, said = verify(pack(tmp_path / "b.zip", files))
    assert status == 1 and said.count("recorded is what is no history: history:") == 2 and "the summary of impl says" in said


def test_the_green_ones_look_green(bundle, tmp_path):
    """The forgeries are good ones: their statement is the one that a conform run would have."""
    for name in ("deviating scenarios deleted", "called unsupported, need invented", "called conform", "called waived"):
        files = unpack(bundle)
        EDITS[name][0](files)
        restate(files)
        verdict = json.loads(files["statement.json"])["verdict"]
        assert verdict == "conform", name


def test_a_smallest_scenario_may_be_there(bundle, tmp_path):
    files = unpack(bundle)
    edit(minimal())(files)
    restate(files)
    status, said = verify(pack(tmp_path / "b.zip", files))
    assert status == 0, said


def test_waivers_of_ones_own_are_named(bundle, tmp_path):
    files = unpack(bundle)
    edit(own_waiver)(files)
    restate(files)
    status, said = verify(pack(tmp_path / "b.zip", files))
    assert status == 0 and "waivers      not of this svmq, but of the maker: of-my-own" in said


# ------------------------------------------------------------------------------- what the histories do not tell


@pytest.mark.parametrize("change", [lambda d: d["environment"].update(user=12), lambda d: d["environment"].update(kernel="mine"),
                                    lambda d: d["environment"]["limits"].update(msgmnb=1), lambda d: d.update(seconds=9.5)])
def test_what_cannot_be_made_anew_is_held_by_the_hash_of_the_statement(bundle, tmp_path, change):
    root = hashlib.sha256(unpack(bundle)["statement.json"]).hexdigest()
    assert verify(bundle, "--sha256", root)[0] == 0
    files = unpack(bundle)
    edit(change)(files)
    restate(files)
    forged = pack(tmp_path / "b.zip", files)
    assert verify(forged)[0] == 0
    status, said = verify(forged, "--sha256", root)
    assert status == 1 and "statement.json: its SHA-256 is" in said


def conforming_as(verdict, reason, need=""):
    def apply(data):
        for scenario in data["scenarios"]:
            for entry in scenario["runs"]:
                if entry["target"] == "linux" and need in scenario["text"] and entry["verdict"] == "conform":
                    entry.update(verdict=verdict, reason=reason, clauses=[], steps=0)
                    del entry["history"]
                    return
    return apply


@pytest.mark.parametrize("change, words", [
    (lambda d: d["targets"][0]["capabilities"].update(uids="no: not permitted"), r"unsupported  \d+ scenarios on linux, on the maker's word: uids: not permitted\n"),
    (conforming_as("not-run", "the machine was switched off"),
     r"not run      1 scenario on linux, on the maker's word: the machine was switched off\n"),
    (lambda d: rename(d, {"impl": "freebsd-14"}), r"target       freebsd-14 is what its agent calls 1 libsvmq-Linux-"),
    (lambda d: ([t.update(profile="posix") for t in d["targets"]], reproduce_as("--profile posix")(d)),
     r"confirmed: \w+: linux impl model:posix by posix: "),
    (lambda d: d["targets"][1]["capabilities"].update(clock="yes"), r"capable      impl is said to have: [^\n]*clock yes"),
    (lambda d: d.update(seconds=0.25), r"durations    the run is said to have begun at \S+ and to have taken 0.2 s"),
    (lambda d: d.update(shard={"of": 9, "parts": [3]}), r"shard        said to be of a campaign in 9 parts: 3\n"),
    (lambda d: d.update(benchmarks=[{"name": "pair/1", "family": "pair", "target": "impl", "parameter": 1, "real_time": 1,
                                     "time_unit": "ns", "ratio": 900}]), r"benchmarks   1 figure of impl\n"),
    (lambda d: d.update(mutants=record()), r"mutants      the suite of svmq 0.1.0 finds 1 of 1 specification mutant\n"),
])
def test_what_nothing_refutes_is_shown(bundle, tmp_path, change, words):
    files = unpack(bundle)
    edit(change)(files)
    files["results.histories"] = files["results.histories"].replace(b"# target impl\n", b"# target freebsd-14\n") if "freebsd" in words else files["results.histories"]
    remake(files)
    status, said = verify(pack(tmp_path / "b.zip", files))
    assert status == 0 and re.search(words, said), said


@pytest.mark.parametrize("change", [lambda m: m.update(note="certified"), lambda m: m.update(svmq="9.9"),
                                    lambda m: m["files"]["results.json"].update(bytes=1), lambda m: m["files"]["results.json"].update(by="me")])
def test_what_the_manifest_adds_is_named(bundle, tmp_path, change):
    from svmq_report import bundle as packing
    from svmq_report import load, view
    files = unpack(bundle)
    manifest = json.loads(files["manifest.json"])
    change(manifest)
    files["manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    files.update(packing.statements(view.Report(load.parse("results.json", files["results.json"])), files["manifest.json"]))
    status, said = verify(pack(tmp_path / "b.zip", files))
    assert status == 1 and "manifest.json: is not what follows from" in said, said


@pytest.fixture(scope="session")
def signed(bundle, tmp_path_factory):
    """Folder with the bundle's signature by one key, and the public keys of that and another signer."""
    if not shutil.which("ssh-keygen"):
        pytest.skip("no ssh-keygen: install the Debian package openssh-client")
    folder = tmp_path_factory.mktemp("signed")
    for name in ("maker", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        kind, key = (folder / f"{name}.pub").read_text().split()[:2]
        (folder / f"{name}.signers").write_text(f"{name}@example.org {kind} {key}\n")
    for namespace in ("svmq", "file"):
        done = subprocess.run(["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", folder / "maker"],
                              input=unpack(bundle)["statement.json"], capture_output=True, check=True)
        (folder / f"{namespace}.sig").write_bytes(done.stdout)
    return folder


@pytest.mark.parametrize("signature, signers, words", [
    ("svmq", "maker", "signed by maker@example.org"), ("svmq", "other", "is not signed by any of"),
    ("file", "maker", "the signature of maker@example.org is of something else"),
])
def test_a_signature(bundle, signed, signature, signers, words):
    status, said = verify(bundle, "--signature", signed / f"{signature}.sig", "--signers", signed / f"{signers}.signers")
    assert (status, words in said) == (int(words[:6] != "signed"), True), said


def test_a_signature_of_another_bundle(bundle, signed, tmp_path):
    files = unpack(bundle)
    edit(lambda d: d["environment"].update(user=12))(files)
    restate(files)
    status, said = verify(pack(tmp_path / "b.zip", files), "--signature", signed / "svmq.sig", "--signers", signed / "maker.signers")
    assert status == 1 and "statement.json: the signature of maker@example.org is of something else" in said


@pytest.mark.parametrize("options, words", [
    (["--signature", "x"], "needs --signers"), (["--signature", "absent", "--signers", "absent"], "absent: there is no such file"),
])
def test_signature_and_signers(bundle, options, words):
    status, said = verify(bundle, *options)
    assert (status, words in said) == (2, True), said


# ------------------------------------------------------------------------------------------------ no bundles


def without(name):
    def apply(files):
        del files[name]
    return apply


def extra(files):
    files["../../etc/passwd"] = b"x"


def other_schema(files):
    files["manifest.json"] = files["manifest.json"].replace(b"svmq-bundle/2", b"svmq-bundle/9")


@pytest.mark.parametrize("change, words", [
    (without("results.json"), "results.json: is missing"), (without("manifest.json"), "manifest.json: is missing"),
    (without("statement.md"), "statement.md: is missing"), (extra, "has no place in a bundle"),
    (other_schema, "svmq-bundle/9"), (replace("results.json", b"svmq-results/2", b"svmq-results/3"), "$.schema"),
])
def test_what_is_no_bundle_is_status_2(bundle, tmp_path, change, words):
    files = unpack(bundle)
    change(files)
    status, said = verify(pack(tmp_path / "b.zip", files))
    assert (status, words in said) == (2, True), said
    assert "\x1b" not in said


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"{}", bytes(1000)])
def test_what_is_no_archive_is_status_2(tmp_path, data):
    (tmp_path / "b.zip").write_bytes(data)
    status, said = verify(tmp_path / "b.zip")
    assert status == 2 and "no bundle" in said


def test_a_cut_or_bent_archive_never_confirms(bundle, tmp_path):
    whole = bundle.read_bytes()
    for at in range(0, len(whole), len(whole) // 12 + 1):
        (tmp_path / "cut.zip").write_bytes(whole[:at])
        assert verify(tmp_path / "cut.zip")[0] == 2
        bent = bytearray(whole)
        bent[at] ^= 0x55
        (tmp_path / "bent.zip").write_bytes(bytes(bent))
        status, said = verify(tmp_path / "bent.zip")
        assert status in (1, 2) or said.startswith("confirmed: ") and unpack_or_none(bytes(bent)) == unpack(bundle)


def unpack_or_none(data: bytes):
    try:
        return unpack(io.BytesIO(data))
    except Exception:
        return None


@pytest.mark.parametrize("change", [
    lambda data: b"PK? read me first" + data, lambda data: data + b"\0", lambda data: data[:-2] + b"\x02\0ok",
    lambda data: data[:data.index(b"PK\1\2")] + b"conform" + data[data.index(b"PK\1\2"):],
])
def test_bytes_besides_the_files_are_refused(bundle, tmp_path, change):
    (tmp_path / "b.zip").write_bytes(change(bundle.read_bytes()))
    status, said = verify(tmp_path / "b.zip")
    assert status == 2 and ("something besides its files" in said or "no bundle" in said), said


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.json", bytes(20 << 20))
    status, said = verify(path, "--limit-mib", 10)
    assert status == 2 and "more than 10 MiB" in said


def test_results_of_another_catalogue_are_not_packed(campaign, tmp_path):
    data = json.loads((campaign / "results.json").read_text())
    data["catalogue"]["sha256"] = "0" * 64
    (tmp_path / "results.histories").write_bytes((campaign / "results.histories").read_bytes())
    done = run("report", write(tmp_path / "results.json", data), "--bundle", tmp_path / "b.zip")
    assert done.returncode == 2 and "another catalogue" in done.stderr and not (tmp_path / "b.zip").exists()
