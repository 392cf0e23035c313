"""The report as Markdown that fits a comment on a pull request.

What comes from outside stands in code spans or is escaped: no link, no mention, no markup of its own.
"""

import re

from svmq_report.text import plural, shorten, visible_line
from svmq_report.view import Report, Run, Scenario

LIMIT = 60_000  # bytes; a comment on GitHub holds 65,536 characters
_ALLOWED_SHOWN = 8
_LINE = 400
_COLUMNS = ("scenarios", "steps", "conform", "nonconform", "waived", "unknown", "unsupported", "not_run")
_VERDICTS = {"conform": "✅ conform", "nonconform": "❌ nonconform", "undecided": "❔ undecided",
             "nothing executed": "⛔ nothing executed"}


def write(report: Report) -> str:
    """The comment, at most LIMIT bytes: findings that do not fit are counted, and index.html has them."""
    head = [f"## svmq: {_VERDICTS[report.verdict]}", "", _prose(report.headline), "", *_table(report), ""]
    blocks = [_finding(report, scenario, run) for scenario, run in _findings(report)]
    tail = [*_others(report), _footer(report)]
    text, shown = _fit(head, blocks, tail)
    if shown < len(blocks):
        more = f"And {plural(len(blocks) - shown, 'finding')} more: see `index.html`."
        text = "\n".join([*_with_findings(head, blocks[:shown]), more, "", *tail])
    return text + "\n"


def _fit(head: list[str], blocks: list[str], tail: list[str]) -> tuple[str, int]:
    """The text with as many blocks as fit, and how many these are."""
    room = LIMIT - len("\n".join([*head, *tail]).encode()) - 200  # for the heading and the line about the rest
    shown = 0
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            break
        shown += 1
    return "\n".join([*_with_findings(head, blocks[:shown]), *tail]), shown


def _with_findings(head: list[str], blocks: list[str]) -> list[str]:
    return [*head, "### Findings", "", *blocks] if blocks else head


def _table(report: Report) -> list[str]:
    names = [column.replace("_", " ") for column in _COLUMNS]
    rows = ["| target | profile | verdict | " + " | ".join(names) + " |",
            "| --- | --- | --- |" + " ---: |" * len(names)]
    for target in report.targets:
        cells = [_cell(target.name), _cell(target.data["profile"]), _VERDICTS[target.verdict]]
        cells += [f"{target.summary[column]:,}" for column in _COLUMNS]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _findings(report: Report) -> list[tuple[Scenario, Run]]:
    return [(scenario, run) for scenario in report.in_state("nonconform") for run in scenario.runs
            if run.state == "nonconform"]


def _finding(report: Report, scenario: Scenario, run: Run) -> str:
    title = scenario.data["title"]
    lines = [f"**{_code(scenario.name)} on {_code(run.target)}**" + (f": {_prose(title)}" if title else ""), ""]
    for deviation in run.data["deviations"]:
        allowed = [f"{_code(choice['result'])}" for choice in deviation["allowed"][:_ALLOWED_SHOWN]] or ["nothing"]
        if len(deviation["allowed"]) > _ALLOWED_SHOWN:
            allowed.append(f"{len(deviation['allowed']) - _ALLOWED_SHOWN} more")
        lines += [f"- step {_code(deviation['step'])}", f"  - observed {_code(deviation['observed'])}",
                  f"  - allowed {', '.join(allowed)}"]
        for clause_id in deviation["clauses"][:_ALLOWED_SHOWN]:
            lines.append(f"  - clause {_code(clause_id)}: {_prose(report.clauses[clause_id].statement)}")
    if run.data["reason"]:
        lines.append(f"- note {_prose(run.data['reason'])}")
    if scenario.data["reproduce"]:
        lines.append(f"- reproduce {_code(scenario.data['reproduce'], limit=4000)}")
    return "\n".join([*lines, ""])


def _others(report: Report) -> list[str]:
    """What is no finding but should not go unseen, one line each."""
    lines = []
    undecided = report.in_state("unknown", "not_run")
    if undecided:
        lines.append(f"- no verdict: {_names(undecided)}")
    for waiver in report.waivers:
        kept = f"until {waiver.data['expires']}" if waiver.data["expires"] else "without end"
        if waiver.expired:
            lines.append(f"- the waiver {_code(waiver.data['id'])} has expired ({waiver.data['expires']})")
        elif waiver.data["used"]:
            used = plural(waiver.data["used"], "run")
            lines.append(f"- the waiver {_code(waiver.data['id'])} covers {used}, {kept}: "
                         f"{_prose(waiver.data['reason'])}")
        else:
            lines.append(f"- the waiver {_code(waiver.data['id'])} was not used")
    if report.disagreements:
        lines.append(f"- {plural(len(report.disagreements), 'disagreement')} between targets: see `index.html`")
    if len(lines) > 20:
        lines = [*lines[:20], f"- and {len(lines) - 20:,} notes more: see `index.html`"]
    return ["### Notes", "", *lines, ""] if lines else []


def _names(scenarios: list[Scenario]) -> str:
    shown = ", ".join(_code(scenario.name) for scenario in scenarios[:10])
    return shown + (f" and {len(scenarios) - 10:,} more" if len(scenarios) > 10 else "")


def _footer(report: Report) -> str:
    results = report.results
    parts = [f"svmq {_prose(results['svmq']['version'])}", _prose(results["environment"]["system"]),
             results["started"], f"{results['seconds']:.1f} s"]
    if results["seed"] is not None:
        parts.append(f"seed {results['seed']}")
    return f"<sub>{' · '.join(parts)}</sub>"


def _code(text: str, limit: int = _LINE) -> str:
    """A code span that nothing inside can end."""
    text = shorten(visible_line(text), limit)
    if not text:
        return "(empty)"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _cell(text: str) -> str:
    """A code span in a table, where a bar ends the cell even within code."""
    return _code(text).replace("|", "\\|")


def _prose(text: str) -> str:
    """Text in which nothing is markup, a mention or a reference."""
    text = shorten(visible_line(text), _LINE)
    text = re.sub(r"([\\`*_{}\[\]()<>#|~&!]|:(?=\S)|(?<=www)\.)", r"\\\1", text, flags=re.I)
    return text.replace("@", "@<!-- -->")
