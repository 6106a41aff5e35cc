"""Two samples that share no blocks: the shift of their logarithms.

The estimate is the median of all pairwise differences (Hodges and Lehmann 1963), the interval the
one that belongs to the Mann–Whitney test, by its normal approximation. What drifted between the two
samples is in it: it says how sure the ratio of these two is, not whether the code made it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from bench.stats.effects import Effect

UNPAIRED = "Hodges–Lehmann shift of the logarithms, Mann–Whitney interval, not paired"


def unpaired_effect(over: Sequence[float], under: Sequence[float], confidence: float) -> Effect:
    """Compare positive values (n, m ≥ 1 each); there is no detectable factor.

    Raises:
        ValueError: a side is empty or a value is not positive.
    """
    if not over or not under or min(*over, *under) <= 0.0:
        raise ValueError("an effect needs positive values on both sides")
    differences = np.sort(np.subtract.outer(np.log(over), np.log(under)).ravel())
    low, high = _bounds(differences, len(over), len(under), confidence)
    inner_low, inner_high = _bounds(differences, len(over), len(under), 2.0 * confidence - 1.0)
    p_value = float(stats.mannwhitneyu(over, under, alternative="two-sided").pvalue)
    return Effect(
        ratio=math.exp(float(np.median(differences))),
        low=low,
        high=high,
        equivalence_low=inner_low,
        equivalence_high=inner_high,
        p_value=p_value,
        detectable_factor=None,
        blocks=min(len(over), len(under)),
        confidence=confidence,
        method=UNPAIRED,
    )


def _bounds(
    differences: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    over: int,
    under: int,
    confidence: float,
) -> tuple[float | None, float | None]:
    """Return the interval's ends as ratios; ``None`` where so few values bound nothing."""
    pairs = over * under
    spread = math.sqrt(pairs * (over + under + 1) / 12.0)
    cut = math.floor(pairs / 2.0 - stats.norm.ppf(0.5 + confidence / 2.0) * spread)
    if cut < 1:
        return None, None
    return math.exp(float(differences[cut - 1])), math.exp(float(differences[pairs - cut]))
