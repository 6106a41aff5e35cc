"""How often an interval that says 95 % holds the truth, by simulation.

Log-ratios of blocks are drawn from distributions whose centre is 0, and the interval is that of
``bench.stats.effects`` as every report has it: Student's below 6 blocks, then signed-rank's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bench.stats.effects import effect
from characteristics.recorded import Floats

CONFIDENCE = 0.95
BLOCKS = (3, 5, 6, 8, 10, 12, 16, 20, 30, 50)
_SPREAD = 0.15

Draw = Callable[[np.random.Generator, int], Floats]


def normal(generator: np.random.Generator, count: int) -> Floats:
    """Draw independent normal log-ratios."""
    return generator.normal(0.0, _SPREAD, count)


def skewed(generator: np.random.Generator, count: int) -> Floats:
    """Draw differences of two skewed arms, as the logarithms of times are."""
    first, second = generator.gamma(2.0, _SPREAD / 2.0, (2, count))
    return np.asarray(first - second)


def heavy_tailed(generator: np.random.Generator, count: int) -> Floats:
    """Draw from Student's t with 2 degrees of freedom, whose variance is infinite."""
    return np.asarray(_SPREAD * generator.standard_t(2.0, count))


def drifting(generator: np.random.Generator, count: int) -> Floats:
    """Draw two arms on a machine that drifts from block to block, twice as far as they differ."""
    drift = np.cumsum(generator.normal(0.0, 2.0 * _SPREAD, count))
    first, second = generator.normal(0.0, _SPREAD, (2, count)) + drift
    return np.asarray(first - second)


def shuffled(generator: np.random.Generator, count: int) -> Floats:
    """Draw trials each of which keeps 0.6 of the last one; in a block the first is any arm's."""
    trials = _autoregressive(generator, 2 * count, 0.6)
    sign = generator.choice((-1.0, 1.0), count)
    return np.asarray(sign * (trials[0::2] - trials[1::2]))


def autocorrelated(generator: np.random.Generator, count: int) -> Floats:
    """Draw log-ratios each of which keeps 0.3 of the last one: what shuffled blocks prevent."""
    return _autoregressive(generator, count, 0.3)


def _autoregressive(generator: np.random.Generator, count: int, kept: float) -> Floats:
    values = generator.normal(0.0, _SPREAD, count)
    for at in range(1, count):
        values[at] += kept * values[at - 1]
    return values


DRAWS: Mapping[str, Draw] = {
    "normal": normal,
    "skewed": skewed,
    "heavy-tailed": heavy_tailed,
    "drift that hits both arms": drifting,
    "autocorrelated trials, shuffled": shuffled,
    "autocorrelated ratios": autocorrelated,
}


def covered(name: str, blocks: int, runs: int, generator: np.random.Generator) -> int:
    """Return in how many of ``runs`` the interval of as many ``blocks`` holds a ratio of 1."""
    found = 0
    for _ in range(runs):
        drawn = effect(np.exp(DRAWS[name](generator, blocks)).tolist(), [1.0] * blocks, CONFIDENCE)
        found += (drawn.low or 0.0) <= 1.0 <= (drawn.high or 0.0)
    return found
