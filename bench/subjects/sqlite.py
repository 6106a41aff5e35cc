"""LangGraph's ``AsyncSqliteSaver`` over a file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from pydantic import Field

from bench.contracts import (
    CountedCalls,
    Place,
    PluginOptions,
    Stored,
    StoredTable,
)
from bench.scenario.durability import Durability
from bench.subjects._factories.savers import SaverOptions, SaversSubject
from bench.subjects._sqlite_process import SqliteProcessSaver
from bench.systems.driven import driven, in_threads_of

# What PRAGMA synchronous returns, from https://www.sqlite.org/pragma.html#pragma_synchronous
_SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
_JOURNALS_ON_DISK = frozenset({"wal", "delete", "truncate", "persist"})

_TABLES_SQL = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


class SqliteOptions(SaverOptions):
    """``synchronous`` is applied to every connection after the saver's own set-up.

    ``file`` is the file's name in the trial's directory.

    ``saver_per = "client"`` gives each client a connection, and with it a thread and a saver, on
    the same file; they wait for each other's locks as long as Python's ``sqlite3`` does (5 s).
    ``process`` gives each client a process of its own with such a saver.
    """

    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    saver_per: Literal["trial", "client", "process"] = "trial"
    file: str = Field(default="checkpoints.sqlite", pattern=r"^[^/\\]+$")


class SqliteSubject(SaversSubject[AsyncSqliteSaver]):
    """``AsyncSqliteSaver`` over a file in the trial's directory."""

    Options = SqliteOptions
    packages = ("langgraph-checkpoint-sqlite", "aiosqlite", "sqlite-vec")
    saver_class: ClassVar[type[AsyncSqliteSaver]] = AsyncSqliteSaver
    options: SqliteOptions

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        self._file = place.directory / cast("SqliteOptions", options).file

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        full = cast("SqliteOptions", options).synchronous == "FULL"
        return Durability.FSYNC if full else Durability.RELAXED

    async def open(self, clients: int) -> None:
        # Here, and not in aiosqlite: its thread would outlive the failure and report to the loop
        # after that is closed.
        sqlite3.connect(self._file).close()
        if self.options.saver_per == "process":
            # Asked for what is read back; it makes the tables before anybody wants them.
            self._connection = (await self._connect()).conn
            self._executor = ThreadPoolExecutor(clients, "sqlite_process")
            self._resources.callback(self._executor.shutdown)
            await self._make_savers(clients, self._start)
        else:
            await self._make_savers(clients, self._connect)
            self._connection = self._savers[0].conn

    async def _start(self) -> Any:
        kind = driven(SqliteProcessSaver, in_threads_of(self._executor))
        saver = kind(self._file_of_process(), self.options.synchronous)
        self._resources.push_async_callback(asyncio.to_thread, saver.close)
        return saver

    def _file_of_process(self) -> Path:
        return self._file

    async def _connect(self) -> AsyncSqliteSaver:
        connection = await self._resources.enter_async_context(aiosqlite.connect(self._file))
        saver = self.saver_class(connection)
        await saver.setup()
        await _first_row(connection, f"PRAGMA synchronous={self.options.synchronous}")
        return saver

    async def settings(self) -> Mapping[str, str]:
        connection = self._connection
        synchronous, journal_mode, page_size, autocheckpoint = [
            (await _first_row(connection, f"PRAGMA {name}"))[0]
            for name in ("synchronous", "journal_mode", "page_size", "wal_autocheckpoint")
        ]
        return {
            "synchronous": _SYNCHRONOUS.get(synchronous, str(synchronous)),
            "journal_mode": str(journal_mode),
            "page_size": str(page_size),
            "wal_autocheckpoint": str(autocheckpoint),
            "sqlite_version": sqlite3.sqlite_version,
        }

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        """Return ``fsync`` for FULL or EXTRA with a journal on disk, else ``relaxed``.

        OFF is ``relaxed``, not ``volatile``: what was handed to the operating system outlives the
        process, though not a power failure. A journal in memory can corrupt the file in a crash,
        so it is never ``fsync``.
        """
        if "synchronous" not in settings or "journal_mode" not in settings:
            return Durability.UNKNOWN
        flushed = settings["synchronous"] in {"FULL", "EXTRA"}
        return (
            Durability.FSYNC
            if flushed and settings["journal_mode"].lower() in _JOURNALS_ON_DISK
            else Durability.RELAXED
        )

    async def stored(self) -> Stored:
        """Count the rows; bytes are the file's, once its write-ahead log has been moved into it.

        The log's length, up to ``wal_autocheckpoint`` pages whatever is stored, would else be most
        of what a short trial stores. It happens outside the measured window only.
        """
        await _first_row(self._connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        (checkpoints,) = await _first_row(self._connection, "SELECT count(*) FROM checkpoints")
        return Stored(checkpoints=checkpoints, stored_bytes=_bytes_on_disk(self._file))

    async def stored_tables(self) -> Sequence[StoredTable]:
        connection = self._connection
        found = []
        for (name,) in await _rows(connection, _TABLES_SQL):
            columns = [
                _quoted(column[1])
                for column in await _rows(connection, f"PRAGMA table_info({_quoted(name)})")
            ]
            # Of text, length counts characters.
            size = " + ".join(f"coalesce(length(CAST({column} AS BLOB)), 0)" for column in columns)
            rows, largest = await _first_row(
                connection,
                f"SELECT count(*), coalesce(max({size}), 0) FROM {_quoted(name)}",  # noqa: S608 - quoted names of the file's own tables
            )
            found.append(StoredTable(name, rows, largest))
        return found

    def counted_calls(self) -> Sequence[CountedCalls]:
        methods = ("execute", "executemany", "executescript")
        owners = (aiosqlite.Connection, aiosqlite.Cursor)
        return [
            *(CountedCalls("statements", owner, method) for owner in owners for method in methods),
            CountedCalls("commits", aiosqlite.Connection, "commit"),
        ]


async def _rows(connection: aiosqlite.Connection, statement: str) -> list[Any]:
    return [*await connection.execute_fetchall(statement)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _first_row(connection: aiosqlite.Connection, statement: str) -> Any:
    return next(iter(await _rows(connection, statement)), None)


def _bytes_on_disk(file: Path) -> int:
    files = (file, file.with_name(file.name + "-wal"))
    return sum(path.stat().st_size for path in files if path.exists())
