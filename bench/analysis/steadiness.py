"""Whether the window was steady: response times stayed level, or rose, fell or swung.

The window is cut into equal buckets of time, each with the median response time of the cycles that
were due in it; what is judged are the logarithms of these medians, so that a change is relative.

- **Trend**: Mann-Kendall (Mann 1945; Kendall 1975), the rank correlation with time, and the slope
  of Theil and Sen (Sen 1968), both insensitive to a few odd buckets. Neighbouring buckets resemble
  each other, which makes chance look like a trend: the test's variance is therefore enlarged by
  (1 + r) / (1 − r), r being the residuals' correlation with their neighbours (Bayley and Hammersley
  1946; von Storch 1995), corrected for its bias in short series (Marriott and Pope 1954) and taken
  without a parabola or a step, which are no chance. The change is the larger of that slope's and
  of the last third's from the first, since the slope does not see a step.
- **Oscillation**: the largest ordinate of the residuals' periodogram against the spectrum of red
  noise of that same r (Gilman, Fuglister and Mitchell 1963; Torrence and Compo 1998, section 4), at
  the level of the largest of all the frequencies that are looked at.

Both also ask for a least relative size: with enough cycles any change is significant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, norm

from bench.records.sample import Integers

Floats = npt.NDArray[np.float64]
Course = Literal["flat", "trending", "slowing down", "oscillating", "unknown"]

MOST_BUCKETS = 50
FEWEST_BUCKETS = 10
# The median of fewer is mostly chance.
CYCLES_PER_BUCKET = 8
# Over the whole window. The same arm measured twice differs by 10 to 20 % on a small machine.
LEAST_CHANGE = 0.20
SIGNIFICANCE = 0.005
# What bends or steps resembles its neighbours without being chance, as a warm-up that ends: that
# is taken out before they are compared, and more than this is not believed.
MOST_RESEMBLANCE = 0.8
# Of the swing, from its middle to its top; what swings less than twice a window is a trend.
LEAST_AMPLITUDE = 0.20
# Stricter than for trends: the neighbours' correlation is known badly from so few buckets.
SIGNIFICANCE_OF_SWING = 0.001
FEWEST_SWINGS = 2
# Gaps are bridged to look for swings; beyond this share of the buckets they are not looked for.
MOST_GAPS = 0.2
# Response times in equal groups of puts; the groups' medians carry the growth.
GROWTH_GROUPS = 50
PUTS_PER_GROUP = 5
PER_CHECKPOINTS = 1000.0


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How response times went in a window.

    ``trending``: they fell, so the trial was still warming up; ``slowing down``: they rose;
    ``unknown``: too few cycles to tell, or the offered rate itself changes. ``change`` is the
    relative change over the window (0.5: half as long again; −0.5: half), for ``oscillating`` the
    relative amplitude.
    """

    course: Course
    change: float = 0.0


UNKNOWN = Steadiness("unknown")


def classify(due_ns: Integers, response_ns: Integers, start_ns: int, end_ns: int) -> Steadiness:
    """Classify the window ``[start_ns, end_ns)``.

    ``due_ns`` and ``response_ns``, shape (n,), belong to the cycles that were due in it, in any
    order.
    """
    buckets = min(MOST_BUCKETS, due_ns.size // CYCLES_PER_BUCKET)
    if buckets < FEWEST_BUCKETS:
        return UNKNOWN
    medians = bucket_medians(due_ns, response_ns, start_ns, end_ns, buckets)
    times = np.flatnonzero(~np.isnan(medians)).astype(np.float64)
    if times.size < FEWEST_BUCKETS:
        return UNKNOWN
    logarithms = np.log(np.maximum(medians[times.astype(np.intp)], 1.0))
    if np.ptp(logarithms) == 0.0:
        return Steadiness("flat")
    slope = _slope(times, logarithms)
    residuals = logarithms - slope * times
    residuals -= float(np.mean(residuals))
    neighbours = _neighbours(_without_course(times, logarithms))
    rise = max(slope * buckets, _step(logarithms), key=abs)
    change = math.expm1(rise)
    is_large = abs(rise) >= math.log1p(LEAST_CHANGE)
    if is_large and _trend_probability(times, logarithms, neighbours) < SIGNIFICANCE:
        return Steadiness("slowing down" if rise > 0.0 else "trending", change)
    amplitude = _swing(times, residuals, neighbours, buckets)
    if amplitude >= math.log1p(LEAST_AMPLITUDE):
        return Steadiness("oscillating", math.expm1(amplitude))
    return Steadiness("flat", change)


def bucket_medians(
    due_ns: Integers, response_ns: Integers, start_ns: int, end_ns: int, buckets: int
) -> Floats:
    """Return the median response time of each of the equal ``buckets``; NaN where none was due."""
    width_ns = (end_ns - start_ns) / buckets
    place = np.minimum(((due_ns - start_ns) / width_ns).astype(np.int16), buckets - 1)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place, minlength=buckets))
    parts = np.split(response_ns[order], ends[:-1])
    return np.array([float(np.median(part)) if part.size else np.nan for part in parts])


def growth_ns(response_ns: Integers, numbers: Integers) -> float | None:
    """Return by how many ns the response time of put grows per 1000 checkpoints stored.

    ``numbers``, shape (n,) as ``response_ns``, say how many checkpoints each put of the window
    found stored. The Theil-Sen slope of the medians of up to 50 groups of consecutive puts;
    ``None`` with fewer than 50 puts, or where they have no span.
    """
    groups = min(GROWTH_GROUPS, numbers.size // PUTS_PER_GROUP)
    if groups < FEWEST_BUCKETS:
        return None
    order = np.argsort(numbers, kind="stable")
    medians = [float(np.median(part)) for part in np.array_split(response_ns[order], groups)]
    stored = [float(np.median(part)) for part in np.array_split(numbers[order], groups)]
    if stored[0] == stored[-1]:
        return None
    return _slope(np.array(stored), np.array(medians)) * PER_CHECKPOINTS


def _slope(places: Floats, values: Floats) -> float:
    """Return the median slope of all pairs; ``scipy.stats.theilslopes`` fails on many ties."""
    first, second = np.triu_indices(places.size, k=1)
    apart = places[second] - places[first]
    rise = values[second] - values[first]
    return float(np.median(rise[apart > 0.0] / apart[apart > 0.0]))


def _step(values: Floats) -> float:
    """Return the difference of the medians of the last and the first third."""
    third = values.size // 3
    return float(np.median(values[-third:]) - np.median(values[:third]))


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


def _trend_probability(times: Floats, values: Floats, neighbours: float) -> float:
    """Return how probable so much of a trend is without one, two-sided."""
    independent = float(kendalltau(times, values).pvalue)
    enlarged = math.sqrt((1.0 + neighbours) / (1.0 - neighbours))
    return float(2.0 * norm.sf(norm.isf(independent / 2.0) / enlarged))


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
