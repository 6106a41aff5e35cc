"""Whether two cells differ: the one rule of report, thresholds, claims, gate and decision.

:func:`compare` gives a ratio inside blocks with everything that speaks against calling it a
difference. Nobody judges two cells otherwise; what of these reasons counts for whom is in
:data:`HEEDED`, and docs/comparisons.md says why.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.special import bdtrc

from bench.analysis.cell import Cell, by_place
from bench.analysis.result import Adjustment, Comparison, FalseAlarms, Reason
from bench.analysis.wording import FEWEST_FOR_INTERVAL
from bench.scenario.family import asks_across_durability, baselines_of, compares, family_of
from bench.scenario.limits.limit import SUM
from bench.scenario.metric import THROUGHPUT, Metric, time_metric, time_name
from bench.scenario.scenario import Scenario
from bench.stats.effects import (
    MOST_FOR_SHARED_VARIANCE,
    Effect,
    departure,
    effect,
    mean_effect,
)
from bench.stats.intervals import SHARED
from bench.stats.multiplicity import (
    LEVEL,
    benjamini_hochberg,
    benjamini_hochberg_levels,
    holm,
    holm_levels,
)
from bench.stats.quantiles import CONFIDENCE
from bench.stats.resampling import hierarchical_interval
from bench.stats.shared_variance import moderated

Consumer = Literal["report", "thresholds", "claims", "gate", "dominance", "score", "history"]
_OF_A_LIMIT: frozenset[Reason] = frozenset({"blocks", "unsteady", "noise", "tail"})
_OF_A_DIFFERENCE: frozenset[Reason] = _OF_A_LIMIT | {"interval", "many comparisons"}
HEEDED: Mapping[Consumer, frozenset[Reason]] = {
    "report": _OF_A_DIFFERENCE,
    # They ask on which side of a limit of their own the interval lies, not of 1.
    "thresholds": _OF_A_LIMIT,
    "claims": _OF_A_LIMIT,
    # Two runs and a smallest effect take the place of the others; its error rates are measured.
    "gate": frozenset({"blocks"}),
    "dominance": _OF_A_DIFFERENCE,
    # Of scores, not cells: who lacks a block has none, and a choice has to beat every rival.
    "score": frozenset({"unsteady", "interval", "noise"}),
    # Of two runs, which share no blocks to resample operations in.
    "history": _OF_A_DIFFERENCE - {"tail"},
}

# Compared besides the scenario's primary metrics and those that its thresholds compare with the
# baseline, where both sides have them.
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


def compare(
    candidate: Cell,
    baseline: Cell,
    metric: str,
    per: str = "",
    *,
    noise_factor: float = 1.0,
    smallest_effect: float = 0.1,
    family: str = "",
) -> Comparison | None:
    """Compare two cells in ``metric``, which may be a sum ("a + b"), by that of ``per``.

    ``None`` where no block has a ratio. Blocks are paired by their repetition, so cells of other
    conditions can be compared, too. ``noise_factor`` is that of the metric
    (:func:`noise_factor`), ``family`` what it is to be read with: its p-value allows for nothing
    yet (:func:`allowing_for_many`).
    """
    over, under = paired(candidate, baseline, metric, per)
    if not over:
        return None
    tail_low, tail_high = (None, None) if per else _of_tail(metric, candidate, baseline, [*over])
    return _with_reasons(
        Comparison(
            metric=_metric(candidate, metric, per),
            candidate_cell=candidate,
            baseline_cell=baseline,
            effect=effect([*over.values()], [*under.values()]),
            ratios={block: value / under[block] for block, value in over.items()},
            noise_factor=noise_factor,
            smallest_effect=smallest_effect,
            family=family,
            unsteady=_unsteady(candidate, baseline, metric, per),
            tail_low=tail_low,
            tail_high=tail_high,
        )
    )


def paired(
    candidate: Cell, baseline: Cell, metric: str, per: str = ""
) -> tuple[Mapping[int, float], Mapping[int, float]]:
    """Return the values of both sides by block, of the blocks in which both are positive."""
    over, under = candidate.by_block(metric, per), baseline.by_block(metric, per)
    blocks = [b for b, value in over.items() if value > 0.0 and under.get(b, 0.0) > 0.0]
    return {b: over[b] for b in blocks}, {b: under[b] for b in blocks}


def noise_factor(cells: Sequence[Cell], metric: str, per: str = "") -> float:
    """Return the largest factor (≥ 1) by which an A/A arm departs from the arm it repeats.

    Over all conditions and loops. The same subject measured twice has no difference to show, so
    what it shows is the size of the noise; 1 where no arm repeats another.
    """
    pairs = (paired(again, first, metric, per) for again, first in aa_pairs(cells))
    ratios = (effect([*over.values()], [*under.values()]).ratio for over, under in pairs if over)
    return max((departure(ratio) for ratio in ratios), default=1.0)


def aa_pairs(cells: Sequence[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Yield each A/A arm that may be used with the arm that it repeats, place by place."""
    places = by_place(cell for cell in cells if not cell.invalid_because)
    for cell in places.values():
        if first := places.get((cell.aa_of, *cell.place)):
            yield cell, first


