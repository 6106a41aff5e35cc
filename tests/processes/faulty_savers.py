"""Savers over a file that betray their callers exactly once, and behave when they are reopened."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import psutil
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.workloads.append_steps import AppendStepsWorkload


class OneLongTurn(AppendStepsWorkload):
    """Reads at its beginning alone, so that no read notices a fault; warm after a few cycles."""

    @property
    def cycles_per_visit(self) -> int:
        return 1


# So many puts, writes or reads go well before one does not.
BEFORE = 12


class Honest(AsyncSqliteSaver):
    """Does what it should; a fault is chosen by deriving from it."""

    def __init__(self, connection: aiosqlite.Connection, directory: Path) -> None:
        super().__init__(connection)
        self.mark = directory / "betrayed"
        self.calls = 0
        self.older_id = str(uuid6())

    def betrays(self) -> bool:
        """Tell once in the life of the file that it is time."""
        self.calls += 1
        if self.calls <= BEFORE or self.mark.exists():
            return False
        self.mark.touch()
        return True


class Dropping(Honest):
    """Acknowledges a put without storing it."""

    async def aput(self, config: Any, checkpoint: Any, *rest: Any) -> Any:
        if self.betrays():
            return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}
        return await super().aput(config, checkpoint, *rest)


class Corrupting(Honest):
    """Changes one letter of what it stores."""

    async def aput(self, config: Any, checkpoint: Any, *rest: Any) -> Any:
        if self.betrays():
            ((name, state),) = checkpoint["channel_values"].items()
            record = state["records"][0]
            changed = {**state, "records": [{**record, "text": "?" + record["text"][1:]}]}
            checkpoint = {**checkpoint, "channel_values": {name: changed}}
        return await super().aput(config, checkpoint, *rest)


class Orphaning(Honest):
    """Stores a checkpoint under another parent."""

    async def aput(self, config: Any, *rest: Any) -> Any:
        if self.betrays():
            config = {"configurable": {**config["configurable"], "checkpoint_id": self.older_id}}
        return await super().aput(config, *rest)


class Repeating(Honest):
    """Stores a checkpoint twice, the second time under an older id."""

    async def aput(self, config: Any, checkpoint: Any, *rest: Any) -> Any:
        if self.betrays():
            again: Any = {**checkpoint, "id": self.older_id}
            await super().aput(config, again, *rest)
        return await super().aput(config, checkpoint, *rest)


class Inventing(Honest):
    """Stores a checkpoint that nobody wrote."""

    async def aput(self, config: Any, checkpoint: Any, *rest: Any) -> Any:
        if self.betrays():
            invented: Any = {**checkpoint, "id": self.older_id}
            invented["channel_values"] = {"channel_0": "new"}
            await super().aput(config, invented, *rest)
        return await super().aput(config, checkpoint, *rest)


class Careless(Honest):
    """Acknowledges the writes of a task without storing them."""

    async def aput_writes(self, *arguments: Any) -> None:
        if not self.betrays():
            await super().aput_writes(*arguments)


class Stale(Honest):
    """Answers with the checkpoint before the latest."""

    async def aget_tuple(self, config: Any) -> Any:
        found = await super().aget_tuple(config)
        if found is not None and found.parent_config is not None and self.betrays():
            return await super().aget_tuple(found.parent_config)
        return found


class Outdated(Honest):
    """Answers with the checkpoint before the latest, every time."""

    async def aget_tuple(self, config: Any) -> Any:
        found = await super().aget_tuple(config)
        older = found.parent_config if found is not None else None
        return await super().aget_tuple(older) if older is not None else found


class Hanging(Honest):
    """Never answers once it is reopened."""

    async def aget_tuple(self, config: Any) -> Any:
        if is_verifier():
            await asyncio.Event().wait()
        return await super().aget_tuple(config)


class Dying(Honest):
    """Ends its process once it is reopened."""

    async def aget_tuple(self, config: Any) -> Any:
        if is_verifier():
            os._exit(7)
        return await super().aget_tuple(config)


class Leaving(Honest):
    """Leaves a process running once it is reopened, as a pool of processes would."""

    async def aget_tuple(self, config: Any) -> Any:
        if is_verifier() and not self.mark.exists():
            self.mark.touch()
            if not os.fork():
                signal.pause()
                os._exit(0)
        return await super().aget_tuple(config)


def is_verifier() -> bool:
    """Tell whether this process reads back."""
    return "bench.verify.verifier" in " ".join(psutil.Process().cmdline())


def opening(kind: type[Honest]) -> Callable[[Path], AbstractAsyncContextManager[Honest]]:
    """Make a factory of savers of ``kind``."""

    @asynccontextmanager
    async def factory(directory: Path) -> AsyncIterator[Honest]:
        async with aiosqlite.connect(directory / "theirs.sqlite") as connection:
            await connection.execute("PRAGMA synchronous=OFF")
            yield kind(connection, directory)

    return factory


honest = opening(Honest)
dropping = opening(Dropping)
corrupting = opening(Corrupting)
orphaning = opening(Orphaning)
repeating = opening(Repeating)
inventing = opening(Inventing)
careless = opening(Careless)
stale = opening(Stale)
outdated = opening(Outdated)
hanging = opening(Hanging)
dying = opening(Dying)
leaving = opening(Leaving)


@asynccontextmanager
async def telling(directory: Path) -> AsyncIterator[Honest]:
    """Say in a file which process opened it, and what that was told on its way."""
    _tell()
    async with honest(directory) as saver:
        yield saver


def _tell() -> None:
    about = {
        "process_id": os.getpid(),
        "is_verifier": is_verifier(),
        "environment": sorted(os.environ),
        "command_line": psutil.Process().cmdline(),
    }
    with Path(os.environ["THEIR_DIARY"]).open("a", encoding="utf-8") as diary:
        diary.write(json.dumps(about) + "\n")


class _AsGiven:
    """A serialiser that copies nothing."""

    def dumps_typed(self, value: Any) -> tuple[str, Any]:
        return "given", value

    def loads_typed(self, held: tuple[str, Any]) -> Any:
        return held[1]


@asynccontextmanager
async def keeping() -> AsyncIterator[InMemorySaver]:
    """Keeps references to what it is given."""
    yield InMemorySaver(serde=_AsGiven())
