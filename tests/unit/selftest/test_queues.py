"""Queues against what is known of them by hand and by other formulas."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.selftest.queues import (
    Servers,
    mean_sojourn_md1_s,
    mean_sojourn_mmc_s,
    service_times_ns,
    sojourns_ns,
    stalled_quantile_s,
)

MS = 1_000_000


def poisson_ns(rate_per_s: float, count: int) -> list[int]:
    gaps = np.random.default_rng(3).exponential(1e9 / rate_per_s, count)
    return [round(at) for at in np.cumsum(gaps)]


def test_the_recursion_of_one_server() -> None:
    servers = Servers(1, itertools.repeat(5))

    assert sojourns_ns([0, 1, 2, 100], servers) == [5, 9, 13, 5]


def test_the_recursion_of_two_servers() -> None:
    servers = Servers(2, iter([10, 2, 4, 1]))

    # The third begins when the second leaves at 3, the fourth when the third does at 7.
    assert sojourns_ns([0, 1, 2, 3], servers) == [10, 2, 5, 5]


def test_fixed_and_exponential_service_times() -> None:
    fixed = service_times_ns("fixed", 0.005, 1)
    assert [next(fixed) for _ in range(3)] == [5 * MS] * 3

    drawn = list(itertools.islice(service_times_ns("exponential", 0.005, 1), 20_000))
    assert drawn == list(itertools.islice(service_times_ns("exponential", 0.005, 1), 20_000))
    assert statistics.fmean(drawn) == pytest.approx(5 * MS, rel=0.02)
    assert statistics.pstdev(drawn) == pytest.approx(5 * MS, rel=0.03)


def test_closed_forms_by_hand() -> None:
    # Half used, M/D/1 waits half a service; M/M/1 is 1 ÷ (μ − λ).
    assert mean_sojourn_md1_s(100, 0.005) == pytest.approx(0.0075)
    assert mean_sojourn_mmc_s(100, 0.005, 1) == pytest.approx(0.010)
    # M/M/2 is service ÷ (1 − ρ²).
    assert mean_sojourn_mmc_s(280, 0.005, 2) == pytest.approx(0.005 / (1 - 0.7**2))


@pytest.mark.parametrize(
    ("servers", "distribution"), [(1, "fixed"), (1, "exponential"), (3, "exponential")]
)
def test_the_recursion_comes_to_the_closed_form(servers: int, distribution: str) -> None:
    rate_per_s = 120.0 * servers
    times = service_times_ns("fixed" if distribution == "fixed" else "exponential", 0.005, 1)

    found = statistics.fmean(sojourns_ns(poisson_ns(rate_per_s, 200_000), Servers(servers, times)))

    expected = (
        mean_sojourn_md1_s(rate_per_s, 0.005)
        if distribution == "fixed"
        else mean_sojourn_mmc_s(rate_per_s, 0.005, servers)
    )
    assert found / 1e9 == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("rate_per_s", [0.0, 200.0, 1e6])
def test_a_queue_that_grows_without_end_has_no_mean(rate_per_s: float) -> None:
    with pytest.raises(ValueError, match="no steady state"):
        mean_sojourn_md1_s(rate_per_s, 0.005)
    with pytest.raises(ValueError, match="no steady state"):
        mean_sojourn_mmc_s(rate_per_s * 2, 0.005, 2)


def test_quantiles_of_a_stall() -> None:
    assert stalled_quantile_s(0.9, 2.0, 0.4) == pytest.approx(0.2)
    assert stalled_quantile_s(1.0, 2.0, 0.4) == pytest.approx(0.4)
    assert stalled_quantile_s(0.5, 2.0, 0.4) == 0.0


@given(st.lists(st.integers(0, 1_000), min_size=1), st.integers(1, 5), st.integers(1, 50))
def test_nobody_leaves_early_or_out_of_turn(gaps: list[int], servers: int, service: int) -> None:
    arrivals = list(itertools.accumulate(gaps))

    found = sojourns_ns(arrivals, Servers(servers, itertools.repeat(service)))

    assert min(found) >= service
    assert math.isfinite(sum(found))
    departures = [at + sojourn for at, sojourn in zip(arrivals, found, strict=True)]
    assert departures == sorted(departures)
    # More servers never make anybody wait longer.
    more = sojourns_ns(arrivals, Servers(servers + 1, itertools.repeat(service)))
    assert all(few >= many for few, many in zip(found, more, strict=True))
