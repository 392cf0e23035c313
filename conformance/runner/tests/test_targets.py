"""Targets of users: commands and files that describe them; what is said of one that goes wrong."""

import subprocess
import sys
import time

import pytest

from conftest import BENT_AGENT, PROGRAMS, SEND_AND_RECEIVE, only, summary

AGENT = f"{PROGRAMS / 'svmq-agent'} --isolate"
BENT = f"{sys.executable} -B {BENT_AGENT} {AGENT}"

# A console: a system boots, and writes between the agent's lines; what came before it was ready is lost.
BOOTING = """
import subprocess, sys
print("[    0.000000] Linux version 9.9", flush=True)
lost = 0
agent = subprocess.Popen(sys.argv[1:] + ["--console"], stdin=sys.stdin, stdout=subprocess.PIPE, text=True)
for line in agent.stdout:
    sys.stdout.write("[    1.000000] random: noise\\r\\n~~" + line.replace("\\n", "\\r\\n"))
    sys.stdout.flush()
"""


def named(name: str) -> str:
    return SEND_AND_RECEIVE.replace("send-and-receive", name)


def target_file(svmq, name, command, **keys):
    lines = [f'{key} = {str(value).lower() if isinstance(value, bool) else value}' for key, value in keys.items()]
    return svmq.file(f"{name}.toml", f"command = '''{command}'''\n" + "\n".join(lines) + "\n")


def test_a_command_is_a_target(svmq):
    file = svmq.file("a.scenario", SEND_AND_RECEIVE)
    answer, results = svmq.results("run", file, "--target", f"exec:{AGENT}")
    assert answer.status == 0, answer.err
    assert summary(results, f"exec:{AGENT}")["conform"] == 1


def test_offline_gives_the_verdicts_of_a_live_run(svmq):
    scenarios = svmq("generate", "--seed", "5", "--scenarios", "60", "--without", "caps").out
    done = subprocess.run([PROGRAMS / "svmq-agent", "--isolate"], input=scenarios, capture_output=True, text=True)
    judged = svmq("judge", svmq.file("histories", done.stdout))
    live = svmq("run", svmq.file("all.scenario", scenarios), "--target", "linux")
    assert judged.out.count("conform: random-5-") == 60
    assert (judged.status, live.status) == (0, 0), live.out


def test_a_console_may_be_noisy(svmq):
    booting = svmq.file("booting.py", BOOTING)
    file = target_file(svmq, "board", f"{sys.executable} {booting} {AGENT}", console=True, start_limit=20)
    scenarios = svmq.file("a.scenario", "".join(named(f"s-{i}") for i in range(40)))
    answer, results = svmq.results("run", scenarios, "--target", file)
    assert answer.status == 0, answer.out + answer.err
    assert summary(results, "board")["conform"] == 40


def test_histories_of_a_console_can_be_judged(svmq):
    done = subprocess.run([PROGRAMS / "svmq-agent", "--isolate", "--console"], input=SEND_AND_RECEIVE,
                          capture_output=True, text=True)
    assert done.stdout.startswith("svmq| ready 1\nsvmq| history")
    answer = svmq("judge", svmq.file("log", "[ 0.1] booting\n" + done.stdout + "reboot: Power down\n"))
    assert answer.status == 0, answer.err


@pytest.mark.parametrize("name, said", [
    ("dies-1", "died: killed by SIGKILL"),
    ("babbles-1", "wrote what is no history"),
])
def test_an_agent_that_fails_costs_one_scenario(svmq, name, said):
    file = svmq.file("a.scenario", named("before") + named(name) + named("after"))
    target = f"exec:exec {BENT}"
    answer, results = svmq.results("run", file, "--target", target, "--jobs", "1")
    assert answer.status == 3
    numbers = summary(results, target)
    assert (numbers["conform"], numbers["not_run"]) == (2, 1)
    run = next(s for s in results["scenarios"] if s["name"] == name)["runs"][0]
    assert said in run["reason"]


@pytest.mark.parametrize("command, keys, said", [
    ("echo no such board >&2; exit 3", {}, "its command exited with 3; it said: no such board"),
    ("nowhere/svmq-agent", {}, "its command exited with 127; it said"),
    ("echo hello; echo end", {}, "did not answer the request `capabilities`"),
    ("echo booting; sleep 60", {"console": True, "start_limit": 1}, "did not become ready; it wrote: booting"),
    ("kill -SEGV $$", {}, "killed by SIGSEGV"),
])
def test_one_that_never_starts_is_not_there(svmq, command, keys, said):
    file = target_file(svmq, "broken", command, **keys)
    began = time.monotonic()
    answer = svmq("run", "--random", "3", "--target", file)
    assert answer.status == 2
    assert said in answer.err
    assert time.monotonic() - began < 20
    assert said in svmq("targets", file).out


def test_nothing_is_left_of_a_command(svmq):
    mark = f"41{time.monotonic_ns() % 10**6}"
    file = target_file(svmq, "leaving", f"sleep {mark} & exec {AGENT}")
    assert svmq("run", "--random", "5", "--target", file).status in (0, 1)
    assert subprocess.run(["pgrep", "-f", f"^sleep {mark}"], capture_output=True).stdout == b""


def test_known_deviations_and_what_it_lacks_stand_in_the_file(svmq):
    file = target_file(svmq, "known", BENT, profile='"linux-6.18"')
    file.write_text(file.read_text() + """
[lacks]
signals = "the board has no keyboard"
[[deviation]]
id = "send"
clause = "msgsnd.ret"
reason = "it is full"
reference = "bug 7"
""")
    scenarios = svmq.file("a.scenario", named("fails-1") + named("signals").replace("B: msgrcv(q, buf, 100, 0, IPC_NOWAIT)",
                                                                                    "kill(B, SIGTERM)"))
    answer, results = svmq.results("run", scenarios, "--target", file)
    numbers = summary(results, "known")
    assert (numbers["waived"], numbers["unsupported"]) == (1, 1), answer.out
    assert "signals: the board has no keyboard" in answer.out
    assert "known.send" in answer.out


def test_a_new_file_explains_itself(svmq):
    answer = svmq("targets", "--new", "board")
    assert answer.status == 0
    text = answer.out.replace("ssh board ./svmq-agent --isolate", AGENT)
    assert text != answer.out
    assert "can " in svmq("targets", svmq.file("board.toml", text)).out
    uncommented = "\n".join(line.removeprefix("# ") if "=" in line or line.startswith("# [") else line
                            for line in text.splitlines()).replace("console = true", "console = false")
    assert "can " in svmq("targets", svmq.file("board.toml", uncommented)).out


@pytest.mark.parametrize("text, said", [
    ("", "command is missing"),
    ("command = 3", "command must be a text"),
    ("command = 'x'\ncolour = 'red'", "there is no key colour; there are: summary command"),
    ("command = 'x'\nprofile = 'moon'", "there is no profile moon"),
    ("command = 'x'\nslowness = 0", "slowness must be from 1 to"),
    ("command = 'x'\n[lacks]\nlove = 'no'", "there is no need love"),
    ("command = 'x'\n[[deviation]]\nclause = 'msgsnd.ret'\nreason = 'r'", "clause and reference are needed"),
])
def test_a_wrong_file_is_refused(svmq, text, said):
    answer = svmq("run", "--target", svmq.file("wrong.toml", text))
    assert answer.status == 2
    assert "wrong.toml: " in answer.err and said in answer.err
