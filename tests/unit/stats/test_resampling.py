"""The hierarchical bootstrap: quantiles of resampled trials, and intervals that cover."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import lfilter

from bench.stats.quantiles import Distribution
from bench.stats.resampling import (
    hierarchical_interval,
    quantile_replicates,
    stretch_length,
)

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def operations(generator: np.random.Generator, count: int, resemblance: float) -> Integers:
    """Times in ns of operations that resemble their neighbours, skewed with a heavier tail."""
    innovations = generator.normal(0.0, np.sqrt(1.0 - resemblance**2), count + 100)
    course = lfilter([1.0], [1.0, -resemblance], innovations)[100:]
    times = np.exp(0.5 * course) * np.where(course > 2.0, 2.0 * course - 3.0, 1.0)
    return np.asarray(1e6 * times, dtype=np.int64)


def p99(values: Integers) -> float:
    return float(Distribution.of(values).quantile(0.99).value)


def test_replicates_lie_around_the_quantile() -> None:
    values = operations(np.random.default_rng(1), 2_000, 0.0)
    replicates = quantile_replicates(values, 0.99, seed=3)

    assert replicates.shape == (100,)
    assert set(np.round(np.exp(replicates)).astype(int)) <= set(values.tolist())
    assert np.median(replicates) == pytest.approx(np.log(p99(values)), abs=0.05)
    assert np.array_equal(replicates, quantile_replicates(values, 0.99, seed=3))


def test_the_spread_of_replicates_is_that_of_other_trials() -> None:
    """For operations that resemble their neighbours more are needed to see how much."""
    generator = np.random.default_rng(2)
    for count, resemblance in ((400, 0.0), (3_000, 0.8)):
        trials = [operations(generator, count, resemblance) for _ in range(150)]
        true = float(np.std([np.log(p99(values)) for values in trials]))
        each = [
            float(np.var(quantile_replicates(values, 0.99, seed)))
            for seed, values in enumerate(trials)
        ]

        assert float(np.sqrt(np.mean(each))) == pytest.approx(true, rel=0.25)


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.99])
def test_counting_what_is_beyond_equals_building_the_resample(probability: float) -> None:
    """With a stretch of 1 and every operation drawn once the quantile is the trial's own."""
    values = np.arange(1, 401, dtype=np.int64)
    np.random.default_rng(0).shuffle(values)
    replicates = np.exp(quantile_replicates(values, probability, seed=1, replicates=2_000))
    built = np.random.default_rng(5).choice(values, (2_000, 400))
    expected = np.quantile(built, probability, axis=1, method="inverted_cdf")

    assert np.mean(replicates) == pytest.approx(np.mean(expected), rel=0.01)
    assert np.std(replicates) == pytest.approx(np.std(expected), rel=0.15)


def test_equal_operations_have_equal_replicates() -> None:
    replicates = quantile_replicates(np.full(400, 7, dtype=np.int64), 0.99, seed=1)

    assert np.exp(replicates) == pytest.approx(np.full(100, 7.0))


def test_many_operations_are_drawn_a_few_resamples_at_a_time() -> None:
    values = operations(np.random.default_rng(4), 60_000, 0.5)
    replicates = quantile_replicates(values, 0.99, seed=1)

    assert np.mean(replicates) == pytest.approx(np.log(p99(values)), abs=0.02)


def test_stretches_are_as_long_as_operations_resemble_each_other() -> None:
    generator = np.random.default_rng(6)
    apart, together = (operations(generator, 4_000, resemblance) for resemblance in (0.0, 0.95))
    lengths = [stretch_length(values > np.quantile(values, 0.9)) for values in (apart, together)]

    assert lengths[0] <= 12
    assert lengths[1] >= 3 * lengths[0]
    assert stretch_length(np.zeros(100, dtype=np.bool_)) == 1


def test_blocks_that_agree_by_luck_do_not_make_the_interval_narrow() -> None:
    generator = np.random.default_rng(8)
    replicates = generator.normal(0.0, 0.3, (2, 5, 100))
    low, high = hierarchical_interval([1.20, 1.21, 1.19, 1.2, 1.2], replicates[0], replicates[1])

    # Two standard errors of a difference of 0.3 and 0.3 over five blocks.
    assert np.log(high / low) == pytest.approx(2 * 1.96 * 0.3 * np.sqrt(2.0 / 5.0), rel=0.15)
    assert low < 1.0 < high


def test_where_operations_are_no_matter_blocks_alone_decide() -> None:
    nothing = np.zeros((5, 100))
    ratios = [1.1, 1.3, 1.2, 1.4, 1.25]
    low, high = hierarchical_interval(ratios, nothing, nothing)
    logs = np.log(ratios)
    half = 2.776 * np.std(logs, ddof=1) / np.sqrt(5.0)

    assert np.log(high / low) / 2.0 == pytest.approx(half, rel=0.1)
    assert low > 1.0
    assert hierarchical_interval([2.0] * 5, nothing, nothing) == pytest.approx((2.0, 2.0))


@cache
def trials(resemblance: float) -> tuple[Floats, Floats]:
    """Return logarithms of p99 (trials,) and of its replicates (trials, replicates) of 1,500."""
    generator = np.random.default_rng(11)
    made = [operations(generator, 500, resemblance) for _ in range(1_500)]
    replicates = [quantile_replicates(values, 0.99, seed) for seed, values in enumerate(made)]
    return np.log([p99(values) for values in made]), np.stack(replicates)


@pytest.mark.slow
@pytest.mark.parametrize("resemblance", [0.0, 0.8])
@pytest.mark.parametrize("deviation", [0.0, 0.1])
@pytest.mark.parametrize("blocks", [5, 12])
def test_95_of_a_hundred_intervals_hold_the_true_ratio(
    blocks: int, deviation: float, resemblance: float
) -> None:
    """Skewed, autocorrelated operations; trials differ by ``deviation``. The true ratio is 1."""
    generator = np.random.default_rng(blocks)
    quantiles, replicates = trials(resemblance)
    runs, covered = 1_000, 0
    for _ in range(runs):
        # How long all operations of a trial take shifts what is known of it, and no more.
        levels = generator.normal(0.0, deviation, (2, blocks))
        drawn = generator.choice(len(quantiles), (2, blocks), replace=False)
        over, under = levels + quantiles[drawn]
        sides = levels[..., None] + replicates[drawn]
        low, high = hierarchical_interval(np.exp(over - under).tolist(), sides[0], sides[1])
        covered += low <= 1.0 <= high

    # 93 to 97 of 100, and 1 % for chance; where operations explain all the spread,
    # the larger of two variances is taken, which errs on the wide side.
    assert 0.92 <= covered / runs <= (0.98 if deviation else 0.99)
