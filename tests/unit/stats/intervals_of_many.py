"""Intervals of thousands of runs, by the arithmetic of ``effect`` on all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from bench.stats.effects import FEWEST_FOR_SIGNED_RANK as FEWEST
from bench.stats.effects import Effect, Floats, effect, walsh_averages
from bench.stats.intervals import standard_error, student_interval
from bench.stats.quantiles import CONFIDENCE

# So many at a time, or the pairwise means of all would fill the memory.
AT_ONCE = 500


@dataclass(frozen=True)
class Intervals:
    """Estimates and ends of the 95 % intervals, as logarithms, each (runs,)."""

    centre: Floats
    low: Floats
    high: Floats

    @property
    def half_width(self) -> Floats:
        return np.maximum(self.high - self.centre, self.centre - self.low)

    @property
    def covers(self) -> npt.NDArray[np.bool_]:
        """Whether each holds 0."""
        return (self.low <= 0.0) & (self.high >= 0.0)


def of_log_ratios(logs: Floats, most: int) -> Effect:
    """Return the effect of one run (blocks,), by ranks for up to ``most`` blocks."""
    return effect(np.exp(logs).tolist(), [1.0] * logs.size, most_for_signed_rank=most)


def intervals(runs: Floats) -> Intervals:
    """Return the intervals of runs (runs, blocks)."""
    parts = [_intervals(runs[start : start + AT_ONCE]) for start in range(0, len(runs), AT_ONCE)]
    found = Intervals(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    # That they are those of ``effect`` is looked at, not taken for granted.
    for run in range(0, len(runs), 1 + len(runs) // 20):
        one = of_log_ratios(runs[run], runs.shape[1])
        ends = (found.centre[run], found.low[run], found.high[run])
        assert (one.ratio, one.low, one.high) == pytest.approx(tuple(np.exp(ends)), rel=1e-9)
    return found


def _intervals(runs: Floats) -> tuple[Floats, Floats, Floats]:
    blocks = runs.shape[1]
    if blocks < FEWEST:
        centre = runs.mean(axis=1)
        errors = [standard_error(one) for one in runs]
        ends = np.array(
            [
                student_interval(mean, error, blocks - 1, CONFIDENCE)
                for mean, error in zip(centre.tolist(), errors, strict=True)
            ]
        )
        return centre, ends[:, 0], ends[:, 1]
    averages = walsh_averages(runs)
    cut = _cut_off(blocks)
    return np.median(averages, axis=1), averages[:, cut], averages[:, -1 - cut]


def _cut_off(blocks: int) -> int:
    """Return how many of the pairwise means lie below the interval."""
    # No two pairwise means of these are the same.
    values = np.arange(1.0, blocks + 1.0) ** 1.5 / blocks
    low = of_log_ratios(values, blocks).low
    assert low is not None
    return int(np.searchsorted(walsh_averages(values), np.log(low) - 1e-9))
