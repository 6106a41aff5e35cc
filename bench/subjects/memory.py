"""LangGraph's ``InMemorySaver``."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Stored, StoredTable
from bench.subjects._factories.savers import InProcessSubject


class MemorySubject(InProcessSubject[InMemorySaver]):
    """One ``InMemorySaver`` for all clients; it serialises, but never leaves the loop's thread."""

    async def open(self, clients: int) -> None:
        self._saver = InMemorySaver()

    async def stored(self) -> Stored:
        sizes = self._sizes()
        stored_bytes = sum(map(sum, sizes.values()))
        return Stored(checkpoints=len(sizes["checkpoints"]), stored_bytes=stored_bytes)

    async def stored_tables(self) -> Sequence[StoredTable]:
        return [
            StoredTable(name, len(sizes), max(sizes, default=0))
            for name, sizes in self._sizes().items()
        ]

    def _sizes(self) -> dict[str, list[int]]:
        """Return the bytes of each entry, by the name that Postgres has for its table."""
        saver = self._saver
        return {
            "checkpoints": [
                len(checkpoint[1]) + len(metadata[1])
                for namespaces in saver.storage.values()
                for by_id in namespaces.values()
                for checkpoint, metadata, _ in by_id.values()
            ],
            "checkpoint_blobs": [len(blob) for _, blob in saver.blobs.values()],
            "checkpoint_writes": [
                len(value[1])
                for of_checkpoint in saver.writes.values()
                for _, _, value, _ in of_checkpoint.values()
            ],
        }
