"""A bundle is confirmed as it was packed, and refuted, by name, whatever is edited in it."""

import hashlib
import io
import json
import re
import zipfile

import pytest
from conftest import run, svmq, write


@pytest.fixture(scope="session")
def bundle(campaign, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "evidence.zip"
    done = svmq("report", campaign / "results.json", "--bundle", path)
    assert done.returncode == 0, done.stderr
    return path


def unpack(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, files: dict[str, bytes]):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def mend(files: dict[str, bytes]) -> None:
    """What a forger who knows the format does: the hashes in results and manifest fit again."""
    results = json.loads(files["results.json"])
    if "results.histories" in files and results.get("histories"):
        results["histories"]["sha256"] = hashlib.sha256(files["results.histories"]).hexdigest()
        results["histories"]["count"] = files["results.histories"].count(b"# target ")
    results["catalogue"]["sha256"] = hashlib.sha256(files["clauses.toml"]).hexdigest()
    files["results.json"] = json.dumps(results).encode()
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
                         for name, data in files.items() if name != "manifest.json"}
    files["manifest.json"] = json.dumps(manifest).encode()


def restate(files: dict[str, bytes]) -> None:
    """And what a forger with the program does: everything that follows from the results is made again."""
    from svmq_report import bundle as packing
    from svmq_report import load, view
    files.update(packing.derived(view.Report(load.parse("results.json", files["results.json"]))))


def verify(path, *options):
    done = run("verify", path, "--problems", 1000, *options)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_a_bundle_is_confirmed(bundle):
    done = svmq("verify", bundle)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("confirmed: nonconform: ")
    assert set(unpack(bundle)) == {"manifest.json", "results.json", "results.histories", "clauses.toml", "capabilities.json",
                                   "environment.json", "statement.json", "statement.md"}


def test_agents_may_see_sleep_differently_but_not_be_others(bundle, tmp_path):
    """On a busy machine one agent of a run sees it by less than another."""
    for change, status in (lambda agent: agent.replace("syscall", "state"), 0), (lambda agent: agent.replace("Linux", "Minix"), 1):
        files = unpack(bundle)
        edit(lambda data: data["targets"][0].update(agent=change(data["targets"][0]["agent"])))(files)
        restate(files)
        mend(files)
        found, said = verify(pack(tmp_path / "b.zip", files))
        assert found == status and ("its history is by the agent" in said) == bool(status), said


