"""Where ``AsyncPostgresSaver`` makes bytes of states, and states of bytes.

Of its own accord it serialises in threads (``asyncio.to_thread``), and reads a checkpoint's values
on the event loop. ``DecodingInThreads`` moves these to a thread too. With an
:class:`OnLoopExecutor` as the loop's default one, nothing is moved anywhere::

    asyncio.get_running_loop().set_default_executor(OnLoopExecutor())
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import DictRow

Result = TypeVar("Result")


class OnLoopExecutor(ThreadPoolExecutor):
    """Does what it is given at once, in the thread that asks; asyncio takes no other kind."""

    def submit(
        self, function: Callable[..., Result], /, *arguments: Any, **keywords: Any
    ) -> Future[Result]:
        """Call ``function`` and return a future that is done."""
        future: Future[Result] = Future()
        try:
            future.set_result(function(*arguments, **keywords))
        except Exception as error:  # noqa: BLE001 - it is the future's
            future.set_exception(error)
        return future


class DecodingInThreads(AsyncPostgresSaver):
    """Reads the values of a checkpoint in a thread, as it writes them."""

    async def _load_checkpoint_tuple(self, value: DictRow) -> CheckpointTuple:
        values = await asyncio.to_thread(self._load_blobs, value["channel_values"])
        loaded = await super()._load_checkpoint_tuple({**value, "channel_values": None})
        loaded.checkpoint["channel_values"].update(values)
        return loaded
