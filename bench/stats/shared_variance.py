"""Variances of few values each, made better known by each other: empirical Bayes.

With five blocks a variance rests on four degrees of freedom, and a t test at the level that many
comparisons ask for finds next to nothing. The comparisons of a family are measured alike, so their
variances resemble each other: each is taken as drawn from a scaled inverse χ² distribution with
``d0`` degrees of freedom around ``s0²``, both of which the sample variances tell by the moments of
their logarithms. A posterior variance is then the mean of the own one and ``s0²``, weighted by
their degrees of freedom, and the t that it gives has both together ("moderated t": Smyth, "Linear
models and empirical Bayes methods for assessing differential expression in microarray experiments",
2004, sections 3 to 5 and 6.2; as limma does it).

Whether they may be shared is looked at twice. Variances that resemble each other little give a
small ``d0``, so that each keeps its own. And the model must fit: what is much larger than it allows
keeps its own variance and has no part in the prior (as in Phipson et al., "Robust hyperparameter
estimation protects against hypervariable genes and improves power to detect differential
expression", Annals of Applied Statistics 2016), and where all together do not look drawn from it
(Kolmogorov and Smirnov, with Stephens' allowance for small samples), nothing is shared.

So few variances cannot show that noise goes by the pair, and a prior that is fitted as certain
would then overrule every own variance. So the prior counts at most thrice as much as the own one.
And comparisons with one baseline in one condition share its noise: however many there are, they
know no more of a variance than the blocks of the one that has most tell.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, fdtrc, gammaincc, kolmogorov, polygamma

from bench.stats.multiplicity import LEVEL

Floats = npt.NDArray[np.float64]

# Of fewer variances nobody can tell how much they resemble each other.
FEWEST = 4
# Where all together fit as badly as that, by chance, nothing is shared.
_LEAST_FIT = 0.01
# So much more than the own variance the prior may count.
MOST_PRIOR = 3.0
_NEWTON_STEPS = 50


@dataclass(frozen=True, slots=True)
class Prior:
    """What variances resemble, and how much: in ``degrees`` of freedom (> 0, maybe infinite)."""

    variance: float
    degrees: float


def moderated(
    variances: Floats, degrees: Floats, groups: Sequence[Hashable]
) -> tuple[Floats, Floats]:
    """Return the variances (n,) to use and their degrees of freedom, for sample ones (≥ 0) of such.

    Those of one of the ``groups`` (n,) rest on a common noise, so that a group counts for the most
    degrees that one of it has. With a single group nobody gets more than these; who has fewer may
    get up to them. Variances and degrees are those given where nothing may be shared.
    """
    is_shared, prior = _fitted(variances, degrees)
    if prior is None:
        return variances, degrees
    of_prior = np.minimum(prior.degrees, MOST_PRIOR * degrees)
    total = degrees + of_prior
    posterior = (degrees * variances + of_prior * prior.variance) / total
    independent: dict[Hashable, float] = {}
    for group, own, shares in zip(groups, degrees.tolist(), is_shared, strict=True):
        if shares:
            independent[group] = max(own, independent.get(group, 0.0))
    known = np.maximum(degrees, np.minimum(total, sum(independent.values())))
    return np.where(is_shared, posterior, variances), np.where(is_shared, known, degrees)


def prior_of(variances: Floats, degrees: Floats) -> Prior:
    """Fit the prior to sample ``variances`` (n ≥ 2, > 0) by the moments of their logarithms."""
    half = degrees / 2.0
    centred = np.log(variances) - digamma(half) + np.log(half)
    mean = float(np.mean(centred))
    excess = float(np.var(centred, ddof=1) - np.mean(polygamma(1, half)))
    if excess <= 0.0:
        return Prior(float(np.average(variances, weights=degrees)), math.inf)
    prior_half = _inverse_trigamma(excess)
    return Prior(math.exp(mean + float(digamma(prior_half)) - math.log(prior_half)), 2 * prior_half)


def _fitted(variances: Floats, degrees: Floats) -> tuple[npt.NDArray[np.bool_], Prior | None]:
    """Return which share, and the prior; ``None`` where none do."""
    is_shared = variances > 0.0
    while is_shared.sum() >= FEWEST:
        prior = prior_of(variances[is_shared], degrees[is_shared])
        beyond = _beyond(variances, degrees, prior)
        is_too_large = is_shared & (beyond < LEVEL / is_shared.sum())
        if not is_too_large.any():
            fits = _fit(1.0 - beyond[is_shared]) >= _LEAST_FIT
            return is_shared, prior if fits else None
        is_shared = is_shared & ~is_too_large
    return is_shared, None


def _beyond(variances: Floats, degrees: Floats, prior: Prior) -> Floats:
    ratios = variances / prior.variance
    if math.isinf(prior.degrees):
        return np.asarray(gammaincc(degrees / 2.0, degrees * ratios / 2.0))
    return np.asarray(fdtrc(degrees, prior.degrees, ratios))


def _fit(probabilities: Floats) -> float:
    ordered, count = np.sort(probabilities), probabilities.size
    above = np.arange(1, count + 1) / count - ordered
    below = ordered - np.arange(count) / count
    distance = max(float(above.max()), float(below.max()))
    root = math.sqrt(count)
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def _inverse_trigamma(value: float) -> float:
    """Solve trigamma(x) = ``value`` (> 0) for x, by Newton's method on 1 ÷ trigamma.

    That is convex and nearly straight, so the steps fall from below the solution (Smyth 2004,
    appendix).
    """
    if value > 1e7:
        return 1.0 / math.sqrt(value)
    if value < 1e-6:
        return 1.0 / value
    found = 0.5 + 1.0 / value
    for _ in range(_NEWTON_STEPS):
        trigamma = float(polygamma(1, found))
        step = trigamma * (1.0 - trigamma / value) / float(polygamma(2, found))
        found += step
        if -step / found < 1e-8:
            break
    return found
