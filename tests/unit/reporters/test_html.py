from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import accumulate

import pytest
from markupsafe import escape

from bench.analysis.cell import Thinned, Trace
from bench.analysis.result import Analysis
from bench.report.groups import groups_of
from bench.report.report import Report
from bench.scenario.quantity import SIZES, choose_scale, interval, number
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import PICTURES, html

FULL = synthetic.full_analysis()
TEXT = html(FULL)
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Outline(HTMLParser):
    """Checks that elements are closed in order, and collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def outline() -> Outline:
    parser = Outline()
    parser.feed(TEXT)
    parser.close()
    return parser


def test_elements_are_nested_and_closed() -> None:
    assert outline().open == []


def test_nothing_is_loaded_from_elsewhere_and_only_our_script_is_executed() -> None:
    scripts = [attributes for tag, attributes in outline().seen if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "traces"}, {}]
    for tag, attributes in outline().seen:
        assert tag not in {"link", "iframe", "object"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            address = attributes.get(name) or "#"
            assert address.startswith("#")
    assert "url(" not in TEXT
    assert "@import" not in TEXT


def test_what_is_drawn_of_a_trial_is_what_the_analysis_has_of_it() -> None:
    content = json.loads(TEXT.partition('id="traces">')[2].partition("</script>")[0])
    traces = {trial: trace for cell in FULL.cells for trial, trace in cell.traces.items()}

    assert {f"trial.{trial}" for trial in traces} == set(content)
    for trial, trace in traces.items():
        told = content[f"trial.{trial}"]
        put = trace.operations["put"]
        count, steps, waits, services, ended = told["operations"]["put"]
        assert told["window"] * 1000 == trace.window_ns
        assert count == put.count
        assert [*accumulate(steps)] == [at / 1000 for at in put.due]
        assert waits == [wait / 1000 for wait in put.wait]
        assert services == pytest.approx([service / 1000 for service in put.service], rel=5e-4)
        assert ended == {str(at): text for at, text in put.ended.items()}
        assert told["spans"]["garbage collection"] == [[put.due[20] / 1000 + 1, 3000]]


def test_no_name_ends_the_script_that_holds_it() -> None:
    cell = next(cell for cell in FULL.cells if cell.traces)
    trace = Trace(1000, {"</script><b>": Thinned(0, (), (), (), {})}, {})
    odd = replace(FULL, cells=(replace(cell, traces={"x": trace}),), comparisons=())

    assert "</script><b>" not in html(odd)


def test_links_lead_somewhere() -> None:
    seen = outline().seen
    targets = {attributes["id"] for _, attributes in seen if "id" in attributes}
    links = {str(attributes["href"])[1:] for tag, attributes in seen if tag == "a"}
    assert links
    assert links <= targets


def test_texts_of_errors_are_escaped() -> None:
    assert str(escape(synthetic.NASTY)) in TEXT
    assert "<b>" not in TEXT
    assert "<saturated>" not in TEXT
    assert "<for>" not in TEXT


def test_every_plot_is_inside_with_a_text_for_those_who_cannot_see_it() -> None:
    found = [attributes for tag, attributes in outline().seen if tag == "figure"]
    assert [each.about for each in PICTURES] == [each["aria-label"] for each in found]


def test_no_heading_is_empty_and_what_scrolls_takes_the_keyboard() -> None:
    assert not re.search(r"<(th|h\d)[^>]*>\s*</\1>", TEXT)
    scrolls = [a for _, a in outline().seen if a.get("class") == "scroll"]
    assert scrolls
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in scrolls)


def test_identifiers_are_unique() -> None:
    found = [str(attributes["id"]) for _, attributes in outline().seen if "id" in attributes]
    assert len(found) == len(set(found))


def test_every_finding_is_told_with_its_remedy() -> None:
    for finding in FULL.findings:
        for text in (finding.message, finding.advice, finding.meaning, finding.code):
            assert str(escape(text)) in TEXT
        assert f'<span class="badge {finding.severity}">{finding.severity}</span>' in TEXT


def test_the_numbers_of_a_column_come_from_the_analysis() -> None:
    group = groups_of(FULL)[2]
    cells = [cell for cell in group.cells if cell.value("server.pss_peak") is not None]
    scale = choose_scale([cell.value("server.pss_peak") for cell in cells], SIZES)
    section = TEXT.split('id="condition-3"')[1].split('id="condition-4"')[0]
    assert cells
    for cell in cells:
        found = cell.estimates["server.pss_peak"]
        assert found.value is not None
        assert f"{number(found.value / scale.factor)}<span" in section
        assert interval(found.low, found.high, scale) in section


def test_invalid_numbers_are_struck_out() -> None:
    section = TEXT.split('id="condition-2"')[1].split('id="condition-3"')[0]
    rows = [row for row in section.split("<tr>") if "postgres-sync" in row]
    assert len(rows) == 6
    for row in rows:
        bare = re.sub(r"<s>.*?</s>", "", row)
        assert "<s>postgres-sync</s>" in row
        assert "[" not in bare
    assert str(escape(f"must not be used: {synthetic.INVALID}")) in section


def test_unsupported_is_shown_with_class_and_text() -> None:
    matrix = TEXT.split('<section id="loops">')[1].split("</section>")[0]
    assert '<span class="badge unsupported">unsupported</span>' in matrix
    assert str(escape(f"InterfaceError: {synthetic.NASTY}")) in matrix
    assert "proactor (emulated)" in matrix


def test_what_cannot_be_estimated_has_its_reason_at_hand() -> None:
    assert "not estimable" in TEXT
    assert f'<sup title="{synthetic.WHY_NOT}">' in TEXT


def test_a_subject_with_an_invalid_cell_has_no_tick() -> None:
    text = html(synthetic.with_invalid_entry(FULL, "memory"))
    matrix = text.split('<section id="loops">')[1].split("</section>")[0]
    (row,) = [row for row in matrix.split("<tr>") if "memory" in row]
    assert '<span class="badge invalid">✗ invalid</span>' in row
    assert "✓" not in row


@pytest.mark.parametrize(
    ("analysis", "is_told"),
    [(synthetic.nothing_measured(), True), (synthetic.nothing_at_all(), False)],
)
def test_where_no_saver_was_timed_nothing_is_said_of_loops(
    analysis: Analysis, *, is_told: bool
) -> None:
    anchors = [section.anchor for section in Report(analysis).page.sections]
    assert ("loops" in anchors) is is_told
