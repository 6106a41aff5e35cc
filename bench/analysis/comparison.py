"""Candidate against baseline, inside blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from bench.analysis.effects import Effect, effect
from bench.analysis.quantiles import CONFIDENCE
from bench.analysis.result import Cell, Comparison, ComparisonOutcome
from bench.analysis.summary import CellEvidence
from bench.spec.arrival import Open
from bench.spec.durability import Durability
from bench.spec.metric import THROUGHPUT, Metric, counts_from_its_call
from bench.spec.scenario import Scenario

# Compared besides the scenario's primary metrics, where both sides have them.
ALWAYS_COMPARED = (
    "cycle.response.p50",
    "put.response.p50",
    "put.response.p99",
    "get_tuple.response.p50",
    "get_tuple.response.p99",
    THROUGHPUT.name,
    "worker.rss_peak",
    "worker.uss_peak",
    "worker.cpu_share",
    "server.rss_peak",
    "server.pss_peak",
    "server.cpu_share",
    "stored.bytes_per_checkpoint",
)
_Axis = Literal["subject", "loop"]
_Place = tuple[tuple[str, str, str, str], str, str]


def compare(scenario: Scenario, cells: Sequence[CellEvidence]) -> tuple[Comparison, ...]:
    """Compare every cell with its baseline in every metric that both have.

    With ``baseline.subjects`` each other subject is compared with those of its durability class
    (with all of them if ``across_durability``), under the same condition and loop; a baseline that
    is listed later is itself a candidate against the earlier ones. With ``baseline.loop`` each
    other loop is compared with it, subject by subject. An A/A arm is compared with the arm that it
    repeats and with nothing else, whatever the baseline. Cells without a measurement, and invalid
    ones, are not compared.

    A comparison is resolved only if its whole interval lies on one side of 1, and

    - every planned block gave a ratio. A block drops out where a trial failed or had too few
      operations for the quantile: that hits slow trials first, and the ratio of the rest is biased.
    - neither side is inconclusive since most of its trials got faster or slower in their window
      (``Cell.unsteady_because``): what such a trial gives depends on how long it lasted.
    - its ratio departs from 1 by more than :func:`noise_factors` of its metric. A few blocks that
      happen to agree give an interval narrower than what the machine does to two equal arms.

    A/A ratios are what the noise is measured by, so they are judged by interval and blocks alone.
    """
    usable = [
        evidence
        for evidence in cells
        if evidence.cell.status in ("measured", "partly") and not evidence.cell.invalid_because
    ]
    compared = [
        comparison
        for baseline, candidate, axis in _pairs(scenario, usable)
        for metric in _metrics(scenario, baseline, candidate)
        for comparison in _compare(metric, baseline, candidate, axis)
    ]
    noise = noise_factors(compared)
    unsteady = _unsteady(usable)
    return tuple(_if_steady(_above_noise(comparison, noise), unsteady) for comparison in compared)


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


def _above_noise(comparison: Comparison, noise: Mapping[str, float]) -> Comparison:
    factor = noise.get(comparison.metric.name, 1.0)
    if comparison.is_aa or factor == 1.0:
        return comparison
    is_above = _departure(comparison.ratio) > factor
    outcome: ComparisonOutcome = comparison.outcome if is_above else "unresolved"
    return replace(comparison, noise_factor=factor, outcome=outcome)


def _unsteady(cells: Sequence[CellEvidence]) -> dict[_Place, str]:
    """Return, by condition, loop and subject, why a cell is inconclusive."""
    found = (evidence.cell for evidence in cells if evidence.cell.unsteady_because)
    return {(cell.condition, cell.loop, cell.subject): cell.unsteady_because for cell in found}


def _if_steady(comparison: Comparison, unsteady: Mapping[_Place, str]) -> Comparison:
    is_loop = comparison.axis == "loop"
    reasons = [
        f"{side}: {unsteady[place]}"
        for side in (comparison.candidate, comparison.baseline)
        for place in [
            (comparison.condition, side, comparison.subject)
            if is_loop
            else (comparison.condition, comparison.loop, side)
        ]
        if place in unsteady
    ]
    if not reasons:
        return comparison
    return replace(comparison, outcome="unresolved", reason="; ".join(reasons))


def _pairs(
    scenario: Scenario, cells: Sequence[CellEvidence]
) -> Iterator[tuple[CellEvidence, CellEvidence, _Axis]]:
    by_condition: dict[tuple[str, ...], list[CellEvidence]] = defaultdict(list)
    for evidence in cells:
        by_condition[evidence.cell.condition].append(evidence)
    for arms in by_condition.values():
        for candidate in arms:
            for baseline in arms:
                same_loop = candidate.cell.loop == baseline.cell.loop
                if same_loop and _is_subject_pair(scenario, baseline.cell, candidate.cell):
                    yield baseline, candidate, "subject"
                elif not same_loop and _is_loop_pair(scenario, baseline.cell, candidate.cell):
                    yield baseline, candidate, "loop"


def _is_subject_pair(scenario: Scenario, baseline: Cell, candidate: Cell) -> bool:
    if candidate.aa_of:
        return baseline.subject == candidate.aa_of
    order = scenario.baseline.subjects
    if baseline.subject not in order or baseline.subject == candidate.subject:
        return False
    if candidate.subject in order and order.index(candidate.subject) < order.index(
        baseline.subject
    ):
        return False
    if candidate.subject == baseline.aa_of:
        return False
    return scenario.baseline.across_durability or _same_durability(baseline, candidate)


def _is_loop_pair(scenario: Scenario, baseline: Cell, candidate: Cell) -> bool:
    return (
        baseline.loop == scenario.baseline.loop
        and baseline.subject == candidate.subject
        and not candidate.aa_of
    )


def _same_durability(baseline: Cell, candidate: Cell) -> bool:
    return baseline.durability == candidate.durability and baseline.durability != Durability.UNKNOWN


def _metrics(
    scenario: Scenario, baseline: CellEvidence, candidate: CellEvidence
) -> Iterator[Metric]:
    for name in dict.fromkeys((*scenario.primary_metrics, *ALWAYS_COMPARED)):
        estimate = candidate.cell.estimates.get(name)
        # The ratio of two lower bounds bounds nothing.
        if name in baseline.lower_bounds or name in candidate.lower_bounds:
            continue
        # Counted from calls that a stalled load never made: no ratio of that.
        if counts_from_its_call(name) and isinstance(
            scenario.arrival(candidate.cell.arrival), Open
        ):
            continue
        if estimate is not None and name in baseline.cell.estimates:
            yield estimate.metric


def _compare(
    metric: Metric, baseline: CellEvidence, candidate: CellEvidence, axis: _Axis
) -> Iterator[Comparison]:
    under = baseline.values.get(metric.name, {})
    over = candidate.values.get(metric.name, {})
    blocks = [
        block for block in over if block in under and over[block] > 0.0 and under[block] > 0.0
    ]
    if not blocks:
        return
    found = effect([over[block] for block in blocks], [under[block] for block in blocks])
    planned = min(baseline.planned, candidate.planned)
    is_subject = axis == "subject"
    yield Comparison(
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
        outcome=_outcome(metric, found) if len(blocks) >= planned else "unresolved",
        same_durability=_same_durability(baseline.cell, candidate.cell),
        is_aa=is_subject and candidate.cell.aa_of == baseline.cell.subject,
        blocks_planned=planned,
    )


def _outcome(metric: Metric, found: Effect) -> ComparisonOutcome:
    if found.low is None or found.high is None or metric.better == "neither":
        return "unresolved"
    if found.low > 1.0:
        return "better" if metric.better == "higher" else "worse"
    if found.high < 1.0:
        return "better" if metric.better == "lower" else "worse"
    return "unresolved"
