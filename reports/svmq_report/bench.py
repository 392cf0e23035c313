"""What `svmq-bench run --json FILE` measured, as the benchmarks of results."""

import math

from svmq_report import load
from svmq_report.text import shorten, visible_line

_TARGETS = {"kernel": "linux", "libsvmq": "impl"}  # the mechanisms that are targets too
_SIZES = {"pair": "size", "depth": "messages", "waiters": "waiters", "streaming": "size"}  # of each family: what it grows with


def read(path: str, results: dict, limit_mib: int) -> list[dict]:
    """Those of the families that reports know, on the targets that the results have. Raises InputError."""
    data = load.read_json(path, limit_mib, "Name the file that `svmq-bench run --json FILE` wrote.")
    try:
        context, entries = data["context"], data["benchmarks"]
        quick, system = context["quick"], context["system"]
        found = [_benchmark(entry) for entry in entries if entry["test"] in _SIZES and entry["mechanism"] in _TARGETS]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError):
        raise load.InputError(f"{visible_line(path)}: is not what svmq-bench writes.\nName the file that `svmq-bench run --json FILE` "
                              "of this version wrote.") from None
    if quick:
        raise load.InputError(f"{visible_line(path)}: was measured with --quick, and has no figures to be trusted.\n"
                              "Measure without it: svmq-bench run --json FILE.")
    here = f"{results['environment']['system']} {results['environment']['machine']}"
    if system != here:
        raise load.InputError(f"{visible_line(path)}: was measured on {visible_line(shorten(str(system), 80))}; the results are of "
                              f"{visible_line(here)}.\nMeasure where the run was made.")
    targets = {target["name"] for target in results["targets"]}
    if targets.isdisjoint(_TARGETS.values()):
        raise load.InputError(f"{visible_line(path)}: nothing in it is of a target of the results: it measures "
                              f"{' and '.join(_TARGETS.values())}.")
    return [entry for entry in found if entry["target"] in targets]


def _benchmark(entry: dict) -> dict:
    family, parameter = entry["test"], entry["parameter"]
    rest = [str(value) for name, value in parameter.items() if name != _SIZES[family]]
    median, ratio = float(entry["median"]), float(entry["ratio_to_kernel"])
    rate = entry["unit"] == "messages/s"
    if not (rate or entry["unit"] == "ns") or not all(0 < value < math.inf for value in (median, ratio)):
        raise ValueError
    return {"name": "/".join([family, *rest, str(parameter[_SIZES[family]])]), "family": family,
            "target": _TARGETS[entry["mechanism"]], "parameter": parameter[_SIZES[family]],
            "real_time": 1e9 / median if rate else median, "time_unit": "ns", "ratio": ratio if rate else 1 / ratio,
            "repetitions": entry["repetitions"], **({"label": ", ".join(rest)} if rest else {})}
