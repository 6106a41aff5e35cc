"""Thinned distribution functions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.summary import MOST_POINTS, curve
from bench.stats.quantiles import Distribution


def of(numbers: list[int], censored: list[int] | None = None) -> Distribution:
    cut_off = np.array(censored or [], dtype=np.int64)
    return Distribution.of(np.array(numbers + (censored or []), dtype=np.int64), cut_off)


@given(numbers=st.lists(st.integers(0, 10**10), min_size=1, max_size=2000))
def test_every_point_lies_on_the_distribution_function(numbers: list[int]) -> None:
    found = curve(of(numbers))

    assert len(found.ns) <= MOST_POINTS
    assert (found.ns[0], found.ns[-1]) == (min(numbers), max(numbers))
    assert found.share[-1] == 1.0
    assert list(found.ns) == sorted(set(found.ns))
    values = np.array(numbers)
    assert all(
        share == np.count_nonzero(values <= ns) / len(numbers)
        for ns, share in zip(found.ns, found.share, strict=True)
    )


def test_the_tail_keeps_its_shape() -> None:
    found = curve(of(list(range(100_000))))

    assert sum(1 for share in found.share if share > 0.999) >= 20


def test_it_ends_where_operations_were_cut_off() -> None:
    found = curve(of([1, 2, 3, 8], censored=[5, 5]))

    assert found.ns == (1.0, 2.0, 3.0)
    assert found.share == (1 / 6, 2 / 6, 3 / 6)


def test_nothing_has_an_empty_curve() -> None:
    assert curve(of([])).ns == ()
