"""Empirical distribution functions, thinned for plotting."""

from __future__ import annotations

import numpy as np

from bench.analysis.result import Curve
from bench.stats.quantiles import Distribution

MOST_POINTS = 200


def curve(distribution: Distribution) -> Curve:
    """Return at most :data:`MOST_POINTS` points of the distribution function; times in ns.

    Half of the points are evenly spaced in probability, half have evenly spaced logarithms of
    1 − p, so that the tail keeps its shape. The first and the last value are always among them.
    The curve ends below 1 where operations were cut off: beyond that it is not known.
    """
    count = len(distribution)
    if not count:
        return Curve((), ())
    half = MOST_POINTS // 2
    beyond = np.concatenate([np.linspace(1.0, 0.0, half), np.geomspace(1.0, 1.0 / count, half)])
    ranks = np.clip(np.ceil((1.0 - beyond) * count), 1, count).astype(np.int64)
    chosen = np.unique(distribution.values[np.unique(ranks) - 1])
    if distribution.censored.size:
        chosen = chosen[chosen < distribution.censored[0]]
    share = np.searchsorted(distribution.values, chosen, "right") / count
    return Curve(tuple(chosen.astype(float).tolist()), tuple(share.tolist()))
