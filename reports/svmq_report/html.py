"""The report as one HTML file that needs no network.

Summary, findings, clauses and waivers stand in the page as text, and can be read without a script. Scenarios, of which
there may be 100,000, are data that the script shows on demand: an index of all, and their histories in parts, packed,
as many as the size of the page allows, the interesting ones first.

Everything from outside goes through Jinja's escaping and `visible`, or is packed data that the script only ever puts
into text nodes; as a second fence, the page's own content security policy lets run nothing but the one script that is
written here.
"""

import base64
import functools
import hashlib
import json
import zlib
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from svmq_report import mutants, plots
from svmq_report.text import plural, visible
from svmq_report.view import STATES, Report, Run, Scenario

LIMIT = 5_000_000  # bytes of the page: so much a browser can use within two seconds
_HISTORIES = LIMIT // 3  # bytes of the histories that stand in its text, beside findings
_MARKUP = 40  # bytes around a line of them
_PART = 64  # scenarios
_TEMPLATES = Path(__file__).with_name("templates")
SYMBOLS = {"conform": "✓", "nonconform": "✗", "waived": "⚑", "unknown": "?", "undecided": "?", "unsupported": "○",
           "not_run": "!", "nothing executed": "!", "not_exercised": "–"}


def write(report: Report) -> str:
    """The page as text."""
    place = "<!-- the data -->"
    kinds = report.kinds()
    page = render("index.html", report=report, results=report.results, kinds=kinds, beside=beside([kind.run for kind in kinds]), data=Markup(place),
                  plots=plots.plots(report.results["benchmarks"]), mutants=mutants)
    return page.replace(place, _data(report, LIMIT - len(page.encode())), 1)


def beside(runs: list[Run]) -> set[str]:
    """The anchors of those that have their history in the text: as many, in order, as its share of the page holds."""
    room, found = _HISTORIES, set()
    for run in runs:
        history = run.data["history"]
        size = len(escape(visible(history)).encode()) + _MARKUP * (history.count("\n") + 1)
        if size <= room:
            room -= size
            found.add(run.anchor)
    return found


def render(template: str, **values) -> str:
    """One of the templates, with style, script and policy."""
    style, script = (_TEMPLATES.joinpath(name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    policy = (f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
              "base-uri 'none'; form-action 'none'")
    return _environment().get_template(template).render(
        symbols=SYMBOLS, plural=plural, style=Markup(style), script=Markup(script), policy=policy, **values).lstrip()


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_finalize)
    environment.filters.update(words=lambda state: state.replace("_", " "), count=lambda value: f"{value:,}")
    return environment


def _finalize(value):
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


# --------------------------------------------------------------------------------------------------- data


def _data(report: Report, room: int) -> str:
    """The scenarios as packed data: first the details that fit, then the index, which says where they are."""
    clauses = {id: number for number, id in enumerate(report.clauses)}
    targets = {target.name: number for number, target in enumerate(report.targets)}
    states = {state: number for number, state in enumerate(STATES)}
    index = {"states": STATES, "symbols": SYMBOLS, "targets": [visible(name) for name in targets],
             "clauses": list(clauses), "statements": [visible(clause.statement) for clause in report.clauses.values()],
             "scenarios": [[scenario.name, visible(scenario.data["title"]), visible(scenario.data["source"]),
                            [[targets[run.data["target"]], states[run.state]] for run in scenario.runs]]
                           for scenario in report.scenarios]}
    blocks = [_block("data-index", index)]
    room -= len(blocks[0])
    order = sorted(range(len(report.scenarios)), key=lambda number: STATES.index(report.scenarios[number].state))
    for begin in range(0, len(order), _PART):
        part = order[begin:begin + _PART]
        block = _block(f"data-{begin // _PART}", {number: _detail(report.scenarios[number], clauses) for number in part},
                       " ".join(map(str, part)))
        room -= len(block)
        if room < 0:
            break
        blocks.append(block)
    return "\n".join(blocks)


def _detail(scenario: Scenario, clauses: dict) -> dict:
    data = scenario.data
    return {"text": visible(data["text"]), "reproduce": visible(data["reproduce"]), "seeds": data["seeds"],
            "clauses": [clauses[id] for id in data["clauses"]],
            "runs": [{"anchor": run.anchor, "reason": visible(run.data["reason"]), "waivers": run.data["waivers"],
                      "steps": run.data["steps"], "seconds": run.data["seconds"], "history": visible(run.data["history"]),
                      "deviations": [{"line": deviation["line"], "step": visible(deviation["step"]),
                                      "observed": visible(deviation["observed"]),
                                      "allowed": [[visible(choice["result"]), [clauses[id] for id in choice["clauses"]]]
                                                  for choice in deviation["allowed"]],
                                      "clauses": [clauses[id] for id in deviation["clauses"]]}
                                     for deviation in run.data["deviations"]]} for run in scenario.runs]}


def _block(id: str, value, numbers: str = "") -> str:
    # Deflated and in base64, so that nothing in it can be taken for markup.
    packed = base64.b64encode(zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6)).decode()
    return f'<script type="text/plain" id="{id}" data-numbers="{numbers}">{packed}</script>'
