"""An asynchronous saver, called from threads that have no event loop.

::

    bridge = SyncBridge(saver, asyncio.get_running_loop())
    latest = await asyncio.to_thread(bridge.get_tuple, config)

LangGraph's savers have such synchronous methods themselves. Called on the thread of their own loop
they can only wait for ever for what that loop would have to do, so they must refuse; not all of
them do.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)

from bench.checkpoints import Saver

Result = TypeVar("Result")


class OwnLoopError(RuntimeError):
    """The bridge was called on the thread of the loop that would have to do the work."""


class SyncBridge:
    """The synchronous methods of ``saver``, whose event loop is ``loop``.

    Each waits, at most ``limit_s`` seconds (``None``: for ever), for its asynchronous twin.

    Raises:
        OwnLoopError: from every method, when it is called on the loop's own thread.
        TimeoutError: it has taken longer; the operation is cancelled.
    """

    def __init__(
        self,
        saver: Saver,
        loop: asyncio.AbstractEventLoop,
        limit_s: float | None = None,
    ) -> None:
        self._saver = saver
        self._loop = loop
        self._limit_s = limit_s

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that ``config`` names, or the thread's latest."""
        return self._wait_for(lambda: self._saver.aget_tuple(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name for it
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Iterate over checkpoints, newest first."""

        async def listed() -> Sequence[CheckpointTuple]:
            found = self._saver.alist(config, filter=filter, before=before, limit=limit)
            return [each async for each in found]

        return iter(self._wait_for(listed))

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint and return its config."""
        return self._wait_for(lambda: self._saver.aput(config, checkpoint, metadata, new_versions))

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Save what a task has written upon a checkpoint."""
        self._wait_for(lambda: self._saver.aput_writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread."""
        self._wait_for(lambda: self._saver.adelete_thread(thread_id))

    def _wait_for(self, start: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        if _running_loop() is self._loop:
            raise OwnLoopError(
                "a synchronous method was called on the thread of the saver's own event loop, "
                "which would wait for itself; await the asynchronous one there"
            )
        future = asyncio.run_coroutine_threadsafe(start(), self._loop)
        try:
            return future.result(self._limit_s)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
