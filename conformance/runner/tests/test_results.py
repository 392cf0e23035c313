"""What results.json holds so that every verdict in it can be made again."""

import hashlib
import json
import os
import shlex
import signal
import subprocess
import time

import pytest
from conftest import SEND_AND_RECEIVE, SOURCE, load, only, summary


def kept(svmq):
    """The histories of the file beside results.json, by target."""
    text = (svmq.folder / "results.histories").read_text()
    found = {}
    for part in text.split("# target ")[1:]:
        target, _, history = part.partition("\n")
        found.setdefault(target, []).append(history)
    return found


def test_listed_runs_have_their_histories_also_where_they_conform(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    _, results = svmq.results("run", file, "--target", "linux", "--target", "model:linux-6.18")
    for run in results["scenarios"][0]["runs"]:
        assert run["verdict"] == "conform"
        assert run["history"].startswith("history send-and-receive\n") and run["history"].endswith("\nend\n")
    assert "histories" not in results


def test_histories_of_what_is_only_counted_stand_beside(svmq):
    _, results = svmq.results("run", "--random", 40, "--seed", 3, "--target", "model:linux-6.18", "--target", "model:posix")
    data = (svmq.folder / "results.histories").read_bytes()
    assert results["histories"] == {"file": "results.histories", "sha256": hashlib.sha256(data).hexdigest(), "count": 80}
    for target, histories in kept(svmq).items():
        assert summary(results, target)["conform"] == len(histories) == 40
    assert svmq("judge", "results.histories", "--profile", "posix").status == 0


def test_the_catalogue_is_named_by_its_hash(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    _, results = svmq.results("run", file, "--target", "model:posix")
    assert results["catalogue"]["sha256"] == hashlib.sha256((SOURCE / "model" / "clauses.toml").read_bytes()).hexdigest()


def test_shards_of_one_seed_are_disjoint_and_complete(svmq):
    arguments = ["run", "--seed", 5, "--target", "model:posix", "--profile", "linux-6.18", "--shrink", 0]
    _, whole = svmq.results(*arguments, "--random", 60)
    _, first = svmq.results(*arguments, "--random", 25)
    _, second = svmq.results(*arguments, "--random", 35, "--first", 25)
    assert second["random"] == {"seed": 5, "without": [[]], "ranges": [[25, 35]]}
    assert first["scenarios"] + second["scenarios"] == whole["scenarios"]


def test_a_part_says_which_it_is(svmq):
    arguments = ["fuzz", "--seed", 5, "--target", "model:posix", "--scenarios", 10]
    assert svmq.results(*arguments, "--shard", "2/4")[1]["shard"] == {"parts": [2], "of": 4}
    assert "shard" not in svmq.results(*arguments)[1]
    answer = svmq("run", "--shard", "2/4", "--target", "model:posix")
    assert answer.status == 2 and "--shard takes a part of the random scenarios, and there are none" in answer.err


def test_commands_to_reproduce_judge_by_the_same_waivers(svmq):
    """Bug: what deviates in the run is waived when it is reproduced, or the other way round."""
    svmq.file("my waivers.toml", "")
    waivers = ["--waivers", "my waivers.toml"]
    _, results = svmq.results("fuzz", "--target", "model:posix", "--profile", "linux-6.18", "--scenarios", 20, "--seed", 1, *waivers)
    commands = [scenario["reproduce"] for scenario in results["scenarios"]]
    minimal = [run["minimal"] for scenario in results["scenarios"] for run in scenario["runs"] if "minimal" in run]
    assert minimal and all(entry["failed"] > 0 for entry in minimal)
    for command in [*commands, *(entry["reproduce"] for entry in minimal)]:
        assert command.endswith(" --profile linux-6.18 --waivers 'my waivers.toml'"), command
    assert svmq(*shlex.split(minimal[0]["reproduce"])[1:]).status == 1
    answer = svmq("shrink", "--reproduce", f"model:posix:1:{results['scenarios'][0]['name'].split('-')[2]}", "--profile", "linux-6.18", *waivers)
    assert "--waivers 'my waivers.toml'\n" in answer.out, answer.out


def test_an_interrupted_run_says_so(svmq):
    process = subprocess.Popen([svmq.program, "fuzz", "--target", "model:posix", "--scenarios", "1000000000", "--json", "r.json"],
                               cwd=svmq.folder, stdout=subprocess.DEVNULL)
    time.sleep(1)  # so that something was finished; whether it was does not matter
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert json.loads((svmq.folder / "r.json").read_text())["interrupted"] is True


def test_a_deviation_of_the_model_names_its_line(svmq):
    _, results = svmq.results("fuzz", "--target", "model:posix", "--profile", "linux-6.18", "--scenarios", 60, "--seed", 1, "--shrink", 0)
    deviations = [(run["history"].split("\n"), deviation) for scenario in results["scenarios"] for run in scenario["runs"]
                  for deviation in run["deviations"]]
    assert deviations
    for lines, deviation in deviations:
        line = lines[deviation["line"] - 1]
        call = deviation["step"].split("(")[0]
        assert line.startswith("blocked ") or call.split(": ")[-1].split(" = ")[-1] in line


def test_what_cannot_be_written_is_said_before_anything_is_run(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    (svmq.folder / "taken").write_text("")
    for option, path in (("--report", "taken"), ("--json", "taken/results.json"), ("--json", ".")):
        answer = svmq("run", file, "--target", "model:posix", option, path)
        assert answer.status == 2 and "cannot be written" in answer.err
        assert answer.out == ""


def test_disagreements_say_waived(bent):
    file = bent.file("a.scenario", SEND_AND_RECEIVE.replace("send-and", "fails-to-send-and"))
    bent.file("w.toml", '[[waiver]]\nscenario = "fails-to-send-and-receive"\nreason = "a test"\ntarget = "linux"\n')
    _, results = bent.results("run", file, "--target", "linux", "--target", "model:linux-6.18", "--waivers", "w.toml")
    (entry,) = results["disagreements"]
    assert entry["verdicts"] == {"linux": "waived", "model:linux-6.18": "conform"}
    assert set(entry["results"]) == {"linux", "model:linux-6.18"}
    assert only(results, "linux")["waivers"] == ["waiver-1"]


def test_judge_writes_what_the_run_says(svmq):
    _, results = svmq.results("fuzz", "--target", "model:posix", "--profile", "linux-6.18", "--scenarios", 40, "--seed", 1, "--shrink", 0)
    runs = [(scenario["name"], scenario["runs"][0]) for scenario in results["scenarios"]]
    svmq.file("all.histories", "".join(run["history"] for _, run in runs))
    answer = svmq("judge", "all.histories", "--json", "verdicts.json")
    assert answer.status == 1 and answer.out == ""
    again = json.loads((svmq.folder / "verdicts.json").read_text())
    assert [run["scenario"] for run in again] == [name for name, _ in runs]
    for (_, run), judged in zip(runs, again):
        for member in ("verdict", "steps", "clauses", "deviations"):
            assert judged[member] == run[member]


def test_results_judged_anew_are_what_the_run_wrote(svmq):
    """All that follows from the histories: scenarios generated again, verdicts, totals, disagreements, what is only counted."""
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    targets = ["--target", "linux", "--target", "impl", "--target", "model:posix"]
    _, results = svmq.results("run", file, "--random", 60, "--seed", 5, "--profile", "linux-6.18", "--shrink", 0, *targets)
    answer = svmq("judge", "--results", "results.json", "--json", "anew/anew.json")
    assert answer.status == 1 and answer.out == ""
    anew = load(svmq.folder / "anew" / "anew.json")

    def comparable(data):
        scenarios = [{**scenario, "reproduce": ""} for scenario in data["scenarios"]]  # with the path, and --profile as given
        disagreements = sorted(data["disagreements"], key=lambda entry: (entry["scenario"], entry["targets"]))
        return {**data, "scenarios": scenarios, "disagreements": disagreements, "histories": data["histories"]["count"]}

    assert comparable(anew) == comparable(results)
    pieces = [sorted((svmq.folder / name).read_text().split("# target ")) for name in ("results.histories", "anew/anew.histories")]
    assert pieces[0] == pieces[1]


def test_results_are_judged_by_another_profile(svmq):
    svmq.results("run", "--random", 60, "--seed", 5, "--target", "model:posix", "--profile", "linux-6.18", "--shrink", 0)
    assert svmq("judge", "--results", "results.json", "--json", "anew.json", "--profile", "posix").status == 0
    assert summary(load(svmq.folder / "anew.json"), "model:posix")["conform"] == 60


@pytest.mark.parametrize("text", ["", "{}", "[]", "[" * 100_000, '{"scenarios": [], "targets": [], "started": 7, "waivers": []}'])
def test_what_are_no_results_is_refused(svmq, text):
    svmq.file("r.json", text)
    answer = svmq("judge", "--results", "r.json", "--json", "anew.json")
    assert answer.status == 2 and "r.json: no results of svmq" in answer.err
    assert not (svmq.folder / "anew.json").exists()


def test_the_corpus_is_named_where_all_of_it_was_conducted(svmq):
    corpus = SOURCE / "conformance" / "corpus"
    _, whole = svmq.results("run", "--target", "model:linux-6.18")
    assert whole["corpus"]["scenarios"] == len(whole["scenarios"]) == len(list(corpus.rglob("*.scenario")))
    _, again = svmq.results("run", corpus, "--random", 2, "--target", "model:posix")
    assert again["corpus"] == whole["corpus"]
    _, part = svmq.results("run", corpus / "msgsnd", "--target", "model:posix")
    assert "corpus" not in part
    _, part = svmq.results("run", corpus, "--only", "ftok.E", "--target", "model:posix")
    assert "corpus" not in part


def test_what_an_earlier_run_left_is_not_taken_for_this_ones(svmq):
    """Neither where the run fails before it begins nor where it is killed: the gate would let it pass."""
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)

    def earlier():
        assert svmq("run", file, "--random", 3, "--target", "model:posix", "--report", "out", "--json", "r.json").status == 0
        names = {path.name for path in (svmq.folder / "out").iterdir()}
        assert {"results.json", "results.histories", "junit.xml", "index.html", "statement.json"} <= names
        return [svmq.folder / "r.json", svmq.folder / "r.histories", *((svmq.folder / "out") / name for name in names)]

    files = earlier()
    for failing in (["run", file, "--bogus"], ["fuzz", "--jobs", "-1"], ["run", "--target"], ["exhaust"], ["exhaust", "--scope", "absent.toml", "--model-only"],
                    ["run", file, "--shard", "1/2"], ["run", "absent.scenario"], ["run", file, "--target", "absent"], ["fuzz", "--waivers", "absent.toml"]):
        assert svmq(*failing, "--report", "out", "--json", "r.json").status == 2
        assert [path for path in files if path.exists()] == []
        files = earlier()
    assert svmq("run", "--report=out", "--json=r.json", "--bogus").status == 2
    assert [path for path in files if path.exists()] == []
    files = earlier()
    assert svmq("run", "--help", "--report=out", "--json=r.json").status == 0 and svmq("gate", "--json", "r.json").status == 2
    assert all(path.exists() for path in files)
    process = subprocess.Popen([svmq.program, "fuzz", "--target", "model:posix", "--scenarios", "1000000000", "--report", "out", "--json",
                                "r.json"], cwd=svmq.folder, stdout=subprocess.DEVNULL)
    while files[0].exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert [path for path in files if path.exists()] == []


def test_only_a_file_is_replaced(svmq):
    """Not /dev/null, nor a pipe."""
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    os.mkfifo(svmq.folder / "pipe")
    answer = svmq("run", file, "--target", "model:posix", "--json", "pipe")
    assert answer.status == 2 and "pipe: cannot be written: it is no file" in answer.err
    assert (svmq.folder / "pipe").is_fifo()
