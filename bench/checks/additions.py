"""What LangGraph's conformance suite leaves out, as tests of the same form.

Each is a coroutine over an open saver that raises ``AssertionError`` with the reason. The suite
does look at namespaces of a thread, but does not say what is wrong there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from langgraph.checkpoint.base.id import uuid6

from bench.checkpoints import Saver, checkpoint_of, config_of
from bench.values import difference

Test = Callable[[Saver], Awaitable[None]]


async def listing_leaves_out_sub_namespaces(saver: Saver) -> None:
    """List the root namespace of a thread of which a subgraph has saved checkpoints, too."""
    thread_id = str(uuid4())
    root = await _put(saver, thread_id)
    await _put(saver, thread_id, namespace="child:1")
    listed = await _listed(saver, thread_id)
    if not set(listed) <= {root}:
        raise AssertionError("its listing of a namespace contains checkpoints of sub-namespaces")
    if not listed:
        raise AssertionError("its listing of a namespace lacks the namespace's checkpoint")


async def limit_counts_what_the_filter_leaves(saver: Saver) -> None:
    """List with a filter and a limit, where the newest checkpoints do not pass the filter."""
    thread_id = str(uuid4())
    sources = ("input", "loop", "input", "loop", "loop")
    ids = [
        await _put(saver, thread_id, step=step, source=source)
        for step, source in enumerate(sources)
    ]
    listed = await _listed(saver, thread_id, filter={"source": "input"}, limit=2)
    if listed != [ids[2], ids[0]]:
        raise AssertionError("a listing with a limit and a filter lacks a checkpoint that matches")


async def deletion_takes_the_writes(saver: Saver) -> None:
    """Save the checkpoint of a deleted thread again, and look whether its old writes are back."""
    thread_id, checkpoint_id = str(uuid4()), str(uuid6(clock_seq=-1))
    for _ in range(2):
        await _put(saver, thread_id, checkpoint_id=checkpoint_id)
        found = await saver.aget_tuple(config_of(thread_id))
        if found is None:
            raise AssertionError("a thread that was deleted cannot be written again")
        if found.pending_writes:
            raise AssertionError("deleting a thread leaves its pending writes in the store")
        config = config_of(thread_id, checkpoint_id=checkpoint_id)
        await saver.aput_writes(config, [("channel", "value")], str(uuid4()))
        await saver.adelete_thread(thread_id)


async def value_comes_back(saver: Saver, value: object) -> None:
    """Save ``value`` as a channel of a checkpoint, and look whether it is the same when read."""
    thread_id = str(uuid4())
    await _put(saver, thread_id, channels={"value": value})
    found = await saver.aget_tuple(config_of(thread_id))
    if found is None:
        raise AssertionError("nothing came back")
    if differs := difference(value, found.checkpoint["channel_values"].get("value")):
        raise AssertionError(differs)


ADDITIONS: Mapping[str, Sequence[Test]] = {
    "list": (
        listing_leaves_out_sub_namespaces,
        limit_counts_what_the_filter_leaves,
    ),
    "delete_thread": (deletion_takes_the_writes,),
}
"""By capability, named as in the suite."""


async def _put(
    saver: Saver,
    thread_id: str,
    *,
    checkpoint_id: str = "",
    namespace: str = "",
    step: int = 0,
    source: Any = "loop",
    channels: Mapping[str, object] = MappingProxyType({}),
) -> str:
    versions: Any = {name: saver.get_next_version(None, None) for name in channels}
    checkpoint = checkpoint_of({**channels}, versions)
    checkpoint["id"] = checkpoint_id or checkpoint["id"]
    config = config_of(thread_id, namespace)
    await saver.aput(config, checkpoint, {"source": source, "step": step, "parents": {}}, versions)
    return checkpoint["id"]


async def _listed(saver: Saver, thread_id: str, **asked: Any) -> list[str]:
    return [found.checkpoint["id"] async for found in saver.alist(config_of(thread_id), **asked)]
