"""What controls of claims are: each shows what its judge has to find."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bench.contracts import Place
from bench.selftest import controls
from bench.subjects.sqlite import SqliteOptions
from bench.systems.sqlite_file import checkpoint_ids
from tests.contract import _subjects as contract


def test_the_saver_that_holds_the_loop_holds_it_in_puts_alone_and_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[float] = []
    monkeypatch.setattr(controls, "time", type("time", (), {"sleep": held.append}))
    place = Place(tmp_path, None, "trial")
    contract.run_check(controls.HoldingSqliteSubject, SqliteOptions(), place)
    assert set(held) == {controls.HELD_S}


def test_the_loop_does_what_is_due_before_each_operation() -> None:
    async def main() -> list[str]:
        order: list[str] = []
        saver, config = controls.InTurnSaver(), contract.config_of(Place(Path(), None, "t"), 0)
        made = contract.checkpoint(0, 0)
        calls: list[Any] = [
            lambda: saver.aput(config, made, {}, made["channel_versions"]),
            lambda: saver.aput_writes(
                {"configurable": {**config["configurable"], "checkpoint_id": made["id"]}},
                [("a", 1)],
                "task",
            ),
            lambda: saver.aget_tuple(config),
        ]
        for call in calls:
            asyncio.get_running_loop().call_later(0, order.append, "due")
            await call()
            order.append("done")
        return order

    assert asyncio.run(main()) == ["due", "done"] * 3


def test_processes_with_own_files_leave_all_in_the_first(tmp_path: Path) -> None:
    """Two programs are started, which takes most of a second each."""

    async def main() -> int:
        opened = controls.OwnFilesSubject(
            SqliteOptions(saver_per="process"), Place(tmp_path, None, "trial")
        )
        try:
            await opened.open(2)
            for client in range(2):
                config, made = (
                    contract.config_of(opened.place, client),
                    contract.checkpoint(client, 0),
                )
                await opened.saver(client).aput(config, made, {}, made["channel_versions"])
            return len(checkpoint_ids(tmp_path / "checkpoints.sqlite"))
        finally:
            await opened.close()

    assert asyncio.run(main()) == 1
    assert len(checkpoint_ids(tmp_path / "checkpoints.sqlite")) == 2
