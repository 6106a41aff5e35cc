from __future__ import annotations

import pytest

from bench.handover.clock import now_ns, resolution_ns


@pytest.mark.parametrize(
    ("times_ns", "cost_ns", "step_ns"),
    [
        ([0, 40, 80, 120], 40, 40),
        ([0, 0, 0, 100, 100, 300], 60, 100),
        ([7, 7, 7], 0, 0),
    ],
    ids=["fine", "coarse", "stands still"],
)
def test_cost_and_step(times_ns: list[int], cost_ns: int, step_ns: int) -> None:
    clock = iter(times_ns)
    found = resolution_ns(lambda: next(clock), len(times_ns))
    assert (found.cost_ns, found.step_ns) == (cost_ns, step_ns)


def test_the_clock_never_goes_back() -> None:
    assert isinstance(now_ns(), int)
    assert resolution_ns(now_ns, 1000).cost_ns >= 0
