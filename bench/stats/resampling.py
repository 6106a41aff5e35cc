"""Hierarchical bootstrap of a ratio of quantiles: blocks, and stretches of operations in trials.

The interval over blocks (``effects``) sees one quantile per trial and cannot know how well that one
is determined: the p99 of 400 operations rests on four of them. A few blocks that agree by luck then
give a narrow interval. Here the operations of each trial are resampled too, so what the quantiles
owe to chance inside trials is seen, and the two intervals check each other.

- Inside a trial whole stretches of operations are drawn, since neighbours resemble each other: the
  circular block bootstrap (Politis and Romano 1992). Their length follows from how long exceedances
  of the quantile come together (Politis and White, "Automatic block-length selection for the
  dependent bootstrap", 2004, with the correction of Patton, Politis and White 2009).
- Drawn from as they are, the trials' quantiles would carry the chance inside trials twice. So they
  are first drawn together by as much as that chance explains of their spread: the two-stage
  bootstrap with shrinkage (Davison and Hinkley, "Bootstrap methods and their application", 1997,
  section 3.8).
- A percentile interval from few blocks is too narrow. It is stretched by √(n ÷ (n − 1)) and by
  what Student's t is wider than a normal, as the expanded percentile interval is (Hesterberg, "What
  teachers should know about the bootstrap", 2015). Not where chance inside trials explains the
  whole spread: that is known from many operations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from bench.records.sample import Integers
from bench.stats.effects import FEWEST_FOR_SIGNED_RANK, hodges_lehmann
from bench.stats.quantiles import CONFIDENCE

Floats = npt.NDArray[np.float64]

REPLICATES = 100
_RESAMPLES = 999
# Of the numbers held at once while operations are drawn.
_MOST_NUMBERS = 2_000_000
# A stretch as long as a third of the trial says nothing about how stretches differ.
_LONGEST_SHARE = 1.0 / 3.0


def quantile_replicates(
    values: Integers, probability: float, seed: int, replicates: int = REPLICATES
) -> Floats:
    """Return logarithms of the quantile of resampled trials, shape (replicates,).

    ``values``, shape (n ≥ 1,), are the positive times of a trial's operations in the order in which
    they were due. The quantile is that of ``quantiles.Distribution``; what is beyond it in each
    resample is counted without building the resample.
    """
    count = values.size
    falling = np.argsort(-values, kind="stable")
    rank = max(1, math.ceil(round(probability * count, 9)))
    length = stretch_length(values > values[falling[count - rank]])
    stretches = math.ceil(count / length)
    drawn = stretches * length
    # The quantile is the value at which so many, counted from the largest, are reached.
    beyond = drawn - max(1, math.ceil(round(probability * drawn, 9))) + 1
    at_once = max(1, _MOST_NUMBERS // (count + length))
    generator = np.random.default_rng(seed)
    parts = []
    for first in range(0, replicates, at_once):
        size = min(at_once, replicates - first)
        starts = generator.integers(0, count, (size, stretches))
        covered = _times_covered(starts, count, length)
        parts.append(_reached(covered, falling, beyond))
    return np.log(np.maximum(values[np.concatenate(parts)], 1).astype(np.float64))


def _times_covered(starts: Integers, count: int, length: int) -> Integers:
    """Return how often each of ``count`` operations is in a stretch, shape (resamples, count)."""
    rows = np.arange(len(starts))[:, None] * count
    begun = np.bincount((starts + rows).ravel(), minlength=len(starts) * count)
    begun = begun.reshape(len(starts), count)
    # Stretches that begin near the end go on at the beginning.
    summed = np.cumsum(np.concatenate([begun[:, count - length :], begun], axis=1), axis=1)
    covered: Integers = summed[:, length:] - summed[:, :count]
    return covered


def _reached(covered: Integers, falling: npt.NDArray[np.intp], beyond: int) -> Integers:
    """Return which operation is the one with ``beyond`` at or above it, shape (resamples,)."""
    looked_at = min(falling.size, 4 * beyond)
    while True:
        counted = np.cumsum(covered[:, falling[:looked_at]], axis=1)
        if looked_at == falling.size or int(counted[:, -1].min()) >= beyond:
            found: Integers = falling[np.argmax(counted >= beyond, axis=1)]
            return found
        looked_at = falling.size


def stretch_length(exceeds: npt.NDArray[np.bool_]) -> int:
    """Return how many operations to draw together; ``exceeds``, shape (n,), is in order of time."""
    count = exceeds.size
    longest = max(1, int(count * _LONGEST_SHARE))
    most_lags = min(count - 1, 2 * math.ceil(math.sqrt(count)) + 10)
    if most_lags < 1 or exceeds.all() or not exceeds.any():
        return 1
    covariances = _autocovariances(exceeds.astype(np.float64), most_lags)
    # The first lag after which a run of correlations is no more than chance gives.
    run = max(5, math.ceil(math.sqrt(math.log10(count))))
    limit = 2.0 * math.sqrt(math.log10(count) / count)
    is_small = np.abs(covariances[1:] / covariances[0]) < limit
    runs = np.convolve(is_small, np.ones(run), mode="valid") >= run
    last = int(np.argmax(runs)) if runs.any() else most_lags // 2
    lags = np.arange(1, min(most_lags, 2 * max(1, last)) + 1)
    # The flat-top window: whole up to the half, then falling to nothing.
    weights = np.minimum(1.0, 2.0 * (1.0 - lags / (lags[-1] if lags[-1] > 1 else 2)))
    spread = covariances[0] + 2.0 * float(weights @ covariances[lags])
    curvature = 2.0 * float((weights * lags) @ covariances[lags])
    if spread <= 0.0:
        return longest
    length = math.cbrt(1.5 * (curvature / spread) ** 2 * count)
    return min(longest, max(1, math.ceil(length)))


def _autocovariances(series: Floats, most_lags: int) -> Floats:
    centred = series - float(np.mean(series))
    padded = 1 << (2 * series.size - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, padded)) ** 2
    covariances: Floats = np.fft.irfft(power, padded)[: most_lags + 1] / series.size
    return covariances


def hierarchical_interval(
    ratios: Sequence[float], candidate: Floats, baseline: Floats
) -> tuple[float, float]:
    """Return a 95 % interval of the ratio candidate ÷ baseline over blocks (n ≥ 2).

    ``ratios`` has one per block, ``candidate`` and ``baseline``, shape (n, replicates), the
    :func:`quantile_replicates` of its two trials. The estimate is that of ``effects``: the mean of
    the log-ratios of few blocks, else their Hodges–Lehmann estimate. The seed is fixed.
    """
    logs = np.log(np.asarray(ratios, dtype=np.float64))
    count = logs.size
    over, under = (_centred(side) for side in (candidate, baseline))
    inside = float(np.mean(np.var(over, axis=1, ddof=1) + np.var(under, axis=1, ddof=1)))
    spread = float(np.var(logs, ddof=1))
    centre = float(_estimates(logs[None, :])[0])
    explained = min(1.0, inside / spread) if spread > 0.0 else 1.0
    between = math.sqrt((1.0 - explained) * count / (count - 1))
    generator = np.random.default_rng(0)
    drawn = generator.integers(0, count, (_RESAMPLES, count))
    picks = generator.integers(0, over.shape[1], (2, _RESAMPLES, count))
    resampled = between * (logs[drawn] - centre) + over[drawn, picks[0]] - under[drawn, picks[1]]
    tail = 0.5 + CONFIDENCE / 2.0
    stretch = float(stdtrit(count - 1, tail) / ndtri(tail)) if explained < 1.0 else 1.0
    ends = np.quantile(_estimates(resampled), [1.0 - tail, tail]) * stretch
    low, high = np.exp(np.minimum(centre + ends, 700.0))
    return float(low), float(high)


def _centred(replicates: Floats) -> Floats:
    return np.asarray(replicates - np.mean(replicates, axis=1, keepdims=True))


def _estimates(logs: Floats) -> Floats:
    if logs.shape[1] < FEWEST_FOR_SIGNED_RANK:
        return np.asarray(np.mean(logs, axis=1))
    return hodges_lehmann(logs)
