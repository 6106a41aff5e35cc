"""Stalls by the loop's own account, and what a look at a stack says."""

from __future__ import annotations

import asyncio
import json
import selectors
import sys
from types import FrameType
from typing import Any

import pytest

from bench.discovery import load
from bench.probes.loop_holder import STALL_NS, LoopHolder, Stalls, holder
from bench.probes.loop_lag import INTERVAL_NS
from bench.records.trial import Reading
from tests.unit.probes.subjects import Scripted

MS = 1_000_000


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Saver:
    """Calls back from inside its methods."""

    def put(self, look: Any) -> Any:
        return look()

    def get_tuple(self, look: Any) -> Any:
        return json.loads("1", object_hook=None, parse_int=lambda text: look())

    def setup(self, look: Any) -> Any:
        return look()


def here() -> FrameType:
    frame = sys._getframe(1)
    assert frame is not None
    return frame


def test_the_method_of_a_saver() -> None:
    found = Saver().put(lambda: holder(here().f_back))
    assert found == (f"Saver.put ({__name__})", True)


def test_what_a_saver_calls_is_told_with_the_method() -> None:
    place, is_saver = Saver().get_tuple(lambda: holder(here().f_back))
    assert (place.partition(" in ")[2], is_saver) == ("Saver.get_tuple", True)


def test_another_method_is_told_by_itself() -> None:
    assert Saver().setup(lambda: holder(here().f_back)) == (f"Saver.setup ({__name__})", False)


def test_the_standard_librarys_waiting_is_not_who_holds() -> None:
    looked: list[tuple[str, bool]] = []

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: looked.append(holder(here())))
        future.set_result(None)
        await asyncio.sleep(0)

    asyncio.run(main())
    ((place, is_saver),) = looked
    assert (place.endswith(f"({__name__})"), is_saver) == (True, False)


def test_a_loop_that_waits_for_events_is_held_by_itself() -> None:
    """Looks from inside the selector, as a thread would find a loop that has nothing to do."""
    looked: list[tuple[str, bool]] = []

    class Looking(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            looked.append(holder(here().f_back))
            return super().select(timeout)

    loop = asyncio.SelectorEventLoop(Looking())
    try:
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()
    assert set(looked) == {("the event loop itself", False)}


def test_without_a_frame_nobody_holds_it() -> None:
    assert holder(None) == ("the event loop itself", False)


def test_late_beats_add_up_and_small_lags_do_not() -> None:
    stalls = Stalls(0)
    stalls.answer(INTERVAL_NS + STALL_NS)
    assert stalls.held_ns == 0
    stalls.answer(stalls.due_ns + STALL_NS + 1)
    stalls.answer(stalls.due_ns + 50 * MS)
    assert stalls.held_ns == STALL_NS + 1 + 50 * MS


def test_beats_stay_on_that_which_tells_the_lag() -> None:
    stalls = Stalls(0)
    for now_ns in (INTERVAL_NS + 3, 4 * INTERVAL_NS - 1):
        stalls.answer(now_ns)
        assert stalls.due_ns == (now_ns // INTERVAL_NS + 1) * INTERVAL_NS


def test_a_stall_is_looked_at_each_time_it_has_doubled() -> None:
    stalls = Stalls(0)
    late = [stalls.asks_for_a_look(INTERVAL_NS + at * MS) for at in (0, 20, 21, 30, 42, 43, 86, 87)]
    assert late == [False, False, True, False, False, True, False, True]
    stalls.answer(INTERVAL_NS + 90 * MS)
    assert not stalls.asks_for_a_look(stalls.due_ns + 20 * MS)
    assert stalls.asks_for_a_look(stalls.due_ns + 21 * MS)


def readings_of(looks: int, held_ns: int) -> dict[str, Reading]:
    """Run the probe over 1 s in which the loop was held once, and looked at."""

    async def main() -> list[Reading]:
        clock = Clock()
        probe = LoopHolder(clock)
        await probe.start(Scripted())
        clock.now_ns = probe._stalls.due_ns + held_ns
        probe._on_beat()
        for _ in range(looks):
            Saver().put(lambda: probe.look(here().f_back))
        clock.now_ns = 1000 * MS
        probe._stalls.due_ns = clock.now_ns
        return list(await probe.stop(0))

    return {reading.name: reading for reading in asyncio.run(main())}


def test_the_share_and_the_place_are_read() -> None:
    found = readings_of(3, 250 * MS)
    share, by_saver = found["loop_held.share"], found["loop_held.by_saver"]
    assert (share.value, share.detail) == (0.25, f"Saver.put ({__name__})")
    assert by_saver.value >= 3 / 4


def test_no_path_is_told() -> None:
    assert "/" not in readings_of(1, 250 * MS)["loop_held.share"].detail


@pytest.mark.parametrize("name", ["selector", "uvloop", "proactor"])
def test_a_loop_that_is_held_is_looked_at(name: str) -> None:
    """Holds a real loop until the thread has looked, however long that takes."""
    plugin: Any = load("loop", name)
    if plugin().unavailable():
        pytest.skip(plugin().unavailable())

    class Blocking:
        async def aput(self, probe: LoopHolder) -> None:
            while not probe._places:
                pass

    async def main() -> list[Reading]:
        probe = LoopHolder()
        await probe.start(Scripted())
        await Blocking().aput(probe)
        return list(await probe.stop(0))

    with asyncio.Runner(loop_factory=plugin().new_event_loop) as runner:
        share, by_saver = runner.run(main())
    assert share.detail == f"Blocking.aput ({__name__})"
    assert share.value > 0.0
    assert by_saver.value == 1.0
