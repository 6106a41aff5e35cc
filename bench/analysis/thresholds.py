"""Thresholds of a scenario × the cells that they select → met, or why not.

The figure is the estimate over trials; of a relative requirement it is the ratio to the baseline
inside blocks (``bench.analysis.comparison``). Everything fails closed: what is not known to be met
is not met.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.cell import Cell
from bench.analysis.comparison import baselines_among, heeded, is_due, widened
from bench.analysis.estimation import LOWER_BOUND
from bench.analysis.result import Analysis, Comparison, ThresholdOutcome, ThresholdResult
from bench.scenario.family import baselines_of
from bench.scenario.limits.limit import Limit
from bench.scenario.metric import Unit, rests_on_success
from bench.scenario.scenario import Confidence


@dataclass(frozen=True, slots=True)
class _Figure:
    """What is judged; ``doubt`` says why its interval shows nothing, ``note`` what else to know.

    ``shown`` is the interval where noise or a tail makes it wider.
    """

    unit: Unit
    value: float | None = None
    low: float | None = None
    high: float | None = None
    shown: tuple[float, float] | None = None
    is_lower_bound: bool = False
    doubt: str = ""
    note: str = ""
    baseline: str = ""


def judge_thresholds(analysis: Analysis) -> tuple[ThresholdResult, ...]:
    """Put every requirement to every cell that its threshold selects, in their order.

    A relative requirement is put to the cells that have a baseline, not to A/A arms. It has a
    result for each baseline that the cell is compared with.

    - ``met``: the figure meets the limit, and with the confidence "interval" its whole 95 %
      interval does.
    - ``broken``: the figure does not.
    - ``not shown``: the figure meets it, but the interval reaches beyond the limit or there is
      none; or only a lower bound is known, which does not settle it.
    - ``no data``: there is no figure, or planned trials or blocks are lacking: those that drop out
      are the slow ones; or so many cycles failed that the figure says little.
    - ``invalid``: the numbers of the cell must not be used.
    """
    return tuple(
        ThresholdResult(
            threshold=at,
            requirement=str(limit),
            confidence=threshold.confidence,
            cell=cell.name,
            metric=limit.metric,
            unit=figure.unit,
            baseline=figure.baseline,
            outcome=outcome,
            value=figure.value,
            low=figure.low,
            high=figure.high,
            bounds=tuple((bound.relation, bound.value) for bound in limit.bounds),
            reason=reason,
        )
        for at, threshold in enumerate(analysis.scenario.thresholds)
        for limit in threshold.require
        for cell in analysis.cells
        if threshold.selects(cell)
        for figure in _figures(analysis, limit, cell)
        for outcome, reason in [
            _judged(
                limit,
                threshold.confidence,
                figure,
                cell.told(limit.metric)[1] or analysis.invalid_by_finding(cell),
            )
        ]
    )


def _figures(analysis: Analysis, limit: Limit, cell: Cell) -> Iterator[_Figure]:
    if not limit.times:
        yield _estimated(limit, cell)
    elif not cell.aa_of and (names := baselines_of(analysis.scenario, cell.subject, cell.loop)):
        yield from _ratios(analysis, limit.metric, cell, names)


def _estimated(limit: Limit, cell: Cell) -> _Figure:
    found = cell.estimates.get(limit.metric)
    if found is None:
        return _Figure(limit.units[0], note=_without(limit.metric, cell))
    unit = found.metric.unit
    if unit not in limit.units:
        return _Figure(unit, note=f"{limit.metric} is in {unit}, which the limit is not")
    if found.value is None:
        return _Figure(unit, note=found.why_not)
    if cell.failing_because and rests_on_success(limit.metric):
        return _Figure(unit, note=cell.failing_because)
    if cell.status == "partly":
        return _Figure(unit, note=f"not every trial was measured: {cell.reason}")
    unsteady = cell.unsteady_because(limit.metric)
    return _Figure(
        unit=unit,
        value=found.value,
        low=found.low,
        high=found.high,
        is_lower_bound=found.method == LOWER_BOUND,
        doubt=unsteady or ("" if found.low is not None else found.method),
        note="; ".join(filter(None, (cell.reason, unsteady))),
    )


def _ratios(
    analysis: Analysis, metric: str, cell: Cell, baselines: Sequence[tuple[str, str]]
) -> Iterator[_Figure]:
    scenario = analysis.scenario
    sides = baselines_among(scenario, cell, analysis.cells)
    usable = [other for other in sides if other.ran]
    due = [other for other in usable if is_due(scenario, other, cell)]
    if not cell.ran or not due:
        names = " or ".join(loop if loop != cell.loop else label for label, loop in baselines)
        yield _Figure("ratio", note=_why_no_baseline(metric, cell, sides, usable), baseline=names)
        return
    found = {
        comparison.baseline_cell.name: comparison
        for comparison in analysis.comparisons
        if comparison.metric.name == metric
        and comparison.candidate_cell is cell
        and not comparison.is_aa
    }
    for other in due:
        if other.name in found:
            yield _compared(found[other.name])
        else:
            name = other.loop if other.loop != cell.loop else other.subject
            yield _Figure("ratio", note=_why_not_compared(metric, cell, other), baseline=name)


def _compared(comparison: Comparison) -> _Figure:
    if heeded(comparison, "thresholds") == "blocks":
        blocks = f"{comparison.effect.blocks} of {comparison.blocks_planned} planned blocks"
        return _Figure("ratio", note=f"only {blocks} gave a ratio", baseline=comparison.baseline)
    found = comparison.effect
    return _Figure(
        unit="ratio",
        value=found.ratio,
        low=found.low,
        high=found.high,
        shown=widened(comparison, "thresholds"),
        doubt=comparison.unsteady or ("" if found.low is not None else found.method),
        note=comparison.unsteady,
        baseline=comparison.baseline,
    )


def _judged(
    limit: Limit, confidence: Confidence, figure: _Figure, invalid: str
) -> tuple[ThresholdOutcome, str]:
    if invalid:
        return "invalid", invalid
    if figure.value is None:
        return "no data", figure.note
    # Of a lower bound all that lies above it may be the figure.
    highest = math.inf if figure.is_lower_bound else figure.value
    if limit.range.fails(figure.value, highest):
        return "broken", figure.note
    if not limit.range.holds(figure.value, highest):
        return "not shown", figure.doubt
    doubt = _doubt(limit, figure) if confidence == "interval" else ""
    return ("not shown", doubt) if doubt else ("met", figure.note)


def _doubt(limit: Limit, figure: _Figure) -> str:
    """Say why the interval does not show that the limit is met; empty where it does."""
    if figure.doubt or figure.low is None or figure.high is None:
        return figure.doubt or "there is no interval"
    if not limit.range.holds(figure.low, figure.high):
        return "the interval reaches beyond the limit"
    if figure.shown is not None and not limit.range.holds(*figure.shown):
        return "with what A/A arms or resampled tails show, the interval reaches beyond the limit"
    return ""


def _why_no_baseline(metric: str, cell: Cell, sides: Sequence[Cell], usable: Sequence[Cell]) -> str:
    if not cell.ran:
        return _without(metric, cell)
    if usable:
        return f"no baseline is of its durability class, {cell.durability.value}"
    without = (f"{side.subject} on {side.loop} is {_without(metric, side)}" for side in sides)
    return f"there is no baseline: {'; '.join(without)}"


def _why_not_compared(metric: str, cell: Cell, baseline: Cell) -> str:
    for side in (cell, baseline):
        if side.invalid_because:
            return f"{side.name} must not be used: {side.invalid_because}"
        if unusable := side.unusable_because(metric):
            return f"{side.name}: {unusable}"
        if side.value(metric) is None:
            return f"{side.name}: {_without(metric, side)}"
        if side.estimates[metric].method == LOWER_BOUND:
            return f"{side.name}: of {metric} only a lower bound is known"
    return f"no block has a ratio of {metric}"


def _without(metric: str, cell: Cell) -> str:
    if cell.ran:
        return f"{metric} was not measured"
    return f"{cell.status}, {cell.reason}"
