"""Reads results.json and refuses whatever is not one.

The file may come from anywhere, so nothing is believed: size, encoding, JSON, schema, and that its parts agree with
each other. What `load` returns follows results.schema.json, and the writers need not ask again.
"""

import datetime
import functools
import itertools
import json
import re
from pathlib import Path

from svmq_report import quick
from svmq_report.text import shorten, visible_line

SCHEMA_NAME = "svmq-results/2"
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")
DEFAULT_LIMIT_MIB = 256
_SHOWN_ERRORS = 5
_VERDICTS = ("conform", "nonconform", "waived", "unknown", "unsupported", "not_run")


class InputError(Exception):
    """The file is not what was asked for; the text says where, what was expected, and what to do."""


def load(path: str, limit_mib: int = DEFAULT_LIMIT_MIB) -> dict:
    """The results in the file, with what may be absent filled in as empty or None. Raises InputError."""
    return parse(path, _read(path, limit_mib))


def read_json(path: str, limit_mib: int, todo: str):
    """Any other file of plain JSON. Raises InputError, which says what to do."""
    try:
        return _parse(path, _decode(path, _read(path, limit_mib)))
    except InputError as error:
        raise InputError(f"{str(error).splitlines()[0]}\n{todo}") from None


def load_beside(path: str, results: dict, limit_mib: int = DEFAULT_LIMIT_MIB) -> bytes | None:
    """The histories file that these results refer to; None: they refer to none, or it is not there. Raises InputError."""
    if not results["histories"]:
        return None
    file = Path(path).with_name(results["histories"]["file"])
    return _read(str(file), limit_mib) if file.is_file() else None


def parse(path: str, data: bytes) -> dict:
    """The same from bytes; `path` only names them in errors."""
    results = _parse(path, _decode(path, data))
    _check_version(path, results)
    _check_schema(path, results)
    _check_agreement(path, results)
    _fill_absent(results)
    return results


def run_state(run: dict) -> str:
    """The verdict of a run as summaries name it: one of conform, nonconform, waived, unknown, unsupported, not_run."""
    if run["verdict"] == "nonconform" and run.get("waivers"):
        return "waived"
    return run["verdict"].replace("-", "_")


def same_agent(one: str, other: str) -> bool:
    """Whether both are the same but for how they see that a call sleeps: on a busy machine agents of one run differ in that."""
    return _BLOCKING.sub("", one) == _BLOCKING.sub("", other)


_BLOCKING = re.compile(r" blocking=\w+\Z")


# ------------------------------------------------------------------------------------------------- bytes and JSON


def _read(path: str, limit_mib: int) -> bytes:
    limit = limit_mib * 1024 * 1024
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(_message(path, "", reason, "Name the file that `svmq run --json FILE` wrote.")) from None
    if len(data) > limit:
        raise InputError(_message(path, "", f"larger than {limit_mib} MiB",
                                  "If it is meant to be, raise the limit with --limit-mib."))
    return data


def _decode(path: str, data: bytes) -> str:
    if not data.strip():
        raise InputError(_message(path, "", "the file is empty",
                                  "The run that writes it did not finish: look at what it printed, and run it again."))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(_message(path, "", f"expected UTF-8, found the byte 0x{data[error.start]:02x} at offset "
                                  f"{error.start}", "Write the file again with `svmq run --json FILE`.")) from None


def _parse(path: str, text: str):
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_integer, parse_float=_number,
                          object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        what = f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
        todo = ("The file is cut short: the run that wrote it did not finish, or the copy is not complete." if cut else
                "Write the file again with `svmq run --json FILE`.")
        raise InputError(_message(path, "", what, todo)) from None
    except _NotPlain as error:
        raise InputError(_message(path, "", str(error), "Write the file again with `svmq run --json FILE`.")) from None
    except RecursionError:
        raise InputError(_message(path, "", "nested too deeply to be results of svmq",
                                  "Name the file that `svmq run --json FILE` wrote.")) from None


class _NotPlain(Exception):
    pass


def _refuse_constant(name: str):
    raise _NotPlain(f"expected a number, found {name}, which JSON does not have")


def _integer(digits: str) -> int:
    if len(digits) > 20:  # more than 64 bits need
        raise _NotPlain(f"expected a number of at most 64 bits, found one of {len(digits)} digits")
    return int(digits)


def _number(digits: str) -> float | int:
    value = float(digits)
    return int(value) if abs(value) < 2**53 and value.is_integer() else value  # 1.0 is an integer to JSON Schema


def _object(pairs: list) -> dict:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotPlain(f"the member {_quote(twice)} stands twice in one object")
    return members


# --------------------------------------------------------------------------------------------------------- schema


