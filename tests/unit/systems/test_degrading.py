"""When the degrading checkpointer falls back, to what, and what it counts, without a server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint

from bench.errors import InputError
from bench.systems.degrading import DegradingCheckpointer, DegradingSettings

# Nobody listens on port 1: a connection is refused at once.
REFUSED = DegradingSettings("postgresql://u:p@127.0.0.1:1/db", pool_timeout_s=0.05)
CONFIG: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


async def put_and_read(saver: BaseCheckpointSaver[Any]) -> str:
    checkpoint = empty_checkpoint()
    await saver.aput(CONFIG, checkpoint, {"source": "input", "step": -1, "parents": {}}, {})
    read = await saver.aget_tuple(CONFIG)
    assert read is not None
    assert read.checkpoint["id"] == checkpoint["id"]
    return checkpoint["id"]


def test_without_postgres_memory_serves_and_the_monitors_say_so() -> None:
    async def use() -> DegradingCheckpointer:
        async with DegradingCheckpointer(REFUSED) as saver:
            await put_and_read(saver)
            return saver

    saver = asyncio.run(use())
    monitors = saver.monitors
    assert (saver.level, saver.has_fallen_back) == ("memory", True)
    assert monitors.served == {"memory": 2}
    assert monitors.failures == {
        ("async_postgres", "PoolTimeout"): 2,
        ("sync_postgres", "OperationalError"): 2,
    }
    assert (monitors.fallback_rate, monitors.error_rate) == (1.0, 4 / 6)
    assert (monitors.most_under_way, monitors.under_way) == (1, 0)


def test_what_is_no_outage_is_raised() -> None:
    class Refusing(DegradingCheckpointer):
        def _saver(self, level: object) -> Any:
            raise ValueError("it cannot be serialised")

    async def use() -> None:
        async with Refusing(REFUSED) as saver:
            await put_and_read(saver)

    with pytest.raises(ValueError, match="serialised"):
        asyncio.run(use())


def test_the_environment_says_which_levels_there_are() -> None:
    url = {"POSTGRES_DATABASE_URL": "postgresql://u:p@h/d"}
    read = DegradingSettings.from_environment

    assert read(url).levels == ("async_postgres", "sync_postgres", "memory")
    assert read({**url, "PREFER_ASYNC_POSTGRES": "false"}).levels == ("sync_postgres", "memory")
    assert read({**url, "USE_POSTGRES_CHECKPOINTER": "0"}).levels == ("memory",)
    assert read({}).levels == ("memory",)
    assert read({**url, "POSTGRES_POOL_SIZE": "9"}).pool_size == 9
    assert "p@h" not in repr(read(url))


@pytest.mark.parametrize(
    ("name", "value"), [("POSTGRES_POOL_SIZE", "none"), ("PREFER_ASYNC_POSTGRES", "maybe")]
)
def test_a_variable_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=name):
        DegradingSettings.from_environment({name: value})
