"""Values with intervals over trials; ratios over blocks are in ``bench.stats.effects``.

The trial is the unit of replication, since the operations inside one share its process and follow
each other (Kalibera and Jones, "Rigorous benchmarking in reasonable time", ISMM 2013). With the 3
to 10 trials of a run a percentile bootstrap covers some 85 % where it says 95 %, and a signed-rank
interval does not exist below 6; Student's t holds its level if the values are about normal, which
logarithms of times and rates are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from bench.stats.quantiles import CONFIDENCE

GEOMETRIC = "geometric mean over trials, Student t interval of the logarithms"
ARITHMETIC = "mean over trials, Student t interval"
SINGLE = "one trial, no interval"
PAIRED = "mean of the log-ratios inside blocks, paired Student t interval"
SHARED = (
    "mean of the log-ratios inside blocks, Student t interval with a variance that the comparisons "
    "read together share (empirical Bayes)"
)
SINGLE_BLOCK = "ratio inside one block, no interval"


@dataclass(frozen=True, slots=True)
class Interval:
    """A ``value`` in the unit of the data; ``low`` and ``high`` are ``None`` without replicates."""

    value: float
    low: float | None
    high: float | None
    method: str


def arithmetic(values: Sequence[float], least: float = 0.0) -> Interval:
    """Return the mean of ``values`` (n ≥ 1) with Student's t interval.

    For what may be zero: waits, and the readings of probes (lags, shares, growth). The low end is
    clipped at ``least``, unless a value is below it, as growth may be.
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return Interval(mean, None, None, SINGLE)
    low, high = student_interval(mean, standard_error(values), len(values) - 1, CONFIDENCE)
    low = low if min(values) < least else max(least, low)
    return Interval(mean, low, high, ARITHMETIC)


def geometric(values: Sequence[float]) -> Interval:
    """Return the geometric mean of ``values`` (n ≥ 1, all positive), Student's t on logarithms.

    Raises:
        ValueError: a value is not positive.
    """
    if min(values) <= 0.0:
        raise ValueError("a geometric mean needs positive values")
    if len(values) < 2:
        return Interval(float(values[0]), None, None, SINGLE)
    logs = np.log(values)
    mean = float(np.mean(logs))
    low, high = student_interval(mean, standard_error(logs), len(values) - 1, CONFIDENCE)
    return Interval(math.exp(mean), exp(low), exp(high), GEOMETRIC)


def student_interval(
    mean: float, error: float, degrees: float, confidence: float
) -> tuple[float, float]:
    """Return Student's t interval of a ``mean`` with that standard ``error``."""
    half = float(stdtrit(degrees, 0.5 + confidence / 2.0)) * error
    return mean - half, mean + half


def standard_error(values: Sequence[float] | npt.NDArray[np.float64]) -> float:
    """Return the standard error of the mean of ``values`` (n ≥ 2)."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def exp(logarithm: float) -> float:
    """Exponentiate; two trials that differ wildly have an interval beyond what a float holds."""
    return math.exp(logarithm) if logarithm < 700.0 else math.inf
