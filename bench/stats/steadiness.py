"""Whether the window was steady: whether a time or rate drifted, and whether it swung.

- **Drift**: of each trial the logarithm of what the second half of its window gives ÷ what the
  first gives (medians of times, rates); over the trials of a cell Student's t test of whether their
  mean is 0. The trial is the unit of replication here, too: neighbouring operations resemble each
  other, trials do not. A cell has few trials, so what is known of their variance is shared by all
  cells of a run in the same series (``bench.stats.shared_variance``). A drift is systematic from
  10 % on and at p < 0.01. Where nothing drifts, the halves might be exchanged, so log-ratios lie
  evenly about 0, and at most 1 in 100 series is called drifting, whatever their scatter or their
  tails; where halves scatter by less than 5 %, the least size leaves next to none. So in a run of
  80 cells and 3 primary metrics at most 2 or 3 of 240 are flagged by chance
  (tests/unit/stats/test_steadiness.py has false alarms and power). Of a single trial nobody can
  tell.
- **Oscillation**, trial by trial: the window is cut into equal buckets of time, each with the
  median response time of the cycles that were due in it. Of the logarithms of these medians, taken
  without a parabola or a step, the largest ordinate of the periodogram is compared with the
  spectrum of red noise that resembles its neighbours as much (Gilman, Fuglister and Mitchell 1963;
  Torrence and Compo 1998, section 4), at the level of the largest of all the frequencies that are
  looked at. The neighbours' correlation is corrected for its bias in short series (Marriott and
  Pope 1954).

Both also ask for a least relative size: with enough operations any change is significant.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from bench.records.sample import Integers
from bench.scenario.metric import METRICS, RESPONSE_GROWTH
from bench.stats.shared_variance import moderated

Floats = npt.NDArray[np.float64]
Cell = TypeVar("Cell", bound=Hashable)

FEWEST_TRIALS = 2
SIGNIFICANCE = 0.01
LEAST_DRIFT = 0.10
MOST_BUCKETS = 50
FEWEST_BUCKETS = 10
# The median of fewer is mostly chance.
CYCLES_PER_BUCKET = 8
# What bends or steps resembles its neighbours without being chance, as a warm-up that ends: that
# is taken out before they are compared, and more than this is not believed.
MOST_RESEMBLANCE = 0.8
# Of the swing, from its middle to its top; what swings less than twice a window is a drift.
LEAST_AMPLITUDE = 0.20
# The neighbours' correlation is known badly from so few buckets.
SIGNIFICANCE_OF_SWING = 0.001
FEWEST_SWINGS = 2
# Gaps are bridged to look for swings; beyond this share of the buckets they are not looked for.
MOST_GAPS = 0.2
# Response times in equal groups of puts; the groups' medians carry the growth.
GROWTH_GROUPS = 50
PUTS_PER_GROUP = 5
FEWEST_PUTS = METRICS[RESPONSE_GROWTH.name].needed
PER_CHECKPOINTS = 1000.0


@dataclass(frozen=True, slots=True)
class Drift:
    """By how much a time or a rate changed from the first half of the window to the second.

    ``change`` is the geometric mean over ``trials`` trials, less 1: 0.2 is 20 % more.
    ``p_value`` is two-sided for no change, ``None`` where the trials are too few to tell.
    ``is_systematic``: the trials agree that it changed, by as much as matters
    (see above).
    """

    change: float
    trials: int
    p_value: float | None
    is_systematic: bool

    @property
    def is_large(self) -> bool:
        """Whether it would matter: by 10 % or more, either way."""
        return abs(math.log1p(self.change)) >= math.log1p(LEAST_DRIFT)


def drifts_over(changes: Mapping[Cell, Sequence[float]]) -> dict[Cell, Drift]:
    """Say how far a series drifted in each cell, from what it did in all cells of a run.

    ``changes`` has the log-ratio second half ÷ first of each trial (≥ 1) of a cell.
    """
    repeated = [cell for cell, of_trials in changes.items() if len(of_trials) >= FEWEST_TRIALS]
    own = np.array([len(changes[cell]) - 1.0 for cell in repeated])
    variances = np.array([np.var(changes[cell], ddof=1) for cell in repeated])
    known = zip(repeated, *moderated(variances, own, repeated), strict=True)
    tested = {cell: (float(variance), float(degrees)) for cell, variance, degrees in known}
    return {
        cell: _drift(of_trials, *tested.get(cell, (0.0, 0.0)))
        for cell, of_trials in changes.items()
    }


def _drift(changes: Sequence[float], variance: float, degrees: float) -> Drift:
    mean, trials = float(np.mean(changes)), len(changes)
    drift = Drift(math.expm1(mean), trials, p_value=None, is_systematic=False)
    if not degrees:
        return drift
    error = math.sqrt(variance / trials)
    # Trials that agree entirely leave no doubt.
    student = abs(mean) / error if error > 0.0 else math.inf if mean else 0.0
    p_value = 2.0 * float(stdtr(degrees, -student))
    is_systematic = drift.is_large and p_value < SIGNIFICANCE
    return replace(drift, p_value=p_value, is_systematic=is_systematic)


def swing_of(due_ns: Integers, response_ns: Integers, start_ns: int, end_ns: int) -> float:
    """Return the relative amplitude by which response times swung in ``[start_ns, end_ns)``.

    ``due_ns`` and ``response_ns``, shape (n,), belong to the cycles that were due in it, in any
    order. 0 where they did not swing, or are too few to tell.
    """
    buckets = min(MOST_BUCKETS, due_ns.size // CYCLES_PER_BUCKET)
    if buckets < FEWEST_BUCKETS:
        return 0.0
    medians = bucket_medians(due_ns, response_ns, start_ns, end_ns, buckets)
    times = np.flatnonzero(~np.isnan(medians)).astype(np.float64)
    if times.size < FEWEST_BUCKETS:
        return 0.0
    logarithms = np.log(np.maximum(medians[times.astype(np.intp)], 1.0))
    if np.ptp(logarithms) == 0.0:
        return 0.0
    residuals = _without_course(times, logarithms)
    amplitude = _swing(times, residuals, _neighbours(residuals), buckets)
    return math.expm1(amplitude) if amplitude >= math.log1p(LEAST_AMPLITUDE) else 0.0


def bucket_medians(
    due_ns: Integers, response_ns: Integers, start_ns: int, end_ns: int, buckets: int
) -> Floats:
    """Return the median response time of each of the equal ``buckets``; NaN where none was due."""
    width_ns = (end_ns - start_ns) / buckets
    place = np.minimum(((due_ns - start_ns) / width_ns).astype(np.int16), buckets - 1)
    return _medians(response_ns, place, buckets)


def _medians(values: Integers, place: npt.NDArray[np.signedinteger], parts: int) -> Floats:
    """Return the median of the ``values`` (n,) at each place (n,) below ``parts``; NaN of none."""
    ordered = np.append(values[np.lexsort((values, place))], 0).astype(np.float64)
    sizes = np.bincount(place, minlength=parts)
    begins = np.cumsum(sizes) - sizes
    lower, upper = begins + np.maximum(sizes - 1, 0) // 2, begins + sizes // 2
    return np.where(sizes > 0, (ordered[lower] + ordered[upper]) / 2.0, np.nan)


def growth_ns(response_ns: Integers, numbers: Integers) -> float | None:
    """Return by how many ns the response time of put grows per 1000 checkpoints stored.

    ``numbers``, shape (n,) as ``response_ns``, say how many checkpoints each put of the window
    found stored. The Theil-Sen slope of the medians of up to 50 groups of consecutive puts;
    ``None`` with fewer than 50 puts, or where they have no span.
    """
    groups = min(GROWTH_GROUPS, numbers.size // PUTS_PER_GROUP)
    if numbers.size < FEWEST_PUTS:
        return None
    order = np.argsort(numbers, kind="stable")
    size, larger = divmod(numbers.size, groups)
    place = np.repeat(np.arange(groups), np.where(np.arange(groups) < larger, size + 1, size))
    stored = _medians(numbers[order], place, groups)
    if stored[0] == stored[-1]:
        return None
    return _slope(stored, _medians(response_ns[order], place, groups)) * PER_CHECKPOINTS


def _slope(places: Floats, values: Floats) -> float:
    """Return the median slope of all pairs; ``scipy.stats.theilslopes`` fails on many ties."""
    first, second = np.triu_indices(places.size, k=1)
    apart = places[second] - places[first]
    rise = values[second] - values[first]
    return float(np.median(rise[apart > 0.0] / apart[apart > 0.0]))


def _without_course(times: Floats, values: Floats) -> Floats:
    """Take out of ``values`` a parabola or a step, whichever leaves less."""
    bent = values - np.polyval(np.polyfit(times, values, 2), times)
    sides = np.arange(1, values.size)
    before = np.cumsum(values)[:-1] / sides
    after = (np.sum(values) - np.cumsum(values)[:-1]) / (values.size - sides)
    # Between the sums of squares of two levels and of one lies what the step explains.
    explained = sides * (values.size - sides) * (after - before) ** 2
    place = int(np.argmax(explained)) + 1
    levels = np.where(np.arange(values.size) < place, before[place - 1], after[place - 1])
    stepped: Floats = values - levels
    return stepped if np.dot(stepped, stepped) < np.dot(bent, bent) else bent


def _neighbours(residuals: Floats) -> float:
    """Return the correlation of each residual with the next, its bias removed, 0 if negative."""
    total = float(np.dot(residuals, residuals))
    if total == 0.0:
        return 0.0
    count = residuals.size
    biased = float(np.dot(residuals[:-1], residuals[1:])) / total
    return min(MOST_RESEMBLANCE, max(0.0, (count * biased + 1.0) / (count - 4.0)))


def _swing(times: Floats, residuals: Floats, neighbours: float, buckets: int) -> float:
    """Return the amplitude of the swing that stands out of red noise most; 0 if none does."""
    if times.size < (1.0 - MOST_GAPS) * buckets:
        return 0.0
    level = np.interp(np.arange(buckets), times, residuals)
    level -= float(np.mean(level))
    variance = float(np.mean(level**2))
    swings = np.arange(FEWEST_SWINGS, buckets // 2)
    if variance == 0.0 or not swings.size:
        return 0.0
    amplitudes = 2.0 * np.abs(np.fft.rfft(level))[swings] / buckets
    # Of white noise each ordinate is exponential with mean 1, and red noise has this spectrum.
    ordinates = amplitudes**2 * buckets / (4.0 * variance)
    turns = np.cos(2.0 * np.pi * swings / buckets)
    red = (1.0 - neighbours**2) / (1.0 + neighbours**2 - 2.0 * neighbours * turns)
    level_of_largest = -math.log(-math.expm1(math.log1p(-SIGNIFICANCE_OF_SWING) / swings.size))
    standing_out = ordinates > red * level_of_largest
    return float(np.max(amplitudes[standing_out], initial=0.0))
