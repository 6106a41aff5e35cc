"""Checkpoints with one channel, for workloads that are about something else than states."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointMetadata

from bench.checkpoints import checkpoint_of
from bench.contracts import Client

CHANNEL = "channel"


async def put_step(
    client: Client, parent: RunnableConfig, step: int, state: Any, version: Any
) -> RunnableConfig:
    """Put a checkpoint after ``parent`` (a thread alone: its first); return where it is."""
    versions = {CHANNEL: version}
    checkpoint = checkpoint_of({CHANNEL: state}, versions, step)
    metadata: CheckpointMetadata = {"source": "loop", "step": step, "parents": {}}
    return await client.perform(client.saver().aput, parent, checkpoint, metadata, versions)