def test_the_same_results_give_the_same_bundle(campaign, bundle, tmp_path):
    run("report", campaign / "results.json", "--bundle", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


# ------------------------------------------------------------------------------------------------ edits


def edit(change):
    """An edit of results.json as data."""
    def apply(files):
        data = json.loads(files["results.json"])
        change(data)
        files["results.json"] = json.dumps(data).encode()
    return apply


def runs(data, target, verdict):
    return [(scenario, entry) for scenario in data["scenarios"] for entry in scenario["runs"]
            if entry["target"] == target and entry["verdict"] == verdict and not entry.get("waivers")]


def summary(data, target, **changes):
    found = next(entry["summary"] for entry in data["targets"] if entry["name"] == target)
    for member, change in changes.items():
        found[member] += change


def history_of_a_listed_run(data):
    _, entry = next((s, r) for s, r in runs(data, "linux", "conform") if re.search(r"msgsnd\(.*\) = 0\n", r["history"]))
    entry["history"] = re.sub(r"(msgsnd\(.*\)) = 0\n", r"\1 = 5\n", entry["history"], count=1)


def verdict_to_conform(data):
    scenario, entry = runs(data, "model:posix", "nonconform")[0]
    entry.update(verdict="conform", deviations=[])
    summary(data, "model:posix", conform=1, nonconform=-1)
    for disagreement in data["disagreements"]:
        if disagreement["scenario"] == scenario["name"] and "model:posix" in disagreement["verdicts"]:
            disagreement["verdicts"]["model:posix"] = "conform"


def history_exchanged(data):
    (_, one), (_, other) = runs(data, "linux", "conform")[:2]
    one["history"] = other["history"]


def deviation_softened(data):
    _, entry = runs(data, "model:posix", "nonconform")[0]
    entry["deviations"][0]["observed"] = "something else"


def finding_removed(data):
    data["scenarios"] = [s for s in data["scenarios"] if s["name"] != runs(data, "model:posix", "nonconform")[0][0]["name"]]


def waived_by_another(data):
    entry = next(r for s in data["scenarios"] for r in s["runs"] if r.get("waivers"))
    other = next(w["id"] for w in data["waivers"] if w["id"] not in entry["waivers"])
    entry["waivers"] = [other]


def deviation_waived(data):
    _, entry = runs(data, "model:posix", "nonconform")[0]
    entry["waivers"] = [data["waivers"][0]["id"]]
    data["waivers"][0]["used"] += 1
    summary(data, "model:posix", waived=1, nonconform=-1)


def unsupported_hidden(data):
    """A run that conforms is said to be unsupported, as one would hide a finding."""
    _, entry = runs(data, "linux", "conform")[0]
    entry.update(verdict="unsupported", reason="uids: not available", clauses=[], steps=0)
    del entry["history"]
    summary(data, "linux", conform=-1, unsupported=1)


def history_dropped(data):
    _, entry = runs(data, "linux", "conform")[0]
    del entry["history"]


def statement_of_a_clause(data):
    data["clauses"]["msgsnd.block"]["statement"] = "Anything goes."


def level_of_a_clause(data):
    data["clauses"]["msgsnd.block"]["level"] = "silent"


def capability(data):
    data["targets"][0]["capabilities"]["uids"] = "no: not here"


def coverage(data):
    data["coverage"]["linux"]["msgsnd.block"]["conform"] += 1


def counted(files):
    text = files["results.histories"].decode()
    at = re.search(r"(msgsnd\(.*\)) = 0\n", text)
    files["results.histories"] = (text[:at.start()] + f"{at[1]} = 3\n" + text[at.end():]).encode()


def counted_dropped(files):
    text = files["results.histories"].decode()
    files["results.histories"] = text[:text.index("# target ", 10)].encode()


def counted_twice(files):
    text = files["results.histories"].decode()
    second = text.index("# target ", 10)
    files["results.histories"] = (text[:second] + text).encode()


def counted_from_elsewhere(files):
    files["results.histories"] = files["results.histories"].replace(b"random-7-", b"random-8-")


def replace(name, old, new):
    def apply(files):
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
    return apply


# name: the edit, and the words by which verify names it, also where every hash was mended
EDITS = {
    "history": (edit(history_of_a_listed_run), "on linux: the verdict says conform; judged anew it is nonconform"),
    "history exchanged": (edit(history_exchanged), "its history is of"),
    "history dropped": (edit(history_dropped), "says conform, and there is no history to judge"),
    "verdict": (edit(verdict_to_conform), "on model:posix: the verdict says conform; judged anew it is nonconform"),
    "deviation": (edit(deviation_softened), "deviation 1 is not what the judge says"),
    "finding removed": (edit(finding_removed), "results.json: "),
    "waiver of another": (edit(waived_by_another), "waivers says"),
    "deviation waived": (edit(deviation_waived), "waivers says"),
    "hidden as unsupported": (edit(unsupported_hidden), "says unsupported for want of uids, which the target has"),
    "summary": (edit(lambda d: summary(d, "linux", conform=1, scenarios=1)), "the summary of linux says"),
    "steps": (edit(lambda d: summary(d, "impl", steps=10)), "the summary of impl says"),
    "coverage": (edit(coverage), "the coverage of msgsnd.block on linux says"),
    "uses of a waiver": (edit(lambda d: d["waivers"][0].update(used=77)), "says that it was used 77 times"),
    "statement of a clause": (edit(statement_of_a_clause), "clause msgsnd.block is not what clauses.toml says"),
    "level of a clause": (edit(level_of_a_clause), "clause msgsnd.block is not what clauses.toml says"),
    "capability in the results": (edit(capability), "capabilities.json: is not what follows"),
    "environment in the results": (edit(lambda d: d["environment"].update(system="Linux 2.0")), "environment.json: is not what follows"),
    "profile": (edit(lambda d: d["targets"][2].update(profile="posix")), "judged anew it is"),
    "counted history": (counted, "the results count it as conform; judged anew it is nonconform"),
    "counted history dropped": (counted_dropped, "there is evidence of"),
    "counted history twice": (counted_twice, "stands there twice"),
    "counted history of another seed": (counted_from_elsewhere, "is none of the random scenarios that were conducted"),
    "catalogue": (replace("clauses.toml", b'level = "required"', b'level = "latitude"'), "clauses.toml: is not the catalogue of this svmq"),
    "statement": (replace("statement.json", b'"verdict": "nonconform"', b'"verdict": "conform"'), "statement.json: is not what follows"),
    "statement page": (replace("statement.md", b"nonconform", b"conform"), "statement.md: is not what follows"),
    "capabilities": (replace("capabilities.json", b"linux-6.18", b"linux-6.19"), "capabilities.json: is not what follows"),
    "environment": (replace("environment.json", b"Linux", b"Minix"), "environment.json: is not what follows"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_named_also_where_every_hash_was_mended(bundle, tmp_path, name):
    change, words = EDITS[name]
    files = unpack(bundle)
    change(files)
    mend(files)
    status, said = verify(pack(tmp_path / "edited.zip", files))
    assert (status, words in said) == (1, True), said
    assert "\nrefuted: " in said


@pytest.mark.parametrize("name", ["history", "verdict", "summary", "coverage", "hidden as unsupported", "deviation waived",
                                  "counted history", "counted history dropped"])
def test_an_edit_is_named_also_where_the_statement_was_made_again(bundle, tmp_path, name):
    change, words = EDITS[name]
    files = unpack(bundle)
    change(files)
    restate(files)
    mend(files)
    status, said = verify(pack(tmp_path / "edited.zip", files))
    assert (status, words in said) == (1, True), said
    assert "follows from" not in said


@pytest.mark.parametrize("name", ["history", "counted history", "catalogue", "statement", "capabilities"])
def test_a_careless_edit_is_named_by_its_file(bundle, tmp_path, name):
    files = unpack(bundle)
    before = dict(files)
    EDITS[name][0](files)
    (changed,) = [file for file in files if files[file] != before[file]]
    status, said = verify(pack(tmp_path / "edited.zip", files))
    assert status == 1 and f"{changed}: was changed after the bundle was packed" in said


# ------------------------------------------------------------------------------------------------ no bundles


def without(name):
    def apply(files):
        del files[name]
    return apply


def extra(files):
    files["../../etc/passwd"] = b"x"


def other_schema(files):
    files["manifest.json"] = files["manifest.json"].replace(b"svmq-bundle/1", b"svmq-bundle/9")


def hostile_history(files):
    data = json.loads(files["results.json"])
    data["scenarios"][0]["runs"][0]["history"] = "history x\n\x1b[2J nonsense\nend\n"
    files["results.json"] = json.dumps(data).encode()


@pytest.mark.parametrize("change, words", [
    (without("results.json"), "results.json: is missing"), (without("manifest.json"), "manifest.json: is missing"),
    (without("statement.md"), "statement.md: is missing"), (extra, "has no place in a bundle"),
    (other_schema, "svmq-bundle/9"), (replace("results.json", b"svmq-results/2", b"svmq-results/3"), "$.schema"),
    (hostile_history, "history x: line 2"),
])
def test_what_is_no_bundle_is_status_2(bundle, tmp_path, change, words):
    files = unpack(bundle)
    change(files)
    status, said = verify(pack(tmp_path / "b.zip", files))
    assert (status, words in said) == (2, True), said
    assert "\x1b" not in said


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"{}", bytes(1000)])
def test_what_is_no_archive_is_status_2(tmp_path, data):
    (tmp_path / "b.zip").write_bytes(data)
    status, said = verify(tmp_path / "b.zip")
    assert status == 2 and "no bundle" in said


def test_a_cut_or_bent_archive_never_confirms(bundle, tmp_path):
    whole = bundle.read_bytes()
    for at in range(0, len(whole), len(whole) // 12 + 1):
        (tmp_path / "cut.zip").write_bytes(whole[:at])
        assert verify(tmp_path / "cut.zip")[0] == 2
        bent = bytearray(whole)
        bent[at] ^= 0x55
        (tmp_path / "bent.zip").write_bytes(bytes(bent))
        status, said = verify(tmp_path / "bent.zip")
        assert status in (1, 2) or said.startswith("confirmed: ") and unpack_or_none(bytes(bent)) == unpack(bundle)


def unpack_or_none(data: bytes):
    try:
        return unpack(io.BytesIO(data))
    except Exception:
        return None


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.json", bytes(20 << 20))
    status, said = verify(path, "--limit-mib", 10)
    assert status == 2 and "more than 10 MiB" in said


def test_results_of_another_catalogue_are_not_packed(campaign, tmp_path):
    data = json.loads((campaign / "results.json").read_text())
    data["catalogue"]["sha256"] = "0" * 64
    (tmp_path / "results.histories").write_bytes((campaign / "results.histories").read_bytes())
    done = run("report", write(tmp_path / "results.json", data), "--bundle", tmp_path / "b.zip")
    assert done.returncode == 2 and "another catalogue" in done.stderr and not (tmp_path / "b.zip").exists()
