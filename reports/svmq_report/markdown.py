"""The report as Markdown that fits a comment on a pull request.

What comes from outside stands in code spans or is escaped: no link, no mention, no markup of its own.
"""

import re

from svmq_report import mutants
from svmq_report.text import plural, shorten, visible_line
from svmq_report.view import Kind, Report, Scenario

LIMIT = 60_000  # bytes; a comment on GitHub holds 65,536 characters
_BRIEF = 25_000  # of these, for findings in brief where not all fit
_ALLOWED_SHOWN = 8
_DEVIATIONS_SHOWN = 3
_LINE = 400
_COMMAND = 4000
_COLUMNS = ("scenarios", "steps", "conform", "nonconform", "waived", "unknown", "unsupported", "not_run")
VERDICTS = {"conform": "✅ conform", "nonconform": "❌ nonconform", "undecided": "❔ undecided",
             "nothing executed": "⛔ nothing executed"}


def write(report: Report) -> str:
    """The comment, at most LIMIT bytes: findings that do not fit are counted, and index.html has them."""
    head = [f"## svmq: {VERDICTS[report.verdict]}", "", prose(report.headline), "", *_table(report), ""]
    kinds = report.kinds()
    return fit(head, "### Findings", [_finding(report, kind) for kind in kinds], [*_others(report), _footer(report)],
               "kind of finding", "`index.html`, in the folder of the reports", [_in_brief(kind) for kind in kinds])


def fit(head: list[str], heading: str, blocks: list[str], tail: list[str], noun: str, where: str, brief: list[str] = ()) -> str:
    """The text with as many blocks as fit into LIMIT, and the lines of `brief` for the others; what does not fit either is
    counted, and `where` says who has it."""
    room = LIMIT - len("\n".join([*head, heading, *tail]).encode()) - 300  # for the lines about the rest
    shown, lines = _fitting(blocks, room), []
    if shown < len(blocks) and brief:
        shown = _fitting(blocks, room - _BRIEF)
        lines = brief[shown:]
        lines = lines[:_fitting(lines, room - sum(len(block.encode()) + 1 for block in blocks[:shown]))]
    left = len(blocks) - shown - len(lines)
    more = [f"The others ({noun}) in brief:", "", *lines, ""] if lines else []
    more += [f"And {left:,} more ({noun}): see {where}.", ""] if left else []
    return "\n".join([*head, *([heading, "", *blocks[:shown], ""] if shown else []), *more, *tail]) + "\n"


def _fitting(texts: list[str], room: int) -> int:
    """How many of them, from the first on."""
    for count, text in enumerate(texts):
        room -= len(text.encode()) + 1
        if room < 0:
            return count
    return len(texts)


def _in_brief(kind: Kind) -> str:
    first = kind.run.data["deviations"][0]
    allowed = " or ".join(choice["result"] for choice in first["allowed"][:2]) or "nothing"
    command = kind.scenario.data["reproduce"]
    return (f"- {code(kind.scenario.name)} on {code(kind.run.target)}: {code(first['step'], 160)} gave {code(first['observed'], 80)}, "
            f"allowed {code(allowed, 120)} ({code(' '.join(first['clauses'][:3]))})" + (f": {code(command)}" if 0 < len(command) <= _LINE else ""))


def _table(report: Report) -> list[str]:
    names = [column.replace("_", " ") for column in _COLUMNS]
    rows = ["| target | profile | verdict | " + " | ".join(names) + " |",
            "| --- | --- | --- |" + " ---: |" * len(names)]
    for target in report.targets:
        cells = [cell(target.name), cell(target.data["profile"]), VERDICTS[target.verdict]]
        cells += [f"{target.summary[column]:,}" for column in _COLUMNS]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _finding(report: Report, kind: Kind) -> str:
    scenario, run = kind.scenario, kind.run
    title = scenario.data["title"]
    lines = [f"**{code(scenario.name)} on {code(run.target)}**" + (f": {prose(title)}" if title else ""), ""]
    for deviation in run.data["deviations"][:_DEVIATIONS_SHOWN]:
        allowed = [f"{code(choice['result'])}" for choice in deviation["allowed"][:_ALLOWED_SHOWN]] or ["nothing"]
        if len(deviation["allowed"]) > _ALLOWED_SHOWN:
            allowed.append(f"{len(deviation['allowed']) - _ALLOWED_SHOWN} more")
        lines += [f"- step {code(deviation['step'])}", f"  - observed {code(deviation['observed'])}",
                  f"  - allowed {', '.join(allowed)}"]
        for clause_id in deviation["clauses"][:_ALLOWED_SHOWN]:
            lines.append(f"  - clause {code(clause_id)}: {prose(report.clauses[clause_id].statement)}")
    if len(run.data["deviations"]) > _DEVIATIONS_SHOWN:
        lines.append(f"- and {plural(len(run.data['deviations']) - _DEVIATIONS_SHOWN, 'deviation')} more in this scenario")
    if run.data["reason"]:
        lines.append(f"- note {prose(run.data['reason'])}")
    if scenario.data["reproduce"]:
        lines.append(f"- reproduce {command(scenario.data['reproduce'])}")
    if run.data["minimal"]:
        minimal = run.data["minimal"]
        lines.append(f"- smallest that deviates alike, {minimal['failed']:,} of {minimal['runs']:,} times: "
                     f"{command(minimal['reproduce'])}")
    if kind.others:
        lines.append(f"- {plural(len(kind.others), 'scenario')} more {'deviates' if len(kind.others) == 1 else 'deviate'} "
                     f"like this: {_names([other for other, _ in kind.others])}")
    return "\n".join([*lines, ""])


