from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from bench.probes.garbage_collector import GarbageCollector
from tests.unit.probes.subjects import Scripted


@pytest.fixture(autouse=True)
def no_collection_but_ours() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def read(times_ns: list[int], collections: int) -> dict[str, float]:
    clock = iter(times_ns)

    async def main() -> dict[str, float]:
        probe = GarbageCollector(lambda: next(clock))
        await probe.start(Scripted())
        for _ in range(collections):
            gc.collect(0)
        return {reading.name: reading.value for reading in await probe.stop(0)}

    return asyncio.run(main())


def test_pauses_are_counted() -> None:
    expected = {"gc.collections": 3.0, "gc.pause_total": 17.0, "gc.pause_max": 9.0}
    assert expected == read([0, 5, 100, 109, 200, 203], 3)


def test_without_a_collection_no_pause_is_the_longest() -> None:
    assert read([], 0) == {"gc.collections": 0.0, "gc.pause_total": 0.0}


def test_it_stops_listening() -> None:
    before = list(gc.callbacks)
    read([0, 5], 1)
    assert before == gc.callbacks
