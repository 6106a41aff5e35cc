"""Student's t intervals, against scipy and by how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats.intervals import SINGLE, arithmetic, geometric

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


def test_a_difference_may_lie_below_0_though_no_value_does() -> None:
    low, high = stats.t.interval(0.95, 2, 3.0, stats.sem([0.0, 0.0, 9.0]))
    interval = arithmetic([0.0, 0.0, 9.0], -math.inf)

    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert low < 0.0


def test_what_may_be_negative_keeps_its_low_end() -> None:
    interval = arithmetic([-2.0, -4.0])

    assert interval.low is not None
    assert interval.low < interval.value == -3.0


def test_one_value_has_no_interval() -> None:
    of_one = [arithmetic([3.0]), geometric([3.0])]

    assert [interval.value for interval in of_one] == [3.0, 3.0]
    assert [(interval.low, interval.high) for interval in of_one] == [(None, None)] * 2
    assert [interval.method for interval in of_one] == [SINGLE, SINGLE]


def test_a_geometric_mean_needs_positive_values() -> None:
    with pytest.raises(ValueError, match="positive"):
        geometric([1.0, 0.0])
