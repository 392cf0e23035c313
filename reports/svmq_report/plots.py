"""Benchmarks as pictures: how many times as fast as the kernel a target is, over size, depth or number of waiters."""

import math
from collections import defaultdict
from dataclasses import dataclass

from markupsafe import Markup, escape

from svmq_report.text import visible_line

KERNEL = "linux"
_FAMILIES = {"pair": ("A send and a receive by one process", "bytes"),
             "depth": ("A receive by type, of many queued", "messages queued"),
             "waiters": ("A message where many wait", "waiters"),
             "streaming": ("One process sends, another receives", "bytes")}
_UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
_WIDTH, _PLOT, _LEFT, _BOTTOM, _TOP, _RIGHT = 520, 204, 56, 40, 16, 32
_LEGEND = 18  # the height of a line of it
_COLOURS = 6


@dataclass(frozen=True)
class Plot:
    title: str
    unit: str
    rows: list[tuple[int, str, float, float, float]]  # parameter, target, its ns, the kernel's, the ratio
    picture: Markup


def ratios(benchmarks: list[dict]) -> dict[str, list[tuple[int, str, float, float, float]]]:
    """By family: (parameter, target and label, nanoseconds, the kernel's nanoseconds, how many times as fast as the kernel)."""
    kernel = {entry["name"]: _ns(entry) for entry in benchmarks if entry["target"] == KERNEL}
    found = defaultdict(list)
    for entry in benchmarks:
        of_kernel = kernel.get(entry["name"]) or "ratio" in entry and entry["ratio"] * _ns(entry)
        if entry["target"] != KERNEL and of_kernel:
            series = entry["target"] + (f", {entry['label']}" if entry.get("label") else "")
            ratio = entry.get("ratio") or of_kernel / _ns(entry)
            found[entry["family"]].append((entry["parameter"], series, _ns(entry), of_kernel, ratio))
    return {family: sorted(found[family]) for family in _FAMILIES if found[family]}


def plots(benchmarks: list[dict]) -> list[Plot]:
    return [Plot(*_FAMILIES[family], rows, _picture(rows, *_FAMILIES[family]))
            for family, rows in ratios(benchmarks).items()]


def _ns(entry: dict) -> float:
    return entry["real_time"] * _UNITS[entry["time_unit"]]


def _picture(rows: list, title: str, unit: str) -> Markup:
    """Points and lines on logarithmic axes; colours come from the style, by class."""
    xs = sorted({math.log2(row[0] + 1) for row in rows})
    low = math.floor(min(0.0, *(math.log10(row[4]) for row in rows)))
    high = math.ceil(max(1.0, *(math.log10(row[4]) for row in rows)))
    span = xs[-1] - xs[0] or 1
    series = list(dict.fromkeys(row[1] for row in rows))
    top = _TOP + _LEGEND * len(series)  # the legend stands above the lines, and none runs through it
    height = top + _PLOT + _BOTTOM

    def x(parameter: int) -> float:
        return _LEFT + (math.log2(parameter + 1) - xs[0]) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(ratio: float) -> float:
        return top + (high - math.log10(ratio)) / (high - low) * _PLOT

    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}, as ratio to the kernel">']
    for power in range(low, high + 1):
        line = "one" if power == 0 else "grid"
        parts.append(f'<line class="{line}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(10 ** power):.1f}" '
                     f'y2="{y(10 ** power):.1f}"/><text x="{_LEFT - 8}" y="{y(10 ** power) + 4:.1f}" '
                     f'text-anchor="end">{10.0 ** power:g}×</text>')
    last = -100.0
    for parameter in sorted({row[0] for row in rows}):
        if x(parameter) - last >= 44:
            last = x(parameter)
            parts.append(f'<text x="{last:.1f}" y="{height - 22}" text-anchor="middle">{parameter:,}</text>')
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{height - 4}" text-anchor="middle">{escape(unit)}</text>')
    for number, target in enumerate(series):
        points = [(x(row[0]), y(row[4])) for row in rows if row[1] == target]
        kind = f"series-{number % _COLOURS}"
        parts.append(f'<polyline class="{kind}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>')
        parts += [f'<circle class="{kind}" cx="{a:.1f}" cy="{b:.1f}" r="4"/>' for a, b in points]
        parts.append(f'<text class="{kind}" x="{_LEFT + 8}" y="{_TOP + _LEGEND * number}">'
                     f'{escape(visible_line(target)[:40])}</text>')
    return Markup("".join([*parts, "</svg>"]))
