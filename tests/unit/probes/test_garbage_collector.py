from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence

import pytest

from bench.probes.garbage_collector import GarbageCollector
from bench.records.trial import MOST_SPANS, Reading
from tests.unit.probes.subjects import Scripted


@pytest.fixture(autouse=True)
def no_collection_but_ours() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def readings(times_ns: list[int], collections: int) -> Sequence[Reading]:
    clock = iter(times_ns)

    async def main() -> Sequence[Reading]:
        probe = GarbageCollector(lambda: next(clock))
        await probe.start(Scripted())
        for _ in range(collections):
            gc.collect(0)
        return await probe.stop(0)

    return asyncio.run(main())


def read(times_ns: list[int], collections: int) -> dict[str, float]:
    return {reading.name: reading.value for reading in readings(times_ns, collections)}


def test_pauses_are_counted() -> None:
    expected = {"gc.collections": 3.0, "gc.pause_total": 17.0, "gc.pause_max": 9.0}
    assert expected == read([0, 5, 100, 109, 200, 203], 3)


def test_the_longest_pauses_have_their_instants() -> None:
    times_ns = [at + of for at in range(0, 1000, 10) for of in (0, at % 100 // 10)]
    (longest,) = [each for each in readings(times_ns, 100) if each.name == "gc.pause_max"]

    assert len(longest.spans) == MOST_SPANS
    assert longest.spans[:4] == ((60, 6), (70, 7), (80, 8), (90, 9))


def test_without_a_collection_no_pause_is_the_longest() -> None:
    assert read([], 0) == {"gc.collections": 0.0, "gc.pause_total": 0.0}


def test_it_stops_listening() -> None:
    before = list(gc.callbacks)
    read([0, 5], 1)
    assert before == gc.callbacks
