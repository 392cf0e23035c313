"""Random scenarios: the same seed, the same scenarios; a reproduce string brings one back."""

import re
import shlex

from conftest import only

# The standard allows more than Linux does, so that this finds deviations wherever there is a model.
DEVIATING = ["--target", "model:posix", "--profile", "linux-6.18", "--shrink", 0]


def test_the_same_seed_gives_the_same_scenarios(svmq):
    first = svmq("generate", "--seed", 7, "--scenarios", 50)
    assert first.status == 0
    assert first.out.count("\nend\n") == 50
    assert svmq("generate", "--seed", 7, "--scenarios", 50).out == first.out
    assert svmq("generate", "--seed", 8, "--scenarios", 50).out != first.out


def test_generated_scenarios_can_be_read_back(svmq):
    file = svmq.file("random.scenario", svmq("generate", "--seed", 7, "--scenarios", 50).out)
    answer, results = svmq.results("run", file, "--target", "model:linux-6.18")
    assert answer.status == 0, answer.out
    assert len(results["scenarios"]) == 50


def test_a_chosen_seed_is_printed_and_gives_the_same_run(svmq):
    answer, results = svmq.results("fuzz", *DEVIATING, "--scenarios", 100)
    seed = results["seed"]
    assert answer.out.startswith(f"seed {seed}\n")
    _, again = svmq.results("fuzz", *DEVIATING, "--scenarios", 100, "--seed", seed)
    assert again["scenarios"] == results["scenarios"]
    assert again["coverage"] == results["coverage"]


def test_every_failing_scenario_is_named_and_reproduces(svmq):
    answer, results = svmq.results("fuzz", *DEVIATING, "--scenarios", 300, "--seed", 1)
    assert answer.status == 1
    failing = [scenario for scenario in results["scenarios"] if scenario["runs"][0]["verdict"] == "nonconform"]
    assert len(failing) > 3
    for scenario in failing:
        assert f"reproduce {scenario['reproduce']}\n" in answer.out
    for scenario in failing[:3]:
        words = shlex.split(scenario["reproduce"])
        assert words[:3] == ["svmq", "run", "--reproduce"]
        answer, again = svmq.results(*words[1:])
        assert answer.status == 1
        assert scenario["text"] in answer.out
        assert again["scenarios"] == [scenario]


def test_random_scenarios_that_conform_are_only_counted(svmq):
    answer, results = svmq.results("run", "--random", 100, "--seed", 3, "--target", "model:linux-6.18")
    assert answer.status == 0, answer.out
    assert results["scenarios"] == []
    assert results["targets"][0]["summary"]["conform"] == 100
    assert results["coverage"]["model:linux-6.18"]


def test_linux_conforms_to_its_model_in_random_scenarios(svmq):
    answer, results = svmq.results("run", "--random", 150, "--seed", 5, "--target", "linux", "--target", "model:linux-6.18")
    assert answer.status == 0, answer.out


def test_a_run_in_seconds_ends_by_itself(svmq):
    answer, results = svmq.results("fuzz", "--target", "model:linux-6.18", "--seconds", 1)
    assert answer.status == 0, answer.out
    assert results["targets"][0]["summary"]["conform"] > 0
    assert results["seconds"] < 30


# Red if a clause is counted that the profile has not, or one is called missing that the results have.
def test_clauses_that_were_not_exercised_are_named(svmq):
    answer, results = svmq.results("fuzz", "--target", "model:posix", "--scenarios", 200, "--seed", 4)
    line = next(line for line in answer.out.splitlines() if line.startswith("model:posix: ") and " clauses that " in line)
    shown, able, missing = re.fullmatch(
        r"model:posix: (\d+) of the (\d+) clauses that posix has and calls can show were exercised; not: (.+)", line).groups()
    missing = missing.split()
    assert int(able) - int(shown) == len(missing) == len(set(missing)) > 0
    covered = results["coverage"]["model:posix"]
    assert not set(missing) & set(covered)
    able_in_catalogue = {id for id, clause in results["clauses"].items() if not clause.get("unobservable")}
    assert set(missing) <= able_in_catalogue and "msgget.E.EEXIST" not in missing
    assert int(shown) == len(set(covered) & able_in_catalogue)
