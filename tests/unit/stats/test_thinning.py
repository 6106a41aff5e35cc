"""What is shown of many values over time."""

from __future__ import annotations

import numpy as np

from bench.stats.thinning import extremes

CHANCE = np.random.default_rng(7)


def test_each_part_keeps_its_smallest_and_its_largest() -> None:
    at = CHANCE.permutation(10_000).astype(np.int64)
    values = CHANCE.integers(0, 10**9, 10_000)
    kept = extremes(at, values, 20)

    expected = []
    for part in range(20):
        inside = np.flatnonzero((at >= part * 500) & (at < (part + 1) * 500))
        expected += [inside[np.argmin(values[inside])], inside[np.argmax(values[inside])]]
    assert sorted(kept) == sorted(expected)
    assert np.all(np.diff(at[kept]) > 0)


def test_few_values_are_all_kept_in_their_order() -> None:
    at = np.array([5, 1, 3])
    assert at[extremes(at, at, 2)].tolist() == [1, 3, 5]


def test_values_of_one_instant_are_one_part() -> None:
    at, values = np.zeros(9, dtype=np.int64), np.arange(9)
    assert sorted(extremes(at, values, 4)) == [0, 8]
