"""A SQLite saver in a process of its own: what is left of a process that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig

from bench.subjects._sqlite_process import SqliteProcessSaver

CONFIG: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


def test_a_process_that_is_gone_is_told_in_words_and_can_be_closed(tmp_path: Path) -> None:
    saver = SqliteProcessSaver(tmp_path / "file.sqlite", "FULL")
    assert saver.get_tuple(CONFIG) is None

    saver._process.kill()
    saver._process.wait()
    with pytest.raises(ConnectionError, match="the process of the saver has ended"):
        saver.get_tuple(CONFIG)
    saver.close()
