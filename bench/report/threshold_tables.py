"""Whether the thresholds of the scenario are met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.analysis.result import Analysis, ThresholdOutcome, ThresholdResult
from bench.report import words as _words
from bench.report.format import (
    ABSENT,
    NUMBERS,
    Scale,
    choose_scale,
    interval,
    scaled,
    scales_of,
    shortened,
)
from bench.report.table import Entry, Row, Section, Table, text_columns
from bench.scenario.metric import Metric

SIGNS: dict[ThresholdOutcome, str] = {
    "invalid": "✗ INVALID",
    "broken": "✗ BROKEN",
    "no data": "✗ NO DATA",
    "not shown": "? not shown",
    "met": "✓ met",
}
# A failure can have pages to say; analysis.json and the list of what was not measured have all.
_LONGEST_REASON = 200
# Kinds of emphasis that every form of the report knows.
_BADGES: dict[ThresholdOutcome, str] = {
    "invalid": "failed",
    "broken": "failed",
    "no data": "failed",
    "not shown": "partly",
    "met": "measured",
}


def threshold_tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return one table, what is not met first, or none where the scenario has no threshold."""
    if not analysis.thresholds:
        return ()
    columns = text_columns("outcome", "requirement", "of", "cell", "figure", "reason")
    rows = tuple(
        Row(
            (
                Entry(SIGNS[result.outcome], badge=_BADGES[result.outcome]),
                Entry(required(result)),
                Entry(figure_name(result)),
                Entry(result.cell),
                _figure(result),
                Entry(shortened(result.reason, _LONGEST_REASON)),
            )
        )
        for result in gravest_first(analysis.thresholds)
    )
    title = f"Thresholds: {counted(analysis.thresholds)}"
    return (Table(title, columns, (Section("", rows),), _words.THRESHOLDS),)


def gravest_first(results: Sequence[ThresholdResult]) -> list[ThresholdResult]:
    """Sort by outcome, the gravest first; within one as in the scenario."""
    order = list(SIGNS)
    return sorted(results, key=lambda result: order.index(result.outcome))


def counted(results: Sequence[ThresholdResult]) -> str:
    """Return ``12 of 14 met, 1 broken, 1 no data``."""
    counts = Counter(result.outcome for result in results)
    others = [f"{counts[outcome]} {outcome}" for outcome in SIGNS if outcome in counts]
    return ", ".join(
        [f"{counts['met']} of {len(results)} met", *(o for o in others if not o.endswith(" met"))]
    )


def required(result: ThresholdResult) -> str:
    """Return the requirement, and whether its whole interval must meet it."""
    whole = ", the whole interval" if result.confidence == "interval" else ""
    return result.requirement + whole


def figure_name(result: ThresholdResult) -> str:
    """Return the metric, and the baseline that it is divided by."""
    return f"{result.metric} ÷ {result.baseline}" if result.baseline else result.metric


def figure_text(result: ThresholdResult) -> tuple[str, str]:
    """Return the figure with its unit, and its interval."""
    scale = _scale(result)
    if result.value is None:
        return (ABSENT, "")
    text = f"{scaled(result.value, scale)} {scale.name}".rstrip()
    return (text, interval(result.low, result.high, scale))


def _figure(result: ThresholdResult) -> Entry:
    text, between = figure_text(result)
    return Entry(text, between, struck=result.outcome == "invalid" and result.value is not None)


def _scale(result: ThresholdResult) -> Scale:
    if result.baseline:
        return NUMBERS[0]
    metric = Metric(result.metric, result.unit, "neither", "")
    return choose_scale([result.value], scales_of(metric))
