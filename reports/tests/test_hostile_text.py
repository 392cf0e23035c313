"""Whatever stands in a message, a name or a reason: it is text in every report, and all of it can be seen."""

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
    data["environment"]["libc"] = text
    for target in data["targets"]:
        target["agent"] = text
        target["capabilities"] = {text: "no: " + text}
    for clause in data["clauses"].values():
        clause["statement"] = text
    data["waivers"] = [{"id": "w", "reason": text, "owner": text, "used": 1}]
    for scenario in data["scenarios"]:
        for member in ("title", "source", "reproduce", "text"):
            scenario[member] = text
        for run in scenario["runs"]:
            run["reason"] = text
            run["history"] = run["history"].replace("\nend", "\n" + text + "\nend")
            for deviation in run["deviations"]:
                deviation["step"] = deviation["observed"] = text
                for choice in deviation["allowed"]:
                    choice["result"] = text
    for entry in data["disagreements"]:
        entry["step"] = text
        entry["results"] = dict.fromkeys(entry["results"], text)
    return data


@pytest.mark.parametrize("text", HOSTILE)
def test_html_holds_it_as_text(report_of, text):
    clean = Page(WRITERS["index.html"](report_of(poisoned("harmless"))))
    page = Page(WRITERS["index.html"](report_of(poisoned(text))))
    assert page.ids == clean.ids
    assert page.links == clean.links
    assert page.tags.count("script") == 1
    assert set(page.tags) == set(clean.tags)
    assert {a[:2] for a in page.attributes} == {a[:2] for a in clean.attributes}
    if text.isprintable():
        assert page.text.count(text) >= page_count(clean)


def page_count(clean: Page) -> int:
    return clean.text.count("harmless")


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


def test_control_characters_are_seen(report_of):
    report = report_of(poisoned("nul \x00 escape \x1b bidi \u202e end"))
    for write in WRITERS.values():
        source = write(report)
        assert "\x00" not in source and "\x1b" not in source and "\u202e" not in source
        assert "\\x00" in source and "\\x1b" in source and "\\u202e" in source


def test_code_spans_cannot_be_left():
    from svmq_report.markdown import _code
    assert _code("a ``` b") == "````a ``` b````"
    assert _code("`") == "`` ` ``"
    assert _code("") == "(empty)"
    assert _code("a\nb") == "`a\\nb`"


def test_prose_has_no_mention_link_or_markup():
    from svmq_report.markdown import _prose
    assert _prose("@all <b> *x* https://h www.h [a](b)") == (
        "@<!-- -->all \\<b\\> \\*x\\* https\\://h www\\.h \\[a\\]\\(b\\)")


def test_markdown_with_many_findings_counts_the_rest(report_of):
    data = results("nonconform")
    scenario = data["scenarios"][0]
    data["scenarios"] = [{**scenario, "name": f"s-{n}"} for n in range(500)]
    data["disagreements"] = []
    for target in data["targets"]:
        target["summary"].update(scenarios=500, conform=0 if target["name"] == "impl" else 500,
                                 nonconform=500 if target["name"] == "impl" else 0)
    source = WRITERS["summary.md"](report_of(data))
    shown = source.count("**`s-")
    assert 20 < shown < 500
    assert f"And {500 - shown} findings more: see `index.html`." in source
    assert 50_000 < len(source.encode("utf-8")) <= 60_000
