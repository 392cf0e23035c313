"""Has the judge, `svmq judge`, judge histories anew."""

import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

_AT_ONCE = 1000  # histories for one process
_SOURCE = Path(__file__).resolve().parents[2]


class JudgeError(Exception):
    """There is no judge, or it refused; the text says which and what to do."""


def program() -> str:
    """The svmq command: the one that started this, the one built here, or the one on the PATH."""
    for candidate in (os.environ.get("SVMQ"), _SOURCE / "build" / "bin" / "svmq", shutil.which("svmq")):
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    raise JudgeError("there is no svmq command to judge with.\nBuild it (ci/conform does), or set SVMQ to its path.")


def judge(histories: list[str], profile: str, target: str, waivers: list[dict], date: str) -> list[dict]:
    """A run, as results.json has them, for each history; waivers as results.json has them, as of that date."""
    runs = []
    with tempfile.TemporaryDirectory(prefix="svmq-judge-") as folder:
        waiver_file = Path(folder, "waivers.toml")
        waiver_file.write_text("".join(map(_toml, waivers)), encoding="utf-8")
        for begin in range(0, len(histories), _AT_ONCE):
            part = histories[begin:begin + _AT_ONCE]
            found = _judge(Path(folder), part, [f"--profile={profile}", f"--target={target}", f"--date={date}",
                                                f"--waivers={waiver_file}"])
            if len(found) != len(part):
                raise JudgeError(f"svmq judge found {len(found)} histories where there are {len(part)}: one of "
                                 f"{_name(part[0])} to {_name(part[-1])} holds none, or several.")
            runs += found
    return runs


def replay(results: dict, data: bytes, kept: bytes | None) -> tuple[dict, bytes | None]:
    """What `svmq run` would have written, results and histories, had its targets done what these histories say."""
    with tempfile.TemporaryDirectory(prefix="svmq-judge-") as folder:
        given, anew = Path(folder, "#given.json"), Path(folder, "anew", "anew.json")  # no file of histories has the name #
        given.write_bytes(data)
        if results["histories"]:
            Path(folder, results["histories"]["file"]).write_bytes(kept or b"")
        done = subprocess.run([program(), "judge", f"--results={given}", f"--json={anew}"], capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL)
        if done.returncode not in (0, 1, 3) or not anew.exists():
            raise JudgeError(done.stderr.strip().removeprefix("svmq: ").replace(str(given), "the results")
                             or f"svmq judge ended with {done.returncode} and said nothing")
        histories = anew.with_suffix(".histories")
        return json.loads(anew.read_text(encoding="utf-8")), histories.read_bytes() if histories.exists() else None


def read_waivers(path: str) -> list[dict]:
    """The waivers of a TOML file, as results.json has them. Raises JudgeError where svmq refuses them."""
    done = subprocess.run([program(), "judge", f"--waivers={path}"], capture_output=True, text=True, errors="replace",
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise JudgeError(done.stderr.strip().removeprefix("svmq: ") or f"{path}: svmq does not take these waivers")
    with open(path, "rb") as file:
        tables = tomllib.load(file).get("waiver", [])
    keys = ("clause", "scenario", "variation", "target", "reason", "owner", "notice")
    return [{"id": table.get("id", f"waiver-{number}"), "expires": str(table.get("expires") or "") or None,
             **{key: table.get(key) for key in keys}} for number, table in enumerate(tables, 1)]


def _judge(folder: Path, histories: list[str], options: list[str]) -> list[dict]:
    file, verdicts = folder / "histories", folder / "verdicts.json"
    file.write_text("".join(text.rstrip("\n") + "\n" for text in histories), encoding="utf-8", errors="replace")
    done = subprocess.run([program(), "judge", str(file), *options, f"--json={verdicts}"], capture_output=True,
                          text=True, errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1, 3) or not verdicts.exists():
        raise JudgeError(_in_its_history(done.stderr.strip(), str(file), histories) or
                         f"svmq judge ended with {done.returncode} and said nothing")
    runs = json.loads(verdicts.read_text(encoding="utf-8"))
    verdicts.unlink()
    return runs


def _in_its_history(message: str, file: str, histories: list[str]) -> str:
    """FILE:LINE of what the judge says, as the history and the line in it."""
    prefix = f"svmq: {file}:"
    if not message.startswith(prefix):
        return message
    number, _, rest = message.removeprefix(prefix).partition(":")
    left = int(number) if number.isdigit() else 0
    for text in histories:
        lines = text.rstrip("\n").count("\n") + 1
        if left <= lines:
            return f"{_name(text)}: line {left}: {rest}"
        left -= lines
    return message


def _name(history: str) -> str:
    return history.split("\n", 1)[0][:200]


def _toml(waiver: dict) -> str:
    lines = ["[[waiver]]"]
    for key in ("id", "clause", "scenario", "variation", "target", "reason", "owner", "notice"):
        if waiver[key]:
            text = json.dumps(waiver[key].encode("utf-8", "replace").decode(), ensure_ascii=False)
            lines.append(f"{key} = {text}".replace("\x7f", "\\u007f"))
    if waiver["expires"]:
        lines.append(f"expires = {waiver['expires']}")
    return "\n".join([*lines, ""]) + "\n"