def _others(report: Report) -> list[str]:
    """What is no finding but should not go unseen, one line each."""
    lines = []
    undecided = [(scenario, run) for scenario in report.in_state("unknown", "not_run") for run in scenario.runs
                 if run.state in ("unknown", "not_run")]
    lines += [f"- no verdict on {code(run.target)} for {code(scenario.name)}: {prose(run.data['reason'])}"
              for scenario, run in undecided[:10]]
    if len(undecided) > 10:
        lines.append(f"- no verdict for {len(undecided) - 10:,} runs more: see `index.html`")
    for target in report.targets:
        for reason, scenarios in report.unsupported_reasons(target.name).items():
            lines.append(f"- {plural(len(scenarios), 'scenario')} unsupported on {code(target.name)}: {prose(reason)}")
    for waiver in report.waivers:
        name, kept = code(waiver.id), f"until {waiver.data['expires']}" if waiver.data["expires"] else "without end"
        match waiver.status:
            case "expired":
                lines.append(f"- the waiver {name} has expired ({waiver.data['expires']}) and covers nothing: "
                             "renew or remove it")
            case "used":
                lines.append(f"- the waiver {name} covers {plural(waiver.data['used'], 'run')}, {kept}: "
                             f"{prose(waiver.data['reason'])}")
            case "no longer needed":
                lines.append(f"- the waiver {name} is no longer needed: what it is for was tried and conforms; "
                             "remove it")
            case _:
                lines.append(f"- the waiver {name} was not used")
    if report.results["mutants"]:
        lines.append(f"- {prose(mutants.in_words(report.results['mutants']))}")
        lines += [f"- {prose(problem)}" for problem in mutants.for_gate(report.results["mutants"], None)[0]]
    if report.disagreements:
        waived = sum("waived" in entry["verdicts"].values() for entry in report.disagreements)
        lines.append(f"- {plural(len(report.disagreements), 'disagreement')} between targets"
                     + (f", of which waivers cover {waived:,}" if waived else "") + ": see `index.html`")
    if len(lines) > 20:
        lines = [*lines[:20], f"- and {len(lines) - 20:,} notes more: see `index.html`"]
    return ["### Notes", "", *lines, ""] if lines else []


def _names(scenarios: list[Scenario]) -> str:
    shown = ", ".join(code(scenario.name) for scenario in scenarios[:10])
    return shown + (f" and {len(scenarios) - 10:,} more (see `index.html`)" if len(scenarios) > 10 else "")


def _footer(report: Report) -> str:
    results = report.results
    parts = [f"svmq {prose(results['svmq']['version'])}", prose(results["environment"]["system"]),
             results["started"], f"{results['seconds']:.1f} s"]
    if results["seed"] is not None:
        parts.append(f"seed {results['seed']}")
    return f"<sub>{' · '.join(parts)}</sub>"


def code(text: str, limit: int = _LINE) -> str:
    """A code span that nothing inside can end."""
    text = shorten(visible_line(text), limit)
    if not text:
        return "(empty)"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def command(text: str, where: str = "`index.html` and `results.json` have") -> str:
    """Whole, or not at all: nobody can execute a part of a command."""
    text = visible_line(text)
    return code(text, _COMMAND) if len(text) <= _COMMAND else f"by a command of {len(text):,} characters, which {where}"


def cell(text: str) -> str:
    """A code span in a table, where a bar ends the cell even within code."""
    return code(text).replace("|", "\\|")


def prose(text: str) -> str:
    """Text in which nothing is markup, a mention or a reference."""
    text = shorten(visible_line(text), _LINE)
    text = re.sub(r"([\\`*_{}\[\]()<>#|~&!]|:(?=\S)|(?<=www)\.)", r"\\\1", text, flags=re.I)
    return text.replace("@", "@<!-- -->")
