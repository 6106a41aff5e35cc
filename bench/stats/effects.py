"""Candidate against baseline from one log-ratio per block: estimate, interval, test, power.

The estimate is that of Hodges and Lehmann, the median of all pairwise means of the log-ratios: as
robust as a median, nearly as efficient as a mean, and no trial has to be thrown away. Its interval
inverts Wilcoxon's signed-rank test, exactly for up to 100 blocks (Hollander, Wolfe and Chicken,
"Nonparametric Statistical Methods", 2014, chapter 3); with more, the bias-corrected and accelerated
bootstrap takes over (Efron, "Better bootstrap confidence intervals", JASA 1987). Below 6 blocks no
such interval reaches 95 %, and Student's t has to do: logarithms of times are about normal. Where a
variance is known from more than these blocks, it is Student's t with that (:func:`mean_effect`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from bench.stats.intervals import (
    PAIRED,
    SINGLE_BLOCK,
    exp,
    standard_error,
    student_interval,
)
from bench.stats.quantiles import CONFIDENCE

SIGNED_RANK = "Hodges–Lehmann estimate of the log-ratios, exact signed-rank interval"
UNPAIRED = "ratio of the geometric means of trials that share no blocks, Welch's t interval"
BOOTSTRAP = "Hodges–Lehmann estimate of the log-ratios, BCa bootstrap interval"
# With n blocks the smallest two-sided p of a signed-rank test is 2 ÷ 2ⁿ: 5 % needs 6 of them.
FEWEST_FOR_SIGNED_RANK = 6
# Tables end near 25, but the exact distribution costs n additions of arrays of n²/2 numbers.
MOST_FOR_SIGNED_RANK = 100
# Beyond, a variance is known to a sixth from its own blocks, and ranks show what many ask for.
MOST_FOR_SHARED_VARIANCE = 20
# Of two trials Student's t gives intervals over some orders of magnitude.
FEWEST_UNPAIRED = 3
POWER = 0.80
_RESAMPLES = 4_999
# So many at a time, or all pairwise means of all resamples would take gigabytes.
_RESAMPLES_AT_ONCE = 100
_ROUNDING = 1e-12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """A ratio, candidate ÷ baseline, over blocks.

    ``low`` and ``high`` bound it at ``confidence``, ``equivalence_low`` and ``equivalence_high`` at
    1 − 2 × (1 − confidence), as two one-sided tests need; all four are ``None`` for a single block.
    ``p_value`` is two-sided, for a ratio of 1, and ``student_p`` that of Student's t, which has no
    least value however few the blocks. ``detectable_factor`` (> 1) is the smallest ratio that so
    many blocks of such spread would show in 80 of 100 runs; ``None`` without replicates. ``error``
    is the standard error of the mean log-ratio, with so many ``degrees`` of freedom.
    """

    ratio: float
    low: float | None
    high: float | None
    equivalence_low: float | None
    equivalence_high: float | None
    p_value: float | None
    detectable_factor: float | None
    blocks: int
    confidence: float
    method: str
    student_p: float | None = None
    error: float | None = None
    degrees: float = 0.0

    def detectable_at(self, level: float) -> Effect:
        """Return the effect with the factor that is detectable where p ≤ ``level`` is asked for."""
        if self.error is None:
            return self
        factor = exp(detectable(self.error, self.degrees, level))
        return replace(self, detectable_factor=factor)

    def side(self) -> int:
        """Return on which side of 1 the whole interval lies: 1 above, −1 below, 0 on neither."""
        return side_of_one(self.low, self.high)

    def is_equivalent(self, smallest_effect: float) -> bool:
        """Tell whether the ratio is shown to differ from 1 by less than ``smallest_effect``.

        Two one-sided tests (Schuirmann 1987): the narrower interval lies inside
        [1 ÷ (1 + effect), 1 + effect].
        """
        low, high = self.equivalence_low, self.equivalence_high
        if low is None or high is None:
            return False
        return low > 1.0 / (1.0 + smallest_effect) and high < 1.0 + smallest_effect


def effect(
    candidate: Sequence[float],
    baseline: Sequence[float],
    confidence: float = CONFIDENCE,
    most_for_signed_rank: int = MOST_FOR_SIGNED_RANK,
) -> Effect:
    """Compare positive values, one pair per block (n ≥ 1).

    Up to ``most_for_signed_rank`` blocks the interval inverts the test that gives the p-value, so
    that they do not contradict each other, but where values tie.

    Raises:
        ValueError: the lengths differ, there is no pair, or a value is not positive and finite.
    """
    values = (*candidate, *baseline)
    if not candidate or len(candidate) != len(baseline):
        raise ValueError("an effect needs pairs of values")
    if not all(0.0 < value < math.inf for value in values):
        raise ValueError("an effect needs positive, finite values")
    logs = log_ratios(candidate, baseline)
    count = int(logs.size)
    if count < 2:
        nothing = (None,) * 6
        return Effect(exp(float(logs[0])), *nothing, count, confidence, SINGLE_BLOCK)
    of_mean = mean_effect(logs, standard_error(logs), count - 1, PAIRED, confidence)
    if count < FEWEST_FOR_SIGNED_RANK:
        return of_mean
    averages = walsh_averages(logs)
    if count <= most_for_signed_rank:
        between, method = partial(_signed_rank_ends, averages, count), SIGNED_RANK
    else:
        between, method = partial(bootstrap_interval, logs), BOOTSTRAP
    return replace(
        of_mean,
        ratio=exp(float(np.median(averages))),
        p_value=signed_rank_p(logs),
        method=method,
        **_ends(between, confidence),
    )


def mean_effect(
    logs: Floats, error: float, degrees: float, method: str, confidence: float = CONFIDENCE
) -> Effect:
    """Return the effect by the mean of ``logs`` (n ≥ 2,).

    Its standard ``error`` rests on so many ``degrees`` of freedom: those of the blocks, or more.
    """
    centre = float(np.mean(logs))
    p_value = _student_p(centre, error, degrees)
    return Effect(
        ratio=exp(centre),
        **_ends(partial(student_interval, centre, error, degrees), confidence),
        p_value=p_value,
        detectable_factor=exp(detectable(error, degrees, 1.0 - confidence)),
        blocks=int(logs.size),
        confidence=confidence,
        method=method,
        student_p=p_value,
        error=error,
        degrees=degrees,
    )


def unpaired_effect(after: Sequence[float], before: Sequence[float]) -> Effect:
    """Compare positive values, at least one on each side, that share no blocks.

    By Welch's t test of their logarithms ("The generalization of Student's problem when several
    different population variances are involved", Biometrika 1947). Where a side has fewer than
    :data:`FEWEST_UNPAIRED` values there is only the ratio.

    Raises:
        ValueError: a side is empty, or a value is not positive and finite.
    """
    if not after or not before or not all(0.0 < each < math.inf for each in (*after, *before)):
        raise ValueError("a ratio needs positive, finite values on both sides")
    sides = [np.log(np.asarray(values, float)) for values in (after, before)]
    difference, fewest = float(sides[0].mean() - sides[1].mean()), min(len(after), len(before))
    if fewest < FEWEST_UNPAIRED:
        return Effect(exp(difference), *(None,) * 6, fewest, CONFIDENCE, UNPAIRED)
    errors = [standard_error(side) for side in sides]
    error = math.hypot(*errors)
    parts = zip(errors, sides, strict=True)
    freedom = error**4 / sum(e**4 / (side.size - 1) for e, side in parts) if error else 1.0
    return Effect(
        ratio=exp(difference),
        **_ends(partial(student_interval, difference, error, freedom), CONFIDENCE),
        p_value=_student_p(difference, error, freedom),
        detectable_factor=None,
        blocks=fewest,
        confidence=CONFIDENCE,
        method=UNPAIRED,
    )


def _ends(between: Callable[[float], tuple[float, float]], confidence: float) -> dict[str, Any]:
    low, high = between(confidence)
    inner_low, inner_high = between(2.0 * confidence - 1.0)
    return {
        "low": exp(low),
        "high": exp(high),
        "equivalence_low": exp(inner_low),
        "equivalence_high": exp(inner_high),
    }


def side_of_one(low: float | None, high: float | None) -> int:
    """Return 1 if ``low`` to ``high`` lies above 1, −1 if below; 0: on neither side, or unknown."""
    if low is None or high is None:
        return 0
    return (low > 1.0) - (high < 1.0)


def departure(ratio: float) -> float:
    """Return the factor (≥ 1) by which ``ratio`` departs from 1."""
    return max(ratio, 1.0 / ratio)


def log_ratios(candidate: Sequence[float], baseline: Sequence[float]) -> Floats:
    """Return ln(candidate ÷ baseline) of each pair of positive values."""
    logs: Floats = np.log(np.asarray(candidate, float)) - np.log(np.asarray(baseline, float))
    return logs


def walsh_averages(values: Floats) -> Floats:
    """Return the means of all pairs of ``values`` (n,), each with itself too, ascending."""
    return np.sort(_pairwise_means(values))


def hodges_lehmann(values: Floats) -> Floats:
    """Return the medians of the Walsh averages along the last axis of ``values``."""
    return np.asarray(np.median(_pairwise_means(values), axis=-1))


def signed_rank_p(values: Floats) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test for a centre of 0.

    Exact for up to ``MOST_FOR_SIGNED_RANK`` values; zeros are left out, ties share their rank.
    """
    moved = values[values != 0.0]
    if not moved.size:
        return 1.0
    if moved.size > MOST_FOR_SIGNED_RANK:
        from scipy import stats  # noqa: PLC0415 - slow to import and seldom needed

        return float(stats.wilcoxon(moved, method="approx").pvalue)
    doubled, is_tied = _doubled_ranks(np.abs(moved))
    positive, total = int(doubled[moved > 0.0].sum()), int(doubled.sum())
    smaller = min(positive, total - positive)
    if is_tied:
        cumulative = _cumulative(doubled)[smaller]
    else:
        cumulative = _signed_rank_cumulative(moved.size)[smaller // 2]
    return min(1.0, 2.0 * float(cumulative))


def signed_rank_greater_p(values: Floats) -> float:
    """Return the one-sided p of the same test, for a centre that is not above 0."""
    moved = values[values != 0.0]
    doubled, _ = _doubled_ranks(np.abs(moved))
    is_above = 2 * int(doubled[moved > 0.0].sum()) > int(doubled.sum())
    half = signed_rank_p(values) / 2.0
    return half if is_above else 1.0 - half


def student_p(values: Floats) -> float:
    """Return the two-sided p of Student's t test for a mean of 0, for ``values`` (n ≥ 2,)."""
    return _student_p(float(np.mean(values)), standard_error(values), values.size - 1)


def _student_p(mean: float, error: float, degrees: float) -> float:
    # What differs by rounding alone has no variance to divide by.
    if error <= _ROUNDING * max(1.0, abs(mean)):
        return 1.0 if abs(mean) <= _ROUNDING else 0.0
    return 2.0 * float(stdtr(degrees, -abs(mean) / error))


def bootstrap_interval(values: Floats, confidence: float) -> tuple[float, float]:
    """Return the BCa interval of the Hodges–Lehmann estimate, with a fixed seed."""
    if np.ptp(values) == 0.0:
        return float(values[0]), float(values[0])
    from scipy import stats  # noqa: PLC0415 - slow to import and seldom needed

    found = stats.bootstrap(
        (values,),
        lambda drawn, axis: hodges_lehmann(np.moveaxis(drawn, axis, -1)),
        confidence_level=confidence,
        n_resamples=_RESAMPLES,
        batch=_RESAMPLES_AT_ONCE,
        method="BCa",
        vectorized=True,
        random_state=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def detectable(error: float, degrees: float, level: float) -> float:
    """Return the smallest log-ratio that a two-sided t-test at ``level`` finds with the POWER.

    ``error`` is the standard error of the mean log-ratio. The signed-rank test needs about 5 % more
    blocks for the same (its efficiency is 3 ÷ π for normal data).
    """
    return error * float(stdtrit(degrees, 1.0 - level / 2.0) + stdtrit(degrees, POWER))


def detectable_factor(values: Sequence[float]) -> float | None:
    """Return the smallest factor that so many ``values`` of such spread would show.

    ``None`` for fewer than two, and where one of them has no logarithm.
    """
    if len(values) < 2 or min(values) <= 0.0:
        return None
    error = standard_error(np.log(values))
    return exp(detectable(error, len(values) - 1, 1.0 - CONFIDENCE))


@lru_cache(maxsize=128)
def _pairs(count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the places of the two of each pair among ``count`` values, each with itself too."""
    return np.triu_indices(count)


def _pairwise_means(values: Floats) -> Floats:
    """Return the means of all pairs along the last axis of ``values``, each with itself too."""
    first, second = _pairs(values.shape[-1])
    return np.asarray((values[..., first] + values[..., second]) / 2.0)


def _signed_rank_ends(averages: Floats, count: int, confidence: float) -> tuple[float, float]:
    """Return the interval from the ascending Walsh ``averages`` of ``count`` values."""
    tail = (1.0 - confidence) / 2.0
    # As many Walsh averages may be cut off at each end as keeps the tail within its level.
    cut = int(np.searchsorted(_signed_rank_cumulative(count), tail + 1e-12, side="right"))
    cut = min(cut, (averages.size - 1) // 2)
    return float(averages[max(0, cut - 1)]), float(averages[averages.size - max(1, cut)])


def _doubled_ranks(values: Floats) -> tuple[npt.NDArray[np.int64], bool]:
    """Return twice the ranks of ``values``, whole where ties share theirs, and whether any tie."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return below + up_to + 1, bool(np.any(up_to - below > 1))


@cache
def _signed_rank_cumulative(count: int) -> Floats:
    """Return P(W ≤ w) for w = 0 … n(n+1)/2, where each rank is in the sum with probability ½."""
    return _cumulative(np.arange(1, count + 1))


def _cumulative(ranks: npt.NDArray[np.int64]) -> Floats:
    """Return P(W ≤ w) for w = 0 … sum of ``ranks``, each in W with probability ½."""
    chance = np.zeros(int(ranks.sum()) + 1)
    chance[0] = 1.0
    for rank in ranks:
        # Halved at each step, since 2ⁿ is too large a number from n = 1024.
        chance[rank:] = chance[rank:] + chance[:-rank]
        chance /= 2.0
    return np.cumsum(chance)
