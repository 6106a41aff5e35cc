"""How often data of a known course are called drifting, or swinging."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import ttest_1samp

from bench.records.sample import Integers
from bench.stats.steadiness import bucket_medians, drifts_over, growth_ns, swing_of

WINDOW_NS = 1_000_000_000
REPETITIONS = 200
Draw = Callable[[np.random.Generator, Integers], np.ndarray]


CELLS = 80
RUNS = 25
# Three standard errors, so that the drawing alone does not fail it.
BY_DRAWING = 3.0 * math.sqrt(0.02 * 0.98 / (CELLS * RUNS))
Scatter = Callable[[np.random.Generator, int], np.ndarray]


def alike(random: np.random.Generator, trials: int) -> np.ndarray:
    return random.normal(0.0, 0.08, (CELLS, trials))


def by_the_cell(random: np.random.Generator, trials: int) -> np.ndarray:
    return alike(random, trials) * np.exp(random.normal(0.0, 0.5, (CELLS, 1)))


def heavy_tails(random: np.random.Generator, trials: int) -> np.ndarray:
    return np.asarray(0.08 * random.standard_t(3, (CELLS, trials)))


def flagged(scatter: Scatter, trials: int, change: float = 1.0) -> float:
    """Return the share of the cells of which a fourth change so that are called drifting.

    Of these alone, or of all where nothing changes.
    """
    random = np.random.default_rng(1)
    changing = CELLS // 4 if change != 1.0 else CELLS
    called = 0
    for _ in range(RUNS):
        logs = scatter(random, trials)
        logs[:changing] += math.log(change)
        drifts = drifts_over(dict(enumerate(logs.tolist())))
        called += sum(drifts[cell].is_systematic for cell in range(changing))
    return called / (RUNS * changing)


@pytest.mark.parametrize("trials", [2, 3, 4, 8])
@pytest.mark.parametrize("scatter", [alike, by_the_cell, heavy_tails])
def test_what_does_not_drift_is_called_drifting_in_2_of_100_at_most(
    scatter: Scatter, trials: int
) -> None:
    assert flagged(scatter, trials) <= 0.02 + BY_DRAWING


@pytest.mark.parametrize(("trials", "power"), [(3, 0.35), (4, 0.6), (8, 0.85)])
def test_cells_share_what_is_known_of_their_scatter(trials: int, power: float) -> None:
    assert flagged(alike, trials, 1.15) >= power


def test_a_cell_alone_has_its_own_scatter() -> None:
    changes = [0.20, 0.32, 0.08, 0.40]
    lone = drifts_over({"": changes})[""]
    assert lone.p_value == pytest.approx(ttest_1samp(changes, 0.0).pvalue)
    assert not lone.is_systematic


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_drift_has_a_direction(sign: float) -> None:
    (drift,) = drifts_over({"": [sign * each for each in (0.30, 0.32, 0.28, 0.31, 0.29)]}).values()

    assert drift.is_systematic
    assert drift.change == pytest.approx(math.expm1(sign * 0.30))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([0.30, -0.32, 0.28, -0.31, 0.29], False),
        ([0.09] * 5, False),
        ([0.5], False),
        ([0.5] * 2, True),
        ([0.0] * 4, False),
    ],
    ids=["both sides", "less than a tenth", "one trial", "two trials", "no change"],
)
def test_what_is_a_drift(changes: list[float], expected: bool) -> None:
    drift = drifts_over({"": changes})[""]
    assert (drift.is_systematic, drift.trials) == (expected, len(changes))


def swinging(draw: Draw, cycles: int) -> float:
    """Return how often ``cycles`` response times, in units of 1 ms, are said to swing."""
    random = np.random.default_rng(1)
    said = 0
    for _ in range(REPETITIONS):
        due = np.sort(random.integers(0, WINDOW_NS, cycles))
        response = (1e6 * draw(random, due)).astype(np.int64)
        said += swing_of(due, response, 0, WINDOW_NS) > 0.0
    return said / REPETITIONS


def remembering(memory: float) -> Draw:
    def draw(random: np.random.Generator, due: Integers) -> np.ndarray:
        shocks = random.normal(0.0, 0.4 * np.sqrt(1.0 - memory**2), due.size + 300)
        return np.asarray(np.exp(lfilter([1.0], [1.0, -memory], shocks)[300:]))

    return draw


def along(course: Callable[[np.ndarray], np.ndarray]) -> Draw:
    """Multiply by ``course`` of the share of the window that is over."""
    return lambda random, due: course(due / WINDOW_NS) * np.exp(random.normal(0.0, 0.3, due.size))


@pytest.mark.parametrize(
    "course",
    [
        lambda t: 1.0 + 0.0 * t,
        lambda t: 1.0 + 0.5 * t,
        lambda t: 1.0 + np.exp(-t / 0.2),
        lambda t: np.where(t > 0.6, 2.0, 1.0),
    ],
    ids=["level", "rise", "warm-up", "step"],
)
def test_what_does_not_swing_is_not_said_to(course: Callable[[np.ndarray], np.ndarray]) -> None:
    assert swinging(along(course), 500) <= 0.01


@pytest.mark.parametrize(("cycles", "memory"), [(200, 0.8), (500, 0.9), (3000, 0.95)])
def test_times_that_resemble_their_neighbours_do_not_swing(cycles: int, memory: float) -> None:
    assert swinging(remembering(memory), cycles) <= 0.05


def test_a_regular_swing_is_found() -> None:
    found = swinging(along(lambda t: 1.0 + 0.5 * np.sin(2.0 * np.pi * 5.0 * t)), 500)
    assert found >= 0.95


@pytest.mark.parametrize(("cycles", "tells"), [(79, False), (400, True)])
def test_few_cycles_do_not_tell(cycles: int, tells: bool) -> None:
    due = np.arange(cycles) * (WINDOW_NS // cycles)
    swing = np.exp(np.log(1.5) * np.sin(2.0 * np.pi * 10.0 * due / WINDOW_NS))
    found = swing_of(due, (1e6 * swing).astype(np.int64), 0, WINDOW_NS)
    assert (found > 0.0) == tells


def test_cycles_in_a_small_part_of_the_window_do_not_tell() -> None:
    due = np.arange(400) * 100_000
    assert swing_of(due, due + 1, 0, WINDOW_NS) == 0.0


def test_medians_of_equal_parts_in_any_order() -> None:
    due = np.array([9, 0, 1, 2, 8])
    found = bucket_medians(due, np.array([50, 1, 2, 3, 70]), 0, 10, 3)
    assert found[[0, 2]].tolist() == [2.0, 60.0]
    assert np.isnan(found[1])


def test_growth_is_per_thousand_checkpoints() -> None:
    numbers = np.arange(1000)
    response = 1_000_000 + 30 * numbers
    assert growth_ns(response, numbers) == pytest.approx(30_000.0, rel=0.01)
    assert growth_ns(response[::-1], numbers[::-1]) == pytest.approx(30_000.0, rel=0.01)


def test_growth_needs_puts_and_a_store_that_grew() -> None:
    assert growth_ns(np.arange(49), np.arange(49)) is None
    assert growth_ns(np.arange(50), np.full(50, 7)) is None
    assert growth_ns(np.arange(50), np.arange(50)) is not None
