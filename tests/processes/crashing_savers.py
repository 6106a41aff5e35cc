"""Savers over a file that acknowledge a write before, or when, it is in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.selftest.write_behind import FileSaver

FLUSH_EVERY_S = 0.1


class WritingThrough(FileSaver):
    """Has written what it acknowledges."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        stored = await super().aput(config, *given)
        self.flush()
        return stored

    async def aput_writes(self, config: RunnableConfig, *given: Any, **path: Any) -> None:
        await super().aput_writes(config, *given, **path)
        self.flush()


@asynccontextmanager
async def writing_through(directory: Path) -> AsyncIterator[FileSaver]:
    saver = WritingThrough(directory / "calls")
    await saver.load()
    yield saver


@asynccontextmanager
async def flushing_on_close(directory: Path) -> AsyncIterator[FileSaver]:
    saver = FileSaver(directory / "calls")
    await saver.load()
    yield saver
    saver.flush()


@asynccontextmanager
async def flushing_every_100_ms(directory: Path) -> AsyncIterator[FileSaver]:
    saver = FileSaver(directory / "calls")
    await saver.load()

    async def flush() -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            saver.flush()

    task = asyncio.create_task(flush())
    yield saver
    task.cancel()
    saver.flush()


class EmptyUntilClosed(AsyncSqliteSaver):
    """Stores a checkpoint at once, and its values with the close; reads come from memory."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self.late: list[tuple[Any, ...]] = []
        self.memory = InMemorySaver()

    async def aput(self, config: RunnableConfig, checkpoint: Any, *rest: Any) -> RunnableConfig:
        await self.memory.aput(config, checkpoint, *rest)
        self.late.append((config, checkpoint, *rest))
        empty: Any = {**checkpoint, "channel_values": {}}
        return await super().aput(config, empty, *rest)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await self.memory.aget_tuple(config) or await super().aget_tuple(config)


@asynccontextmanager
async def empty_until_closed(directory: Path) -> AsyncIterator[EmptyUntilClosed]:
    async with aiosqlite.connect(directory / "theirs.sqlite") as connection:
        await connection.execute("PRAGMA synchronous=OFF")
        saver = EmptyUntilClosed(connection)
        yield saver
        for given in saver.late:
            await AsyncSqliteSaver.aput(saver, *given)


@asynccontextmanager
async def torn(directory: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """Cannot be opened again where it was not closed."""
    mark = directory / "open"
    if mark.exists():
        raise OSError("the file is torn")
    mark.touch()
    async with aiosqlite.connect(directory / "theirs.sqlite") as connection:
        await connection.execute("PRAGMA synchronous=OFF")
        yield AsyncSqliteSaver(connection)
    mark.unlink()


@asynccontextmanager
async def in_memory() -> AsyncIterator[InMemorySaver]:
    yield InMemorySaver()


def _note(process_id: int) -> None:
    with Path(os.environ["THEIR_DIARY"]).open("a", encoding="utf-8") as diary:
        diary.write(f"{process_id}\n")


@asynccontextmanager
async def with_children(directory: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """Starts processes that it does not end; one has session, environment and parent of its own."""
    child = await asyncio.create_subprocess_exec("sleep", "600")
    _note(child.pid)
    between = await asyncio.create_subprocess_exec(
        *("sh", "-c", "sleep 600 > /dev/null & echo $!"),
        stdout=asyncio.subprocess.PIPE,
        env={},
        start_new_session=True,
    )
    told, _ = await between.communicate()
    _note(int(told))
    async with aiosqlite.connect(directory / "theirs.sqlite") as connection:
        await connection.execute("PRAGMA synchronous=OFF")
        yield AsyncSqliteSaver(connection)


@asynccontextmanager
async def refusing() -> AsyncIterator[InMemorySaver]:
    if os.environ:
        raise OSError("nobody listens there")
    yield InMemorySaver()


class Holding(InMemorySaver):
    """Never comes back to the loop from a deletion."""

    async def adelete_thread(self, thread_id: str) -> None:
        while True:
            pass


class ListingEverything(InMemorySaver):
    """Lists all namespaces of a thread."""

    async def alist(
        self, config: RunnableConfig | None, **asked: Any
    ) -> AsyncIterator[CheckpointTuple]:
        assert config is not None
        thread_id = config["configurable"]["thread_id"]
        for read in self.list({"configurable": {"thread_id": thread_id}}, **asked):
            yield read


@asynccontextmanager
async def holding() -> AsyncIterator[InMemorySaver]:
    yield Holding()


@asynccontextmanager
async def listing_everything() -> AsyncIterator[InMemorySaver]:
    yield ListingEverything()
