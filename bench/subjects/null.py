"""The harness's floor: a saver that does only what keeps its callers coherent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)

from bench.checkpoints import config_of
from bench.contracts import Stored
from bench.subjects._factories.savers import InProcessSubject


class NullSaver(BaseCheckpointSaver[int]):
    """Keeps the last checkpoint of each thread and namespace, by reference, and nothing else.

    Its methods never await, never serialise and never copy: what an operation costs here is what
    the harness itself costs. Writes are dropped; an older checkpoint cannot be asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.last: defaultdict[str, dict[str, CheckpointTuple]] = defaultdict(dict)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        given = config["configurable"]
        thread_id, namespace = given["thread_id"], given.get("checkpoint_ns", "")
        stored = config_of(thread_id, namespace, checkpoint["id"])
        self.last[thread_id][namespace] = CheckpointTuple(stored, checkpoint, metadata, None, [])
        return stored

    async def aput_writes(
        self, config: RunnableConfig, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        """Drop ``writes``."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        configurable = config["configurable"]
        of_thread = self.last.get(configurable["thread_id"])
        return of_thread.get(configurable.get("checkpoint_ns", "")) if of_thread else None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the name that LangGraph calls it by
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        threads = [config["configurable"]["thread_id"]] if config else list(self.last)
        held = [found for thread in threads for found in self.last.get(thread, {}).values()]
        for found in held[:limit]:
            yield found

    async def adelete_thread(self, thread_id: str) -> None:
        self.last.pop(thread_id, None)


class NullSubject(InProcessSubject[NullSaver]):
    """One :class:`NullSaver` for all clients; it copies nothing, by design."""

    keeps_history = False
    copies = False
    conforms = False

    async def open(self, clients: int) -> None:
        self._saver = NullSaver()

    async def stored(self) -> Stored:
        return Stored(checkpoints=sum(map(len, self._saver.last.values())), stored_bytes=None)
