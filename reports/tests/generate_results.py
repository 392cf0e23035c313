"""Prints results of many scenarios, all listed, for measurements: python3 generate_results.py 100000 > large.json

Two targets; one scenario in a hundred deviates on one of them, in one of thirty ways, and has its histories; one in fifty
is unsupported. With --histories every run has one.
"""

import argparse
import json
import random
import sys


def results(count: int, histories: bool) -> dict:
    chance = random.Random(1)
    clauses = {f"msgrcv.rule-{n}": {"call": "msgrcv", "statement": f"Rule {n} of receiving.", "level": "required"}
               for n in range(240)}
    targets = {name: dict.fromkeys(("scenarios", "steps", "conform", "nonconform", "unknown", "unsupported", "not_run", "waived"), 0)
               for name in ("linux", "impl")}
    coverage = {name: {id: {"conform": 0, "nonconform": 0, "waived": 0} for id in clauses} for name in targets}
    scenarios = []
    for number in range(count):
        deviates, unsupported = number % 100 == 7, number % 50 == 3
        runs = [_run(name, number, deviates and name == "impl", unsupported, chance, list(clauses)) for name in targets]
        for run in runs:
            if not (deviates or histories) or unsupported:
                run.pop("history", None)
            summary = targets[run["target"]]
            summary["scenarios"] += 1
            summary["steps"] += run["steps"]
            summary[run["verdict"]] += 1
            offended = {id for deviation in run["deviations"] for id in deviation["clauses"]}
            for id in set(run["clauses"]) | offended:
                coverage[run["target"]][id]["nonconform" if id in offended else "conform"] += 1
        scenarios.append({"name": f"random-7-{number}", "title": f"scenario number {number} of many", "source": "random",
                          "reproduce": f"svmq run --reproduce linux,impl:7:{number}", "clauses": [], "text": _text(number), "runs": runs})
    return {"schema": "svmq-results/2", "svmq": {"version": "0.1.0"}, "started": "2026-01-01T00:00:00Z", "seconds": count / 500,
            "command": ["svmq", "run", "--random", str(count)], "environment": {"system": "Linux 6.18", "machine": "x86_64"},
            "targets": [{"name": name, "profile": "linux-6.18", "agent": "1 generated", "capabilities": {"uids": "yes"},
                         "summary": summary} for name, summary in targets.items()],
            "clauses": clauses, "coverage": coverage, "scenarios": scenarios, "waivers": [],
            "disagreements": [{"scenario": s["name"], "targets": ["linux", "impl"],
                               "verdicts": {"linux": "conform", "impl": "nonconform"}} for s in scenarios
                              if s["runs"][1]["verdict"] == "nonconform"]}


def _run(target: str, number: int, deviates: bool, unsupported: bool, chance: random.Random, clauses: list) -> dict:
    if unsupported:
        return {"target": target, "verdict": "unsupported", "reason": "caps: not permitted: sys_resource", "steps": 0,
                "clauses": [], "deviations": []}
    lines = [f'A: msgsnd(q, {{{chance.randrange(1, 9)}, "m{number}"}}, {chance.randrange(1, 99)}, 0) = 0' for _ in range(10)]
    kind = number % 30
    deviations = [{"event": 4, "line": 11, "step": "A: msgsnd(q, m, 1, 0)", "observed": f"-1 E{kind}",
                   "allowed": [{"result": "0", "clauses": [clauses[kind]]}], "clauses": [clauses[kind]]}] if deviates else []
    return {"target": target, "verdict": "nonconform" if deviates else "conform", "steps": 12,
            "seconds": chance.randrange(1, 9000) / 1e6, "clauses": sorted(chance.sample(clauses, 10)), "deviations": deviations,
            "history": "\n".join([f"history random-7-{number}", "agent 1 generated blocking=syscall", "namespace fresh",
                                  "process A uid=0 gid=0 groups=none caps=all ruid=0 fsgid=0", "clock 1", *lines, "end", ""])}


def _text(number: int) -> str:
    steps = "\n".join(f"A: msgsnd(q, {{{n + 1}, 8*\"x\"}}, 8, 0)" for n in range(8))
    return f"scenario random-7-{number}\nprocess A\nA: q = msgget(IPC_PRIVATE, 0600)\n{steps}\nend\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--histories", action="store_true", help="with a history for every run")
    options = parser.parse_args()
    json.dump(results(options.count, options.histories), sys.stdout)
