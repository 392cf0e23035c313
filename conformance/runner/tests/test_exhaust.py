"""svmq exhaust: small worlds visited to their end, and what it says of a property that does not hold."""

import hashlib
import json
import re

import pytest

from conftest import SOURCE, load, searches

SMALL = """\
title = "one process and a queue"
processes = ["A uid=1000 gid=1000", "B uid=1000 gid=1000"]
before = ["setlimit(msgmnb, 1)"]
calls = [
  "QUEUE = msgget(KEY, IPC_CREAT|0600)",
  "msgsnd(QUEUE, {1, \\"a\\"}, 1, 0)",
  "msgrcv(QUEUE, buf, 1, 0, 0)",
  "msgctl(QUEUE, IPC_RMID, NULL)",
]
sometimes = ["hand-off", "sender-released"]
"""


def total(answer):
    """The states and transitions of the last line."""
    verdict, states, transitions = re.match(r"(\w+): ([\d,]+) states, ([\d,]+) transitions$", answer.out.splitlines()[-1]).groups()
    return verdict, int(states.replace(",", "")), int(transitions.replace(",", ""))


@searches
def test_the_worlds_that_come_with_svmq_hold_every_property(svmq):
    """Bug: the model loses a message, lets somebody sleep who could proceed, …; or the worlds are too small to tell."""
    answer = svmq("exhaust", "--model-only", timeout=400)
    assert answer.status == 0, answer.out
    verdict, states, transitions = total(answer)
    assert verdict == "conform"
    assert transitions >= 1_000_000
    assert "VIOLATED" not in answer.out and "never:" not in answer.out
    assert "as deep as asked" in answer.out and "(complete)" in answer.out


@searches
def test_the_envelope_holds_them_too(svmq):
    answer = svmq("exhaust", "--model-only", "--profile", "posix", "--depth", "6", timeout=400)
    assert answer.status == 0, answer.out
    assert "never" not in re.sub("never used", "", answer.out)
    assert int(re.findall(r"([\d,]+) transitions$", answer.out, re.M)[-1].replace(",", "")) > 50_000


def test_a_small_world_is_visited_to_its_end(svmq):
    answer = svmq("exhaust", "--model-only", "--scope", svmq.file("small.toml", SMALL))
    assert answer.status == 0, answer.out
    assert "(complete)" in answer.out
    assert "taken for the same: A B, identifiers" in answer.out
    assert re.search(r"conservation +[1-9][\d,]* +yes", answer.out)
    assert re.search(r"hand-off +[1-9]\d* +3\n", answer.out)
    assert "never used" in answer.out and "msgrcv.copy.index" in answer.out


def test_properties_that_nothing_tried_are_status_1(svmq):
    """Bug: a property that is checked in no transition passes."""
    answer = svmq("exhaust", "--model-only", "--depth", "1")
    assert answer.status == 1
    assert re.search(r"^linux-6\.18: never checked: hand-off: of those who wait", answer.out, re.M)
    assert "never checked: counters" not in answer.out


def test_what_a_profile_does_not_promise_is_no_violation(svmq):
    """Bug: freebsd is blamed for taking the first message that fits, or nobody is told that it does."""
    answer = svmq("exhaust", "--model-only", "--profile", "freebsd", "--scope", SOURCE / "conformance/scopes/boundaries.toml")
    assert answer.status == 0, answer.out
    assert "not so under this profile, by its variation points: selection" in answer.out


def test_symmetry_saves_states(svmq):
    file = svmq.file("small.toml", SMALL)
    with_it, without = (total(svmq("exhaust", "--model-only", "--scope", file, *words)) for words in ((), ("--no-symmetry",)))
    assert with_it[1] < without[1] <= 2 * with_it[1]


def test_a_witness_is_a_scenario_that_runs(svmq):
    """Bug: what is printed cannot be given to svmq run."""
    answer = svmq("exhaust", "--model-only", "--witnesses", "--scope", svmq.file("small.toml", SMALL))
    scenarios = re.findall(r"^    (scenario small\.[\s\S]*?^    end)$", answer.out, re.M)
    assert len(scenarios) >= 5
    file = svmq.file("witness.scenario", "\n".join(re.sub("^    ", "", s, flags=re.M) for s in scenarios))
    assert svmq("run", file, "--target", "model:linux-6.18").status == 0


def test_what_a_scope_demands_and_never_happens_is_status_1(svmq):
    file = svmq.file("small.toml", SMALL.replace('"hand-off"', '"interrupted"'))
    answer = svmq("exhaust", "--model-only", "--scope", file)
    assert answer.status == 1
    assert "never: interrupted, which the scope demands" in answer.out


def test_a_budget_that_runs_out_is_status_3(svmq):
    answer = svmq("exhaust", "--model-only", "--states", "20", "--scope", svmq.file("small.toml", SMALL))
    assert answer.status == 3
    assert "stopped" in answer.out
    assert total(answer)[0] == "undecided"


@pytest.mark.parametrize("text, said", [
    (SMALL.replace("msgrcv(QUEUE, buf", "msgrcv(QUEUE, bof"), "small.toml: calls[2]: expected"),
    (SMALL.replace("title", "titel"), "small.toml: titel: expected one of"),
    (SMALL.replace('"hand-off"', '"love"'), 'there is no "love"'),
    ("calls = [", "small.toml:1:"),
])
def test_a_malformed_scope_is_status_2_and_says_where(svmq, text, said):
    answer = svmq("exhaust", "--model-only", "--scope", svmq.file("small.toml", text))
    assert answer.status == 2
    assert said in answer.err
    assert answer.out == ""


