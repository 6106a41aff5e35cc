"""Three ways to clear what a thread remembers, over any asynchronous saver of LangGraph.

::

    async with AsyncPostgresSaver.from_conn_string(url) as saver:
        await append_empty(saver, "thread-1")
        cleared = await cleared_checkpoints(saver, "thread-1")

``delete_rows`` leaves nothing. ``rewrite_last`` and ``append_empty`` leave all that is older, in
every namespace: who reads the history still finds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from langgraph.checkpoint.base import Checkpoint
from langgraph.checkpoint.base.id import uuid6

from bench.checkpoints import Saver, config_of

Way = Literal["delete", "rewrite", "empty", "none"]

MEMORY_CLEARED = "memory_cleared"


async def delete_rows(saver: Saver, thread_id: str) -> None:
    """Delete all that the saver keeps of the thread, in all namespaces."""
    await saver.adelete_thread(thread_id)


async def leave(saver: Saver, thread_id: str) -> None:
    """Do nothing: what a thread shows that was not cleared."""


async def rewrite_last(saver: Saver, thread_id: str) -> None:
    """Put the latest checkpoint again, under its own id and parent, without any channel.

    Without their versions as well: Postgres keeps values by version, and finds those that are still
    named. What tasks have written upon the checkpoint stays.
    """
    last = await saver.aget_tuple(config_of(thread_id))
    if last is not None:
        parent = last.parent_config or config_of(thread_id)
        await saver.aput(parent, _emptied(last.checkpoint), last.metadata, {})


async def append_empty(saver: Saver, thread_id: str) -> str:
    """Put an empty checkpoint after the latest one and return its id; empty where there is none.

    Its metadata has ``memory_cleared``.
    """
    last = await saver.aget_tuple(config_of(thread_id))
    if last is None:
        return ""
    checkpoint = _emptied(last.checkpoint)
    checkpoint["id"] = str(uuid6())
    checkpoint["ts"] = datetime.now(UTC).isoformat()
    step = last.metadata.get("step", -1) + 1
    metadata: Any = {"source": "update", "step": step, "parents": {}, MEMORY_CLEARED: True}
    await saver.aput(last.config, checkpoint, metadata, {})
    return checkpoint["id"]


async def cleared_checkpoints(saver: Saver, thread_id: str) -> list[str]:
    """Return the ids of the thread's empty checkpoints, newest first, by their metadata.

    Raises:
        ValueError: the saver cannot filter by it, as Redis's cannot.
    """
    wanted = {MEMORY_CLEARED: True}
    found = saver.alist(config_of(thread_id), filter=wanted)
    return [one.checkpoint["id"] async for one in found]


WAYS: Mapping[Way, Callable[[Saver, str], Awaitable[object]]] = {
    "delete": delete_rows,
    "rewrite": rewrite_last,
    "empty": append_empty,
    "none": leave,
}


def _emptied(checkpoint: Checkpoint) -> Checkpoint:
    nothing: Any = {"channel_values": {}, "channel_versions": {}, "versions_seen": {}}
    emptied: Checkpoint = {**checkpoint, **nothing, "updated_channels": []}
    return emptied
