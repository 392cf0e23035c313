"""What is no results file is refused with a message that says where, what was expected and what to do."""

import json
import random
import re

import jsonschema
import pytest
from conftest import DATA, NAMES, REPORTS, WRITERS, results

from svmq_report import load, quick, view


def refused(tmp_path, content) -> str:
    path = tmp_path / "results.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(load.InputError) as caught:
        load.load(str(path))
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" in message, "a second line says what to do"
    assert len(message) < 4000
    return message


def test_the_schema_is_one():
    jsonschema.Draft7Validator.check_schema(json.loads(load.SCHEMA_FILE.read_text(encoding="utf-8")))


def test_the_format_is_described_in_full():
    described = (REPORTS / "RESULTS.md").read_text(encoding="utf-8")

    def names(schema):
        if isinstance(schema, dict):
            yield from schema.get("properties", {})
            yield from schema.get("enum", [])
        for value in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            yield from names(value)

    schema = json.loads(load.SCHEMA_FILE.read_text(encoding="utf-8"))
    missing = {name for name in names(schema) if not re.search(rf"[`\" ]{re.escape(name)}[`\" ]", described)}
    assert missing == set()


@pytest.mark.parametrize("name", NAMES)
def test_good_files_are_read(name):
    assert load.load(str(DATA / f"{name}.json"))["schema"] == load.SCHEMA_NAME


def test_the_file_set_is_complete():
    assert NAMES == ["conform", "empty", "nonconform", "unknown", "unsupported", "waived"]


def test_absent_members_are_filled_in():
    read = load.load(str(DATA / "nonconform.json"))
    assert read["scenarios"][1]["title"] == ""
    assert read["disagreements"][1]["step"] == ""


@pytest.mark.parametrize("content, words", [
    ("", "empty"),
    ("  \n", "empty"),
    ("[]", "$.schema"),
    ("{}", "$.schema"),
    ("nonsense", "not JSON"),
    (b"\xff\xfe{}", "UTF-8"),
    ("[" * 200_000, "nested too deeply"),
    ('{"schema": NaN}', "NaN"),
    ('{"schema": 1' + "0" * 5000 + "}", "64 bits"),
    ('{"schema": 1, "schema": 2}', "stands twice"),
    ('{"schema": "svmq-results/1"}', 'expected "svmq-results/2", found "svmq-results/1"'),
    ('{"schema": "svmq-results/2"}', 'expected a member "svmq"'),
])
def test_what_is_no_results_file(tmp_path, content, words):
    assert words in refused(tmp_path, content)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(load.InputError, match="No such file"):
        load.load(str(tmp_path / "none.json"))
    with pytest.raises(load.InputError, match="Is a directory"):
        load.load(str(tmp_path))
    with pytest.raises(load.InputError, match="null byte"):
        load.load("a\0b")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "results.json"
    with path.open("wb") as file:
        file.truncate(1024 * 1024 + 1)
    with pytest.raises(load.InputError, match="larger than 1 MiB"):
        load.load(str(path), limit_mib=1)


def test_a_file_without_end_is_not_read():
    with pytest.raises(load.InputError, match="larger than 1 MiB"):
        load.load("/dev/zero", limit_mib=1)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    whole = (DATA / "nonconform.json").read_bytes().rstrip()
    for end in range(1, len(whole), 61):
        refused(tmp_path, whole[:end])
    assert "cut short" in refused(tmp_path, whole[:-1])


@pytest.mark.parametrize("place, value, words", [
    (["svmq", "version"], 5, "$.svmq.version: expected string, found 5"),
    (["seconds"], -1, "$.seconds: expected at least 0, found -1"),
    (["seconds"], 1e300, "$.seconds: expected at most"),
    (["started"], "today", "$.started: expected UTC, RFC 3339"),
    (["color"], 1, '$: expected no member "color"'),
    (["targets", 0, "name"], "a\nb", "$.targets[0].name"),
    (["targets", 0, "name"], "a\n", "$.targets[0].name"),
    (["targets", 0, "summary", "steps"], 1.5, "expected integer, found 1.5"),
    (["targets", 0, "capabilities", "uids"], True, "$.targets[0].capabilities.uids: expected string, found true"),
    (["clauses", "<b>"], {}, "$.clauses"),
    (["scenarios", 0, "name"], "x\" onload=\"y", "letters, digits"),
    (["scenarios", 0, "runs", 1, "verdict"], "fine", '$.scenarios[0].runs[1].verdict: expected one of "conform"'),
    (["scenarios", 0, "runs", 1, "verdict"], "conform", "$.scenarios[0].runs[1].deviations: expected at most 0"),
    (["scenarios", 0, "runs", 1, "verdict"], "unknown", "reason"),
    (["scenarios", 0, "runs", 1, "deviations"], [], "expected at least 1"),
    (["scenarios", 0, "runs", 1, "deviations", 0, "line"], 0, "deviations[0].line: expected at least 1, found 0"),
    (["waivers"], [{"id": "w", "reason": "r", "used": 0, "expires": "soon"}], "YYYY-MM-DD"),
])
def test_what_the_schema_refuses(tmp_path, place, value, words):
    data = results("nonconform")
    _set(data, place, value)
    assert words in refused(tmp_path, data)


