"""Judges everything in a bundle anew, and says what of it does not hold.

Nothing in a bundle is believed because it stands there: files are checked by the manifest, the catalogue by its own
hash and against this svmq's, every verdict by judging its history, every total by adding up, and what follows from the
results by making it again.
"""

import hashlib
import io
import itertools
import json
import re
import tomllib
import zipfile
from collections import Counter, defaultdict

from svmq_report import bundle, histories, judging, load
from svmq_report.text import shorten, visible_line
from svmq_report.view import STATES, Report

_NEEDED = (bundle.RESULTS, bundle.CATALOGUE_NAME, bundle.CAPABILITIES, bundle.ENVIRONMENT, bundle.STATEMENT,
           bundle.STATEMENT_PAGE)
_RANDOM_NAME = re.compile(r"random-(\d+)-(\d+)\Z")


class BundleError(Exception):
    """This is no bundle that could be verified; the text says why and what to do."""


def verify(data: bytes, limit_mib: int) -> tuple[Report, list[str]]:
    """The report of the bundle, and what is wrong with it, each "FILE: what". Raises BundleError, InputError, JudgeError."""
    files = _open(data, limit_mib)
    problems = list(_manifest(files))
    results = load.parse(f"in the bundle: {bundle.RESULTS}", files[bundle.RESULTS])
    report = Report(results)
    problems += _catalogue(files[bundle.CATALOGUE_NAME], results)
    kept = files.get(bundle.HISTORIES)
    problems += _kept(results, kept)
    evidence = _Evidence(results, histories.split(kept))
    problems += evidence.problems()
    problems += [f"{name}: is not what follows from {bundle.RESULTS}{_where(files[name], made)}"
                 for name, made in bundle.derived(report).items() if files[name] != made]
    return report, problems


# ------------------------------------------------------------------------------------------------- files


def _open(data: bytes, limit_mib: int) -> dict[str, bytes]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        known = {bundle.MANIFEST, bundle.HISTORIES, *_NEEDED}
        for name in names:
            if name not in known or names.count(name) > 1:
                raise BundleError(f"{visible_line(shorten(name, 80))}: "
                                  + ("stands twice in the bundle." if name in known else "has no place in a bundle.")
                                  + "\nIt was repacked or put together by hand: ask its maker for the bundle as "
                                  "`svmq report --bundle` wrote it.")
        if sum(entry.file_size for entry in entries) > limit_mib * 1024 * 1024:
            raise BundleError(f"the bundle holds more than {limit_mib} MiB.\nIf it is meant to, raise --limit-mib.")
        files = {name: archive.read(name) for name in names}
    except BundleError:
        raise
    except Exception as error:  # of a hostile archive zipfile raises nearly anything
        raise BundleError(f"no bundle, or a damaged one: {visible_line(str(error))}.\nName the file that "
                          "`svmq report --bundle FILE` wrote; copy it again where it was cut short.") from None
    for name in (bundle.MANIFEST, *_NEEDED):
        if name not in files:
            raise BundleError(f"{name}: is missing in the bundle.\nAsk its maker for the bundle as `svmq report "
                              "--bundle` wrote it.")
    return files


