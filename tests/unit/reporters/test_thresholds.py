"""Thresholds in every report: counted at the top, what is not met first."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import pytest
from pydantic import TypeAdapter

from bench.analysis.result import ThresholdOutcome, ThresholdResult
from bench.report.tables.outcomes import THRESHOLD_SIGNS, threshold_tables
from bench.reporters.console import WIDTH
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import console, html, json_text, markdown

FULL = synthetic.full_analysis()
CELL = FULL.cells[0].name
MET = ThresholdResult(
    threshold=0,
    requirement="put.response.p99 < 20 ms",
    confidence="estimate",
    cell=CELL,
    metric="put.response.p99",
    unit="ns",
    baseline="",
    outcome="met",
    value=12.3e6,
    low=11e6,
    high=14e6,
    bounds=(("<", 20e6),),
    reason="",
)
BROKEN = replace(MET, outcome="broken", value=31.2e6, low=29e6, high=34e6)
NO_DATA = replace(
    MET, outcome="no data", value=None, low=None, high=None, reason=f"failed, {synthetic.NASTY}"
)
NOT_SHOWN = replace(
    MET,
    requirement="put.response.p50 <= 1.1 x baseline",
    confidence="interval",
    metric="put.response.p50",
    unit="ratio",
    baseline="postgres",
    outcome="not shown",
    value=1.04,
    low=0.95,
    high=1.21,
    bounds=(("<=", 1.1),),
    reason="the interval reaches beyond the limit",
)
SHARE = replace(
    MET,
    requirement="errors == 0",
    metric="errors",
    unit="ratio",
    outcome="invalid",
    value=0.0021,
    low=0.0,
    high=0.004,
    bounds=(("==", 0.0),),
    reason="3 acknowledged checkpoints were lost",
)
ALL = replace(FULL, thresholds=(MET, NOT_SHOWN, SHARE, NO_DATA, BROKEN))
COUNTED = "1 of 5 met, 1 invalid, 1 broken, 1 no data, 1 not shown"


def test_without_thresholds_no_report_speaks_of_them() -> None:
    assert threshold_tables(FULL) == ()
    for text in (console(FULL), markdown(FULL), html(FULL)):
        assert "Thresholds" not in text


def test_the_gravest_stands_first() -> None:
    (table,) = threshold_tables(ALL)

    assert table.title == f"Thresholds: {COUNTED}"
    signs = [sign for sign, _ in THRESHOLD_SIGNS.values()]
    assert [row.entries[0].text for row in table.rows] == signs


def test_figures_have_their_units() -> None:
    (table,) = threshold_tables(ALL)
    figures = {row.entries[0].text: row.entries[3] for row in table.rows}

    assert {sign: (each.text, each.detail) for sign, each in figures.items()} == {
        "✗ INVALID": ("0.21 %", "[0, 0.4]"),
        "✗ BROKEN": ("31.2 ms", "[29, 34]"),
        "✗ NO DATA": ("–", ""),
        "? not shown": ("1.04", "[0.95, 1.21]"),
        "✓ met": ("12.3 ms", "[11, 14]"),
    }
    assert [sign for sign, each in figures.items() if each.struck] == ["✗ INVALID"]


def test_a_ratio_names_its_baseline_and_the_confidence() -> None:
    (table,) = threshold_tables(ALL)
    row = next(row for row in table.rows if row.entries[0].text == THRESHOLD_SIGNS["not shown"][0])

    assert [entry.text for entry in row.entries[1:3]] == [
        "put.response.p50 <= 1.1 x baseline (postgres), the whole interval",
        CELL,
    ]


def test_markdown_has_the_count_at_the_top_and_the_table() -> None:
    text = markdown(ALL)

    assert f"## Thresholds: {COUNTED}" in text
    assert "| ✗ BROKEN | put.response.p99 &lt; 20 ms |" in text


@pytest.mark.parametrize(
    ("outcome", "badge"),
    [("broken", "failed"), ("no data", "failed"), ("not shown", "partly"), ("met", "measured")],
)
def test_an_outcome_in_html_has_its_colour(outcome: ThresholdOutcome, badge: str) -> None:
    text = unescape(html(replace(FULL, thresholds=(replace(MET, outcome=outcome),))))
    sign, _ = THRESHOLD_SIGNS[outcome]
    assert f'<span class="badge {badge}">{sign}</span>' in re.sub(r"\s+", " ", text)


def test_the_screen_tells_what_is_not_met_and_why() -> None:
    lines = console(ALL).splitlines()

    assert f"Thresholds: {COUNTED}" in lines
    at = lines.index(f"Thresholds: {COUNTED}")
    signs = [sign for sign, _ in THRESHOLD_SIGNS.values()]
    told = [line.split(" put")[0].split(" errors")[0] for line in lines[at + 1 :]]
    assert [line for line in told if line in signs] == [
        "✗ INVALID",
        "✗ BROKEN",
        "✗ NO DATA",
        "? not shown",
    ]
    broken = f"✗ BROKEN put.response.p99 < 20 ms: 31.2 ms [29, 34], {CELL}"
    assert broken in " ".join(" ".join(lines).split())
    assert not any("✓ met" in line for line in lines)


def test_many_of_them_leave_one_screen() -> None:
    lines = console(replace(FULL, thresholds=(BROKEN,) * 40)).splitlines()

    assert "… and 35 more: see the report" in lines
    assert max(map(len, lines)) <= WIDTH


def test_json_has_every_field() -> None:
    document = json.loads(json_text(ALL))
    read = TypeAdapter(tuple[ThresholdResult, ...]).validate_python(document["thresholds"])

    assert read == ALL.thresholds
