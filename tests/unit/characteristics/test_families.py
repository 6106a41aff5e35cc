"""What a report's rule finds in simulated families."""

from __future__ import annotations

import numpy as np
import pytest

from characteristics.__main__ import FIGURES
from characteristics.families import (
    AS_RECORDED,
    NOISY,
    Noise,
    Plan,
    Savers,
    Simulation,
    autocorrelated,
    noise_of,
    power,
    recorded,
    simulated,
    skewed,
)
from characteristics.figures import Figures
from tests.unit.decide.deciding import PUT, cell, with_blocks

QUIET = Noise(deviations=(0.001,), residuals=(-1.0, 1.0))
PLAN = Plan((("a", "b"), ("a", "c")), conditions=3, blocks=5)


@pytest.fixture(scope="module")
def figures() -> Figures:
    return Figures.model_validate_json(FIGURES.read_text(encoding="utf-8"))


def test_true_ratios_are_those_that_are_found() -> None:
    generator = np.random.default_rng(1)
    truth = {(("a", "b"), 0): 1.5, (("a", "c"), 2): 0.8}
    found = simulated(PLAN, QUIET, 0.001, recorded(QUIET), truth, generator)

    assert {(each.candidate, int(each.condition[0])): each.outcome for each in found} == {
        ("b", 0): "worse",
        ("b", 1): "equivalent",
        ("b", 2): "equivalent",
        ("c", 0): "equivalent",
        ("c", 1): "equivalent",
        ("c", 2): "better",
    }
    assert found[0].effect.ratio == pytest.approx(1.5, rel=0.01)


def test_the_noise_of_cells_is_what_their_means_and_blocks_leave() -> None:
    generator = np.random.default_rng(2)
    drift = generator.normal(0.0, 1.0, 400)
    cells = [
        with_blocks(cell(label, {PUT: np.exp(drift + generator.normal(0.0, 0.1, 400)).tolist()}))
        for label in "abcdefgh"
    ]
    found = noise_of(cells, PUT)

    assert found.deviation == pytest.approx(0.1, rel=0.05)
    assert len(found.deviations) == 8
    assert np.std(found.residuals) == pytest.approx(1.0, abs=0.01)


def test_residuals_keep_their_spread_where_they_depend_on_the_last_one() -> None:
    generator = np.random.default_rng(3)
    values = autocorrelated(skewed, 0.3)(generator, 20_000)

    assert np.std(values) == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(values[1:], values[:-1])[0, 1] == pytest.approx(0.3, abs=0.03)


def test_shared_variances_find_more_and_raise_no_more_alarms(figures: Figures) -> None:
    savers = figures.savers
    alone, shared = (
        power(savers, Simulation(AS_RECORDED, NOISY, 5, is_shared), 20)
        for is_shared in (False, True)
    )

    assert shared.found > alone.found + 0.3
    assert shared.alarms <= 0.15
    assert 0.92 <= shared.covered <= 0.98


def test_a_simulation_drawn_again_is_the_same(figures: Figures) -> None:
    savers = Savers(run_id="", pairs=PLAN.pairs, conditions=2, noise=QUIET)
    asked = Simulation(AS_RECORDED, 0.0, 5)

    assert power(savers, asked, 2) == power(savers, asked, 2)


def test_what_is_asked_of_a_report_is_reached(figures: Figures) -> None:
    """Power in the noise of a shared machine, alarms, and what intervals hold."""
    found = {(p.noise, p.deviation, p.blocks): p for p in figures.power if p.is_shared}

    assert found[AS_RECORDED, NOISY, 10].found >= 0.80
    for each in found.values():
        # Three standard errors of a share of 5 % in so many runs.
        assert each.alarms <= 0.05 + 3.0 * (0.05 * 0.95 / each.runs) ** 0.5
        assert 0.93 <= each.covered <= 0.97
