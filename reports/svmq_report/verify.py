"""Makes everything in a bundle anew, and says what of it does not hold.

Nothing in a bundle is believed because it stands there, but that its histories happened. Files are checked by the
manifest, the catalogue and the waivers against those of this svmq; and the judge makes all results again from the
histories (`svmq judge --results`): scenarios, needs, verdicts, totals, coverage, disagreements. What is not the same is named.
"""

import io
import itertools
import json
import re
import struct
import tomllib
import zipfile
from collections import Counter, defaultdict
from datetime import datetime

from svmq_report import bundle, histories, judging, load, mutants
from svmq_report.anew import Anew
from svmq_report.text import plural, quote, shorten, visible_line
from svmq_report.view import Report

WAIVERS = bundle.CATALOGUE.parents[1] / "impl" / "waivers.toml"
_EVIDENCE = (bundle.RESULTS, bundle.CATALOGUE_NAME, bundle.CAPABILITIES, bundle.ENVIRONMENT)
_STATEMENTS = (bundle.STATEMENT, bundle.STATEMENT_PAGE)
_LOCAL = {"linux": "", "impl": "libsvmq-", "preload": "preload-"}  # targets on svmq's own system, and what their agents put before it
_FAR = 1_000_000_000  # where a shard without a number of scenarios begins behind the one before
_OF_A_WORLD = "exhaust-"  # what the names of scenarios of `svmq exhaust` begin with
_CLOCK_TOLERANCE = 3600  # seconds: a clock may be set while a run goes on
_RANDOM_NAME = re.compile(r"random-(\d+)-(\d+)\Z")


class BundleError(Exception):
    """This is no bundle that could be verified; the text says why and what to do."""


class Verified:
    """A bundle and all that does not hold in it, each "FILE: what"; and what a reader should know besides."""

    def __init__(self, data: bytes, limit_mib: int):
        """Raises BundleError, InputError, JudgeError."""
        self.files = _open(data, limit_mib)
        self.problems = list(_manifest(self.files))
        results = load.parse(f"in the bundle: {bundle.RESULTS}", self.files[bundle.RESULTS])
        self.report = Report(results)
        kept = self.files.get(bundle.HISTORIES)
        own_waivers = _own_waivers()
        self.strange_waivers = [waiver["id"] for waiver in results["waivers"] if waiver["id"] not in own_waivers]
        again, kept_again = judging.replay(results, self.files[bundle.RESULTS], kept)
        again = load.parse("the results judged anew", json.dumps(again).encode())
        for problems in (_catalogue(self.files[bundle.CATALOGUE_NAME], results), _waivers(results, own_waivers),
                         _histories(results, kept), _circumstances(results, kept), _random(results, kept),
                         Anew(results, kept, again, kept_again, own_waivers).problems(),
                         self._follow(bundle.excerpts(self.report)),
                         self._follow(bundle.statements(self.report, self.files[bundle.MANIFEST]))):
            self.problems += problems
        if not self.problems:  # else it has been said what is wrong with its hashes
            self.problems += self._follow({bundle.MANIFEST: bundle.manifest(self.report, self.files)})
        self.problems = [visible_line(problem) for problem in self.problems]

    @property
    def root(self) -> str:
        """What holds all of it fast: the hash of the statement, which has that of the manifest."""
        return bundle.sha256(self.files[bundle.STATEMENT])

    @property
    def profiles(self) -> str:
        """Which targets were judged by which profile."""
        by_profile = defaultdict(list)
        for target in self.report.targets:
            by_profile[target.data["profile"]].append(target.name)
        return "; ".join(f"{' '.join(names)} by {profile}" for profile, names in by_profile.items())

    def on_the_makers_word(self):
        """Pairs of a heading and words: what nothing in the bundle can refute, and a reader should weigh."""
        for target in self.report.targets:
            if not target.name.startswith("model:"):
                yield "target", f"{target.name} is what its agent calls {target.data['agent'] or 'nothing'}"
        for target in self.report.targets:
            for state in ("unsupported", "not_run"):
                for reason, count in self._reasons(target.name, state).items():
                    yield (state.replace("_", " "),
                           f"{plural(count, 'scenario')} on {target.name}, on the maker's word: {shorten(reason, 200)}")
        for target in self.report.targets:
            said = [f"{need} {value}" for need, value in sorted(target.data["capabilities"].items())]
            if said and not target.name.startswith("model:"):
                yield "capable", f"{target.name} is said to have: {', '.join(said)}"
        results = self.report.results
        yield "durations", f"the run is said to have begun at {results['started']} and to have taken {results['seconds']:,.1f} s"
        if results["shard"]:
            parts = " ".join(map(str, results["shard"]["parts"]))
            yield "shard", f"said to be of a campaign in {results['shard']['of']:,} parts: {shorten(parts, 200)}"
        if results["benchmarks"]:
            measured = Counter(entry["target"] for entry in results["benchmarks"])
            yield "benchmarks", ", ".join(f"{plural(count, 'figure')} of {target}" for target, count in measured.items())
        if results["mutants"]:
            yield "mutants", mutants.in_words(results["mutants"])
        if self.strange_waivers:
            yield "waivers", f"not of this svmq, but of the maker: {' '.join(self.strange_waivers)}"

    def _reasons(self, target: str, state: str) -> Counter:
        return Counter(run.data["reason"] for scenario in self.report.scenarios for run in scenario.runs
                       if run.target == target and run.state == state)

    def _follow(self, made: dict[str, bytes]):
        for name, data in made.items():
            if self.files[name] != data:
                yield f"{name}: is not what follows from {bundle.RESULTS}{_where(self.files[name], data)}"


