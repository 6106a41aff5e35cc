"""Which tables the saver keeps, and how large the largest row of each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from bench.contracts import StoredTable, Subject, WorkerProbe
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

    readings = (
        "stored.tables",
        *(f"stored.table.{name}" for name in NAMED),
        *(f"stored.largest_row.{name}" for name in NAMED),
    )
    stops: ClassVar[Literal["window", "drained"]] = "drained"

    async def start(self, subject: Subject) -> None:
        """Note whom to ask."""
        self._subject = subject

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """Ask; no reading where the store cannot tell."""
        del checkpoints
        tables = {table.name: table for table in await self._subject.stored_tables()}
        if not tables:
            return ()
        count = Reading(
            name="stored.tables",
            value=float(len(tables)),
            unit="count",
            better="neither",
            description="tables of the store, or kinds of keys",
            detail="; ".join(map(_told, tables.values())),
        )
        present = [
            Reading(
                name=f"stored.table.{name}",
                value=float(name in tables),
                unit="count",
                better="neither",
                description=f"1 where the store has a table, or kind of keys, {name}; else 0",
            )
            for name in NAMED
        ]
        largest = [
            Reading(
                name=f"stored.largest_row.{name}",
                value=float(tables[name].largest_row_bytes),
                unit="bytes",
                better="neither",
                description=f"bytes of the largest row of {name}, before compression",
            )
            for name in NAMED
            if name in tables
        ]
        return [count, *present, *largest]


def _told(table: StoredTable) -> str:
    return f"{table.name}: {table.rows} rows, largest {table.largest_row_bytes} bytes"
