"""An agent that goes wrong when it is told to: REAL_AGENT [OPTION…], scenarios in, histories out.

Each scenario is conducted by the real agent. What its name begins with bends the answer:

  dies-     the agent is killed by SIGKILL instead of answering
  hangs-    it never answers
  babbles-  it writes something that is no history
  fails-    the last result of every msgsnd is ENOSPC, which no profile allows
  stuck-    the last call is said to hang
  omits-    the last call is left out
  skips-    the last call is said to have been skipped
  excuses-  instead of the last call it says that it has no uids; what follows in the name counts too
  crashes-  the process is said to be killed by SIGSEGV in its last call
"""

import os
import re
import signal
import subprocess
import sys


def scenarios():
    lines = []
    for line in sys.stdin:
        if not lines and line == "capabilities\n":
            yield line
            continue
        lines.append(line)
        if line == "end\n":
            yield "".join(lines)
            lines = []


def last_call(history: str, ending: str) -> str:
    calls = list(re.finditer(r"^(\w+): (.*) = .*$", history, re.MULTILINE))
    actor, step = calls[-1].group(1), calls[-1].group(2)
    return history[:calls[-1].start()] + f"{actor}: {step} <unfinished ...>\n{ending.format(actor)}\nend\n"


def bend(name: str, history: str) -> str:
    if name.startswith("dies-"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("hangs-"):
        signal.pause()
    if name.startswith("babbles-"):
        return f"history {name}\nprocess A\nA: what is this\nend\n"
    if name.startswith("fails-"):
        return re.sub(r"(msgsnd\(.*\)) = 0$", r"\1 = -1 ENOSPC", history, flags=re.MULTILINE)
    if name.startswith("omits-"):
        return re.sub(r"^\w+: .* = .*\n(?!(.*\n)*\w+: .* = )", "", history, flags=re.MULTILINE)
    if name.startswith("skips-"):
        return re.sub(r"^(\w+: .*) = .*\n(?!(.*\n)*\w+: .* = )", r"skipped \1\n", history, flags=re.MULTILINE)
    if name.startswith("excuses-"):
        return re.sub(r"^\w+: .* = .*\nend$", "unsupported uids there are none\nend", bend(name.removeprefix("excuses-"), history), flags=re.MULTILINE)
    if name.startswith("stuck-"):
        return last_call(history, "hung {}")
    if name.startswith("crashes-"):
        return last_call(history, "{}: +++ killed by SIGSEGV +++")
    return history


for text in scenarios():
    real = subprocess.run(sys.argv[1:], input=text, capture_output=True, text=True, check=True)
    found = re.search(r"^scenario (\S+)", text, re.MULTILINE)
    sys.stdout.write(bend(found.group(1), real.stdout) if found else real.stdout)
    sys.stdout.flush()
if "--capabilities" in sys.argv:
    os.execv(sys.argv[1], sys.argv[1:])
