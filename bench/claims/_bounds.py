"""Judgements by the limits of a metric, or of what it is above another subject's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from bench.analysis.result import Analysis, Cell, Estimate
from bench.claims._figures import outcome_in
from bench.claims._refutation import in_logarithms, outside_p
from bench.claims._selection import beside, condition_of, over_cells
from bench.claims.claim import Bound
from bench.claims.result import Condition
from bench.errors import InputError
from bench.scenario.limit import Limit, Range
from bench.scenario.metric import ERRORS
from bench.stats.effects import detectable_factor
from bench.stats.intervals import GEOMETRIC, arithmetic

_LONGEST_TEXT = 120
_INSIDE_BLOCKS = "mean of the differences inside blocks, Student t interval"


def bounds(run: Analysis, judgement: Bound) -> Iterator[Condition]:
    """Judge each metric of each cell by its interval over trials.

    Raises:
        InputError: a limit is in a unit that is not the metric's.
    """

    def judge(cell: Cell) -> Iterator[Condition]:
        for limit in judgement.require:
            if judgement.above is None:
                yield _bound(run, limit, cell)
            else:
                yield _difference(run, limit, cell, judgement.above)

    return over_cells(run, judgement, judge)


def _bound(run: Analysis, limit: Limit, cell: Cell) -> Condition:
    metric = limit.metric
    condition = condition_of(run, [cell], metric, metric)
    estimate = cell.estimates.get(metric)
    if condition.outcome != "undecided":
        return condition
    if estimate is None:
        return replace(condition, outcome="not measured", why=f"there is no {metric} here")
    judged = replace(
        condition,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        unit=estimate.metric.unit,
        blocks=len(estimate.trial_values),
        blocks_planned=cell.blocks.planned,
        method=estimate.method,
        detectable_factor=detectable_factor(estimate.trial_values),
        why=_errors_of(cell) if metric == ERRORS.name else "",
        outside_p=_outside_p(estimate, limit.range),
    )
    no_interval = estimate.why_not or f"no interval: {estimate.method}"
    return _concluded(judged, limit, no_interval, "trials have a value")


def _outside_p(estimate: Estimate, claimed: Range) -> tuple[float, float] | None:
    if estimate.method != GEOMETRIC:
        return outside_p(estimate.trial_values, claimed)
    return outside_p([math.log(value) for value in estimate.trial_values], in_logarithms(claimed))


def _difference(run: Analysis, limit: Limit, cell: Cell, above: str) -> Condition:
    metric, partner = limit.metric, beside(run, cell, above)
    label = f"{metric} above that of {above}"
    condition = condition_of(run, [cell, partner] if partner else [cell], label, metric)
    condition = replace(condition, baseline="", durability=str(cell.durability))
    if partner is None:
        why = f"the run has no cell of {above} beside {cell.name}"
        return replace(condition, outcome="not measured", why=why)
    if condition.outcome != "undecided":
        return condition
    over, floor = cell.by_block(metric), partner.by_block(metric)
    differences = [value - floor[block] for block, value in over.items() if block in floor]
    if not differences:
        why = f"no block has a value of {metric} for both sides"
        return replace(condition, outcome="not measured", why=why)
    found = arithmetic(differences)
    judged = replace(
        condition,
        value=found.value,
        low=found.low,
        high=found.high,
        unit=cell.estimates[metric].metric.unit,
        blocks=len(differences),
        blocks_planned=min(cell.blocks.planned, partner.blocks.planned),
        method=_INSIDE_BLOCKS,
        outside_p=outside_p(differences, limit.range),
    )
    return _concluded(judged, limit, "a single block has no interval", "blocks have both sides")


def _concluded(judged: Condition, limit: Limit, no_interval: str, have: str) -> Condition:
    if misfit := limit.misfit(judged.unit, limit.metric):
        raise InputError(misfit)
    if judged.low is None or judged.high is None:
        return replace(judged, why=no_interval)
    if judged.blocks < judged.blocks_planned:
        return replace(judged, why=f"{judged.blocks} of {judged.blocks_planned} {have}")
    return replace(judged, outcome=outcome_in(limit.range, judged.low, judged.high))


def _errors_of(cell: Cell) -> str:
    """Name the errors behind a share of errors, each with how often it occurred and first text."""
    return "; ".join(
        f"{count} × {name}: {_shortened(cell.error_texts.get(name, ''))}"
        for name, count in cell.errors.items()
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1].rstrip()}…"
