"""Due times are arithmetic."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy.stats import kstest

from bench.scenario.arrival import (
    Arrival,
    Closed,
    Constant,
    Open,
    Poisson,
    Ramp,
    Search,
    Steps,
    schedule_ns,
)
from bench.scenario.limits.limit import parse_limit

RATES = st.floats(0.5, 2_000.0)
OPEN = st.one_of(
    st.builds(Constant, kind=st.just("constant"), rate_per_s=RATES),
    st.builds(Poisson, kind=st.just("poisson"), rate_per_s=RATES),
    st.builds(Ramp, kind=st.just("ramp"), from_rate_per_s=RATES, to_rate_per_s=RATES),
    st.builds(
        Steps,
        kind=st.just("steps"),
        rates_per_s=st.lists(RATES, min_size=2, max_size=5).map(tuple),
    ),
)
SEEDS = st.integers(0, 2**48)
SECONDS = st.floats(0.05, 3.0)


@given(OPEN, SEEDS, SECONDS, SECONDS)
def test_a_schedule_is_in_order_inside_the_load_and_its_count_is_the_rate_s(
    arrival: Open, seed: int, warmup_s: float, duration_s: float
) -> None:
    due_ns = schedule_ns(arrival, seed, warmup_s, duration_s)

    assert list(due_ns) == sorted(due_ns)
    begin_ns, end_ns = round(warmup_s * 1e9), round((warmup_s + duration_s) * 1e9)
    window = [offset for offset in due_ns if offset >= begin_ns]
    mean_rates = [(end - begin) * (a + b) / 2.0 for begin, end, a, b in arrival.segments]
    assert len(window) == round(sum(mean_rates) * duration_s)
    assert all(0 <= offset <= end_ns for offset in due_ns)


@given(OPEN, SEEDS, SECONDS)
def test_the_same_seed_gives_every_arm_the_same_schedule(
    arrival: Open, seed: int, duration_s: float
) -> None:
    assert schedule_ns(arrival, seed, 0.1, duration_s) == schedule_ns(
        arrival, seed, 0.1, duration_s
    )


@given(st.floats(0.01, 1e6), SECONDS)
def test_rounding_never_accumulates(rate_per_s: float, duration_s: float) -> None:
    arrival = Constant(kind="constant", rate_per_s=rate_per_s)

    due_ns = schedule_ns(arrival, 0, 0.0, min(duration_s, 10_000 / rate_per_s))

    for index, offset in enumerate(due_ns):
        assert abs(offset - index * 1e9 / rate_per_s) <= 1.0


def test_due_times_follow_the_rate() -> None:
    arrival = Constant(kind="constant", rate_per_s=3.0)

    assert list(schedule_ns(arrival, 0, 0.0, 4 / 3)) == [
        0,
        333_333_333,
        666_666_667,
        1_000_000_000,
    ]


def test_warm_up_has_the_first_rate_and_the_window_begins_exactly_after_it() -> None:
    arrival = Steps(kind="steps", rates_per_s=(10.0, 20.0))

    due_ns = schedule_ns(arrival, 0, 0.5, 1.0)

    assert list(due_ns) == [
        *range(0, 500_000_000, 100_000_000),
        *range(500_000_000, 1_000_000_000, 100_000_000),
        *range(1_000_000_000, 1_500_000_000, 50_000_000),
    ]


def test_a_ramp_solves_the_integral_of_its_rate() -> None:
    ramp = Ramp(kind="ramp", from_rate_per_s=100.0, to_rate_per_s=300.0)

    due_s = np.array(schedule_ns(ramp, 0, 0.0, 2.0)) / 1e9

    assert len(due_s) == 400
    # Λ(t) = 100 t + 50 t²
    assert np.allclose(100.0 * due_s + 50.0 * due_s**2, np.arange(400), atol=1e-5)


def test_poisson_arrivals_have_exponential_gaps_and_a_fixed_count() -> None:
    poisson = Poisson(kind="poisson", rate_per_s=1_000.0)

    for seed in range(3):
        due_ns = np.array(schedule_ns(poisson, seed, 0.0, 5.0))
        assert len(due_ns) == 5_000
        gaps_s = np.diff(due_ns) / 1e9
        assert kstest(gaps_s, "expon", args=(0.0, 1e-3)).pvalue > 1e-4
    assert schedule_ns(poisson, 1, 0.0, 5.0) != schedule_ns(poisson, 2, 0.0, 5.0)


def test_a_search_is_one_poisson_arrival_for_each_rate() -> None:
    search = Search(
        kind="search",
        rates_per_s=(100.0, 250.5),
        objective=parse_limit("cycle.response.p99 <= 20 ms"),
        max_in_flight=8,
        timeout_s=1.0,
    )

    assert search.levels() == {
        "100": Poisson(kind="poisson", rate_per_s=100.0, max_in_flight=8, timeout_s=1.0),
        "250.5": Poisson(kind="poisson", rate_per_s=250.5, max_in_flight=8, timeout_s=1.0),
    }


@pytest.mark.parametrize("rates", [[200.0, 100.0], [100.0, 100.0]])
def test_the_rates_of_a_search_ascend(rates: list[float]) -> None:
    given_search = {"kind": "search", "rates_per_s": rates, "objective": "cycle.response.p99 < 1 s"}

    with pytest.raises(ValidationError, match="ascending order"):
        TypeAdapter(Arrival).validate_python(given_search)


def test_think_times_are_a_client_s_own_and_the_same_in_every_arm() -> None:
    drawn = Closed(kind="closed", clients=2, think_s=0.01, think="exponential")

    first = list(islice(drawn.think_times_ns(7, 0), 4_000))

    assert first == list(islice(drawn.think_times_ns(7, 0), 4_000))
    assert first != list(islice(drawn.think_times_ns(7, 1), 4_000))
    assert np.mean(first) == pytest.approx(1e7, rel=0.05)
    assert kstest(np.array(first), "expon", args=(0.0, 1e7)).pvalue > 1e-4
    fixed = Closed(kind="closed", clients=1, think_s=0.01)
    assert list(islice(fixed.think_times_ns(7, 0), 3)) == [10_000_000] * 3


def test_descriptions_are_words() -> None:
    described: list[tuple[Closed | Open | Search, str]] = [
        (Closed(kind="closed", clients=1), "closed, 1 client"),
        (Closed(kind="closed", clients=4, think_s=0.5), "closed, 4 clients, think 0.5 s"),
        (
            Closed(kind="closed", clients=4, think_s=0.5, think="exponential", timeout_s=2),
            "closed, 4 clients, think mean 0.5 s, time-out 2 s",
        ),
        (
            Constant(kind="constant", rate_per_s=40, max_in_flight=8),
            "open, 40/s, at most 8 in flight",
        ),
        (Poisson(kind="poisson", rate_per_s=40), "open, Poisson 40/s, at most 64 in flight"),
        (
            Ramp(kind="ramp", from_rate_per_s=10, to_rate_per_s=99.5),
            "open, 10 to 99.5/s, at most 64 in flight",
        ),
        (
            Steps(kind="steps", rates_per_s=(10, 20)),
            "open, 10, 20/s in steps, at most 64 in flight",
        ),
        (
            Search(
                kind="search",
                rates_per_s=(10, 20),
                objective=parse_limit("cycle.response.p99 <= 20 ms"),
            ),
            "search of 2 rates from 10 to 20/s for cycle.response.p99 <= 20 ms",
        ),
    ]

    assert [text for _, text in described] == [arrival.describe() for arrival, _ in described]


@given(st.lists(OPEN, min_size=2, max_size=2))
def test_a_schedule_depends_on_the_rates_alone(arrivals: list[Open]) -> None:
    """Arms of a block differ in much, but never in when their cycles are due."""
    narrow = arrivals[0].model_copy(update={"max_in_flight": 1, "timeout_s": 1.0})

    assert schedule_ns(arrivals[0], 5, 0.1, 0.2) == schedule_ns(narrow, 5, 0.1, 0.2)
    assert all(a <= b for a, b in pairwise(schedule_ns(arrivals[1], 5, 0.1, 0.2)))
