"""Judgements by a ratio with an interval: of two subjects, or of two arrivals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.analysis.comparison import (
    compare,
    heeded,
    metric_label,
    noise_factor,
    paired,
    same_durability,
    widened,
)
from bench.analysis.result import Analysis, Cell, Comparison
from bench.claims._refutation import in_logarithms, outside_p
from bench.claims._selection import beside, condition_of, lacking, selected
from bench.claims.claim import CANDIDATE, Ratio, Scaling
from bench.claims.result import Condition, ConditionOutcome
from bench.scenario.limit import Limit, Range
from bench.scenario.quantity import number
from bench.stats.effects import log_ratios


def ratios(run: Analysis, judgement: Ratio) -> Iterator[Condition]:
    """Judge each pair under each condition, by the ratio inside blocks."""
    for pair in judgement.pairs:
        found = selected(run, judgement, pair.candidate)
        yield from lacking(judgement, pair.candidate, found, pair.baseline)
        for cell in found:
            for limit in judgement.require:
                yield _ratio(run, judgement, limit, cell, pair.baseline)


def _ratio(
    run: Analysis, judgement: Ratio, limit: Limit, candidate: Cell, against: str
) -> Condition:
    label = metric_label(limit.metric, limit.per)
    baseline = beside(run, candidate, against)
    if baseline is None:
        condition = replace(condition_of(run, [candidate], label), baseline=against)
        why = f"the run has no cell of {against} beside {candidate.name}"
        return replace(condition, outcome="not measured", why=why)
    condition = condition_of(run, [candidate, baseline], label, limit.metric, limit.per)
    if condition.outcome != "undecided":
        return condition
    classes = (candidate.durability, baseline.durability)
    if judgement.equal_durability and not same_durability(baseline, candidate):
        why = f"the durability is not known to be equal: {classes[0]} and {classes[1]}"
        return replace(condition, outcome="not measured", why=why)
    sides = (candidate, baseline) if limit.of == CANDIDATE else (baseline, candidate)
    judged = _compared(run, condition, limit, sides)
    if judgement.can_refute:
        return judged
    if judged.outcome == "fails":
        judged = replace(judged, outcome="undecided", why="outside, which here shows nothing")
    return replace(judged, outside_p=None)


def scalings(run: Analysis, judgement: Scaling) -> Iterator[Condition]:
    """Judge each subject by its metric under one arrival divided by that under another.

    Trials are paired by repetition: the blocks of a repetition are run one after the other.
    """
    over, under = judgement.limit.of, judgement.limit.times
    for subject in judgement.subjects:
        found = selected(run, judgement, subject)
        yield from lacking(judgement, subject, found)
        ends: dict[tuple[str, ...], Cell] = {
            (c.arrival, c.workload, c.payload, c.loop): c for c in found
        }
        shared = [
            (cell, ends[under, *place])
            for (arrival, *place), cell in ends.items()
            if arrival == over and (under, *place) in ends
        ]
        if found and not shared:
            why = (
                f"the run has no cells of {subject} that differ only in their arrival, "
                f"{under} and {over}"
            )
            nothing = condition_of(run, found[:1], "")
            yield replace(nothing, outcome="not measured", why=why)
        for pair in shared:
            for limit in judgement.require:
                yield _scaling(run, limit, pair)


def _scaling(run: Analysis, limit: Limit, pair: tuple[Cell, Cell]) -> Condition:
    condition = condition_of(run, pair, limit.metric, limit.metric)
    condition = replace(condition, baseline=f"itself at {limit.times}")
    if condition.outcome != "undecided":
        return condition
    judged = _compared(run, condition, limit, pair)
    return replace(judged, method=f"{judged.method}; paired by repetition")


def _compared(
    run: Analysis, condition: Condition, limit: Limit, sides: tuple[Cell, Cell]
) -> Condition:
    noise = noise_factor(run.cells, limit.metric, limit.per)
    compared = compare(*sides, limit.metric, limit.per, noise_factor=noise)
    if compared is None:
        planned = min(cell.blocks.planned for cell in sides)
        why = f"no block has a value of {condition.metric} for both sides"
        return replace(condition, blocks_planned=planned, why=why)
    found = compared.effect
    over, under = paired(*sides, limit.metric, limit.per)
    outcome, why = _answered(compared, limit.range)
    return replace(
        condition,
        outcome=outcome,
        why=why,
        value=found.ratio,
        low=found.low,
        high=found.high,
        noise_factor=noise,
        detectable_factor=found.detectable_factor,
        blocks=found.blocks,
        blocks_planned=compared.blocks_planned,
        method=found.method,
        outside_p=outside_p(
            log_ratios([*over.values()], [*under.values()]).tolist(),
            in_logarithms(limit.range),
            by_ranks=True,
        ),
    )


def _answered(compared: Comparison, claimed: Range) -> tuple[ConditionOutcome, str]:
    """Return what the interval says of the ``claimed`` range, or why it says nothing."""
    found = compared.effect
    if found.low is None or found.high is None:
        return "undecided", "a single block has no interval"
    reason = heeded(compared, "claims", {"blocks", "unsteady"})
    if reason == "blocks":
        # Those that drop out are the slow ones, so the ratio of the rest is biased.
        return "undecided", f"{found.blocks} of {compared.blocks_planned} blocks have both sides"
    if reason == "unsteady":
        return "undecided", f"not steady during the window: {compared.unsteady}"
    outcome = outcome_in(claimed, found.low, found.high)
    if outcome_in(claimed, *widened(compared, "claims")) == outcome:
        return outcome, ""
    noise = compared.noise_factor
    if outcome_in(claimed, found.ratio / noise, found.ratio * noise) != outcome:
        text = f"A/A arms differ by a factor of up to {number(noise)}, which this does not exceed"
        return "undecided", text
    return "undecided", "the interval that resamples the operations in trials answers otherwise"


def outcome_in(claimed: Range, low: float, high: float) -> ConditionOutcome:
    """Tell whether all of ``low`` to ``high`` lies inside ``claimed``, outside, or across."""
    if claimed.holds(low, high):
        return "holds"
    return "fails" if claimed.fails(low, high) else "undecided"
