"""Checkpoints with a single channel, for workloads that are about something else than states."""

from __future__ import annotations

from datetime import UTC, datetime

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.base.id import uuid6

from bench.contracts import Client, Payload


async def put_step(
    client: Client, parent: RunnableConfig, step: int, payload: Payload
) -> RunnableConfig:
    """Put a checkpoint after ``parent`` (a thread alone: its first); return where it is."""
    versions: dict[str, str | int | float] = {"state": step + 1}
    checkpoint: Checkpoint = {
        "v": 4,
        "id": str(uuid6(clock_seq=step)),
        "ts": datetime.now(UTC).isoformat(),
        "channel_values": {"state": payload.state(client.index, step)},
        "channel_versions": versions,
        "versions_seen": {},
        "updated_channels": ["state"],
    }
    metadata: CheckpointMetadata = {"source": "loop", "step": step, "parents": {}}
    return await client.perform(client.saver().aput, parent, checkpoint, metadata, versions)
