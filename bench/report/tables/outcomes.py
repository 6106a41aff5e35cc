"""What runs where, what the checks say, which thresholds are met, and which rates are sustained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.analysis.checks import conformance_in_words, crash_in_words, failed_in_words
from bench.analysis.result import (
    Analysis,
    Capacity,
    FalseAlarms,
    MatrixEntry,
    ThresholdOutcome,
    ThresholdResult,
)
from bench.analysis.summary import NOT_PLANNED
from bench.report import words
from bench.report.groups import loop_text
from bench.report.table import Badge, Column, Entry, Table, table
from bench.report.text import shortened
from bench.scenario.metric import Metric
from bench.scenario.quantity import (
    ABSENT,
    DURATIONS,
    NUMBERS,
    Scale,
    choose_scale,
    interval,
    number,
    scaled,
    scales_of,
    with_unit,
)

# The gravest first.
THRESHOLD_SIGNS: dict[ThresholdOutcome, tuple[str, Badge]] = {
    "invalid": ("✗ INVALID", "failed"),
    "broken": ("✗ BROKEN", "failed"),
    "no data": ("✗ NO DATA", "failed"),
    "not shown": ("? not shown", "partly"),
    "met": ("✓ met", "measured"),
}
# A failure can have pages to say; analysis.json and the list of what was not measured have all.
_LONGEST_REASON = 200


# ---------------------------------------------------------------------------------------- matrix


def matrix_table(analysis: Analysis) -> Table:
    """Return subjects by loops: what can run where, and why not."""
    by_place = {(entry.subject, entry.loop): entry for entry in analysis.matrix}
    kinds = {entry.loop: entry.loop_kind for entry in analysis.matrix if entry.loop_kind}
    rows = []
    for subject in analysis.subjects:
        entries = [Entry(subject, analysis.subject_texts.get(subject, ""), badge="subject")]
        for loop in analysis.loops:
            present = by_place.get((subject, loop))
            if present is None or present.reason == NOT_PLANNED:
                entries.append(Entry(NOT_PLANNED, badge="absent"))
            else:
                entries.append(Entry(sign(present), present.reason, badge=_badge(present)))
        rows.append(entries)
    columns = ("subject", *(loop_text(loop, kinds.get(loop, "")) for loop in analysis.loops))
    return table("", columns, rows, words.MATRIX)


def sign(entry: MatrixEntry) -> str:
    """Return in a word or a sign whether a subject runs on a loop."""
    return words.INVALID_SIGN if entry.is_invalid else words.STATUS_SIGNS[entry.status]


def _badge(entry: MatrixEntry) -> Badge:
    return "invalid" if entry.is_invalid else entry.status


def checks_table(analysis: Analysis) -> Table:
    """Return what was checked of each subject before anything was timed."""
    rows = []
    for subject, check in analysis.checks.items():
        failed = [f"✗ {failed_in_words(each)}" for each in check.conformance.failed]
        conformance = "\n".join((conformance_in_words(check.conformance), *failed))
        crash = "\n".join((crash_in_words(check.crash), *check.crash.problems[:1]))
        rows.append((subject, conformance, crash))
    columns = ("subject", "conformance", "crash")
    return table("", columns, rows, words.CHECKS, look="plain")


def false_alarms_in_words(alarms: FalseAlarms | None) -> str:
    """Write how many A/A ratios were called different, or nothing where there are none."""
    if alarms is None:
        return ""
    share, expected = (f"{number(100.0 * each)} %" for each in (alarms.share, alarms.by_chance))
    return f"{alarms.different} of {alarms.compared} ({share}; {expected} by chance)"


# ------------------------------------------------------------------------------------ thresholds


def threshold_tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return one table, what is not met first, or none where the scenario has no threshold."""
    if not analysis.thresholds:
        return ()
    columns = ("outcome", "requirement", "cell", "figure", "reason")
    title = f"Thresholds: {thresholds_in_words(analysis.thresholds)}"
    rows = map(_threshold_row, gravest_first(analysis.thresholds))
    return (table(title, columns, rows, words.THRESHOLDS),)


def _threshold_row(result: ThresholdResult) -> tuple[Entry | str, ...]:
    outcome, badge = THRESHOLD_SIGNS[result.outcome]
    text, between = threshold_figure(result)
    is_struck = result.outcome == "invalid" and result.value is not None
    return (
        Entry(outcome, badge=badge),
        required(result),
        result.cell,
        Entry(text, between, struck=is_struck),
        shortened(result.reason, _LONGEST_REASON),
    )


def gravest_first(results: Sequence[ThresholdResult]) -> list[ThresholdResult]:
    """Sort by outcome, the gravest first; within one as in the scenario."""
    order = list(THRESHOLD_SIGNS)
    return sorted(results, key=lambda result: order.index(result.outcome))


def thresholds_in_words(results: Sequence[ThresholdResult]) -> str:
    """Return ``12 of 14 met, 1 broken, 1 no data``."""
    counts = Counter(result.outcome for result in results)
    others = (each for each in THRESHOLD_SIGNS if each in counts and each != "met")
    parts = (
        f"{counts['met']} of {len(results)} met",
        *(f"{counts[each]} {each}" for each in others),
    )
    return ", ".join(parts)


def required(result: ThresholdResult) -> str:
    """Return the requirement, the baseline meant, and whether its whole interval must meet it."""
    baseline = f" ({result.baseline})" if result.baseline else ""
    whole = ", the whole interval" if result.confidence == "interval" else ""
    return f"{result.requirement}{baseline}{whole}"


def threshold_figure(result: ThresholdResult) -> tuple[str, str]:
    """Return the figure with its unit, and its interval."""
    if result.value is None:
        return (ABSENT, "")
    scale = _scale(result)
    text = with_unit(scaled(result.value, scale), scale)
    return (text, interval(result.low, result.high, scale))


def _scale(result: ThresholdResult) -> Scale:
    if result.baseline:
        return NUMBERS[0]
    metric = Metric(result.metric, result.unit, "neither", "")
    return choose_scale([result.value], scales_of(metric))


# ------------------------------------------------------------------------------------ capacities


def capacity_tables(analysis: Analysis) -> tuple[Table, ...]:
    """Return what a search for the highest rate found, the highest first, or no table."""
    if not analysis.capacities:
        return ()
    ordered = sorted(analysis.capacities, key=lambda capacity: -(capacity.rate_per_s or 0.0))
    scale = choose_scale((capacity.value for capacity in ordered), DURATIONS)
    columns = (
        *("subject", "durability", "condition", "loop", "objective"),
        Column("highest rate", unit="/s", tip="the highest of the rates tried that meets it"),
        Column("there", unit=scale.name, tip="the metric in trials that had no part in the choice"),
        "outcome",
    )
    title = "The highest rate that meets the objective"
    rows = (tuple(_capacity_row(capacity, scale)) for capacity in ordered)
    return (table(title, columns, rows, words.SEARCH),)


def _capacity_row(capacity: Capacity, scale: Scale) -> Iterator[Entry | str]:
    rate = ABSENT if capacity.rate_per_s is None else number(capacity.rate_per_s)
    yield Entry(capacity.subject, badge="subject")
    yield capacity.durability.value
    yield f"{capacity.workload}, {capacity.payload}, {capacity.search}"
    yield capacity.loop
    yield capacity.objective
    yield f"≥ {rate}" if capacity.is_highest_tried and capacity.rate_per_s is not None else rate
    yield Entry(scaled(capacity.value, scale), interval(capacity.low, capacity.high, scale))
    yield capacity.outcome
