"""Conducting, judging, comparing; what stands in the results."""

import os
import pwd

import pytest

from conftest import PROGRAMS, SEND_AND_RECEIVE, only, summary


def test_a_conforming_scenario_is_status_0_on_every_target(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    targets = ["linux", "impl", "model:linux-6.18", "model:posix"]
    answer, results = svmq.results("run", file, *(word for target in targets for word in ("--target", target)))
    assert answer.status == 0, answer.out
    assert [target["name"] for target in results["targets"]] == targets
    assert [target["profile"] for target in results["targets"]] == ["linux-6.18"] * 3 + ["posix"]
    for target in targets:
        assert summary(results, target) == {"scenarios": 1, "steps": 4, "conform": 1, "nonconform": 0, "unknown": 0,
                                            "unsupported": 0, "not_run": 0, "waived": 0}
    assert results["coverage"]["linux"]["msgrcv.E.ENOMSG"] == {"conform": 1, "nonconform": 0, "waived": 0}
    assert results["disagreements"] == []


def test_a_pipe_gets_one_table_and_no_progress(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    answer = svmq("run", file, "--target", "model:posix")
    assert answer.err == ""
    lines = answer.out.splitlines()
    assert lines[0].split() == ["target", "scenarios", "steps", "conform", "nonconform", "unknown", "unsupported",
                                "not", "run", "waived"]
    assert lines[1].split() == ["model:posix", "1", "4", "1", "0", "0", "0", "0", "0"]
    assert lines[-1].startswith("conform (")


def test_a_deviation_is_status_1_and_shown_with_everything_about_it(bent):
    file = bent.file("a.scenario", SEND_AND_RECEIVE.replace("send-and", "fails-to-send-and"))
    answer, results = bent.results("run", file, "--target", "linux", "--target", "model:linux-6.18")
    assert answer.status == 1
    for part in ["nonconform: linux fails-to-send-and-receive", '>', 'step      A: msgsnd(q, {1, "one"}, 3, 0)',
                 "observed  -1 ENOSPC", "allowed   0  [", "msgsnd.ok.enqueue", "linux and model:linux-6.18: disagree in 1",
                 "reproduce svmq run a.scenario --only fails-to-send-and-receive --target linux --target model:linux-6.18"]:
        assert part in answer.out
    run = only(results, "linux")
    deviation = run["deviations"][0]
    assert run["history"].splitlines()[deviation["line"] - 1].endswith("= -1 ENOSPC")
    assert results["coverage"]["linux"]["msgsnd.ok.enqueue"]["nonconform"] == 1
    assert results["disagreements"][0]["verdicts"] == {"linux": "nonconform", "model:linux-6.18": "conform"}
    assert results["disagreements"][0]["results"] == {"linux": "-1 ENOSPC", "model:linux-6.18": "0"}


@pytest.mark.parametrize("bending, reason", [
    ("dies", "the agent died: killed by SIGKILL"),
    ("babbles", "the agent wrote what is no history"),
    ("hangs", "the agent gave no history within"),
    ("omits", "the agent wrote a history that leaves out B: msgrcv("),
    ("skips", 'the history makes no sense: a step of "B" is skipped, who could have begun it'),
])
def test_an_agent_that_fails_costs_one_scenario(bent, bending, reason):
    text = "\n".join(SEND_AND_RECEIVE.replace("send-and-receive", name) for name in ("first", f"{bending}-2nd", "third"))
    file = bent.file("a.scenario", text)
    answer, results = bent.results("run", file, "--target", "linux", "--jobs", 1, "--time-limit", 100)
    assert answer.status == 3
    verdicts = [scenario["runs"][0]["verdict"] for scenario in results["scenarios"]]
    assert verdicts == ["conform", "not-run", "conform"]
    assert results["scenarios"][1]["runs"][0]["reason"].startswith(reason)
    assert reason in answer.out


def test_an_agent_that_never_works_does_not_go_on_for_ever(bent):
    text = "\n".join(SEND_AND_RECEIVE.replace("send-and-receive", f"dies-{i}") for i in range(50))
    file = bent.file("a.scenario", text)
    answer, results = bent.results("run", file, "--target", "linux", "--jobs", 1)
    assert answer.status == 3
    assert summary(results, "linux")["not_run"] == 50
    assert "undecided: nothing was executed on linux" in answer.out
    assert "fails again and again" in results["scenarios"][-1]["runs"][0]["reason"]


def ordinary_user():
    """Words that make a command run as a user without privilege."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]


def open_to_all(place):
    place.chmod(0o777)
    for folder in place.parents:
        if folder.stat().st_mode & 0o001 == 0 and folder.owner() == pwd.getpwuid(os.geteuid()).pw_name:
            folder.chmod(folder.stat().st_mode | 0o011)


def test_what_a_target_lacks_is_unsupported(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE.replace("process A", "process A uid=4711 gid=4711 caps=ipc_owner"))
    open_to_all(svmq.folder)
    answer, results = svmq.results("run", file, "--target", "linux", before=ordinary_user())
    assert answer.status == 3, answer.err
    run = only(results)
    assert run["verdict"] == "unsupported"
    need = run["reason"].split(":")[0]
    (target,) = results["targets"]
    assert target["capabilities"][need].startswith("no")
    assert f"linux: 1 unsupported: {need}" in answer.out


def test_targets_are_listed_with_what_they_can_do(svmq):
    answer = svmq("targets")
    assert answer.status == 0
    for name in ("linux", "impl", "model:linux-6.18", "model:posix"):
        assert any(line.startswith(f"{name}: ") for line in answer.out.splitlines())
    assert "  can " in answer.out


def test_a_target_whose_agent_is_missing_is_an_error_when_asked_for(bent):
    (bent.program.parent / "svmq-agent-impl").unlink()
    file = bent.file("a.scenario", SEND_AND_RECEIVE)
    answer = bent("run", file, "--target", "impl")
    assert answer.status == 2
    assert "target impl: " in answer.err and "was not built" in answer.err
    answer, results = bent.results("run", file)
    assert answer.status == 0
    assert [target["name"] for target in results["targets"]] == ["linux", "model:linux-6.18"]
    assert "without target impl" in answer.err


def test_the_report_folder_holds_results_and_reports(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    answer = svmq("run", file, "--target", "model:posix", "--report", "out")
    assert answer.status == 0, answer.err
    assert {path.name for path in (svmq.folder / "out").iterdir()} == {
        "results.json", "index.html", "junit.xml", "summary.md", "results.tap", "results.sarif", "statement.md", "statement.json"}
    answer = svmq("report", "out/results.json", "--output", "again")
    assert answer.status == 0
    assert (svmq.folder / "again/index.html").read_text() == (svmq.folder / "out/index.html").read_text()


def test_a_report_that_cannot_be_made_is_status_2(svmq):
    svmq.file("wrong.json", "{}")
    answer = svmq("report", "wrong.json", "--output", "out")
    assert answer.status == 2
    assert "wrong.json: $.schema" in answer.err


def test_a_history_edited_by_hand_is_judged_nonconform_at_that_line(svmq):
    scenario = svmq.file("a.scenario", SEND_AND_RECEIVE)
    with scenario.open() as stdin:
        import subprocess
        history = subprocess.run([PROGRAMS / "svmq-agent", "--isolate"], stdin=stdin, capture_output=True, text=True, check=True).stdout
    good = svmq.file("good.history", history)
    answer = svmq("judge", good)
    assert (answer.status, answer.out.split(":")[0]) == (0, "conform")
    bad = svmq.file("bad.history", history.replace('{1, "one"}\n', '{1, "two"}\n'))
    line = 1 + next(i for i, text in enumerate(bad.read_text().splitlines()) if '{1, "two"}' in text)
    answer = svmq("judge", good, bad)
    assert answer.status == 1
    assert f"{bad}:{line}\n" in answer.out
    assert 'observed  3 {1, "two"}' in answer.out
    assert 'allowed   3 {1, "one"}' in answer.out


def test_a_malformed_history_is_status_2(svmq):
    file = svmq.file("bad.history", "history x\nclock 1\nA: perhaps\nend\n")
    answer = svmq("judge", file)
    assert answer.status == 2
    assert "bad.history:3:" in answer.err


def test_random_scenarios_need_nothing_that_only_the_model_has(svmq):
    """Bug: an ordinary user's random scenarios are made for root, and most are unsupported."""
    open_to_all(svmq.folder)
    answer, results = svmq.results("run", "--random", "60", "--seed", "3", "--target", "linux", "--target", "model:posix",
                                   before=ordinary_user())
    assert answer.status == 0, answer.err
    assert summary(results, "linux")["unsupported"] <= 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up namespaces for good")
def test_without_namespaces_linux_is_unsupported_and_the_others_go_on(svmq):
    """Bug: what cannot be isolated stops everything, or is passed over in silence."""
    script = ('echo 0 > /proc/sys/user/max_user_namespaces; '
              'exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin --no-new-privs "$@"')
    prison = ("unshare", "--user", "--map-root-user", "--ipc", "bash", "-c", script, "bash")
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    answer, results = svmq.results("run", file, "--target", "linux", "--target", "impl", before=prison)
    assert answer.status == 3, answer.out
    assert summary(results, "linux")["unsupported"] == summary(results, "impl")["conform"] == 1
    assert "linux: 1 unsupported: svmq-agent: " in answer.out


def test_an_agent_that_ends_badly_is_not_believed(svmq):
    """Bug: a sanitizer's report at the agent's end, or a crash, is lost."""
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    answer, results = svmq.results("run", file, "--target", f"exec:{PROGRAMS / 'svmq-agent'} --isolate; exit 3")
    assert (answer.status, "exited with 3" in answer.err) == (3, True)
    assert "exited with 3" in results["bad_ends"][0]
