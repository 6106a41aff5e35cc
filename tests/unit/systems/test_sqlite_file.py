from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.systems.sqlite_file import back_up, checkpoint_ids, copy_file, prune, vacuum


async def fill(saver: AsyncSqliteSaver, threads: int, steps: int) -> list[str]:
    """Put ``steps`` checkpoints into each thread; return the ids of the newest ones."""
    newest = []
    for thread in range(threads):
        config: Any = {"configurable": {"thread_id": f"t{thread}", "checkpoint_ns": ""}}
        for step in range(steps):
            checkpoint: Any = {
                **empty_checkpoint(),
                "id": str(uuid6(clock_seq=step)),
                "channel_values": {"text": "x" * 5_000},
            }
            config = await saver.aput(config, checkpoint, {}, {})
            await saver.aput_writes(config, [("text", step)], "task")
        newest.append(config["configurable"]["checkpoint_id"])
    return newest


def test_a_copy_of_the_one_file_lacks_what_is_in_the_log(tmp_path: Path) -> None:
    async def main() -> None:
        file, copy, backup = (tmp_path / name for name in ("file", "copy", "backup"))
        async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
            newest = await fill(saver, 2, 3)
            copy_file(file, copy)
            back_up(file, backup)
        with pytest.raises(sqlite3.DatabaseError, match="no such table"):
            checkpoint_ids(copy)
        assert set(newest) < checkpoint_ids(backup)

    asyncio.run(main())


def test_pruning_keeps_the_newest_and_vacuum_makes_the_file_smaller(tmp_path: Path) -> None:
    async def main() -> list[str]:
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "file")) as saver:
            return await fill(saver, 3, 10)

    newest = asyncio.run(main())
    file = tmp_path / "file"
    whole = file.stat().st_size
    assert prune(file) == 27
    assert checkpoint_ids(file) == set(newest)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM writes").fetchone() == (3,)
    assert file.stat().st_size == whole
    vacuum(file)
    assert file.stat().st_size < whole / 2
    assert checkpoint_ids(file) == set(newest)
