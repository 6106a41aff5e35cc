"""The arithmetic of pings, and one run on a real loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from bench.probes.loop_lag import INTERVAL_NS, LoopLag, PingSchedule, answered, quantile
from bench.records.trial import Reading
from tests.unit.probes.subjects import Scripted

MS = 1_000_000


def by_name(readings: Any) -> dict[str, Reading]:
    return {reading.name: reading for reading in readings}


def probe_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "loop_lag"]


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


class Steps:
    """A pause that ends when the test says so; each moves the clock by as long as it was to be."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked = threading.Semaphore(0)
        self._granted = threading.Semaphore(0)

    def __call__(self, seconds: float) -> None:
        self._asked.release()
        assert self._granted.acquire(timeout=30)
        self._clock.now_ns += round(seconds * 1e9)

    def grant(self, pauses: int) -> None:
        """End this many pauses; returns when the thread asks for one more."""
        for _ in range(pauses):
            assert self._asked.acquire(timeout=30)
            self._granted.release()
        assert self._asked.acquire(timeout=30)
        self._asked.release()

    def release(self) -> None:
        self._granted.release()


async def stopped(probe: LoopLag, steps: Steps) -> dict[str, Reading]:
    """Stop ``probe`` and let its thread find out."""
    asyncio.get_running_loop().call_soon(steps.release)
    return by_name(await probe.stop(0))


async def until_answered(probe: LoopLag, lags: int) -> None:
    while len(probe._schedule.lags_ns) < lags:  # noqa: ASYNC110 - nothing to wait for but turns
        await asyncio.sleep(0)


def test_pings_missed_while_the_loop_is_blocked_count_in_full() -> None:
    async def main() -> None:
        clock = Clock()
        steps = Steps(clock)
        probe = LoopLag(clock, clock, steps)
        await probe.start(Scripted())
        steps.grant(1)
        await until_answered(probe, 1)
        assert list(probe._schedule.lags_ns) == [0]
        # No await in between: the loop is blocked for three intervals.
        steps.grant(3)
        await until_answered(probe, 2)
        expected_ns = [0, 2 * INTERVAL_NS, INTERVAL_NS, 0]
        assert expected_ns == list(probe._schedule.lags_ns)
        readings = await stopped(probe, steps)
        assert readings["loop_lag.max"].value == 2 * INTERVAL_NS
        assert readings["loop_lag.p50"].value == 0

    asyncio.run(main())
    assert probe_threads() == []


def test_a_ping_unanswered_at_the_end_counts_once_with_its_time_so_far() -> None:
    async def main() -> None:
        clock, cpu = Clock(), Clock()
        steps = Steps(clock)
        probe = LoopLag(clock, cpu, steps)
        await probe.start(Scripted())
        steps.grant(2)
        clock.now_ns, cpu.now_ns = 3 * INTERVAL_NS - 1, INTERVAL_NS
        readings = await stopped(probe, steps)
        expected_ns = [2 * INTERVAL_NS - 1, INTERVAL_NS - 1]
        assert expected_ns == list(probe._schedule.lags_ns)
        assert expected_ns[0] == readings["loop_lag.max"].value
        share = INTERVAL_NS / (3 * INTERVAL_NS - 1)
        assert share == readings["loop.cpu_share"].value

    asyncio.run(main())
    assert probe_threads() == []


def test_no_ping_no_lag() -> None:
    async def main() -> list[str]:
        clock = Clock()
        steps = Steps(clock)
        probe = LoopLag(clock, clock, steps)
        await probe.start(Scripted())
        clock.now_ns = INTERVAL_NS - 1
        return list(await stopped(probe, steps))

    assert asyncio.run(main()) == ["loop.cpu_share"]


def test_a_real_loop() -> None:
    async def main() -> dict[str, Reading]:
        probe = LoopLag()
        await probe.start(Scripted())
        assert len(probe_threads()) == 1
        await until_answered(probe, 1)
        return by_name(await probe.stop(0))

    readings = asyncio.run(main())
    expected = ["loop_lag.p50", "loop_lag.p99", "loop_lag.max", "loop.cpu_share"]
    assert expected == list(readings)
    assert [name for name, reading in readings.items() if reading.value < 0] == []
    assert probe_threads() == []


def test_the_thread_ends_with_a_loop_that_was_closed() -> None:
    async def main() -> None:
        await LoopLag().start(Scripted())

    asyncio.run(main())
    for thread in probe_threads():
        thread.join(timeout=30)
    assert probe_threads() == []


def test_the_thread_ends_when_a_ping_is_out_as_the_loop_is_closed() -> None:
    clock = Clock()
    steps = Steps(clock)

    async def main() -> None:
        await LoopLag(clock, clock, steps).start(Scripted())
        steps.grant(1)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    steps.release()
    for thread in probe_threads():
        thread.join(timeout=30)
    assert probe_threads() == []
