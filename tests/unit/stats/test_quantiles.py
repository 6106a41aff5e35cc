"""Quantiles: the definition, how many operations they need, censored values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from bench.stats.quantiles import Distribution, operations_needed

values = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=300)
probabilities = st.floats(0.001, 0.999)


def of(*numbers: int, censored: tuple[int, ...] = ()) -> Distribution:
    return Distribution.of(
        np.array([*numbers, *censored], dtype=np.int64), np.array(censored, dtype=np.int64)
    )


@pytest.mark.parametrize(
    ("probability", "needed"),
    [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688), (0.9999, 36887), (0.1, 36)],
)
def test_the_operations_that_a_quantile_needs(probability: float, needed: int) -> None:
    assert operations_needed(probability) == needed


@given(probability=probabilities)
def test_that_number_is_the_smallest_at_which_the_interval_has_both_ends(
    probability: float,
) -> None:
    def both_ends_exist(count: int) -> bool:
        # The extremes of n values enclose the quantile unless all n lie on one side of it.
        above = binom.pmf(count, count, probability)
        below = binom.pmf(0, count, probability)
        return bool(max(above, below) <= 0.025 * (1 + 1e-9))

    needed = operations_needed(probability)

    assert both_ends_exist(needed)
    assert needed == 1 or not both_ends_exist(needed - 1)


@pytest.mark.parametrize("probability", [0.0, 1.0, -1.0, float("nan")])
def test_a_quantile_outside_the_open_interval_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="inside"):
        operations_needed(probability)


@given(numbers=values, probability=st.sampled_from([0.07, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999]))
def test_it_is_numpys_inverted_cdf(numbers: list[int], probability: float) -> None:
    expected = np.quantile(np.array(numbers), probability, method="inverted_cdf")

    assert of(*numbers).quantile(probability).value == expected


def test_the_rank_is_not_pushed_up_by_binary_fractions() -> None:
    assert of(*range(1, 101)).quantile(0.07).value == 7


@given(numbers=values, one=probabilities, other=probabilities)
def test_it_grows_with_the_probability_and_stays_within_the_values(
    numbers: list[int], one: float, other: float
) -> None:
    distribution = of(*numbers)
    low, high = sorted((one, other))

    quantiles = [distribution.quantile(p).value for p in (low, high)]

    assert min(numbers) <= quantiles[0] <= quantiles[1] <= max(numbers)
    assert not distribution.quantile(low).is_lower_bound


def test_a_quantile_among_censored_values_is_a_lower_bound() -> None:
    distribution = of(1, 2, 3, 4, 5, 6, censored=(7, 7, 7, 7))

    assert distribution.quantile(0.6).is_lower_bound is False
    assert distribution.quantile(0.61).is_lower_bound is True
    assert distribution.quantile(0.61).value == 7


@given(
    exact=st.lists(st.integers(0, 100), max_size=60),
    cut_off=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=20),
    probability=probabilities,
)
def test_a_quantile_that_claims_to_be_exact_is_that_of_the_true_values(
    exact: list[int], cut_off: list[tuple[int, int]], probability: float
) -> None:
    """Whatever the operations that were cut off would have taken."""
    if not exact and not cut_off:
        return
    seen = of(*exact, censored=tuple(at for at, _ in cut_off)).quantile(probability)
    true = of(*exact, *(at + more for at, more in cut_off)).quantile(probability)

    assert seen.value <= true.value
    assert seen.is_lower_bound or seen.value == true.value


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        of().quantile(0.5)


def test_pooling_is_as_if_observed_together() -> None:
    pooled = Distribution.pooled([of(5, 1, censored=(9,)), of(), of(3, censored=(4,))])

    assert pooled.values.tolist() == [1, 3, 4, 5, 9]
    assert pooled.censored.tolist() == [4, 9]
    assert len(Distribution.pooled([])) == 0


@given(
    parts=st.lists(st.lists(st.integers(0, 10**9), max_size=30), min_size=1, max_size=5).filter(
        any
    ),
    probability=st.sampled_from([0.5, 0.9, 0.99]),
)
def test_merging_in_any_order_gives_the_quantiles_of_all_values(
    parts: list[list[int]], probability: float
) -> None:
    """Quantiles of parts are never averaged: that of the merged values is the true one."""
    merged = Distribution.pooled(of(*part) for part in parts)
    backwards = Distribution.pooled(of(*part) for part in reversed(parts))

    everything = of(*(value for part in parts for value in part))
    assert merged.quantile(probability) == everything.quantile(probability)
    assert backwards.quantile(probability) == everything.quantile(probability)


def test_it_is_estimable_from_the_needed_number_on() -> None:
    assert of(*range(36)).estimable(0.9) is True
    assert of(*range(35)).estimable(0.9) is False
