"""Checkpoints as LangGraph makes and names them, for whoever calls a saver without a graph."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint
from langgraph.checkpoint.base.id import uuid6

Saver: TypeAlias = BaseCheckpointSaver[Any]
# The checkpoint format that langgraph 1 writes (``langgraph.pregel._checkpoint.LATEST_VERSION``).
_FORMAT_VERSION = 4


def config_of(thread_id: str, namespace: str = "", checkpoint_id: str = "") -> RunnableConfig:
    """Name a checkpoint of a thread's namespace; without its id the latest."""
    configurable = {"thread_id": thread_id, "checkpoint_ns": namespace}
    if checkpoint_id:
        configurable["checkpoint_id"] = checkpoint_id
    return {"configurable": configurable}


def checkpoint_of(
    values: dict[str, Any],
    versions: dict[str, Any],
    step: int = -1,
    changed: Iterable[str] | None = None,
) -> Checkpoint:
    """Make a checkpoint of these channels, whose id sorts after those made before."""
    return {
        "v": _FORMAT_VERSION,
        "id": str(uuid6(clock_seq=step)),
        "ts": datetime.now(UTC).isoformat(),
        "channel_values": values,
        "channel_versions": versions,
        "versions_seen": {},
        "updated_channels": list(values if changed is None else changed),
    }


def plain_config(config: RunnableConfig) -> RunnableConfig:
    """Leave out what LangGraph hands on of a run, which no other process can have."""
    given, names = config["configurable"], ("thread_id", "checkpoint_ns", "checkpoint_id")
    configurable = {name: given[name] for name in names if name in given}
    return {"configurable": configurable, "metadata": config.get("metadata", {})}
