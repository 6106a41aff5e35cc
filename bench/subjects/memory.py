"""LangGraph's ``InMemorySaver``."""

from __future__ import annotations

from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Stored
from bench.subjects._savers import InProcessSubject


class MemorySubject(InProcessSubject[InMemorySaver]):
    """One ``InMemorySaver`` for all clients; it serialises, but never leaves the loop's thread."""

    async def open(self, clients: int) -> None:
        self._saver = InMemorySaver()

    async def stored(self) -> Stored:
        checkpoints = [
            (checkpoint[1], metadata[1])
            for namespaces in self._saver.storage.values()
            for by_id in namespaces.values()
            for checkpoint, metadata, _ in by_id.values()
        ]
        values = [value for serialised in checkpoints for value in serialised]
        values += [
            value[1]
            for of_checkpoint in self._saver.writes.values()
            for _, _, value, _ in of_checkpoint.values()
        ]
        values += [blob for _, blob in self._saver.blobs.values()]
        return Stored(checkpoints=len(checkpoints), stored_bytes=sum(map(len, values)))