def _check_version(path: str, results) -> None:
    if not isinstance(results, dict) or "schema" not in results:
        raise InputError(_message(path, "$.schema", f'expected "{SCHEMA_NAME}", found no such member',
                                  "This is no results file: name the one that `svmq run --json FILE` wrote."))
    if results["schema"] != SCHEMA_NAME:
        raise InputError(_message(path, "$.schema", f'expected "{SCHEMA_NAME}", found {_describe(results["schema"])}',
                                  "Another version of svmq wrote the file: use that version's svmq_report, or run "
                                  "again with this one."))


@functools.cache
def _validator():
    """jsonschema's, for its words: it is slow, and its import too, so that it is asked only when something is wrong."""
    import jsonschema

    def pattern(_validator, pattern, instance, _schema):
        # As ECMAScript has it, which JSON Schema means: $ is the very end, not also the place before a last line feed.
        if isinstance(instance, str) and not _compiled(pattern).search(instance):
            yield jsonschema.ValidationError("does not match")

    kind = jsonschema.validators.extend(
        jsonschema.Draft7Validator, {"pattern": pattern},
        type_checker=jsonschema.Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int))
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return kind(_without_references(schema, schema["definitions"]))


@functools.cache
def _compiled(pattern: str) -> re.Pattern:
    return re.compile(re.sub(r"\$(?=$|[|)])", r"\\Z", pattern))


