"""The arithmetic of pings, and one run on a real loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bench.discovery import load
from bench.probes.loop_lag import INTERVAL_NS, LoopLag, PingSchedule, answered, quantile
from bench.records.trial import Reading
from tests.unit.probes.subjects import Scripted

MS = 1_000_000


def by_name(readings: Any) -> dict[str, Reading]:
    return {reading.name: reading for reading in readings}


class Clock:
    """Stands still until told otherwise."""

    def __init__(self, now_ns: int = 0) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns


@pytest.mark.parametrize(
    ("due_ns", "now_ns", "expected"),
    [
        (10, 9, []),
        (10, 10, [0]),
        (10, 14, [4]),
        (10, 15, [5, 0]),
        (10, 33, [23, 18, 13, 8, 3]),
    ],
)
def test_a_block_counts_for_every_ping_that_came_due_in_it(
    due_ns: int, now_ns: int, expected: list[int]
) -> None:
    assert expected == list(answered(due_ns, now_ns, 5))


def test_one_long_block_is_not_one_sample_in_many() -> None:
    schedule = PingSchedule(0, 5 * MS)
    for ping in range(1, 101):
        schedule.answer(ping * 5 * MS)
    schedule.answer(1005 * MS)
    lags = sorted(schedule.lags_ns)
    assert len(lags) == 100 + 101
    assert quantile(lags, 0.50) == 0
    assert quantile(lags, 0.99) == 490 * MS
    assert quantile(lags, 1.0) == 500 * MS


def test_pings_keep_their_due_times() -> None:
    schedule = PingSchedule(100, 5)
    assert schedule.due_ns == 105
    schedule.answer(104)
    assert schedule.due_ns == 105
    schedule.answer(118)
    assert schedule.due_ns == 120
    assert list(schedule.lags_ns) == [13, 8, 3]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 2), (0.51, 3), (0.99, 4), (1, 4)])
def test_a_quantile_is_a_value_that_occurred(share: float, expected: int) -> None:
    assert expected == quantile([1, 2, 3, 4], share)


def test_beats_missed_while_the_loop_is_blocked_count_in_full() -> None:
    async def main() -> None:
        clock = Clock()
        probe = LoopLag(clock, clock)
        await probe.start(Scripted())
        clock.now_ns = INTERVAL_NS
        probe._on_beat()
        assert list(probe._schedule.lags_ns) == [0]
        clock.now_ns = 4 * INTERVAL_NS
        probe._on_beat()
        expected_ns = [0, 2 * INTERVAL_NS, INTERVAL_NS, 0]
        assert expected_ns == list(probe._schedule.lags_ns)
        readings = by_name(await probe.stop(0))
        assert readings["loop_lag.max"].value == 2 * INTERVAL_NS
        assert readings["loop_lag.p50"].value == 0
        late_from_ns = 2 * INTERVAL_NS
        spans = ((INTERVAL_NS, 0), (late_from_ns, 2 * INTERVAL_NS))
        assert readings["loop_lag.max"].spans == spans

    asyncio.run(main())


def test_a_beat_that_comes_early_is_no_lag() -> None:
    async def main() -> None:
        clock = Clock()
        probe = LoopLag(clock, clock)
        await probe.start(Scripted())
        clock.now_ns = INTERVAL_NS - 1
        probe._on_beat()
        assert list(probe._schedule.lags_ns) == []
        clock.now_ns = INTERVAL_NS + 3
        probe._on_beat()
        assert list(probe._schedule.lags_ns) == [3]
        await probe.stop(0)

    asyncio.run(main())


def test_one_unanswered_at_the_end_counts_once_with_its_time_so_far() -> None:
    async def main() -> None:
        clock, cpu = Clock(), Clock()
        probe = LoopLag(clock, cpu)
        await probe.start(Scripted())
        clock.now_ns, cpu.now_ns = 3 * INTERVAL_NS - 1, INTERVAL_NS
        readings = by_name(await probe.stop(0))
        expected_ns = [2 * INTERVAL_NS - 1, INTERVAL_NS - 1]
        assert expected_ns == list(probe._schedule.lags_ns)
        assert expected_ns[0] == readings["loop_lag.max"].value
        assert readings["loop.cpu_share"].value == INTERVAL_NS / (3 * INTERVAL_NS - 1)

    asyncio.run(main())


def test_nothing_due_no_lag() -> None:
    async def main() -> list[str]:
        clock = Clock()
        probe = LoopLag(clock, clock)
        await probe.start(Scripted())
        clock.now_ns = INTERVAL_NS - 1
        return [reading.name for reading in await probe.stop(0)]

    assert asyncio.run(main()) == ["loop.cpu_share"]


@pytest.mark.parametrize("name", ["selector", "uvloop", "proactor"])
def test_a_real_loop_that_polls_is_not_said_to_stand_still(name: str) -> None:
    """A loop whose tasks never sleep comes to its beats all the same."""
    plugin: Any = load("loop", name)
    if plugin().unavailable():
        pytest.skip(plugin().unavailable())

    async def main() -> tuple[int, dict[str, Reading]]:
        probe = LoopLag()
        await probe.start(Scripted())
        turns = 0
        while len(probe._schedule.lags_ns) < 3:
            await asyncio.sleep(0)
            turns += 1
        return turns, by_name(await probe.stop(0))

    with asyncio.Runner(loop_factory=plugin().new_event_loop) as runner:
        turns, readings = runner.run(main())
    assert turns > 3
    assert set(readings) == {"loop_lag.p50", "loop_lag.p99", "loop_lag.max", "loop.cpu_share"}
    assert [name for name, reading in readings.items() if reading.value < 0] == []
