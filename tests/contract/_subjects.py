"""What every subject must do, whichever store is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.checkpoint.base.id import uuid6

from bench.contracts import Place, PluginOptions, Subject

CLIENTS = 3
THREADS = 4
STEPS = 3


def checkpoint(thread: int, step: int) -> Checkpoint:
    """Make a checkpoint of two channels, one of them not primitive."""
    version = f"{step + 1:032}.0000000000000001"
    made = empty_checkpoint()
    made["id"] = str(uuid6(clock_seq=step))
    made["channel_values"] = {"count": step, "state": {"thread": thread, "seen": [step, "é"]}}
    made["channel_versions"] = {"count": version, "state": version}
    return made


def config_of(place: Place, thread: int) -> RunnableConfig:
    return {
        "configurable": {"thread_id": f"{place.namespace}-thread-{thread}", "checkpoint_ns": ""}
    }


async def write(subject: Subject) -> dict[int, Checkpoint]:
    """Put :data:`STEPS` checkpoints in each thread, check them, return the last of each."""
    last = {}
    for thread in range(THREADS):
        saver = subject.saver(thread % CLIENTS)
        config = config_of(subject.place, thread)
        for step in range(STEPS):
            made = checkpoint(thread, step)
            metadata: Any = {"source": "loop", "step": step, "parents": {}}
            config = await saver.aput(config, made, metadata, made["channel_versions"])
            assert config["configurable"]["checkpoint_id"] == made["id"]
            writes = [("count", step), ("state", {"by": "a task"})]
            await saver.aput_writes(config, writes, f"task-{step}", "~task")
            last[thread] = made
    return last


async def read_back(subject: Subject, last: Mapping[int, Checkpoint]) -> None:
    """Check the last checkpoint of each thread, and how many can be listed."""
    for thread, expected in last.items():
        saver = subject.saver(thread % CLIENTS)
        config = config_of(subject.place, thread)
        found = await saver.aget_tuple(config)
        assert found is not None
        assert expected["id"] == found.checkpoint["id"]
        assert expected["channel_values"] == found.checkpoint["channel_values"]
        listed = [
            item.config["configurable"]["checkpoint_id"] async for item in saver.alist(config)
        ]
        assert (STEPS if subject.keeps_history else 1) == len(listed)
        assert expected["id"] == listed[0]


async def count(subject: Subject, threads: int) -> None:
    """Check the store's own count of the checkpoints in so many threads."""
    stored = await subject.stored()
    assert threads * (STEPS if subject.keeps_history else 1) == stored.checkpoints
    assert stored.stored_bytes is None or stored.stored_bytes > 0


async def check(subject_class: type[Subject], options: PluginOptions, place: Place) -> None:
    """Run the contract once: write, read, count, close, and read again where that is promised."""
    subject = subject_class(options, place)
    try:
        await subject.open(CLIENTS)
        last = await write(subject)
        await read_back(subject, last)
        await count(subject, THREADS)
        settings = await subject.settings()
        assert subject_class.durability(options) == subject.durability_found(settings)
        tables = await subject.stored_tables()
        assert all(table.rows >= 0 and table.largest_row_bytes >= 0 for table in tables)
        assert any(table.largest_row_bytes > 0 for table in tables) == bool(tables)
        assert len({table.name for table in tables}) == len(tables)
        for checkout in subject.checkouts():
            assert callable(getattr(checkout.pool, checkout.method))
    finally:
        await subject.close()
    if subject.reopens:
        again = subject_class(options, place)
        try:
            await again.open(CLIENTS)
            await read_back(again, last)
            await count(again, THREADS)
            await again.saver(0).adelete_thread(config_of(place, 0)["configurable"]["thread_id"])
            await count(again, THREADS - 1)
            assert await again.saver(0).aget_tuple(config_of(place, 0)) is None
        finally:
            await again.close()


def run_check(subject_class: type[Subject], options: PluginOptions, place: Place) -> None:
    asyncio.run(check(subject_class, options, place))
