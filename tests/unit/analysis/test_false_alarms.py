"""How many A/A ratios are called different."""

from __future__ import annotations

import pytest
from scipy import stats

from bench.analysis.comparison import false_alarms
from bench.analysis.result import Comparison
from bench.stats.effects import Effect
from tests.unit.analysis.test_multiplicity import made

PRIMARY = ("put.response.p50",)


def ratio(
    low: float | None, high: float | None, name: str = PRIMARY[0], *, is_aa: bool = True
) -> Comparison:
    effect = Effect(1.0, low, high, None, None, None, None, 5, 0.95, "")
    return made(effect, name, is_aa=is_aa)


def test_those_that_exclude_one_are_counted() -> None:
    apart, across = ratio(1.1, 1.2), ratio(0.9, 1.1)
    found = false_alarms([apart, across, across, across], PRIMARY)

    assert found is not None
    assert (found.compared, found.different, found.share) == (4, 1, 0.25)
    assert found.p_value == pytest.approx(stats.binomtest(1, 4, 0.05, "greater").pvalue)
    assert found.by_chance == pytest.approx(0.05)


def test_none_that_differ_are_certain_by_chance() -> None:
    found = false_alarms([ratio(0.9, 1.1)], PRIMARY)

    assert found is not None
    assert (found.share, found.p_value) == (0.0, 1.0)


def test_other_metrics_arms_and_single_blocks_do_not_count() -> None:
    others = [ratio(1.1, 1.2, is_aa=False), ratio(None, None)]
    others.append(ratio(1.1, 1.2, "put.response.p99"))

    assert false_alarms(others, PRIMARY) is None
