"""A checkpoint as LangGraph makes it, for workloads that call a saver without a graph."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint
from langgraph.checkpoint.base.id import uuid6

# The checkpoint format that langgraph 1 writes (``langgraph.pregel._checkpoint.LATEST_VERSION``).
FORMAT_VERSION = 4
CHANNEL = "channel"


def checkpoint_of(state: Any, version: Any, step: int = 0) -> Checkpoint:
    """Make a checkpoint with one channel, whose id sorts after those made before."""
    return {
        "v": FORMAT_VERSION,
        "id": str(uuid6(clock_seq=step)),
        "ts": datetime.now(UTC).isoformat(),
        "channel_values": {CHANNEL: state},
        "channel_versions": {CHANNEL: version},
        "versions_seen": {},
        "updated_channels": [CHANNEL],
    }


def config_of(thread_id: str) -> RunnableConfig:
    """Name the latest checkpoint of a thread's root namespace."""
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
