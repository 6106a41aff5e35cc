"""Candidate against baseline, inside blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bench.analysis._comparison_pairs import (
    Axis,
    compared_pairs,
    is_comparable,
    same_durability,
)
from bench.analysis.compared import compared_metrics
from bench.analysis.comparison_result import Cause, Comparison, ComparisonOutcome
from bench.analysis.multiplicity import LEVEL, adjust
from bench.analysis.result import Cell
from bench.analysis.summary import CellEvidence
from bench.scenario.metric import Metric
from bench.scenario.scenario import Scenario
from bench.stats.effects import Effect, effect
from bench.stats.quantiles import CONFIDENCE
from bench.stats.resampling import hierarchical_interval

_Place = tuple[tuple[str, str, str, str], str, str]


def compare(scenario: Scenario, cells: Sequence[CellEvidence]) -> tuple[Comparison, ...]:
    """Compare every cell with its baseline in every metric that both have.

    A comparison is ``better`` or ``worse`` only if its whole interval lies on one side of 1, and

    - every planned block gave a ratio. A block drops out where a trial failed or had too few
      operations for the quantile: that hits slow trials first, and the ratio of the rest is biased.
    - the metric is not inconclusive on either side since it drifted in the trials' windows
      (``Cell.unsteady_because``): what such a trial gives depends on how long it lasted.
    - its ratio departs from 1 by more than :func:`noise_factors` of its metric. A few blocks that
      happen to agree give an interval narrower than what the machine does to two equal arms.
    - its p-value, allowing for all that are read with it, is at most 5 %
      (``bench.analysis.multiplicity``).
    - for the ratio of a tail quantile, the interval that resamples the operations inside trials
      lies on the same side of 1 (``bench.stats.resampling``).

    It is ``equivalent`` if the first two hold and two one-sided tests show that the ratio departs
    from 1 by less than the scenario's ``smallest_effect``, with the ratio moved by the noise
    factor, and a tail's resampled interval, inside these bounds as well. That goes before better
    and worse: what is shown to differ by less than anybody cares for is equivalent. No allowance is
    made for how many are read with it: a false one needs a ratio at the very bounds.

    A/A ratios are what the noise is measured by: nothing is allowed for in them.
    """
    found = [
        made
        for baseline, candidate, axis in compared_pairs(scenario, cells)
        for metric in _metrics(scenario, baseline, candidate)
        for made in _compare(metric, baseline, candidate, axis)
    ]
    noise = noise_factors(comparison for comparison, _ in found)
    by_place = {(e.cell.condition, e.cell.loop, e.cell.subject): e.cell for e in cells}
    compared = adjust(scenario, found)
    return tuple(
        _judged(
            replace(
                comparison,
                noise_factor=1.0 if comparison.is_aa else noise.get(comparison.metric.name, 1.0),
                smallest_effect=scenario.smallest_effect,
                reason=_unsteady_sides(comparison, by_place),
            ),
            of_blocks,
        )
        for comparison, (_, of_blocks) in zip(compared, found, strict=True)
    )


def noise_factors(comparisons: Iterable[Comparison]) -> dict[str, float]:
    """Return, by metric name, the largest factor (≥ 1) by which an A/A ratio departs from 1.

    Over all conditions and loops. The same subject measured twice has no difference to show, so
    what it shows is the size of the noise.
    """
    largest: dict[str, float] = {}
    for comparison in comparisons:
        if comparison.is_aa:
            name = comparison.metric.name
            largest[name] = max(largest.get(name, 1.0), _departure(comparison.ratio))
    return largest


def _departure(ratio: float) -> float:
    return max(ratio, 1.0 / ratio)


def _judged(comparison: Comparison, found: Effect) -> Comparison:
    if _is_equivalent(comparison, found):
        return replace(comparison, outcome="equivalent")
    cause = _cause(comparison)
    if cause:
        return replace(comparison, outcome="unresolved", cause=cause)
    return replace(comparison, outcome=_outcome(comparison))


def _is_equivalent(comparison: Comparison, found: Effect) -> bool:
    if comparison.lacks_blocks or comparison.reason:
        return False
    most = 1.0 + comparison.smallest_effect
    if not found.is_equivalent(comparison.smallest_effect):
        return False
    tail_low, tail_high = comparison.tail_low or 1.0, comparison.tail_high or 1.0
    is_beyond_noise = _departure(comparison.ratio) * comparison.noise_factor < most
    return is_beyond_noise and 1.0 / most < tail_low and tail_high < most


def _cause(comparison: Comparison) -> Cause:
    """Return the first thing that keeps ``comparison`` from being resolved."""
    if comparison.lacks_blocks:
        return "blocks"
    if comparison.reason:
        return "unsteady"
    if not comparison.excludes_one:
        return "interval"
    if comparison.noise_factor > 1.0 and _departure(comparison.ratio) <= comparison.noise_factor:
        return "noise"
    if comparison.adjusted_p is not None and comparison.adjusted_p > LEVEL:
        return "many comparisons"
    return "tail" if comparison.tail_disagrees else ""


def _outcome(comparison: Comparison) -> ComparisonOutcome:
    if comparison.metric.better == "neither":
        return "unresolved"
    is_more = comparison.ratio > 1.0
    return "better" if is_more == (comparison.metric.better == "higher") else "worse"


def _unsteady_sides(comparison: Comparison, cells: Mapping[_Place, Cell]) -> str:
    is_loop = comparison.axis == "loop"
    return "; ".join(
        f"{side}: {because}"
        for side in (comparison.candidate, comparison.baseline)
        for place in [
            (comparison.condition, side, comparison.subject)
            if is_loop
            else (comparison.condition, comparison.loop, side)
        ]
        if (because := cells[place].unsteady_because(comparison.metric.name))
    )


def _metrics(
    scenario: Scenario, baseline: CellEvidence, candidate: CellEvidence
) -> Iterator[Metric]:
    for name in compared_metrics(scenario):
        estimate = candidate.cell.estimates.get(name)
        has_both = estimate is not None and name in baseline.cell.estimates
        if estimate and has_both and is_comparable(scenario, name, baseline, candidate):
            yield estimate.metric


def _compare(
    metric: Metric, baseline: CellEvidence, candidate: CellEvidence, axis: Axis
) -> Iterator[tuple[Comparison, Effect]]:
    """Yield the comparison, its outcome still open, if any block has both sides."""
    under = baseline.values.get(metric.name, {})
    over = candidate.values.get(metric.name, {})
    blocks = [
        block for block in over if block in under and over[block] > 0.0 and under[block] > 0.0
    ]
    if not blocks:
        return
    found = effect([over[block] for block in blocks], [under[block] for block in blocks])
    tail_low, tail_high = _of_tail(metric.name, baseline, candidate, blocks)
    is_subject = axis == "subject"
    compared = Comparison(
        metric=metric,
        axis=axis,
        baseline=baseline.cell.subject if is_subject else baseline.cell.loop,
        candidate=candidate.cell.subject if is_subject else candidate.cell.loop,
        condition=candidate.cell.condition,
        loop=candidate.cell.loop,
        subject=candidate.cell.subject,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        confidence=CONFIDENCE,
        blocks=len(blocks),
        method=found.method,
        outcome="unresolved",
        same_durability=same_durability(baseline.cell, candidate.cell),
        is_aa=is_subject and candidate.cell.aa_of == baseline.cell.subject,
        blocks_planned=min(baseline.planned, candidate.planned),
        detectable_factor=found.detectable_factor,
        tail_low=tail_low,
        tail_high=tail_high,
    )
    yield compared, found


def _of_tail(
    name: str, baseline: CellEvidence, candidate: CellEvidence, blocks: Sequence[str]
) -> tuple[float, float] | tuple[None, None]:
    over, under = (side.replicates.get(name, {}) for side in (candidate, baseline))
    if len(blocks) < 2 or not all(block in over and block in under for block in blocks):
        return None, None
    ratios = [candidate.values[name][block] / baseline.values[name][block] for block in blocks]
    return hierarchical_interval(
        ratios,
        np.stack([over[block] for block in blocks]),
        np.stack([under[block] for block in blocks]),
    )
