"""The task that every load generator is given: one put into the null saver."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointMetadata, empty_checkpoint

from bench.contracts import Client, ExpectedThread, Workload

CONFIG: RunnableConfig = {"configurable": {"thread_id": "null", "checkpoint_ns": ""}}
CHECKPOINT = empty_checkpoint()
METADATA: CheckpointMetadata = {"source": "loop", "step": 0, "parents": {}}


def put(saver: BaseCheckpointSaver[Any]) -> Coroutine[Any, Any, RunnableConfig]:
    """Put the same checkpoint again."""
    return saver.aput(CONFIG, CHECKPOINT, METADATA, {})


class OneOperation(Workload):
    """A cycle is one put."""

    def __init__(self) -> None:
        """Have no payload: there is nothing to write but a reference."""

    async def prepare(self, client: Client) -> None:
        """Do nothing."""

    async def cycle(self, client: Client) -> None:
        """Put the same checkpoint again."""
        await client.perform(client.saver().aput, CONFIG, CHECKPOINT, METADATA, {})

    def expected(self) -> Mapping[str, ExpectedThread]:
        """Return nothing: nobody reads it back."""
        return {}
