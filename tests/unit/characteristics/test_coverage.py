"""The simulation itself: centres are 0, and intervals cover what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from characteristics.coverage import DRAWS, covered


@pytest.mark.parametrize("name", DRAWS)
def test_every_distribution_is_centred(name: str) -> None:
    generator = np.random.default_rng(1)
    above = np.mean([DRAWS[name](generator, 9)[-1] > 0.0 for _ in range(4_000)])

    # Three standard errors of a share of one half in 4000.
    assert above == pytest.approx(0.5, abs=3 * math.sqrt(0.25 / 4_000))


def test_independent_blocks_are_covered_and_dependent_ones_are_not() -> None:
    generator = np.random.default_rng(2)
    runs = 1_000
    shuffled, dependent = (
        covered(name, 20, runs, generator) / runs
        for name in ("autocorrelated trials, shuffled", "autocorrelated ratios")
    )

    assert 0.93 <= shuffled <= 0.97
    assert dependent < 0.93
