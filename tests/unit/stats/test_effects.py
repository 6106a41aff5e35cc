"""Effects: estimates by hand, intervals that cover what they say, adjusted p-values."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats import effects
from bench.stats.effects import (
    BOOTSTRAP,
    SIGNED_RANK,
    bootstrap_interval,
    detectable,
    detectable_factor,
    effect,
    hodges_lehmann,
    mean_effect,
    signed_rank_p,
    walsh_averages,
)
from bench.stats.intervals import PAIRED, SINGLE_BLOCK
from bench.stats.multiplicity import (
    benjamini_hochberg,
    benjamini_hochberg_levels,
    holm,
    holm_levels,
)
from tests.unit.stats.intervals_of_many import intervals, of_log_ratios

POSITIVE = st.floats(1e-3, 1e6)
PAIRS = st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=14)
Draw = Callable[[np.random.Generator, int], effects.Floats]


def normal(generator: np.random.Generator, count: int) -> effects.Floats:
    return generator.normal(0.0, 0.2, count)


def skewed(generator: np.random.Generator, count: int) -> effects.Floats:
    """Differences of two skewed arms, as log-ratios of times are: heavy tails on both sides."""
    first, second = generator.gamma(2.0, 0.1, (2, count))
    return np.asarray(first - second)


def autocorrelated(generator: np.random.Generator, count: int) -> effects.Floats:
    """Drift from block to block hits both arms; what is left differs from block to block a bit."""
    drift = np.cumsum(generator.normal(0.0, 0.3, count))
    first = drift + generator.normal(0.0, 0.15, count)
    second = drift + generator.normal(0.0, 0.15, count)
    return np.asarray(first - second)


def interval(values: effects.Floats) -> tuple[float, float]:
    """Return the 95 % interval of the centre of log-ratios, by ranks where that can be."""
    found = of_log_ratios(values, sys.maxsize)
    assert found.low is not None
    assert found.high is not None
    return math.log(found.low), math.log(found.high)


def test_the_estimate_is_the_median_of_pairwise_means() -> None:
    values = np.array([1.0, 2.0, 6.0])

    assert walsh_averages(values).tolist() == [1.0, 1.5, 2.0, 3.5, 4.0, 6.0]
    assert hodges_lehmann(values) == 2.75


@pytest.mark.parametrize(("count", "cut"), [(6, 1), (8, 4), (10, 9), (12, 14), (15, 26)])
def test_the_interval_cuts_off_what_the_tables_say(count: int, cut: int) -> None:
    """Critical values of the signed-rank test at 2.5 % a side, as any table has them, plus one."""
    values = np.arange(1.0, count + 1.0) ** 1.5
    averages = walsh_averages(values)

    assert interval(values) == pytest.approx((averages[cut - 1], averages[-cut]))


@pytest.mark.slow
@pytest.mark.parametrize("draw", [normal, skewed, autocorrelated])
@pytest.mark.parametrize("count", [5, 6, 8, 12, 20, 40, 80])
def test_intervals_of_95_percent_cover_93_to_98_of_100(draw: Draw, count: int) -> None:
    """The upper end is 98: with 6 blocks the exact test has no level between 96.9 and 93.8 %."""
    generator = np.random.default_rng(count)
    runs = np.array([draw(generator, count) for _ in range(4_000)])

    assert 0.93 <= intervals(runs).covers.mean() <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("draw", [normal, skewed])
def test_with_many_blocks_the_bootstrap_covers_as_well(
    draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "_RESAMPLES", 399)
    generator = np.random.default_rng(1)
    runs = 300

    covered = 0
    for _ in range(runs):
        low, high = bootstrap_interval(draw(generator, 30), 0.95)
        covered += low <= 0.0 <= high

    # Three standard errors of a share of 95 % in 300 runs.
    assert covered / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


@pytest.mark.parametrize(
    ("blocks", "factor"), [(8, 1.15), (10, 1.00), (12, 0.89), (20, 0.66), (30, 0.53)]
)
def test_what_is_detectable_with_a_power_of_80_percent(blocks: int, factor: float) -> None:
    error = 1.0 / math.sqrt(blocks)
    assert detectable(error, blocks - 1, 0.05) == pytest.approx(factor, abs=0.01)


def test_power_is_what_it_says() -> None:
    generator = np.random.default_rng(3)
    shift = detectable(0.2 / math.sqrt(10), 9, 0.05)

    found = stats.ttest_1samp(generator.normal(shift, 0.2, (2_000, 10)), 0.0, axis=1).pvalue < 0.05

    assert 0.77 <= found.mean() <= 0.83


@pytest.mark.parametrize(
    ("blocks", "method"), [(1, SINGLE_BLOCK), (5, PAIRED), (6, SIGNED_RANK), (100, SIGNED_RANK)]
)
def test_the_method_follows_the_number_of_blocks(blocks: int, method: str) -> None:
    generator = np.random.default_rng(0)
    candidate = generator.lognormal(0.0, 0.1, blocks).tolist()

    assert effect(candidate, [1.0] * blocks).method == method


def test_many_blocks_are_bootstrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "_RESAMPLES", 99)
    candidate = np.random.default_rng(0).lognormal(0.7, 0.1, 101).tolist()

    found = effect(candidate, [1.0] * 101)

    assert found.method == BOOTSTRAP
    assert found.side()


def test_a_single_block_has_a_ratio_and_nothing_else() -> None:
    found = effect([3.0], [2.0])

    assert found.ratio == pytest.approx(1.5)
    assert (found.low, found.high, found.p_value, found.detectable_factor) == (None,) * 4
    assert not found.side()
    assert not found.is_equivalent(10.0)


def test_equivalence_is_shown_not_assumed() -> None:
    close = effect([1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.01, 0.99], [1.0] * 8)
    wide = effect([1.0, 1.5, 0.7, 1.1, 1.4, 0.6, 1.2, 0.9], [1.0] * 8)

    assert close.is_equivalent(0.05)
    assert not close.is_equivalent(0.01)
    assert not wide.side()
    assert not wide.is_equivalent(0.05)


@given(PAIRS)
def test_exchanging_the_arms_inverts_the_ratio(pairs: list[tuple[float, float]]) -> None:
    candidate, baseline = map(list, zip(*pairs, strict=True))
    there, back = effect(candidate, baseline), effect(baseline, candidate)

    assert there.ratio == pytest.approx(1.0 / back.ratio)
    if there.low is not None and back.high is not None:
        assert there.low == pytest.approx(1.0 / back.high, rel=1e-6)
        assert there.low <= there.ratio * (1 + 1e-9)
    if there.p_value is not None:
        assert there.p_value == pytest.approx(back.p_value or 0.0, abs=1e-9)


@given(PAIRS.filter(lambda pairs: len(pairs) > 1))
def test_the_interval_for_equivalence_lies_inside_the_other(
    pairs: list[tuple[float, float]],
) -> None:
    candidate, baseline = map(list, zip(*pairs, strict=True))
    found = effect(candidate, baseline)

    assert found.low is not None
    assert found.equivalence_low is not None
    assert found.low <= found.equivalence_low * (1 + 1e-12)


INFINITE, NOTHING = [math.inf] * 6, [math.nan] * 6


@pytest.mark.parametrize(
    "arms",
    [
        *(([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0])),
        *((INFINITE, INFINITE), (NOTHING, [1.0] * 6), ([1.0] * 6, NOTHING)),
    ],
)
def test_what_has_no_logarithm_is_refused(arms: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="an effect needs"):
        effect(*arms)


def test_the_p_value_of_equal_arms_is_one_and_ties_are_no_error() -> None:
    assert signed_rank_p(np.zeros(8)) == 1.0
    assert 0.0 < signed_rank_p(np.array([0.1] * 8)) < 0.05
    assert 0.0 < signed_rank_p(np.array([0.0, 0.1, 0.1, -0.1, 0.2, 0.2, 0.0])) <= 1.0


@pytest.mark.parametrize("count", [6, 25, 80, 100])
def test_the_exact_p_value_is_that_of_scipy(count: int) -> None:
    values = np.random.default_rng(count).normal(0.02, 0.1, count)

    assert signed_rank_p(values) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


def test_the_p_value_agrees_with_the_interval() -> None:
    generator = np.random.default_rng(7)
    for count in (6, 9, 14, 40):
        for _ in range(50):
            values = generator.normal(0.06, 0.1, count)
            low, high = interval(values)

            assert (signed_rank_p(values) <= 0.05) == (low > 0.0 or high < 0.0)


def test_student_t_has_a_p_value_below_what_ranks_can_reach() -> None:
    found = effect([2.0, 2.1, 2.2, 2.05, 2.15, 2.02], [1.0] * 6)

    assert found.p_value == pytest.approx(2.0 / 2.0**6)
    assert found.student_p == pytest.approx(
        stats.ttest_1samp(np.log([2.0, 2.1, 2.2, 2.05, 2.15, 2.02]), 0.0).pvalue
    )


def test_what_values_of_such_spread_would_show() -> None:
    values = [1.0, 1.1, 1.25, 0.9, 1.02]

    expected = math.exp(detectable(float(stats.sem(np.log(values))), 4, 0.05))
    assert detectable_factor(values) == pytest.approx(expected)
    assert detectable_factor(values) == effect(values, [1.0] * 5).detectable_factor
    assert detectable_factor([1.0]) is None
    assert detectable_factor([1.0, 0.0]) is None


def test_a_known_error_gives_the_t_interval_of_its_degrees() -> None:
    logs = np.log([1.0, 1.1, 1.25, 0.9, 1.02])
    found = mean_effect(logs, 0.1, 20.0, "known")
    student = stats.t(20.0, float(np.mean(logs)), 0.1)

    assert (found.low, found.high) == pytest.approx(tuple(np.exp(student.interval(0.95))))
    inner = (found.equivalence_low, found.equivalence_high)
    assert inner == pytest.approx(tuple(np.exp(student.interval(0.90))))
    assert found.p_value == pytest.approx(2.0 * min(student.cdf(0.0), student.sf(0.0)))
    assert (found.blocks, found.method) == (5, "known")


def test_what_is_detectable_is_that_of_the_level() -> None:
    found = effect([1.0, 1.1, 1.25, 0.9, 1.02], [1.0] * 5)
    strict = found.detectable_at(0.01)

    assert found.detectable_at(0.05) == found
    expected = math.exp(detectable(found.error or 0.0, 4, 0.01))
    assert strict.detectable_factor == pytest.approx(expected)
    assert effect([1.0], [1.0]).detectable_at(0.01).detectable_factor is None


def test_a_level_is_that_of_its_step() -> None:
    assert holm_levels([0.001, 0.4, 0.01, 0.3]) == pytest.approx((0.0125, 0.025, 0.05 / 3, 0.025))
    assert holm_levels([0.3]) == pytest.approx((0.05,))
    step = 0.05 / 4
    assert benjamini_hochberg_levels([0.001, 0.4, 0.01, 0.3]) == pytest.approx(
        (2 * step, 3 * step, 2 * step, 3 * step)
    )


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_adjusting_never_makes_a_p_value_smaller_and_keeps_the_order(values: list[float]) -> None:
    for adjusted in (holm(values), benjamini_hochberg(values)):
        assert all(a >= p - 1e-12 for a, p in zip(adjusted, values, strict=True))
        ranked = [adjusted[i] for i in np.argsort(values, kind="stable")]
        assert all(a <= b + 1e-12 for a, b in pairwise(ranked))


def test_benjamini_hochberg_is_less_strict_than_holm() -> None:
    values = [0.001, 0.008, 0.02, 0.03, 0.5]

    assert all(b <= h for b, h in zip(benjamini_hochberg(values), holm(values), strict=True))
    assert benjamini_hochberg(values) == pytest.approx(stats.false_discovery_control(values))
    assert benjamini_hochberg([]) == ()


def test_pairing_takes_out_what_hits_both_arms_alike() -> None:
    baseline = [1.0, 10.0, 100.0]
    found = effect([2.0, 20.0, 200.0], baseline)

    assert found.ratio == pytest.approx(2.0)
    assert found.low == pytest.approx(2.0)
    assert found.high == pytest.approx(2.0)


def test_ninety_five_of_a_hundred_intervals_hold_the_truth_even_from_five_blocks() -> None:
    random = np.random.default_rng(20260101)
    true, held, runs = 1.3, 0, 2000
    for _ in range(runs):
        drift = random.normal(0.0, 1.0, 5)
        baseline = np.exp(drift + random.normal(0.0, 0.1, 5))
        candidate = true * np.exp(drift + random.normal(0.0, 0.1, 5))
        found = effect(candidate.tolist(), baseline.tolist())
        held += (found.low or 0.0) <= true <= (found.high or 0.0)

    # Three standard errors of a share of 0.95 among 2000.
    assert held / runs == pytest.approx(0.95, abs=0.015)


def test_the_signed_rank_test_is_exact_with_ties() -> None:
    """Six equal log-ratios: each sign pattern is as likely, so p = 2 ÷ 2⁶."""
    assert signed_rank_p(np.full(6, 0.1)) == 2.0 / 2.0**6


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_ties_are_counted_as_all_sign_patterns_would(values: list[int]) -> None:
    moved = np.array([value for value in values if value], float)
    ranks = stats.rankdata(np.abs(moved))
    positive = float(ranks[moved > 0].sum())
    smaller = min(positive, float(ranks.sum()) - positive)
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in product((False, True), repeat=len(moved))
    ]
    share = sum(total <= smaller for total in sums) / len(sums)

    assert signed_rank_p(np.array(values, float)) == pytest.approx(min(1.0, 2.0 * share))
