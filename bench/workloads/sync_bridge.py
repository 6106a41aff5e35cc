"""The synchronous methods of an asynchronous saver, from another thread and from its own loop's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, ClassVar, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6

from bench.contracts import Client, Payload, PluginOptions, Workload
from bench.systems.sync_bridge import SyncBridge, call_on_loop_thread
from bench.workloads._checkpoint import CHANNEL, checkpoint_of, config_of

_SERVED = "served"
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
    marks: ClassVar[tuple[str, ...]] = (_SERVED, *(f"refused_{name}" for name in _METHODS))

    def __init__(
        self, options: PluginOptions, payload: Payload, namespace: str, clients: int
    ) -> None:
        super().__init__(options, payload, namespace, clients)
        self._numbers = [count() for _ in range(clients)]

    async def prepare(self, client: Client) -> None:
        """Prepare nothing: each cycle makes a thread and deletes it."""

    async def cycle(self, client: Client) -> None:
        saver: Any = client.saver()
        bridge: Any = saver
        if self.options.bridge == "system":
            bridge = SyncBridge(saver, asyncio.get_running_loop())
        number = next(self._numbers[client.index])
        thread_id = f"{self.namespace}-c{client.index}-t{number}"
        config = config_of(thread_id)
        version = saver.get_next_version(None, None)
        checkpoint = checkpoint_of(self.payload.state(client.index, number), version)

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
        outcomes = self._on_loop_thread(bridge, saved, checkpoint)
        with suppress(NotImplementedError):
            await asyncio.to_thread(bridge.delete_thread, thread_id)
            gone = await saver.aget_tuple(config) is None
        if same and gone:
            client.mark(_SERVED)
        for method, outcome in outcomes.items():
            if outcome == "refused":
                client.mark(f"refused_{method}")

    def _on_loop_thread(
        self, bridge: Any, saved: RunnableConfig, checkpoint: Checkpoint
    ) -> Mapping[str, str]:
        calls: Mapping[str, Callable[[], object]] = {
            "get_tuple": lambda: bridge.get_tuple(saved),
            "list": lambda: [*bridge.list(saved)],
            "put": lambda: bridge.put(saved, {**checkpoint, "id": str(uuid6())}, _METADATA, {}),
            "put_writes": lambda: bridge.put_writes(saved, _WRITES, _TASK_ID),
            "delete_thread": lambda: bridge.delete_thread(saved["configurable"]["thread_id"]),
        }
        return {method: call_on_loop_thread(call) for method, call in calls.items()}
