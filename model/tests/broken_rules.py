#!/usr/bin/env python3
"""Breaks rules of the model on purpose, one at a time, and shows which check notices.

    model/tests/broken_rules.py build/release              every one: some minutes
    model/tests/broken_rules.py build/release --sample 10   some of them, as ctest does
    model/tests/broken_rules.py build/release --each       every check of every one, also where one has noticed already

A rule is one edit of a copy of a source of the model. That file alone is compiled, with the command of the build but without optimizing, and
put before the model's library when the checks are linked anew, so that it stands in for its original. The build folder stays as it is.
Before a check is asked of a broken rule it is run in the same way with the sound source: one that fails then could notice nothing.
"""

import argparse
import functools
import json
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Broken:
    clause: str
    how: str
    file: str
    old: str
    new: str


RULES = [
    Broken("msgsnd.room", "one byte too many has room", "room.cpp", "queue.cbytes <= queue.qbytes - size;", "queue.cbytes <= queue.qbytes - size + 1;"),
    Broken("msgsnd.room.count", "the number of messages is not bounded", "room.cpp", "return when(bytes && count);", "return when(bytes);"),
    Broken("msgrcv.select.negative", "the newest of the lowest type", "msgrcv_select.cpp",
           "type < queue.messages[static_cast<std::size_t>(best)].type", "type <= queue.messages[static_cast<std::size_t>(best)].type"),
    Broken("msgrcv.select.positive", "a type of at least that", "msgrcv_select.cpp", "return m.type == type;", "return m.type >= type;"),
    Broken("msgrcv.select.except", "only a larger type", "msgrcv_select.cpp", "return m.type != type;", "return m.type > type;"),
    Broken("wait.rcv.types", "a waiter with a positive type accepts any", "msgrcv_select.cpp", ": type == wanted;", ": true;"),
    Broken("wait.rcv.order", "the waiter that came last is served first", "wait.cpp",
           "for (const ActorIndex actor : waiting) {\n    if (!accepts",
           "for (const ActorIndex actor : std::vector<ActorIndex>(waiting.rbegin(), waiting.rend())) {\n    if (!accepts"),
    Broken("wait.rcv.toosmall", "a too small waiter ends the search", "wait.cpp", "    refuse(view, state, actor, why);\n",
           "    refuse(view, state, actor, why);\n    return true;\n"),
    Broken("msgrcv.lrpid.thread", "a hand-off records the process", "wait.cpp", "return thread_id(state, actor);", "return process_id(state, actor);"),
    Broken("wait.snd.scan", "only the first waiting sender looks again", "wait.cpp", "      state.actor(actor).woken = true;\n}",
           "      { state.actor(actor).woken = true; break; }\n}"),
    Broken("wait.rmid", "a removal forgets the senders", "wait.cpp",
           "  waiting.insert(waiting.end(), state.queue(index).senders.begin(), state.queue(index).senders.end());\n", ""),
    Broken("msgsnd.ok.enqueue", "bytes are not counted", "wait.cpp", "  queue.cbytes += message.text.size();\n", ""),
    Broken("msgsnd.ok.stamp", "the time of sending is not set", "wait.cpp", "    queue.stime = now(state, view.actor);\n", ""),
    Broken("msgrcv.trunc", "what is cut off still counts", "msgrcv.cpp", "TruncatedBytes::whole ? message.text.size() : delivered",
           "TruncatedBytes::delivered ? message.text.size() : delivered"),
    Broken("msgrcv.ok.state", "a receive records nobody", "msgrcv.cpp",
           "if (view.profile.receiver_pid != ReceiverPid::zero) queue.lrpid = process_id(next, view.actor);", ""),
    Broken("msgrcv.E.ENOMSG", "who does not want to wait waits", "msgrcv.cpp", "!copies(view, request) && !(request.flags & IPC_NOWAIT_)",
           "!copies(view, request)"),
    Broken("msgsnd.E.EAGAIN", "who does not want to wait waits", "msgsnd.cpp", "  if (request.flags & IPC_NOWAIT_)\n    outcomes.push_back(no_room",
           "  if (request.flags & 0)\n    outcomes.push_back(no_room"),
    Broken("msgctl.set.fields", "the group stays", "msgctl_set.cpp", "  queue.gid = request.gid;\n", ""),
    Broken("msgctl.set.mode.highbits", "all bits of the mode are kept", "msgctl_set.cpp", "queue.mode = request.mode & 0777;", "queue.mode = request.mode;"),
    Broken("wait.set.recv", "IPC_SET lets receivers sleep", "msgctl_set.cpp", "  wake_receivers(state, index);\n", ""),
    Broken("msgctl.set.qbytes.cap", "privilege does not help", "msgctl_set.cpp", "return when(above && !may_raise(v));", "return when(above);"),
    Broken("perm.class.group", "groups do not count", "permission.cpp", "return is_member(view, queue, groups) ? Class::group : Class::other;",
           "return (void)groups, Class::other;"),
    Broken("perm.class.user", "the owner has the group's bits", "permission.cpp", "return of == Class::user ? (mode >> 6) & 7", "return of == Class::user ? (mode >> 3) & 7"),
    Broken("perm.creator.keeps", "the creator of a queue given away is a stranger", "permission.cpp",
           "return who.uid == queue.uid || who.uid == queue.cuid;", "return who.uid == queue.uid;"),
    Broken("msgget.E.EEXIST", "IPC_EXCL alone suffices", "msgget.cpp", "(r.flags & (IPC_CREAT_ | IPC_EXCL_)) == (IPC_CREAT_ | IPC_EXCL_)",
           "(r.flags & IPC_EXCL_) != 0"),
    Broken("msgget.E.ENOSPC", "one queue too many", "msgget.cpp", "if (live_queues(v.state, v.self().space) >=", "if (live_queues(v.state, v.self().space) >"),
    Broken("id.seq", "the sequence number never rises", "identifier.cpp", "    space.sequence = (space.sequence + 1) % sequence_count;\n", ""),
    Broken("wait.snd.signal.first", "room comes before a signal", "model.cpp",
           "(!view.self().interrupted || view.profile.signal_or_room == SignalOrRoom::either)", "true"),
    Broken("wait.sig.handler", "a handled signal does not end the wait", "model.cpp", "  if (view.self().interrupted) interrupt(view, outcomes);\n", ""),
    Broken("gen.persist", "the dead stand in line", "model.cpp", "    leave_lists(state, static_cast<ActorIndex>(a));\n    finish", "    finish"),
]