def heeded(
    comparison: Comparison, consumer: Consumer, reasons: Collection[Reason] | None = None
) -> Reason | Literal[""]:
    """Return the first reason against a difference that counts for ``consumer``; else empty.

    Of ``reasons`` alone, where given.
    """
    counts = HEEDED[consumer] if reasons is None else HEEDED[consumer].intersection(reasons)
    return next((reason for reason in comparison.reasons if reason in counts), "")


def widened(comparison: Comparison, consumer: Consumer) -> tuple[float, float]:
    """Return the interval as wide as what ``consumer`` heeds of noise and tail makes it.

    What it asks of the ratio is shown only where all of that lies on one side of its limit. From 0
    to infinity for a single block.
    """
    found, counts = comparison.effect, HEEDED[consumer]
    if found.low is None or found.high is None:
        return 0.0, math.inf
    noise = comparison.noise_factor if "noise" in counts else 1.0
    ends = [found.low, found.high, found.ratio / noise, found.ratio * noise]
    if "tail" in counts and comparison.tail_low is not None and comparison.tail_high is not None:
        ends += [comparison.tail_low, comparison.tail_high]
    return min(ends), max(ends)


def reasons_against(found: Effect, noise_factor: float, unsteady: str) -> dict[Reason, bool]:
    """Return what speaks against a difference in a ratio of any two things, cells or scores."""
    return {
        "unsteady": bool(unsteady),
        "interval": not found.side(),
        "noise": noise_factor > 1.0 and departure(found.ratio) <= noise_factor,
    }


def stands(against: Mapping[Reason, bool], consumer: Consumer) -> bool:
    """Tell whether nothing that ``consumer`` heeds speaks against a difference."""
    return not any(is_so and reason in HEEDED[consumer] for reason, is_so in against.items())


def _with_reasons(comparison: Comparison) -> Comparison:
    adjusted = comparison.adjusted_p
    speaks: dict[Reason, bool] = {
        "durability": not comparison.same_durability,
        "blocks": comparison.lacks_blocks,
        **reasons_against(comparison.effect, comparison.noise_factor, comparison.unsteady),
        "many comparisons": adjusted is not None and adjusted > LEVEL,
        "tail": comparison.tail_disagrees,
    }
    reasons = tuple(reason for reason, is_so in speaks.items() if is_so)
    return replace(comparison, reasons=reasons)


