from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Literal

import pytest

from bench.contracts import Place
from bench.scenario.durability import Durability
from bench.subjects.sqlite import SqliteOptions, SqliteSubject
from tests.contract import _subjects as contract


def subject(directory: Path, options: SqliteOptions | None = None) -> SqliteSubject:
    return SqliteSubject(options or SqliteOptions(), Place(directory, None, "trial"))


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_synchronous_is_applied_to_every_connection(
    synchronous: Literal["FULL", "NORMAL"], tmp_path: Path
) -> None:
    async def read() -> list[int]:
        opened = subject(tmp_path, SqliteOptions(synchronous=synchronous, saver_per="client"))
        try:
            await opened.open(2)
            values = []
            for client in range(2):
                async with opened.saver(client).conn.execute("PRAGMA synchronous") as cursor:
                    values += [row[0] async for row in cursor]
            assert synchronous == (await opened.settings())["synchronous"]
        finally:
            await opened.close()
        return values

    expected = {"FULL": 2, "NORMAL": 1}[synchronous]
    assert [expected, expected] == asyncio.run(read())


def test_clients_share_one_saver_or_have_their_own(tmp_path: Path) -> None:
    async def savers(options: SqliteOptions) -> int:
        opened = subject(tmp_path, options)
        try:
            await opened.open(3)
            return len({id(opened.saver(client).conn) for client in range(3)})
        finally:
            await opened.close()

    assert asyncio.run(savers(SqliteOptions(saver_per="trial"))) == 1
    assert asyncio.run(savers(SqliteOptions(saver_per="client"))) == 3


def test_a_saver_per_client_keeps_the_contract(tmp_path: Path) -> None:
    options = SqliteOptions(saver_per="client", synchronous="NORMAL")
    contract.run_check(SqliteSubject, options, Place(tmp_path, None, "trial"))


def test_a_saver_in_a_process_of_its_own_keeps_what_it_is_given_and_raises_here(
    tmp_path: Path,
) -> None:
    """One program is started, which takes most of a second."""

    async def use() -> None:
        opened = subject(tmp_path, SqliteOptions(saver_per="process"))
        try:
            await opened.open(1)
            saver, config = opened.saver(0), contract.config_of(opened.place, 0)
            made = contract.checkpoint(0, 0)
            saved = await saver.aput(config, made, {"step": 0}, made["channel_versions"])
            await saver.aput_writes(saved, [("count", 1)], "task")
            read = await saver.aget_tuple(config)
            assert read is not None
            assert (read.checkpoint, read.pending_writes) == (made, [("task", "count", 1)])
            assert [one async for one in saver.alist(config, before=None)] == [read]
            with pytest.raises(sqlite3.IntegrityError, match="datatype mismatch"):
                _ = [one async for one in saver.alist(None, limit="many")]  # type: ignore[arg-type]  # on purpose
            await saver.adelete_thread(config["configurable"]["thread_id"])
            assert (await opened.stored()).checkpoints == 0
        finally:
            await opened.close()

    asyncio.run(use())


def test_bytes_are_those_of_the_file_with_all_of_the_log_in_it(tmp_path: Path) -> None:
    def size_of(suffix: str) -> int:
        return sum(path.stat().st_size for path in tmp_path.glob(f"*{suffix}"))

    async def measure() -> int | None:
        opened = subject(tmp_path)
        try:
            await opened.open(contract.CLIENTS)
            await contract.write(opened)
            assert size_of(".sqlite-wal") > 0
            before = size_of(".sqlite")
            stored = await opened.stored()
            assert size_of(".sqlite-wal") == 0
            assert size_of(".sqlite") > before
            return stored.stored_bytes
        finally:
            await opened.close()

    assert asyncio.run(measure()) == size_of(".sqlite")


def test_a_failed_open_can_be_closed(tmp_path: Path) -> None:
    async def fail() -> None:
        unopened = subject(tmp_path / "missing")
        try:
            with pytest.raises(sqlite3.OperationalError, match="unable to open"):
                await unopened.open(2)
        finally:
            await unopened.close()

    asyncio.run(fail())


@pytest.mark.parametrize(
    ("synchronous", "journal_mode", "expected"),
    [
        ("FULL", "wal", Durability.FSYNC),
        ("EXTRA", "delete", Durability.FSYNC),
        ("FULL", "memory", Durability.RELAXED),
        ("FULL", "off", Durability.RELAXED),
        ("NORMAL", "wal", Durability.RELAXED),
        ("OFF", "wal", Durability.RELAXED),
    ],
)
def test_durability_found(
    synchronous: str, journal_mode: str, expected: Durability, tmp_path: Path
) -> None:
    settings = {"synchronous": synchronous, "journal_mode": journal_mode}
    assert expected == subject(tmp_path).durability_found(settings)


def test_without_settings_the_durability_is_unknown(tmp_path: Path) -> None:
    assert subject(tmp_path).durability_found({}) == Durability.UNKNOWN


def test_tables_are_told_with_the_bytes_of_their_largest_row(tmp_path: Path) -> None:
    async def read() -> dict[str, tuple[int, int]]:
        opened = subject(tmp_path)
        try:
            await opened.open(contract.CLIENTS)
            await contract.write(opened)
            connection = opened.saver(0).conn
            await connection.execute('CREATE TABLE "odd ""name" (a TEXT, b BLOB, c INTEGER)')
            await connection.execute("""INSERT INTO "odd ""name" VALUES ('é', x'0000', NULL)""")
            await connection.execute("""INSERT INTO "odd ""name" VALUES ('a', NULL, 12)""")
            return {
                table.name: (table.rows, table.largest_row_bytes)
                for table in await opened.stored_tables()
            }
        finally:
            await opened.close()

    found = asyncio.run(read())
    rows = contract.THREADS * contract.STEPS
    assert sorted(found) == ["checkpoints", 'odd "name', "writes"]
    assert (found["checkpoints"][0], found["writes"][0]) == (rows, 2 * rows)
    assert found['odd "name'] == (2, 4)
    assert found["checkpoints"][1] > 0