class Workshop:
    def __init__(self, build: Path, folder: Path):
        self._build, self._folder = build, folder
        commands = json.loads((build / "compile_commands.json").read_text())
        self._compile = {Path(c["file"]).name: c for c in commands if c["file"].startswith(f"{SOURCE}/model/src/")}
        self._link = {target: self._link_command(target) for target in ("model_tests", "explore_tests", "svmq")}

    def _link_command(self, target: str) -> str:
        shown = subprocess.run(["ninja", "-C", self._build, "-t", "commands", f"bin/{target}"], capture_output=True, text=True, check=True)
        return shown.stdout.splitlines()[-1]

    def broken(self, rule: Broken) -> Path:
        sound = (SOURCE / "model" / "src" / rule.file).read_text()
        count = sound.count(rule.old)
        if count != 1:
            sys.exit(f"{rule.clause}: the text to change is {count} times in {rule.file}, not once: break it anew")
        return self._object(rule.file, sound.replace(rule.old, rule.new), "broken.o")

    def _object(self, file: str, text: str, name: str) -> Path:
        source = self._folder / file
        source.write_text(text)
        how = self._compile[file]
        words = shlex.split(how["command"])
        words[words.index("-o") + 1] = str(self._folder / name)
        words[words.index(how["file"])] = str(source)
        words += ["-O0", "-I", str(SOURCE / "model" / "src"), "-Wno-error"]
        subprocess.run(words, cwd=how["directory"], check=True, capture_output=True)
        return self._folder / name

    @functools.cache
    def demand_that_it_passes(self, target: str, words: tuple[str, ...]) -> None:
        """The check, linked in the same way, with a rule as it is."""
        file = RULES[0].file
        said = self._said(target, self._object(file, (SOURCE / "model" / "src" / file).read_text(), "sound.o"), words)
        if said:
            sys.exit(f"{said}, and no rule is broken: what it says of broken ones would mean nothing")

    def link(self, target: str, broken: Path) -> Path:
        program = self._folder / target
        before, after = self._link[target].split(f"-o bin/{target}", 1)
        subprocess.run(f"{before} {broken} -o {program} {after}", shell=True, cwd=self._build, check=True, capture_output=True)
        return program

    def notices(self, target: str, broken: Path, words: tuple[str, ...]) -> str:
        """What the check says against the broken rule; empty: nothing."""
        self.demand_that_it_passes(target, words)
        return self._said(target, broken, words)

    def _said(self, target: str, broken: Path, words: tuple[str, ...]) -> str:
        done = subprocess.run([self.link(target, broken), *words], capture_output=True, text=True, timeout=900)
        if done.returncode == 0:
            return ""
        lines = [line.strip() for line in done.stdout.splitlines() if line.lstrip().startswith(("[  FAILED  ] ", "violated:", "never"))]
        names = [line.split("] ")[1].split(" ")[0] if line.startswith("[") else line.split(":")[1].strip() for line in lines]
        return f"{target}: {names[0]}" if names else f"{target}: status {done.returncode}"


CHECKS = [("model_tests", ()), ("explore_tests", ()), ("svmq", ("exhaust", "--model-only", "--profile", "linux-6.18"))]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("build", type=Path, help="a build folder, of Ninja, in which all is built")
    arguments.add_argument("--sample", type=int, default=len(RULES), help="only so many, spread over the list")
    arguments.add_argument("--each", action="store_true", help="every check, also where one has noticed")
    chosen = arguments.parse_args()
    if not (chosen.build / "build.ninja").exists():
        sys.exit(f"{chosen.build} is no build folder of Ninja: give one in which all is built, as `cmake --preset release` makes it")
    rules = RULES[:: max(1, len(RULES) // chosen.sample)][: chosen.sample]
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(chosen.build.resolve(), Path(folder))
        for rule in rules:
            start = time.monotonic()
            broken = workshop.broken(rule)
            noticed = []
            for target, words in CHECKS:
                said = workshop.notices(target, broken, words)
                noticed += [said] if said else []
                if noticed and not chosen.each:
                    break
            unnoticed += not noticed
            print(f"{rule.clause:<26} {rule.how:<50} {'; '.join(noticed) or 'UNNOTICED'}  ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{len(rules)} rules broken, {len(rules) - unnoticed} noticed")
    return 1 if unnoticed or not rules else 0


if __name__ == "__main__":
    sys.exit(main())
