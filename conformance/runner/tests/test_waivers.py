"""Waivers excuse what they name, and nothing else."""

import pytest

from conftest import SEND_AND_RECEIVE, only, summary

# Under profile posix a system may take any of several errors that apply: with the wrong one libsvmq would only leave Linux.
FAILING = SEND_AND_RECEIVE.replace("send-and", "fails-to-send-and")


def run(bent, text, waivers, target="linux"):
    file = bent.file("a.scenario", text)
    bent.file("waivers.toml", waivers)
    return bent.results("run", file, "--target", target, "--waivers", "waivers.toml")


WAIVERS = """
[[waiver]]
id = "accepted"
scenario = "fails-to-send-and-receive"
target = "linux"
reason = "a test"
owner = "somebody"
expires = 2999-12-31
notice = "known since long"
[[waiver]]
id = "idle"
clause = "msgget.ret"
reason = "another"
[[waiver]]
id = "old"
scenario = "fails-to-send-and-receive"
reason = "the same, formerly"
expires = 2020-01-01
"""


def test_used_unused_and_expired_waivers(bent):
    answer, results = run(bent, FAILING, WAIVERS)
    assert answer.status == 0
    assert summary(results, "linux")["waived"] == 1
    assert summary(results, "linux")["nonconform"] == 0
    assert only(results)["waivers"] == ["accepted"]
    assert only(results)["verdict"] == "nonconform"
    assert {waiver["id"]: waiver["used"] for waiver in results["waivers"]} == {"accepted": 1, "idle": 0, "old": 0}
    for line in ["waiver accepted: covered 1, until 2999-12-31: known since long\n", "waivers unused: idle\n",
                 "waiver old: expired on 2020-01-01"]:
        assert line in answer.out


def test_an_expired_waiver_covers_nothing(bent):
    answer, results = run(bent, FAILING, WAIVERS.replace("2999", "2021"))
    assert answer.status == 1
    assert summary(results, "linux")["nonconform"] == 1


def test_a_waiver_for_another_target_covers_nothing(bent):
    assert run(bent, FAILING, WAIVERS.replace('"linux"', '"impl"'))[0].status == 1


def test_a_waiver_by_clause_covers_every_deviation_from_it(bent):
    by_clause = '[[waiver]]\nclause = "{}"\nreason = "a test"\n'
    answer, results = run(bent, FAILING, by_clause.format("msgget.ret"))
    assert answer.status == 1
    clauses = {clause for deviation in only(results)["deviations"] for clause in deviation["clauses"]}
    answer, results = run(bent, FAILING, "\n".join(by_clause.format(clause) for clause in sorted(clauses)))
    assert answer.status == 0
    assert summary(results, "linux")["waived"] == 1
    assert all(id.startswith("waiver-") for id in only(results)["waivers"])


@pytest.mark.parametrize("bending", ["stuck", "crashes"])
def test_no_waiver_hides_a_hang_or_a_crash(bent, bending):
    text = SEND_AND_RECEIVE.replace("send-and-receive", f"{bending}-here")
    answer, results = run(bent, text, f'[[waiver]]\nscenario = "{bending}-here"\nreason = "a test"\n')
    assert answer.status == 1
    assert only(results)["verdict"] == "nonconform"
    assert "waivers" not in only(results)
    assert results["waivers"][0]["used"] == 0


def test_no_waiver_hides_the_death_of_an_agent(bent):
    text = SEND_AND_RECEIVE.replace("send-and-receive", "dies-here")
    answer, results = run(bent, text, '[[waiver]]\nscenario = "dies-here"\nreason = "a test"\n')
    assert answer.status == 3
    assert only(results)["verdict"] == "not-run"


def test_no_waiver_lets_libsvmq_leave_posix(bent):
    waiver = '[[waiver]]\nscenario = "fails-to-send-and-receive"\nreason = "a test"\n'
    answer, results = run(bent, FAILING, waiver, target="impl")
    assert answer.status == 1
    assert "waived, but outside profile posix too" in only(results)["reason"]
    assert summary(results, "impl")["nonconform"] == 1


@pytest.mark.parametrize("process, why", [
    ("process A\n", "its history ends as unsupported uids, and the scenario does not need it"),
    ("process A uid=1000 gid=1000\n", "its history ends as unsupported uids, and its capabilities have it"),
])
def test_a_false_excuse_hides_nothing(bent, process, why):
    """Bug: a target passes that says, where it would deviate, that it lacks what the scenario needs; or waivers count for a part."""
    text = SEND_AND_RECEIVE.replace("process A\n", process).replace("send-and-receive", "excuses-itself")
    answer, results = run(bent, text, "")
    if "uid=" in process and results["targets"][0]["capabilities"]["uids"] != "yes":
        pytest.skip("linux has no uids here")
    assert (answer.status, only(results)["verdict"], only(results)["reason"]) == (3, "not-run", why)
    text = text.replace("excuses-itself", "excuses-fails-to-send")
    answer, results = run(bent, text, '[[waiver]]\nscenario = "excuses-fails-to-send"\nreason = "a test"\n')
    assert (answer.status, only(results)["verdict"], only(results)["reason"]) == (1, "nonconform", why)


def test_what_is_waived_may_end_as_unsupported(svmq):
    """Bug: the same deviation counts where the rest of the scenario could not be conducted."""
    text = """\
scenario override
process A uid=1000 gid=1000
process D uid=0 gid=1001 caps=ipc_owner
A: q = msgget(1, 0400|IPC_CREAT)
D: msgsnd(q, {3, "b12"}, 3, IPC_NOWAIT)
D: become(caps=sys_resource)
end
"""
    _, results = svmq.results("run", svmq.file("a.scenario", text), "--target", "impl")
    if only(results)["verdict"] == "unsupported":
        pytest.skip(f"impl cannot conduct it here: {only(results)['reason']}")
    assert (only(results)["verdict"], only(results)["waivers"]) == ("nonconform", ["capabilities-open-no-files"])


@pytest.mark.parametrize("waivers, said", [
    ("[[waiver", "waivers.toml:1:"),
    ('[[waiver]]\nreason = "x"\n', "waiver-1: names neither a clause nor a scenario nor a variation"),
    ('[[waiver]]\nclause = "msgget.ret"\n', "waiver-1: gives no reason"),
    ('[[waiver]]\nclause = "msgget.retq"\nreason = "x"\n', "there is no clause msgget.retq in the catalogue; there is msgget.ret"),
    ('[[waiver]]\nclause = "msgget.ret"\nreason = "x"\nexpires = "soon"\n', "expires must be a date"),
    ('[[waiver]]\nclause = "msgget.ret"\nreason = "x"\ntarget = "linux"\ntragte = "y"\n', "there is no key tragte"),
    ('[[waiver]]\nid = "a"\nclause = "msgget.ret"\nreason = "x"\n' * 2, "the waiver id a is there twice"),
])
def test_malformed_waivers_are_refused(svmq, waivers, said):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    svmq.file("waivers.toml", waivers)
    answer = svmq("run", file, "--target", "model:posix", "--waivers", "waivers.toml")
    assert answer.status == 2
    assert said in answer.err


def test_a_waiver_file_is_checked_without_a_run(svmq):
    svmq.file("good.toml", '[[waiver]]\nvariation = "stop=either"\ntarget = "impl"\nreason = "a test"\n')
    assert svmq("judge", "--waivers", "good.toml").status == 0
    svmq.file("bad.toml", '[[waiver]]\nvariation = "stop=sideways"\nreason = "a test"\n')
    answer = svmq("judge", "--waivers", "bad.toml")
    assert answer.status == 2 and "no variation of the model" in answer.err
