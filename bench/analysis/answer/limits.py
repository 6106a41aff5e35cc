"""Whether a figure keeps to a limit: the one rule of the claims and of what a scenario asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from bench.analysis.cell import Estimate
from bench.analysis.comparison import heeded, widened
from bench.analysis.result import Comparison
from bench.scenario.limit import Range
from bench.scenario.quantity import number
from bench.stats.effects import (
    FEWEST_FOR_SIGNED_RANK,
    hodges_lehmann,
    signed_rank_p,
    student_p,
)
from bench.stats.intervals import GEOMETRIC

LimitOutcome = Literal["holds", "fails", "undecided"]
NO_INTERVAL = "a single block has no interval"


def outcome_in(asked: Range, low: float, high: float) -> LimitOutcome:
    """Tell whether all of ``low`` to ``high`` lies inside ``asked``, outside, or across."""
    if asked.holds(low, high):
        return "holds"
    return "fails" if asked.fails(low, high) else "undecided"


def says_nothing(compared: Comparison) -> str:
    """Say why a ratio is not to be put to any limit; empty where it may be."""
    match heeded(compared, "claims", {"blocks", "unsteady"}):
        case "blocks":
            # Those that drop out are the slow ones, so the ratio of the rest is biased.
            return f"{compared.effect.blocks} of {compared.blocks_planned} blocks have both sides"
        case "unsteady":
            return f"not steady during the window: {compared.unsteady}"
    return ""


def outcome_of(compared: Comparison, asked: Range) -> tuple[LimitOutcome, str]:
    """Return what the interval of a ratio says of the ``asked`` range, or why it says nothing."""
    effect = compared.effect
    if effect.low is None or effect.high is None:
        return "undecided", NO_INTERVAL
    if why := says_nothing(compared):
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


# -------------------------------------------------------------------------- against chance


def outside_p(
    values: Sequence[float], asked: Range, *, by_ranks: bool = False
) -> tuple[float, float] | None:
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


def estimate_outside_p(estimate: Estimate, asked: Range) -> tuple[float, float] | None:
    """Return the same for a figure over trials, of logarithms where its interval is of these."""
    values = estimate.trial_values
    if estimate.method == GEOMETRIC:
        return outside_p([math.log(value) for value in values], in_logarithms(asked))
    return outside_p(values, asked)


def ratio_outside_p(compared: Comparison, asked: Range) -> tuple[float, float] | None:
    """Return the same for a ratio inside blocks."""
    logarithms = [math.log(ratio) for ratio in compared.ratios.values()]
    return outside_p(logarithms, in_logarithms(asked), by_ranks=True)


def in_logarithms(asked: Range) -> Range:
    """Return the range of logarithms that ``asked`` is."""
    low, high = (math.log(e) if e > 0.0 else -math.inf for e in (asked.low, asked.high))
    return replace(asked, low=low, high=high)
