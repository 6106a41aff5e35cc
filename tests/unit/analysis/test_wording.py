"""Lists and ratios in words."""

from __future__ import annotations

import pytest

from bench.analysis.wording import (
    bound_in_words,
    factor_in_words,
    listed,
    ratios_of,
    spread_in_words,
)
from bench.scenario.metric import THROUGHPUT, time_metric

WRITES = time_metric("put", "response", "p50")


@pytest.mark.parametrize(
    ("parts", "most", "expected"),
    [
        ([], 0, ""),
        (["a"], 0, "a"),
        (["a", "b"], 0, "a and b"),
        (["a", "b", "c"], 0, "a, b and c"),
        (["a", "b", "c", "d"], 2, "a, b and 2 more"),
    ],
)
def test_lists(parts: list[str], most: int, expected: str) -> None:
    assert listed(parts, most) == expected


def test_the_interval_stands_in_the_words_of_its_factor() -> None:
    assert factor_in_words(WRITES, 0.41) == "2.4× faster"
    assert spread_in_words(WRITES, 0.375, 0.449) == "2.2 – 2.7"
    assert spread_in_words(WRITES, 2.2, 2.7) == "2.2 – 2.7"
    assert spread_in_words(WRITES, 0.935, 1.26) == "1.07× faster – 1.26× slower"
    assert spread_in_words(THROUGHPUT, 0.5, 3.0) == "2× lower – 3× higher"


def test_what_reads_as_1_is_no_difference_seen() -> None:
    assert {factor_in_words(WRITES, ratio) for ratio in (1.0, 1.002)} == {"1.00×"}


def test_ratios_on_both_sides_of_1_have_both_words() -> None:
    assert ratios_of(WRITES, [1.1, 0.55]) == "are from 1.8 times faster to 1.1 times slower"
    assert ratios_of(WRITES, [0.5, 1.002]) == "are from 2 times faster to 0.2 % slower"
    assert ratios_of(WRITES, [0.99, 1.02]) == "are from 1 % faster to 2 % slower"


@pytest.mark.parametrize(
    ("factor", "at_most", "at_least"),
    [(1.0301, "1.04", "1.03"), (1.003, "1.01", "1.003"), (2.3, "2.3", "2.3"), (6.84, "6.9", "6.8")],
)
def test_a_bound_is_rounded_so_that_it_holds(factor: float, at_most: str, at_least: str) -> None:
    assert bound_in_words(factor, is_upper=True) == at_most
    assert bound_in_words(factor, is_upper=False) == at_least
