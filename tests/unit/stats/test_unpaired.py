"""Ratios of trials that share no blocks, against scipy's own Welch test."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from bench.stats.effects import unpaired_effect

BEFORE = [1.0, 1.1, 0.9, 1.05]
AFTER = [1.6, 2.4, 1.9, 2.2, 2.0]


def test_it_agrees_with_the_test_of_scipy() -> None:
    logs = [[math.log(value) for value in side] for side in (AFTER, BEFORE)]
    expected = stats.ttest_ind(*logs, equal_var=False)
    low, high = expected.confidence_interval(0.95)

    found = unpaired_effect(AFTER, BEFORE)

    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert found.ratio == pytest.approx(stats.gmean(AFTER) / stats.gmean(BEFORE))


def test_two_trials_have_a_ratio_and_no_interval() -> None:
    found = unpaired_effect([2.0, 8.0], BEFORE)

    assert found.ratio == pytest.approx(4.0 / stats.gmean(BEFORE))
    assert (found.low, found.high, found.p_value) == (None, None, None)


def test_values_without_any_spread_differ_for_certain_or_not_at_all() -> None:
    assert unpaired_effect([2.0] * 3, [1.0] * 3).p_value == 0.0
    assert unpaired_effect([2.0] * 3, [2.0] * 3).p_value == 1.0


@pytest.mark.parametrize("side", [[], [0.0], [math.inf]])
def test_what_has_no_logarithm_is_refused(side: list[float]) -> None:
    with pytest.raises(ValueError, match="positive, finite"):
        unpaired_effect(side, BEFORE)
