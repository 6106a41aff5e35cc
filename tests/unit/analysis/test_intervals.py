"""Student's t intervals, against scipy and by how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.analysis.intervals import SINGLE, SINGLE_BLOCK, arithmetic, geometric, ratio

positive = st.lists(st.floats(1e-3, 1e9), min_size=2, max_size=20)


@given(values=positive)
def test_the_geometric_interval_is_scipys_on_logarithms(values: list[float]) -> None:
    logarithms = np.log(values)
    spread = stats.sem(logarithms)
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(spread)

    interval = geometric(values)

    assert interval.value == pytest.approx(stats.gmean(values))
    assert interval.low == pytest.approx(math.exp(float(logarithms.mean()) - half))
    assert (
        interval.high
        == pytest.approx(math.exp(min(700.0, float(logarithms.mean()) + half)), rel=1e-6)
        or interval.high == math.inf
    )


def test_the_arithmetic_interval_of_known_numbers() -> None:
    interval = arithmetic([10.0, 12.0, 14.0])

    # t(0.975, 2) = 4.302653, standard error 2 / √3
    assert interval.value == 12.0
    assert interval.low == pytest.approx(12.0 - 4.302653 * 2 / math.sqrt(3), rel=1e-6)
    assert interval.high == pytest.approx(12.0 + 4.302653 * 2 / math.sqrt(3), rel=1e-6)


def test_what_cannot_be_negative_has_no_negative_low_end() -> None:
    assert arithmetic([0.0, 0.0, 9.0]).low == 0.0


def test_what_may_be_negative_keeps_its_low_end() -> None:
    interval = arithmetic([-2.0, -4.0])

    assert interval.low is not None
    assert interval.low < interval.value == -3.0


def test_one_value_has_no_interval() -> None:
    of_one = [arithmetic([3.0]), geometric([3.0]), ratio([3.0], [2.0])]

    assert [interval.value for interval in of_one] == pytest.approx([3.0, 3.0, 1.5])
    assert [(interval.low, interval.high) for interval in of_one] == [(None, None)] * 3
    assert [interval.method for interval in of_one] == [SINGLE, SINGLE, SINGLE_BLOCK]


def test_pairing_takes_out_what_hits_both_arms_alike() -> None:
    baseline = [1.0, 10.0, 100.0]
    interval = ratio([2.0, 20.0, 200.0], baseline)

    assert interval.value == pytest.approx(2.0)
    assert interval.low == pytest.approx(2.0)
    assert interval.high == pytest.approx(2.0)


@given(pairs=st.lists(st.tuples(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6)), min_size=2))
def test_swapping_the_arms_inverts_ratio_and_interval(pairs: list[tuple[float, float]]) -> None:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = ratio(one, other), ratio(other, one)

    assert there.low is not None
    assert there.high is not None
    assert back.high is not None
    assert there.low <= there.value * (1 + 1e-9)
    assert there.value == pytest.approx(1 / back.value)
    if there.low > 0.0 and math.isfinite(back.high):
        assert there.low == pytest.approx(1 / back.high, rel=1e-6)


@pytest.mark.parametrize(("one", "other"), [([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([1.0], [-1.0])])
def test_a_ratio_needs_pairs_of_positive_values(one: list[float], other: list[float]) -> None:
    with pytest.raises(ValueError, match="pairs of positive"):
        ratio(one, other)


def test_a_geometric_mean_needs_positive_values() -> None:
    with pytest.raises(ValueError, match="positive"):
        geometric([1.0, 0.0])


def test_ninety_five_of_a_hundred_intervals_hold_the_truth_even_from_five_blocks() -> None:
    random = np.random.default_rng(20260101)
    true, held, runs = 1.3, 0, 2000
    for _ in range(runs):
        drift = random.normal(0.0, 1.0, 5)
        baseline = np.exp(drift + random.normal(0.0, 0.1, 5))
        candidate = true * np.exp(drift + random.normal(0.0, 0.1, 5))
        interval = ratio(candidate.tolist(), baseline.tolist())
        held += (interval.low or 0.0) <= true <= (interval.high or 0.0)

    # Three standard errors of a share of 0.95 among 2000.
    assert held / runs == pytest.approx(0.95, abs=0.015)