def _manifest(files: dict[str, bytes]):
    try:
        manifest = json.loads(files[bundle.MANIFEST])
        listed = {name: entry["sha256"] for name, entry in manifest["files"].items()}
        schema = manifest["schema"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield f"{bundle.MANIFEST}: is no manifest"
        return
    if schema != bundle.SCHEMA:
        raise BundleError(f"expected a bundle {bundle.SCHEMA}, found {visible_line(shorten(str(schema), 40))}.\n"
                          "Another version of svmq packed it: verify it with that version.")
    for name in sorted({*listed, *files} - {bundle.MANIFEST}):
        if name not in files:
            yield f"{visible_line(shorten(name, 80))}: the manifest has it and the bundle does not"
        elif name not in listed:
            yield f"{name}: the manifest does not have it"
        elif listed[name] != hashlib.sha256(files[name]).hexdigest():
            yield f"{name}: was changed after the bundle was packed (its SHA-256 is not that of the manifest)"


def _catalogue(data: bytes, results: dict):
    name = bundle.CATALOGUE_NAME
    about = results["catalogue"]
    if about is None:
        yield f"{bundle.RESULTS}: does not say which catalogue it is by"
    elif hashlib.sha256(data).hexdigest() != about["sha256"]:
        yield f"{name}: is not the catalogue that the results are by"
    if data != bundle.CATALOGUE.read_bytes():
        yield f"{name}: is not the catalogue of this svmq: it was changed, or another version of svmq made the bundle"
    try:
        clauses = tomllib.loads(data.decode())["clause"]
    except (ValueError, KeyError, RecursionError):
        yield f"{name}: is no catalogue"
        return
    members = ("call", "statement", "level", "sources", "unobservable", "note")
    for clause in sorted({*clauses, *results["clauses"]}):
        ours, theirs = results["clauses"].get(clause), clauses.get(clause)
        if ours is None or theirs is None or any((ours.get(m) or None) != (theirs.get(m) or None) for m in members):
            yield f"{bundle.RESULTS}: clause {clause} is not what {name} says"


def _kept(results: dict, kept: bytes | None):
    try:
        histories.check(results, kept, bundle.HISTORIES)
    except load.InputError as error:
        yield str(error).split("\n")[0]
    if kept and results["histories"] is None:
        yield f"{bundle.HISTORIES}: the results do not refer to it"


def _where(found: bytes, made: bytes) -> str:
    for number, (one, other) in enumerate(itertools.zip_longest(found.split(b"\n"), made.split(b"\n")), 1):
        if one != other:
            shown = shorten((one or b"").decode("utf-8", "replace").strip(), 60)
            expected = shorten((other or b"").decode("utf-8", "replace").strip(), 60)
            return f": line {number} says {_quote(shown)}, not {_quote(expected)}"
    return ""


# ------------------------------------------------------------------------------------------------- verdicts


class _Evidence:
    """The histories against what the results say of them."""

    def __init__(self, results: dict, kept: list[histories.Kept]):
        self._results = results
        self._kept = kept
        self._date = results["started"][:10]

    def problems(self):
        for target in self._results["targets"]:
            yield from self._target(target)
        yield from self._random()
        yield from self._waivers()
        yield from self._disagreements()

    def _target(self, target: dict):
        name = target["name"]
        listed = [(scenario, run) for scenario in self._results["scenarios"] for run in scenario["runs"]
                  if run["target"] == name]
        kept = [entry for entry in self._kept if entry.target == name]
        judgeable = [(scenario, run) for scenario, run in listed if run["history"]]
        texts = [run["history"] for _, run in judgeable] + [entry.text for entry in kept]
        anew = judging.judge(texts, target["profile"], name, self._results["waivers"], self._date) if texts else []
        for (scenario, run), judged in zip(judgeable, anew):
            yield from self._run(scenario, run, judged, target)
        for scenario, run in listed:
            if not run["history"]:
                yield from _without_history(scenario, run, target)
        of_kept = anew[len(judgeable):]
        for entry, judged in zip(kept, of_kept):
            if judged["verdict"] != "conform":
                yield (f"{bundle.HISTORIES}: {visible_line(entry.name)} on {name}: the results count it as conform; judged "
                       f"anew it is {judged['verdict']}{_first(judged)}")
        yield from _totals(target, listed, of_kept)
        yield from _coverage(self._results["coverage"].get(name, {}), name,
                             [judged for judged in anew if judged["verdict"] in ("conform", "nonconform")])

    def _run(self, scenario: dict, run: dict, judged: dict, target: dict):
        where = f"{bundle.RESULTS}: {scenario['name']} on {target['name']}"
        if judged["scenario"] != scenario["name"]:
            yield f"{where}: its history is of {judged['scenario']}"
        agent = re.search(r"^agent (.*)$", run["history"], re.M)
        if target["agent"] and agent and not load.same_agent(agent[1], target["agent"]):
            yield f"{where}: its history is by the agent {visible_line(agent[1])}, the target's is {target['agent']}"
        if run["verdict"] != judged["verdict"]:
            yield f"{where}: the verdict says {run['verdict']}; judged anew it is {judged['verdict']}{_first(judged)}"
            return
        for member in ("steps", "clauses", "waivers", "reason"):
            ours, theirs = run[member], judged.get(member, type(run[member])())
            if ours != theirs and not (member == "reason" and run["verdict"] == "unknown"):
                yield f"{where}: {member} says {_quote(ours)}; judged anew it is {_quote(theirs)}"
        for number, (ours, theirs) in enumerate(itertools.zip_longest(run["deviations"], judged["deviations"]), 1):
            if ours is None or theirs is None or any(ours[m] != theirs.get(m) for m in ours):
                yield f"{where}: deviation {number} is not what the judge says{_first(judged)}"
                break

    def _random(self):
        """The random scenarios that are only counted: in the ranges that the results name, once on each target."""
        names = defaultdict(Counter)
        for entry in self._kept:
            names[entry.target][entry.name] += 1
        listed = {scenario["name"] for scenario in self._results["scenarios"]}
        random = self._results["random"] or {"seed": None, "ranges": []}
        for target, counts in names.items():
            for name, count in counts.items():
                found = _RANDOM_NAME.match(name)
                inside = found and int(found[1]) == random["seed"] and any(
                    begin <= int(found[2]) < begin + length for begin, length in random["ranges"])
                if count > 1 or name in listed or not inside:
                    yield (f"{bundle.HISTORIES}: {visible_line(name)} on {visible_line(target)}: "
                           + ("stands there twice" if count > 1 else "is listed in the results too" if name in listed
                              else "is none of the random scenarios that were conducted"))
        if len({frozenset(counts) for counts in names.values()}) > 1:
            yield f"{bundle.HISTORIES}: does not hold the same scenarios for each target"
        expected = sum(length for _, length in random["ranges"])
        there = sum(bool(scenario["source"] == "random") for scenario in self._results["scenarios"])
        for target in self._results["targets"]:
            count = there + len(names[target["name"]])
            if self._results["random"] and count != expected:
                yield (f"{bundle.RESULTS}: {expected:,} random scenarios were conducted, and there is evidence of "
                       f"{count:,} on {target['name']}")

    def _waivers(self):
        used = Counter(id for scenario in self._results["scenarios"] for run in scenario["runs"] for id in run["waivers"])
        for waiver in self._results["waivers"]:
            if waiver["used"] != used[waiver["id"]]:
                yield (f"{bundle.RESULTS}: waiver {waiver['id']} says that it was used {waiver['used']:,} times; "
                       f"it was {used[waiver['id']]:,}")

    def _disagreements(self):
        states = {(scenario["name"], run["target"]): load.run_state(run) for scenario in self._results["scenarios"]
                  for run in scenario["runs"]}
        for entry in self._results["disagreements"]:
            for target, verdict in entry["verdicts"].items():
                if states.get((entry["scenario"], target)) != verdict:
                    yield (f"{bundle.RESULTS}: the disagreement on {entry['scenario']} gives {target} another verdict "
                           "than its run")


def _without_history(scenario: dict, run: dict, target: dict):
    where = f"{bundle.RESULTS}: {scenario['name']} on {target['name']}"
    if run["verdict"] == "unsupported":
        need = run["reason"].split(":")[0]
        if target["capabilities"].get(need, "no").startswith("yes"):
            yield f"{where}: says unsupported for want of {visible_line(need)}, which the target has"
    elif run["verdict"] != "not-run":
        yield f"{where}: says {run['verdict']}, and there is no history to judge"


def _totals(target: dict, listed: list, kept: list[dict]):
    counts = Counter(load.run_state(run) for _, run in listed)
    counts.update(load.run_state(judged) for judged in kept)
    steps = sum(run["steps"] or 0 for _, run in listed) + sum(judged["steps"] for judged in kept)
    for member, value in {**{state: counts[state] for state in STATES}, "steps": steps,
                          "scenarios": sum(counts.values())}.items():
        if target["summary"][member] != value:
            yield (f"{bundle.RESULTS}: the summary of {target['name']} says {target['summary'][member]:,} "
                   f"{member.replace('_', ' ')}; there is evidence of {value:,}")


def _coverage(says: dict, target: str, runs: list[dict]):
    counts = defaultdict(lambda: {"conform": 0, "nonconform": 0, "waived": 0})
    for run in runs:
        offended = {id for deviation in run["deviations"] for id in deviation["clauses"]}
        for clause in offended:
            counts[clause][load.run_state(run)] += 1
        for clause in set(run["clauses"]) - offended:
            counts[clause]["conform"] += 1
    for clause in sorted({*says, *counts}):
        if says.get(clause) != counts.get(clause):
            yield (f"{bundle.RESULTS}: the coverage of {clause} on {target} says {_counts(says.get(clause))}; there is "
                   f"evidence of {_counts(counts.get(clause))}")


def _counts(counts: dict | None) -> str:
    return ", ".join(f"{value} {state}" for state, value in counts.items() if value) if counts else "nothing"


def _first(judged: dict) -> str:
    if not judged["deviations"]:
        return ""
    first = judged["deviations"][0]
    return (f" (line {first.get('line', '?')}: {visible_line(shorten(first['step'], 100))} gave "
            f"{visible_line(shorten(first['observed'], 60))})")


def _quote(value) -> str:
    return visible_line(shorten(json.dumps(value, ensure_ascii=False), 120))
