"""When the degrading checkpointer falls back, to what, and what it counts, without a server."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
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
    assert monitors.served == {"memory": 2}
    assert monitors.failures == {
        ("async_postgres", "PoolTimeout"): 2,
        ("sync_postgres", "OperationalError"): 2,
    }
    assert (monitors.fallback_rate, monitors.error_rate) == (1.0, 4 / 6)
    assert (monitors.most_under_way, monitors.under_way) == (1, 0)


class Failing(DegradingCheckpointer):
    """Its levels fail with what ``failures`` has; where nothing is there, memory serves as it."""

    failures: dict[str, Exception]

    @asynccontextmanager
    async def _saver(self, level: str) -> AsyncIterator[BaseCheckpointSaver[Any]]:
        if level in self.failures:
            raise self.failures[level]
        yield self.memory


def failing(settings: DegradingSettings, **failures: Exception) -> Failing:
    saver = Failing(settings, clock=itertools.count(0, 10).__next__)
    saver.failures = failures
    return saver


@pytest.mark.parametrize(
    ("prefer_async", "away", "rate"),
    [(True, (), 0.0), (True, ("async_postgres",), 1.0), (False, (), 0.0)],
)
def test_falling_back_is_being_served_by_another_level_than_the_first(
    prefer_async: bool, away: tuple[str, ...], rate: float
) -> None:
    settings = replace(REFUSED, prefer_async=prefer_async)
    saver = failing(settings, **dict.fromkeys(away, OSError("away")))
    asyncio.run(put_and_read(saver))
    assert saver.monitors.fallback_rate == rate


def test_each_caller_is_told_of_its_own_calls() -> None:
    async def use() -> tuple[list[str], list[str]]:
        saver = failing(REFUSED, async_postgres=OSError("away"))
        with saver.fallbacks() as fallen:
            await asyncio.create_task(put_and_read(saver))
        saver.failures.clear()
        with saver.fallbacks() as served:
            await put_and_read(saver)
        return [*fallen], [*served]

    assert asyncio.run(use()) == (["sync_postgres"] * 2, [])


def test_callers_at_once_are_not_mixed_up() -> None:
    async def use() -> list[int]:
        saver = failing(REFUSED)

        async def turn(calls: int) -> int:
            with saver.fallbacks() as fallen:
                for _ in range(calls):
                    await asyncio.sleep(0)
                    saver._noted("memory", None)
                await asyncio.sleep(0)
            return len(fallen)

        return await asyncio.gather(*map(turn, (0, 1, 3)))

    assert asyncio.run(use()) == [0, 1, 3]


def test_calls_that_fail_count_in_the_mean_response() -> None:
    saver = failing(REFUSED)
    asyncio.run(put_and_read(saver))
    saver.failures = {"async_postgres": ValueError("no outage")}
    with pytest.raises(ValueError, match="no outage"):
        asyncio.run(put_and_read(saver))
    # Each call takes one reading of the clock to the next, 10 ns.
    assert (saver.monitors.calls, saver.monitors.ended) == (2, 3)
    assert saver.monitors.mean_response_ns == 10.0


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
