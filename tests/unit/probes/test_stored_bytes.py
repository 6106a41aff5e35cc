from __future__ import annotations

import asyncio

import pytest

from bench.probes.stored_bytes import StoredBytes
from tests.unit.probes.subjects import Scripted


def read(before: int | None, after: int | None, checkpoints: int) -> dict[str, float]:
    async def main() -> dict[str, float]:
        probe = StoredBytes()
        await probe.start(Scripted([before, after]))
        return {reading.name: reading.value for reading in await probe.stop(checkpoints)}

    return asyncio.run(main())


def test_growth_is_shared_out_over_the_checkpoints() -> None:
    expected = {"stored.bytes": 1600.0, "stored.bytes_per_checkpoint": 150.0}
    assert expected == read(1000, 1600, 4)


@pytest.mark.parametrize(
    ("before", "checkpoints"),
    [(None, 4), (1600, 4), (1700, 4), (1000, 0)],
    ids=["unknown before", "not grown", "shrunk", "no checkpoint"],
)
def test_without_growth_there_is_no_size_of_a_checkpoint(
    before: int | None, checkpoints: int
) -> None:
    assert read(before, 1600, checkpoints) == {"stored.bytes": 1600.0}


def test_a_store_that_cannot_tell_has_no_reading() -> None:
    assert read(1000, None, 4) == {}


def test_it_asks_when_nobody_writes_any_more() -> None:
    assert StoredBytes.stops == "drained"
