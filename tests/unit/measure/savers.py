"""Savers with known behaviour, for tests of what measures them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple


class Ticks:
    """A clock that advances by one at each look."""

    def __init__(self, step_ns: int = 1) -> None:
        self.now_ns = 0
        self._step_ns = step_ns

    def __call__(self) -> int:
        self.now_ns += self._step_ns
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        """Let the time pass that somebody wants to sleep."""
        self.now_ns += round(seconds * 1e9)


class Plain(BaseCheckpointSaver[Any]):
    """Overrides three of the async methods; each looks at the clock ``looks`` times."""

    def __init__(self, clock: Ticks, looks: int = 3) -> None:
        super().__init__()
        self.clock = clock
        self.looks = looks
        self.fails_with: BaseException | None = None

    def _work(self) -> None:
        for _ in range(self.looks):
            self.clock()
        if self.fails_with is not None:
            raise self.fails_with

    async def aput(self, config: RunnableConfig, *_: Any) -> RunnableConfig:
        self._work()
        return config

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        self._work()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        self._work()
        return None


class Nested(Plain):
    """A put that reads first: one operation for the caller, two for the saver."""

    async def aput(self, config: RunnableConfig, *_: Any) -> RunnableConfig:
        await self.aget_tuple(config)
        return await super().aput(config)


class Locked(Plain):
    """Takes its lock around a put, as the Postgres and SQLite savers do."""

    def __init__(self, clock: Ticks) -> None:
        super().__init__(clock)
        self.lock = asyncio.Lock()

    async def aput(self, config: RunnableConfig, *_: Any) -> RunnableConfig:
        async with self.lock:
            await asyncio.sleep(0)
            return await super().aput(config)


class ThreadLocked(Plain):
    """Takes a thread's lock, as the sync savers do."""

    def __init__(self, clock: Ticks) -> None:
        super().__init__(clock)
        self.lock = threading.Lock()

    async def aput(self, config: RunnableConfig, *_: Any) -> RunnableConfig:
        with self.lock:
            return await super().aput(config)


class Listing(Plain):
    """Lists three items."""

    async def alist(self, config: RunnableConfig | None, **_: Any) -> AsyncIterator[Any]:
        for item in range(3):
            self.clock()
            yield item

    def list(self, config: RunnableConfig | None, **_: Any) -> Iterator[Any]:
        raise NotImplementedError


class Pool:
    """A pool whose connection takes four looks at the clock to get."""

    def __init__(self, clock: Ticks) -> None:
        self.clock = clock

    async def getconn(self) -> str:
        for _ in range(4):
            self.clock()
        return "connection"


class Pooled(Plain):
    """Takes a connection from its pool for a put."""

    def __init__(self, clock: Ticks) -> None:
        super().__init__(clock)
        self.pool = Pool(clock)

    async def aput(self, config: RunnableConfig, *_: Any) -> RunnableConfig:
        await self.pool.getconn()
        return await super().aput(config)
