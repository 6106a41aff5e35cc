"""How often data of a known course are classified as what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import lfilter

from bench.analysis.steadiness import bucket_medians, classify, growth_ns
from bench.records.sample import Integers

WINDOW_NS = 1_000_000_000
REPETITIONS = 500
Draw = Callable[[np.random.Generator, Integers], np.ndarray]


def shares(draw: Draw, cycles: int, seed: int = 1) -> dict[str, float]:
    """Return how often each course is said of ``cycles`` response times, in units of 1 ms."""
    random = np.random.default_rng(seed)
    said: Counter[str] = Counter()
    for _ in range(REPETITIONS):
        due = np.sort(random.integers(0, WINDOW_NS, cycles))
        response = (1e6 * draw(random, due)).astype(np.int64)
        said[classify(due, response, 0, WINDOW_NS).course] += 1
    return {course: count / REPETITIONS for course, count in said.items()}


def independent(deviation: float) -> Draw:
    return lambda random, due: np.exp(random.normal(0.0, deviation, due.size))


def remembering(memory: float) -> Draw:
    def draw(random: np.random.Generator, due: Integers) -> np.ndarray:
        shocks = random.normal(0.0, 0.4 * np.sqrt(1.0 - memory**2), due.size + 300)
        return np.asarray(np.exp(lfilter([1.0], [1.0, -memory], shocks)[300:]))

    return draw


def along(course: Callable[[np.ndarray], np.ndarray]) -> Draw:
    """Multiply by ``course`` of the share of the window that is over."""
    return lambda random, due: course(due / WINDOW_NS) * independent(0.3)(random, due)


@pytest.mark.parametrize("cycles", [100, 500, 3000])
@pytest.mark.parametrize("deviation", [0.1, 0.5])
def test_independent_times_are_flat(cycles: int, deviation: float) -> None:
    assert shares(independent(deviation), cycles).get("flat", 0.0) >= 0.99


@pytest.mark.parametrize(("cycles", "memory"), [(200, 0.8), (500, 0.9), (3000, 0.95)])
def test_times_that_resemble_their_neighbours_are_flat(cycles: int, memory: float) -> None:
    assert shares(remembering(memory), cycles).get("flat", 0.0) >= 0.95


@pytest.mark.parametrize("cycles", [500, 3000])
def test_a_rise_by_half_is_found(cycles: int) -> None:
    assert shares(along(lambda t: 1.0 + 0.5 * t), cycles).get("slowing down", 0.0) >= 0.95


@pytest.mark.parametrize("cycles", [500, 3000])
def test_a_fall_by_a_third_is_found(cycles: int) -> None:
    assert shares(along(lambda t: 1.5 - 0.5 * t), cycles).get("trending", 0.0) >= 0.95


@pytest.mark.parametrize("cycles", [500, 3000])
def test_a_warm_up_that_ends_is_found(cycles: int) -> None:
    found = shares(along(lambda t: 1.0 + np.exp(-t / 0.2)), cycles)
    assert found.get("trending", 0.0) >= 0.95


@pytest.mark.parametrize("cycles", [500, 3000])
def test_a_step_is_found(cycles: int) -> None:
    found = shares(along(lambda t: np.where(t > 0.6, 2.0, 1.0)), cycles)
    assert found.get("slowing down", 0.0) >= 0.95


def test_a_regular_swing_is_found() -> None:
    found = shares(along(lambda t: 1.0 + 0.5 * np.sin(2.0 * np.pi * 5.0 * t)), 500)
    assert found.get("oscillating", 0.0) >= 0.95


def test_a_rise_by_a_tenth_is_within_what_machines_do() -> None:
    assert shares(along(lambda t: 1.0 + 0.1 * t), 20_000).get("flat", 0.0) >= 0.99


def test_one_stall_is_no_trend() -> None:
    due = np.arange(1000) * 1_000_000
    response = np.where((due > 8e8) & (due < 9e8), 900_000_000 - due, 0) + 1_000_000
    assert classify(due, response, 0, WINDOW_NS).course == "flat"


@pytest.mark.parametrize(("cycles", "expected"), [(79, "unknown"), (80, "flat")])
def test_few_cycles_do_not_tell(cycles: int, expected: str) -> None:
    due = np.arange(cycles) * (WINDOW_NS // cycles)
    assert classify(due, np.full(cycles, 5), 0, WINDOW_NS).course == expected


def test_cycles_in_a_small_part_of_the_window_do_not_tell() -> None:
    due = np.arange(400) * 100_000
    assert classify(due, due + 1, 0, WINDOW_NS).course == "unknown"


def test_the_change_is_told() -> None:
    due = np.arange(5000) * (WINDOW_NS // 5000)
    response = (1e6 * np.exp(np.log(1.5) * due / WINDOW_NS)).astype(np.int64)
    found = classify(due, response, 0, WINDOW_NS)
    assert found.course == "slowing down"
    assert found.change == pytest.approx(0.5, abs=0.01)


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