# ------------------------------------------------------------------------------------------------- files


def _open(data: bytes, limit_mib: int) -> dict[str, bytes]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
        if not _nothing_besides(archive, data):
            raise BundleError("the archive holds something besides its files: before, between or behind them, or a comment.\n"
                              "Nothing would tell what that says: ask its maker for the bundle as `svmq report --bundle` wrote it.")
        names = [entry.filename for entry in entries]
        known = {bundle.MANIFEST, bundle.HISTORIES, *_EVIDENCE, *_STATEMENTS}
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
    for name in (bundle.MANIFEST, *_EVIDENCE, *_STATEMENTS):
        if name not in files:
            raise BundleError(f"{name}: is missing in the bundle.\nAsk its maker for the bundle as `svmq report "
                              "--bundle` wrote it.")
    return files


def _nothing_besides(archive: zipfile.ZipFile, data: bytes) -> bool:
    """Every byte belongs to a file of the archive, or to its directory."""
    local_header, directory_header, end = 30, 46, 22
    at = 0
    for entry in archive.infolist():
        if entry.header_offset != at or entry.extra or entry.comment or entry.flag_bits & 8:
            return False
        name = len(entry.filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"))
        if struct.unpack_from("<HH", data, at + 26) != (name, 0):
            return False
        at += local_header + name + entry.compress_size
    directory = sum(directory_header + len(entry.filename) for entry in archive.infolist())
    return archive.start_dir == at and len(data) == at + directory + end and not archive.comment


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
    for name in sorted({*listed, *files} - {bundle.MANIFEST, *_STATEMENTS}):
        if name not in files:
            yield f"{shorten(name, 80)}: the manifest has it and the bundle does not"
        elif name not in listed:
            yield f"{name}: the manifest does not have it"
        elif listed[name] != bundle.sha256(files[name]):
            yield f"{name}: was changed after the bundle was packed (its SHA-256 is not that of the manifest)"


def _catalogue(data: bytes, results: dict):
    name = bundle.CATALOGUE_NAME
    about = results["catalogue"]
    if about is None:
        yield f"{bundle.RESULTS}: does not say which catalogue it is by"
    elif bundle.sha256(data) != about["sha256"]:
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


def _own_waivers() -> dict:
    return {waiver["id"]: waiver for waiver in judging.read_waivers(str(WAIVERS))} if WAIVERS.exists() else {}


def _waivers(results: dict, own: dict):
    for waiver in results["waivers"]:
        for member, value in own.get(waiver["id"], {}).items():
            if waiver[member] != value:
                yield (f"{bundle.RESULTS}: waiver {waiver['id']}: {member} says {quote(waiver[member])}; in this svmq's "
                       f"{WAIVERS.parent.name}/{WAIVERS.name} it is {quote(value)}")


def _histories(results: dict, kept: bytes | None):
    try:
        histories.check(results, kept, bundle.HISTORIES)
    except load.InputError as error:
        yield str(error).split("\n")[0]
    if kept and results["histories"] is None:
        yield f"{bundle.HISTORIES}: the results do not refer to it"
    for number in histories.stray(kept)[:10]:
        yield f"{bundle.HISTORIES}: line {number} belongs to no history"
    twice = Counter((entry.target, entry.name) for entry in histories.split(kept))
    for (target, name), count in twice.items():
        if count > 1:
            yield f"{bundle.HISTORIES}: {name} on {target}: stands there {count} times"


# ------------------------------------------------------------------------------------- what histories say besides


def _circumstances(results: dict, kept: bytes | None):
    """Of each history: by the target's agent, on the system of the environment, in the time of the run."""
    found = {target["name"]: [] for target in results["targets"] if not target["name"].startswith("model:")}
    for scenario in results["scenarios"]:
        for run in scenario["runs"]:
            if run["history"] and run["target"] in found:
                found[run["target"]].append((f"{bundle.RESULTS}: {scenario['name']}", run["history"]))
    for entry in histories.split(kept):
        if entry.target in found:
            found[entry.target].append((f"{bundle.HISTORIES}: {entry.name}", entry.text))
    environment = results["environment"]
    system = "-".join([*environment["system"].split(" ", 1), environment["machine"]]).replace(" ", "_")  # as agents write it
    begin = datetime.fromisoformat(results["started"]).timestamp()
    end = begin + results["seconds"]
    for target in results["targets"]:
        name = target["name"]
        if name in _LOCAL and target["agent"] and _LOCAL[name] + system not in target["agent"].split(" "):
            yield (f"{bundle.ENVIRONMENT}: says {_LOCAL[name]}{system}; the agent of {name} says {target['agent']}")
        clocks = []
        for where, history in found.get(name, ()):
            agent = re.search(r"^agent (.*)$", history, re.M)
            if target["agent"] and not agent:
                yield f"{where} on {name}: its history does not say by which agent it is"
            elif target["agent"] and not load.same_agent(agent[1], target["agent"]):
                yield f"{where} on {name}: its history is by the agent {agent[1]}, the target's is {target['agent']}"
            clock = name in _LOCAL and re.search(r"^clock (\d{1,15})$", history, re.M)
            if clock:
                clocks.append((int(clock[1]), where))
            elif name in _LOCAL and re.search(r"^[A-Za-z]\w*: ", history, re.M):
                yield f"{where} on {name}: its history does not say when it began: it has no line `clock`"
        if clocks and not begin - _CLOCK_TOLERANCE <= min(clocks)[0] <= begin + _CLOCK_TOLERANCE:
            yield f"{min(clocks)[1]} on {name}: the first history began at {_time(min(clocks)[0])}; the run says {results['started']}"
        elif clocks and max(clocks)[0] > end + _CLOCK_TOLERANCE:
            yield f"{max(clocks)[1]} on {name}: its history began at {_time(max(clocks)[0])}; the run says that it had ended"


def _random(results: dict, kept: bytes | None):
    """The random scenarios that the results name are there, on every target, and no others."""
    random = results["random"] or {"seed": None, "ranges": []}
    if results["seed"] != random["seed"]:
        yield f"{bundle.RESULTS}: seed says {results['seed']}; the random scenarios are of seed {random['seed']}"
    ranges = sorted(entry for entry in random["ranges"] if entry[1])
    for (first, count), (following, _) in zip(ranges, ranges[1:]):
        if following < first + count:
            yield f"{bundle.RESULTS}: random says that scenario {following} was conducted twice"
        elif following != first + count and following % _FAR and not results["shard"]:
            yield (f"{bundle.RESULTS}: random says that scenarios {first + count} to {following - 1} were left out between "
                   "others that were conducted")
    there = defaultdict(set)  # by target: indexes
    entries = [(entry.target, entry.name, bundle.HISTORIES) for entry in histories.split(kept)]
    entries += [(run["target"], scenario["name"], bundle.RESULTS) for scenario in results["scenarios"]
                if scenario["source"] == "random" for run in scenario["runs"]]
    for target, name, file in entries:
        if name.startswith(_OF_A_WORLD):
            continue
        found = _RANDOM_NAME.match(name)
        if found and int(found[1]) == random["seed"] and any(
                first <= int(found[2]) < first + count for first, count in ranges):
            there[target].add(int(found[2]))
        else:
            yield f"{file}: {name} on {target}: is none of the random scenarios that were conducted"
    for target in results["targets"]:
        indexes, expected = there[target["name"]], sum(count for _, count in ranges)
        if len(indexes) < expected:
            missing = next((index for first, count in ranges for index in range(first, first + count) if index not in indexes), "none")
            yield (f"{bundle.RESULTS}: {expected:,} random scenarios were conducted, and there is evidence of {len(indexes):,} on "
                   f"{target['name']}: random-{random['seed']}-{missing} is the first without")


def _where(found: bytes, made: bytes) -> str:
    for number, (one, other) in enumerate(itertools.zip_longest(found.split(b"\n"), made.split(b"\n")), 1):
        if one != other:
            shown = shorten((one or b"").decode("utf-8", "replace").strip(), 60)
            expected = shorten((other or b"").decode("utf-8", "replace").strip(), 60)
            return f": line {number} says {quote(shown)}, not {quote(expected)}"
    return ""


def _time(seconds: int) -> str:
    try:
        return f"{datetime.utcfromtimestamp(seconds).isoformat()}Z"
    except (OverflowError, ValueError, OSError):
        return str(seconds)
