"""An agent whose results come in the wrong order: REAL_AGENT [OPTION…], scenarios in, histories out.

In every Nth history (REORDER_EVERY) the results of the first two calls next to each other, of different actors and
with different results, are exchanged.
"""

import os
import re
import subprocess
import sys
import threading

RESULT = re.compile(r"^(\w+): (.*) = (.*)$")
every = int(os.environ["REORDER_EVERY"])


def reordered(history):
    for i in range(len(history) - 1):
        first, second = RESULT.match(history[i]), RESULT.match(history[i + 1])
        if first and second and first[1] != second[1] and first[3] != second[3]:
            history[i] = f"{first[1]}: {first[2]} = {second[3]}\n"
            history[i + 1] = f"{second[1]}: {second[2]} = {first[3]}\n"
            break
    return history


def pass_on(source, target):
    for line in source:
        target.write(line)
        target.flush()
    target.close()


agent = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
threading.Thread(target=pass_on, args=(sys.stdin, agent.stdin), daemon=True).start()
histories, block = 0, []
for line in agent.stdout:
    block.append(line)
    if not block[0].startswith("history"):
        sys.stdout.writelines(block)
        block = []
    elif line == "end\n":
        histories += 1
        sys.stdout.writelines(reordered(block) if histories % every == 0 else block)
        block = []
    sys.stdout.flush()
sys.stdout.writelines(block)
sys.exit(agent.wait())
