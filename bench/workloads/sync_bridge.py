"""The synchronous methods of an asynchronous saver, from another thread and from its own loop's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6

from bench.checkpoints import checkpoint_of, config_of
from bench.contracts import Client, PluginOptions, Workload
from bench.systems.sync_bridge import SyncBridge
from bench.workloads._loop_thread import call_on_loop_thread
from bench.workloads._shapes.checkpoint import CHANNEL

_METHODS = ("get_tuple", "list", "put", "put_writes", "delete_thread")
_METADATA: CheckpointMetadata = {"source": "loop", "step": 0, "parents": {}}
_WRITES = ((CHANNEL, 1), ("branch:to:step", None))
_TASK_ID = "00000000-0000-0000-0000-000000000001"


class SyncBridgeOptions(PluginOptions):
    """Whose synchronous methods are called: the ``saver``'s own, or those of ``SyncBridge``."""

    bridge: Literal["saver", "system"] = "saver"


class SyncBridgeWorkload(Workload):
    """All five methods from a thread that has no loop, then each on the loop's own thread.

    ``served``: from the other thread a checkpoint and two writes were put, read as the
    asynchronous method reads them, listed, and deleted. ``refused_put`` and so on: on the loop's
    own thread that method raised. One that waits for itself instead is cut off; the loop stands
    still until then.
    """

    Options: ClassVar[type[PluginOptions]] = SyncBridgeOptions
    options: SyncBridgeOptions
    marks: ClassVar[tuple[str, ...]] = ("served", *(f"refused_{name}" for name in _METHODS))

    async def cycle(self, client: Client) -> None:
        saver: Any = client.saver()
        bridge: Any = saver
        if self.options.bridge == "system":
            bridge = SyncBridge(saver, asyncio.get_running_loop())
        number = self.next_number(client.index)
        thread_id = self.thread_id(client.index, number)
        config = config_of(thread_id)
        version = saver.get_next_version(None, None)
        state = self.payload.state(client.index, number)
        checkpoint = checkpoint_of({CHANNEL: state}, {CHANNEL: version})

        saved = await asyncio.to_thread(
            bridge.put, config, checkpoint, _METADATA, {CHANNEL: version}
        )
        same = gone = False
        # Some savers lack some of the methods.
        with suppress(NotImplementedError):
            await asyncio.to_thread(bridge.put_writes, saved, _WRITES, _TASK_ID)
            read = await asyncio.to_thread(bridge.get_tuple, config)
            listed = await asyncio.to_thread(lambda: [*bridge.list(config)])
            same = read is not None and read == await saver.aget_tuple(config) and listed == [read]
        refused = _refused_on_loop_thread(bridge, saved, checkpoint)
        with suppress(NotImplementedError):
            await asyncio.to_thread(bridge.delete_thread, thread_id)
            gone = await saver.aget_tuple(config) is None
        self.mark(client, {"served": same and gone, **refused})


def _refused_on_loop_thread(
    bridge: Any, saved: RunnableConfig, checkpoint: Checkpoint
) -> dict[str, bool]:
    calls: dict[str, Callable[[], object]] = {
        "get_tuple": lambda: bridge.get_tuple(saved),
        "list": lambda: [*bridge.list(saved)],
        "put": lambda: bridge.put(saved, {**checkpoint, "id": str(uuid6())}, _METADATA, {}),
        "put_writes": lambda: bridge.put_writes(saved, _WRITES, _TASK_ID),
        "delete_thread": lambda: bridge.delete_thread(saved["configurable"]["thread_id"]),
    }
    return {
        f"refused_{name}": call_on_loop_thread(call) == "refused" for name, call in calls.items()
    }
