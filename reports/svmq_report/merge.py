"""Several results files as the one that a single run would have written."""

import datetime
import hashlib
import json
import re
from collections import defaultdict

from svmq_report.load import InputError, same_agent

_SAME_ENVIRONMENT = ("system", "machine", "libc", "user")
_RANDOM_NAME = re.compile(r"random-(\d+)-(\d+)\Z")


def merge(shards: list[tuple[str, dict, bytes | None]]) -> tuple[dict, bytes | None]:
    """Of (path, loaded results, its histories file) each: the whole. Raises InputError where they do not fit together."""
    if len(shards) == 1:
        return shards[0][1], shards[0][2]
    _check_campaign(shards)
    _check_overlap(shards)
    parts = [results for _, results, _ in shards]
    first = min(parts, key=lambda results: results["started"])
    whole = {**first, "seconds": _end(parts) - _begin(first), "corpus": next(filter(None, (p["corpus"] for p in parts)), None),
             "interrupted": any(part["interrupted"] for part in parts),
             "bad_ends": [end for part in parts for end in part["bad_ends"]],
             "incomplete": [entry for part in parts for entry in part["incomplete"]], "shard": _shard(parts),
             "command": ["svmq", "report", *(path for path, _, _ in shards)]}
    whole["environment"] = {key: value for key, value in first["environment"].items()
                            if all(part["environment"].get(key) == value for part in parts)}
    whole["random"] = _random(parts)
    whole["seed"] = whole["random"] and whole["random"]["seed"]
    whole["targets"] = [{**target, "summary": _sum(part["targets"][index]["summary"] for part in parts)}
                        for index, target in enumerate(first["targets"])]
    whole["coverage"] = _coverage(parts)
    whole["scenarios"] = sorted((scenario for part in parts for scenario in part["scenarios"]), key=_order)
    position = {scenario["name"]: index for index, scenario in enumerate(whole["scenarios"])}
    whole["disagreements"] = sorted((entry for part in parts for entry in part["disagreements"]),
                                    key=lambda entry: (position.get(entry["scenario"], len(position)), entry["targets"]))
    whole["waivers"] = [{**waiver, "used": sum(part["waivers"][index]["used"] for part in parts)}
                        for index, waiver in enumerate(first["waivers"])]
    whole["benchmarks"] = [entry for part in parts for entry in part["benchmarks"]]
    whole["mutants"] = next((part["mutants"] for part in parts if part["mutants"]), None)
    histories = b"".join(data for _, _, data in shards if data)
    whole["histories"] = None
    if histories:
        whole["histories"] = {"file": "results.histories", "sha256": hashlib.sha256(histories).hexdigest(),
                              "count": sum(part["histories"]["count"] for part in parts if part["histories"])}
    return whole, histories or None


def _check_campaign(shards: list) -> None:
    path, first, _ = shards[0]
    for other_path, other, _ in shards[1:]:
        for what, of in _CAMPAIGN.items():
            ours, theirs = of(first), of(other)
            if ours != theirs:
                _refuse(path, other_path, what, ours, theirs)
        for ours, theirs in zip(first["targets"], other["targets"]):
            if not same_agent(ours["agent"], theirs["agent"]):
                _refuse(path, other_path, f"the agents of {ours['name']}", ours["agent"], theirs["agent"])


def _refuse(path: str, other_path: str, what: str, ours, theirs) -> None:
    raise InputError(f"{other_path}: is of another campaign than {path}: {what} differ: {_short(theirs)}, not "
                     f"{_short(ours)}.\nMerge only shards of one campaign; to see two runs side by side use --compare.")


def _without(entries: list[dict], *members: str) -> list[dict]:
    return [{key: value for key, value in entry.items() if key not in members} for entry in entries]


_CAMPAIGN = {
    "the versions of svmq": lambda results: results["svmq"],
    "the catalogues": lambda results: [results["catalogue"], results["clauses"]],
    "the systems": lambda results: {key: results["environment"].get(key) for key in _SAME_ENVIRONMENT},
    "the targets": lambda results: [[target["name"], target["profile"]] for target in results["targets"]],
    "the capabilities": lambda results: _without(results["targets"], "summary", "agent"),
    "the waivers": lambda results: _without(results["waivers"], "used"),
}