def test_on_nothing_is_wrong_usage(svmq):
    answer = svmq("exhaust")
    assert answer.status == 2
    assert "--model-only" in answer.err and "--target" in answer.err


@pytest.mark.parametrize("target", ["linux", "impl", "model:linux-6.18"])
def test_a_target_is_led_along_every_transition(svmq, target):
    """Bug: a state or a call in it is left out, prefixes are not shared, or what was not conducted counts."""
    answer, results = svmq.results("exhaust", "--target", target, "--scope", svmq.file("small.toml", SMALL))
    assert answer.status == 0, answer.out
    transitions = int(re.search(r"nothing moves, ([\d,]+) transitions \(complete\)", answer.out)[1].replace(",", ""))
    done, of, scenarios = map(int, re.search(r": (\d+) of (\d+) transitions executed in (\d+) scenarios", answer.out).groups())
    assert done == of == transitions > 50
    summary = results["targets"][0]["summary"]
    assert scenarios == summary["scenarios"] == summary["conform"] < transitions / 5
    assert transitions <= summary["steps"] < 4 * transitions
    assert results["scenarios"] == [] and results["incomplete"] == []  # those that conform are only counted, and their histories kept
    assert results["histories"]["count"] == scenarios


@pytest.mark.parametrize("other, listed", [("impl", False), ("model:gvisor", True)])
def test_what_was_exhausted_is_judged_anew(svmq, other, listed):
    """Bug: scenarios that conform are only counted, and nobody can make them again to judge their histories."""
    answer, results = svmq.results("exhaust", "--target", "linux", "--target", other, "--profile", "linux-6.18", "--shrink", 0,
                                   "--scope", svmq.file("small.toml", SMALL))
    assert (answer.status, results["scenarios"] != []) == (int(listed), listed)
    assert svmq("judge", "--results", "results.json", "--json", "anew.json").status == answer.status
    anew = load(svmq.folder / "anew.json")
    for scenario in [*anew["scenarios"], *results["scenarios"]]:
        scenario["reproduce"] = scenario["reproduce"].removesuffix(" --profile linux-6.18")
    for member in ("scenarios", "targets", "coverage", "incomplete"):
        assert anew[member] == results[member], member
    assert svmq("report", "results.json", "--bundle", "b.zip").status == 0
    verified = svmq("verify", "b.zip")
    assert verified.status == 0 and "scenarios through small worlds" in verified.out, verified.out
    if listed:
        return
    file = svmq.folder / "results.histories"  # the same history with another result, and one step less
    for change in (lambda text: text.replace("msgsnd(q, {1, \"a\"}, 1, 0) = 0", "msgsnd(q, {1, \"a\"}, 1, 0) = 7", 1),
                   lambda text: re.sub(r"(# target linux[\s\S]*?\n)[A-Z]: [^<\n]* = [^\n]*\n", r"\1", text, count=1)):
        bent = change(file.read_text())
        assert bent != file.read_text()
        svmq.file("bent.histories", bent)
        data = json.loads((svmq.folder / "results.json").read_text())
        data["histories"].update(file="bent.histories", sha256=hashlib.sha256(bent.encode()).hexdigest())
        svmq.file("bent.json", json.dumps(data))
        assert svmq("report", "bent.json", "--bundle", "bent.zip").status == 0
        refuted = svmq("verify", "bent.zip")
        assert refuted.status == 1 and "results.histories: exhaust-small-" in refuted.out, refuted.out


def test_what_was_not_executed_is_in_the_results(svmq):
    """Bug: the command says that it is undecided, and the gate, which has the results, that all is well."""
    answer, results = svmq.results("exhaust", "--target", "linux", "--states", 8, "--scope", svmq.file("small.toml", SMALL))
    assert answer.status == 3 and "small: the budget of states ran out" in results["incomplete"][0]
    gated = svmq("gate", "results.json")
    assert gated.status == 3 and "budget of states" in gated.out


def test_two_calls_at_a_time(svmq):
    """Bug: no block, or one whose outcomes are taken for certain."""
    answer = svmq("exhaust", "--target", "linux", "--together", "2", "--scope", svmq.file("small.toml", SMALL))
    assert answer.status == 0, answer.out
    assert int(re.search(r"of (\d+) transitions executed", answer.out)[1]) > 100
    seen, allowed = map(int, re.search(r"several outcomes are allowed, (\d+) of (\d+) were seen", answer.out).groups())
    assert 0 < seen <= allowed


def test_a_target_that_deviates_is_found_shrunk_and_can_be_conducted_again(svmq):
    """Bug: a deviation is taken for a transition that was executed as it should be."""
    answer = svmq("exhaust", "--target", "model:gvisor", "--profile", "linux-6.18", "--scope",
                  SOURCE / "conformance" / "scopes" / "shrink-limit.toml", "--shrink", "10", "--depth", "2")
    assert answer.status == 1, answer.out
    assert "nonconform: model:gvisor exhaust-shrink-limit-" in answer.out and "shrunk: " in answer.out
    again = re.search(r"reproduce (svmq run --reproduce '[^']*'[^\n]*)", answer.out)[1]
    import shlex
    assert svmq(*shlex.split(again)[1:]).status == 1


def test_the_page_on_scopes_shows_one_that_is_read(svmq):
    page = (SOURCE / "conformance" / "scopes" / "README.md").read_text()
    file = svmq.file("page.toml", re.search(r"```\n([\s\S]*?)```", page).group(1))
    assert svmq("exhaust", "--model-only", "--depth", "5", "--states", "100000", "--scope", file).status in (0, 1)
