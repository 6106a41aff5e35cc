"""The table that tells how the window went, and the warm-up beside it."""

from __future__ import annotations

from dataclasses import replace

from bench.analysis.result import Analysis
from bench.report.groups import Group, groups_of
from bench.report.ratios import ratio_tables
from bench.report.table import Table
from bench.report.tables.cells import group_tables, operations_of
from bench.scenario.metric import METRICS, RESPONSE_GROWTH, time_metric
from bench.stats.steadiness import Drift
from tests.unit.reporters import synthetic

TITLE = "Steadiness, and the warm-up apart"


LEVEL = Drift(change=0.01, trials=5, p_value=0.8, is_systematic=False)
RISEN = Drift(change=0.3, trials=5, p_value=0.001, is_systematic=True)


def told(drifts: dict[str, Drift]) -> tuple[Analysis, Group]:
    """One condition whose cells have a warm-up, growth, and a wait in two parts."""
    full = synthetic.full_analysis()
    metrics = {
        METRICS["warmup.operations"].metric: 40.0,
        METRICS["warmup.cycle.response.p50"].metric: 9e6,
        RESPONSE_GROWTH: 2e4,
        time_metric("cycle", "lag", "p50"): 1e5,
        time_metric("cycle", "queueing", "p50"): 3e5,
    }
    more = {metric.name: synthetic.estimate(metric, value) for metric, value in metrics.items()}
    cells = tuple(
        replace(cell, drifts=drifts, estimates={**cell.estimates, **more})
        for cell in full.cells
        if cell.estimates
    )
    analysis = replace(full, cells=cells)
    return analysis, groups_of(analysis)[0]


def table(group: Group, title: str = TITLE) -> Table:
    return next(each for each in group_tables(group) if each.title.startswith(title))


def columns(of: Table) -> list[str]:
    return [column.full_name.partition(" (")[0] for column in of.columns]


def test_drifts_growth_and_warm_up_stand_together() -> None:
    shown = table(told({"put.response": LEVEL})[1])
    first = "second ÷ first half of the window"
    expected = [first, "put response growth", "warmup operations", "warmup cycle response p50"]
    assert columns(shown)[2:] == expected
    assert shown.rows[0].entries[2].text == "put.response 1.01"
    assert shown.rows[0].entries[2].note == ""


def test_an_inconclusive_cell_says_why() -> None:
    shown = table(told({"put.response": RISEN, "throughput": LEVEL})[1])
    entry = shown.rows[0].entries[2]
    assert entry.text == "put.response 1.3, throughput 1.01"
    assert entry.note.startswith("inconclusive: put.response rose by 30 % from the first half")


def test_they_stand_nowhere_else() -> None:
    _, group = told({})
    names = [name for each in group_tables(group) if each.title != TITLE for name in columns(each)]
    assert [name for name in names if "warmup" in name or "growth" in name] == []


def test_the_warm_up_is_no_operation() -> None:
    names = ["warmup.cycle.response.p50", "cycle.lag.p50", "put.response.p50"]
    assert operations_of(names) == ("put", "cycle")


def test_the_parts_of_the_wait_stand_beside_it() -> None:
    shown = columns(table(told({})[1], "A whole cycle"))
    assert [name for name in shown if name.startswith(("queueing", "lag"))] == [
        "queueing time p50",
        "lag time p50",
    ]


def test_an_unsteady_comparison_says_why() -> None:
    analysis, _ = told({})
    moving = [replace(c, outcome="unresolved", unsteady="b: moved") for c in analysis.comparisons]
    changed = replace(analysis, comparisons=tuple(moving))
    tables = ratio_tables(changed, groups_of(changed))
    texts = {row.entries[-1].text for each in tables for row in each.rows}
    assert {text for text in texts if not text.startswith("must not be used")} == {"b: moved"}
