"""Factories of savers as they are written by mistake, each with one of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

MISSING = "No module named 'fancydb'"


def _refuse() -> InMemorySaver:
    raise ImportError(MISSING)


def _leave() -> InMemorySaver:
    sys.exit(3)


@asynccontextmanager
async def import_fails() -> AsyncIterator[InMemorySaver]:
    yield _refuse()


@asynccontextmanager
async def exits() -> AsyncIterator[InMemorySaver]:
    yield _leave()


@asynccontextmanager
async def yields_none() -> AsyncIterator[None]:
    yield None


def returns_none() -> None:
    return None


def returns_saver() -> InMemorySaver:
    return InMemorySaver()


def returns_what_is_opened() -> AbstractContextManager[InMemorySaver]:
    return contextlib.nullcontext(InMemorySaver())


def returns_a_function() -> Callable[[], Any]:
    @contextlib.contextmanager
    def opened() -> Iterator[InMemorySaver]:
        yield InMemorySaver()

    return opened


async def coroutine() -> InMemorySaver:
    return InMemorySaver()


@asynccontextmanager
async def blocks() -> AsyncIterator[InMemorySaver]:
    threading.Event().wait()
    yield InMemorySaver()


@asynccontextmanager
async def awaits_for_ever() -> AsyncIterator[InMemorySaver]:
    await asyncio.Event().wait()
    yield InMemorySaver()


@asynccontextmanager
async def prints() -> AsyncIterator[InMemorySaver]:
    sys.stdout.write("hello from their saver\n" + "window\n" * 50)
    sys.stdout.flush()
    os.write(1, b"raw bytes\n")
    yield InMemorySaver()


@asynccontextmanager
async def stops_the_loop_on_close() -> AsyncIterator[InMemorySaver]:
    yield InMemorySaver()
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0)


@asynccontextmanager
async def stops_the_loop_at_last() -> AsyncIterator[InMemorySaver]:
    yield InMemorySaver()
    asyncio.get_running_loop().stop()


@asynccontextmanager
async def stops_the_loop() -> AsyncIterator[InMemorySaver]:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0)
    yield InMemorySaver()


@asynccontextmanager
async def leaves_a_thread() -> AsyncIterator[InMemorySaver]:
    threading.Thread(target=threading.Event().wait, name="theirs").start()
    yield InMemorySaver()


def _start_a_process() -> None:
    subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()  # theirs"])


@asynccontextmanager
async def leaves_a_process() -> AsyncIterator[InMemorySaver]:
    _start_a_process()
    yield InMemorySaver()


@asynccontextmanager
async def close_fails() -> AsyncIterator[InMemorySaver]:
    yield InMemorySaver()
    raise RuntimeError("cannot close")


@asynccontextmanager
async def close_blocks() -> AsyncIterator[InMemorySaver]:
    yield InMemorySaver()
    threading.Event().wait()


@asynccontextmanager
async def ignores_signals() -> AsyncIterator[InMemorySaver]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield InMemorySaver()


class Derived(InMemorySaver):
    """Named as a class."""


@asynccontextmanager
async def requires_two(host: str, port: int) -> AsyncIterator[InMemorySaver]:
    yield InMemorySaver()


class NeverReads(InMemorySaver):
    """Whatever it is asked after its first write, it fails."""

    async def aget_tuple(self, *_: Any) -> Any:
        raise OSError("the disk is gone")


class DiesReading(InMemorySaver):
    """Takes its process with it."""

    async def aget_tuple(self, *_: Any) -> Any:
        os._exit(7)


class ReadsForEver(InMemorySaver):
    """Answers no read."""

    async def aget_tuple(self, *_: Any) -> Any:
        await asyncio.Event().wait()


class Hoarding(InMemorySaver):
    """Keeps more and more of nothing."""

    async def aput(self, *given: Any) -> Any:
        self.hoard = [bytearray(1_000_000) for _ in range(500)]
        await asyncio.Event().wait()
        return await super().aput(*given)
