"""Due times are arithmetic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.spec.arrival import Closed, Constant


@given(st.floats(0.01, 1e6), st.integers(0, 10**7))
def test_rounding_never_accumulates(rate_per_s: float, index: int) -> None:
    arrival = Constant(kind="constant", rate_per_s=rate_per_s)

    exact_ns = index * 1e9 / rate_per_s
    assert abs(arrival.due_offset_ns(index) - exact_ns) <= max(1.0, exact_ns * 1e-15)


def test_due_times_follow_the_rate() -> None:
    arrival = Constant(kind="constant", rate_per_s=3.0)

    assert [arrival.due_offset_ns(index) for index in range(4)] == [
        0,
        333_333_333,
        666_666_667,
        1_000_000_000,
    ]


def test_descriptions_are_words() -> None:
    assert Closed(kind="closed", clients=1).describe() == "closed, 1 client"
    assert Closed(kind="closed", clients=4, think_s=0.5).describe() == (
        "closed, 4 clients, think 0.5 s"
    )
    assert Constant(kind="constant", rate_per_s=40, max_in_flight=8).describe() == (
        "open, 40/s, at most 8 in flight"
    )
