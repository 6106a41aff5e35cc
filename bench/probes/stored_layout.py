"""Which tables the saver keeps, and how large the largest row of each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from bench.contracts import ReadingKind, StoredTable, Subject, WorkerProbe
from bench.records.trial import Reading

# The tables of LangGraph's savers, and the kinds of keys of Redis's that hold checkpoints and
# writes. Whatever else a store has is told in the detail of ``stored.tables``.
NAMED = (
    *("checkpoints", "checkpoint_blobs", "checkpoint_writes", "writes"),
    *("checkpoint", "checkpoint_write"),
)


class StoredLayout(WorkerProbe):
    """Asks the subject for its tables once the load has drained, so that it disturbs nothing.

    A table that is not there has a reading of 0, so that its absence can be judged.
    """

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        "stored.tables": ReadingKind("count", "neither", "tables of the store, or kinds of keys"),
        "stored.rows_per_checkpoint": ReadingKind(
            *("count", "lower", "rows, or keys, that the load has left for each checkpoint put")
        ),
        **{
            f"stored.table.{name}": ReadingKind(
                *("count", "neither"),
                f"1 where the store has a table, or kind of keys, {name}; else 0",
            )
            for name in NAMED
        },
        **{
            f"stored.largest_row.{name}": ReadingKind(
                "bytes", "neither", f"bytes of the largest row of {name}, before compression"
            )
            for name in NAMED
        },
    }
    stops: ClassVar[Literal["window", "drained"]] = "drained"

    async def start(self, subject: Subject) -> None:
        self._subject = subject
        self._rows_before = _rows(await subject.stored_tables())

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        tables = {table.name: table for table in await self._subject.stored_tables()}
        if not tables:
            return ()
        described = [
            f"{table.name}: {table.rows} rows, largest {table.largest_row_bytes} bytes"
            for table in tables.values()
        ]
        return [
            self.reading("stored.tables", len(tables), "; ".join(described)),
            *self._rows_left(tables.values(), checkpoints),
            *(self.reading(f"stored.table.{name}", name in tables) for name in NAMED),
            *(
                self.reading(f"stored.largest_row.{name}", tables[name].largest_row_bytes)
                for name in NAMED
                if name in tables
            ),
        ]

    def _rows_left(self, tables: Iterable[StoredTable], checkpoints: int) -> Sequence[Reading]:
        if not checkpoints:
            return ()
        left = (_rows(tables) - self._rows_before) / checkpoints
        return [self.reading("stored.rows_per_checkpoint", left)]


def _rows(tables: Iterable[StoredTable]) -> int:
    return sum(table.rows for table in tables)
