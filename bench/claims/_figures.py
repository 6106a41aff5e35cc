"""Judgements by a ratio with an interval: of two subjects, or of two arrivals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from bench.analysis.comparison import compare, heeded, metric_label, noise_factor
from bench.analysis.result import Analysis, Cell, Comparison
from bench.claims._refutation import in_logarithms, outside_p
from bench.claims._selection import condition_of, lacking, selected
from bench.claims.claim import Ratio, Scaling
from bench.claims.result import Condition, ConditionOutcome
from bench.scenario.durability import Durability
from bench.scenario.limit import Range


def ratios(run: Analysis, judgement: Ratio) -> Iterator[Condition]:
    """Judge each pair under each condition, by the ratio inside blocks."""
    for pair in judgement.pairs:
        found = selected(run, judgement, pair.candidate)
        yield from lacking(judgement, pair.candidate, found, pair.baseline)
        partners = {
            (cell.condition, cell.loop): cell for cell in run.cells if cell.subject == pair.baseline
        }
        for cell in found:
            baseline = partners.get((cell.condition, cell.loop))
            for metric in judgement.metrics:
                yield _ratio(run, judgement, cell, baseline, (metric, pair.baseline))


def _ratio(
    run: Analysis, judgement: Ratio, candidate: Cell, baseline: Cell | None, asked: tuple[str, str]
) -> Condition:
    metric, baseline_label = asked
    label = metric_label(metric, judgement.per)
    if baseline is None:
        condition = replace(condition_of(run, [candidate], label), baseline=baseline_label)
        why = f"the run has no cell of {baseline_label} beside {candidate.name}"
        return replace(condition, outcome="not measured", why=why)
    condition = condition_of(run, [candidate, baseline], label, metric, judgement.per)
    if condition.outcome != "undecided":
        return condition
    classes = (candidate.durability, baseline.durability)
    if judgement.equal_durability and (classes[0] != classes[1] or Durability.UNKNOWN in classes):
        why = f"the durability is not known to be equal: {classes[0]} and {classes[1]}"
        return replace(condition, outcome="not measured", why=why)
    sides = (candidate, baseline)
    if judgement.ratio == "baseline / candidate":
        sides = (baseline, candidate)
    judged = _compared(run, condition, judgement.range, sides, metric, judgement.per)
    if judgement.can_refute:
        return judged
    if judged.outcome == "fails":
        judged = replace(judged, outcome="undecided", why="outside, which here shows nothing")
    return replace(judged, outside_p=None)


def scalings(run: Analysis, judgement: Scaling) -> Iterator[Condition]:
    """Judge each subject by its metric under one arrival divided by that under another.

    Trials are paired by repetition: the blocks of a repetition are run one after the other.
    """
    for subject in judgement.subjects:
        found = selected(run, judgement, subject)
        yield from lacking(judgement, subject, found)
        ends: list[dict[tuple[str, ...], Cell]] = [
            {
                (cell.workload, cell.payload, cell.loop): cell
                for cell in found
                if cell.arrival == arrival
            }
            for arrival in (judgement.to_arrival, judgement.from_arrival)
        ]
        shared = [(ends[0][place], ends[1][place]) for place in ends[0] if place in ends[1]]
        if found and not shared:
            why = (
                f"the run has no cells of {subject} that differ only in their arrival, "
                f"{judgement.from_arrival} and {judgement.to_arrival}"
            )
            nothing = condition_of(run, found[:1], "")
            yield replace(nothing, outcome="not measured", why=why)
        for pair in shared:
            for metric in judgement.metrics:
                yield _scaling(run, judgement, pair, metric)


def _scaling(run: Analysis, judgement: Scaling, pair: tuple[Cell, Cell], metric: str) -> Condition:
    condition = condition_of(run, pair, metric, metric)
    condition = replace(condition, baseline=f"itself at {judgement.from_arrival}")
    if condition.outcome != "undecided":
        return condition
    judged = _compared(run, condition, judgement.range, pair, metric)
    return replace(judged, method=f"{judged.method}; paired by repetition")


def _compared(
    run: Analysis,
    condition: Condition,
    claimed: Range,
    sides: tuple[Cell, Cell],
    metric: str,
    per: str = "",
) -> Condition:
    noise = noise_factor(run.cells, metric, per)
    compared = compare(*sides, metric, per, noise_factor=noise)
    if compared is None:
        planned = min(cell.blocks.planned for cell in sides)
        why = f"no block has a value of {condition.metric} for both sides"
        return replace(condition, blocks_planned=planned, why=why)
    found = compared.effect
    judged = replace(
        condition,
        value=found.ratio,
        low=found.low,
        high=found.high,
        noise_factor=noise,
        detectable_factor=found.detectable_factor,
        blocks=found.blocks,
        blocks_planned=compared.blocks_planned,
        method=found.method,
        outside_p=outside_p(
            [math.log(ratio) for ratio in compared.ratios.values()],
            in_logarithms(claimed),
            by_ranks=True,
        ),
    )
    outcome, why = _answered(compared, claimed)
    return replace(judged, outcome=outcome, why=why)


def _answered(compared: Comparison, claimed: Range) -> tuple[ConditionOutcome, str]:
    """Return what the interval says of the ``claimed`` range, or why it says nothing."""
    found = compared.effect
    if found.low is None or found.high is None:
        return "undecided", "a single block has no interval"
    if heeded(compared, "claims") == "blocks":
        # Those that drop out are the slow ones, so the ratio of the rest is biased.
        return "undecided", f"{found.blocks} of {compared.blocks_planned} blocks have both sides"
    outcome = outcome_in(claimed, found.low, found.high)
    noise = compared.noise_factor
    wide = outcome_in(
        claimed, min(found.low, found.ratio / noise), max(found.high, found.ratio * noise)
    )
    if wide != outcome:
        text = f"A/A arms differ by a factor of up to {noise:.3g}, which this does not exceed"
        return "undecided", text
    return outcome, ""


def outcome_in(claimed: Range, low: float, high: float) -> ConditionOutcome:
    """Tell whether all of ``low`` to ``high`` lies inside ``claimed``, outside, or across."""
    if claimed.holds(low, high):
        return "holds"
    return "fails" if claimed.fails(low, high) else "undecided"
