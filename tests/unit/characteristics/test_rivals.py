"""Rival rules, against what the tools themselves compute where they are installed."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.utils import parse_compare_fail

from characteristics.rivals import asv_factor, mean_5_percent, ratio_200_percent

BASE = np.array([1.0, 2.0, 3.0, 2.0])


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.0499, 1.0501, 1.2])
def test_the_mean_rule_is_that_of_pytest_benchmark(factor: float) -> None:
    check = parse_compare_fail("mean:5%")  # type: ignore[no-untyped-call]  # it has no types
    head = factor * BASE
    fails = check.fails({"mean": float(np.mean(head))}, {"mean": float(np.mean(BASE))})

    assert mean_5_percent(BASE, head) is (fails is not None)
    assert mean_5_percent(BASE, head) is (factor > 1.05)


@pytest.mark.parametrize(("factor", "fails"), [(1.9, False), (2.1, True)])
def test_the_ratio_rule_lets_everything_pass_below_twice(factor: float, fails: bool) -> None:
    assert ratio_200_percent(BASE, factor * BASE) is fails


def test_asv_wants_a_factor_and_a_difference() -> None:
    generator = np.random.default_rng(1)
    base = np.exp(generator.normal(0.0, 0.02, 12))
    wide = np.exp(generator.normal(0.0, 1.0, 12))

    assert asv_factor(base, 1.15 * base)
    assert not asv_factor(base, 1.09 * base)
    assert not asv_factor(wide, 1.15 * wide)


def test_asv_needs_enough_samples() -> None:
    """Of 4 and 4 the smallest two-sided p is 2 ÷ 70."""
    assert not asv_factor(BASE, 3.0 * BASE)
