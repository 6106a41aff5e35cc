from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.contracts import StoredTable
from bench.probes.stored_layout import NAMED, StoredLayout
from bench.records.trial import Reading
from tests.unit.probes.subjects import Scripted


class Tables(Scripted):
    """Has these tables."""

    def __init__(self, *tables: StoredTable) -> None:
        super().__init__()
        self._tables = tables

    async def stored_tables(self) -> Sequence[StoredTable]:
        return self._tables


def readings(subject: Scripted) -> dict[str, Reading]:
    async def main() -> Sequence[Reading]:
        probe = StoredLayout()
        await probe.start(subject)
        return await probe.stop(7)

    return {reading.name: reading for reading in asyncio.run(main())}


def test_tables_are_told_by_presence_and_largest_row() -> None:
    found = readings(Tables(StoredTable("checkpoints", 3, 900), StoredTable("other", 1, 5)))

    absent = {f"stored.table.{name}": 0.0 for name in NAMED if name != "checkpoints"}
    expected = {
        "stored.tables": 2.0,
        "stored.rows_per_checkpoint": 0.0,
        "stored.table.checkpoints": 1.0,
        **absent,
        "stored.largest_row.checkpoints": 900.0,
    }
    assert {name: reading.value for name, reading in found.items()} == expected
    assert found["stored.tables"].detail == (
        "checkpoints: 3 rows, largest 900 bytes; other: 1 rows, largest 5 bytes"
    )


def test_rows_are_those_that_came_while_it_watched() -> None:
    class Growing(Scripted):
        rows = 10

        async def stored_tables(self) -> Sequence[StoredTable]:
            self.rows += 3
            return [StoredTable("checkpoints", self.rows, 1), StoredTable("migrations", 9, 1)]

    assert readings(Growing())["stored.rows_per_checkpoint"].value == 3 / 7


def test_every_reading_is_declared() -> None:
    found = readings(Tables(*(StoredTable(name, 1, 1) for name in NAMED)))

    assert sorted(found) == sorted(StoredLayout.readings)


def test_a_store_that_cannot_tell_has_no_reading() -> None:
    assert readings(Scripted()) == {}


def test_it_asks_when_nobody_writes_any_more() -> None:
    assert StoredLayout.stops == "drained"
