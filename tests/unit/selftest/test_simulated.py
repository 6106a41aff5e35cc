"""Simulated subjects hold back what their model says; the clock is an argument."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint

from bench.contracts import Place
from bench.selftest.simulated import (
    FixedServiceSubject,
    QueueSubject,
    Releases,
    SimulatedSaver,
    SimulatedSubject,
    StalledSubject,
)

MS = 1_000_000


class At(Releases):
    """Releases everything at once and remembers for when it was asked."""

    def __init__(self) -> None:
        self.asked_for: list[int] = []

    def at(self, due_ns: int) -> asyncio.Future[None]:
        self.asked_for.append(due_ns)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


class Harness:
    """A simulated saver under a clock that the test sets."""

    def __init__(self, subject: type[SimulatedSubject], **options: Any) -> None:
        self.releases = At()
        self.now_ns = 0
        given = subject.Options(**options)
        self.saver = subject.saver_class(given, self.releases, lambda: self.now_ns)

    async def put(self, at_ns: int, source: Any = "loop") -> list[int]:
        self.now_ns = at_ns
        self.releases.asked_for.clear()
        config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
        await self.saver.aput(config, empty_checkpoint(), {"source": source, "step": 0}, {})
        return list(self.releases.asked_for)

    async def others(self, at_ns: int) -> list[int]:
        self.now_ns = at_ns
        self.releases.asked_for.clear()
        config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
        assert await self.saver.aget_tuple(config) is not None
        await self.saver.aput_writes(config, [], "task")
        return list(self.releases.asked_for)


def test_a_fixed_service_ends_so_much_after_its_call() -> None:
    async def scenario() -> None:
        harness = Harness(FixedServiceSubject, service_s=0.005)
        assert await harness.put(7 * MS) == [12 * MS]
        assert await harness.put(8 * MS) == [13 * MS]
        assert await harness.others(9 * MS) == []

    asyncio.run(scenario())


def test_what_a_graph_was_given_is_put_at_once() -> None:
    async def scenario() -> None:
        harness = Harness(FixedServiceSubject)
        assert await harness.put(7 * MS, source="input") == []

    asyncio.run(scenario())


def test_a_stall_holds_back_everything_until_its_end() -> None:
    async def scenario() -> None:
        harness = Harness(StalledSubject, after_puts=2, stall_s=0.1)
        assert await harness.put(0) == []
        assert await harness.others(1 * MS) == []
        assert await harness.put(5 * MS) == [105 * MS]
        assert await harness.others(6 * MS) == [105 * MS, 105 * MS]
        assert await harness.put(104 * MS) == [105 * MS]
        assert await harness.put(105 * MS) == []
        assert await harness.others(106 * MS) == []

    asyncio.run(scenario())


def test_a_queue_serves_one_after_the_other() -> None:
    async def scenario() -> None:
        harness = Harness(QueueSubject, servers=1, service_s=0.005)
        assert await harness.put(1 * MS) == [6 * MS]
        assert await harness.put(2 * MS) == [11 * MS]
        assert await harness.others(3 * MS) == []
        assert await harness.put(20 * MS) == [25 * MS]

    asyncio.run(scenario())


def test_releases_come_in_the_order_of_their_instants() -> None:
    async def scenario() -> list[int]:
        now_ns = [0]
        releases = Releases(asyncio.get_running_loop(), lambda: now_ns[0])
        order: list[int] = []

        def noted(due_ns: int, _: object) -> None:
            order.append(due_ns)

        futures = [releases.at(due_ns) for due_ns in (30, 10, 20)]
        for due_ns, future in zip((30, 10, 20), futures, strict=True):
            future.add_done_callback(partial(noted, due_ns))
        assert not any(future.done() for future in futures)
        now_ns[0] = 1_000
        # Something new is due first, so the thread looks at the clock.
        await asyncio.gather(releases.at(1), *futures)
        releases.close()
        return order

    assert asyncio.run(scenario()) == [10, 20, 30]


def test_what_was_cut_off_is_not_completed() -> None:
    async def scenario() -> None:
        releases = Releases(asyncio.get_running_loop(), lambda: 100)
        cancelled = releases.at(0)
        cancelled.cancel()
        await releases.at(1)
        releases.close()
        assert cancelled.cancelled()

    asyncio.run(scenario())


def test_a_subject_is_opened_and_closed() -> None:
    async def scenario() -> None:
        options = QueueSubject.Options()
        subject = QueueSubject(options, Place(Path(), None, "n"))
        await subject.close()
        await subject.open(2)
        assert isinstance(subject.saver(0), SimulatedSaver)
        await subject.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("option", [{"servers": 0}, {"service_s": 0.0}, {"distribution": "odd"}])
def test_options_are_checked(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(option))):
        QueueSubject.Options(**option)