def _check_schema(path: str, results: dict) -> None:
    if _follows()(results):
        return
    errors = list(itertools.islice(_validator().iter_errors(results), _SHOWN_ERRORS + 1))
    if not errors:
        return
    lines = [f"{path}: {_json_path(error.absolute_path)}: {_expected(error)}" for error in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        lines.append(f"{path}: and more of this kind")
    lines.append(f"The file does not follow the format {SCHEMA_NAME}, which reports/RESULTS.md describes: write it "
                 "again with the svmq of this version, or mend the program that wrote it.")
    raise InputError("\n".join(visible_line(line) for line in lines))


@functools.cache
def _follows():
    return quick.compile(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def _without_references(schema, definitions: dict):
    """The schema with each reference replaced by what it names, which is several times faster to check."""
    if isinstance(schema, list):
        return [_without_references(entry, definitions) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _without_references(definitions[schema["$ref"].removeprefix("#/definitions/")], definitions)
    return {key: _without_references(value, definitions) for key, value in schema.items() if key != "definitions"}


def _expected(error) -> str:
    wanted, found = error.validator_value, _describe(error.instance)
    match error.validator:
        case "required":
            missing = next(name for name in wanted if name not in error.instance)
            return f"expected a member {_quote(missing)}, found none"
        case "additionalProperties":
            unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
            return f"expected no member {_quote(unknown[0])}"
        case "type":
            names = [wanted] if isinstance(wanted, str) else wanted
            return f"expected {' or '.join(names)}, found {found}"
        case "enum":
            return f"expected one of {', '.join(_quote(value) for value in wanted)}, found {found}"
        case "const":
            return f"expected {_quote(wanted)}, found {found}"
        case "pattern":
            return f"expected {error.schema.get('description', 'text that matches ' + wanted)}, found {found}"
        case "minimum" | "maximum":
            return f"expected at {'least' if error.validator == 'minimum' else 'most'} {wanted}, found {found}"
        case "minItems" | "minLength":
            return f"expected at least {wanted}, found {found}"
        case "maxItems":
            return f"expected at most {wanted}, found {found}"
        case _:
            return f"{error.validator} does not hold, found {found}"


def _json_path(parts) -> str:
    path = "$"
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier():
            path += f".{part}"
        else:
            path += f"[{_quote(part)}]"
    return path


# ------------------------------------------------------------------------------------------------------ agreement


def _check_agreement(path: str, results: dict) -> None:
    for place, problem in _contradictions(results):
        raise InputError(_message(path, place, problem,
                                  "The file contradicts itself: it was edited or put together by hand, or the program "
                                  "that wrote it has a defect. Run again with `svmq run --json FILE`."))


def _contradictions(results: dict):
    """What the schema cannot say: pairs of place and problem, in the order of the file."""
    targets = {target["name"] for target in results["targets"]}
    waivers = {waiver["id"] for waiver in results["waivers"]}
    try:
        datetime.datetime.fromisoformat(results["started"])
    except ValueError:
        yield "$.started", f"expected a time that there is, found {_quote(results['started'])}"
    yield from _repeated("targets", "name", results)
    yield from _repeated("scenarios", "name", results)
    yield from _repeated("waivers", "id", results)
    shard = results.get("shard")
    if shard and not (shard["parts"] == sorted(set(shard["parts"])) and 1 <= shard["parts"][0] and shard["parts"][-1] <= shard["of"]):
        yield "$.shard.parts", f"expected parts from 1 to {shard['of']}, each once and in order, found {shard['parts']}"
    for name in results["coverage"]:
        if name not in targets:
            yield _json_path(["coverage", name]), "expected the name of a target"
    for index, entry in enumerate(results.get("benchmarks", ())):
        if entry["target"] not in targets:
            yield _json_path(["benchmarks", index]), f"expected the name of a target, found {_quote(entry['target'])}"
    for index, entry in enumerate(results["disagreements"]):
        for name in [*entry["targets"], *entry["verdicts"], *entry.get("results", ())]:
            if name not in targets:
                yield _json_path(["disagreements", index]), f"expected the name of a target, found {_quote(name)}"
    for s, scenario in enumerate(results["scenarios"]):
        seen = set()
        for r, run in enumerate(scenario["runs"]):
            place = ["scenarios", s, "runs", r]
            if run["target"] not in targets:
                yield _json_path([*place, "target"]), f"expected the name of a target, found {_quote(run['target'])}"
            if run["target"] in seen:
                yield _json_path([*place, "target"]), f"a second run on {_quote(run['target'])}"
            seen.add(run["target"])
            for waiver in run.get("waivers", ()):
                if waiver not in waivers:
                    yield _json_path([*place, "waivers"]), f"expected the id of a waiver, found {_quote(waiver)}"
            minimal = run.get("minimal")
            if minimal and minimal["failed"] > minimal["runs"]:
                yield (_json_path([*place, "minimal", "failed"]),
                       f"expected at most {minimal['runs']}, for it was conducted so many times, found {minimal['failed']}")
            lines = run["deviations"] and run["history"].rstrip("\n").count("\n") + 1
            for d, deviation in enumerate(run["deviations"]):
                if deviation.get("line", 1) > lines:
                    yield (_json_path([*place, "deviations", d, "line"]),
                           f"expected a line of the history, which has {lines}, found {deviation['line']}")
    yield from _wrong_sums(results)


def _repeated(member: str, key: str, results: dict):
    seen = set()
    for index, entry in enumerate(results[member]):
        if entry[key] in seen:
            yield _json_path([member, index, key]), f"expected a {key} of its own, found {_quote(entry[key])} again"
        seen.add(entry[key])


def _wrong_sums(results: dict):
    listed = {target["name"]: dict.fromkeys(_VERDICTS, 0) for target in results["targets"]}
    for scenario in results["scenarios"]:
        for run in scenario["runs"]:
            if run["target"] in listed:
                listed[run["target"]][run_state(run)] += 1
    for index, target in enumerate(results["targets"]):
        summary = target["summary"]
        total = sum(summary[verdict] for verdict in _VERDICTS)
        place = ["targets", index, "summary"]
        if summary["scenarios"] != total:
            yield (_json_path([*place, "scenarios"]),
                   f"expected the sum of the verdicts, {total}, found {summary['scenarios']}")
        for clause, counts in results["coverage"].get(target["name"], {}).items():
            for state in ("nonconform", "waived"):
                if counts[state] and not summary[state]:
                    yield _json_path([*place, state]), f"expected some, as the coverage has of {clause}, found 0"
        for verdict, count in listed[target["name"]].items():
            if count > summary[verdict]:
                yield (_json_path([*place, verdict]),
                       f"expected at least the {count} that are listed in $.scenarios, found {summary[verdict]}")
            if count < summary[verdict] and verdict != "conform":
                yield (_json_path([*place, verdict]), f"expected the {count} that are listed in $.scenarios, for only what "
                       f"conforms may be left out there, found {summary[verdict]}")


def _fill_absent(results: dict) -> None:
    """So that the writers need not ask whether a member is there."""

    def fill(entry: dict, **defaults) -> None:
        for name, value in defaults.items():
            entry.setdefault(name, value)

    fill(results, seed=None, random=None, interrupted=False, bad_ends=[], incomplete=[], shard=None, histories=None,
         catalogue=None, corpus=None, benchmarks=[], mutants=None)
    for clause in results["clauses"].values():
        fill(clause, sources=[], unobservable="", note="")
    for target in results["targets"]:
        fill(target, agent="")
    for scenario in results["scenarios"]:
        fill(scenario, title="", reproduce="", text="", clauses=[], seeds=[])
        for run in scenario["runs"]:
            fill(run, reason="", history="", steps=None, seconds=None, clauses=[], waivers=[], minimal=None)
            for deviation in run["deviations"]:
                fill(deviation, event=None, line=None)
    for disagreement in results["disagreements"]:
        fill(disagreement, step="", results={})
    for waiver in results["waivers"]:
        fill(waiver, clause=None, scenario=None, variation=None, target=None, owner=None, expires=None, notice=None)


# ----------------------------------------------------------------------------------------------------------- words


def _message(path: str, place: str, problem: str, todo: str) -> str:
    where = f"{path}: {place}" if place else path
    return visible_line(f"{where}: {problem}.") + "\n" + todo


def _quote(value) -> str:
    return json.dumps(shorten(value, 60) if isinstance(value, str) else value, ensure_ascii=False)


def _describe(value) -> str:
    match value:
        case dict():
            return f"an object of {len(value)} members"
        case list():
            return f"an array of {len(value)} items"
        case _:
            return _quote(value)
