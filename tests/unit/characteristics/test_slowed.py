"""A hold stretches all that passed since the last one, by the share that was asked for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from characteristics.slowed import SlowedPostgres, Stretch


class Clock:
    """Passes 1 ns at every look."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += 1
        return self.now_ns


@pytest.mark.parametrize("slower_by", [0.05, 0.10])
def test_time_is_stretched_by_the_share(slower_by: float) -> None:
    clock = Clock()
    stretch = Stretch(slower_by, clock)
    stretch.hold()
    begun_ns, worked_ns = clock.now_ns, 0

    for work_ns in (10_000, 250_000, 1_000_000, 40_000):
        clock.now_ns += work_ns
        worked_ns += work_ns
        stretch.hold()

    assert clock.now_ns - begun_ns == pytest.approx((1.0 + slower_by) * worked_ns, rel=1e-4)


def test_the_first_hold_only_begins() -> None:
    clock = Clock()
    clock.now_ns = 10**9

    Stretch(1.0, clock).hold()

    assert clock.now_ns == 10**9 + 1


def test_the_share_must_be_given() -> None:
    with pytest.raises(ValidationError, match="slower_by"):
        SlowedPostgres.Options()
