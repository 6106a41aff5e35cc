"""LangGraph's ``InMemorySaver``."""

from __future__ import annotations

from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import PluginOptions, Stored, Subject
from bench.scenario.durability import Durability


class MemorySubject(Subject):
    """One ``InMemorySaver`` for all clients; it serialises, but never leaves the loop's thread."""

    reopens = False

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    async def open(self, clients: int) -> None:
        self._saver = InMemorySaver()

    def saver(self, client: int) -> InMemorySaver:
        return self._saver

    async def close(self) -> None:
        """Do nothing: what is held goes with the worker."""

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
        return Stored(
            checkpoints=len(checkpoints),
            stored_bytes=sum(map(len, values)),
        )