@pytest.mark.parametrize("place, value, words", [
    (["started"], "2026-13-45T00:00:00Z", "$.started: expected a time that there is"),
    (["targets", 1, "name"], "linux", 'expected a name of its own, found "linux" again'),
    (["scenarios", 1, "name"], "lowest-type-first", "$.scenarios[1].name"),
    (["waivers"], [{"id": "w", "reason": "r", "used": 0}] * 2, "$.waivers[1].id"),
    (["coverage", "nobody"], {}, "$.coverage.nobody: expected the name of a target"),
    (["disagreements", 0, "targets"], ["linux", "nobody"], "$.disagreements[0]"),
    (["scenarios", 0, "runs", 0, "target"], "nobody", "$.scenarios[0].runs[0].target"),
    (["scenarios", 0, "runs", 0, "target"], "impl", "$.scenarios[0].runs[1].target: a second run"),
    (["scenarios", 0, "runs", 1, "waivers"], ["none"], "$.scenarios[0].runs[1].waivers: expected the id of a waiver"),
    (["scenarios", 0, "runs", 1, "deviations", 0, "line"], 14, "which has 13, found 14"),
    (["coverage", "linux", "msgsnd.block", "waived"], 1, "$.targets[0].summary.waived: expected some"),
    (["targets", 1, "summary", "scenarios"], 7, "expected the sum of the verdicts, 1002, found 7"),
    (["targets", 1, "summary"], {"scenarios": 1001, "steps": 1, "conform": 1000, "nonconform": 1, "unknown": 0,
                                 "unsupported": 0, "not_run": 0, "waived": 0}, "expected at least the 2 that are listed"),
])
def test_what_contradicts_itself(tmp_path, place, value, words):
    data = results("nonconform")
    _set(data, place, value)
    message = refused(tmp_path, data)
    assert words in message
    assert "contradicts itself" in message


def test_many_errors_are_cut(tmp_path):
    data = results("nonconform")
    data["scenarios"] = [{"name": 1}] * 1000
    assert refused(tmp_path, data).count("\n") <= 7


def test_the_message_shows_control_characters(tmp_path):
    data = results("nonconform")
    data["targets"][0]["name"] = "\x1b[2J"
    assert "\x1b" not in refused(tmp_path, data)


@pytest.mark.parametrize("name", NAMES)
def test_any_damage_is_refused_or_harmless(tmp_path, name):
    """Bytes changed, members dropped, values replaced: a message, or a report, but never anything else."""
    chance = random.Random(name)
    whole = (DATA / f"{name}.json").read_bytes()
    damaged = []
    for _ in range(40):
        data = bytearray(whole)
        data[chance.randrange(len(data))] = chance.randrange(256)
        damaged.append(bytes(data))
    places = list(_places(results(name)))
    for _ in range(60):
        data = results(name)
        _set(data, chance.choice(places), chance.choice([None, True, -1, 0, 1e999, "", "x", "\ud800", [], {}, [[]]]))
        damaged.append(json.dumps(data).encode())
    for _ in range(40):
        data = results(name)
        *parent, last = chance.choice(places)
        del _get(data, parent)[last]
        damaged.append(json.dumps(data).encode())
    path = tmp_path / "results.json"
    for number, content in enumerate(damaged):
        path.write_bytes(content)
        if number % 4 == 0:  # the other check takes its time
            assert_the_quick_check_agrees(content)
        try:
            report = view.Report(load.load(str(path)))
        except load.InputError:
            continue
        for write in WRITERS.values():
            write(report).encode("utf-8")


def _get(data, place):
    for part in place:
        data = data[part]
    return data


def _set(data, place, value):
    *parent, last = place
    _get(data, parent)[last] = value


def _places(data, place=()):
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in members:
        yield [*place, key]
        yield from _places(value, [*place, key])


def assert_the_quick_check_agrees(content: bytes) -> None:
    try:
        data = load._parse("x", content.decode())
    except (load.InputError, UnicodeDecodeError):
        return
    assert load._follows()(data) == (not any(load._validator().iter_errors(data)))


def test_the_quick_check_refuses_keywords_that_it_does_not_know():
    with pytest.raises(NotImplementedError, match="multipleOf"):
        quick.compile({"properties": {"x": {"multipleOf": 2}}})
