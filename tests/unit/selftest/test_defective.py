"""Each defective saver has its defect, at its rate, and no other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver

from bench.selftest.defective import (
    HELD_AT_PUT,
    LEAKED_BYTES,
    CorruptingSaver,
    DroppingSaver,
    HoldingSaver,
    LeakingSaver,
    ReferencingSaver,
    StaleSaver,
)

LATEST: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


async def put(saver: InMemorySaver, config: Any, number: int, value: Any = b"abc") -> Any:
    checkpoint = empty_checkpoint()
    checkpoint["id"] = str(uuid6(clock_seq=number))
    checkpoint["channel_values"] = {"state": value}
    checkpoint["channel_versions"] = {"state": number}
    return await saver.aput(
        config, checkpoint, {"source": "loop", "step": number}, {"state": number}
    )


async def filled(saver: InMemorySaver, count: int) -> list[Any]:
    configs: list[Any] = []
    for number in range(1, count + 1):
        configs.append(await put(saver, configs[-1] if configs else LATEST, number))
    return configs


async def state(saver: InMemorySaver, config: Any) -> Any:
    found = await saver.aget_tuple(config)
    return None if found is None else found.checkpoint["channel_values"].get("state")


def test_one_put_in_a_thousand_is_dropped() -> None:
    async def scenario() -> list[int]:
        saver = DroppingSaver()
        configs = await filled(saver, 1_600)
        return [n for n, config in enumerate(configs, 1) if await saver.aget_tuple(config) is None]

    assert asyncio.run(scenario()) == [500, 1_500]


def test_one_put_in_a_hundred_is_corrupted_and_the_caller_keeps_its_own() -> None:
    async def scenario() -> list[int]:
        saver = CorruptingSaver()
        configs = await filled(saver, 210)
        values = [await state(saver, config) for config in configs]
        assert set(values) == {b"abc", b"abb"}
        return [number for number, value in enumerate(values, 1) if value != b"abc"]

    assert asyncio.run(scenario()) == [100, 200]


def test_only_bytes_can_be_corrupted() -> None:
    async def scenario() -> None:
        saver = CorruptingSaver()
        for number in range(1, 101):
            await put(saver, LATEST, number, value="text")

    with pytest.raises(TypeError, match="use binary states"):
        asyncio.run(scenario())


def test_one_read_of_a_latest_checkpoint_in_ten_is_stale() -> None:
    async def scenario() -> None:
        saver = StaleSaver()
        first, second = await filled(saver, 2)

        async def read(config: Any) -> str:
            found: CheckpointTuple | None = await saver.aget_tuple(config)
            assert found is not None
            return str(found.checkpoint["id"])

        ids = [config["configurable"]["checkpoint_id"] for config in (first, second)]
        assert [await read(LATEST) for _ in range(11)] == [*[ids[1]] * 9, ids[0], ids[1]]
        assert [await read(second) for _ in range(20)] == [ids[1]] * 20

    asyncio.run(scenario())


def test_a_reference_shows_what_the_caller_changed_later() -> None:
    async def scenario() -> None:
        saver = ReferencingSaver()
        value = ["first"]
        stored = await put(saver, LATEST, 1, value=value)
        assert await state(saver, stored) == ["first"]
        value.append("second")
        assert await state(saver, stored) == ["first", "second"]

    asyncio.run(scenario())


def test_the_loop_is_held_in_one_put_of_the_load() -> None:
    async def scenario() -> list[int]:
        held: list[int] = []
        saver = HoldingSaver(lambda seconds: held.append(saver.puts))
        await saver.aput(LATEST, empty_checkpoint(), {"source": "input", "step": -1}, {})
        await filled(saver, 2 * HELD_AT_PUT)
        return held

    assert asyncio.run(scenario()) == [HELD_AT_PUT]


def test_every_put_leaks() -> None:
    async def scenario() -> LeakingSaver:
        saver = LeakingSaver()
        await filled(saver, 3)
        return saver

    assert [len(leaked) for leaked in asyncio.run(scenario())._leaked] == [LEAKED_BYTES] * 3
