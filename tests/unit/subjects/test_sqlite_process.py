"""A SQLite saver in a process of its own: what is left of a process that is gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig

from bench.subjects._sqlite_process import SqliteProcessSaver, _answer, _line_of, _read

CONFIG: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


def test_a_process_that_is_gone_is_told_in_words_and_can_be_closed(tmp_path: Path) -> None:
    saver = SqliteProcessSaver(tmp_path / "file.sqlite", "FULL")
    assert saver.get_tuple(CONFIG) is None

    saver._process.kill()
    with pytest.raises(ConnectionError, match="the process of the saver has ended"):
        saver.get_tuple(CONFIG)
    saver.close()


def test_an_exception_that_cannot_be_handed_over_is_told_in_words() -> None:
    class Refusing:
        async def aput(self) -> None:
            raise UnpicklableError("no room")

    class UnpicklableError(Exception):
        """A class that no other process can find."""

    asked = _line_of((("aput",), {}))
    raised, error = _read(asyncio.run(_answer(Refusing(), asked)))  # type: ignore[arg-type] # as one
    assert raised
    assert (type(error), str(error)) == (RuntimeError, "UnpicklableError: no room")
