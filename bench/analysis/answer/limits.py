"""Whether a figure keeps to a limit: the one rule of the claims and of what a scenario asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bench.analysis.cell import Cell, Estimate
from bench.analysis.comparison import compare, heeded, metric_label, noise_factor, widened
from bench.analysis.estimation import over_trials
from bench.analysis.result import Analysis, Comparison
from bench.analysis.wording import FEWEST_FOR_INTERVAL
from bench.scenario.limits.limit import Limit, Range
from bench.scenario.metric import ERRORS
from bench.scenario.quantity import number
from bench.stats.effects import (
    FEWEST_FOR_SIGNED_RANK,
    hodges_lehmann,
    signed_rank_p,
    student_p,
)
from bench.stats.intervals import GEOMETRIC
from bench.stats.multiplicity import LEVEL, holm, p_among

LimitOutcome = Literal["holds", "fails", "undecided"]
PValues = tuple[float, float]
NOT_STEADY = "not steady during the window"
NO_INTERVAL = f"fewer than {FEWEST_FOR_INTERVAL} blocks have no interval"
# The stages of a trial that end before its saver is asked for anything.
BEFORE_THE_SAVER = frozenset({"server", "loop", "runner"})


@dataclass(frozen=True, slots=True)
class Figure:
    """What a cell's own figure says of a limit, and ``why`` it says nothing.

    ``outside_p`` are its p-values as :func:`outside_p` gives them; ``None`` where it has none.
    """

    outcome: LimitOutcome
    why: str = ""
    estimate: Estimate | None = None
    outside_p: PValues | None = None


def outcome_in(asked: Range, low: float, high: float) -> LimitOutcome:
    """Tell whether all of ``low`` to ``high`` lies inside ``asked``, outside, or across."""
    if asked.holds(low, high):
        return "holds"
    return "fails" if asked.fails(low, high) else "undecided"


def outcome_by_interval(
    asked: Range, low: float | None, high: float | None, method: str, unsteady: str
) -> tuple[LimitOutcome, str]:
    """Return what the interval of a figure by itself says, or why it says nothing.

    What drifted in the window says nothing: another length of it would give another figure.
    """
    if low is None or high is None:
        return "undecided", f"no interval: {method}"
    if unsteady:
        return "undecided", f"{NOT_STEADY}: {unsteady}"
    return outcome_in(asked, low, high), ""


def says_nothing(compared: Comparison) -> str:
    """Say why a ratio is not to be put to any limit; empty where it may be."""
    match heeded(compared, "claims", {"blocks", "unsteady"}):
        case "blocks":
            # Those that drop out are the slow ones, so the ratio of the rest is biased.
            return f"{compared.effect.blocks} of {compared.blocks_planned} blocks have both sides"
        case "unsteady":
            return f"{NOT_STEADY}: {compared.unsteady}"
    has_interval = compared.effect.low is not None
    return "" if has_interval and compared.effect.blocks >= FEWEST_FOR_INTERVAL else NO_INTERVAL


def outcome_of(compared: Comparison, asked: Range) -> tuple[LimitOutcome, str]:
    """Return what the interval of a ratio says of the ``asked`` range, or why it says nothing."""
    effect = compared.effect
    why = says_nothing(compared)
    if why or effect.low is None or effect.high is None:
        return "undecided", why
    outcome = outcome_in(asked, effect.low, effect.high)
    least = 1.0 + compared.smallest_effect
    if outcome == "fails" and asked.low / least < effect.ratio < asked.high * least:
        share = number(100.0 * compared.smallest_effect)
        return "undecided", f"outside by less than the smallest effect of interest, {share} %"
    if outcome_in(asked, *widened(compared, "claims")) == outcome:
        return outcome, ""
    noise = compared.noise_factor
    text = "the interval that resamples the operations in trials answers otherwise"
    if outcome_in(asked, effect.ratio / noise, effect.ratio * noise) != outcome:
        text = f"A/A arms differ by a factor of up to {number(noise)}, which this does not exceed"
    return "undecided", text


def compared_by(
    analysis: Analysis, limit: Limit, over: Cell, under: Cell
) -> tuple[Comparison | None, LimitOutcome, str]:
    """Compare two cells as ``limit`` asks, with what the run's A/A arms show, and judge that."""
    asked = (limit.metric, limit.per)
    compared = compare(
        *(over, under, *asked),
        noise_factor=noise_factor(analysis.cells, *asked),
        smallest_effect=analysis.smallest_effect,
    )
    if compared is None:
        label = metric_label(*asked)
        return None, "undecided", f"no block has a value of {label} for both sides"
    return compared, *outcome_of(compared, limit.range)


# ---------------------------------------------------------------------------- a figure by itself


