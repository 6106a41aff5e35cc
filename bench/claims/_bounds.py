"""Judgements by the limits of a metric, or of what it is above another subject's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from bench.analysis.result import Analysis, Cell, Estimate
from bench.claims._figures import outcome_in
from bench.claims._refutation import in_logarithms, outside_p
from bench.claims._selection import condition_of, lacking, selected
from bench.claims.claim import Bound
from bench.claims.result import Condition
from bench.errors import InputError
from bench.scenario.limit import SPELT, Range
from bench.scenario.metric import ERRORS
from bench.stats.effects import detectable_factor
from bench.stats.intervals import GEOMETRIC, arithmetic

_LONGEST_TEXT = 120
_INSIDE_BLOCKS = "mean of the differences inside blocks, Student t interval"


def bounds(run: Analysis, judgement: Bound) -> Iterator[Condition]:
    """Judge each metric of each cell by its interval over trials.

    Raises:
        InputError: limits are times and the metric is none, or the other way round.
    """
    partners = {
        (cell.condition, cell.loop): cell for cell in run.cells if cell.subject == judgement.above
    }
    for subject in judgement.subjects:
        found = selected(run, judgement, subject)
        yield from lacking(judgement, subject, found)
        for cell in found:
            for metric in judgement.metrics:
                if judgement.above is None:
                    yield _bound(run, judgement, cell, metric)
                else:
                    partner = partners.get((cell.condition, cell.loop))
                    yield _difference(run, judgement, (cell, partner), metric)


def _bound(run: Analysis, judgement: Bound, cell: Cell, metric: str) -> Condition:
    condition = condition_of(run, [cell], metric, metric)
    estimate = cell.estimates.get(metric)
    if condition.outcome != "undecided":
        return condition
    if estimate is None:
        return replace(condition, outcome="not measured", why=f"there is no {metric} here")
    _check_unit(judgement, cell, metric)
    planned = cell.blocks.planned
    judged = replace(
        condition,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        unit=estimate.metric.unit,
        blocks=len(estimate.trial_values),
        blocks_planned=planned,
        method=estimate.method,
        detectable_factor=detectable_factor(estimate.trial_values),
        why=_errors_of(cell) if metric == ERRORS.name else "",
        outside_p=_outside_p(estimate, judgement.range),
    )
    if estimate.low is None or estimate.high is None:
        return replace(judged, why=estimate.why_not or f"no interval: {estimate.method}")
    if len(estimate.trial_values) < planned:
        return replace(judged, why=f"{judged.blocks} of {planned} trials have a value")
    return replace(judged, outcome=outcome_in(judgement.range, estimate.low, estimate.high))


def _outside_p(estimate: Estimate, claimed: Range) -> tuple[float, float] | None:
    if estimate.method != GEOMETRIC:
        return outside_p(estimate.trial_values, claimed)
    return outside_p([math.log(value) for value in estimate.trial_values], in_logarithms(claimed))


def _difference(
    run: Analysis, judgement: Bound, sides: tuple[Cell, Cell | None], metric: str
) -> Condition:
    cell, partner = sides
    label = f"{metric} above that of {judgement.above}"
    condition = condition_of(run, [cell, partner] if partner else [cell], label, metric)
    condition = replace(condition, baseline="", durability=str(cell.durability))
    if partner is None:
        why = f"the run has no cell of {judgement.above} beside {cell.name}"
        return replace(condition, outcome="not measured", why=why)
    if condition.outcome != "undecided":
        return condition
    over, floor = cell.by_block(metric), partner.by_block(metric)
    differences = [value - floor[block] for block, value in over.items() if block in floor]
    if not differences:
        why = f"no block has a value of {metric} for both sides"
        return replace(condition, outcome="not measured", why=why)
    _check_unit(judgement, cell, metric)
    found = arithmetic(differences)
    planned = min(cell.blocks.planned, partner.blocks.planned)
    judged = replace(
        condition,
        value=found.value,
        low=found.low,
        high=found.high,
        unit=cell.estimates[metric].metric.unit,
        blocks=len(differences),
        blocks_planned=planned,
        method=_INSIDE_BLOCKS,
        outside_p=outside_p(differences, judgement.range),
    )
    if found.low is None or found.high is None:
        return replace(judged, why="a single block has no interval")
    if len(differences) < planned:
        return replace(judged, why=f"{len(differences)} of {planned} blocks have both sides")
    return replace(judged, outcome=outcome_in(judgement.range, found.low, found.high))


def _check_unit(judgement: Bound, cell: Cell, metric: str) -> None:
    unit = cell.estimates[metric].metric.unit
    if not judgement.fits(unit):
        raise InputError(f"expected {SPELT[unit]}: {metric} is one")


def _errors_of(cell: Cell) -> str:
    """Name the errors behind a share of errors, each with how often it occurred and first text."""
    return "; ".join(
        f"{count} × {name}: {_shortened(cell.error_texts.get(name, ''))}"
        for name, count in cell.errors.items()
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1].rstrip()}…"
