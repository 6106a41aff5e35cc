"""Comparisons in every form: outcome, minimum detectable effect, false alarms of the A/A arms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.result import (
    Comparison,
    ComparisonOutcome,
    FalseAlarms,
    Reason,
)
from bench.report.comparison_tables import detectable, false_alarms_in_words
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import console, csv_rows, html, markdown

FULL = synthetic.full_analysis()
ALARMS = FalseAlarms(compared=12, different=3, by_chance=0.05, p_value=0.02)


def outcome(of: ComparisonOutcome) -> tuple[Comparison, ...]:
    return tuple(replace(each, outcome=of) for each in FULL.comparisons)


def test_the_minimum_detectable_effect_stands_beside_every_ratio() -> None:
    comparison = FULL.comparisons[0]
    comparison = replace(comparison, effect=replace(comparison.effect, detectable_factor=1.1234))

    assert detectable(comparison) == "MDE 1.12"
    without = replace(comparison, effect=replace(comparison.effect, detectable_factor=None))
    assert detectable(without) == ""
    assert markdown(FULL).count("MDE 1.2") == len(FULL.comparisons)


def test_equivalent_is_an_outcome_of_its_own() -> None:
    analysis = replace(FULL, comparisons=outcome("equivalent"))
    page = html(analysis)

    assert markdown(analysis).count("MDE 1.2 equivalent") == len(FULL.comparisons)
    assert '<span class="badge equivalent">equivalent</span>' in page
    assert "≈" in console(analysis).partition("A = ")[0]


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
    assert "A/A ratios called different" in markdown(analysis)
    assert words in markdown(analysis)
    assert words in html(analysis)
    assert words in console(analysis).splitlines()[0]
    assert "A/A ratios" not in console(FULL).splitlines()[0]


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