def allowing_for_many(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return ``comparisons``, in their order, each with its p-value adjusted in its family.

    By Holm among the comparisons of a family in one metric, so that *any* false alarm among them is
    as rare; by Benjamini and Hochberg in all that has no family, of what is explored, so that the
    *share* of false alarms among what is called different is held at 5 %. Single blocks belong to
    none.
    """
    families: dict[tuple[str, str], list[int]] = defaultdict(list)
    adjusted = [*_sharing_variances(comparisons)]
    for at, comparison in enumerate(adjusted):
        if comparison.effect.p_value is not None:
            metric = comparison.metric.name if comparison.family else ""
            families[comparison.family, metric].append(at)
    for (name, _), members in families.items():
        for at in members:
            adjusted[at] = replace(adjusted[at], family_size=len(members))
        p_values = [adjusted[at].p_value or 0.0 for at in members]
        way: Adjustment = "Holm" if name else "Benjamini–Hochberg"
        allowed = (holm if name else benjamini_hochberg)(p_values)
        levels = (holm_levels if name else benjamini_hochberg_levels)(p_values)
        for at, p_value, level in zip(members, allowed, levels, strict=True):
            adjusted[at] = replace(
                adjusted[at],
                effect=adjusted[at].effect.detectable_at(level),
                level=level,
                adjusted_p=p_value,
                adjustment=way,
            )
    return tuple(map(_with_reasons, adjusted))


def _sharing_variances(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return ``comparisons``, those with few blocks with a variance that their metric shares.

    Among those of its family, or among all that are explored.
    """
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, each in enumerate(comparisons):
        if 2 <= len(each.ratios) <= MOST_FOR_SHARED_VARIANCE:
            alike[each.family, each.metric.name].append(at)
    shared = [*comparisons]
    for members in alike.values():
        logs = [np.log([*shared[at].ratios.values()]) for at in members]
        own = np.array([of_pair.size - 1.0 for of_pair in logs])
        # Comparisons with one baseline share its noise.
        baselines = (shared[at].baseline_cell for at in members)
        groups = [(cell.subject, *cell.place) for cell in baselines]
        variances, degrees = moderated(np.array([np.var(p, ddof=1) for p in logs]), own, groups)
        for at, of_pair, variance, known in zip(members, logs, variances, degrees, strict=True):
            if known > of_pair.size - 1:
                error = math.sqrt(float(variance) / of_pair.size)
                found = mean_effect(of_pair, error, float(known), SHARED)
                shared[at] = replace(shared[at], effect=found)
    return tuple(shared)


# ------------------------------------------------------------------------------------ the report


def comparisons(scenario: Scenario, cells: Sequence[Cell]) -> tuple[Comparison, ...]:
    """Compare every cell with its baseline in every metric that both have, as the report does.

    What is read together the scenario declares (``bench.scenario.family``): the members of a family
    answer one question. Each primary metric is an answer of its own, with its sentence: taken
    together they would ask for differences so large that nobody had needed to measure. All the rest
    is explored together: other metrics, and sweeps beside the question.

    An outcome is ``equivalent`` if no block lacks, nothing drifted, and two one-sided tests show
    that the ratio departs from 1 by less than the scenario's ``smallest_effect``, with a tail's
    resampled interval inside these bounds as well. That goes before better and worse: what is shown
    to differ by less than anybody cares for is equivalent. What A/A arms depart by has no part in
    it: their largest departure of many is beyond these bounds even where all are equal. No
    allowance is made for how many are read with it: a false one needs a ratio at the very bounds.
    A/A arms are a family of their own in every metric; they are what the noise is measured by, so
    that is not allowed for in them.
    """
    noise = {name: noise_factor(cells, name) for name in compared_metrics(scenario)}
    found = [
        compared
        for baseline, candidate in compared_pairs(scenario, cells)
        for name in compared_metrics(scenario)
        if name in candidate.estimates
        and name in baseline.estimates
        and (
            compared := compare(
                candidate,
                baseline,
                name,
                noise_factor=1.0 if candidate.aa_of == baseline.subject else noise[name],
                smallest_effect=scenario.smallest_effect,
                family=_family(scenario, baseline, candidate, name),
            )
        )
    ]
    return reported(found)


def reported(compared: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return ``compared``, in their order, with what a report says of each: see above."""
    return tuple(map(_reported, allowing_for_many(compared)))


def _family(scenario: Scenario, baseline: Cell, candidate: Cell, metric: str) -> str:
    if candidate.aa_of:
        return "A/A arms"
    is_loop = candidate.loop != baseline.loop
    pair = (baseline.loop, candidate.loop) if is_loop else (baseline.subject, candidate.subject)
    is_same = candidate.promises_as(baseline)
    return family_of(scenario, candidate, pair, metric, same_durability=is_same)


def _reported(comparison: Comparison) -> Comparison:
    if comparison.effect.blocks < FEWEST_FOR_INTERVAL:
        return replace(comparison, cause="blocks", outcome="unresolved")
    if _is_equivalent(comparison):
        return replace(comparison, outcome="equivalent")
    against = [reason for reason in comparison.reasons if reason in HEEDED["report"]]
    if against and against != ["many comparisons"]:
        return replace(comparison, cause=against[0], outcome="unresolved")
    if comparison.metric.better == "neither":
        return replace(comparison, outcome="unresolved")
    if against:
        return replace(comparison, cause=against[0], outcome="suggestive")
    is_more = comparison.effect.ratio > 1.0
    is_better = is_more == (comparison.metric.better == "higher")
    return replace(comparison, outcome="better" if is_better else "worse")


def _is_equivalent(comparison: Comparison) -> bool:
    most = 1.0 + comparison.smallest_effect
    if heeded(comparison, "report", {"blocks", "unsteady"}):
        return False
    if not comparison.effect.is_equivalent(comparison.smallest_effect):
        return False
    tail_low, tail_high = comparison.tail_low or 1.0, comparison.tail_high or 1.0
    return 1.0 / most < tail_low and tail_high < most


def compared_metrics(scenario: Scenario) -> tuple[str, ...]:
    """Name the metrics that are compared, the primary ones first."""
    limited = (name for threshold in scenario.thresholds for name in threshold.relative_metrics)
    return tuple(dict.fromkeys((*scenario.primary_metrics, *limited, *ALWAYS_COMPARED)))


def compared_tails(scenario: Scenario) -> tuple[str, ...]:
    """Name those of the :func:`compared_metrics` that are quantiles above the median.

    None where nothing is compared.
    """
    if not compares(scenario):
        return ()
    names = compared_metrics(scenario)
    return tuple(name for name in names if (of := time_name(name)) and of.statistic.is_tail)


def compared_pairs(scenario: Scenario, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Yield each baseline with each of its candidates: what the scenario asks for, and A/A arms.

    Cells without a measurement, and invalid ones, are not compared.
    """
    usable = [cell for cell in cells if cell.ran and not cell.invalid_because]
    for candidate in usable:
        for baseline in baselines_among(scenario, candidate, usable):
            if candidate.aa_of or is_due(scenario, baseline, candidate):
                yield baseline, candidate


def baselines_among(scenario: Scenario, candidate: Cell, cells: Sequence[Cell]) -> list[Cell]:
    """Return those of ``cells`` in the blocks of ``candidate`` that it is to be compared with.

    Whatever they promise: see :func:`is_due`.
    """
    wanted = baselines_of(scenario, candidate.subject, candidate.loop)
    return [
        cell
        for cell in cells
        if cell.condition == candidate.condition and (cell.subject, cell.loop) in wanted
    ]


def is_due(scenario: Scenario, baseline: Cell, candidate: Cell) -> bool:
    """Tell whether ``candidate`` may be compared with its ``baseline`` for what both promise."""
    return asks_across_durability(scenario) or candidate.promises_as(baseline)


def false_alarms(comparisons: Iterable[Comparison], primary: Collection[str]) -> FalseAlarms | None:
    """Count the A/A ratios of the metrics ``primary`` whose interval excludes 1.

    Before anything is allowed for: of such intervals 5 % exclude 1 by chance. ``None`` where no
    A/A ratio has an interval.
    """
    judged = [
        comparison.effect
        for comparison in comparisons
        if comparison.is_aa
        and comparison.effect.low is not None
        and comparison.metric.name in primary
    ]
    if not judged:
        return None
    different = sum(each.side() != 0 for each in judged)
    by_chance = 1.0 - CONFIDENCE
    # The binomial tail; that at least none differ is certain.
    p_value = float(bdtrc(different - 1, len(judged), by_chance)) if different else 1.0
    return FalseAlarms(len(judged), different, by_chance, p_value)


def _metric(cell: Cell, name: str, per: str) -> Metric:
    if not per and (of := time_name(name)):
        return time_metric(of.operation, of.time.name, of.statistic.name)
    known = (cell.estimates.get(part) for part in name.split(SUM))
    first = next(estimate.metric for estimate in known if estimate is not None)
    if not per and name == first.name:
        return first
    return Metric(metric_label(name, per), "ratio" if per else first.unit, first.better, "")


def metric_label(metric: str, per: str) -> str:
    """Name a metric that may be a sum, or divided by another."""
    if not per:
        return metric
    return f"({metric}) / {per}" if SUM in metric else f"{metric} / {per}"


def _unsteady(candidate: Cell, baseline: Cell, metric: str, per: str) -> str:
    names = f"{metric}{SUM}{per}" if per else metric
    is_loop = candidate.loop != baseline.loop and candidate.subject == baseline.subject
    return "; ".join(
        f"{side.loop if is_loop else side.subject}: {because}"
        for side in (candidate, baseline)
        if (because := side.unsteady_because(names))
    )


def _of_tail(
    name: str, candidate: Cell, baseline: Cell, blocks: Sequence[int]
) -> tuple[float, float] | tuple[None, None]:
    over, under = (side.blocks.replicates.get(name, {}) for side in (candidate, baseline))
    if len(blocks) < 2 or not all(block in over and block in under for block in blocks):
        return None, None
    values = candidate.blocks.values[name], baseline.blocks.values[name]
    return hierarchical_interval(
        [values[0][block] / values[1][block] for block in blocks],
        np.stack([over[block] for block in blocks]),
        np.stack([under[block] for block in blocks]),
    )
