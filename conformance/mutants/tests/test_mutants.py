"""The catalogue of mutants and `svmq mutants`, over the command line.

All specification mutants are tried, and of the others, which take minutes, a sample. All of them: svmq mutants
"""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3]
CATALOGUE = SOURCE / "conformance" / "mutants"
SVMQ = Path(os.environ.get("SVMQ_PROGRAMS", SOURCE / "build" / "bin")).resolve() / "svmq"

# Values that leave everything open: what the model then does is no fault that could be told from others.
OPEN = {"undefined", "unknown", "open", "any"}


def svmq(*arguments, timeout=600):
    return subprocess.run(["unshare", "--ipc", "--", SVMQ, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL)


def mutants(kind):
    return tomllib.loads((CATALOGUE / f"{kind}.toml").read_text())["mutant"]


def survivors(out):
    return re.findall(r"^(?:SURVIVED|KILLED|untried) .*$", out, re.M)


def catalogue(folder, specification, implementation="mutant = []", environment="mutant = []"):
    folder.mkdir()
    for kind, text in (("specification", specification), ("implementation", implementation), ("environment", environment)):
        (folder / f"{kind}.toml").write_text(text)
    return folder


# ------------------------------------------------------------------------------------------------ the catalogue


def test_every_mutant_says_where_from():
    everyone = [mutant for kind in ("specification", "implementation", "environment") for mutant in mutants(kind)]
    assert len(everyone) >= 400
    assert all(mutant.get("seen") or mutant.get("why") for mutant in everyone)


def points(profile):
    """The value of each variation point in a profile."""
    out = svmq("explain", "--profile", profile).stdout
    return dict(line.split()[:2] for line in out.splitlines()[1:] if line.startswith("  "))


# Red if a profile gets a value that linux-6.18 does not have, and nobody asks whether the suite would see it.
def test_every_difference_of_a_profile_is_a_mutant():
    names = re.findall(r"^model:(\S+)", svmq("targets").stdout, re.M)
    assert len(names) >= 16
    reference = points("linux-6.18")
    tried = {mutant["point"] for mutant in mutants("specification") if "point" in mutant}
    missing = {f"{point}={value}" for name in names for point, value in points(name).items()
               if value not in OPEN and value != reference[point]} - tried
    assert not missing


# Red if a clause about an error gets no mutant that has it fail with another errno.
def test_every_error_clause_has_a_mutant():
    clauses = tomllib.loads((SOURCE / "model" / "clauses.toml").read_text())["clause"]
    broken = {mutant["clause"] for mutant in mutants("specification")}
    errors = {name for name, clause in clauses.items() if ".E." in name and "unobservable" not in clause}
    assert errors - broken == set()


# ------------------------------------------------------------------------------------------------------ trying


def test_all_specification_mutants_are_killed(tmp_path):
    record = tmp_path / "record.json"
    done = svmq("mutants", "--kind", "specification", "--no-shrink", "--json", record)
    assert done.returncode == 0, survivors(done.stdout)
    tried = json.loads(record.read_text())
    assert len(tried["mutants"]) == len(mutants("specification"))
    assert all(mutant["killed"] or "equivalent" in mutant for mutant in tried["mutants"])
    assert tried["controls"][0]["scenarios"] == 1000 and not tried["controls"][0]["killed"]


@pytest.mark.parametrize("ids", [["env.lie.enomsg", "env.send.lost", "env.return.exchanged", "env.wake.late"],
                                 ["impl.negative-bound", "impl.removal-wakes-no-sender"]])
def test_sample(ids):
    done = svmq("mutants", *(word for one in ids for word in ("--only", one)), "--controls", "200")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^(?:killed|equivalent) ", done.stdout, re.M)) == len(ids)


def test_a_survivor_fails_the_command_and_a_killed_one_that_survives_is_a_regression(tmp_path):
    harmless = '[[mutant]]\nid = "one"\nclause = "msgctl.stat.ret"\nwhy = "a test"\nthen = "errno EINVAL"\n'
    folder = catalogue(tmp_path / "catalogue", harmless)
    before = tmp_path / "before.json"
    before.write_text(json.dumps({"mutants": [{"id": "one", "last_killed_by": "0.0.7"}]}))
    options = ["mutants", "--catalogue", folder, "--seconds", "1", "--controls", "10", "--part", "corpus"]
    done = svmq(*options)
    assert done.returncode == 1 and re.search(r"^SURVIVED +one ", done.stdout, re.M)
    assert "regression: one was killed by svmq 0.0.7" in svmq(*options, "--baseline", before).stdout


def test_a_mutant_called_equivalent_that_is_killed_fails_the_command(tmp_path):
    wrong = '[[mutant]]\nid = "one"\nclause = "msgsnd.ret"\nwhy = "a test"\nthen = "return + 1"\nequivalent = "not so"\n'
    done = svmq("mutants", "--catalogue", catalogue(tmp_path / "catalogue", wrong), "--controls", "10")
    assert done.returncode == 1 and re.search(r"^KILLED +one ", done.stdout, re.M)


@pytest.mark.parametrize("entry, complaint", [
    ('id = "one"\nclause = "msgsnd.ret"\nwhy = "x"\nthen = "explode"', '"explode" is no effect; there are consume'),
    ('id = "one"\nclause = "msgsnd.rat"\nwhy = "x"\nthen = "consume"', '"msgsnd.rat" is no clause'),
    ('id = "one"\nclause = "msgsnd.ret"\nthen = "consume"', "say where it was seen, or why it is plausible"),
    ('id = "one"\nclause = "msgsnd.ret"\nwhy = "x"', "departs in nothing"),
    ('clause = "msgsnd.ret"\nwhy = "x"\nthen = "consume"', "has no id"),
    ('id = "one"\nclasue = "msgsnd.ret"\nwhy = "x"\nthen = "consume"', "there is no key clasue here; there are: call"),
])
def test_a_wrong_entry_is_named(tmp_path, entry, complaint):
    done = svmq("mutants", "--catalogue", catalogue(tmp_path / "catalogue", f"[[mutant]]\n{entry}\n"))
    assert done.returncode == 2 and complaint in done.stderr and "specification.toml: mutant" in done.stderr


def test_a_fault_whose_text_is_gone_is_untried(tmp_path):
    gone = '[[mutant]]\nid = "impl.gone"\nwhy = "x"\n[[mutant.change]]\nfile = "queue.cc"\nold = "not in it"\nnew = ""\n'
    folder = catalogue(tmp_path / "catalogue", "mutant = []", gone)
    done = svmq("mutants", "--catalogue", folder, "--controls", "10")
    assert done.returncode == 3 and "the text to change is 0 times in" in done.stdout


def test_another_suite_is_tried_with_a_command(tmp_path):
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"mutants": [{"id": "impl.eagain-for-enomsg", "last_killed_by": "0.0.7"}]}))
    done = svmq("mutants", "--only", "impl.eagain-for-enomsg", "--with", "ipcmk -Q", "--baseline", record)
    assert done.returncode == 0 and re.search(r"^SURVIVED +impl.eagain-for-enomsg", done.stdout, re.M), done.stdout + done.stderr
    assert "the command kills 0 of 1 (0 %), the suite 1 of 1 (100 %)" in done.stdout
