"""How much figures depend on which blocks were recorded."""

from __future__ import annotations

import numpy as np
import pytest

from characteristics.decisions import Design
from characteristics.recorded import AGAIN, FIRST, Recorded
from characteristics.spread import GATES, RECORDINGS, redrawn, share, spread, tasks
from tests.unit.characteristics.made_up import CYCLE, recording

METRICS = (CYCLE,)


def both_arms(recorded: Recorded) -> list[tuple[float, float]]:
    first, again = (recorded.values("a", arm, METRICS)[:, 0].tolist() for arm in (FIRST, AGAIN))
    return list(zip(first, again, strict=True))


def test_a_drawn_recording_has_whole_blocks_of_the_recorded_ones() -> None:
    recorded = recording(0.01)
    before = both_arms(recorded)

    drawn = both_arms(redrawn(recorded, np.random.default_rng(1)))

    assert len(drawn) == len(before)
    assert set(drawn) < set(before)


def test_each_number_is_a_recording_of_its_own_and_the_same_each_time() -> None:
    recorded, design = recording(0.05), Design({"a": 8}, METRICS)
    (first, *_, last) = tasks("a", 0.05)

    assert len(tasks("a", 0.05)) == RECORDINGS
    assert share(recorded, design, first) == share(recorded, design, first)
    assert share(recorded, design, first) != share(recorded, design, last)


def test_the_shares_are_summed_up() -> None:
    found = spread("a", 0.05, [0.7, 0.8, 0.9, 1.0], 0.8)

    assert (found.mean, found.below, found.recordings, found.gates) == (0.85, 1, 4, GATES)
    assert (found.low, found.high) == pytest.approx((0.7075, 0.9925))
