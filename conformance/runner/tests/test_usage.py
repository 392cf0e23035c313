"""What the command says when it is used wrongly: status 2 and what to do about it."""

import pytest

from conftest import SEND_AND_RECEIVE


@pytest.mark.parametrize("arguments, said", [
    ([], "subcommand"),
    (["dance"], "dance"),
    (["run", "--target", "moon"], "there is no target moon; there are: linux impl"),
    (["run", "--target", "model:moon"], "there is no profile moon; there are: linux-6.18 posix"),
    (["run", "--profile", "moon"], "there is no profile moon"),
    (["run", "absent.scenario"], "absent.scenario: cannot be read: No such file or directory"),
    (["run", "--random", "-1"], "--random"),
    (["run", "--jobs", "0"], "at least one is needed"),
    (["run", "--time-limit", "0"], "no call can return within 0 ms"),
    (["run", "--reproduce", "linux:1"], "linux:1: expected TARGET"),
    (["run", "--reproduce", "linux:1:2:without=love"], "expected TARGET"),
    (["judge", "absent.history"], "absent.history: cannot be read"),
    (["judge"], "HISTORY"),
    (["report"], "RESULTS.json"),
    (["gate", "absent.json"], "absent.json: No such file or directory"),
    (["verify", "absent.zip"], "absent.zip: cannot be read"),
])
def test_wrong_usage_is_status_2_and_says_what_is_wrong(svmq, arguments, said):
    answer = svmq(*arguments)
    assert answer.status == 2
    assert said in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    "command",
    ["targets", "run", "fuzz", "shrink", "generate", "judge", "exhaust", "explain", "report", "gate", "verify", "ls", "mk", "rm"],
)
def test_every_command_explains_itself(svmq, command):
    answer = svmq(command, "--help")
    assert answer.status == 0
    assert command in svmq("--help").out
    assert len(answer.out.splitlines()) > 5


def test_a_malformed_scenario_is_shown_with_its_place(svmq):
    file = svmq.file("bad.scenario", SEND_AND_RECEIVE.replace("{1, ", "{1; "))
    answer = svmq("run", file, "--target", "model:posix")
    assert answer.status == 2
    assert "bad.scenario:5:16: expected" in answer.err
    assert 'msgsnd(q, {1; "one"}, 3, 0)' in answer.err
    assert answer.out == ""


def test_a_name_may_not_occur_twice(svmq):
    file = svmq.file("twice.scenario", SEND_AND_RECEIVE * 2)
    answer = svmq("run", file, "--target", "model:posix")
    assert answer.status == 2
    assert "send-and-receive is also in" in answer.err


def test_a_folder_without_scenarios_is_refused(svmq):
    (svmq.folder / "empty").mkdir()
    answer = svmq("run", "empty", "--target", "model:posix")
    assert answer.status == 2
    assert "empty: no *.scenario file" in answer.err


def test_results_that_cannot_be_written_are_status_2(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    answer = svmq("run", file, "--target", "model:posix", "--json", "/proc/results.json")
    assert answer.status == 2
    assert "/proc/results.json: cannot be written" in answer.err
