"""The templates of ci/fleet, each on this machine: the parts merge to what the whole campaign gives."""

import json
import os
import shutil
import subprocess

import pytest

from conftest import PROGRAMS, SOURCE

FLEET = SOURCE / "ci" / "fleet"
TARGETS = "--target model:posix --profile linux-6.18 --shrink 0"
PARTS, SCENARIOS, SEED = 2, 30, 7


def environment(**more):
    return {**os.environ, "SVMQ": str(PROGRAMS.resolve() / "svmq"), "TARGETS": TARGETS, **more}


def with_parallel(folder):
    if not shutil.which("parallel"):
        pytest.skip("GNU parallel is not installed")
    words = [FLEET / "parallel.sh", str(PARTS), str(SCENARIOS), str(SEED)]
    return [subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300).returncode]


def as_slurm_starts_it(folder):
    """With the variables that sbatch --array=1-2 sets; there is no cluster here."""
    def status(part):
        given = environment(SEED=str(SEED), SCENARIOS=str(SCENARIOS), SLURM_SUBMIT_DIR=str(folder), SLURM_ARRAY_TASK_ID=str(part),
                            SLURM_ARRAY_TASK_COUNT=str(PARTS))
        return subprocess.run([FLEET / "slurm.sh"], cwd=folder, env=given, capture_output=True, text=True, timeout=300).returncode
    return [status(part) for part in range(1, PARTS + 1)]


def findings(results):
    return [(scenario["name"], scenario["text"], [run["verdict"] for run in scenario["runs"]]) for scenario in results["scenarios"]]


# Red if parts overlap or leave something out, or a part's results are where nobody looks for them.
@pytest.mark.parametrize("template", [with_parallel, as_slurm_starts_it])
def test_the_parts_are_the_whole(svmq, template):
    statuses = template(svmq.folder)
    assert any(statuses), "a part found nothing"  # posix allows what Linux does not do
    parts = [svmq.folder / f"part-{part}-of-{PARTS}" / "results.json" for part in range(1, PARTS + 1)]
    assert svmq("report", *parts, "--output", "whole").status == 0
    merged = json.loads((svmq.folder / "whole" / "results.json").read_text())
    _, whole = svmq.results("fuzz", "--seed", SEED, "--scenarios", SCENARIOS, *TARGETS.split())
    assert findings(merged) == findings(whole)
    assert merged["random"] == whole["random"]
    assert merged["targets"][0]["summary"] == whole["targets"][0]["summary"]
