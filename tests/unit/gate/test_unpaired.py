"""Effects of samples that share no blocks."""

from __future__ import annotations

import numpy as np
import pytest

from bench.gate.unpaired import unpaired_effect


def test_the_shift_of_the_logarithms_is_the_ratio() -> None:
    under = [1.0, 2.0, 4.0, 8.0, 16.0]
    found = unpaired_effect([3.0 * value for value in under], under, 0.9)

    assert found.ratio == pytest.approx(3.0)


def test_the_interval_covers_as_often_as_it_says() -> None:
    draw = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        over, under = (np.exp(draw.normal(centre, 0.2, 10)) for centre in (0.3, 0.0))
        found = unpaired_effect(list(over), list(under), 0.95)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= np.exp(0.3) <= found.high

    assert 0.93 <= hits / 400 <= 0.98


def test_so_few_values_bound_nothing() -> None:
    assert unpaired_effect([1.0, 1.1], [1.0, 1.2], 0.95).low is None


@pytest.mark.parametrize(("over", "under"), [([], [1.0]), ([1.0], [0.0])])
def test_what_has_no_ratio_is_refused(over: list[float], under: list[float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        unpaired_effect(over, under, 0.95)
