from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import psycopg
import pytest

from bench.child_process import ChildProcess
from bench.errors import InputError
from bench.servers.postgres import PostgresServer
from bench.systems.session_store.columns import ColumnName
from bench.systems.session_store.http_client import HttpSessions
from bench.systems.session_store.postgres import INDEXED, LIST_ACTIVE, PostgresSessions
from bench.systems.session_store.session import Session, StoreDownError
from bench.systems.session_store.sessions import Sessions
from tests.services._platforms import skip_without

pytestmark = pytest.mark.services

DATA = {"messages": [{"role": "human", "content": "naïve \U0001f600"}] * 3, "score": 0.1, "n": None}
# Over by the time that the next statement begins.
AT_ONCE_HOURS = 1e-9
COLUMNS: tuple[ColumnName, ...] = get_args(ColumnName)
Use = Callable[[Sessions], Awaitable[None]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    skip_without("postgres")
    started = PostgresServer({})
    try:
        started.url = started.start({}, "bench_sessions").url  # type: ignore[attr-defined] # for the tests
        yield started
    finally:
        started.stop()


@pytest.fixture
def url(server: PostgresServer) -> str:
    """Give the address of the server, without a table."""
    address: str = server.url  # type: ignore[attr-defined] # see above
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS isotope_sessions")
    return address


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


async def using(store: Sessions, use: Use) -> None:
    await store.open()
    try:
        await use(store)
    finally:
        await store.close()


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_session_is_saved_loaded_listed_counted_deleted_and_expires(
    url: str, column: ColumnName, *, autocommit: bool
) -> None:
    async def use(store: Sessions) -> None:
        saved = await store.save("a", {**DATA, "socket": object()}, {"user": 7})
        assert (saved.version, saved.skipped, saved.in_files) == (1, ("socket",), False)
        assert (await store.save("a", DATA, {"user": 7})).version == 2
        await store.save("b", {"messages": []})
        await store.save("c", DATA, expires_in_hours=AT_ONCE_HOURS)
        found = await store.load("a")
        assert found is not None
        assert (found.data, found.metadata, found.version) == (DATA, {"user": 7}, 2)
        assert await store.load("c") is None
        assert [each.session_id for each in await store.list_sessions()] == ["b", "a"]
        assert [each.session_id for each in await store.list_sessions(1, 1)] == ["a"]
        everything = await store.list_sessions(include_inactive=True)
        assert [each.session_id for each in everything] == ["c", "b", "a"]
        counted = await store.statistics()
        assert (counted.total, counted.active, counted.average_messages) == (3, 2, 2.0)
        assert await store.clean_up() == 1
        assert await store.delete("b") is True
        assert await store.delete("b") is False
        assert await store.load("b") is None
        assert await store.delete("b", hard=True) is True
        assert rows(url, "SELECT session_id FROM isotope_sessions") == [("a",)]

    asyncio.run(using(Sessions(PostgresSessions(url, column=column, autocommit=autocommit)), use))


@pytest.mark.parametrize("column", COLUMNS)
def test_sessions_that_are_written_together_are_the_rows_of_saves(
    url: str, column: ColumnName
) -> None:
    async def use(store: Sessions) -> None:
        await store.postgres.insert_many([("many", DATA)])
        await store.save("one", DATA)

    asyncio.run(using(Sessions(PostgresSessions(url, column=column)), use))
    same = (
        "SELECT count(DISTINCT (session_data::text, metadata, expires_at, version, is_active)), "
        "count(DISTINCT session_id) FROM isotope_sessions"
    )
    assert rows(url, same) == [(1, 2)]


def test_sessions_that_are_written_together_are_listed_by_an_index(url: str) -> None:
    async def use(store: Sessions) -> None:
        await store.insert_many((f"many-{number}", DATA) for number in range(2000))
        listed = await store.list_sessions(2)
        assert [each.session_id for each in listed] == ["many-0", "many-1"]

    asyncio.run(using(Sessions(PostgresSessions(url)), use))
    plan = rows(url, f"EXPLAIN {LIST_ACTIVE.replace('%s OFFSET %s', '20')}")
    assert any("isotope_sessions_last_updated" in line for (line,) in plan)


@pytest.mark.parametrize("indexes", [True, False])
def test_the_four_indexes_are_made_or_left_out(url: str, *, indexes: bool) -> None:
    async def use(_: Sessions) -> None: ...

    asyncio.run(using(Sessions(PostgresSessions(url, indexes=indexes)), use))
    found = rows(url, "SELECT indexname FROM pg_indexes WHERE tablename = 'isotope_sessions'")
    wanted = [f"isotope_sessions_{column}" for column in INDEXED if indexes]
    assert sorted(name for (name,) in found) == sorted([*wanted, "isotope_sessions_pkey"])


def test_a_restart_restores_every_active_session_and_names_what_cannot_be_read(url: str) -> None:
    store = PostgresSessions(url, column="text")

    async def fill(sessions: Sessions) -> None:
        for name in ("a", "b", "gone", "over"):
            hours = AT_ONCE_HOURS if name == "over" else None
            await sessions.save(name, {"name": name}, expires_in_hours=hours)
        await sessions.delete("gone")

    async def restore(sessions: Sessions) -> None:
        found: list[Session] = []
        restored = await sessions.restore(found.append)
        assert restored.session_ids == ("a",)
        assert [each.data for each in found] == [{"name": "a"}]
        assert list(restored.failed) == ["b"]

    asyncio.run(using(Sessions(store), fill))
    rows(url, "UPDATE isotope_sessions SET session_data = '{' WHERE session_id = 'b' RETURNING 1")
    asyncio.run(using(Sessions(PostgresSessions(url, column="text")), restore))


def test_instances_share_the_table_and_refuse_one_of_another_kind(url: str) -> None:
    async def share() -> None:
        stores = [Sessions(PostgresSessions(url)) for _ in range(3)]
        await asyncio.gather(*(store.open() for store in stores))
        await stores[0].save("a", DATA)
        found = [await store.load("a") for store in stores]
        assert [each.data for each in found if each] == [DATA] * 3
        for store in stores:
            await store.close()
        with pytest.raises(InputError, match="jsonb, expected bytea"):
            await Sessions(PostgresSessions(url, column="bytea")).open()

    asyncio.run(share())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def test_files_serve_while_postgres_is_down_and_the_newest_is_kept(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    assert server.control is not None
    control = server.control

    async def use(store: Sessions) -> None:
        await store.save("before", DATA)
        await store.save("both", {"from": "Postgres"})
        await store.save("removed", DATA)
        control.kill()
        assert (await store.save("both", {"from": "files"})).in_files
        assert (await store.save("new", DATA)).in_files
        assert store.is_down
        found = await store.load("both")
        assert found is not None
        assert found.data == {"from": "files"}
        with pytest.raises(StoreDownError):
            await store.load("before")
        assert await store.delete("removed", hard=True)
        listed = await store.list_sessions()
        assert sorted(each.session_id for each in listed) == ["both", "new"]
        assert (await store.statistics()).total == 2
        assert not (await store.test_connection()).is_connected
        control.start_again()
        await until(lambda: not store.is_down)
        assert (await store.test_connection()).is_connected
        assert sorted((await store.restore()).session_ids) == ["before", "both", "new"]
        found = await store.load("both")
        assert found is not None
        assert (found.data, found.version) == ({"from": "files"}, 2)

    asyncio.run(using(Sessions(PostgresSessions(url), tmp_path), use))
    assert not list(tmp_path.rglob("*.json"))


def test_what_a_process_left_in_files_is_not_older_than_what_others_saved_since(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    assert server.control is not None
    control = server.control

    async def leave() -> None:
        control.kill()
        store = Sessions(PostgresSessions(url, timeout_s=1), tmp_path, retry_s=60)
        await store.open()
        await store.save("older", {"from": "files"})
        await store.save("alone", {"from": "files"})
        await store.close()
        control.start_again()

    async def newer(store: Sessions) -> None:
        await store.save("older", {"from": "another instance"})

    async def read(store: Sessions) -> None:
        found = [await store.load(name) for name in ("older", "alone")]
        wanted = [{"from": "another instance"}, {"from": "files"}]
        assert [each.data for each in found if each] == wanted

    asyncio.run(leave())
    asyncio.run(using(Sessions(PostgresSessions(url)), newer))
    asyncio.run(using(Sessions(PostgresSessions(url), tmp_path), read))


def test_a_mirror_serves_what_was_saved_before(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    assert server.control is not None
    control = server.control

    async def use(store: Sessions) -> None:
        await store.save("before", DATA)
        control.kill()
        try:
            found = await store.load("before")
        finally:
            control.start_again()
        assert found is not None
        assert found.data == DATA

    asyncio.run(using(Sessions(PostgresSessions(url), tmp_path, mirror=True), use))


def served(url: str, **environment: str) -> tuple[ChildProcess, str]:
    """Start the REST face on a port that is free, and return its process and address."""
    given = {**os.environ, "SESSION_STORE_POSTGRES": url, "SESSION_STORE_PORT": "0"}
    command = [sys.executable, "-m", "bench.systems.session_store"]
    process = ChildProcess(command, {**given, **environment})
    port = process.ask({})["port"]
    return process, f"http://127.0.0.1:{port}"


def test_over_http_a_session_is_what_it_is_without(url: str, tmp_path: Path) -> None:
    process, address = served(url, SESSION_STORE_FILES=str(tmp_path), SESSION_STORE_TOKEN="t" * 16)

    async def use() -> None:
        store = HttpSessions(address, token="t" * 16)
        assert (await store.save("a", DATA, {"user": 7})).version == 1
        await store.save("b", DATA, expires_in_hours=AT_ONCE_HOURS)
        found = await store.load("a")
        assert found is not None
        assert (found.data, found.metadata) == (DATA, {"user": 7})
        assert [each.session_id for each in await store.list_sessions()] == ["a"]
        assert (await store.statistics()).total == 2
        assert await store.clean_up() == 1
        assert (await store.restore()).session_ids == ("a",)
        assert await store.load("b") is None
        assert (await store.test_connection()).is_connected
        assert await store.delete("a")
        assert not await store.delete("nothing", hard=True)
        await store.close()

    try:
        asyncio.run(use())
        for headers in ({}, {"Authorization": "Bearer " + "x" * 16}):
            answer = httpx.get(f"{address}/api/sessions/postgres/statistics", headers=headers)
            assert answer.status_code == 401
    finally:
        process.end(10)


def test_an_input_becomes_no_sql_no_path_and_no_traceback(url: str, tmp_path: Path) -> None:
    process, address = served(url, SESSION_STORE_FILES=str(tmp_path))
    sessions = f"{address}/api/sessions/postgres/sessions"
    try:
        for name in ("x'; DROP TABLE isotope_sessions; --", "..%2F..%2Fetc", "a" * 129, "%00"):
            answer = httpx.put(f"{sessions}/{name}", json={"data": {}})
            assert answer.status_code in (404, 422)
            assert "Traceback" not in answer.text
        large = httpx.post(sessions, json={"session_id": "a", "data": {"a": "x" * (5 << 20)}})
        assert large.status_code == 413
        assert httpx.get(sessions, params={"limit": 1001}).status_code == 422
        assert httpx.get(sessions, headers={"Host": "evil.example"}).status_code == 400
        content = rb'{"data": {"a": "\u0000", "b": 1e999, "c": 1}}'
        as_json = {"Content-Type": "application/json"}
        odd = httpx.put(f"{sessions}/odd", content=content, headers=as_json)
        assert odd.json()["skipped"] == ["a", "b"]
    finally:
        process.end(10)
    assert rows(url, "SELECT session_id FROM isotope_sessions") == [("odd",)]


def test_schemathesis_finds_nothing(url: str, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis")
    process, address = served(url, SESSION_STORE_FILES=str(tmp_path))
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"]
    flags = ["--max-examples", "2", "--seed", "14", "--generation-database", "none"]
    flags += ["--phases", "coverage,fuzzing"]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [*command, *flags], capture_output=True, text=True, check=False, cwd=tmp_path
        )
    finally:
        process.end(10)
    assert done.returncode == 0, done.stdout