def figure_of(cell: Cell, limit: Limit) -> Figure:
    """Judge a metric of ``cell`` by its interval over trials, of which none may lack.

    Two trials have one: many a figure, as the size of a row, is the same in all of them. What is to
    be exactly so needs none. Of a trial that the saver ended every cycle is lost: it counts in the
    errors as a share of 1, and leaves every other figure open.
    """
    metric = limit.metric
    found = _errors(cell) if metric == ERRORS.name else cell.estimates.get(metric)
    if why := cell.fails_for(metric):
        return Figure("undecided", why, found)
    if found is None or found.value is None:
        absent = found.why_not if found else f"there is no {metric} here"
        return Figure("undecided", cell.reason or absent)
    is_exact = any(bound.relation == "==" for bound in limit.bounds)
    if is_exact and limit.range.fails(found.value, found.value):
        return Figure("fails", "", found, (0.0, 0.0))
    p_values = (1.0, 1.0) if is_exact else estimate_outside_p(found, limit.range)
    outcome, why = _by_interval(cell, limit, found, is_exact=is_exact)
    return Figure(outcome, why, found, p_values)


def _by_interval(
    cell: Cell, limit: Limit, found: Estimate, *, is_exact: bool
) -> tuple[LimitOutcome, str]:
    have, planned = len(found.trial_values), cell.blocks.planned
    if have < planned:
        lacking = f"{have} of {planned} trials have a value"
        lacking = lacking if have else f"no interval: {found.method}"
        return "undecided", cell.reason or lacking
    if is_exact:
        return "holds", ""
    unsteady = cell.unsteady_because(limit.metric)
    return outcome_by_interval(limit.range, found.low, found.high, found.method, unsteady)


def _errors(cell: Cell) -> Estimate | None:
    """Estimate the share of cycles that failed, with those of trials that the saver ended."""
    ended = cell.blocks.ended.items()
    # That a server or a loop is not to be had here says nothing about a saver.
    lost = {block: 1.0 for block, stage in ended if stage not in BEFORE_THE_SAVER}
    shares = lost | dict(cell.blocks.values.get(ERRORS.name, {}))
    return over_trials(ERRORS, [*shares.values()], "arithmetic") if shares else None


# -------------------------------------------------------------------------- against chance


def beyond_chance(judged: Sequence[tuple[bool, PValues | None, int]]) -> list[bool]:
    """Tell of each whether it fails by more than chance: given are that it fails, p-values, blocks.

    Some of many may lie outside by chance, so each is allowed for how many they are (Holm). That
    all do by chance is no likelier than that one does: then every one counts.
    """
    known = [(p_values, blocks) for _, p_values, blocks in judged if p_values]
    allowed = iter(holm([p_among(*p_values, blocks, len(known)) for p_values, blocks in known]))
    adjusted = [next(allowed) if p_values else 1.0 for _, p_values, _ in judged]
    is_everywhere = all(fails for fails, p_values, _ in judged if p_values)
    return [
        fails and (is_everywhere or p_value <= LEVEL)
        for (fails, _, _), p_value in zip(judged, adjusted, strict=True)
    ]


def outside_p(values: Sequence[float], asked: Range, *, by_ranks: bool = False) -> PValues | None:
    """Return two p-values, two-sided, against the end of ``asked`` that ``values`` are beyond.

    The first is that of the interval: of the signed-rank test if ``by_ranks`` and there are enough
    values for it, else of Student's t; the second that of Student's t. Both are 1 where the centre
    lies inside; ``None`` for fewer than two values.
    """
    if len(values) < 2:
        return None
    data = np.asarray(values, float)
    is_ranked = by_ranks and data.size >= FEWEST_FOR_SIGNED_RANK
    centre = float(hodges_lehmann(data) if is_ranked else np.mean(data))
    if asked.low <= centre <= asked.high:
        return 1.0, 1.0
    beyond = data - (asked.low if centre < asked.low else asked.high)
    student = student_p(beyond)
    return (signed_rank_p(beyond) if is_ranked else student), student


def estimate_outside_p(estimate: Estimate, asked: Range) -> PValues | None:
    """Return the same for a figure over trials, of logarithms where its interval is of these."""
    values = estimate.trial_values
    if estimate.method == GEOMETRIC:
        return outside_p([math.log(value) for value in values], in_logarithms(asked))
    return outside_p(values, asked)


def ratio_outside_p(compared: Comparison, asked: Range) -> PValues | None:
    """Return the same for a ratio inside blocks."""
    logarithms = [math.log(ratio) for ratio in compared.ratios.values()]
    return outside_p(logarithms, in_logarithms(asked), by_ranks=True)


def in_logarithms(asked: Range) -> Range:
    """Return the range of logarithms that ``asked`` is."""
    low, high = (math.log(e) if e > 0.0 else -math.inf for e in (asked.low, asked.high))
    return replace(asked, low=low, high=high)
