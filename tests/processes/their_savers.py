"""Savers that live outside ``bench``: a factory, a subject class, and some that misbehave."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Place, PluginOptions, Subject
from bench.scenario.durability import Durability


@asynccontextmanager
async def factory() -> AsyncIterator[InMemorySaver]:
    """A saver as its author would hand it out."""
    yield InMemorySaver()


class Forgetful(InMemorySaver):
    """Acknowledges every tenth put without keeping it."""

    puts = 0

    async def aput(self, config: RunnableConfig, checkpoint: Any, *rest: Any) -> RunnableConfig:
        self.puts += 1
        if self.puts % 10:
            return await super().aput(config, checkpoint, *rest)
        configurable = {**config["configurable"], "checkpoint_id": checkpoint["id"]}
        return {"configurable": configurable}


class Careless(InMemorySaver):
    """Acknowledges every write of a task and keeps none."""

    async def aput_writes(self, *_: Any, **__: Any) -> None: ...


class Slow(InMemorySaver):
    """Takes longer for a put than a short warm-up lasts."""

    async def aput(self, config: RunnableConfig, *rest: Any) -> RunnableConfig:
        await asyncio.sleep(0.2)
        return await super().aput(config, *rest)


class Suicidal(InMemorySaver):
    """Ends its own process at the hundredth put."""

    puts = 0

    async def aput(self, config: RunnableConfig, *rest: Any) -> RunnableConfig:
        self.puts += 1
        if self.puts == 100:
            os.kill(os.getpid(), signal.SIGTERM)
        return await super().aput(config, *rest)


class Failing(InMemorySaver):
    """Raises at every read."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        raise ConnectionResetError("their server said: password=hunter2")


@asynccontextmanager
async def forgetful() -> AsyncIterator[InMemorySaver]:
    """Loses acknowledged writes."""
    yield Forgetful()


@asynccontextmanager
async def careless() -> AsyncIterator[InMemorySaver]:
    """Loses the tasks' writes."""
    yield Careless()


@asynccontextmanager
async def suicidal() -> AsyncIterator[InMemorySaver]:
    """Dies in the middle of the trial."""
    yield Suicidal()


@asynccontextmanager
async def failing() -> AsyncIterator[InMemorySaver]:
    """Cannot read."""
    yield Failing()


class TheirSubject(Subject):
    """A subject class in somebody else's package, with an option."""

    class Options(PluginOptions):
        """Whether to refuse the loop, and how many connections there are said to be."""

        refuses: bool = False
        connections_made: int = 1

    reopens = False

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        self._saver = InMemorySaver()

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    async def open(self, clients: int) -> None:
        assert isinstance(self.options, TheirSubject.Options)
        if self.options.refuses:
            raise NotImplementedError("not on this loop")

    def saver(self, client: int) -> InMemorySaver:
        return self._saver

    def connections(self, clients: int) -> int:
        assert isinstance(self.options, TheirSubject.Options)
        return self.options.connections_made

    async def close(self) -> None: ...
