from __future__ import annotations

import asyncio
from pathlib import Path

from bench.contracts import Place, Stored
from bench.subjects.memory import MemorySubject
from tests.contract import _subjects as contract


def test_bytes_are_those_of_everything_serialised(tmp_path: Path) -> None:
    async def use() -> tuple[Stored, int]:
        subject = MemorySubject(MemorySubject.Options(), Place(tmp_path, None, "trial"))
        await subject.open(1)
        saver = subject.saver(0)
        config = contract.config_of(subject.place, 0)
        made = contract.checkpoint(0, 0)
        config = await saver.aput(config, made, {"step": 0}, made["channel_versions"])
        before = await subject.stored()
        await saver.aput_writes(config, [("count", b"12345")], "task")
        after = await subject.stored()
        assert before.stored_bytes is not None
        assert after.stored_bytes is not None
        return before, after.stored_bytes - before.stored_bytes

    before, of_the_write = asyncio.run(use())
    assert before.checkpoints == 1
    assert before.stored_bytes is not None
    assert before.stored_bytes > 0
    assert len(b"12345") == of_the_write


def test_asking_for_an_unknown_thread_does_not_count_it(tmp_path: Path) -> None:
    async def use() -> Stored:
        subject = MemorySubject(MemorySubject.Options(), Place(tmp_path, None, "trial"))
        await subject.open(1)
        assert await subject.saver(0).aget_tuple(contract.config_of(subject.place, 7)) is None
        return await subject.stored()

    assert Stored(checkpoints=0, stored_bytes=0) == asyncio.run(use())
