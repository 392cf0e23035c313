"""Whatever stands in a message, a name or a reason: it is text in every report, and all of it can be seen."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from conftest import WRITERS, results
from test_html import Page

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</pre></details></script><!-- ",
    "]]> &amp; &#0; <?xml?>",
    "{{ 7 * 7 }} {% raw %}",
    "``` ` `` | \\ @everyone #1 https://example.org www.example.org [x](y) ![i](j)",
    "nul \x00 bell \x07 escape \x1b[31m del \x7f c1 \x85",
    "right to left \u202e override, zero \u200b width, bom \ufeff, separator \u2028",
    "lone \ud800 surrogate, non-character \uffff \ufffe",
    "line\nfeed\ttab\rreturn",
    "x" * 20_000,
]


def poisoned(text: str) -> dict:
    """Results with the text in every place that may hold any text."""
    data = results("nonconform")
    data["command"].append(text)
    data["environment"]["libc"] = data["environment"]["kernel"] = text
    for target in data["targets"]:
        target["agent"] = text
        target["capabilities"] = {text: "no: " + text}
    for clause in data["clauses"].values():
        clause["statement"] = clause["note"] = clause["unobservable"] = text
        clause["sources"] = [text, text]
    data["waivers"] = [{"id": "w", "variation": text, "reason": text, "notice": text, "owner": text, "used": 1}]
    for scenario in data["scenarios"]:
        for member in ("title", "source", "reproduce", "text"):
            scenario[member] = text
        for run in scenario["runs"]:
            run["reason"] = text
            run["history"] = run["history"].replace("\nend", "\n" + text + "\nend")
            if run["deviations"]:
                run["minimal"] = {"text": text, "reproduce": text, "failed": 1, "runs": 2}
            for deviation in run["deviations"]:
                deviation["step"] = deviation["observed"] = text
                for choice in deviation["allowed"]:
                    choice["result"] = text
    for entry in data["disagreements"]:
        entry["step"] = text
        entry["results"] = dict.fromkeys(entry["targets"], text)
    for entry in data["benchmarks"]:
        entry["label"] = text
    return data


@pytest.mark.parametrize("text", HOSTILE)
def test_html_holds_it_as_text(report_of, text):
    clean = Page(WRITERS["index.html"](report_of(poisoned("harmless"))))
    page = Page(WRITERS["index.html"](report_of(poisoned(text))))
    assert page.ids == clean.ids
    assert page.links == clean.links
    assert page.tags.count("script") == clean.tags.count("script")
    assert set(page.tags) == set(clean.tags)
    assert {a[:2] for a in page.attributes} == {a[:2] for a in clean.attributes}
    if text.isprintable():
        legends = clean.tags.count("svg") if len(text) > 30 else 0  # a plot shortens what is beside its line
        assert page.text.count(text) >= clean.text.count("harmless") - legends


@pytest.mark.parametrize("text", HOSTILE)
def test_junit_is_xml(report_of, tmp_path, text):
    source = WRITERS["junit.xml"](report_of(poisoned(text)))
    root = ET.fromstring(source)
    assert [suite.get("name") for suite in root] == ["linux", "impl", "model:posix"]
    assert root.get("failures") == "2"
    if shutil.which("xmllint"):
        path = tmp_path / "junit.xml"
        path.write_text(source, encoding="utf-8")
        subprocess.run(["xmllint", "--noout", path], check=True)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_fits_and_has_no_markup_of_its_own(report_of, text):
    source = WRITERS["summary.md"](report_of(poisoned(text)))
    assert len(source.encode("utf-8")) < 60_001
    assert [line for line in source.split("\n") if line.startswith("#")] == [
        "## svmq: ❌ nonconform", "### Findings", "### Notes"]


@pytest.mark.parametrize("text", HOSTILE)
def test_data_in_the_page_cannot_end_its_element(report_of, text):
    page = Page(WRITERS["index.html"](report_of(poisoned(text))))
    for packed in page.packed:
        assert re.fullmatch("[A-Za-z0-9+/=]+", packed)
    assert page.data["data-index"]["scenarios"][0][0] == "lowest-type-first"


@pytest.mark.parametrize("text", HOSTILE)
def test_tap_keeps_its_lines(report_of, text):
    clean = WRITERS["results.tap"](report_of(poisoned("harmless"))).split("\n")
    lines = WRITERS["results.tap"](report_of(poisoned(text))).split("\n")
    assert [line.split(" - ")[0].split(":")[0] for line in lines] == [line.split(" - ")[0].split(":")[0] for line in clean]


@pytest.mark.parametrize("text", HOSTILE)
def test_json_reports_are_json(report_of, text):
    report = report_of(poisoned(text))
    assert json.loads(WRITERS["results.sarif"](report))["version"] == "2.1.0"
    assert json.loads(WRITERS["statement.json"](report))["verdict"] == "nonconform"


@pytest.mark.parametrize("text", HOSTILE)
def test_the_statement_has_no_markup_of_its_own(report_of, text):
    clean = WRITERS["statement.md"](report_of(poisoned("harmless")))
    source = WRITERS["statement.md"](report_of(poisoned(text)))
    headings = [line for line in source.split("\n") if line.startswith("#")]
    assert headings == [line for line in clean.split("\n") if line.startswith("#")]


def test_control_characters_are_seen(report_of):
    report = report_of(poisoned("nul \x00 escape \x1b bidi \u202e end"))
    for write in WRITERS.values():
        source = write(report)
        assert "\x00" not in source and "\x1b" not in source and "\u202e" not in source
        assert re.search(r"\\(x00|u0000)", source) and re.search(r"\\(x1b|u001b)", source) and "\\u202e" in source


def test_code_spans_cannot_be_left():
    from svmq_report.markdown import code
    assert code("a ``` b") == "````a ``` b````"
    assert code("`") == "`` ` ``"
    assert code("") == "(empty)"
    assert code("a\nb") == "`a\\nb`"


def test_prose_has_no_mention_link_or_markup():
    from svmq_report.markdown import prose
    assert prose("@all <b> *x* https://h www.h [a](b)") == (
        "@<!-- -->all \\<b\\> \\*x\\* https\\://h www\\.h \\[a\\]\\(b\\)")


def test_markdown_with_many_findings_counts_the_rest(report_of):
    data = results("nonconform")
    scenario = data["scenarios"][0]
    data["scenarios"] = [json.loads(json.dumps(scenario)) for _ in range(500)]
    for n, entry in enumerate(data["scenarios"]):  # each a kind of its own
        entry["name"] = f"s-{n}"
        entry["runs"][1]["deviations"][0]["observed"] = f"-1 E{n}"
    data["disagreements"] = []
    for target in data["targets"]:
        target["summary"].update(scenarios=500, conform=0 if target["name"] == "impl" else 500,
                                 nonconform=500 if target["name"] == "impl" else 0)
    source = WRITERS["summary.md"](report_of(data))
    shown, brief = source.count("**`s-"), source.count("\n- `s-")
    assert 20 < shown and 20 < brief and shown + brief < 500
    assert f"And {500 - shown - brief} more (kind of finding): see `index.html`, in the folder of the reports." in source
    assert 50_000 < len(source.encode("utf-8")) <= 60_000


def test_a_command_is_whole_or_said_to_be_elsewhere(report_of):
    data = results("nonconform")
    data["scenarios"][0]["reproduce"] = "svmq run --reproduce '" + "x" * 5000 + "'"
    source = WRITERS["summary.md"](report_of(data))
    assert "- reproduce by a command of 5,023 characters, which `index.html` and `results.json` have" in source and "xxx…" not in source
