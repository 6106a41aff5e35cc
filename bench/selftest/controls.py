"""Subjects of which the answer to a claim's question is known: what judges must tell them."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.contracts import Place, PluginOptions
from bench.selftest.defective import DefectiveSubject
from bench.subjects.postgres import PostgresSubject
from bench.subjects.sqlite import SqliteSubject

HELD_S = 0.03


class _Holding(BaseCheckpointSaver[Any]):
    """Holds the event loop in every put, as a driver does that does not await."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        time.sleep(HELD_S)  # noqa: ASYNC251 - this is what has to be found
        return await super().aput(config, *given)


class _HoldingSqliteSaver(_Holding, AsyncSqliteSaver): ...


class _HoldingPostgresSaver(_Holding, AsyncPostgresSaver): ...


class HoldingSqliteSubject(SqliteSubject):
    """The subject ``sqlite``, but every put holds the event loop for 30 ms."""

    saver_class = _HoldingSqliteSaver


class HoldingPostgresSubject(PostgresSubject):
    """The subject ``postgres``, but every put holds the event loop for 30 ms."""

    @property
    def _saver_class(self) -> type[AsyncPostgresSaver]:
        return _HoldingPostgresSaver


async def _in_turn() -> None:
    """Let the loop do all that is due.

    Whoever yields comes first in the loop's next round, and its timers after it: so twice.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class InTurnSaver(InMemorySaver):
    """Lets the loop go before each operation, as a saver does that waits for its database."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        await _in_turn()
        return await super().aget_tuple(config)

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        await _in_turn()
        return await super().aput(config, *given)

    async def aput_writes(self, config: RunnableConfig, *given: Any) -> None:
        await _in_turn()
        await super().aput_writes(config, *given)


class InTurnSubject(DefectiveSubject):
    """The subject ``memory``, whose loop is held by one operation at a time."""

    saver_class: ClassVar[type[InMemorySaver]] = InTurnSaver


class OwnFilesSubject(SqliteSubject):
    """The subject ``sqlite`` with ``saver_per = "process"``, but each process has its own file.

    When it closes, what is in them is copied into the first one, where it is looked for.
    """

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        self._files: list[Path] = []

    def _file_of_process(self) -> Path:
        number = len(self._files)
        file = self._file.with_suffix(f".{number}.sqlite") if number else self._file
        self._files.append(file)
        return file

    async def close(self) -> None:
        await super().close()
        for file in self._files[1:]:
            await asyncio.to_thread(_copy_rows, file, self._file)


def _copy_rows(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS source", (str(source),))
        for table in ("checkpoints", "writes"):
            connection.execute(f"INSERT INTO {table} SELECT * FROM source.{table}")  # noqa: S608 - our own names
