"""Ratios of two groups of trials that share no blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from bench.stats.quantiles import CONFIDENCE

# Of two trials Student's t gives intervals over some orders of magnitude.
FEWEST_TRIALS = 3


@dataclass(frozen=True, slots=True)
class UnpairedRatio:
    """A ratio with its 95 % interval, and its two-sided p for a ratio of 1.

    All but the ratio are ``None`` where a side has fewer than :data:`FEWEST_TRIALS` trials.
    """

    ratio: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def unpaired_ratio(
    after: Sequence[float], before: Sequence[float], confidence: float = CONFIDENCE
) -> UnpairedRatio:
    """Compare positive values, at least one on each side, by Welch's t test of their logarithms.

    Welch, "The generalization of Student's problem when several different population variances are
    involved", Biometrika 1947.

    Raises:
        ValueError: a side is empty, or a value is not positive and finite.
    """
    if not after or not before or not all(0.0 < each < math.inf for each in (*after, *before)):
        raise ValueError("a ratio needs positive, finite values on both sides")
    sides = [np.log(np.asarray(values, float)) for values in (after, before)]
    difference = float(sides[0].mean() - sides[1].mean())
    if min(len(after), len(before)) < FEWEST_TRIALS:
        return UnpairedRatio(math.exp(difference))
    variances = [float(side.var(ddof=1)) / side.size for side in sides]
    error = math.sqrt(sum(variances))
    if error == 0.0:
        ratio = math.exp(difference)
        return UnpairedRatio(ratio, ratio, ratio, 1.0 if difference == 0.0 else 0.0)
    freedom = error**4 / sum(v**2 / (s.size - 1) for v, s in zip(variances, sides, strict=True))
    half = float(stdtrit(freedom, 0.5 + confidence / 2.0)) * error
    return UnpairedRatio(
        math.exp(difference),
        math.exp(difference - half),
        math.exp(difference + half),
        2.0 * float(stdtr(freedom, -abs(difference) / error)),
    )
