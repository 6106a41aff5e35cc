"""Judgements by a ratio with an interval: of two subjects, or of two arrivals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.analysis.claim_run import ClaimRun, pairs
from bench.analysis.result import Cell
from bench.claims._refutation import in_logarithms, outside_p
from bench.claims._selection import condition_of, lacking, metric_label, selected
from bench.claims.claim import Ratio, Scaling
from bench.claims.result import Condition, ConditionOutcome
from bench.scenario.durability import Durability
from bench.scenario.selection import Range
from bench.stats.effects import effect, log_ratios


def ratios(run: ClaimRun, judgement: Ratio) -> Iterator[Condition]:
    """Judge each pair under each condition, by the ratio inside blocks."""
    for pair in judgement.pairs:
        found = selected(run, judgement, pair.candidate)
        yield from lacking(judgement, pair.candidate, found, pair.baseline)
        partners = {
            (cell.condition, cell.loop): cell
            for cell in run.analysis.cells
            if cell.subject == pair.baseline
        }
        for cell in found:
            baseline = partners.get((cell.condition, cell.loop))
            for metric in judgement.metrics:
                yield _ratio(run, judgement, cell, baseline, (metric, pair.baseline))


def _ratio(
    run: ClaimRun, judgement: Ratio, candidate: Cell, baseline: Cell | None, asked: tuple[str, str]
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
    over, under = (run.values(cell, metric, judgement.per) for cell in (candidate, baseline))
    if judgement.ratio == "baseline / candidate":
        over, under = under, over
    planned = min(run.planned[candidate.name], run.planned[baseline.name])
    noise = run.noise_factor(metric, judgement.per)
    matched = pairs(over, under, run.blocks)
    judged = _compared(condition, judgement.range, matched, planned, noise)
    if judgement.can_refute:
        return judged
    if judged.outcome == "fails":
        judged = replace(judged, outcome="undecided", why="outside, which here shows nothing")
    return replace(judged, outside_p=None)


def scalings(run: ClaimRun, judgement: Scaling) -> Iterator[Condition]:
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


def _scaling(run: ClaimRun, judgement: Scaling, pair: tuple[Cell, Cell], metric: str) -> Condition:
    condition = condition_of(run, pair, metric, metric)
    condition = replace(condition, baseline=f"itself at {judgement.from_arrival}")
    if condition.outcome != "undecided":
        return condition
    over, under = (run.values(cell, metric) for cell in pair)
    planned = min(run.planned[cell.name] for cell in pair)
    matched = pairs(over, under, run.repetitions)
    noise = run.noise_factor(metric)
    judged = _compared(condition, judgement.range, matched, planned, noise)
    return replace(judged, method=f"{judged.method}; paired by repetition")


def _compared(
    condition: Condition,
    claimed: Range,
    matched: tuple[Sequence[float], Sequence[float]],
    planned: int,
    noise: float,
) -> Condition:
    over, under = matched
    if not over:
        why = f"no block has a value of {condition.metric} for both sides"
        return replace(condition, blocks_planned=planned, why=why)
    found = effect(over, under)
    judged = replace(
        condition,
        value=found.ratio,
        low=found.low,
        high=found.high,
        noise_factor=noise,
        detectable_factor=found.detectable_factor,
        blocks=found.blocks,
        blocks_planned=planned,
        method=found.method,
        outside_p=outside_p(
            log_ratios(over, under).tolist(), in_logarithms(claimed), by_ranks=True
        ),
    )
    if found.low is None or found.high is None:
        return replace(judged, why="a single block has no interval")
    if found.blocks < planned:
        # Those that drop out are the slow ones, so the ratio of the rest is biased.
        return replace(judged, why=f"{found.blocks} of {planned} blocks have both sides")
    outcome = outcome_in(claimed, found.low, found.high)
    wide = outcome_in(
        claimed, min(found.low, found.ratio / noise), max(found.high, found.ratio * noise)
    )
    if wide != outcome:
        why = f"A/A arms differ by a factor of up to {noise:.3g}, which this does not exceed"
        return replace(judged, why=why)
    return replace(judged, outcome=outcome)


def outcome_in(claimed: Range, low: float, high: float) -> ConditionOutcome:
    """Tell whether all of ``low`` to ``high`` lies inside ``claimed``, outside, or across."""
    if claimed.holds(low, high):
        return "holds"
    return "fails" if claimed.fails(low, high) else "undecided"
