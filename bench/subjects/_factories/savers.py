"""What subjects share that make a saver for each client, or one for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Generic, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver

from bench.contracts import Place, PluginOptions, Subject
from bench.scenario.durability import Durability

Saver = TypeVar("Saver", bound=BaseCheckpointSaver[Any])


class SaverOptions(PluginOptions):
    """``saver_per`` is ``trial``, ``client``, or what else a subject knows."""

    saver_per: str


class InProcessSubject(Subject, Generic[Saver]):
    """One saver for all clients, with all that it holds in the worker."""

    reopens = False
    _saver: Saver

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    def saver(self, client: int) -> Saver:
        return self._saver

    async def close(self) -> None:
        """Do nothing: what is held goes with the worker."""


class SaversSubject(Subject, Generic[Saver]):
    """Keeps the savers of its clients; what was entered into ``_resources`` is left when it closes.

    With ``saver_per = "trial"`` all clients have the same saver.
    """

    options: SaverOptions

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        self._resources = AsyncExitStack()
        self._savers: list[Saver] = []

    async def _make_savers(self, clients: int, make: Callable[[], Awaitable[Saver]]) -> None:
        if self.options.saver_per == "trial":
            self._savers = [await make()] * clients
        else:
            self._savers = [await make() for _ in range(clients)]

    def saver(self, client: int) -> Saver:
        return self._savers[client]

    def connections(self, clients: int) -> int:
        return 1 if self.options.saver_per == "trial" else clients

    async def close(self) -> None:
        await self._resources.aclose()
