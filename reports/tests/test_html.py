"""index.html: complete, self-contained, well linked. What the script makes of it is tested in test_browser.py."""

import base64
import json
import re
import zlib
from html.parser import HTMLParser

import pytest
from conftest import NAMES, WRITERS, results
from generate_results import results as generated
from svmq_report import compare, html

_VOID = {"meta", "br", "input", "link", "img", "hr"}
_FETCHING = {"src", "srcset", "action", "formaction", "poster", "data", "background", "ping"}


class Page(HTMLParser):
    """What a browser would see of a page: tags, ids, links, texts; fails on tags that do not nest."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.tags, self.ids, self.links, self.texts, self.attributes = [], [], [], [], []
        self._open, self._data, self.data, self.packed = [], None, {}, []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]
        self._data, self._chunks = dict(attrs).get("id") if tag == "script" else None, []
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag
        if tag == "script" and self._data:
            packed = "".join(self._chunks)
            self.packed.append(packed)
            self.data[self._data] = json.loads(zlib.decompress(base64.b64decode(packed)))

    def handle_data(self, data):
        if self._data:  # the packed scenarios
            self._chunks.append(data)
        elif not {"style", "script"} & set(self._open):
            self.texts.append(data)

    def detail(self, name: str) -> dict:
        """What the page has of a scenario."""
        number = [entry[0] for entry in self.data["data-index"]["scenarios"]].index(name)
        return next(part[str(number)] for part in self.data.values() if str(number) in part)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def page_of(report) -> Page:
    return Page(WRITERS["index.html"](report))


@pytest.mark.parametrize("name", NAMES)
def test_one_file_that_needs_no_network(report_of, name):
    report = report_of(results(name))
    page = page_of(report)
    assert all(link.startswith("#") for link in page.links)
    assert not [a for a in page.attributes if a[1] in _FETCHING]
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(page.tags)
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "style"]
    source = WRITERS["index.html"](report)
    assert "http://" not in source and "https://" not in source and "url(" not in source and "@import" not in source


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_links_resolve(report_of, name):
    page = page_of(report_of(results(name)))
    assert len(page.ids) == len(set(page.ids))
    scenarios = {f"scenario-{entry[0]}" for entry in page.data["data-index"]["scenarios"]}  # shown by the script
    assert {link[1:] for link in page.links} <= set(page.ids) | scenarios


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_is_there(report_of, name):
    report = report_of(results(name))
    page = page_of(report)
    for scenario in report.scenarios:
        detail = page.detail(scenario.name)
        assert (detail["text"], detail["reproduce"]) == (scenario.data["text"], scenario.data["reproduce"])
        assert [run["history"] for run in detail["runs"]] == [run.data["history"] for run in scenario.runs]
        clauses = page.data["data-index"]["clauses"]
        for shown, run in zip(detail["runs"], scenario.runs):
            assert [[clauses[id] for id in d["clauses"]] for d in shown["deviations"]] == [
                d["clauses"] for d in run.data["deviations"]]
            assert [d["observed"] for d in shown["deviations"]] == [d["observed"] for d in run.data["deviations"]]


def test_every_finding_can_be_read_without_a_script(report_of):
    report = report_of(results("nonconform"))
    page = page_of(report)
    for kind in report.kinds():
        assert kind.scenario.data["reproduce"] in page.text
        for anchor, deviation in kind.run.deviations:
            assert anchor in page.ids
            for words in [deviation["step"], deviation["observed"], *[a["result"] for a in deviation["allowed"]]]:
                assert words in page.texts
            for clause in deviation["clauses"]:
                assert f"#clause-{clause}" in page.links
                assert report.clauses[clause].statement in page.text


def test_deviating_lines_are_marked(report_of):
    report = report_of(results("nonconform"))
    source = WRITERS["index.html"](report)
    assert source.count("<mark ") == 3
    assert '<mark class="line nonconform">B: msgrcv(q, buf, 100, -3, 0) = 5 {3, &#34;three&#34;}</mark>' in source


def test_findings_alike_are_shown_once(report_of):
    data = results("nonconform")
    scenario = data["scenarios"][0]
    data["scenarios"] += [{**scenario, "name": f"again-{n}"} for n in range(20)]
    for target in data["targets"]:
        target["summary"]["scenarios"] += 20
        target["summary"]["nonconform" if target["name"] == "impl" else "conform"] += 20
    report = report_of(data)
    assert [len(kind.others) for kind in report.kinds()] == [20, 0]
    page = page_of(report)
    assert "20 scenarios more" in page.text and "and 8 more" in page.text
    assert sum(id.startswith("finding-") and id.count(":") == 1 for id in page.ids) == 2


def test_implementations_come_before_the_model(report_of):
    data = results("nonconform")
    for scenario in data["scenarios"]:
        scenario["runs"][2].update({key: scenario["runs"][1][key] for key in ("verdict", "deviations", "history")})
    data["targets"][2]["summary"].update(conform=1000, nonconform=2)
    assert [kind.run.target for kind in report_of(data).kinds()] == ["impl", "impl", "model:posix", "model:posix"]


def test_capabilities_are_shown_in_full(report_of):
    data = results("conform")
    data["targets"][0]["capabilities"]["caps"] = "yes: without sys_resource"
    assert "yes: without sys_resource" in page_of(report_of(data)).texts


def test_disagreements_say_what_they_are(report_of):
    data = results("waived")
    name = data["scenarios"][0]["name"]
    data["targets"].append({**data["targets"][0], "name": "linux", "summary": {**data["targets"][0]["summary"], "waived": 0, "conform": 3}})
    data["disagreements"] = [{"scenario": name, "targets": ["impl", "linux"], "verdicts": {"impl": "waived", "linux": "conform"},
                              "step": "A: step()", "results": {"impl": "1", "linux": "2"}}]
    source = WRITERS["index.html"](report_of(data))
    section = source[source.index('<section id="disagreements">'):source.index('<section id="waivers">')]
    assert 'class="badge waived"' in section and "at least one of them deviates" in section


def test_benchmarks_are_plotted_as_ratio_to_the_kernel(report_of):
    source = WRITERS["index.html"](report_of(results("nonconform")))
    section = source[source.index('<section id="benchmarks">'):source.index('<section id="scenarios">')]
    assert section.count("<svg ") == 4
    assert section.count("<circle ") == 4 + 3 + 3 + 3
    assert "48.73×" in section  # 1462 / 30


def test_an_interrupted_run_is_undecided(report_of):
    data = results("conform")
    data["interrupted"] = True
    assert report_of(data).verdict == "undecided"
    assert "interrupted" in page_of(report_of(data)).text


def test_other_targets_stand_beside(report_of):
    report = report_of(results("nonconform"))
    scenario = report.by_name["lowest-type-first"]
    run = scenario.runs[1]
    assert scenario.elsewhere(run, run.data["deviations"][0]) == [("linux", '3 {2, "two"}'), ("model:posix", '3 {2, "two"}')]


def test_a_repeated_step_is_compared_with_its_own_repetition(report_of):
    data = results("nonconform")
    step = "B: msgrcv(q, buf, 100, 9, IPC_NOWAIT) = "
    for run, first in zip(data["scenarios"][0]["runs"], ("one", "two", "three")):
        run["history"] = run["history"].replace(step, f"{step}-1 {first}\n{step}")
    data["scenarios"][0]["runs"][1]["deviations"][1]["line"] = 13
    scenario = report_of(data).by_name["lowest-type-first"]
    elsewhere = scenario.elsewhere(scenario.runs[1], scenario.runs[1].data["deviations"][1])
    assert elsewhere == [("linux", "-1 ENOMSG"), ("model:posix", "-1 ENOMSG")]


@pytest.mark.parametrize("name, verdict", [
    ("conform", "conform"), ("nonconform", "nonconform"), ("waived", "conform"), ("unknown", "undecided"),
    ("unsupported", "conform"), ("empty", "nothing executed"),
])
def test_verdict(report_of, name, verdict):
    report = report_of(results(name))
    assert report.verdict == verdict
    page = page_of(report)
    assert f"svmq: {verdict}" in page.texts
    assert report.headline in page.texts


def test_no_target_is_no_pass(report_of):
    data = results("empty")
    data["targets"] = []
    assert report_of(data).verdict == "nothing executed"


def test_only_unsupported_is_no_pass(report_of):
    data = results("unsupported")
    data["scenarios"] = [s for s in data["scenarios"] if all(r["verdict"] == "unsupported" for r in s["runs"])]
    count = len(data["scenarios"])
    data["targets"][0]["summary"] = {**dict.fromkeys(data["targets"][0]["summary"], 0), "scenarios": count, "unsupported": count}
    assert count and report_of(data).verdict == "nothing executed"


def test_cells_of_the_matrix(report_of):
    clauses = report_of(results("waived")).clauses
    assert clauses["msgrcv.select.negative"].cells["impl"].state == "waived"
    assert clauses["msgsnd.block"].cells["impl"].state == "not_exercised"


def test_a_listed_deviation_shows_even_where_the_coverage_has_none(report_of):
    data = results("nonconform")
    data["coverage"] = {}
    assert report_of(data).clauses["msgrcv.E.E2BIG"].cells["impl"].state == "nonconform"


def test_a_clause_outside_the_catalogue_is_shown(report_of):
    data = results("nonconform")
    del data["clauses"]["msgrcv.E.E2BIG"]
    page = page_of(report_of(data))
    assert "clause-msgrcv.E.E2BIG" in page.ids
    assert "Not in the catalogue." in page.text


def test_waivers_unused_expired_and_needless(report_of):
    report = report_of(results("waived"))
    page = page_of(report)
    assert {waiver.id: waiver.status for waiver in report.waivers} == {
        "first-fit": "used", "old": "expired", "needless": "no longer needed", "by-variation": "unused"}
    assert {"unused", "expired", "no longer needed"} <= set(page.texts)
    assert "waiver-first-fit" in page.ids


def test_targets_with_like_names_have_anchors_of_their_own(report_of):
    data = results("waived")
    data["waivers"] = []
    first = data["scenarios"][0]["runs"][0]
    first["waivers"] = []
    first["target"] = "exec:a b"
    data["scenarios"][0]["runs"] = [first, {**first, "target": "exec:a-b"}, {**first, "target": "exec:a/b"}]
    summary = {**data["targets"][0]["summary"], "conform": 0, "nonconform": 1, "waived": 0, "scenarios": 1}
    data["targets"] = [{**data["targets"][0], "name": name, "summary": summary} for name in ("exec:a b", "exec:a-b", "exec:a/b")]
    data["scenarios"] = data["scenarios"][:1]
    data["coverage"] = {}
    page = page_of(report_of(data))
    assert len(page.ids) == len(set(page.ids))
    assert sum(id.startswith("finding-lowest-type-first:") for id in page.ids) == 3 + 6  # runs and their deviations


def test_every_scenario_has_its_text_and_command_where_there_is_room(report_of):
    source = WRITERS["index.html"](report_of(generated(20_100, False)))
    assert len(source) < html.LIMIT and len(re.findall(r'data-numbers="([^"]+)"', source)) == -(-20_100 // 64)


def test_a_huge_history_is_not_beside_its_finding(report_of):
    data = results("nonconform")
    entry = data["scenarios"][0]["runs"][1]
    entry["history"] = entry["history"].replace("end\n", "# a line of a history that has many of them\n" * 250_000 + "end\n")
    source = WRITERS["index.html"](report_of(data))
    assert len(source.encode()) < html.LIMIT
    changed = compare.Comparison(report_of(results("conform")), report_of(data), "old.json", "new.json")
    assert len(compare.write_html(changed).encode()) < html.LIMIT
    assert "lines is too long to stand here" in source and source.count("data-history") > 0, "the others keep theirs"