def _check_overlap(shards: list) -> None:
    seen, measured, ranges, numbers = {}, {}, defaultdict(list), {}
    without = of = None
    for path, results, _ in shards:
        if results["shard"]:
            if of not in (None, results["shard"]["of"]):
                raise InputError(f"{path}: is of another campaign: it is one of {results['shard']['of']:,} parts, and those before "
                                 f"it of {of:,}.\nMerge only shards of one campaign: the same N in --shard I/N.")
            of = results["shard"]["of"]
            for part in results["shard"]["parts"]:
                _claim(numbers, part, f"part {part} of {of}", path)
        for scenario in results["scenarios"]:
            _claim(seen, scenario["name"], f"scenario {scenario['name']}", path)
        for entry in results["benchmarks"]:
            _claim(measured, (entry["name"], entry["target"]), f"benchmark {entry['name']} on {entry['target']}", path)
        if results["mutants"]:
            _claim(measured, "mutants", "a record of mutants", path)
        if results["random"]:
            key = json.dumps([results["random"].get(key) for key in ("seed", "without", "races")])
            if without not in (None, key):
                raise InputError(f"{path}: is of another campaign than {shards[0][0]}: its random scenarios are of "
                                 "another seed or kind, or made for other needs.\nMerge only shards of one campaign: "
                                 "one --seed, with --shard I/N for each.")
            without = key
            ranges[key] += [(begin, begin + count, path) for begin, count in results["random"]["ranges"] if count]
    for parts in ranges.values():
        parts.sort()
        for (begin, end, path), (next_begin, _, next_path) in zip(parts, parts[1:]):
            if next_begin < end:
                raise InputError(f"{next_path}: overlaps {path}: both conducted random scenario {next_begin}.\n"
                                 "Each scenario may be in one shard only, or it would count twice: leave one of them out.")


def _claim(seen: dict, key, what: str, path: str) -> None:
    if key in seen:
        raise InputError(f"{path}: overlaps {seen[key]}: {what} is in both.\n"
                         "Each may be in one shard only, or it would count twice: leave one of them out.")
    seen[key] = path


def _random(parts: list[dict]) -> dict | None:
    some = [part["random"] for part in parts if part["random"]]
    if not some:
        return None
    joined = []
    for begin, count in sorted(entry for random in some for entry in random["ranges"]):
        if joined and joined[-1][0] + joined[-1][1] == begin:
            joined[-1][1] += count
        else:
            joined.append([begin, count])
    return {**some[0], "ranges": joined}


def _shard(parts: list[dict]) -> dict | None:
    """Which parts of the campaign are there; None where all are, or nothing is known of parts."""
    some = [part["shard"] for part in parts if part["shard"]]
    numbers = sorted(number for shard in some for number in shard["parts"])
    return {"parts": numbers, "of": some[0]["of"]} if some and len(numbers) < some[0]["of"] else None


def _begin(part: dict) -> float:
    return datetime.datetime.fromisoformat(part["started"]).timestamp()


def _end(parts: list[dict]) -> float:
    return max(_begin(part) + part["seconds"] for part in parts)


def _sum(summaries) -> dict:
    total = defaultdict(int)
    for summary in summaries:
        for key, value in summary.items():
            total[key] += value
    return dict(total)


def _coverage(parts: list[dict]) -> dict:
    whole = {}
    for part in parts:
        for target, clauses in part["coverage"].items():
            of_target = whole.setdefault(target, {})
            for clause, counts in clauses.items():
                of_target[clause] = _sum([of_target.get(clause, {}), counts])
    return {target: dict(sorted(clauses.items())) for target, clauses in whole.items()}


def _order(scenario: dict) -> tuple:
    """Files by path, then random ones by index: as a run conducts them."""
    found = _RANDOM_NAME.match(scenario["name"])
    if scenario["source"] == "random" and found:
        return 1, "", int(found[2])
    return 0, scenario["source"], 0


def _short(value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."
