"""Comparisons in every form: the map, each ratio, false alarms of the A/A arms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.result import Analysis, Comparison, ComparisonOutcome, FalseAlarms, Reason
from bench.report.groups import groups_of
from bench.report.ratios import (
    invalid_because,
    ratio_anchor,
    ratio_maps,
    ratio_tables,
    trials_table,
)
from bench.report.table import Entry
from bench.report.tables.outcomes import false_alarms_in_words
from bench.report.text import plain, spans
from bench.scenario.quantity import number
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import csv_rows, html, markdown

FULL = synthetic.full_analysis()
ALARMS = FalseAlarms(compared=12, different=3, by_chance=0.05, p_value=0.02)


def outcome(of: ComparisonOutcome) -> tuple[Comparison, ...]:
    return tuple(replace(each, outcome=of) for each in FULL.comparisons)


def places(analysis: Analysis) -> list[Entry]:
    maps, _ = ratio_maps(analysis)
    return [entry for each in maps for row in each.rows for entry in row.entries if entry.detail]


def test_a_map_has_every_ratio_of_the_question_at_equal_durability() -> None:
    shown = [
        each
        for each in FULL.comparisons
        if each.metric.name in FULL.answer.metrics
        and each.condition[0] in FULL.answer.sweeps
        and each.same_durability
        and not each.is_aa
        and not invalid_because(each)
    ]

    assert shown
    assert len(places(FULL)) == len(shown)
    assert {entry.anchor for entry in places(FULL)} == {ratio_anchor(each) for each in shown}


@pytest.mark.parametrize(
    ("said", "is_open"),
    [("better", False), ("worse", False), ("equivalent", False), ("unresolved", True)],
)
def test_what_is_not_shown_has_a_question_mark_and_is_hatched(
    said: ComparisonOutcome, is_open: bool
) -> None:
    found = places(replace(FULL, comparisons=outcome(said)))

    assert {entry.is_open for entry in found} == {is_open}
    assert {entry.text.endswith("?") for entry in found} == {is_open}
    if said == "equivalent":
        assert {entry.text for entry in found} == {"within 10 %"}


def test_of_two_blocks_the_range_is_told_and_nothing_is_shown() -> None:
    few = tuple(
        replace(
            each,
            ratios={0: 1.2, 1: 1.5},
            effect=replace(each.effect, blocks=2),
            outcome="unresolved",
        )
        for each in FULL.comparisons
    )
    found = places(replace(FULL, comparisons=few))

    assert {entry.detail for entry in found} == {"range 1.2 – 1.5"}
    assert all(entry.is_open for entry in found)


def test_each_ratio_of_a_primary_metric_has_its_blocks_and_leads_to_its_trials() -> None:
    tables = ratio_tables(FULL, groups_of(FULL))
    rows = {row.anchor: row for each in tables for row in each.rows}
    anchors = {row.anchor for row in trials_table(FULL, groups_of(FULL)).rows}

    assert len(rows) == len(FULL.comparisons)
    for each in FULL.comparisons:
        row = rows[ratio_anchor(each)]
        assert plain(row.entries[7].text) == "  ".join([number(each.effect.ratio)] * 5)
        led_to = {look[1:] for look, _ in spans(row.entries[7].text) if look}
        assert len(led_to) == 5
        assert {row.entries[0].anchor, row.entries[1].anchor, *led_to} <= anchors


@pytest.mark.parametrize(
    ("cause", "note"),
    [("many comparisons", "chance gives among so many"), ("tail", "resampled does not")],
)
def test_a_footnote_says_why_an_interval_beside_one_is_no_difference(
    cause: Reason, note: str
) -> None:
    comparisons = tuple(
        replace(each, outcome="unresolved", cause=cause) for each in FULL.comparisons
    )

    assert note in markdown(replace(FULL, comparisons=comparisons))
    assert note not in markdown(FULL)


def test_the_false_alarms_are_told() -> None:
    analysis = replace(FULL, false_alarms=ALARMS)
    words = "3 of 12 (25 %; 5 % by chance)"

    assert false_alarms_in_words(ALARMS) == words
    assert false_alarms_in_words(None) == ""
    assert words in markdown(analysis)
    assert words in html(analysis)


def test_every_comparison_has_a_line_of_its_own_unrounded() -> None:
    rows = csv_rows(FULL, "comparisons.csv")

    assert len(rows) == len(FULL.comparisons)
    for row, comparison in zip(rows, FULL.comparisons, strict=True):
        names = (row["candidate"], row["baseline"], row["metric"], row["outcome"])
        assert names == (
            comparison.candidate,
            comparison.baseline,
            comparison.metric.name,
            comparison.outcome,
        )
        assert float(row["ratio"]) == comparison.effect.ratio
        assert float(row["detectable_factor"]) == 1.2
        assert (row["sweep"], row["adjusted_p"]) == (comparison.condition[0], "")
