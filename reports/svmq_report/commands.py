"""The commands in results that conduct a scenario again: people will paste them, and believe what they then see.

Each is the command that is made anew, and behind it at most the options by which the run judged. Those are the same in all of
them, and must be such as give the profiles and waivers of the results: else a deviation would be gone when it is looked for.
"""

import re
import shlex
from pathlib import PurePosixPath

from svmq_report import bundle
from svmq_report.text import quote
from svmq_report.view import WORLD

_USUAL = "linux-6.18"
_USUALLY_BY_IT = ("linux", "impl", "preload")


class Commands:
    def __init__(self, results: dict, own_waivers: dict):
        self._results, self._own_waivers = results, own_waivers
        self._endings = {}  # what stands behind the commands that were right so far: the first of them

    def is_of_scenario(self, ours: dict, theirs: dict) -> bool:
        """Whether `reproduce` of a scenario is the one that is made anew, but for where its file is."""
        says, made = ours["reproduce"], theirs["reproduce"]
        if not says or not made or ours["source"] == "random" or ours["source"].startswith(WORLD):
            return not made or self.is_command(says, made)
        try:
            says, made = shlex.split(says), shlex.split(made)
        except ValueError:
            return False
        if ours["source"] == "reproduce string" and says[2:3] == ["--reproduce"]:
            made[2:5] = says[2:4]  # the scenario as one word, and not as a file
        elif says[2:3] and _is_file_of(says[2], ours["source"]):
            made[2] = says[2]  # the path depends on the folder in which one stood
        return self.is_command(ours["reproduce"], shlex.join(made))

    def is_command(self, says: str, made: str) -> bool:
        """Whether it is this command and options that say how to judge, and nothing that a shell would do besides."""
        if re.search(r"[^\w./:,=@%+' -]", re.sub(r"'[^']*'", "", says)):
            return False
        try:
            says_words, made_words = shlex.split(says), shlex.split(made)
        except ValueError:
            return False
        ending = says_words[len(made_words):]
        if says_words[:len(made_words)] != made_words or ending[::2] not in ([], ["--profile"], ["--waivers"], ["--profile", "--waivers"]):
            return False
        if len(ending) % 2 == 0:
            self._endings.setdefault(tuple(ending), says)
        return len(ending) % 2 == 0

    def problems(self):
        """What is wrong with the options of all of them."""
        for ending, command in self._endings.items():
            if ending != next(iter(self._endings)):
                yield f"{bundle.RESULTS}: the commands to reproduce judge in several ways, one by {quote(shlex.join(ending) or 'no option')}"
            chosen = dict(zip(ending[::2], ending[1::2]))
            for wrong in (self._profile(chosen.get("--profile")), self._waivers(chosen.get("--waivers"))):
                if wrong:
                    yield f"{bundle.RESULTS}: reproduce says {quote(command)}; {wrong}"

    def _profile(self, chosen: str | None) -> str:
        for target in self._results["targets"]:
            name, profile = target["name"], target["profile"]
            usual = name.removeprefix("model:") if name.startswith("model:") else (
                _USUAL if name in _USUALLY_BY_IT or name.startswith("exec:") else profile)
            if (chosen or usual) != profile:
                return f"that judges {name} by {chosen or usual}, and the results are by {profile}"
        return ""

    def _waivers(self, chosen: str | None) -> str:
        loaded = {waiver["id"] for waiver in self._results["waivers"]}
        command = self._results["command"]
        if chosen is None:
            return "" if loaded >= set(self._own_waivers) else "that takes svmq's own waivers, and the results are by others"
        if chosen == "none":
            return "that takes no waivers, and the results are by svmq's own" if loaded & set(self._own_waivers) else ""
        named = command[1:2] == ["report"] or chosen in command or f"--waivers={chosen}" in command
        return "" if named else f"the command line of the run does not name {chosen}"


def _is_file_of(path: str, source: str) -> bool:
    """Whether the file may be the one that the results call so: those of the corpus have their folder in it."""
    path, source = PurePosixPath(path), PurePosixPath(source)
    return path.parts[-len(source.parts):] == source.parts or not source.parts[:1] == ("corpus",) and path.name == source.name
