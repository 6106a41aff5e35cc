"""Savers that a gate must catch, or must let pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import Field

from bench.contracts import CountedCalls, PluginOptions
from bench.subjects.memory import MemorySubject


class Server:
    """Answers at once."""

    def exchange(self) -> None:
        """Count as one round trip."""


class TalkingSaver(InMemorySaver):
    """Exchanges something with a server before it keeps a checkpoint."""

    server = Server()
    exchanges = 1

    async def aput(self, config: RunnableConfig, *rest: Any) -> RunnableConfig:
        for _ in range(self.exchanges):
            self.server.exchange()
        return await super().aput(config, *rest)


class TalkingOptions(PluginOptions):
    """How often each put talks to the server."""

    exchanges: int = Field(default=1, ge=0)


class TalkingSubject(MemorySubject):
    """One saver for all clients."""

    Options = TalkingOptions
    packages: ClassVar[tuple[str, ...]] = ()
    options: TalkingOptions

    async def open(self, clients: int) -> None:
        """Make the saver."""
        del clients
        saver = TalkingSaver()
        saver.exchanges = self.options.exchanges
        self._saver = saver

    def counted_calls(self) -> Sequence[CountedCalls]:
        """Name the exchanges."""
        return [CountedCalls("round_trips", Server, "exchange")]
